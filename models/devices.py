"""Scanning devices (扫码设备): a scanner at a door or a counter that belongs to no person.

An officer registers a device at an organisation, for places, and gets a one-time code; the device redeems it
for a token. Invariants: of a code only the digest is kept; it counts once, for one hour, and the same device
may redeem it again when the answer was lost. A device may scan at its places and do nothing else. The
document is the right itself: every process holds the devices, and a revocation is one write that all of them
hear of at once; the audit follows from the document.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.appointments import Appointment, Appointments, NotStaff, Role
from models.audit import Fact
from models.clock import Now
from models.errors import Conflict, Forbidden, Invalid, Missing, Unauthenticated
from models.filters import Index
from models.ids import new_id
from models.mirrors import Mirror
from models.scans import Attempt
from models.sessions import LIFETIMES, Session, SessionExpired
from models.signals import Signals
from models.store import Collection, Store
from models.versions import next_change

DEVICES_CHANGED = "devices"
CODE_LENGTH = 12
CODE_LASTS = timedelta(hours=1)
STATION = "station:"
DeviceState = Literal["waiting", "enrolled", "over", "revoked"]
WHO_SCANS: frozenset[Role] = frozenset({"station_staff", "officer"})


class NotADevice(Forbidden):
    """This is for devices alone."""

    code = "device_required"
    message = "这个接口只供扫码设备使用"


class DeviceOnlyScans(Forbidden):
    """A device scans, and does nothing else."""

    code = "device_only_scans"
    message = "扫码设备只能用来扫码"


class NoSuchDevice(Missing):
    """There is no such device, or it is not in the officer's organisations."""

    code = "device_not_found"
    message = "没有这台设备，或不在您的管理范围内"


class DeviceCodeRefused(Unauthenticated):
    """The code is wrong, was used, or is over; which, is not told."""

    code = "device_code_refused"
    message = "登记码不正确、已使用或已过期，请向工作人员要新的登记码"


class DeviceRevoked(Conflict):
    """A device that was revoked does not come back: another is registered."""

    code = "device_revoked"
    message = "这台设备已停用，请重新登记一台"


class WrongPlace(Forbidden):
    """The device does not scan there; `details.stations` are where it does."""

    code = "place_not_allowed"
    message = "这台设备不能在这个地点扫码"


class PlaceRequired(Invalid):
    """The device scans at several places: which one, has to be said."""

    code = "place_required"
    message = "请选择在哪个驿站扫码"


class Device(Struct, frozen=True, kw_only=True):
    """One device. `places` are where it scans (`station:CODE`), `session` is what its token opens."""

    id: str = field(name="_id")
    name: str
    organisation: str
    places: tuple[str, ...]
    made_by: str
    made: datetime
    session: str
    code: str | None = None
    code_until: datetime | None = None
    installation: str | None = None
    enrolled: datetime | None = None
    until: datetime | None = None
    revoked: datetime | None = None
    revoked_by: str | None = None
    content: str
    pending: str | None = None
    changed: datetime

    @property
    def stations(self) -> list[str]:
        """The codes of the stations where it scans."""
        return [place.removeprefix(STATION) for place in self.places if place.startswith(STATION)]

    def state(self, at: datetime) -> DeviceState:
        """Return the state in words for programs."""
        if self.revoked:
            return "revoked"
        if not self.counts(at):
            return "over"
        return "enrolled" if self.enrolled else "waiting"

    def counts(self, at: datetime) -> bool:
        """Say whether the device may scan, once it is enrolled."""
        return self.revoked is None and (self.until is None or at < self.until)


class Scanner(Struct, frozen=True):
    """Who scans: the appointment, and the device if it is one."""

    appointment: Appointment
    device: Device | None = None

    def placed(self, attempt: Attempt) -> Attempt:
        """Return an attempt with the place where it was made; WrongPlace, PlaceRequired."""
        return replace(attempt, station=self._place(attempt.station))

    def _place(self, station: str | None) -> str | None:
        allowed = self.device.stations if self.device else []
        if not allowed or (station and station.upper() in allowed):
            return station
        if station:
            raise WrongPlace(stations=allowed)
        if len(allowed) > 1:
            raise PlaceRequired(field="body.station", stations=allowed)
        return allowed[0]


