"""Tickets of stations that people doubt, and the 站长's word that a station is open or closed."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import OFFICES, Handler, endpoint
from handlers.evidence import AnyProblem
from handlers.fields import Moment, Name, PageNumber, PageSize, StationCode, Total
from handlers.wire import Asked, PageQuery, Wire, local
from models.appointments import NotStaff
from models.evidence import PROBLEM_WORDS
from models.station_tickets import TIERS, NoSuchTicket, Ticket, TicketAnswered, TicketState, Tier
from models.stations import NoSuchStation
from models.ticket_answers import ANSWERS, Answer, AnswerDoesNotFit

AnyAnswer = Annotated[
    Answer,
    Meta(
        examples=["opened"],
        description=(
            "Opened; closed for today, which is published; mended; published as broken; "
            "the published hours, the position corrected; it was not so"
        ),
    ),
]


class TicketReply(Wire, frozen=True):
    """A ticket: what, of which station, whose turn it is and until when; `answers` are those that fit."""

    ticket: Annotated[str, Meta(examples=["4E8M0R2T-locked-19813f2c5d8"])]
    station: StationCode
    name: Name
    problem: AnyProblem
    problem_words: Annotated[str, Meta(examples=["锁门"])]
    state: Annotated[TicketState, Meta(examples=["open"])]
    tier: Annotated[Tier, Meta(examples=["keeper"])]
    tier_words: Annotated[str, Meta(examples=["站长"])]
    opened: Moment
    due: Annotated[Moment | None, Meta(examples=["2026-07-15T14:40:00+08:00"])]
    answers: list[AnyAnswer]
    answer: Annotated[Answer | None, Meta(examples=[None])]


class TicketsQuery(PageQuery, frozen=True):
    """Which page, and of which stations: those that one oversees, or all."""

    own: Annotated[
        bool,
        Meta(
            examples=[True],
            description="Only those of stations that are run where one serves, or below, or by nobody",
        ),
    ] = True


class TicketTable(Wire, frozen=True):
    """A page of the open tickets, the oldest first."""

    rows: list[TicketReply] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize
    server_time: Moment


class TicketAnswerRequest(Asked, frozen=True):
    """What was found; an answer that fits the ticket's problem."""

    answer: AnyAnswer


class StatementRequest(Asked, frozen=True):
    """Whether the station is open now; it holds for today, before the published hours."""

    open: Annotated[bool, Meta(examples=[True])]


class StatedReply(Wire, frozen=True):
    """The word as it was taken."""

    station: StationCode
    open: Annotated[bool, Meta(examples=[True])]
    at: Moment


class StationTicketsHandler(Handler):
    """Open tickets."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: TicketsQuery) -> TicketTable:
        """Return a page of the open tickets; of one's own, those that an organisation runs come first."""
        tickets, page, size = self.services.visits.tickets, query.page, query.page_size
        found = await tickets.list_page(self.session.subject, page, size, only_own=query.own)
        return TicketTable(
            rows=[_reply(self, ticket) for ticket in found.rows],
            total=found.total,
            page=page,
            page_size=size,
            server_time=local(self.services.now()),
        )


class StationTicketHandler(Handler):
    """One ticket."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, NoSuchTicket, AnswerDoesNotFit, TicketAnswered))
    async def put(self, ticket: str, *, body: TicketAnswerRequest) -> TicketReply:
        """Answer a ticket: the station's mark goes."""
        answered = await self.services.visits.tickets.answer(self.session.subject, ticket, body.answer)
        return _reply(self, answered)


class StationStatementHandler(Handler):
    """The 站长's word."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def put(self, code: str, *, body: StatementRequest) -> StatedReply:
        """Say that the station is open, or closed, now."""
        tickets = self.services.visits.tickets
        evidence = await tickets.state(self.session.subject, code, is_open=body.open)
        at = evidence.said.at if evidence.said else self.services.now()
        return StatedReply(station=evidence.id, open=body.open, at=local(at))


def _reply(handler: Handler, ticket: Ticket) -> TicketReply:
    return TicketReply(
        ticket=ticket.id,
        station=ticket.station,
        name=handler.services.stations.get(ticket.station).name,
        problem=ticket.problem,
        problem_words=PROBLEM_WORDS[ticket.problem],
        state=ticket.state,
        tier=ticket.tier,
        tier_words=TIERS[ticket.tier],
        opened=local(ticket.opened),
        due=local(ticket.due) if ticket.due else None,
        answers=list(ANSWERS[ticket.problem]),
        answer=ticket.answer,
    )


ROUTES = [
    ("/api/v1/staff/station-tickets", StationTicketsHandler),
    ("/api/v1/staff/station-tickets/{ticket}", StationTicketHandler),
    ("/api/v1/staff/stations/{code}/statement", StationStatementHandler),
]
