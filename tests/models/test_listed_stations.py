"""What lists change of a kept station: what they speak of, and nothing that an officer has set."""

from typing import Any

import pytest
from msgspec.structs import replace

from models.listed_stations import Saved, Stations
from models.positions import Position
from models.station_details import Premises
from models.station_differences import compared
from models.station_imports import ImportResult, read_stations
from models.station_words import NEEDED
from models.stations import Equipment, Station
from models.store import Store
from tests.models.test_stations import AT, Clock, store

__all__ = ["store"]

MORE = ("设施", "设施数量", "入口经度", "入口纬度", "所在单位", "单位电话")
PLACE = "113.62,34.75,gcj02"
ELSEWHERE = "113.72,34.75,gcj02"
NEAR, NEARER = "113.6202,34.7501", "113.6201,34.7501"


def read(
    place: str = PLACE, facilities: str = "", counts: str = "", entrance: str = ",", premises: str = ","
) -> ImportResult:
    heading = ",".join((*NEEDED, *MORE))
    row = f"甲,路1号,金水区,{place},,{facilities},{counts},{entrance},{premises}"
    return read_stations(f"{heading}\n{row}".encode(), "list.csv")


class Desk:
    """Imports lists of one station, and corrects it as an officer does."""

    def __init__(self, store: Store[Station]) -> None:
        self._store = store
        self._stations = Stations(store, Clock().now)

    async def follow(self, result: ImportResult) -> tuple[Station, Saved, list[tuple[str, str]]]:
        """Import a list; return the station then, what that did, and what the report had noted before."""
        kept = await self._store.find(result.stations[0].id)
        checked = compared(result, {kept.id: kept} if kept else {}, ())
        saved = await self._stations.save_import(checked.stations, checked.states)
        station = await self._store.find(result.stations[0].id)
        assert station
        return station, saved, [(one.column, one.reason) for one in checked.report.rows[0].notes]

    async def correct(self, station: Station, **values: Any) -> None:
        await self._store.change({"_id": station.id}, values)


@pytest.fixture
def desk(store: Store[Station]) -> Desk:
    return Desk(store)


WHOLE = read(PLACE, "厕所、充电插座×4", "微波炉2台", NEAR, "甲公司,0371-12345678")


async def test_the_same_list_again_changes_nothing(desk: Desk) -> None:
    station, saved, _ = await desk.follow(WHOLE)
    assert (saved, station.changed) == (Saved(created=1), AT)
    assert station.facilities == ("microwave", "charging", "toilet")
    assert {one.facility: one.count for one in station.equipment} == {"microwave": 2, "charging": 4}
    assert (station.entrance, station.premises) == (
        Position(113.6202, 34.7501),
        Premises(unit="甲公司", phone="0371-12345678"),
    )
    assert await desk.follow(WHOLE) == (station, Saved(unchanged=1), [])


async def test_empty_cells_change_nothing(desk: Desk) -> None:
    station, _, _ = await desk.follow(WHOLE)
    assert await desk.follow(read()) == (station, Saved(unchanged=1), [])


async def test_a_list_changes_what_a_list_said(desk: Desk) -> None:
    before, _, _ = await desk.follow(WHOLE)
    told = read(PLACE, "", "微波炉3台、冰箱", NEARER, "乙公司,")
    now, saved, notes = await desk.follow(told)
    assert (saved, notes) == (Saved(updated=1), [])
    assert now.facilities == ("microwave", "charging", "fridge", "toilet")
    assert {one.facility: one.count for one in now.equipment} == {"microwave": 3, "charging": 4}
    assert (now.entrance, now.premises) == (
        Position(113.6201, 34.7501),
        replace(before.premises, unit="乙公司"),
    )
    assert now.source_entrance
    assert now.source_entrance.longitude == 113.6201
    assert await desk.follow(told) == (now, Saved(unchanged=1), [])


