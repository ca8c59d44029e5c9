"""An import whose process died at any of its writes is finished by the next, and comes out the same."""

import secrets
from collections.abc import Sequence
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from models.clock import local_day
from models.leases import LEASES
from models.membership_figures import list_movements
from models.people import Particulars, claim_index
from models.roster_imports import RosterImports
from models.roster_jobs import IMPORT_JOBS, IMPORT_PARTS, IMPORT_PROBLEMS, Jobs
from models.signals import Signals
from models.store import Database, Store
from server.claiming import shelf_of
from server.rosters import Beside, build_roster_book
from tests.handlers.test_roster_imports import HEADING, csv, numbers
from tests.models.mortal import Crash, Life, Mortal
from tests.models.test_membership_crashes import COLLECTIONS, VAULT, Process, Site

MORE = (IMPORT_JOBS, IMPORT_PARTS, IMPORT_PROBLEMS, LEASES)
CHUNK, ROWS = 4, 6
PHONES = {"赵大河": "13812345678", "赵中河": "13912345678", "赵小河": "15012345678"}
MOST_WRITES = 60


class Keeping(Mortal):
    """A store whose whole writes may be the last ones, too."""

    async def put(self, item: Any) -> None:
        await self._life.write(lambda: Store.put(self, item))

    async def delete(self, where: Any) -> Any:
        return await self._life.write(lambda: Store.delete(self, where))


class Importer(Process):
    """A process that imports."""

    def __init__(self, database: Database, site: Site, life: Life) -> None:
        super().__init__(database, site.clock, life)
        self.stores |= {one.name: Keeping(database, one, life) for one in MORE}
        signals = Signals(FakeAsyncRedis(server=FakeServer()))
        beside = Beside(self.organisations, self.appointments, self.audit, signals)
        book = build_roster_book(self.stores, shelf_of(self.stores, VAULT), beside, site.clock.now)
        self.imports: RosterImports = book.imports
        self.imports._chunk = CHUNK
        self.jobs: Jobs = book.jobs

    async def carry(self, officer: str, job: str) -> None:
        """Check an import, let it run, and carry it through; what of it is over already stays."""
        await self.imports.work()
        await self.imports.run(officer, job)
        await self.imports.work()


class Town:
    """A town's database, and its officer's imports."""

    def __init__(self, database: Database, site: Site) -> None:
        self.database = database
        self.site = site

    async def start(self, ends_at: int = -1, *, after: bool = False) -> Importer:
        process = Importer(self.database, self.site, Life(ends_at, after=after))
        await process.organisations.mirror.refresh()
        await process.appointments.mirror.refresh()
        return process

    async def cut_short(self, site: Site, job: str, ends_at: int) -> tuple[Importer, bool]:
        """Carry an import by a process that ends at a write, then by the next; say whether it did end."""
        dying, died = await self.start(ends_at, after=bool(secrets.randbelow(2))), False
        try:
            await dying.carry(site.officer, job)
        except Crash:
            died = True
        site.clock.advance(minutes=2)  # The dead process's lease is over.
        again = await self.start()
        await again.carry(site.officer, job)
        return again, died

    def roster(self) -> bytes:
        rows = [("赵小河", number, "13812345678", "", "2020-05-01") for number in numbers(ROWS)]
        return csv([*rows, ("赵小河", "1", "1", "", ""), *rows[:1]], HEADING)


@pytest.fixture
async def town(database: Database) -> Town:
    for collection in (*COLLECTIONS, *MORE):
        await Store(database, collection).create_indexes()
    return Town(database, await Site(database).open())


@pytest.mark.parametrize("part", range(4))
async def test_an_import_cut_short_at_any_write_is_finished_whole_and_its_file_is_gone(
    town: Town, part: int
) -> None:
    for ends_at in range(part, MOST_WRITES, 4):
        site = await town.site.open()
        healthy = await town.start()
        begun = await healthy.imports.begin(site.officer, town.roster(), site.here, updates=False)
        again, died = await town.cut_short(site, begun.id, ends_at)
        await expect_whole(again, site, begun.id)
        if not died:
            return
    pytest.fail("an import makes more writes than were tried")


