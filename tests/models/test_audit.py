"""The audit: what is entered, sealed once by any number of sealers, and found when it is touched."""

import asyncio
import hashlib
import io
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.audit import AUDIT_ENTRIES, UNSEALED, Audit, Entry, Fact, PersonalText, Search, hash_entry
from models.audit_blocks import AUDIT_BLOCKS, AuditBlocks, Block, block_id, hash_block
from models.audit_checks import LATE, AuditChecks, Finding
from models.leases import LEASES, Leases
from models.store import Collection, Database, Store
from server.config import Config
from tests.models.stepping import SteppedStore, Stepper, run

AT = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = AT

    def now(self) -> datetime:
        return self.at

    def advance(self, **parts: float) -> None:
        self.at += timedelta(**parts)


class Ended(Exception):
    """The process ended here."""


class Ending(Store[Any]):
    """A store whose process ends before its n-th write."""

    writes = count()
    ends_at = -1

    @classmethod
    def end_before(cls, write: int) -> None:
        cls.writes, cls.ends_at = count(), write

    @classmethod
    def _live(cls) -> None:
        if next(cls.writes) == cls.ends_at:
            raise Ended

    async def insert(self, item: Any) -> None:
        self._live()
        await super().insert(item)

    async def change(self, *args: Any, **others: Any) -> Any:
        self._live()
        return await super().change(*args, **others)


class Books:
    """The audit over stores of a kind: what a process has, and the means to tamper with it."""

    def __init__(self, make: Callable[[Collection[Any]], Any], raw: Any = None) -> None:
        self.raw = raw
        self.clock = Clock()
        self.entries, self.blocks, self.leases = (make(one) for one in (AUDIT_ENTRIES, AUDIT_BLOCKS, LEASES))
        self.audit = Audit(self.entries, self.clock.now)
        self.checks = AuditChecks(self.entries, self.blocks, self.clock.now)

    def sealer(self, size: int = 500) -> AuditBlocks:
        leases = Leases(self.leases, self.clock.now)
        return AuditBlocks(self.entries, self.blocks, leases, self.clock.now, size)

    async def enter(self, number: int) -> None:
        for each in range(number):
            await self.audit.record(fact(f"{each}"))

    async def findings(self, **asked: Any) -> list[Finding]:
        return list((await self.checks.run(**asked)).findings)

    async def seal_after(self, *numbers: int) -> None:
        """Enter so many and seal them, again and again, a minute apart."""
        sealer = self.sealer()
        for number in numbers:
            await self.enter(number)
            await sealer.run()
            self.clock.advance(minutes=1)

    async def entry(self, block: int) -> Entry:
        found: list[Entry] = await self.entries.list_({"block": block}, sort="order")
        return found[0]

    async def block(self, number: int) -> Block:
        found: Block | None = await self.blocks.find(block_id(number))
        assert found is not None
        return found


def fact(thing: str = "thing") -> Fact:
    return Fact(
        actor="SOMEBODY", action="session_ended", kind="session", object=thing, details={"b": "1", "a": "2"}
    )


@pytest.fixture
async def books(database: Database) -> Books:
    for one in (AUDIT_ENTRIES, AUDIT_BLOCKS, LEASES):
        await database.drop_collection(one.name)
    books = Books(lambda one: Store(database, one, strict=True), database)
    for store in (books.entries, books.blocks, books.leases):
        await store.create_indexes()
    return books


@pytest.fixture
async def ending(database: Database, books: Books) -> Books:
    """The same books, written by a process that will end."""
    Ending.end_before(-1)
    return Books(lambda one: Ending(database, one, strict=True))


async def test_a_fact_entered_under_a_name_is_entered_once(books: Books) -> None:
    await asyncio.gather(*(books.audit.record(fact(), "card:1:a") for _ in range(5)))
    await books.audit.record_named({"card:1:a": fact(), "card:1:b": fact()})
    page = await books.audit.list_page(Search(object="thing"), 1, 10)
    assert (page.total, {entry.id for entry in page.rows}) == (2, {"card:1:a", "card:1:b"})


