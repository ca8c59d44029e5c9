"""The desk where officers register scanning devices, give out their one-time codes, and revoke them."""

from datetime import datetime

from msgspec import Struct

from models.clock import Now
from models.devices import (
    CODE_LASTS,
    STATION,
    Device,
    DeviceRevoked,
    Devices,
    NoSuchDevice,
    digest,
    new_code,
)
from models.errors import Conflict, Invalid
from models.ids import new_id
from models.member_lists import OFFICERS
from models.membership_refusals import KeyReused
from models.organisation_desk import OrganisationDesk, OrganisationEnded
from models.organisations import Organisations
from models.pages import Page
from models.requests import Keyed
from models.station_board import StationBoard
from models.store import Duplicate, Store

ATTEMPTS = 8


class DeviceBusy(Conflict):
    """Others changed the device at every try."""

    code = "device_changed"
    message = "这台设备刚刚被别人修改过，请刷新后再办"


class WrongEnd(Invalid):
    """The device would be over before it began."""

    code = "wrong_device_end"
    message = "设备的到期日期已经过去"


class NewDevice(Struct, frozen=True, kw_only=True):
    """A device to register: its name, its organisation, the stations where it scans (none: anywhere)."""

    name: str
    organisation: str
    stations: tuple[str, ...]
    until: datetime | None = None


class Registered(Struct, frozen=True):
    """A device and its one-time code, which is told once; "" if the device has redeemed it."""

    device: Device
    code: str


class DeviceDesk:
    """Registers and revokes devices, within the officer's subtrees."""

    def __init__(
        self,
        store: Store[Device],
        devices: Devices,
        organisations: Organisations,
        desk: OrganisationDesk,
        board: StationBoard,
        now: Now,
    ) -> None:
        self._store = store
        self._devices = devices
        self._organisations = organisations
        self._desk = desk
        self._board = board
        self._now = now

    def list_page(self, officer: str, page: int, size: int) -> Page[Device]:
        """Return a page of the devices of one's organisations, the newest first. NotStaff."""
        every = self._devices.list_all()
        found = [one for one in every if self._desk.is_mine(officer, one.organisation, OFFICERS)]
        return Page(found[(page - 1) * size : page * size], len(found))

    async def get(self, officer: str, device: str) -> Device:
        """Return a device of one's organisations as it is stored now; NotStaff, NoSuchDevice."""
        found = await self._store.find(device)
        organisation = found.organisation if found else ""
        if not self._desk.is_mine(officer, organisation, OFFICERS) or found is None:
            raise NoSuchDevice
        return found

    async def register(self, officer: str, new: NewDevice, request: Keyed) -> Registered:
        """Register a device and give out its code; sent again, the same device gets a new code.

        NotStaff, NoSuchOrganisation, OrganisationEnded, NoSuchStation, WrongEnd, KeyReused, DeviceRevoked,
        DeviceBusy.
        """
        self._desk.require_mine(officer, new.organisation, OFFICERS)
        organisation = self._organisations.find_open(new.organisation)
        if organisation is None:
            raise OrganisationEnded
        at, code = self._now(), new_code()
        if new.until and new.until <= at:
            raise WrongEnd(field="body.until")
        device = Device(
            id=request.name_of(officer),
            name=new.name,
            organisation=new.organisation,
            places=tuple(STATION + self._get_station(station) for station in new.stations),
            made_by=officer,
            made=at,
            session=new_id(),
            code=digest(code),
            code_until=at + CODE_LASTS,
            until=new.until,
            content=request.content,
            pending=new_id(),
            changed=at,
        )
        try:
            await self._store.insert(device)
        except Duplicate:
            return await self._again(officer, device, request)
        await self._devices.tell(device)
        return Registered(device, code)

    async def renew(self, officer: str, device: str) -> Registered:
        """Give out a new code: the device's token, if it has one, ends at once.

        NotStaff, NoSuchDevice, DeviceRevoked, DeviceBusy.
        """
        seen, code = await self.get(officer, device), new_code()
        if seen.revoked:
            raise DeviceRevoked
        done = await self._devices.change(
            seen,
            session=new_id(),
            code=digest(code),
            code_until=self._now() + CODE_LASTS,
            installation=None,
            enrolled=None,
        )
        if done is None:
            raise DeviceBusy
        return Registered(done, code)

    async def revoke(self, officer: str, device: str) -> Device:
        """End a device for ever, at once in every process; again changes nothing. NotStaff, NoSuchDevice."""
        for _ in range(ATTEMPTS):
            seen = await self.get(officer, device)
            if seen.revoked:
                await self._devices.tell(seen)
                return seen
            values = {"revoked": self._now(), "revoked_by": officer, "code": None, "pending": new_id()}
            if done := await self._devices.change(seen, **values):
                return done
        raise DeviceBusy

    def _get_station(self, code: str) -> str:
        return self._board.get(code).id

    async def _again(self, officer: str, device: Device, request: Keyed) -> Registered:
        """Answer a request that was sent before: its code is not kept, so another is given out."""
        first = await self._store.find(device.id)
        if first is None or first.content != request.content:
            raise KeyReused
        return Registered(first, "") if first.enrolled else await self.renew(officer, first.id)