async def expect_whole(process: Importer, site: Site, job: str) -> None:
    done = await process.jobs.get(job)
    assert (done.state, done.has_file, done.working) == ("done", False, None)
    assert done.counts == {"created": ROWS, "rejected": 1, "duplicate": 1}
    assert await process.stores["roster_parts"].list_({"job": job}) == []
    problems = await process.jobs.list_problems(done)
    assert [one.outcome for one in problems] == ["rejected", "duplicate"]
    members = await process.memberships.list_of(site.here, 0)
    assert len(members) == ROWS
    figures = await process.book.figures.count([site.here], "2026-07-15", "2026-07-15")
    assert figures.counted == ROWS
    for member in (members[0], members[-1]):
        assert await process.people.get_name(member.person) == "赵小河"
        person = await process.stores["people"].find(member.person)
        assert person is not None
        assert person.claim
        for movement in list_movements(member):
            assert await process.stores["membership_movements"].find(movement.id) == movement


@pytest.mark.parametrize("part", range(4))
async def test_an_import_that_midnight_cuts_short_is_all_of_the_day_on_which_it_was_let_run(
    town: Town, part: int
) -> None:
    for ends_at in range(part, MOST_WRITES, 4):
        town.site.clock.reset()
        site = await town.site.open()
        healthy = await town.start()
        rows = [("赵小河", number, "13812345678", "", "") for number in numbers(ROWS)]
        begun = await healthy.imports.begin(site.officer, csv(rows, HEADING), site.here, updates=False)
        await healthy.imports.work()
        site.clock.advance(days=1, hours=11, minutes=54)  # Another day, a minute before its midnight.
        again, died = await town.cut_short(site, begun.id, ends_at)
        members = await again.memberships.list_of(site.here, 0)
        assert len(members) == ROWS
        assert {(one.since, local_day(one.entered)) for one in members} == {("2026-07-16", "2026-07-16")}
        for member in members:
            for movement in list_movements(member):
                assert await again.stores["membership_movements"].find(movement.id) == movement
        figures = await again.book.figures.count([site.here], "2026-07-16", "2026-07-16")
        assert (figures.counted, figures.counted_later) == (ROWS, 0)
        assert died or ends_at > 2
        if not died:
            return
    pytest.fail("an import makes more writes than were tried")


@pytest.mark.parametrize("part", range(4))
async def test_an_update_cut_short_at_any_write_leaves_each_person_whole_as_the_roster_says(
    town: Town, part: int
) -> None:
    site, known = town.site, numbers(ROWS)
    healthy = await town.start()
    first = await healthy.imports.begin(site.officer, roster_of(known, "赵中河"), site.here, updates=False)
    await healthy.carry(site.officer, first.id)
    for ends_at in range(part, MOST_WRITES, 4):
        name, cards = f"赵{'大小'[ends_at // 4 % 2]}河", [secrets.token_hex(6) for _ in known]
        content = roster_of(known, name, cards)
        begun = await healthy.imports.begin(site.officer, content, site.here, updates=True)
        await healthy.imports.work()
        again, died = await town.cut_short(site, begun.id, ends_at)
        done = await again.jobs.get(begun.id)
        assert (done.state, done.has_file, done.working) == ("done", False, None)
        assert done.counts == {"updated": ROWS}
        for number, card in zip(known, cards, strict=True):
            await expect_updated(again, Particulars(name=name, id_document=number, phone=PHONES[name]), card)
        if not died:
            return
    pytest.fail("an update makes more writes than were tried")


def roster_of(known: Sequence[str], name: str, cards: Sequence[str] = ("",) * ROWS) -> bytes:
    rows = [(name, one, PHONES[name], "", "", card) for one, card in zip(known, cards, strict=True)]
    return csv(rows, (*HEADING, "会员证号"))


async def expect_updated(process: Importer, who: Particulars, card: str) -> None:
    """Everything that a person is found by, and the card number, as the latest roster says."""
    identity = await process.stores["identities"].find(f"card_number:{VAULT.blind('card_number', card)}")
    assert identity is not None
    person = identity.person
    assert await process.people.find_particulars(person) == who
    kept, row = await process.stores["people"].find(person), await process.stores["vault"].find(person)
    assert kept is not None
    assert kept.claim == claim_index(VAULT, who)
    assert row is not None
    assert row.name_index == VAULT.blind("name", who.name)
    assert row.phone_index == VAULT.blind("phone", who.phone)
