"""The gaps of the embedded engine, each with the way round it, on the engine under test.

The first half of each test shows the gap: the embedded engine must still have it, any other must not. When a
newer embedded engine closes a gap, its test fails and says what may be simplified. The second half shows, on
every engine, that our way round gives the right answer. Plans are read from the embedded engine itself, run
inside the test; no other engine at hand explains its plans. That an acknowledged write survives a kill is
shown in `tests/server/test_engines.py`.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec import Struct, field
from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import handle_client
from pymongo import AsyncMongoClient, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from models.clock import local_day
from models.documents import UnsafeFilter
from models.filters import Index, spell
from models.ids import new_id
from models.store import Collection, Database, Duplicate, Store
from server.engines import EMBEDDED_OPTIONS, Engines
from server.loopback import HOST

Documents = AsyncCollection[dict[str, Any]]

# Five past four in the morning of the 16th in Shanghai.
NIGHT = datetime(2026, 7, 15, 20, 5, tzinfo=UTC)


class Entry(Struct, frozen=True):
    """One line of a pack's log."""

    who: str
    at: datetime


class Pack(Struct, frozen=True, kw_only=True):
    """A document in the manner of the design: a unit with a guard and a log."""

    id: str = field(name="_id")
    place: str = ""
    state: str = "free"
    order: str = ""
    day: str = ""
    live: str | None = None
    until: datetime | None = None
    seal: bytes | None = None
    is_checked: bool = False
    issued: int = 0
    log: dict[str, Entry] = field(default_factory=dict)


PACKS = Collection(
    "packs",
    Pack,
    (
        Index(("live",), unique=True),
        Index(("place", "-order")),
        Index(("place", "day")),
        Index(("place", "until")),
    ),
)


class Gap:
    """Says whether the engine under test answers as the embedded one is known to."""

    def __init__(self, is_embedded: bool) -> None:
        self._is_embedded = is_embedded

    def shows(self, damage: bool, simpler: str) -> None:
        if self._is_embedded:
            assert damage, f"The embedded engine has closed this gap: {simpler}."
        else:
            assert not damage, (
                "Not only the embedded engine has this gap: the code for all of them relies on it."
            )


class Explained:
    """The embedded engine inside this process, with the plans of the statements that an action runs."""

    def __init__(self, handler: NeoSQLiteHandler, client: AsyncMongoClient[dict[str, Any]]) -> None:
        self.database: Database = client["explained"]
        self._handler = handler

    async def plan(self, action: Awaitable[Any]) -> list[str]:
        connection = self._handler.get_database(self.database.name).db
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        try:
            await action
        finally:
            connection.set_trace_callback(None)
        return [
            step[3]
            for statement in statements
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]

    async def reads_all(self, action: Awaitable[Any]) -> bool:
        return "SCAN packs" in await self.plan(action)


@pytest.fixture
def gap(is_embedded: bool) -> Gap:
    return Gap(is_embedded)


@pytest.fixture
def documents(database: Database) -> Documents:
    return database[f"raw_{secrets.token_hex(4)}"]


@pytest.fixture(scope="module")
async def packs(database: Database) -> Store[Pack]:
    store = Store(database, PACKS, strict=True)
    await store.create_indexes()
    return store


@pytest.fixture
def place() -> str:
    return new_id()


@pytest.fixture(scope="module")
async def explained(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Explained]:
    handler = NeoSQLiteHandler(data_dir=str(tmp_path_factory.mktemp("explained")))
    server = await asyncio.start_server(partial(handle_client, handler=handler), HOST, 0)
    port = server.sockets[0].getsockname()[1]
    async with AsyncMongoClient[dict[str, Any]](f"mongodb://{HOST}:{port}", **EMBEDDED_OPTIONS) as client:
        engine = Explained(handler, client)
        store = Store(engine.database, PACKS, strict=True)
        await store.create_indexes()
        await store.insert_many(make_pack(place="a", live=new_id(), until=NIGHT) for _ in range(3))
        yield engine
    server.close()
    await server.wait_closed()
    handler.close_all()


@pytest.fixture(scope="module")
def explained_packs(explained: Explained) -> Store[Pack]:
    return Store(explained.database, PACKS, strict=True)


def make_pack(**fields: Any) -> Pack:
    return Pack(**{"id": new_id(), **fields})