async def test_pages_of_entries_are_newest_first_and_say_how_many_there_are(books: Books) -> None:
    for each in range(5):
        await books.audit.record(fact(f"{each}"))
        books.clock.advance(seconds=1)
    page = await books.audit.list_page(Search(actor="SOMEBODY"), 2, 2)
    assert (page.total, [entry.object for entry in page.rows]) == (5, ["2", "1"])
    assert (await books.audit.list_page(Search(actor="NOBODY"), 1, 2)).total == 0


@pytest.mark.parametrize("text", ["王小明", "a\nb", "x" * 201])
async def test_a_text_that_somebody_typed_is_never_entered(books: Books, text: str) -> None:
    with pytest.raises(PersonalText):
        await books.audit.record(replace(fact(), details={"reason": text}))
    assert await books.entries.count({}) == 0


def test_the_canonical_form_does_not_depend_on_order_or_on_the_mark() -> None:
    entry = Entry(
        id="1",
        actor="A",
        action="card_frozen",
        kind="card",
        object="C",
        outcome="success",
        at=AT,
        order="7",
        details={"a": "1", "b": "2"},
    )
    form = (
        '[1,"1","A","card_frozen","card","C","success","2026-07-15T04:00:05.000+00:00","7",{"a":"1","b":"2"}]'
    )
    assert hash_entry(entry) == hashlib.sha256(form.encode()).hexdigest()
    assert hash_entry(replace(entry, details={"b": "2", "a": "1"}, block=7)) == hash_entry(entry)
    assert hash_entry(replace(entry, at=AT + timedelta(milliseconds=1))) != hash_entry(entry)


async def test_what_is_entered_is_listed_as_unsealed_and_then_sealed_in_a_chain(books: Books) -> None:
    await books.enter(3)
    report = await books.checks.run()
    assert (len(report.unsealed), report.findings, report.last) == (3, (), 0)
    await books.seal_after(0, 2, 1)
    report = await books.checks.run()
    assert (report.unsealed, report.findings) == ((), ())
    assert (report.last, report.entries, report.head) == (3, 6, (await books.block(3)).hash)
    assert (await books.block(3)).previous == (await books.block(2)).hash


async def test_a_backlog_is_sealed_in_blocks_of_bounded_size(books: Books) -> None:
    for _ in range(7):
        await books.enter(1)
        books.clock.advance(hours=1)
    await books.sealer(size=3).run()
    assert [len((await books.block(number)).entries) for number in (1, 2, 3)] == [3, 3, 1]
    assert await books.findings() == []


async def test_ten_sealers_at_once_make_one_chain(books: Books) -> None:
    for _ in range(5):
        await books.enter(7)
        await asyncio.gather(*(books.sealer().run() for _ in range(10)))
        books.clock.advance(minutes=2)
    await books.sealer().run()
    report = await books.checks.run()
    assert (report.findings, report.unsealed, report.entries) == ((), (), 35)


async def test_ten_sealers_that_all_believe_to_hold_the_lease_make_one_chain(books: Books) -> None:
    for _ in range(3):
        await books.enter(7)
        head = await books.sealer().find_head()
        await asyncio.gather(*(books.sealer().seal(head) for _ in range(10)))
    report = await books.checks.run()
    assert (report.findings, report.unsealed, report.entries, report.last) == ((), (), 21, 3)


async def test_a_lease_is_held_by_one_and_passes_on_when_it_is_over(books: Books) -> None:
    leases = Leases(books.leases, books.clock.now)
    minute = timedelta(minutes=1)
    taken = await asyncio.gather(*(leases.take("work", f"{each}", minute) for each in range(5)))
    assert taken.count(True) == 1
    holder = f"{taken.index(True)}"
    assert await leases.take("work", holder, minute)
    assert not await leases.take("work", "another", minute)
    books.clock.advance(minutes=1)
    taken = await asyncio.gather(*(leases.take("work", f"new {each}", minute) for each in range(5)))
    assert taken.count(True) == 1
    assert not await leases.take("work", holder, minute)


