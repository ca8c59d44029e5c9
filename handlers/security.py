"""Appointments, failed sign-ins and open sessions, as the security administrator sees and ends them."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import AppointmentId, MaskedName, Moment, Name, PageNumber, PageSize, PersonId, Total
from handlers.wire import PageQuery, Wire, local
from models.accounts import Failures
from models.appointments import NoSuchAppointment, NotStaff, Role
from models.security import AppointmentProtected, ListedAppointment, NoSuchAppointee
from models.sessions import SessionKind, SessionRecord

OptionalMoment = Annotated[Moment | None, Meta(examples=[None])]


class AppointmentRow(Wire, frozen=True):
    """One appointment in force, the name masked; a protected one is ended by the operator's command alone."""

    id: AppointmentId
    person: PersonId
    name: MaskedName
    role: Annotated[Role, Meta(examples=["officer"])]
    organisation: Name
    since: Moment
    until: OptionalMoment
    is_protected: bool

    @classmethod
    def of(cls, listed: ListedAppointment) -> "AppointmentRow":
        """Return an appointment as it goes on the wire."""
        one = listed.appointment
        return cls(
            id=one.id,
            person=one.person,
            name=listed.name,
            role=one.role,
            organisation=listed.organisation_name,
            since=local(one.since),
            until=local(one.until) if one.until else None,
            is_protected=listed.is_protected,
        )


class AppointmentTable(Wire, frozen=True):
    """A page of appointments."""

    rows: list[AppointmentRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class FailuresRow(Wire, frozen=True):
    """Failed attempts on one name; account and person are null where no account has it."""

    account: Annotated[str | None, Meta(examples=["wang.xiaoming"])]
    person: Annotated[str | None, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
    failures: Annotated[int, Meta(examples=[5])]
    last: Moment
    locked_until: OptionalMoment

    @classmethod
    def of(cls, failures: Failures) -> "FailuresRow":
        """Return failed attempts as they go on the wire."""
        account, attempts = failures.account, failures.attempts
        return cls(
            account=account.id if account else None,
            person=account.person if account else None,
            failures=attempts.failures,
            last=local(attempts.last),
            locked_until=local(attempts.locked_until) if attempts.locked_until else None,
        )


class FailuresReply(Wire, frozen=True):
    """The names on which sign-ins failed within the last fifteen minutes, the latest first."""

    items: list[FailuresRow]
    server_time: Moment


class SessionRow(Wire, frozen=True):
    """One open session."""

    kind: Annotated[SessionKind, Meta(examples=["console"])]
    opened_at: Moment
    expires_at: Moment

    @classmethod
    def of(cls, record: SessionRecord) -> "SessionRow":
        """Return a session as it goes on the wire, without its id."""
        return cls(kind=record.kind, opened_at=local(record.opened), expires_at=local(record.expires))


class SessionsReply(Wire, frozen=True):
    """Somebody's open sessions, the newest first."""

    items: list[SessionRow]


class EndedReply(Wire, frozen=True):
    """How many sessions were ended."""

    ended: Annotated[int, Meta(examples=[2])]


class AppointmentsHandler(Handler):
    """Appointments in force."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: PageQuery) -> AppointmentTable:
        """Return a page of the appointments in my organisations, administrators first."""
        found = await self.services.security_desk.list_appointments(
            self.session.subject, query.page, query.page_size
        )
        return AppointmentTable(
            rows=[AppointmentRow.of(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )


class AppointmentHandler(Handler):
    """One appointment."""

    kinds = CONSOLE

    @endpoint(204, refuses=(NotStaff, NoSuchAppointment, AppointmentProtected))
    async def delete(self, appointment: str) -> None:
        """End an appointment now, in my name."""
        await self.services.security_desk.end_appointment(self.session.subject, appointment)


class FailuresHandler(Handler):
    """Failed sign-ins."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> FailuresReply:
        """Return the names on which sign-ins failed of late, and which of them are locked."""
        found = await self.services.security_desk.list_failures(self.session.subject)
        return FailuresReply(
            items=[FailuresRow.of(one) for one in found], server_time=local(self.services.now())
        )


class AppointeeSessionsHandler(Handler):
    """The sessions of somebody who holds or held an appointment."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchAppointee))
    async def get(self, person: str) -> SessionsReply:
        """Return the open sessions."""
        found = await self.services.security_desk.list_sessions(self.session.subject, person)
        return SessionsReply(items=[SessionRow.of(one) for one in found])

    @endpoint(refuses=(NotStaff, NoSuchAppointee))
    async def delete(self, person: str) -> EndedReply:
        """End them all, in my name."""
        ended = await self.services.security_desk.end_sessions(self.session.subject, person)
        return EndedReply(ended=ended)


ROUTES = [
    ("/api/v1/staff/security/appointments", AppointmentsHandler),
    ("/api/v1/staff/security/appointments/{appointment}", AppointmentHandler),
    ("/api/v1/staff/security/failed-sign-ins", FailuresHandler),
    ("/api/v1/staff/security/people/{person}/sessions", AppointeeSessionsHandler),
]