DEVICES = Collection(
    "devices", Device, (Index(("changed",)), Index(("code",), unique=True), Index(("pending",)))
)


def digest(code: str) -> str:
    """Return what is kept of a one-time code, however it was typed."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(plain.translate(str.maketrans("OIL", "011")).encode()).hexdigest()


def facts_of(device: Device) -> dict[str, Fact]:
    """Return what a device says of itself for the audit, by name."""
    details = {"organisation": device.organisation}
    facts = {
        f"device:{device.id}:made": Fact(
            actor=device.made_by, action="device_made", kind="device", object=device.id, details=details
        )
    }
    if device.revoked_by:
        facts[f"device:{device.id}:revoked"] = Fact(
            actor=device.revoked_by,
            action="device_revoked",
            kind="device",
            object=device.id,
            details=details,
        )
    return facts


class Devices:
    """The devices as this process knows them: who may scan, and enrolment."""

    def __init__(self, store: Store[Device], appointments: Appointments, signals: Signals, now: Now) -> None:
        self._store = store
        self._appointments = appointments
        self._signals = signals
        self._now = now
        self._known: dict[str, Device] = {}
        self.mirror = Mirror(store, self._absorb, now)

    def check(self, session: Session) -> None:
        """Let a session pass that is no device's, or one that still counts; SessionExpired. No database."""
        if session.kind != "device":
            return
        known = self._known.get(session.subject)
        if known is None or known.session != session.id or not known.counts(self._now()):
            raise SessionExpired

    def open(self, device: Device) -> Session:
        """Return a device's session, for thirty days or until the device's own end."""
        latest = self._now() + LIFETIMES["device"]
        expires = min(latest, device.until) if device.until else latest
        return Session(device.session, device.id, "device", expires)

    def get_current(self, session: Session) -> Device:
        """Return the device of a session; NotADevice."""
        known = self._known.get(session.subject)
        if known is None:
            raise NotADevice
        return known

    def get_scanner(self, subject: str) -> Scanner:
        """Return who scans, a person with an appointment or a device; NotStaff."""
        known = self._known.get(subject)
        if known is None:
            return Scanner(self._appointments.get(subject, WHO_SCANS))
        if not known.counts(self._now()):
            raise NotStaff
        held = Appointment(
            id=known.id,
            person=known.id,
            role="scanner",
            organisation=known.organisation,
            since=known.made,
            changed=known.changed,
        )
        return Scanner(held, known)

    def list_all(self) -> list[Device]:
        """Return all devices, the newest first."""
        return sorted(self._known.values(), key=lambda one: (one.made, one.id), reverse=True)

    async def redeem(self, code: str, installation: str) -> Device:
        """Enrol a device by its one-time code; the same installation may ask again. DeviceCodeRefused."""
        at, kept = self._now(), digest(code)
        fresh = {"code": kept, "installation": {"$exists": False}, "code_until": {"$gt": at}}
        done = await self._store.change(fresh, {"installation": installation, "enrolled": at, "changed": at})
        found = done or await self._store.find_one({"code": kept})
        if found is None or not self._is_redeemable(found, installation, at):
            raise DeviceCodeRefused
        await self.tell(found)
        return found

    async def change(self, seen: Device, **values: object) -> Device | None:
        """Change a device that nobody changed meanwhile, and tell every process; None otherwise."""
        changed = {**values, "changed": next_change(self._now(), seen.changed)}
        done = await self._store.change({"_id": seen.id, "changed": seen.changed}, changed)
        if done:
            await self.tell(done)
        return done

    async def tell(self, device: Device) -> None:
        """Know a device as it was just stored, here and in every process."""
        self._absorb([device])
        await self._signals.send(DEVICES_CHANGED)

    def _is_redeemable(self, device: Device, installation: str, at: datetime) -> bool:
        is_same = hmac.compare_digest((device.installation or "").encode(), installation.encode())
        return is_same and device.counts(at) and device.code_until is not None and at < device.code_until

    def _absorb(self, changed: Sequence[Device]) -> None:
        self._known.update((device.id, device) for device in changed)


def new_code() -> str:
    """Return a one-time code of 60 bits, in groups of four for whoever types it."""
    code = new_id()[:CODE_LENGTH]
    return "-".join(code[place : place + 4] for place in range(0, CODE_LENGTH, 4))