@pytest.mark.parametrize("write", range(9))
async def test_a_sealer_that_ends_before_any_write_is_followed_by_one_that_goes_on(
    books: Books, ending: Books, write: int
) -> None:
    await books.enter(3)
    Ending.end_before(write)
    try:
        await ending.sealer().run()
    except Ended:
        assert (await books.checks.run()).findings == ()
    await books.enter(2)
    books.clock.advance(minutes=2)
    await books.sealer().run()
    report = await books.checks.run()
    assert (report.findings, report.unsealed, report.entries) == ((), (), 5)


async def test_every_write_of_a_sealer_was_among_those_that_it_ended_before(
    books: Books, ending: Books
) -> None:
    await books.enter(3)
    await ending.sealer().run()
    assert next(Ending.writes) < 9


async def _change_entry(books: Books) -> None:
    entry = await books.entry(2)
    await books.entries.put(replace(entry, actor="SOMEBODY ELSE"))


async def _remove_entry(books: Books) -> None:
    await books.entries.delete({"_id": (await books.entry(2)).id})


async def _insert_into_a_block(books: Books) -> None:
    await books.entries.insert(replace(await books.entry(2), id="forged"))


async def _insert_outside(books: Books) -> None:
    await books.entries.insert(replace(await books.entry(2), id="forged", block=-1))


async def _insert_in_the_past(books: Books) -> None:
    await books.entries.insert(replace(await books.entry(1), id="forged", at=AT - LATE, block=UNSEALED))


async def _insert_in_the_past_and_seal(books: Books) -> None:
    await books.entries.insert(
        replace(await books.entry(1), id="forged", at=AT - timedelta(hours=1), block=0)
    )
    await books.sealer().run()


async def _seal_again(books: Books) -> None:
    await books.entries.change({"_id": (await books.entry(2)).id}, {"block": UNSEALED})
    await books.sealer().run()


async def _change_block(books: Books) -> None:
    block = await books.block(2)
    await books.blocks.put(replace(block, at=block.at - timedelta(hours=1)))


async def _rewrite_block(books: Books) -> None:
    """Change an entry, and the block's hashes so that the block itself is right."""
    await _change_entry(books)
    block, entry = await books.block(2), await books.entry(2)
    sealed = tuple(
        replace(one, hash=hash_entry(entry)) if one.entry == entry.id else one for one in block.entries
    )
    forged = replace(block, entries=sealed)
    await books.blocks.put(replace(forged, hash=hash_block(forged)))


async def _remove_block(books: Books) -> None:
    await books.blocks.delete({"_id": block_id(2)})


async def _remove_last_block(books: Books) -> None:
    await books.blocks.delete({"_id": block_id(3)})


async def _spoil_entry(books: Books) -> None:
    await books.raw.audit_entries.update_one({"_id": (await books.entry(2)).id}, {"$set": {"details": 5}})


async def _spoil_block(books: Books) -> None:
    await books.raw.audit_blocks.update_one({"_id": block_id(2)}, {"$set": {"entries": 5}})


async def _spoil_last_block(books: Books) -> None:
    await books.raw.audit_blocks.update_one({"_id": block_id(3)}, {"$set": {"entries": 5}})


async def _hide_entry(books: Books) -> None:
    """Give an entry a mark of another type, which no search for numbers meets."""
    await books.entries.insert(replace(await books.entry(2), id="forged"))
    await books.raw.audit_entries.update_one({"_id": "forged"}, {"$set": {"block": "two"}})


@pytest.mark.parametrize(
    ("tamper", "kinds"),
    [
        (_change_entry, {"entry_changed"}),
        (_remove_entry, {"entry_removed"}),
        (_insert_into_a_block, {"entry_inserted"}),
        (_insert_outside, {"entry_inserted"}),
        (_insert_in_the_past, {"entry_unsealed_late"}),
        (_insert_in_the_past_and_seal, {"entry_backdated"}),
        (_seal_again, {"entry_marked_wrong"}),
        (_change_block, {"block_changed"}),
        (_rewrite_block, {"chain_broken"}),
        (_remove_block, {"block_missing"}),
        (_remove_last_block, {"block_missing"}),
        (_spoil_entry, {"unreadable", "entry_removed"}),
        (_spoil_block, {"unreadable"}),
        (_spoil_last_block, {"unreadable"}),
    ],
)
async def test_what_is_touched_is_found(
    books: Books, tamper: Callable[[Books], Awaitable[None]], kinds: set[str]
) -> None:
    await books.seal_after(3, 3, 3)
    assert await books.findings() == []
    await tamper(books)
    assert {finding.kind for finding in await books.findings()} == kinds


