"""Tickets: what two people reported of a station, for the 站长, the street, then the district, with a clock.

Invariants: one open ticket per station and problem (`live`, unique while it is open). A ticket is the 站长's
for two hours (where there is none it begins with the street), then the street's for a day, then the
district's for another, then overdue; a worker moves it on condition of the clock that it saw, and tells
those whose turn it is, which `pending` says until it is done. Who answers a ticket answers the station's mark
first, and enters in the same write what the answer says of today: a crash before the ticket's own end leaves
an open ticket, to be answered again, never a marked station that nobody is asked about. Any of the union's
staff may see every ticket and answer it: service is city-wide. Those of the stations that somebody oversees
(`models/station_hosts.py`) are read whole and paged in memory, for who runs a station may change while its
ticket is open; there is at most one for each station and problem.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.appointments import SCANNERS
from models.audit import Fact
from models.clock import Now
from models.errors import Conflict, Missing
from models.evidence import EVIDENCE_CHANGED, Evidence, EvidenceBoard, Problem, Statement
from models.filters import Index
from models.offices import Office
from models.pages import Page
from models.station_board import StationBoard
from models.stations import Station
from models.store import Collection, Duplicate, Store
from models.ticket_answers import Answer, answered, check_fit

TICKETS_DUE = "station-tickets"
KEEPER_HAS = timedelta(hours=2)
STREET_HAS = timedelta(hours=24)
DISTRICT_HAS = timedelta(hours=24)
BATCH = 100

Tier = Literal["keeper", "street", "district"]
TicketState = Literal["open", "answered"]
TIERS: dict[Tier, str] = {"keeper": "站长", "street": "街道", "district": "区县"}
HAS: dict[Tier, timedelta] = {"keeper": KEEPER_HAS, "street": STREET_HAS, "district": DISTRICT_HAS}
# Whose a ticket is when a tier's time is over; above the district there is nobody.
NEXT: dict[Tier, Tier] = {"keeper": "street", "street": "district"}


class NoSuchTicket(Missing):
    """There is no such ticket."""

    code = "ticket_not_found"
    message = "没有这张工单"


class TicketAnswered(Conflict):
    """Somebody answered the ticket before, otherwise; `details.answer` is how."""

    code = "ticket_answered"
    message = "这张工单已经有人处理了"


class Ticket(Struct, frozen=True, kw_only=True):
    """One ticket; `due` is when its tier's time is over, None once it is answered or overdue at the last."""

    id: str = field(name="_id")
    station: str
    problem: Problem
    state: TicketState = "open"
    tier: Tier = "keeper"
    opened: datetime
    due: datetime | None = None
    live: str | None = None
    pending: Tier | None = None
    answer: Answer | None = None
    answered: datetime | None = None
    by: str | None = None


STATION_TICKETS = Collection(
    "station_tickets",
    Ticket,
    (
        Index(("live",), unique=True),
        Index(("due",)),
        Index(("state", "opened")),
        Index(("pending",)),
    ),
)

Tell = Callable[[Ticket], Awaitable[None]]
Oversees = Callable[[str, Station], bool]


class Doubted(Struct, frozen=True):
    """What tickets are about: where stations are, what is known of them, whether somebody oversees one."""

    board: StationBoard
    evidence: EvidenceBoard
    oversees: Oversees


