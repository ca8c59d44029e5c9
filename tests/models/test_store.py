"""The store on the engine under test: what it keeps, what it refuses, and what a race leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import bson
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct, field
from pymongo import AsyncMongoClient, errors

from models.clock import LOCAL
from models.documents import UnsafeFilter, to_document, to_struct
from models.filters import Index, is_served, spell
from models.ids import new_id
from models.store import ATTEMPTS, TRANSLATED, Collection, Database, Duplicate, EngineUnavailable, Store
from server.loopback import HOST, bound_socket

NOON = datetime(2026, 7, 15, 4, 0, 5, 123000, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
RACERS = 50
# Of one value on several documents: DocumentDB ends the deadlocks of those who race for it by one a second.
DEADLOCKED = 10


class Entry(Struct, frozen=True):
    """One line of a unit's log."""

    who: str
    at: datetime
    proof: bytes = b""
    is_offline: bool = False


class Unit(Struct, frozen=True, kw_only=True):
    """A document with a field of each kind that structs have."""

    id: str = field(name="_id")
    place: str = ""
    state: Literal["free", "held"] = "free"
    slot: int = 0
    share: float = 0.0
    live: str | None = None
    until: datetime | None = None
    seal: bytes | None = None
    is_counted: bool = False
    tags: tuple[str, ...] = ()
    log: dict[str, Entry] = field(default_factory=dict)


UNITS = Collection(
    "units", Unit, (Index(("live",), unique=True), Index(("place", "slot")), Index(("place", "-until")))
)


@pytest.fixture(scope="module")
async def units(database: Database) -> Store[Unit]:
    store = Store(database, UNITS, strict=True)
    await store.create_indexes()
    return store


@pytest.fixture
def place() -> str:
    return new_id()


def make_unit(**fields: Any) -> Unit:
    return Unit(**{"id": new_id(), **fields})


async def fill(units: Store[Unit], place: str, count: int) -> list[Unit]:
    made = [
        make_unit(place=place, slot=slot, until=NOON + slot * MILLISECOND, live=f"{place}:{slot}")
        for slot in range(count)
    ]
    assert await units.insert_many(made) == []
    return made


async def outcomes(*working: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*working, return_exceptions=True)


async def test_making_the_indexes_again_changes_nothing(units: Store[Unit], database: Database) -> None:
    build = await database.command("buildInfo")
    if "documentdb" in build.get("modules", ()):
        pytest.skip(
            "the gateway in front of DocumentDB waits for the build of an index that it need not build"
        )
    before = await database["units"].index_information()
    await units.create_indexes()
    assert await database["units"].index_information() == before


async def test_a_document_is_found_as_it_was_stored(units: Store[Unit]) -> None:
    entry = Entry("工会", NOON, b"\x00\xff", is_offline=True)
    unit = make_unit(
        share=2.0,
        live=new_id(),
        until=NOON,
        seal=bytes(range(256)),
        is_counted=True,
        tags=("a", ""),
        log={"1": entry},
    )
    await units.insert(unit)
    assert await units.find(unit.id) == unit
    assert await units.find_one({"live": unit.live}) == unit


async def test_what_is_not_there_is_none(units: Store[Unit]) -> None:
    assert await units.find(new_id()) is None
    assert await units.find_one({"live": new_id()}) is None
    assert await units.list_({"place": new_id()}) == []
    assert await units.change({"_id": new_id()}, {"slot": 1}) is None
    assert await units.delete({"_id": new_id()}) == 0
    assert await units.count({"place": new_id()}) == 0


async def test_a_time_comes_back_in_utc_cut_to_milliseconds(units: Store[Unit]) -> None:
    unit = make_unit(until=datetime(2026, 7, 15, 12, 0, 5, 123999, tzinfo=LOCAL))
    await units.insert(unit)
    found = await units.find(unit.id)
    assert found is not None
    assert found.until == NOON
    assert found.until.tzinfo is UTC