async def fails(action: Awaitable[Any]) -> bool:
    try:
        await action
    except OperationFailure:
        return True
    return False


async def ids(documents: Documents, where: dict[str, Any]) -> set[Any]:
    return {document["_id"] async for document in documents.find(where)}


async def aggregate(documents: Documents, *stages: dict[str, Any]) -> list[dict[str, Any]]:
    return await (await documents.aggregate(list(stages))).to_list()


async def test_places_are_not_searched_by_the_engine(documents: Documents, gap: Gap) -> None:
    point = {"type": "Point", "coordinates": [121.5, 31.2]}
    await documents.create_index([("at", "2dsphere")])
    await documents.insert_one({"_id": "a", "at": point})
    near = {"at": {"$near": {"$geometry": point, "$maxDistance": 100}}}
    gap.shows(await fails(documents.find(near).to_list()), "a search by the engine would be possible")

    with pytest.raises(UnsafeFilter):
        spell(near)


async def test_updates_are_values_and_not_pipelines(
    documents: Documents, gap: Gap, packs: Store[Pack]
) -> None:
    await documents.insert_one({"_id": "a", "issued": 1})
    doubled = documents.update_one({"_id": {"$eq": "a"}}, [{"$set": {"issued": {"$add": ["$issued", 1]}}}])
    gap.shows(await fails(doubled), "change may take a pipeline")

    pack = make_pack(issued=1)
    await packs.insert(pack)
    changed = await packs.change({"_id": pack.id}, {}, plus={"issued": 1})
    assert changed == msgspec.structs.replace(pack, issued=2)


async def test_shapes_are_checked_by_structs_and_not_by_the_engine(database: Database, gap: Gap) -> None:
    name = f"checked_{secrets.token_hex(4)}"
    checked = await database.create_collection(name, validator={"$jsonSchema": {"required": ["place"]}})
    gap.shows(
        not await fails(checked.insert_one({"_id": "a"})), "a schema could be declared beside the indexes"
    )

    store = Store(database, Collection(name, Pack))
    await database[name].insert_one({"_id": "b", "place": "a", "log": "not a map"})
    with pytest.raises(msgspec.ValidationError):
        await store.find("b")


async def test_a_promise_is_one_write_and_not_a_transaction(
    engines: Engines, documents: Documents, gap: Gap, packs: Store[Pack]
) -> None:
    await documents.insert_one({"_id": "before"})
    async with engines.documents.start_session() as kept, engines.documents.start_session() as undone:
        await kept.start_transaction()
        await undone.start_transaction()
        await documents.insert_one({"_id": "kept"}, session=kept)
        await documents.insert_one({"_id": "undone"}, session=undone)
        await kept.commit_transaction()
        await undone.abort_transaction()
    gap.shows("undone" in await ids(documents, {}), "two clients may use transactions at once")

    pack = make_pack()
    await packs.insert(pack)
    claims = [
        {"state": "held", "live": person, f"log.{person}": Entry(person, NIGHT)} for person in ("a1", "b2")
    ]
    results = await asyncio.gather(
        *(packs.change({"_id": pack.id, "state": "free"}, claim) for claim in claims)
    )
    assert results.count(None) == 1
    found = await packs.find(pack.id)
    assert found is not None
    assert [found.live] == list(found.log)


async def test_counts_by_local_day_are_kept_under_the_day(
    documents: Documents, gap: Gap, packs: Store[Pack], place: str
) -> None:
    await documents.insert_one({"_id": "a", "at": NIGHT})
    day = {"$dateToString": {"date": "$at", "format": "%Y-%m-%d", "timezone": "Asia/Shanghai"}}
    counted = await aggregate(documents, {"$group": {"_id": day, "n": {"$sum": 1}}})
    gap.shows(counted == [{"_id": "2026-07-15", "n": 1}], "the engine may count by local day")

    assert await packs.insert_many(make_pack(place=place, day=local_day(NIGHT)) for _ in range(2)) == []
    assert await packs.count({"place": place, "day": "2026-07-16"}) == 2
    assert await packs.count({"place": place, "day": "2026-07-15"}) == 0


