"""The finder against looking at every station, the slow and obvious way."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from models.clock import LOCAL
from models.finder import Finder, Found, Wanted
from models.grid import CELL_DEGREES, cell_of, centre_of
from models.hours import UNKNOWN, Closure, Hours
from models.hours_open import openness
from models.hours_text import parse_hours
from models.ids import encode
from models.patches import REACH_METRES
from models.positions import EARTH_RADIUS_METRES, NORTH, SOUTH, WEST, Position, metres_between
from models.ranks import RANKING
from models.stations import FACILITIES, Facility, Station

NOON = datetime(2026, 7, 15, 12, 0, tzinfo=LOCAL)
CENTRE = Position(113.62, 34.75)
METRE_DEGREES = 1 / 111_195

SCHEDULES = [
    parse_hours(text)
    for text in (
        "",
        "24小时",
        "工作日开放",
        "08:30-12:00,13:00-17:30",
        "周一至周五 9:00-12:10",
        "22:00-06:00",
        "周六、周日 10:00-16:00",
        "11:00-13:00",
        "工作日 9:00-17:00；节假日 10:00-12:00",
        "6月1日至9月30日 8:00-次日2:00；其余时间 周一至周五 9:00-17:00",
    )
]
# On the 30th of September the seasons change and a holiday of seven days begins.
AUTUMN = datetime(2026, 9, 30, 12, 0, tzinfo=LOCAL)
CLOSURES = [
    None,
    None,
    Closure("停电", NOON + timedelta(hours=3), NOON + timedelta(hours=30)),
    Closure("装修", AUTUMN),
]

Answer = tuple[int, int, str]


def make_station(
    number: int,
    position: Position | None = CENTRE,
    hours: Hours = UNKNOWN,
    facilities: tuple[Facility, ...] = (),
    district: str = "金水区",
) -> Station:
    return Station(
        id=encode(number, 8),
        name=f"第{number}站",
        address="",
        district=district,
        position=position,
        hours=hours,
        facilities=facilities,
        source="test",
        changed=datetime(2026, 7, 1, tzinfo=UTC),
    )


def quick(
    finder: Finder,
    here: Position,
    at: datetime,
    facilities: frozenset[Facility] = frozenset(),
    limit: int = 20,
    radius: int = 5000,
) -> list[Found]:
    """Ask the quick way, which stands on a view of the moment."""
    finder.prepare(at)
    return finder.nearest(Wanted(here, facilities, limit=limit, radius=radius), at)


def make_neighbour(number: int, metres_north: float, text: str = "24小时") -> Station:
    place = Position(CENTRE.longitude, CENTRE.latitude + metres_north * METRE_DEGREES)
    return make_station(number, place, parse_hours(text))


def looking_at_all(
    stations: list[Station],
    here: Position,
    at: datetime,
    facilities: frozenset[Facility] = frozenset(),
    radius: int = 5000,
) -> list[Answer]:
    """Return rank, metres and code of every station that counts, sorted."""
    return sorted(
        (RANKING.index(openness(station.hours, at, station.closure).state), round(metres), station.id)
        for station in stations
        if station.position and station.state == "operating" and facilities <= set(station.facilities)
        if round(metres := metres_between(here, station.position)) <= radius
    )


def answers(found: list[Found]) -> list[Answer]:
    return [(RANKING.index(one.openness.state), one.metres, one.station.id) for one in found]


def codes(found: list[Found]) -> list[str]:
    return [one.station.id for one in found]


def test_open_comes_before_closing_before_unknown_before_closed() -> None:
    stations = [
        make_neighbour(1, 10, "13:00-18:00"),
        make_neighbour(2, 20, ""),
        make_neighbour(3, 30, "9:00-12:10"),
        make_neighbour(4, 4000, "9:00-18:00"),
    ]
    found = quick(Finder(stations), CENTRE, NOON)
    assert [one.openness.state for one in found] == ["open", "closing", "unknown", "closed"]
    assert [one.metres for one in found] == [4000, 30, 20, 10]


def test_of_two_at_the_same_metre_the_lower_code_comes_first() -> None:
    stations = [make_neighbour(7, 100.3), make_neighbour(5, 100.4), make_neighbour(6, 99.8)]
    assert codes(quick(Finder(stations), CENTRE, NOON)) == [encode(number, 8) for number in (5, 6, 7)]


def test_the_last_of_a_full_answer_is_the_lowest_code_of_its_metre() -> None:
    stations = [make_neighbour(number, 500 + (9 - number) / 25) for number in range(10)]
    assert codes(quick(Finder(stations), CENTRE, NOON, limit=3)) == [encode(n, 8) for n in range(3)]


def test_a_station_at_the_very_radius_is_found_and_one_beyond_is_not() -> None:
    finder = Finder([make_neighbour(1, 5000), make_neighbour(2, 5001)])
    assert codes(quick(finder, CENTRE, NOON, radius=5000)) == [encode(1, 8)]


def test_only_operating_stations_with_a_position_are_found() -> None:
    stations = [
        make_station(1, None),
        replace(make_station(2), state="suspended"),
        replace(make_station(3), state="planned"),
        make_station(4),
    ]
    finder = Finder(stations)
    assert codes(quick(finder, CENTRE, NOON)) == [encode(4, 8)]
    assert finder.find(encode(2, 8)) == stations[1]
    assert finder.find(encode(9, 8)) is None


def test_every_facility_asked_for_is_there() -> None:
    finder = Finder(
        [
            make_station(1, facilities=("water",)),
            make_station(2, facilities=("water", "wifi")),
            make_station(3, facilities=("wifi",)),
        ]
    )
    assert codes(quick(finder, CENTRE, NOON, frozenset({"water", "wifi"}))) == [encode(2, 8)]


def test_no_stations_at_all_is_an_empty_answer() -> None:
    assert quick(Finder(), CENTRE, NOON) == []


@pytest.mark.parametrize("here", [Position(0, 0), Position(179, 89.9), Position(-179, -90)])
def test_a_place_far_from_the_country_has_no_stations(here: Position) -> None:
    assert quick(Finder([make_station(1)]), here, NOON, radius=50_000) == []


def test_openness_follows_the_clock_forwards_and_back() -> None:
    finder = Finder([make_neighbour(1, 10, "9:00-12:00"), make_neighbour(2, 20, "13:00-17:00")])
    seen = {
        hour: [one.openness.state for one in quick(finder, CENTRE, NOON.replace(hour=hour))]
        for hour in (8, 11, 12, 14, 18, 11)
    }
    assert seen == {
        8: ["closed", "closed"],
        11: ["open", "closed"],
        12: ["closed", "closed"],
        14: ["open", "closed"],
        18: ["closed", "closed"],
    }
    assert codes(quick(finder, CENTRE, NOON.replace(hour=14))) == [encode(2, 8), encode(1, 8)]


offsets = st.floats(-1, 1).map(lambda share: share**3 * 0.2)
positions = st.builds(
    lambda east, north: Position(CENTRE.longitude + east, CENTRE.latitude + north), offsets, offsets
)
facility_sets = st.frozensets(st.sampled_from(list(FACILITIES)[:3]))
station_lists = st.lists(
    st.builds(
        lambda number, place, hours, facilities, state, closure: replace(
            make_station(number, place, hours, tuple(facilities)), state=state, closure=closure
        ),
        st.integers(0, 99),
        st.none() | st.just(CENTRE) | positions,
        st.sampled_from(SCHEDULES),
        facility_sets,
        st.sampled_from(["operating", "operating", "operating", "suspended"]),
        st.sampled_from(CLOSURES),
    ),
    max_size=60,
    unique_by=lambda station: station.id,
)
moments = st.builds(
    lambda start, minutes: start + timedelta(minutes=minutes),
    st.sampled_from([NOON, AUTUMN]),
    st.integers(0, 7 * 24 * 60),
)


@settings(max_examples=150, deadline=None)
@given(
    station_lists,
    positions,
    st.lists(moments, min_size=1, max_size=4),
    facility_sets,
    st.integers(1, 30),
    st.integers(1, 30_000),
)
def test_the_finder_finds_what_looking_at_all_finds(
    stations: list[Station],
    here: Position,
    times: list[datetime],
    asked: frozenset[Facility],
    limit: int,
    radius: int,
) -> None:
    finder = Finder(stations)
    for at in times:
        found = quick(finder, here, at, asked, limit, radius)
        assert answers(found) == looking_at_all(stations, here, at, asked, radius)[:limit]
        for one in found:
            now = openness(one.station.hours, at, one.station.closure)
            assert replace(one.openness, changes_at=None) == replace(now, changes_at=None)


@settings(max_examples=100, deadline=None)
@given(station_lists, station_lists, moments)
def test_replacing_stations_is_the_same_as_starting_with_them(
    before: list[Station], changed: list[Station], at: datetime
) -> None:
    old = Finder(before)
    was = answers(quick(old, CENTRE, at, limit=100, radius=50_000))
    after = {station.id: station for station in [*before, *changed]}
    new = old.replace(changed)
    fresh = Finder(after.values())
    assert quick(new, CENTRE, at, limit=100, radius=50_000) == quick(
        fresh, CENTRE, at, limit=100, radius=50_000
    )
    assert all(new.find(code) == station for code, station in after.items())
    assert answers(quick(old, CENTRE, at, limit=100, radius=50_000)) == was


@pytest.mark.parametrize("metres_away", [0, 1, 40, 3000, 4999])
@pytest.mark.parametrize("limit", [1, 20, 3000])
def test_a_crowd_in_one_building_is_put_in_order(metres_away: float, limit: int) -> None:
    stations = [make_station(number) for number in range(2000)] + [make_neighbour(2000, 30, "")]
    here = Position(CENTRE.longitude, CENTRE.latitude - metres_away * METRE_DEGREES)
    found = quick(Finder(stations), here, NOON, limit=limit)
    assert answers(found) == looking_at_all(stations, here, NOON)[:limit]


def crowded_stations(random: np.random.Generator, count: int) -> list[Station]:
    """Return stations in a crowd at the centre, a city around it and a wide country, a third each."""
    spreads = random.choice([0.002, 0.03, 0.3], count)
    east, north = random.normal(0, spreads), random.normal(0, spreads)
    schedules = random.integers(0, len(SCHEDULES), count)
    names = list(FACILITIES)
    return [
        make_station(
            number,
            Position(CENTRE.longitude + east[number], CENTRE.latitude + north[number]),
            SCHEDULES[schedules[number]],
            tuple(names[place] for place in random.permutation(4)[: random.integers(0, 4)]),
        )
        for number in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 25), st.integers(300, 9000), st.integers(1, 2**32), st.booleans())
def test_every_place_of_a_cell_is_answered_as_looking_at_all_does(
    count: int, limit: int, radius: int, seed: int, with_water: bool
) -> None:
    random = np.random.default_rng(seed)
    stations = crowded_stations(random, count)
    finder = Finder(stations)
    middle = centre_of(cell_of(stations[0].position or CENTRE))
    asked = frozenset[Facility]({"water"} if with_water else ())
    for east, north in random.uniform(-0.5, 0.5, (12, 2)) * CELL_DEGREES:
        here = Position(middle.longitude + east, middle.latitude + north)
        found = answers(quick(finder, here, NOON, asked, limit, radius))
        assert found == looking_at_all(stations, here, NOON, asked, radius)[:limit]


@pytest.mark.parametrize("latitude", [SOUTH, 30.0, NORTH])
def test_a_cell_reaches_no_farther_than_its_patch(latitude: float) -> None:
    corner = Position(WEST + CELL_DEGREES, latitude + CELL_DEGREES)
    assert metres_between(Position(WEST, latitude), corner) < 2 * REACH_METRES


def metres_to_all(here: Position, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the haversine distances of `metres_between`, for n × 2 longitudes and latitudes at once."""
    east, north = np.radians(places[:, 0] - here.longitude), np.radians(places[:, 1] - here.latitude)
    across = np.cos(np.radians(places[:, 1])) * np.cos(np.radians(here.latitude)) * np.sin(east / 2) ** 2
    whole: NDArray[np.float64] = np.arcsin(np.sqrt(np.sin(north / 2) ** 2 + across))
    return 2 * EARTH_RADIUS_METRES * whole


