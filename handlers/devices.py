"""Scanning devices enrol with a one-time code, say who they are, and renew their token."""

from typing import Annotated

from msgspec import Meta

from handlers.base import DEVICE, Handler, endpoint
from handlers.fields import END, Moment, Name, StationCode
from handlers.sessions import Token
from handlers.wire import Asked, Wire, local
from models.devices import Device, DeviceCodeRefused
from models.limits import PerAddress
from models.stations import NoSuchStation

DeviceId = Annotated[str, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
DeviceName = Annotated[str, Meta(examples=["东门一号"])]


class DeviceEnrolmentRequest(Asked, frozen=True):
    """The code as it was given out, and a random name that the device made for itself and keeps."""

    code: Annotated[
        str, Meta(min_length=12, max_length=20, pattern=rf"^[0-9A-Za-z -]+{END}", examples=["7K3Q-F2A9-XW1M"])
    ]
    installation: Annotated[
        str, Meta(pattern=rf"^[0-9A-Za-z_-]{{16,64}}{END}", examples=["f0c2b4d8-1a3e-4f6b-9c5d-7e8a9b0c1d2e"])
    ]


class DevicePlace(Wire, frozen=True):
    """A station where a device scans; the name is "" for one that is gone."""

    code: StationCode
    name: Annotated[str, Meta(examples=["碧沙岗公园驿站"])]


class CurrentDeviceReply(Wire, frozen=True):
    """A device as it knows itself; no stations mean that it may scan anywhere."""

    id: DeviceId
    name: DeviceName
    organisation: Name
    stations: list[DevicePlace]
    server_time: Moment


class DeviceTokenReply(CurrentDeviceReply, frozen=True, kw_only=True):
    """The token to send as `Authorization: Bearer`, and until when it counts."""

    token: Token
    expires_at: Moment


class DeviceHandler(Handler):
    """What answers a device."""

    kinds = DEVICE

    def told(self, device: Device) -> DeviceTokenReply:
        """Return a device's new token."""
        session = self.services.devices.open(device)
        return DeviceTokenReply(
            token=self.services.tokens.issue(session),
            expires_at=local(session.expires),
            id=device.id,
            name=device.name,
            organisation=self.services.organisations.get_name(device.organisation),
            stations=list_places(self, device),
            server_time=local(self.services.now()),
        )


class DevicesHandler(DeviceHandler):
    """Enrolment."""

    public = True
    limits = (PerAddress(20, shared=True),)

    @endpoint(201, refuses=(DeviceCodeRefused,))
    async def post(self, *, body: DeviceEnrolmentRequest) -> DeviceTokenReply:
        """Redeem a one-time code; the same device may do it again within the code's hour."""
        return self.told(await self.services.devices.redeem(body.code, body.installation))


class CurrentDeviceHandler(DeviceHandler):
    """This device."""

    @endpoint()
    async def get(self) -> CurrentDeviceReply:
        """Return what it is and where it scans."""
        device = self.services.devices.get_current(self.session)
        return CurrentDeviceReply(
            id=device.id,
            name=device.name,
            organisation=self.services.organisations.get_name(device.organisation),
            stations=list_places(self, device),
            server_time=local(self.services.now()),
        )


class DeviceTokensHandler(DeviceHandler):
    """This device's token."""

    @endpoint(201)
    async def post(self) -> DeviceTokenReply:
        """Return a token for another thirty days; the one in use counts until its own end."""
        return self.told(self.services.devices.get_current(self.session))


def list_places(handler: Handler, device: Device) -> list[DevicePlace]:
    """Return the stations where a device scans."""
    return [DevicePlace(code=code, name=_name(handler, code)) for code in device.stations]


def _name(handler: Handler, code: str) -> str:
    try:
        return handler.services.stations.get(code).name
    except NoSuchStation:
        return ""


ROUTES = [
    ("/api/v1/devices", DevicesHandler),
    ("/api/v1/devices/current", CurrentDeviceHandler),
    ("/api/v1/devices/current/tokens", DeviceTokensHandler),
]
