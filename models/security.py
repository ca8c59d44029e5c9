"""The security administrator's desk: who holds an appointment, whose sign-ins fail, whose sessions are open.

Invariants: appointments and sessions are seen and ended only within the administrator's organisations, and
what is outside looks like what does not exist. The watcher is not dismissed by the watched: the audit
administrator's appointment, and one's own, are ended by the operator's command alone. All that is done here
is in the audit under the administrator's name. Names are masked. Failed sign-ins are those of the whole site,
for names that belong to nobody have no place.
"""

from msgspec import Struct

from models.accounts import Accounts, Failures
from models.appointments import POSTS, Appointment, Appointments, NoSuchAppointment, Role
from models.errors import Forbidden, Missing
from models.organisations import Organisations
from models.pages import Page
from models.people import People
from models.sessions import SessionRecord, Sessions
from models.vault import mask_name

SECURITY_ADMINISTRATORS: frozenset[Role] = frozenset({"security_admin"})
# Who has much power comes first.
ORDER = {role: place for place, role in enumerate(reversed(POSTS))}


class AppointmentProtected(Forbidden):
    """The appointment is the audit administrator's, or one's own."""

    code = "appointment_protected"
    message = "审计管理员的任命和您本人的任命，只能由运维人员用命令结束"


class NoSuchAppointee(Missing):
    """Nobody of this id holds or held an appointment in the administrator's organisations."""

    code = "appointee_not_found"
    message = "没有找到此人，或不在您的管理范围内"


class ListedAppointment(Struct, frozen=True, kw_only=True):
    """A row of the list; the name is masked, and empty once it is erased."""

    appointment: Appointment
    organisation_name: str
    name: str
    is_protected: bool


class SecurityDesk:
    """What the security administrator sees and does; NotStaff for everybody else."""

    def __init__(
        self,
        appointments: Appointments,
        organisations: Organisations,
        people: People,
        accounts: Accounts,
        sessions: Sessions,
    ) -> None:
        self._appointments = appointments
        self._organisations = organisations
        self._people = people
        self._accounts = accounts
        self._sessions = sessions

    async def list_appointments(self, administrator: str, page: int, size: int) -> Page[ListedAppointment]:
        """Return a page of the appointments in force, administrators first, then the newest."""
        places = self._appointments.list_places(administrator, SECURITY_ADMINISTRATORS)
        mine = [one for one in self._appointments.list_in_force() if self._is_within(one, places)]
        mine.sort(key=lambda one: (ORDER[one.role], -one.since.timestamp(), one.id))
        rows = mine[(page - 1) * size : page * size]
        known = await self._people.list_particulars([one.person for one in rows])
        listed = [
            ListedAppointment(
                appointment=one,
                organisation_name=self._organisations.get_name(one.organisation),
                name=mask_name(known[one.person].name) if one.person in known else "",
                is_protected=_is_protected(one, administrator),
            )
            for one in rows
        ]
        return Page(listed, len(mine))

    async def end_appointment(self, administrator: str, appointment: str) -> None:
        """End an appointment now; NoSuchAppointment, AppointmentProtected."""
        places = self._appointments.list_places(administrator, SECURITY_ADMINISTRATORS)
        found = self._appointments.find(appointment)
        if found is None or not self._is_within(found, places):
            raise NoSuchAppointment
        if _is_protected(found, administrator):
            raise AppointmentProtected
        await self._appointments.end(appointment, administrator)

    async def list_failures(self, administrator: str) -> list[Failures]:
        """Return the accounts whose latest sign-ins failed, newest first."""
        self._appointments.get(administrator, SECURITY_ADMINISTRATORS)
        return await self._accounts.list_failures()

    async def list_sessions(self, administrator: str, person: str) -> list[SessionRecord]:
        """Return the open sessions of somebody who holds or held an appointment; NoSuchAppointee."""
        self._require_mine(administrator, person)
        return await self._sessions.list_open(person)

    async def end_sessions(self, administrator: str, person: str) -> int:
        """End the open sessions of such a person and return how many; NoSuchAppointee."""
        self._require_mine(administrator, person)
        return await self._sessions.end_all(person, administrator)

    def _require_mine(self, administrator: str, person: str) -> None:
        places = self._appointments.list_places(administrator, SECURITY_ADMINISTRATORS)
        if not any(self._is_within(one, places) for one in self._appointments.list_ever_of(person)):
            raise NoSuchAppointee

    def _is_within(self, appointment: Appointment, places: list[str]) -> bool:
        return any(self._organisations.is_within(appointment.organisation, place) for place in places)


def _is_protected(appointment: Appointment, administrator: str) -> bool:
    return appointment.role == "audit_admin" or appointment.person == administrator
