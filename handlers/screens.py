"""Screens: pairing a station's tablet, the keys it shows codes with, and the page that it shows."""

import base64
from typing import Annotated

from msgspec import Meta

from handlers.assets import FOLDER as ASSETS
from handlers.base import OFFICES, Handler, endpoint
from handlers.fields import END, Day, Moment, Name, StationCode
from handlers.media import Html, Script
from handlers.wire import Asked, Wire, local
from miniprogram_api.bundle import bundle
from models.appointments import NotStaff
from models.limits import PerAddress
from models.screens import PairingRefused, ScreenChanged, ScreenKeys, ScreenNotPaired
from models.stations import NoSuchStation

KIOSK_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

# What the worker asks for falls under its own policy, not under the page's.
WORKER_POLICY = "default-src 'none'; connect-src 'self'"

PairingCode = Annotated[str, Meta(pattern=rf"^[0-9]{{8}}{END}", examples=["48213907"])]
ScreenToken = Annotated[
    str,
    Meta(pattern=rf"^[0-9A-Za-z_-]{{16,64}}{END}", examples=["mJ3u1vX0c9Qk2Zt7Lw5hR8aYbN4eP6sD"]),
]


class ScreenReply(Wire, frozen=True):
    """A station's screen as it is: paired since when, and until when a pairing code waits."""

    station: StationCode
    paired: Annotated[Moment | None, Meta(examples=["2026-07-15T09:00:00+08:00"])]
    pairing_until: Annotated[Moment | None, Meta(examples=[None])]


class OfferReply(Wire, frozen=True):
    """A pairing code to type into the tablet; it counts once, until then."""

    station: StationCode
    pairing_code: PairingCode
    until: Moment
    kiosk_url: Annotated[str, Meta(examples=["https://station.example.org/kiosk/4E8M0R2T"])]


class PairingRequest(Asked, frozen=True):
    """The pairing code as the 站长 read it out."""

    pairing_code: PairingCode


class KeysRequest(Asked, frozen=True):
    """Which screen asks."""

    token: ScreenToken


class ScreenDayKey(Wire, frozen=True):
    """The key of a local day, 32 bytes in base64url."""

    day: Day
    key: Annotated[str, Meta(examples=["wlqAMX7yQ0hlbPJ2AKr8jtGJYhIX0Lyy6K5XXfYm0UU"])]


class ScreenKeysReply(Wire, frozen=True):
    """The keys of today and the next seven days, and the link that a code goes into behind `?k=`."""

    station: StationCode
    name: Name
    link: Annotated[str, Meta(examples=["https://station.example.org/s/4E8M0R2T"])]
    day_keys: list[ScreenDayKey]
    server_time: Moment


class PairingReply(ScreenKeysReply, frozen=True, kw_only=True):
    """A screen that is paired now; the token is told once."""

    token: ScreenToken


class ScreenHandler(Handler):
    """A station's screen, for its 站长 and officers."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> ScreenReply:
        """Return whether a screen is paired."""
        screen = await self.services.visits.screens.find(self.session.subject, code)
        return ScreenReply(
            station=self.services.stations.get(code).id,
            paired=local(screen.paired) if screen and screen.token and screen.paired else None,
            pairing_until=local(screen.pairing_until) if screen and screen.pairing_until else None,
        )

    @endpoint(201, refuses=(NotStaff, NoSuchStation, ScreenChanged))
    async def post(self, code: str) -> OfferReply:
        """Make a pairing code, in place of an earlier one; a paired screen goes on until it is used."""
        offer = await self.services.visits.screens.offer(self.session.subject, code)
        station = self.services.stations.get(code)
        return OfferReply(
            station=station.id,
            pairing_code=offer.code,
            until=local(offer.until),
            kiosk_url=f"{self.services.public_url}/kiosk/{station.id}",
        )

    @endpoint(refuses=(NotStaff, NoSuchStation, ScreenChanged))
    async def delete(self, code: str) -> ScreenReply:
        """End the pairing: the screen's codes count no more."""
        await self.services.visits.screens.revoke(self.session.subject, code)
        return ScreenReply(station=self.services.stations.get(code).id, paired=None, pairing_until=None)


class ScreenPairingsHandler(Handler):
    """A tablet that wants to be a station's screen."""

    public = True
    limits = (PerAddress(10),)

    @endpoint(201, refuses=(NoSuchStation, PairingRefused))
    async def post(self, code: str, *, body: PairingRequest) -> PairingReply:
        """Pair this tablet by a pairing code, in place of an earlier tablet."""
        pairing = await self.services.visits.screens.pair(code, body.pairing_code)
        reply = _keys(self, pairing.keys)
        return PairingReply(
            token=pairing.token,
            station=reply.station,
            name=reply.name,
            link=reply.link,
            day_keys=reply.day_keys,
            server_time=reply.server_time,
        )


class ScreenKeysHandler(Handler):
    """A paired tablet that needs keys for further days."""

    public = True
    limits = (PerAddress(60),)

    @endpoint(refuses=(NoSuchStation, ScreenNotPaired))
    async def post(self, code: str, *, body: KeysRequest) -> ScreenKeysReply:
        """Return the keys of today and the next days."""
        return _keys(self, await self.services.visits.screens.get_keys(code, body.token))


class KioskPage(Handler):
    """The page of a station's tablet."""

    public = True

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str) -> Html:
        """Show the page: the code once the tablet is paired, else where to type the pairing code."""
        self.set_header("Content-Security-Policy", KIOSK_POLICY)
        station = self.services.stations.get(code)
        return Html(self.render_string("kiosk.html", station=station).decode())


class KioskLibrary(Handler):
    """The client library, for the page."""

    public = True

    @endpoint()
    async def get(self) -> Script:
        """Return the library bundled for a browser."""
        return Script(bundle())


class KioskWorker(Handler):
    """The worker that keeps the page in the tablet's browser."""

    public = True

    @endpoint()
    async def get(self) -> Script:
        """Return the worker; it may ask this server alone."""
        self.set_header("Content-Security-Policy", WORKER_POLICY)
        return Script((ASSETS / "kiosk_worker.js").read_text(encoding="utf-8"))


def _keys(handler: Handler, keys: ScreenKeys) -> ScreenKeysReply:
    services = handler.services
    station = services.stations.get(keys.station)
    return ScreenKeysReply(
        station=station.id,
        name=station.name,
        link=f"{services.public_url}/s/{station.id}",
        day_keys=[ScreenDayKey(day=one.day, key=_base64url(one.key)) for one in keys.days],
        server_time=local(services.now()),
    )


def _base64url(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


ROUTES = [
    ("/api/v1/staff/stations/{code}/screen", ScreenHandler),
    ("/api/v1/stations/{code}/screen/pairings", ScreenPairingsHandler),
    ("/api/v1/stations/{code}/screen/keys", ScreenKeysHandler),
    ("/kiosk/client.js", KioskLibrary),
    ("/kiosk/worker.js", KioskWorker),
    ("/kiosk/{code}", KioskPage),
]
