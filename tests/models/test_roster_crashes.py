"""An import whose process died at any of its writes is finished by the next, and comes out the same."""

import secrets
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from models.leases import LEASES
from models.membership_figures import list_movements
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
        dying, died = await town.start(ends_at, after=bool(secrets.randbelow(2))), False
        try:
            await dying.imports.work()
            await dying.imports.run(site.officer, begun.id)
            await dying.imports.work()
        except Crash:
            died = True
        site.clock.advance(minutes=2)  # The dead process's lease is over.
        again = await town.start()
        await again.imports.work()
        await again.imports.run(site.officer, begun.id)
        await again.imports.work()
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
