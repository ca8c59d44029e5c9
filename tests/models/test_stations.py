"""Stations as they are kept: named by district and name, imported again without harm."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from models.documents import to_document, to_struct
from models.hours import UNKNOWN
from models.hours_text import parse_hours
from models.ids import ALPHABET
from models.listed_stations import BATCH, Saved, Stations
from models.positions import Position
from models.station_details import NO_DETAILS
from models.stations import (
    FACILITIES,
    NEVER,
    STATIONS,
    Equipment,
    SourcePosition,
    Station,
    station_code,
)
from models.store import Database, EngineUnavailable, Store

AT = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at


class Late(Store[Station]):
    """A store whose first reading is late: it shows nothing of what another process is just inserting."""

    has_read = False

    async def list_(self, where: Mapping[str, Any], sort: str | None = None, limit: int = 0) -> list[Station]:
        if not self.has_read:
            self.has_read = True
            return []
        return await super().list_(where, sort, limit)


class Failing(Store[Station]):
    """A store whose engine is gone after the first batch."""

    batches = 0

    async def insert_many(self, items: Any) -> list[int]:
        self.batches += 1
        if self.batches > 1:
            raise EngineUnavailable
        return await super().insert_many(items)


def make_station(name: str, district: str = "金水区") -> Station:
    return Station(
        id=station_code(district, name),
        name=name,
        address="花园路1号",
        district=district,
        position=Position(113.62, 34.75),
        source_position=SourcePosition(113.61, 34.74, "wgs84"),
        hours=parse_hours("周一至周五 08:30-12:00,13:00-17:30;周六 22:00-06:00"),
        hours_text="周一至周五 08:30-12:00,13:00-17:30;周六 22:00-06:00",
        facilities=("water", "wifi"),
        source="list.csv",
    )


async def list_changed(store: Store[Station], since: datetime) -> list[Station]:
    return await store.list_({"changed": {"$gte": since}}, sort="changed")


@pytest.fixture
async def store(database: Database) -> Store[Station]:
    store = Store(database, STATIONS, strict=True)
    await database.drop_collection(STATIONS.name)
    await store.create_indexes()
    return store


async def test_an_imported_station_is_kept_as_it_was_read(store: Store[Station]) -> None:
    station = make_station("甲")
    assert station.changed == NEVER
    assert await Stations(store, Clock().now).save_import([station]) == Saved(created=1)
    assert await store.find(station.id) == replace(station, changed=AT)


async def test_the_same_import_again_touches_nothing(store: Store[Station]) -> None:
    clock = Clock()
    stations = Stations(store, clock.now)
    rows = [make_station("甲"), make_station("乙")]
    await stations.save_import(rows)
    clock.at = LATER
    assert await stations.save_import(rows) == Saved(unchanged=2)
    assert [station.changed for station in await list_changed(store, NEVER)] == [AT, AT]


async def test_an_import_changes_what_it_says_and_nothing_else(store: Store[Station]) -> None:
    clock = Clock()
    stations = Stations(store, clock.now)
    before = make_station("甲")
    await stations.save_import([before, make_station("乙")])
    await store.change({"_id": before.id}, {"state": "suspended"})
    clock.at = LATER
    told = replace(
        before,
        address="花园路2号",
        position=None,
        source_position=None,
        hours=UNKNOWN,
        hours_text="",
        facilities=(),
    )
    assert await stations.save_import([told]) == Saved(updated=1)
    kept = await store.find(before.id)
    assert kept == replace(before, address="花园路2号", state="suspended", changed=LATER)
    assert await list_changed(store, LATER) == [kept]


async def test_hours_that_are_published_replace_the_ones_kept(store: Store[Station]) -> None:
    stations = Stations(store, Clock().now)
    before = make_station("甲")
    await stations.save_import([before])
    await stations.save_import([replace(before, hours=UNKNOWN, hours_text="看情况")])
    kept = await store.find(before.id)
    assert kept is not None
    assert (kept.hours, kept.hours_text) == (UNKNOWN, "看情况")


async def test_simultaneous_imports_keep_each_station_once(store: Store[Station]) -> None:
    stations = Stations(store, Clock().now)
    rows = [make_station(f"第{number}站") for number in range(40)]
    saved = await asyncio.gather(*(stations.save_import(rows) for _ in range(5)))
    assert sum(one.created for one in saved) == 40
    assert len(await list_changed(store, NEVER)) == 40


async def test_a_station_that_somebody_inserts_meanwhile_is_brought_up_to_date(
    store: Store[Station], database: Database
) -> None:
    await Stations(store, Clock().now).save_import([make_station("甲")])
    late = Stations(Late(database, STATIONS, strict=True), Clock().now)
    rows = [replace(make_station("甲"), address="花园路3号"), make_station("乙")]
    assert await late.save_import(rows) == Saved(created=1, updated=1)
    kept = await store.find(rows[0].id)
    assert kept is not None
    assert kept.address == "花园路3号"


async def test_an_import_cut_short_is_finished_by_running_it_again(
    store: Store[Station], database: Database
) -> None:
    rows = [make_station(f"第{number}站") for number in range(BATCH + 3)]
    with pytest.raises(EngineUnavailable):
        await Stations(Failing(database, STATIONS, strict=True), Clock().now).save_import(rows)
    assert await store.count({"changed": {"$gte": NEVER}}) == BATCH
    assert await Stations(store, Clock().now).save_import(rows) == Saved(created=3, unchanged=BATCH)
    assert await store.count({"changed": {"$gte": NEVER}}) == BATCH + 3


async def test_an_empty_import_saves_nothing(store: Store[Station]) -> None:
    assert await Stations(store, Clock().now).save_import([]) == Saved()


def test_a_code_is_made_from_district_and_name_for_ever() -> None:
    code = station_code("金水区", "金水工会杜岭户外劳动者爱心驿站")
    assert code == "8J2GDBGW"
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)


@pytest.mark.parametrize(
    ("district", "name"), [("金水区", "驿站（东门）"), ("金水 区", "驿站(东门) "), ("金水区", "驿站(东门)")]
)
def test_width_and_spaces_make_no_other_station(district: str, name: str) -> None:
    assert station_code(district, name) == station_code("金水区", "驿站(东门)")


def test_district_and_name_are_kept_apart() -> None:
    assert station_code("金水", "区驿站") != station_code("金水区", "驿站")


def test_every_facility_has_a_label_of_its_own() -> None:
    assert len(set(FACILITIES.values())) == len(FACILITIES)


def make_equipped(*equipment: Equipment) -> Station:
    place = SourcePosition(113.62, 34.75, "gcj02")
    return Station(
        id="4E8M0R2T",
        name="站",
        address="路",
        district="区",
        source_position=place,
        facilities=("water", "microwave"),
        equipment=equipment,
        source="test",
    )


@pytest.mark.parametrize(
    ("equipment", "working"),
    [
        ((), ("water", "microwave")),
        ((Equipment(facility="water", count=2),), ("water", "microwave")),
        ((Equipment(facility="water", count=2, broken_since="2026-07-15"),), ("microwave",)),
        ((Equipment(facility="aed", broken_since="2026-07-15"),), ("water", "microwave")),
    ],
)
def test_what_works_is_what_there_is_but_for_what_is_broken(
    equipment: tuple[Equipment, ...], working: tuple[str, ...]
) -> None:
    assert make_equipped(*equipment).working == working


def test_stations_that_say_nothing_more_share_what_they_are_read_with() -> None:
    station = make_equipped()
    document = to_document(station)
    assert document.keys() == {
        "_id", "name", "address", "district", "source_position", "facilities", "source",
    }  # fmt: skip
    read = to_struct(document, Station)
    assert read == station
    assert read.details is NO_DETAILS
    assert read.hours is UNKNOWN
    equipped = make_equipped(Equipment(facility="water", broken_since="2026-07-15"))
    assert to_struct(to_document(equipped), Station) == equipped
