"""Reports, their tickets and the answers after a process died at any of its writes: the next one finishes."""

from typing import Literal

import pytest

from models.evidence import Evidence, MarkState, find_statement, standing
from models.station_reports import Said
from models.station_tickets import KEEPER_HAS, Ticket, Tier
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.station_sites import StationSite, died_at_each_write

# Two people: another device on another network.
PEOPLE = (("phone-1", "2001:db8:1::1"), ("phone-2", "2001:db8:2::1"))


class Site(StationSite):
    """A database with stations and what people say of them."""

    async def report(self, world: World, code: str, who: int) -> None:
        device, address = PEOPLE[who]
        await world.visits.reports.record(code, Said(problem="locked", device=device, address=address))

    async def find_mark(self, code: str) -> MarkState | None:
        """What the station's pin says."""
        evidence: Evidence | None = await self.reader.visits.evidence._store.find(code)
        marks = standing(evidence, self.clock.at)
        assert len(marks) <= 1
        return marks[0].state if marks else None

    async def find_word(self, code: str) -> bool | None:
        """Whether its staff said today that the station is open, or closed."""
        statement = find_statement(await self.reader.visits.evidence._store.find(code), self.clock.at)
        return statement.is_open if statement else None

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
    return await Site(engines, database).open("station_staff")


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
        tickets = (await site.begin()).visits.tickets
        await tickets.open(code, "locked", site.clock.at, "keeper")
        await tickets.work(tell)
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
@pytest.mark.parametrize("by", ["opened", "closed_today", "statement"])
async def test_no_doubt_stands_without_an_open_ticket_and_the_answer_given_again_is_whole(
    site: Site, by: Literal["opened", "closed_today", "statement"], *, after: bool
) -> None:
    said = {"opened": None, "closed_today": False, "statement": True}[by]

    async def prepare(code: str) -> None:
        world = await site.begin()
        for who in range(2):
            await site.report(world, code, who)

    async def act(world: World, code: str) -> None:
        if by == "statement":
            await world.visits.tickets.state(site.officer, code, is_open=True)
            return
        for ticket in await site.tickets(code):
            await world.visits.tickets.answer(site.officer, ticket.id, by)

    async def check(code: str) -> None:
        is_doubted, is_asked = await site.find_mark(code) == "doubtful", await site.tickets(code)
        assert is_asked or not is_doubted
        assert is_asked or await site.find_word(code) == said
        healthy = await site.begin()
        await act(healthy, code)
        await healthy.visits.reports.work()
        assert await site.find_mark(code) is None
        assert await site.find_word(code) == said
        assert await site.tickets(code) == []
        found = await healthy.visits.tickets._store.list_({"state": "answered"})
        (ticket,) = [one for one in found if one.station == code]
        answer = "closed_today" if by == "closed_today" else "opened"
        assert (ticket.answer, ticket.live, ticket.due) == (answer, None, None)
        entries = await healthy.auditing.audit._store.list_({"object": code}, sort="order")
        actions = {entry.action for entry in entries}
        assert "station_ticket_answered" in actions
        assert ("station_stated" in actions) == (said is not None)

    assert await died_at_each_write(site, prepare, act, check, after=after) >= 3