class StationTickets:
    """Opens tickets, moves them up, answers them; takes the 站长's word that a station is open."""

    def __init__(self, store: Store[Ticket], doubted: Doubted, office: Office, now: Now) -> None:
        self._store = store
        self._board = doubted.board
        self._evidence = doubted.evidence
        self._oversees = doubted.oversees
        self._office = office
        self._now = now

    async def open(self, station: str, problem: Problem, since: datetime, tier: Tier) -> None:
        """Open a ticket, a tier's first, unless there is an open one; `since` is the mark's, and names it."""
        ticket = Ticket(
            id=f"{station}-{problem}-{int(since.timestamp() * 1000):x}",
            station=station,
            problem=problem,
            tier=tier,
            opened=self._now(),
            due=self._now() + HAS[tier],
            live=f"{station}:{problem}",
            pending=tier,
        )
        try:
            await self._store.insert(ticket)
        except Duplicate:
            return
        await self._office.signals.send(TICKETS_DUE)

    async def list_page(self, officer: str, page: int, size: int, *, only_own: bool) -> Page[Ticket]:
        """Return a page of the open tickets, the oldest first; NotStaff.

        With `only_own` those of the stations that the officer oversees, and of them first those that an
        organisation runs: what nobody was told of may be old, and is not to stand before what is theirs.
        """
        self._office.appointments.get(officer, SCANNERS)
        first, where = (page - 1) * size, {"state": "open"}
        if not only_own:
            found = await self._store.list_(where, sort="opened", limit=first + size)
            return Page(found[first:], await self._store.count(where))
        run, unrun = list[Ticket](), list[Ticket]()
        for ticket in await self._store.list_(where, sort="opened"):
            station = self._board.get(ticket.station)
            if self._oversees(officer, station):
                (run if station.organisation else unrun).append(ticket)
        own = run + unrun
        return Page(own[first : first + size], len(own))

    async def answer(self, officer: str, ticket: str, answer: Answer) -> Ticket:
        """Answer a ticket; the same answer again changes nothing.

        That the station is closed today is the word of `state`, too. NotStaff, NoSuchTicket,
        AnswerDoesNotFit, TicketAnswered.
        """
        self._office.appointments.get(officer, SCANNERS)
        found = await self._store.find(ticket)
        if found is None:
            raise NoSuchTicket
        if found.state == "open":
            check_fit(found.problem, answer)
            await self._clear(found, officer, answer)
            found = await self._close(found, officer, answer)
        if found.answer != answer:
            raise TicketAnswered(answer=found.answer)
        return found

    async def state(self, officer: str, code: str, *, is_open: bool) -> Evidence:
        """Enter the 站长's word of today; that it is open answers reports of a locked door. NotStaff."""
        self._office.appointments.get(officer, SCANNERS)
        station, said = self._board.get(code).id, Statement(is_open, self._now(), officer)
        await self._record_word(officer, station, is_open=is_open)

        async def add(seen: Evidence) -> Evidence:
            return replace(seen, said=said, opened=said.at if is_open else seen.opened)

        evidence = await self._evidence.change(station, add)
        await self._office.signals.send(EVIDENCE_CHANGED)
        if is_open:
            live = await self._store.find_one({"live": f"{station}:locked"})
            if live:
                await self._close(live, officer, "opened")
        return evidence

    async def work(self, tell: Tell) -> None:
        """Move the tickets whose time is over, and tell those whose turn came; any number of workers may."""
        await self.escalate()
        while waiting := await self._store.list_({"pending": {"$gt": ""}}, limit=BATCH):
            for ticket in waiting:
                if ticket.state == "open":
                    await tell(ticket)
                seen = {"_id": ticket.id, "pending": ticket.pending}
                await self._store.change(seen, {}, without=("pending",))

    async def escalate(self) -> None:
        """Move the tickets whose time is over: to the street, to the district, then nowhere further."""
        while late := await self._store.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH):
            for ticket in late:
                moved: dict[str, Any] = {"due": None}
                if tier := NEXT.get(ticket.tier):
                    moved = {"tier": tier, "due": self._now() + HAS[tier], "pending": tier}
                await self._store.change({"_id": ticket.id, "due": ticket.due}, moved)

    async def _record_word(self, officer: str, station: str, *, is_open: bool) -> None:
        details = {"state": "open" if is_open else "closed"}
        fact = Fact(actor=officer, action="station_stated", kind="station", object=station, details=details)
        await self._office.audit.record(fact)

    async def _clear(self, ticket: Ticket, officer: str, answer: Answer) -> None:
        if answer == "closed_today":
            await self._record_word(officer, ticket.station, is_open=False)
        at = self._now()

        async def add(seen: Evidence) -> Evidence:
            return answered(seen, ticket.problem, answer, officer, at)

        await self._evidence.change(ticket.station, add)
        await self._office.signals.send(EVIDENCE_CHANGED)

    async def _close(self, ticket: Ticket, officer: str, answer: Answer) -> Ticket:
        fact = Fact(
            actor=officer,
            action="station_ticket_answered",
            kind="station",
            object=ticket.station,
            details={"ticket": ticket.id, "answer": answer},
        )
        await self._office.audit.record(fact)
        values = {"state": "answered", "answer": answer, "answered": self._now(), "by": officer}
        closed = await self._store.change(
            {"_id": ticket.id, "state": "open"}, values, without=("live", "due")
        )
        closed = closed or await self._store.find(ticket.id)
        if closed is None:
            raise NoSuchTicket
        return closed