async def test_joined_documents_are_read_in_a_second_query(
    documents: Documents, database: Database, gap: Gap, packs: Store[Pack]
) -> None:
    other = f"{documents.name}_other"
    await documents.insert_one({"_id": "a", "other": 7})
    await database[other].insert_one({"_id": 7})
    lookup = {"from": other, "localField": "other", "foreignField": "_id", "as": "others"}
    joined = await aggregate(documents, {"$lookup": lookup})
    gap.shows(joined != [{"_id": "a", "other": 7, "others": [{"_id": 7}]}], "$lookup may be used")

    pair = [make_pack(), make_pack()]
    assert await packs.insert_many(pair) == []
    found = await packs.list_({"_id": {"$in": [pack.id for pack in pair]}}, sort="_id")
    assert found == sorted(pair, key=lambda pack: pack.id)


async def test_an_equality_in_a_write_is_served_only_when_spelled_out(
    explained: Explained, explained_packs: Store[Pack]
) -> None:
    raw = explained.database["packs"]
    short, spelled = {"live": "a"}, spell({"live": "a"})
    change = {"$set": {"state": "held"}}
    for write in (partial(raw.find_one_and_update, update=change), partial(raw.update_one, update=change)):
        assert await explained.reads_all(write(short)), "closed: equality may be written {field: value}"
        assert not await explained.reads_all(write(spelled))
    assert await explained.reads_all(raw.delete_many(short)), "closed: equality may be written {field: value}"
    assert not await explained.reads_all(explained_packs.delete({"live": "a"}))
    assert not await explained.reads_all(explained_packs.change({"live": "a"}, {"state": "held"}))


async def test_nothing_found_is_the_answer_to_a_conflict_too(
    documents: Documents, gap: Gap, packs: Store[Pack]
) -> None:
    await documents.create_index("live", unique=True)
    await documents.insert_many([{"_id": "a", "live": 1}, {"_id": "b", "live": 2}])
    action = documents.find_one_and_update({"_id": {"$eq": "b"}}, {"$set": {"live": 1}})
    gap.shows(not await fails(action), "a conflict could leave change as Duplicate")

    holder, free = make_pack(live=new_id()), make_pack()
    assert await packs.insert_many([holder, free]) == []
    assert await packs.change({"_id": free.id}, {"live": holder.live}) is None
    assert await packs.find_one({"live": holder.live}) == holder


async def test_a_unique_index_is_filtered_by_nothing_but_existence(
    documents: Documents, gap: Gap, packs: Store[Pack]
) -> None:
    await documents.create_index("live", unique=True, partialFilterExpression={"state": {"$eq": "held"}})
    await documents.insert_one({"_id": "a", "live": 1, "state": "free"})
    gap.shows(
        await fails(documents.insert_one({"_id": "b", "live": 1, "state": "free"})),
        "a unique index may be filtered by a state",
    )

    live = new_id()
    lapsed = make_pack(live=live)
    assert await packs.insert_many([lapsed, make_pack(), make_pack()]) == []
    with pytest.raises(Duplicate):
        await packs.insert(make_pack(live=live))
    await packs.change({"_id": lapsed.id}, {"state": "lapsed"}, without=["live"])
    await packs.insert(make_pack(live=live))


async def test_a_filter_is_one_condition_and_never_a_choice(documents: Documents, gap: Gap) -> None:
    choice = {"place": "mine", "$or": [{"state": "free"}, {"state": "held"}]}
    await documents.insert_one({"_id": "foreign", "place": "yours", "state": "held"})
    await documents.update_many(choice, {"$set": {"is_changed": 1}})
    gap.shows(await ids(documents, {"is_changed": {"$eq": 1}}) == {"foreign"}, "spell may allow $or")

    with pytest.raises(UnsafeFilter):
        spell(choice)


async def test_a_list_inside_a_document_is_a_map(documents: Documents, gap: Gap, packs: Store[Pack]) -> None:
    entries = [{"who": "a", "at": NIGHT}, {"who": "b", "at": NIGHT}]
    await documents.insert_one({"_id": "a", "log": entries})
    await documents.update_one({"_id": {"$eq": "a"}}, {"$push": {"log": {"who": "c"}}})
    document = await documents.find_one({"_id": {"$eq": "a"}})
    assert document is not None
    gap.shows(document["log"] != [*entries, {"who": "c"}], "$push may lengthen a list of documents")

    first, second = Entry("a", NIGHT), Entry("b", NIGHT)
    pack = make_pack(log={"1": first})
    await packs.insert(pack)
    changed = await packs.change({"_id": pack.id}, {"log.2": second, "state": "held"})
    assert changed == msgspec.structs.replace(pack, state="held", log={"1": first, "2": second})
    changed = await packs.change({"_id": pack.id}, {}, without=["log.1"])
    assert changed == msgspec.structs.replace(pack, state="held", log={"2": second})


