"""Stations near me, one station, its landing page and its sign. No login, no database."""

import asyncio
from typing import Annotated, Any, Literal

from msgspec import Meta, Raw

from handlers.base import Asked, Handler, Html, Pdf, Png, Wire, encode, endpoint, local
from handlers.fields import Latitude, Longitude, Moment, StationCode
from handlers.pictures import draw_sign
from handlers.services import WrittenStations
from models.finder import Found
from models.hours import Openness, State, openness, words
from models.positions import Datum, PositionOutsideCountry, to_gcj02
from models.stations import (
    FACILITIES,
    STATES,
    SUPERVISION_PHONE,
    Facility,
    NoSuchStation,
    Station,
    StationState,
)

RADIUS_METRES = 5_000
# Of the thousands of stations near somebody most share their hours, and so the words and the answer for them.
OPENNESSES_KEPT = 10_000
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
OPEN_WORDS: dict[State, str] = {
    "open": "现在开放",
    "closing": "即将关门",
    "closed": "现在未开放",
    "unknown": "开放时间未公布",
}

StationName = Annotated[str, Meta(examples=["金水工会杜岭户外劳动者爱心驿站"])]
Address = Annotated[str, Meta(examples=["郑州市金水区杜岭街28号"])]
District = Annotated[str, Meta(examples=["金水区"])]
HoursWords = Annotated[str, Meta(examples=["每天 05:00-17:30"])]
AnyFacility = Annotated[Facility, Meta(examples=["water"])]


class StationsQuery(Asked, frozen=True):
    """Where, in which datum, and what the station must have (divided by commas)."""

    longitude: Longitude
    latitude: Latitude
    datum: Annotated[Datum, Meta(examples=["gcj02"], description="What the coordinates refer to")]
    facilities: tuple[AnyFacility, ...] = ()
    radius: Annotated[int, Meta(ge=100, le=50_000, examples=[5000], description="Metres")] = RADIUS_METRES
    limit: Annotated[int, Meta(ge=1, le=100, examples=[20])] = 20


class PositionReply(Wire, frozen=True, gc=False):
    """A position in GCJ-02, as maps in China want it."""

    longitude: Longitude
    latitude: Latitude
    datum: Annotated[Datum, Meta(examples=["gcj02"])]


class OpennessReply(Wire, frozen=True, gc=False):
    """Whether a station is open now, until when, or from when again; unknown hours are not open."""

    state: Annotated[State, Meta(examples=["open"])]
    until: Annotated[Moment | None, Meta(examples=["2026-07-15T17:30:00+08:00"])]
    opens_at: Annotated[Moment | None, Meta(examples=[None])]

    @classmethod
    def of(cls, now: Openness) -> "OpennessReply":
        """Return an openness with local times."""
        return cls(
            state=now.state,
            until=local(now.until) if now.until else None,
            opens_at=local(now.opens_at) if now.opens_at else None,
        )


class NearbyStation(Wire, frozen=True, gc=False):
    """What does not depend on the place and the moment of the question."""

    code: StationCode
    name: StationName
    address: Address
    position: PositionReply
    hours: HoursWords
    facilities: tuple[AnyFacility, ...]


class NearbyReply(NearbyStation, frozen=True, gc=False):
    """A station near the place asked for."""

    distance_metres: Annotated[int, Meta(examples=[320])]
    open: OpennessReply


class StationsReply(Wire, frozen=True):
    """Stations, the most useful first: open before closing before unknown before closed, then the nearest."""

    items: list[NearbyReply]
    server_time: Moment


class StationReply(Wire, frozen=True):
    """One station; without a position it is not on the map yet."""

    code: StationCode
    name: StationName
    address: Address
    district: District
    state: StationState
    position: PositionReply | None
    open: OpennessReply
    hours: HoursWords
    hours_text: Annotated[str, Meta(examples=["05:00-17:30"])]
    facilities: tuple[AnyFacility, ...]
    supervision_phone: Annotated[str, Meta(examples=["12351"])]
    server_time: Moment


