"""Officers and security administrators appoint people, and end appointments."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import (
    LINE,
    AppointmentId,
    MaskedName,
    Moment,
    Name,
    OrganisationId,
    PageNumber,
    PageSize,
    PersonId,
    Total,
)
from handlers.idempotency import KeyRequired, read_key
from handlers.security import OptionalMoment
from handlers.wire import Asked, PageQuery, Wire, local
from models.appointment_desk import (
    Given,
    Held,
    Listing,
    NoSuchPerson,
    NotYours,
    OwnAppointment,
    Tier,
    Wish,
    WrongDates,
)
from models.appointments import (
    AlreadyAppointed,
    AppointmentState,
    HoldsAnotherPower,
    NoSuchAppointment,
    NotStaff,
    Role,
)
from models.clock import LOCAL
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import OrganisationEnded
from models.requests import Keyed

ROUTE = "appointments"
OptionalDay = Annotated[date | None, Meta(examples=["2027-01-01"])]


class AppointmentRequest(Asked, frozen=True):
    """Who (name and phone must fit one known person), as what, where; from when, until when.

    The days count from their first moment; absent: from now, and until it is ended.
    """

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=LINE, examples=["王小明"])]
    phone: Annotated[str, Meta(min_length=5, max_length=40, pattern=LINE, examples=["10012345678"])]
    role: Annotated[Given, Meta(examples=["officer"])]
    organisation: OrganisationId
    since: OptionalDay = None
    until: OptionalDay = None

    @property
    def wish(self) -> Wish:
        """What is asked for."""
        return Wish(
            name=self.name,
            phone=self.phone,
            role=self.role,
            organisation=self.organisation,
            since=_beginning(self.since),
            until=_beginning(self.until),
        )


class MadeReply(Wire, frozen=True):
    """An appointment that was made."""

    id: AppointmentId
    person: PersonId
    role: Annotated[Role, Meta(examples=["officer"])]
    organisation: Name
    since: Moment
    until: OptionalMoment


class AppointmentsQuery(PageQuery, frozen=True):
    """Of which organisation and all below it (absent: of all of mine); in force and to come, or over."""

    organisation: OrganisationId | None = None
    over: Annotated[bool, Meta(examples=[False])] = False


class HeldRow(Wire, frozen=True):
    """One appointment, the name masked; `tier` says which officer it is. It ends before `until`."""

    id: AppointmentId
    person: PersonId
    name: MaskedName
    role: Annotated[Role, Meta(examples=["officer"])]
    tier: Annotated[Tier, Meta(examples=["street"])]
    organisation: Name
    since: Moment
    until: OptionalMoment
    state: Annotated[AppointmentState, Meta(examples=["in_force"])]
    is_mine_to_end: bool

    @classmethod
    def of(cls, held: Held) -> "HeldRow":
        """Return an appointment as it goes on the wire."""
        one = held.appointment
        return cls(
            id=one.id,
            person=one.person,
            name=held.name,
            role=one.role,
            tier=held.tier,
            organisation=held.organisation_name,
            since=local(one.since),
            until=local(one.until) if one.until else None,
            state=held.state,
            is_mine_to_end=held.is_mine_to_end,
        )


class HeldTable(Wire, frozen=True):
    """A page of appointments."""

    rows: list[HeldRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class StaffAppointmentsHandler(Handler):
    """Appointments in my organisations."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: AppointmentsQuery) -> HeldTable:
        """Return a page of those in force and those to come, or of those that are over."""
        listing = Listing(
            organisation=query.organisation, is_over=query.over, page=query.page, size=query.page_size
        )
        found = await self.services.appointment_desk.list_page(self.session.subject, listing)
        return HeldTable(
            rows=[HeldRow.of(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )

    @endpoint(
        201,
        refuses=(
            NotStaff,
            NoSuchOrganisation,
            OrganisationEnded,
            NotYours,
            NoSuchPerson,
            OwnAppointment,
            WrongDates,
            HoldsAnotherPower,
            AlreadyAppointed,
            KeyRequired,
            KeyReused,
        ),
    )
    async def post(self, *, body: AppointmentRequest) -> MadeReply:
        """Appoint somebody; needs the header `Idempotency-Key`."""
        request = Keyed(ROUTE, read_key(self), self.request.body)
        one = await self.services.appointment_desk.appoint(self.session.subject, body.wish, request)
        return MadeReply(
            id=one.id,
            person=one.person,
            role=one.role,
            organisation=self.services.organisations.get_own_name(one.organisation),
            since=local(one.since),
            until=local(one.until) if one.until else None,
        )


class StaffAppointmentHandler(Handler):
    """One appointment."""

    kinds = CONSOLE

    @endpoint(204, refuses=(NotStaff, NoSuchAppointment, NotYours, OwnAppointment))
    async def delete(self, appointment: str) -> None:
        """End it now, in my name."""
        await self.services.appointment_desk.end(self.session.subject, appointment)


def _beginning(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LOCAL).astimezone(UTC) if day else None


ROUTES = [
    ("/api/v1/staff/appointments", StaffAppointmentsHandler),
    ("/api/v1/staff/appointments/{appointment}", StaffAppointmentHandler),
]
