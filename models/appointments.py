"""Appointments: who may act for the union, where and from when to when; held in memory by every process.

A right is role × subtree × dates. A token carries no role: each request asks here, and a
revocation reaches every process within its poll. Invariant: nobody holds two of the three powers over the
system (系统管理员, 安全管理员, 审计管理员; GB/T 22239 §8.1.5): an administrator's appointment bears `power`,
the person, unique while it is there; one that is over loses it. In the same way `post` keeps the desk's
appointments of one person to one role in one organisation from being made twice. A scanning device
(`models/devices.py`) holds the role `scanner` by its enrolment.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.audit import NOBODY, OPERATOR, Action, Audit, Fact
from models.clock import Now
from models.errors import Conflict, Forbidden, Missing
from models.filters import Index
from models.ids import new_id
from models.mirrors import Mirror
from models.store import Collection, Duplicate, Store
from models.versions import next_change

Role = Literal["scanner", "station_staff", "officer", "system_admin", "security_admin", "audit_admin"]
AppointmentState = Literal["in_force", "to_come", "over"]
POSTS: dict[Role, str] = {
    "scanner": "扫码设备",
    "station_staff": "驿站工作人员",
    "officer": "工会工作人员",
    "system_admin": "系统管理员",
    "security_admin": "安全管理员",
    "audit_admin": "审计管理员",
}
SCANNERS: frozenset[Role] = frozenset({"station_staff", "officer"})
ADMINISTRATORS: frozenset[Role] = frozenset({"system_admin", "security_admin", "audit_admin"})
CONSOLE: frozenset[Role] = ADMINISTRATORS | {"officer"}
ANY_ROLE: frozenset[Role] = frozenset(POSTS)


class NotStaff(Forbidden):
    """The person holds no appointment now."""

    code = "staff_not_allowed"
    message = "您没有有效的工作人员授权，请联系上级工会"


class HoldsAnotherPower(Conflict):
    """The person is an administrator already; the three powers are kept apart."""

    code = "powers_must_be_separate"
    message = "系统、安全、审计管理员必须由不同的人担任，此人已任其一"


class AlreadyAppointed(Conflict):
    """The person holds this role there already."""

    code = "already_appointed"
    message = "此人在该组织已有这项任命"


class NoSuchAppointment(Missing):
    """There is no such appointment, or it has ended."""

    code = "appointment_not_found"
    message = "没有这项任命，或已经结束"


class Appointment(Struct, frozen=True, kw_only=True):
    """One person's role in one organisation and all below it, within its dates."""

    id: str = field(name="_id")
    person: str
    role: Role
    organisation: str
    since: datetime
    until: datetime | None = None
    changed: datetime
    made_by: str = OPERATOR
    ended_by: str | None = None
    power: str | None = None
    post: str | None = None
    content: str | None = None
    pending: str | None = None

    def is_over(self, at: datetime) -> bool:
        """Say whether the appointment has ended."""
        return self.until is not None and self.until <= at

    def state(self, at: datetime) -> AppointmentState:
        """Return how the appointment stands to a moment."""
        if self.is_over(at):
            return "over"
        return "in_force" if self.since <= at else "to_come"

    def holds(self, at: datetime) -> bool:
        """Say whether the appointment is in force."""
        return self.since <= at and not self.is_over(at)


APPOINTMENTS = Collection(
    "appointments",
    Appointment,
    (
        Index(("changed",)),
        Index(("pending",)),
        Index(("power",), unique=True),
        Index(("post",), unique=True),
    ),
)


def facts_of(appointment: Appointment) -> dict[str, Fact]:
    """Return what an appointment says for the audit, by name."""
    details = {
        "person": appointment.person,
        "role": appointment.role,
        "organisation": appointment.organisation,
    }
    done: dict[Action, str | None] = {
        "appointment_made": appointment.made_by,
        "appointment_ended": appointment.ended_by,
    }
    return {
        f"{action}:{appointment.id}": Fact(
            actor=actor, action=action, kind="appointment", object=appointment.id, details=details
        )
        for action, actor in done.items()
        if actor
    }