class StationsHandler(Handler):
    """Stations near me."""

    public = True

    @endpoint(refuses=(PositionOutsideCountry,))
    async def get(self, *, query: StationsQuery) -> StationsReply:
        """Return the stations near a position, those that are open now first."""
        at = self.services.now()
        here = to_gcj02(query.longitude, query.latitude, query.datum)
        asked = frozenset(query.facilities)
        found = self.services.stations.nearest(here, at, asked, query.limit, query.radius)
        written = self.services.written_stations
        return StationsReply(items=[nearby(one, written) for one in found], server_time=local(at))


class StationHandler(Handler):
    """One station."""

    public = True

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str) -> StationReply:
        """Return a station by the code on its sign."""
        at = self.services.now()
        station = self.services.stations.get(code)
        return StationReply(
            code=station.id,
            name=station.name,
            address=station.address,
            district=station.district,
            state=station.state,
            position=position_of(station),
            open=OpennessReply.of(openness(station.hours, at)),
            hours=words(station.hours),
            hours_text=station.hours_text,
            facilities=station.facilities,
            supervision_phone=SUPERVISION_PHONE,
            server_time=local(at),
        )


class LandingHandler(Handler):
    """What a camera opens when it reads a station's sign."""

    public = True

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str) -> Html:
        """Show the station to any browser."""
        station = self.services.stations.get(code)
        now = openness(station.hours, self.services.now())
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        page = self.render_string(
            "station.html",
            station=station,
            open_state=now.state if station.state == "operating" else "closed",
            open_words=OPEN_WORDS[now.state] if station.state == "operating" else STATES[station.state],
            until=local(now.until) if now.until else None,
            opens_at=local(now.opens_at) if now.opens_at else None,
            hours=words(station.hours),
            facilities=[FACILITIES[facility] for facility in station.facilities],
            phone=SUPERVISION_PHONE,
        )
        return Html(page.decode())


class SignHandler(Handler):
    """A station's sign, to look at."""

    public = True

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str) -> Png:
        """Return the sign as a PNG with the plain link that any camera reads."""
        return Png(await self.draw(code, "PNG"))

    async def draw(self, code: str, form: Literal["PNG", "PDF"]) -> bytes:
        """Return the sign in a form; it changes only with the station's name and address."""
        station = self.services.stations.get(code)
        link = f"{self.services.public_url}/s/{station.id}"
        self.set_header("Cache-Control", "public, max-age=3600")
        return await asyncio.to_thread(draw_sign, station.name, station.address, link, station.id, form)


class SignPageHandler(SignHandler):
    """A station's sign, to print."""

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str) -> Pdf:
        """Return the sign as an A4 page."""
        return Pdf(await self.draw(code, "PDF"))


def position_of(station: Station) -> PositionReply | None:
    """Return where a station is, if that is known."""
    if station.position is None:
        return None
    return PositionReply(
        longitude=station.position.longitude, latitude=station.position.latitude, datum="gcj02"
    )


def nearby(found: Found, written: WrittenStations) -> Any:
    """Return a found station as the JSON of a `NearbyReply`, most of which is written once and kept."""
    station, now = found.station, found.openness
    known = written.stations.get(station.id)
    if known is None or known[0] is not station:
        known = written.stations[station.id] = (station, _unchanging(station))
    opened = written.opennesses.get(id(now))
    if opened is None or opened[0] is not now:
        if len(written.opennesses) >= OPENNESSES_KEPT:
            written.opennesses.clear()
        opened = written.opennesses[id(now)] = (now, encode(OpennessReply.of(now)))
    return Raw(b'%b,"distanceMetres":%d,"open":%b}' % (known[1], found.metres, opened[1]))


def _unchanging(station: Station) -> bytes:
    """Return the JSON of a station without its closing brace; only those with a position are found."""
    position = position_of(station)
    if position is None:
        raise ValueError(f"station {station.id} was found without a position")
    return encode(
        NearbyStation(
            code=station.id,
            name=station.name,
            address=station.address,
            position=position,
            hours=words(station.hours),
            facilities=station.facilities,
        )
    )[:-1]


ROUTES = [
    ("/api/v1/stations", StationsHandler),
    ("/api/v1/stations/{code}", StationHandler),
    ("/s/{code}", LandingHandler),
    ("/s/{code}/sign.png", SignHandler),
    ("/s/{code}/sign.pdf", SignPageHandler),
]