async def test_what_an_officer_has_filled_in_stays_and_is_noted(desk: Desk) -> None:
    before, _, _ = await desk.follow(read(facilities="微波炉、充电"))
    officers: dict[str, Any] = {
        "entrance": Position(113.6203, 34.7502),
        "premises": Premises(unit="丙公司"),
        "equipment": (Equipment(facility="microwave", count=5, broken_since="2026-07-14"),),
    }
    await desk.correct(before, **officers)
    now, saved, notes = await desk.follow(WHOLE)
    assert saved == Saved(updated=1)
    assert (now.entrance, now.source_entrance) == (officers["entrance"], None)
    assert now.premises == Premises(unit="丙公司", phone="0371-12345678")
    assert now.listed_premises == ("phone",)
    assert now.equipment == (
        *officers["equipment"],
        Equipment(facility="charging", count=4, listed=True),
    )
    assert notes == [
        ("入口经度", "工作人员已填写，不采用"),
        ("所在单位", "工作人员已填写，不采用"),
        ("设施数量", "微波炉的数量工作人员已填写为 5，不采用"),
    ]
    assert await desk.follow(WHOLE) == (now, Saved(unchanged=1), notes)


async def test_what_an_officer_has_emptied_is_a_list_s_again(desk: Desk) -> None:
    station, _, _ = await desk.follow(WHOLE)
    await desk.correct(
        station,
        entrance=None,
        source_entrance=None,
        entrance_listed=False,
        premises=Premises(),
        listed_premises=(),
        equipment=(),
    )
    now, saved, notes = await desk.follow(WHOLE)
    assert (replace(now, changed=AT), saved, notes) == (station, Saved(updated=1), [])


async def test_a_count_leaves_what_is_broken(desk: Desk) -> None:
    station, _, _ = await desk.follow(WHOLE)
    broken = Equipment(facility="microwave", count=2, broken_since="2026-07-14", listed=True)
    await desk.correct(station, equipment=(broken,))
    now, _, _ = await desk.follow(read(counts="微波炉3台"))
    assert now.equipment == (replace(broken, count=3),)


async def test_a_count_of_what_an_officer_has_taken_off_the_record_is_not_taken(desk: Desk) -> None:
    station, _, _ = await desk.follow(read(facilities="厕所"))
    await desk.correct(station, corrected=("facilities",))
    now, saved, notes = await desk.follow(read(counts="微波炉2台、厕所3个"))
    assert (now.facilities, now.equipment) == (
        ("toilet",),
        (Equipment(facility="toilet", count=3, listed=True),),
    )
    assert (saved, notes) == (
        Saved(updated=1),
        [("设施数量", "工作人员更正的设施里没有微波炉，不采用")],
    )
    _, _, notes = await desk.follow(read(facilities="微波炉2台"))
    assert notes == [("设施", "工作人员已更正，不采用")]


async def test_an_entrance_is_not_taken_where_an_officer_has_set_the_station_elsewhere(desk: Desk) -> None:
    station, _, _ = await desk.follow(read())
    await desk.correct(station, position=Position(113.72, 34.75), corrected=("position",))
    now, saved, notes = await desk.follow(read(entrance=NEAR))
    assert (now.entrance, now.entrance_listed, saved) == (None, False, Saved(unchanged=1))
    assert [column for column, _ in notes] == ["经度", "入口经度"]
    assert notes[1][1].startswith("不采用：入口离驿站的位置 91")


async def test_an_entrance_that_a_moved_station_leaves_behind_is_noted(desk: Desk) -> None:
    station, _, _ = await desk.follow(read(entrance=NEAR))
    moved = read(ELSEWHERE)
    now, saved, ((column, reason),) = await desk.follow(moved)
    assert (now.position, now.entrance) == (Position(113.72, 34.75), station.entrance)
    assert (saved, column) == (Saved(updated=1), "经度")
    assert reason.startswith("采用了新的位置，登记的入口没有改变：入口离驿站的位置 91")
    both = read(ELSEWHERE, entrance="113.7202,34.7501")
    now, _, notes = await desk.follow(both)
    assert (now.entrance, notes) == (Position(113.7202, 34.7501), [])
