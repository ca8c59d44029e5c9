"""Appointments: who may act for the union, where and from when to when; held in memory by every process.

A token carries no role: each request asks here, and a revocation reaches every process within
its poll.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from models.clock import Now
from models.errors import Forbidden
from models.filters import Index
from models.mirrors import Mirror
from models.store import Collection, Store

Role = Literal["station_staff", "officer"]
POSTS: dict[Role, str] = {"station_staff": "驿站工作人员", "officer": "工会工作人员"}


class NotStaff(Forbidden):
    """The person holds no appointment now."""

    code = "staff_not_allowed"
    message = "您没有有效的工作人员授权，请联系上级工会"


class Appointment(Struct, frozen=True, kw_only=True):
    """One person's role in one organisation, within its dates."""

    id: str = field(name="_id")
    person: str
    role: Role
    organisation: str
    since: datetime
    until: datetime | None = None
    changed: datetime

    def holds(self, at: datetime) -> bool:
        """Say whether the appointment is in force."""
        return self.since <= at and (self.until is None or at < self.until)


APPOINTMENTS = Collection("appointments", Appointment, (Index(("changed",)),))


class Appointments:
    """The appointments as this process knows them."""

    def __init__(self, store: Store[Appointment], now: Now) -> None:
        self._store = store
        self._now = now
        self._by_person: dict[str, dict[str, Appointment]] = {}
        self.mirror = Mirror(store, self._absorb)

    def get(self, person: str) -> Appointment:
        """Return an appointment of the person that is in force; NotStaff otherwise."""
        at = self._now()
        for appointment in self._by_person.get(person, {}).values():
            if appointment.holds(at):
                return appointment
        raise NotStaff

    async def put(self, appointment: Appointment) -> None:
        """Store an appointment whole and know it here at once."""
        await self._store.put(appointment)
        self._absorb([appointment])

    def _absorb(self, changed: Sequence[Appointment]) -> None:
        for appointment in changed:
            self._by_person.setdefault(appointment.person, {})[appointment.id] = appointment