async def test_a_field_that_is_none_is_not_stored(units: Store[Unit], database: Database) -> None:
    unit = make_unit(live=new_id())
    await units.insert(unit)
    await units.change({"_id": unit.id}, {"live": None, "slot": 3})
    document = await database["units"].find_one({"_id": {"$eq": unit.id}})
    assert document is not None
    assert {"live", "until", "seal"}.isdisjoint(document)
    assert document["slot"] == 3


async def test_a_second_document_of_an_id_is_a_duplicate(units: Store[Unit]) -> None:
    first = make_unit(slot=1)
    await units.insert(first)
    with pytest.raises(Duplicate):
        await units.insert(msgspec.structs.replace(first, slot=2))
    assert await units.find(first.id) == first


async def test_a_unique_field_is_a_duplicate_only_where_it_is_present(units: Store[Unit]) -> None:
    live = new_id()
    holder = make_unit(live=live)
    await units.insert(holder)
    assert await units.insert_many(make_unit() for _ in range(3)) == []
    with pytest.raises(Duplicate):
        await units.insert(make_unit(live=live))
    assert await units.change({"_id": holder.id}, {}, without=["live"]) is not None
    await units.insert(make_unit(live=live))


async def test_insert_many_names_the_places_of_what_existed(units: Store[Unit]) -> None:
    old = make_unit(live=new_id())
    await units.insert(old)
    new = [make_unit(), make_unit(id=old.id), make_unit(), make_unit(live=old.live), make_unit()]
    assert await units.insert_many(new) == [1, 3]
    assert [await units.find(unit.id) for unit in new] == [new[0], old, new[2], None, new[4]]
    assert await units.insert_many([]) == []


async def test_put_replaces_the_whole_document(units: Store[Unit]) -> None:
    first = make_unit(live=new_id(), seal=b"\x00", until=NOON, is_counted=True)
    second = make_unit(id=first.id, seal=b"\xff", slot=5)
    for unit in (first, second):
        await units.put(unit)
        assert await units.find(first.id) == unit


async def test_put_does_not_take_a_unique_field_of_another(units: Store[Unit]) -> None:
    other = make_unit(live=new_id())
    await units.insert(other)
    with pytest.raises(Duplicate):
        await units.put(make_unit(live=other.live))


async def test_puts_at_once_leave_one_of_them(units: Store[Unit]) -> None:
    key = new_id()
    versions = [make_unit(id=key, slot=slot) for slot in range(RACERS)]
    assert set(await outcomes(*map(units.put, versions))) == {None}
    assert await units.find(key) in versions


async def test_a_list_is_sorted_and_limited(units: Store[Unit], place: str) -> None:
    made = await fill(units, place, 7)
    assert await units.list_({"place": place}, sort="slot") == made
    assert await units.list_({"place": place}, sort="-slot") == made[::-1]
    assert await units.list_({"place": place}, sort="-until", limit=2) == [made[6], made[5]]
    assert await units.list_({"_id": {"$in": [made[1].id, new_id()]}}) == [made[1]]


async def test_pages_by_time_hold_each_document_once(units: Store[Unit], place: str) -> None:
    made = await fill(units, place, 10)
    seen: list[Unit] = []
    where: dict[str, Any] = {"place": place}
    while page := await units.list_(where, sort="-until", limit=3):
        seen += page
        where = {"place": place, "until": {"$lt": page[-1].until}}
    assert seen == made[::-1]


async def test_a_list_longer_than_a_driver_s_first_reply_is_whole(units: Store[Unit], place: str) -> None:
    made = await fill(units, place, 350)
    assert await units.list_({"place": place}, sort="-slot") == made[::-1]


@pytest.mark.parametrize(
    ("condition", "slots"),
    [
        (NOON + MILLISECOND, {1}),
        ({"$gt": NOON + MILLISECOND}, {2, 3}),
        ({"$gte": NOON + MILLISECOND, "$lt": NOON + 3 * MILLISECOND}, {1, 2}),
        ({"$lte": (NOON + MILLISECOND).astimezone(LOCAL)}, {0, 1}),
    ],
)
async def test_times_compare_to_the_millisecond(
    units: Store[Unit], place: str, condition: Any, slots: set[int]
) -> None:
    await fill(units, place, 4)
    where = {"place": place, "until": condition}
    assert {unit.slot for unit in await units.list_(where)} == slots
    assert await units.count(where) == len(slots)
    assert await units.delete(where) == len(slots)


