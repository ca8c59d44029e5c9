"""The three datums: against published pairs, there and back, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.positions import (
    EAST,
    NORTH,
    SOUTH,
    WEST,
    Datum,
    Position,
    PositionOutsideCountry,
    from_gcj02,
    metres_between,
    to_gcj02,
)

MILLIMETRE_DEGREES = 1e-8

places = st.builds(
    Position,
    st.floats(WEST + 0.05, EAST - 0.05, allow_nan=False),
    st.floats(SOUTH + 0.05, NORTH - 0.05, allow_nan=False),
)


@pytest.mark.parametrize(
    ("datum", "given_place", "place"),
    [
        ("wgs84", (116.404, 39.915), (116.41024449916938, 39.91640428150164)),
        ("wgs84", (121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ("bd09", (116.41036949371029, 39.92133699351021), (116.404, 39.915)),
        ("gcj02", (113.564525, 34.819187), (113.564525, 34.819187)),
    ],
)
def test_known_places_convert_as_published(
    datum: Datum, given_place: tuple[float, float], place: tuple[float, float]
) -> None:
    position = to_gcj02(*given_place, datum)
    assert (position.longitude, position.latitude) == pytest.approx(place, abs=MILLIMETRE_DEGREES)


@given(places, st.sampled_from(["gcj02", "wgs84", "bd09"]))
def test_there_and_back_is_the_same_place(place: Position, datum: Datum) -> None:
    longitude, latitude = from_gcj02(place, datum)
    again = to_gcj02(longitude, latitude, datum)
    assert (again.longitude, again.latitude) == pytest.approx(
        (place.longitude, place.latitude), abs=MILLIMETRE_DEGREES
    )


@pytest.mark.parametrize(
    ("longitude", "latitude", "metres"), [(116.4, 39.9, 555), (121.47, 31.23, 481), (113.26, 23.13, 621)]
)
def test_the_offset_of_a_city_is_its_known_length(longitude: float, latitude: float, metres: float) -> None:
    shifted = to_gcj02(longitude, latitude, "wgs84")
    assert metres_between(Position(longitude, latitude), shifted) == pytest.approx(metres, abs=15)


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        (0, 0),
        (-113.6, 34.7),
        (2.35, 48.85),
        (113.6, 90.1),
        (math.nan, 34.7),
        (113.6, math.nan),
        (math.inf, 34.7),
        (113.6, -math.inf),
        (1e308, 1e308),
    ],
)
@pytest.mark.parametrize("datum", ["gcj02", "wgs84", "bd09"])
def test_what_is_no_place_in_the_country_is_refused(longitude: float, latitude: float, datum: Datum) -> None:
    with pytest.raises(PositionOutsideCountry) as refusal:
        to_gcj02(longitude, latitude, datum)
    assert refusal.value.code == "position_outside_country"
    assert "swapped" not in refusal.value.details


def test_swapped_coordinates_are_refused_with_a_hint() -> None:
    with pytest.raises(PositionOutsideCountry, match="写反") as refusal:
        to_gcj02(34.75, 113.62, "gcj02")
    assert refusal.value.details == {"swapped": True}


@given(places, places)
def test_distance_is_the_same_both_ways(one: Position, other: Position) -> None:
    assert metres_between(one, other) == pytest.approx(metres_between(other, one), abs=1e-6)


def test_a_degree_of_latitude_is_111_kilometres() -> None:
    assert metres_between(Position(113, 34), Position(113, 35)) == pytest.approx(111_195, abs=1)


def test_distance_to_itself_is_nothing() -> None:
    assert metres_between(Position(113.62, 34.75), Position(113.62, 34.75)) == 0