async def test_documents_are_counted_by_the_count_command(
    explained: Explained, explained_packs: Store[Pack], packs: Store[Pack], place: str
) -> None:
    raw, where = explained.database["packs"], {"place": "a"}
    reads_all = await explained.reads_all(raw.count_documents(spell(where)))
    assert reads_all, "closed: count may use count_documents"
    assert await explained.reads_all(explained.database.command("count", "packs", query=where)), (
        "closed: no $eq"
    )
    assert not await explained.reads_all(explained_packs.count(where))

    assert await packs.insert_many(make_pack(place=place) for _ in range(3)) == []
    assert await packs.count({"place": place}) == 3


@pytest.mark.parametrize(
    "where", [{"place": {"$in": ["a", "b"]}}, {"live": {"$exists": True}}, {"_id": {"$gt": ""}}]
)
async def test_what_the_embedded_engine_answers_by_reading_everything_is_refused(
    explained: Explained, explained_packs: Store[Pack], where: dict[str, Any]
) -> None:
    reads_all = await explained.reads_all(explained.database["packs"].find(where).to_list())
    assert reads_all, f"closed: {where} is served by an index"
    with pytest.raises(UnsafeFilter):
        await explained_packs.find_one(where)


async def test_a_time_in_a_filter_is_served_by_an_index(
    explained: Explained, explained_packs: Store[Pack]
) -> None:
    raw = explained.database["packs"]
    await raw.create_index("until")
    reads_all = await explained.reads_all(raw.find({"until": {"$gt": NIGHT}}).to_list())
    assert reads_all, "closed: times may be kept as the engine's dates"
    steps = await explained.plan(explained_packs.list_({"place": "a", "until": {"$gt": NIGHT}}))
    assert "SEARCH packs USING INDEX idx_packs_place_until (<expr>=? AND <expr>>?)" in steps


async def test_what_the_store_sends_is_served_by_an_index(
    explained: Explained, explained_packs: Store[Pack]
) -> None:
    store, pack, day = (
        explained_packs,
        make_pack(place="a", day="2026-07-15"),
        {"place": "a", "day": "2026-07-15"},
    )
    for action in (
        store.insert(pack),
        store.put(pack),
        store.find(pack.id),
        store.find_one({"live": "a"}),
        store.list_({"_id": {"$in": [pack.id, "b"]}, "state": "free"}),
        store.list_({"place": "a", "order": {"$lt": "2026-07-15T20:05:00+00:00:a"}}, sort="-order", limit=2),
        store.list_({"live": {"$gt": ""}}),
        store.list_(day),
        store.list_({"place": "a", "until": {"$gte": NIGHT}}, sort="until"),
        store.change({"_id": pack.id, "state": "free", "until": {"$gt": NIGHT}}, {"state": "held"}),
        store.change({"live": "a"}, {"state": "held"}, without=["live"]),
        store.count(day),
        store.count({"place": "a", "until": {"$lt": NIGHT}}),
        store.delete({"place": "a", "until": {"$lt": NIGHT}}),
    ):
        steps = await explained.plan(action)
        assert not any(step == "SCAN packs" or "TEMP B-TREE" in step for step in steps), steps


async def test_an_index_does_not_hold_the_id(
    documents: Documents, gap: Gap, packs: Store[Pack], place: str
) -> None:
    await documents.create_index([("place", 1), ("_id", 1)])
    gap.shows(await fails(documents.insert_one({"_id": "a", "place": "a"})), "pages may go on by _id")

    made = [make_pack(place=place, order=f"{number}:{new_id()}") for number in range(4)]
    assert await packs.insert_many(made) == []
    last = (await packs.list_({"place": place}, sort="-order", limit=2))[-1]
    assert last == made[2]
    assert await packs.list_({"place": place, "order": {"$lt": last.order}}, sort="-order") == [
        made[1],
        made[0],
    ]