async def test_a_change_sets_removes_and_adds_at_once(units: Store[Unit]) -> None:
    unit = make_unit(live=new_id(), slot=1, log={"old": Entry("a", NOON)})
    await units.insert(unit)
    entry = Entry("b", NOON, b"\xff", is_offline=True)
    changed = await units.change(
        {"_id": unit.id, "state": "free"},
        {"state": "held", "until": NOON, "seal": b"\x00", "is_counted": True, "log.new": entry},
        without=["live", "log.old"],
        plus={"slot": 4},
    )
    expected = make_unit(
        id=unit.id, state="held", until=NOON, seal=b"\x00", is_counted=True, slot=5, log={"new": entry}
    )
    assert changed == expected
    assert await units.find(unit.id) == expected


async def test_a_flag_written_inside_a_map_stays_a_flag(units: Store[Unit]) -> None:
    unit = make_unit(log={"1": Entry("a", NOON)})
    await units.insert(unit)
    changed = await units.change({"_id": unit.id}, {"log.1.is_offline": True})
    assert changed is not None
    assert changed.log["1"].is_offline is True


async def test_a_change_whose_condition_fails_changes_nothing(units: Store[Unit]) -> None:
    unit = make_unit(state="held")
    await units.insert(unit)
    assert await units.change({"_id": unit.id, "state": "free"}, {"slot": 9}) is None
    assert await units.find(unit.id) == unit


async def test_a_change_that_meets_a_unique_index_answers_none_and_a_read_decides(units: Store[Unit]) -> None:
    holder, free = make_unit(live=new_id(), state="held"), make_unit()
    assert await units.insert_many([holder, free]) == []
    claim = {"live": holder.live, "state": "held"}
    assert await units.change({"_id": free.id, "state": "free"}, claim) is None
    assert await units.find_one({"live": holder.live}) == holder
    assert await units.find(free.id) == free


async def test_delete_and_count_reach_what_the_filter_names(units: Store[Unit], place: str) -> None:
    await fill(units, place, 4)
    assert await units.count({"place": place}) == 4
    assert await units.count({}) >= 4
    assert await units.delete({"place": place, "slot": {"$gte": 1}}) == 3
    assert await units.count({"place": place}) == 1


async def test_of_racing_inserts_of_one_id_one_wins(units: Store[Unit]) -> None:
    key = new_id()
    results = await outcomes(*(units.insert(make_unit(id=key, slot=slot)) for slot in range(RACERS)))
    assert results.count(None) == 1
    assert sum(isinstance(result, Duplicate) for result in results) == RACERS - 1
    winner = await units.find(key)
    assert winner is not None
    assert winner.slot == results.index(None)


async def test_of_racing_claims_of_one_unit_one_wins(units: Store[Unit]) -> None:
    unit = make_unit()
    await units.insert(unit)

    async def claim(racer: int) -> Unit | None:
        entry = Entry(str(racer), NOON)
        return await units.change({"_id": unit.id, "state": "free"}, {"state": "held", f"log.{racer}": entry})

    won = [result for result in await outcomes(*map(claim, range(RACERS))) if result is not None]
    assert won == [await units.find(unit.id)]
    assert len(won[0].log) == 1


async def test_of_racing_claims_of_many_units_each_person_gets_one(units: Store[Unit], place: str) -> None:
    free = [make_unit(place=place, slot=slot) for slot in range(DEADLOCKED)]
    assert await units.insert_many(free) == []
    live = new_id()
    results = await outcomes(
        *(units.change({"_id": unit.id, "state": "free"}, {"live": live}) for unit in free)
    )
    won = [result for result in results if isinstance(result, Unit)]
    assert won == [unit for unit in await units.list_({"place": place}) if unit.live == live]
    assert len(won) == 1
    undone = [result for result in results if isinstance(result, EngineUnavailable)]
    assert results.count(None) == DEADLOCKED - 1 - len(undone)