def test_two_thousand_queries_among_twenty_thousand_stations_agree_with_looking_at_all() -> None:
    random = np.random.default_rng(20260715)
    stations = crowded_stations(random, 20_000)
    finder = Finder(stations)
    places = np.array([(s.position.longitude, s.position.latitude) for s in stations if s.position])
    number = np.array([SCHEDULES.index(station.hours) for station in stations])
    having = {name: np.array([name in station.facilities for station in stations]) for name in FACILITIES}
    for at in (NOON, NOON + timedelta(hours=14), NOON + timedelta(days=3)):
        ranks = np.array([RANKING.index(openness(hours, at).state) for hours in SCHEDULES])[number]
        for query in range(667):
            spread = (0.002, 0.03, 0.3)[query % 3]
            here = Position(*(np.array([CENTRE.longitude, CENTRE.latitude]) + random.normal(0, spread, 2)))
            limit, radius = int(random.integers(1, 60)), int(random.integers(50, 12_000))
            asked = frozenset[Facility]() if query % 2 else frozenset[Facility]({"water", "charging"})
            metres = np.rint(metres_to_all(here, places)).astype(int)
            near = metres <= radius
            for name in asked:
                near &= having[name]
            rows = near.nonzero()[0]
            order = rows[np.lexsort((rows, metres[rows], ranks[rows]))][:limit]
            expected = [(int(ranks[row]), int(metres[row]), stations[row].id) for row in order]
            assert answers(quick(finder, here, at, asked, limit, radius)) == expected
