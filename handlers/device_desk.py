"""Officers register scanning devices, give out one-time codes, and revoke them."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.devices import DeviceId, DeviceName, DevicePlace, list_places
from handlers.fields import LINE, Moment, Name, OrganisationId, PageNumber, PageSize, StationCode, Total
from handlers.idempotency import KeyRequired, read_key
from handlers.wire import Asked, PageQuery, Wire, local
from models.appointments import NotStaff
from models.clock import LOCAL
from models.device_desk import DeviceBusy, NewDevice, Registered, WrongEnd
from models.devices import Device, DeviceRevoked, NoSuchDevice
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import OrganisationEnded
from models.requests import Keyed
from models.stations import NoSuchStation

ROUTE = "devices"
OptionalMoment = Annotated[Moment | None, Meta(examples=[None])]


class DeviceRequest(Asked, frozen=True):
    """A device, whose it is, where it scans (no stations: anywhere), and before which day it ends."""

    name: Annotated[str, Meta(min_length=1, max_length=40, pattern=LINE, examples=["东门一号"])]
    organisation: OrganisationId
    stations: Annotated[tuple[StationCode, ...], Meta(max_length=50, examples=[["4E8M0R2T"]])] = ()
    until: Annotated[date | None, Meta(examples=["2027-01-01"])] = None

    @property
    def new(self) -> NewDevice:
        """What is to be registered."""
        until = datetime.combine(self.until, time(), LOCAL).astimezone(UTC) if self.until else None
        return NewDevice(name=self.name, organisation=self.organisation, stations=self.stations, until=until)


class DeviceCodeRequest(Asked, frozen=True):
    """A new code; there is nothing to choose."""


class DeviceReply(Wire, frozen=True):
    """One device: `waiting` for its code to be redeemed, `enrolled`, `over` by its date, or `revoked`."""

    id: DeviceId
    name: DeviceName
    organisation: Name
    stations: list[DevicePlace]
    state: Annotated[Literal["waiting", "enrolled", "over", "revoked"], Meta(examples=["enrolled"])]
    made_at: Moment
    enrolled_at: OptionalMoment
    until: OptionalMoment
    revoked_at: OptionalMoment


class DeviceCodeReply(Wire, frozen=True):
    """A device and its one-time code, told once; null if it was redeemed already."""

    device: DeviceReply
    code: Annotated[str | None, Meta(examples=["7K3Q-F2A9-XW1M"])]
    code_until: OptionalMoment


class DeviceTable(Wire, frozen=True):
    """A page of devices."""

    rows: list[DeviceReply] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class DeviceDeskHandler(Handler):
    """What shows devices to officers."""

    kinds = CONSOLE

    def shown(self, device: Device) -> DeviceReply:
        """Return a device as it goes on the wire."""
        return DeviceReply(
            id=device.id,
            name=device.name,
            organisation=self.services.organisations.get_own_name(device.organisation),
            stations=list_places(self, device),
            state=device.state(self.services.now()),
            made_at=local(device.made),
            enrolled_at=local(device.enrolled) if device.enrolled else None,
            until=local(device.until) if device.until else None,
            revoked_at=local(device.revoked) if device.revoked else None,
        )

    def coded(self, registered: Registered) -> DeviceCodeReply:
        """Return a device and its code as they go on the wire."""
        until = registered.device.code_until
        return DeviceCodeReply(
            device=self.shown(registered.device),
            code=registered.code or None,
            code_until=local(until) if until and registered.code else None,
        )


class StaffDevicesHandler(DeviceDeskHandler):
    """Devices of my organisations."""

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: PageQuery) -> DeviceTable:
        """Return a page of them, the newest first."""
        found = self.services.device_desk.list_page(self.session.subject, query.page, query.page_size)
        return DeviceTable(
            rows=[self.shown(one) for one in found.rows],
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
            NoSuchStation,
            WrongEnd,
            DeviceRevoked,
            DeviceBusy,
            KeyRequired,
            KeyReused,
        ),
    )
    async def post(self, *, body: DeviceRequest) -> DeviceCodeReply:
        """Register a device and get its one-time code; needs the header `Idempotency-Key`."""
        request = Keyed(ROUTE, read_key(self), self.request.body)
        return self.coded(await self.services.device_desk.register(self.session.subject, body.new, request))


class StaffDeviceHandler(DeviceDeskHandler):
    """One device."""

    @endpoint(refuses=(NotStaff, NoSuchDevice))
    async def get(self, device: str) -> DeviceReply:
        """Return it."""
        return self.shown(await self.services.device_desk.get(self.session.subject, device))

    @endpoint(refuses=(NotStaff, NoSuchDevice, DeviceBusy))
    async def delete(self, device: str) -> DeviceReply:
        """Revoke it for ever, at once in every process; again changes nothing."""
        return self.shown(await self.services.device_desk.revoke(self.session.subject, device))


class DeviceCodesHandler(DeviceDeskHandler):
    """One-time codes of one device."""

    @endpoint(201, refuses=(NotStaff, NoSuchDevice, DeviceRevoked, DeviceBusy))
    async def post(self, device: str, *, body: DeviceCodeRequest) -> DeviceCodeReply:  # noqa: ARG002 - there is nothing in it
        """Give out a new code; what the device held until now ends at once."""
        return self.coded(await self.services.device_desk.renew(self.session.subject, device))


ROUTES = [
    ("/api/v1/staff/devices", StaffDevicesHandler),
    ("/api/v1/staff/devices/{device}", StaffDeviceHandler),
    ("/api/v1/staff/devices/{device}/codes", DeviceCodesHandler),
]