UNDONE = [
    errors.OperationFailure("WriteConflict: deadlock detected", 112),
    errors.WriteError("deadlock detected", 2, {"index": 0, "code": 2, "errmsg": "deadlock detected"}),
    errors.OperationFailure("Unable to create the specified collection (sqlstate M0000)", 2),
]


@pytest.fixture
def unpaused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once, since nobody else is about to get out of the way."""
    monkeypatch.setattr("models.store.PAUSE_SECONDS", 0)


class Disturbed:
    """A database that undoes the first writes to each collection, as an engine does after a deadlock."""

    def __init__(self, database: Database, times: int, answer: errors.OperationFailure) -> None:
        self._database = database
        self._answer = answer
        self.left = times

    def __getitem__(self, name: str) -> "Disturbed":
        self._documents = self._database[name]
        return self

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        write = getattr(self._documents, name)

        async def attempt(*arguments: Any, **options: Any) -> Any:
            if self.left:
                self.left -= 1
                raise self._answer
            return await write(*arguments, **options)

        return attempt


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize("answer", UNDONE, ids=["112", "2", "collection"])
async def test_a_write_that_an_engine_undid_is_made_again(
    units: Store[Unit], database: Database, answer: errors.OperationFailure
) -> None:
    unit = Unit(id=new_id(), place="disturbed")
    disturbed = Disturbed(database, ATTEMPTS - 1, answer)
    store = Store[Unit](disturbed, UNITS)  # type: ignore[arg-type]  # the few calls that a store makes
    await store.insert(unit)
    disturbed.left = ATTEMPTS - 1
    assert await store.change({"_id": unit.id}, {"state": "held"})
    disturbed.left = ATTEMPTS - 1
    await store.put(msgspec.structs.replace(unit, slot=7))
    assert await units.find(unit.id) == msgspec.structs.replace(unit, slot=7)
    disturbed.left = ATTEMPTS - 1
    assert await store.delete({"_id": unit.id}) == 1


class Crowded:
    """A database that undoes all inserts that are made at once, as an engine does that finds a deadlock."""

    def __init__(self, database: Database) -> None:
        self._documents = database[UNITS.name]
        self._under_way = 0

    def __getitem__(self, name: str) -> "Crowded":
        return self

    async def insert_one(self, document: Any) -> None:
        self._under_way += 1
        await asyncio.sleep(0)
        is_crowded = self._under_way > 1
        await asyncio.sleep(0)
        self._under_way -= 1
        if is_crowded:
            raise errors.OperationFailure("WriteConflict: deadlock detected", 112)
        await self._documents.insert_one(document)


@pytest.mark.usefixtures("unpaused")
async def test_writes_that_undid_each_other_are_made_again_one_after_the_other(
    units: Store[Unit], database: Database, place: str
) -> None:
    store = Store[Unit](Crowded(database), UNITS)  # type: ignore[arg-type]  # the one call that is made
    await asyncio.gather(*(store.insert(make_unit(place=place)) for _ in range(RACERS)))
    assert len(await units.list_({"place": place})) == RACERS


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize("answer", UNDONE, ids=["112", "2", "collection"])
async def test_a_write_that_is_undone_every_time_is_unavailable(
    database: Database, answer: errors.OperationFailure
) -> None:
    disturbed = Disturbed(database, 99, answer)
    with pytest.raises(EngineUnavailable):
        await Store(disturbed, UNITS).insert(Unit(id=new_id()))  # type: ignore[arg-type]  # as above
    assert disturbed.left == 99 - ATTEMPTS
    with pytest.raises(EngineUnavailable):
        await Store(disturbed, UNITS).insert_many([Unit(id=new_id())])  # type: ignore[arg-type]  # as above
    assert disturbed.left == 99 - 2 * ATTEMPTS


class Undoing:
    """A database that fails some documents of the first inserts of many: those of odd ids."""

    def __init__(
        self, database: Database, *codes: int, words: str = "undone", concern: int | None = None
    ) -> None:
        self._documents = database[UNITS.name]
        self._codes = list(codes)
        self._words = words
        self._concern = concern
        self.asked: list[int] = []

    def __getitem__(self, name: str) -> "Undoing":
        return self

    async def insert_many(self, documents: list[Any], *, ordered: bool) -> None:
        self.asked.append(len(documents))
        code = self._codes.pop(0) if self._codes else None
        lost = [place for place, one in enumerate(documents) if code and one["_id"][-1] in "1357"]
        kept = [one for place, one in enumerate(documents) if place not in lost]
        failures = [{"index": place, "code": code, "errmsg": self._words} for place in lost]
        try:
            if kept:
                await self._documents.insert_many(kept, ordered=ordered)
        except errors.BulkWriteError as error:
            places = [place for place in range(len(documents)) if place not in lost]
            failures += [{**one, "index": places[one["index"]]} for one in error.details["writeErrors"]]
        concerns = [{"code": self._concern, "errmsg": "not majority"}] if self._concern else []
        if failures or concerns:
            raise errors.BulkWriteError({"writeErrors": failures, "writeConcernErrors": concerns})


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize(("code", "words"), [(112, "undone"), (2, "deadlock detected")])
async def test_documents_of_many_that_an_engine_undid_are_stored_by_asking_again_for_them_alone(
    units: Store[Unit], database: Database, place: str, code: int, words: str
) -> None:
    made = [Unit(id=f"{new_id()}{number}", place=place) for number in range(8)]
    await units.insert(made[2])
    undoing = Undoing(database, code, code, words=words)
    store = Store[Unit](undoing, UNITS)  # type: ignore[arg-type]  # the one call that is made
    assert await store.insert_many(made) == [2]
    assert undoing.asked == [8, 4, 4]
    assert sorted(one.id for one in await units.list_({"place": place})) == sorted(one.id for one in made)


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize(
    ("codes", "concern", "expected"),
    [
        ([112] * 9, None, EngineUnavailable),
        ([91], None, EngineUnavailable),
        ([], 64, EngineUnavailable),
        ([121], None, errors.BulkWriteError),
        ([2], None, errors.BulkWriteError),
    ],
)
async def test_what_many_documents_fail_by_leaves_as_ours_and_is_never_taken_for_done(
    database: Database, units: Store[Unit], codes: list[int], concern: int | None, expected: type[Exception]
) -> None:
    made = [Unit(id=f"{new_id()}{number}") for number in range(2)]
    store = Store[Unit](Undoing(database, *codes, concern=concern), UNITS)  # type: ignore[arg-type]  # as above
    with pytest.raises(expected):
        await store.insert_many(made)


async def test_an_engine_that_does_not_answer_is_unavailable_within_two_seconds() -> None:
    with bound_socket(0) as reservation:
        port = reservation.getsockname()[1]
    async with AsyncMongoClient[dict[str, Any]](
        f"mongodb://{HOST}:{port}", serverSelectionTimeoutMS=1000
    ) as client:
        store, unit = Store(client["test"], UNITS), make_unit()
        async with asyncio.timeout(2):
            results = await outcomes(
                *(store.create_indexes(), store.insert(unit), store.insert_many([unit]), store.put(unit)),
                *(
                    store.find(unit.id),
                    store.list_({"place": ""}),
                    store.change({"_id": unit.id}, {"slot": 1}),
                ),
                *(store.delete({"_id": unit.id}), store.count({})),
            )
    assert {type(result) for result in results} == {EngineUnavailable}
    assert all(result.details == {"retryAfter": 2} for result in results)


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (errors.NetworkTimeout("no reply"), EngineUnavailable),
        (errors.WaitQueueTimeoutError("no free connection"), EngineUnavailable),
        (errors.ExecutionTimeout("too long", 50), EngineUnavailable),
        (errors.WTimeoutError("too long", 64), EngineUnavailable),
        (errors.OperationFailure("ending", 11600), EngineUnavailable),
        (errors.WriteError("database is locked", 8), EngineUnavailable),
        (errors.DuplicateKeyError("twice", 11000), Duplicate),
        (errors.OperationFailure("bad value", 2), errors.OperationFailure),
    ],
)
def test_a_driver_s_error_leaves_as_ours(raised: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected), TRANSLATED:
        raise raised


@pytest.mark.parametrize(
    "where",
    [
        {"$or": [{"place": "a"}, {"slot": 1}]},
        {"$and": [{"place": "a"}]},
        {"$nor": [{"place": "a"}]},
        {"$expr": {"$eq": ["$place", "$live"]}},
        {"place": {"$in": ["a", "b"]}},
        {"_id": {"$in": ["a"], "$gt": "b"}},
        {"_id": {"$nin": ["a"]}},
        {"place": {"$ne": "a"}},
        {"place": {"$not": {"$eq": "a"}}},
        {"place": {"$regex": "^a"}},
        {"position": {"$near": [121.5, 31.2]}},
        {"tags": {"$elemMatch": {"$eq": "a"}}},
        {"tags": {"$size": 1}},
        {"log": {"who": "a"}},
        {"log": {}},
        {"tags": ["a"]},
        {"tags": {"$eq": ("a",)}},
        {"log.1": Entry("a", NOON)},
        {"until": datetime(2026, 7, 15)},  # noqa: DTZ001  the zone is missing on purpose
        {"until": {"$lt": datetime(2026, 7, 15)}},  # noqa: DTZ001  the zone is missing on purpose
    ],
)
def test_a_filter_that_an_engine_gets_wrong_is_refused(where: Mapping[str, Any]) -> None:
    with pytest.raises(UnsafeFilter):
        spell(where)


def test_every_equality_is_spelled_out() -> None:
    assert spell({"place": "a", "slot": {"$gte": 1}, "_id": {"$in": ["b"]}, "live": {"$exists": False}}) == {
        "place": {"$eq": "a"},
        "slot": {"$gte": 1},
        "_id": {"$in": ["b"]},
        "live": {"$exists": False},
    }


@pytest.mark.parametrize(
    "path", ["", "log.", ".log", "log..a", "$set", "log.$", "log.$[]", "log[0]", 'log."a"', "a\0"]
)
@pytest.mark.parametrize("verb", ["set", "without", "plus"])
async def test_a_path_that_engines_read_differently_is_refused(
    units: Store[Unit], path: str, verb: str
) -> None:
    changes: dict[str, Callable[[], Awaitable[Unit | None]]] = {
        "set": lambda: units.change({"_id": "a"}, {path: 1}),
        "without": lambda: units.change({"_id": "a"}, {}, without=[path]),
        "plus": lambda: units.change({"_id": "a"}, {}, plus={path: 1}),
    }
    with pytest.raises(UnsafeFilter):
        await changes[verb]()


INDEXES = (Index(("live",), unique=True), Index(("place", "state", "-slot")), Index(("changed",)))


@pytest.mark.parametrize(
    ("where", "sort", "expected"),
    [
        ({"_id": "a"}, None, True),
        ({"_id": "a", "state": "free"}, None, True),
        ({"_id": {"$in": ["a"]}}, "_id", True),
        ({"_id": {"$eq": "a"}}, "slot", False),
        ({"_id": {"$gt": "a"}}, "_id", False),
        ({}, "_id", True),
        ({}, "-_id", True),
        ({}, None, False),
        ({"live": "a"}, None, True),
        ({"live": "a", "unindexed": 1}, None, True),
        ({"unindexed": 1}, None, False),
        ({"live": {"$gt": ""}}, None, True),
        ({"live": {"$exists": True}}, None, False),
        ({"live": {"$exists": True, "$gt": ""}}, None, True),
        ({}, "changed", True),
        ({}, "-changed", True),
        ({"changed": {"$gte": 1}}, "-changed", True),
        ({"changed": {"$gte": 1}}, "slot", False),
        ({"place": "a"}, None, True),
        ({"place": "a"}, "state", True),
        ({"place": "a"}, "slot", False),
        ({"place": "a", "state": "free"}, "slot", True),
        ({"place": "a", "state": {"$eq": "free"}, "slot": {"$lt": 5}}, "-slot", True),
        ({"place": "a", "state": {"$gt": ""}}, "slot", False),
        ({"place": {"$gt": "a"}}, "state", False),
        ({"state": "free"}, None, False),
        ({"state": "free", "slot": 1}, "place", True),
        ({"unindexed": 1}, "unindexed", False),
    ],
)
def test_a_query_is_served_by_an_index_that_begins_with_it(
    where: Mapping[str, Any], sort: str | None, expected: bool
) -> None:
    assert is_served(where, sort, INDEXES) is expected
    assert not is_served(where, sort, ()) or "_id" in where or sort in {"_id", "-_id"}


async def test_a_strict_store_refuses_what_no_index_serves(units: Store[Unit], database: Database) -> None:
    unserved = {"state": "free"}
    for refused in (
        units.find_one(unserved),
        units.list_(unserved),
        units.list_({"place": "a"}, sort="state"),
        units.change(unserved, {"slot": 1}),
        units.delete(unserved),
        units.delete({}),
        units.count(unserved),
    ):
        with pytest.raises(UnsafeFilter):
            await refused
    assert await Store(database, UNITS).list_({"state": "free", "place": new_id()}, sort="state") == []


def test_an_index_cannot_hold_the_id() -> None:
    with pytest.raises(UnsafeFilter):
        Index(("place", "-_id"))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
dates = st.dates().map(str)
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001  bounds are naive by contract
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
words = texts | dates | st.builds("{}{}".format, dates | times.map(datetime.isoformat), texts)
entries = st.builds(Entry, words, times, st.binary(), st.booleans())
whole = st.integers(-(2**53), 2**53)
made_units = st.builds(
    Unit,
    id=words,
    place=words,
    state=st.sampled_from(["free", "held"]),
    slot=whole,
    share=st.floats(allow_nan=False, allow_infinity=False),
    live=st.none() | words,
    until=st.none() | times,
    seal=st.none() | st.binary(),
    is_counted=st.booleans(),
    tags=st.lists(words).map(tuple),
    log=st.dictionaries(texts, entries),
)


@given(made_units)
def test_a_struct_survives_being_a_document(unit: Unit) -> None:
    document = to_document(unit)
    assert None not in document.values()
    assert to_struct(bson.decode(bson.encode(document)), Unit) == unit


@given(times, times)
def test_times_sort_as_the_text_that_is_stored(one: datetime, other: datetime) -> None:
    kept = [to_document(make_unit(until=at))["until"] for at in (one, other)]
    assert (one < other) == (kept[0] < kept[1])


@settings(max_examples=60, deadline=None)
@given(text=words, other=words)
async def test_any_text_is_found_again(units: Store[Unit], text: str, other: str) -> None:
    await units.delete({"_id": text})
    await units.delete({"live": text})
    unit = make_unit(id=text, live=text)
    await units.insert(unit)
    assert await units.find(text) == unit
    assert await units.find_one({"live": text}) == unit
    assert await units.list_({"_id": {"$in": [text]}}) == [unit]
    changed = await units.change({"_id": text, "live": text}, {"place": other})
    assert changed == msgspec.structs.replace(unit, place=other)
    await units.put(unit)
    assert await units.count({"live": text}) == await units.delete({"live": text, "place": ""}) == 1


letters = st.characters(exclude_categories=["Cs"], exclude_characters='.$[]"\\', min_codepoint=0x20)
names = st.text(letters, min_size=1)


@settings(max_examples=60, deadline=None)
@given(names)
async def test_any_path_that_is_allowed_is_written_and_removed(units: Store[Unit], name: str) -> None:
    unit, entry = make_unit(log={"kept": Entry("a", NOON)}), Entry("b", NOON)
    await units.insert(unit)
    changed = await units.change({"_id": unit.id}, {f"log.{name}": entry})
    assert changed is not None
    assert changed.log == {**unit.log, name: entry}
    changed = await units.change({"_id": unit.id}, {}, without=[f"log.{name}"])
    assert changed is not None
    assert changed.log == {key: value for key, value in unit.log.items() if key != name}
