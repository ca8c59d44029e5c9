"""Reports, their tickets and the answers after a process died at any of its writes: the next one finishes."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from models.appointments import Appointment
from models.evidence import Evidence, MarkState, standing
from models.hours import ALWAYS
from models.ids import encode, new_id
from models.station_reports import Said
from models.station_tickets import KEEPER_HAS, Ticket, Tier
from models.stations import Station
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.mortal import Crash, Life
from tests.sites import Site as PlainSite

MOST_WRITES = 12
# Two people: another device on another network.
PEOPLE = (("phone-1", "2001:db8:1::1"), ("phone-2", "2001:db8:2::1"))


class Site(PlainSite):
    """A database with stations, and somebody of the union's staff."""

    async def open(self) -> "Site":
        self.reader, self.officer = self.start(), new_id()
        since = self.clock.at - timedelta(days=1)
        appointment = Appointment(
            id=new_id(),
            person=self.officer,
            role="station_staff",
            organisation="ORG",
            since=since,
            changed=since,
        )
        await self.reader.appointments.put(appointment)
        return self

    async def make_station(self) -> str:
        """Return the code of another station, which never closes."""
        code = encode(secrets.randbelow(32**8), 8)
        station = Station(
            id=code,
            name="测试驿站",
            address="",
            district="金水区",
            hours=ALWAYS,
            source="test",
            changed=self.clock.at,
        )
        await self.reader.stations._store.insert(station)
        return code

    async def begin(self, ends_at: int = -1, *, after: bool = False) -> World:
        """A process that knows what is stored."""
        world = self.start(Life(ends_at, after=after))
        for mirror in (world.board.mirror, world.appointments.mirror, world.visits.evidence.mirror):
            await mirror.refresh()
        return world

    async def report(self, world: World, code: str, who: int) -> None:
        device, address = PEOPLE[who]
        await world.visits.reports.record(code, Said(problem="locked", device=device, address=address))

    async def find_mark(self, code: str) -> MarkState | None:
        """What the station's pin says."""
        evidence: Evidence | None = await self.reader.visits.evidence._store.find(code)
        marks = standing(evidence, self.clock.at)
        assert len(marks) <= 1
        return marks[0].state if marks else None

    async def tickets(self, code: str) -> list[Ticket]:
        """The station's open tickets."""
        found = await self.reader.visits.tickets._store.list_({"state": "open"})
        return [ticket for ticket in found if ticket.station == code]

    async def count_reports(self, code: str) -> int:
        """How many reports of a station are stored; none of them waits for anything any more."""
        found = await self.reader.visits.reports._store.list_({"station": code})
        assert [one.pending for one in found] == [None] * len(found)
        return len(found)


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    site = Site(engines, database)
    for store in site.start().stores:
        await store.create_indexes()
    return await site.open()


async def died_at_each_write(
    site: Site,
    prepare: Callable[[str], Awaitable[None]],
    act: Callable[[World, str], Awaitable[None]],
    check: Callable[[str], Awaitable[None]],
    *,
    after: bool,
) -> int:
    """Do something at one station after another, each time cut short one write later; return the last one."""
    for ends_at in range(MOST_WRITES):
        code = await site.make_station()
        await prepare(code)
        dying, died = await site.begin(ends_at, after=after), False
        try:
            await act(dying, code)
        except Crash:
            died = True
        await check(code)
        if not died:
            return ends_at
    pytest.fail("more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("repeats", [False, True], ids=["unasked", "sent-again"])
@pytest.mark.parametrize("who", [0, 1], ids=["first", "second"])
async def test_a_report_that_is_stored_marks_the_station_and_opens_the_ticket_wherever_its_process_died(
    site: Site, who: int, *, repeats: bool, after: bool
) -> None:
    async def prepare(code: str) -> None:
        if who == 1:
            await site.report(await site.begin(), code, 0)

    async def act(world: World, code: str) -> None:
        await site.report(world, code, who)
        await world.visits.reports.work()

    async def check(code: str) -> None:
        healthy = await site.begin()
        if repeats:
            await site.report(healthy, code, who)
        await healthy.visits.reports.work()
        stored = await site.count_reports(code)
        assert stored == who + 1 or (not repeats and not after and stored == who)
        assert await site.find_mark(code) == (None, "reported", "doubtful")[stored]
        assert len(await site.tickets(code)) == (stored == 2)

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 3 + who


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_whose_turn_a_ticket_is_is_told_wherever_the_worker_died(site: Site, *, after: bool) -> None:
    told: list[tuple[str, Tier]] = []

    async def tell(ticket: Ticket) -> None:
        told.append((ticket.station, ticket.tier))

    async def prepare(code: str) -> None:
        world = await site.begin()
        for who in range(2):
            await site.report(world, code, who)
        await world.visits.tickets.work(tell)
        site.clock.at += KEEPER_HAS

    async def act(world: World, code: str) -> None:
        await world.visits.tickets.work(tell)

    async def check(code: str) -> None:
        await (await site.begin()).visits.tickets.work(tell)
        (ticket,) = await site.tickets(code)
        assert (ticket.tier, ticket.pending) == ("street", None)
        assert {(code, "keeper"), (code, "street")} <= set(told)

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("by", ["answer", "statement"])
async def test_no_doubt_stands_without_an_open_ticket_and_the_answer_given_again_is_whole(
    site: Site, by: str, *, after: bool
) -> None:
    async def prepare(code: str) -> None:
        world = await site.begin()
        for who in range(2):
            await site.report(world, code, who)

    async def act(world: World, code: str) -> None:
        if by == "statement":
            await world.visits.tickets.state(site.officer, code, is_open=True)
            return
        for ticket in await site.tickets(code):
            await world.visits.tickets.answer(site.officer, ticket.id, "opened")

    async def check(code: str) -> None:
        is_doubted = await site.find_mark(code) == "doubtful"
        assert await site.tickets(code) or not is_doubted
        healthy = await site.begin()
        await act(healthy, code)
        await healthy.visits.reports.work()
        assert await site.find_mark(code) is None
        assert await site.tickets(code) == []
        found = await healthy.visits.tickets._store.list_({"state": "answered"})
        (ticket,) = [one for one in found if one.station == code]
        assert (ticket.answer, ticket.live, ticket.due) == ("opened", None, None)
        entries = await healthy.auditing.audit._store.list_({"object": code}, sort="order")
        assert "station_ticket_answered" in {entry.action for entry in entries}

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 3