async def test_ids_are_text(documents: Documents, gap: Gap, packs: Store[Pack]) -> None:
    await documents.insert_many([{"_id": 10}, {"_id": 9}])
    found = await documents.find({}).sort("_id", 1).to_list()
    gap.shows(found == [{"_id": 10}, {"_id": 9}], "an _id may be a number")

    keys = [f"{new_id()}:{number:02}" for number in (10, 9)]
    assert await packs.insert_many(make_pack(id=key) for key in keys) == []
    found_packs = await packs.list_({"_id": {"$in": keys}}, sort="_id")
    assert [pack.id for pack in found_packs] == sorted(keys)


async def test_times_are_text_that_sorts(
    documents: Documents, gap: Gap, packs: Store[Pack], place: str
) -> None:
    moments = [NIGHT, NIGHT + timedelta(milliseconds=1), NIGHT + timedelta(milliseconds=999)]
    await documents.insert_many([{"_id": str(number), "until": at} for number, at in enumerate(moments)])
    later = await ids(documents, {"until": {"$gt": NIGHT}})
    gap.shows(later == set(), "times may be kept as the engine's dates")

    made = [make_pack(place=place, until=at) for at in moments]
    assert await packs.insert_many(made) == []
    assert await packs.list_({"place": place, "until": {"$gt": NIGHT}}, sort="until") == made[1:]
    assert await packs.list_({"place": place, "until": NIGHT}) == made[:1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("until", NIGHT), ("is_checked", True), ("seal", b"\x00\xff")],
    ids=["time", "flag", "bytes"],
)
async def test_a_value_keeps_its_type_in_every_write(
    documents: Documents, gap: Gap, packs: Store[Pack], name: str, value: Any
) -> None:
    await documents.insert_one({"_id": "a"})
    changed = await documents.find_one_and_update(
        {"_id": {"$eq": "a"}}, {"$set": {name: value}}, return_document=ReturnDocument.AFTER
    )
    is_kept = changed is not None and changed[name] == value and type(changed[name]) is type(value)
    is_put = not await fails(documents.replace_one({"_id": {"$eq": "a"}}, {"_id": "a", name: value}))
    is_found = await ids(documents, {name: {"$eq": value}}) == {"a"}
    gap.shows(
        not (is_kept and is_put and is_found), f"{type(value).__name__} may be kept as the driver writes it"
    )

    pack = make_pack()
    await packs.insert(pack)
    expected = msgspec.structs.replace(pack, **{name: value})
    assert await packs.change({"_id": pack.id}, {name: value}) == expected
    assert await packs.find_one({"_id": pack.id, name: value}) == expected
    await packs.put(expected)
    assert await packs.find(pack.id) == expected


@pytest.mark.parametrize("begin", ["2026-07-15:", "2026-07-15T20:05:00+00:00:", "15/07/2026 "])
async def test_text_that_begins_like_a_date_is_only_text(
    documents: Documents, gap: Gap, packs: Store[Pack], place: str, begin: str
) -> None:
    await documents.insert_one({"_id": f"{begin}a"})
    gap.shows(
        await ids(documents, {"_id": {"$eq": f"{begin}a"}}) == set(), "text needs no mark before a date"
    )

    made = [make_pack(id=f"{begin}{new_id()}", place=place, order=f"{begin}{letter}") for letter in "abc"]
    assert await packs.insert_many(made) == []
    assert await packs.find(made[0].id) == made[0]
    assert await packs.list_({"place": place, "order": {"$lt": f"{begin}c"}}, sort="-order") == [
        made[1],
        made[0],
    ]


@pytest.mark.parametrize("name", ['a"b', "a$b", "a[0]", "a\x1f"])
async def test_names_inside_a_map_are_plain(
    documents: Documents, gap: Gap, packs: Store[Pack], name: str
) -> None:
    await documents.insert_one({"_id": "a", "log": {}})
    await documents.update_one({"_id": {"$eq": "a"}}, {"$set": {f"log.{name}": 1}})
    set_ = await documents.find_one({"_id": {"$eq": "a"}})
    await documents.update_one({"_id": {"$eq": "a"}}, {"$unset": {f"log.{name}": ""}})
    unset = await documents.find_one({"_id": {"$eq": "a"}})
    is_right = (set_, unset) == ({"_id": "a", "log": {name: 1}}, {"_id": "a", "log": {}})
    gap.shows(not is_right, f"a name in a path may be {name!r}")

    with pytest.raises(UnsafeFilter):
        await packs.change({"_id": "a"}, {f"log.{name}": Entry("a", NIGHT)})
