"""Named places out of the stations' own records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.places import CANDIDATES, MATCHES, NoSuchPlace, Place, Places, SeveralPlaces, the_place
from models.positions import Position
from models.station_details import StationDetails
from models.stations import Station
from tests.models.test_finder import make_station


def make(number: int, name: str, address: str, district: str, east: float = 0) -> Station:
    station = make_station(number, Position(113 + east, 34), district=district)
    return replace(station, name=name, address=address)


STATIONS = [
    make(1, "杜岭驿站", "杜岭街28号", "金水区", 0.1),
    make(2, "一号驿站", "杜岭街30号", "金水区", 0.2),
    make(3, "二号驿站", "花园路1号", "金水区", 0.9),
    make(4, "三号驿站", "花园路2号", "惠济区", 1.5),
    make(5, "四号驿站（北）", "翠竹街1号", "高新区", 2),
    replace(make(6, "五号驿站", "远方路", "无处区"), position=None),
    replace(make(7, "六号驿站", "远方路", "无处区"), state="retired"),
]


def find(name: str) -> list[Place]:
    return Places(STATIONS).find(name)[0]


def test_a_district_needs_no_suffix_and_is_where_its_middle_station_is() -> None:
    assert find("金水区") == find("金水") == [Place("金水区", "district", "金水区", Position(113.2, 34))]


def test_a_district_whose_stations_have_no_position_is_told_from_one_without_any() -> None:
    places = Places(STATIONS)
    assert [places.count_unplaced(name) for name in ("无处区", "无处", "金水区", "某区")] == [1, 1, 0, 0]


def test_a_station_goes_by_its_whole_name_in_any_width() -> None:
    assert find("四号驿站(北)") == [Place("四号驿站（北）", "station", "高新区", Position(115, 34))]


def test_a_station_goes_by_its_aliases_too() -> None:
    named = make(8, "七号驿站", "翠竹街2号", "高新区")
    named = replace(named, details=StationDetails(aliases=("暖心 小屋", "七号驿站")))
    places = Places([*STATIONS, named])
    for name in ("暖心小屋", "七号驿站", "暖心小"):
        assert [place.name for place in places.find(name)[0]] == ["七号驿站"]


def test_a_part_of_an_address_is_one_place_per_district() -> None:
    assert [(place.kind, place.district) for place in find("杜岭街")] == [("address", "金水区")]
    assert [place.district for place in find("花园路")] == ["惠济区", "金水区"]


def test_what_only_one_station_bears_is_that_station() -> None:
    assert [(place.kind, place.name) for place in find("翠竹街")] == [("station", "四号驿站（北）")]


def test_a_station_off_the_map_or_retired_is_no_place() -> None:
    for name in ("无处区", "远方路", "五号驿站"):
        with pytest.raises(NoSuchPlace):
            the_place(Places(STATIONS).find(name))


def test_one_of_several_places_is_chosen_by_a_position_alone() -> None:
    found = Places(STATIONS).find("花园路")
    with pytest.raises(SeveralPlaces) as refused:
        the_place(found)
    assert [one["district"] for one in refused.value.details["candidates"]] == ["惠济区", "金水区"]
    assert the_place(found, Position(113.8, 34)).district == "金水区"
    assert the_place(found, Position(114.8, 34)).district == "惠济区"


def test_candidates_are_few_and_it_is_said_that_there_are_more() -> None:
    places = Places(make(number, "站", "人民路", f"第{number}区") for number in range(30))
    found, more = places.find("人民路")
    assert (len(found), more) == (CANDIDATES, True)
    with pytest.raises(SeveralPlaces) as refused:
        the_place((found, more), Position(113, 34))
    assert refused.value.details["more"] is True


def test_a_text_that_everybody_bears_is_looked_for_no_longer_than_need_be() -> None:
    places = Places(make(number, f"站{number}", "人民路", "东区") for number in range(MATCHES + 10))
    assert [place.district for place in places.find("人民")[0]] == ["东区"]


@given(st.text(min_size=1, max_size=6))
def test_any_text_is_answered(name: str) -> None:
    for place in find(name):
        assert any(station.position == place.position for station in STATIONS)