async def test_an_entry_hidden_under_a_mark_that_is_no_number_is_found(books: Books) -> None:
    await books.seal_after(3, 3)
    await _hide_entry(books)
    # Engines differ on whether a search for numbers meets it; one way or the other it is missed.
    assert {finding.kind for finding in await books.findings()} < {"unreadable", "entries_unaccounted"}
    assert await books.findings()


async def test_a_chain_rebuilt_whole_or_cut_short_is_found_by_a_head_noted_elsewhere(books: Books) -> None:
    await books.seal_after(3, 3)
    noted = {2: (await books.block(2)).hash}
    assert await books.findings(heads=noted) == []
    for entry in await books.entries.list_({"block": 2}):
        await books.entries.delete({"_id": entry.id})
    await books.blocks.delete({"_id": block_id(2)})
    assert await books.findings() == []
    assert await books.findings(heads=noted) == [Finding("block_missing", 2)]
    await books.seal_after(1)
    assert await books.findings(heads=noted) == [Finding("head_differs", 2)]


async def test_the_newest_blocks_can_be_checked_alone(books: Books) -> None:
    await books.seal_after(1, 1, 1, 1)
    await books.blocks.change({"_id": block_id(1)}, {"previous": "x"})
    assert await books.findings(newest=2) == []
    assert {finding.block for finding in await books.findings()} == {1}


async def test_a_day_s_head_is_logged_once_by_the_sealer(books: Books) -> None:
    await books.seal_after(1)
    sealer, written = books.sealer(), io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(message)s %(day)s %(block)s %(hash)s"))
    logging.getLogger("union.audit").addHandler(handler)
    logging.getLogger("union.audit").setLevel(logging.INFO)
    books.clock.advance(days=1)
    await sealer.run()
    await sealer.run()
    logging.getLogger("union.audit").removeHandler(handler)
    assert written.getvalue() == f"audit_head 2026-07-15 1 {(await books.block(1)).hash}\n"


async def test_a_sealer_that_meets_what_is_no_entry_goes_on_once_it_is_gone(books: Books) -> None:
    await books.enter(1)
    await books.raw.audit_entries.insert_one({"_id": "spoilt", "block": UNSEALED, "order": "0"})
    sealer = books.sealer()
    await sealer.run()
    assert (await books.checks.run()).last == 0
    await books.raw.audit_entries.delete_one({"_id": {"$eq": "spoilt"}})
    await sealer.run()
    assert (await books.checks.run()).last == 1


def test_nothing_in_the_configuration_switches_the_audit_off() -> None:
    assert [name for name in Config.__struct_fields__ if "audit" in name] == []


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["enter", "seal", "step", "step", "step", "kill", "wait"]), st.integers(0, 7)),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_any_interleaving_of_entries_and_sealers_that_may_die_verifies(taken: list[Step]) -> None:
    books = Books(lambda _: SteppedStore())
    stepper, entered = Stepper(), 0
    actions: dict[str, Callable[[int], None]] = {
        "seal": lambda _: stepper.start(books.sealer().seal_all()),
        "step": stepper.step,
        "kill": stepper.kill,
        "wait": lambda seconds: books.clock.advance(seconds=seconds),
    }
    for action, which in taken:
        if action == "enter":
            run(books.audit.record(fact()))
            entered += 1
        else:
            actions[action](which)
    assert run(books.findings()) == []
    stepper.finish()
    run(books.sealer().run())
    report = run(books.checks.run())
    assert (report.findings, report.unsealed, report.entries) == ((), (), entered)