class Appointments:
    """The appointments as this process knows them."""

    def __init__(self, store: Store[Appointment], audit: Audit, now: Now) -> None:
        self._store = store
        self._audit = audit
        self._now = now
        self._by_person: dict[str, dict[str, Appointment]] = {}
        self.mirror = Mirror(store, self._absorb, now)

    def get(self, person: str, roles: frozenset[Role] = SCANNERS) -> Appointment:
        """Return an appointment of the person to one of some roles that is in force; NotStaff otherwise."""
        for appointment in self.list_of(person):
            if appointment.role in roles:
                return appointment
        raise NotStaff

    def list_places(self, person: str, roles: frozenset[Role]) -> list[str]:
        """Return the organisations where a person holds one of some roles; NotStaff if there is none."""
        places = [one.organisation for one in self.list_of(person) if one.role in roles]
        if not places:
            raise NotStaff
        return places

    def list_of(self, person: str) -> list[Appointment]:
        """Return the person's appointments that are in force."""
        at = self._now()
        return [one for one in self._by_person.get(person, {}).values() if one.holds(at)]

    def list_in_force(self) -> list[Appointment]:
        """Return everybody's appointments that are in force."""
        return [one for person in self._by_person for one in self.list_of(person)]

    def list_not_over(self) -> list[Appointment]:
        """Return everybody's appointments that are in force or yet to come."""
        at = self._now()
        return [one for held in self._by_person.values() for one in held.values() if not one.is_over(at)]

    def list_over(self) -> list[Appointment]:
        """Return everybody's appointments that have ended."""
        at = self._now()
        return [one for held in self._by_person.values() for one in held.values() if one.is_over(at)]

    def find(self, appointment: str) -> Appointment | None:
        """Return an appointment that is in force by its id."""
        return next((one for one in self.list_in_force() if one.id == appointment), None)

    def list_ever_of(self, person: str) -> list[Appointment]:
        """Return the person's appointments, those that are over or yet to come too."""
        return list(self._by_person.get(person, {}).values())

    def list_levels(
        self, places: Iterable[str], role: Role, *, without: str | None = None
    ) -> list[list[Appointment]]:
        """Return the appointments to a role that are in force, by place, for the places that have some.

        The person `without` is left out.
        """
        held = [one for one in self.list_in_force() if one.role == role and one.person != without]
        levels = ([one for one in held if one.organisation == place] for place in places)
        return [level for level in levels if level]

    async def admit(
        self, person: str | None, action: Action, way: str, roles: frozenset[Role] = ANY_ROLE
    ) -> None:
        """Let a person sign in who holds one of some roles; NotStaff otherwise. Audited either way."""
        held = [one for one in self.list_of(person or NOBODY) if one.role in roles]
        fact = Fact(
            actor=person or NOBODY,
            action=action,
            kind="person",
            object=person or NOBODY,
            outcome="success" if held else "refused",
            details={"way": way} if held else {"way": way, "reason": NotStaff.code},
        )
        await self._audit.record(fact)
        if not held:
            raise NotStaff

    async def put(self, appointment: Appointment) -> None:
        """Store an appointment whole and know it here at once; HoldsAnotherPower for a second power."""
        stored = replace(appointment, power=_power_of(appointment), pending=new_id())
        try:
            await self._store.put(stored)
        except Duplicate:
            await self._release_lapsed(stored)
            await self._put_again(stored)
        self._absorb([stored])

    async def make(self, appointment: Appointment) -> Appointment:
        """Store a new appointment and know it here at once; one that is there under its id is returned.

        HoldsAnotherPower, AlreadyAppointed.
        """
        post = f"{appointment.person}:{appointment.role}:{appointment.organisation}"
        stored = replace(appointment, power=_power_of(appointment), post=post, pending=new_id())
        for is_last in (False, True):
            try:
                await self._store.insert(stored)
                break
            except Duplicate as error:
                if first := await self._store.find(stored.id):
                    return first
                if is_last:
                    held = await self._store.find_one({"post": post})
                    raise (AlreadyAppointed if held else HoldsAnotherPower) from error
                await self._release_lapsed(stored)
        self._absorb([stored])
        return stored

    async def end(self, appointment: str, by: str) -> None:
        """End an appointment now, one that is yet to come too; NoSuchAppointment if there is none."""
        at, found = self._now(), await self._store.find(appointment)
        if found is None or found.ended_by or found.is_over(at):
            raise NoSuchAppointment
        ended = await self._store.change(
            {"_id": appointment, "changed": found.changed},
            {"until": at, "ended_by": by, "changed": next_change(at, found.changed), "pending": new_id()},
            without=("power", "post"),
        )
        if ended is None:
            raise NoSuchAppointment
        self._absorb([ended])

    async def _release_lapsed(self, wanted: Appointment) -> None:
        """Take what is unique from an appointment whose dates are over."""
        at = self._now()
        for name, value in (("power", wanted.power), ("post", wanted.post)):
            holder = await self._store.find_one({name: value}) if value else None
            if holder and holder.is_over(at):
                await self._store.change({"_id": holder.id, name: value}, {}, without=(name,))

    async def _put_again(self, stored: Appointment) -> None:
        try:
            await self._store.put(stored)
        except Duplicate as error:
            raise HoldsAnotherPower from error

    def _absorb(self, changed: Sequence[Appointment]) -> None:
        for appointment in changed:
            self._by_person.setdefault(appointment.person, {})[appointment.id] = appointment


def whose_turn(levels: Sequence[Iterable[Appointment]], *, is_late: bool = False) -> list[str]:
    """Return the people of the first level; when they are late, of the second, if there is one."""
    held = levels[is_late and len(levels) > 1] if levels else ()
    return sorted({one.person for one in held})


def _power_of(appointment: Appointment) -> str | None:
    return appointment.person if appointment.role in ADMINISTRATORS else None
