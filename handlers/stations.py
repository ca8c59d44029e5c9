"""One station, its landing page and its sign. No login, no database but for a link that is not known yet."""

import asyncio
from typing import Annotated, Any, Literal

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.evidence import EvidenceReply, headline_of
from handlers.fields import Moment, StationCode
from handlers.media import Html, Pdf, Png
from handlers.nearby import (
    Address,
    AnyDatum,
    AnyKind,
    District,
    HoursWords,
    OpennessReply,
    PositionReply,
    ReasonReply,
    StationName,
    WorkingFacilities,
    entrance_of,
    position_of,
)
from handlers.pictures import draw_sign
from handlers.station_details import DetailsReply, list_ways
from handlers.station_photos import StationPhotoReply, list_photos
from handlers.station_ratings import ScoreReply, find_score
from handlers.station_upkeep import FacilityReply, list_facilities
from handlers.wire import Asked, Wire, local
from models.evidence import PROBLEM_WORDS
from models.hours_words import words
from models.open_now import open_now
from models.presence import WORKERS
from models.stations import SUPERVISION_PHONE, NoSuchStation, StationState

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
IN_WECHAT = "MicroMessenger"


class StationQuery(Asked, frozen=True):
    """In which datum the position is told."""

    datum: AnyDatum = "gcj02"


class StationReply(Wire, frozen=True):
    """One station; without a position it is not on the map yet."""

    code: StationCode
    name: StationName
    address: Address
    district: District
    state: StationState
    position: PositionReply | None
    entrance: Annotated[PositionReply | None, Meta(description="Where to go, if not to the position")]
    kind: AnyKind | None
    open: OpennessReply
    hours: HoursWords
    hours_text: Annotated[str, Meta(examples=["05:00-17:30"])]
    facilities: WorkingFacilities
    equipment: Annotated[list[FacilityReply], Meta(description="All facilities, the broken ones too")]
    details: DetailsReply
    evidence: EvidenceReply
    photos: list[StationPhotoReply]
    rating: ScoreReply | None
    supervision_phone: Annotated[str, Meta(examples=["12351"])]
    server_time: Moment


class StationHandler(Handler):
    """One station."""

    public = True

    @endpoint(refuses=(NoSuchStation,))
    async def get(self, code: str, *, query: StationQuery) -> StationReply:
        """Return a station by the code on its sign."""
        at = self.services.now()
        station = self.services.stations.get(code)
        evidence = self.services.visits.evidence.find(station.id)
        return StationReply(
            code=station.id,
            name=station.name,
            address=station.address,
            district=station.district,
            state=station.state,
            position=position_of(station, query.datum),
            entrance=entrance_of(station, query.datum),
            kind=station.kind,
            open=OpennessReply.of(open_now(station, evidence, at)),
            hours=words(station.hours),
            hours_text=station.hours_text,
            facilities=station.working,
            equipment=list_facilities(station),
            details=DetailsReply.of(station.details),
            evidence=EvidenceReply.of(evidence, at),
            photos=list_photos(self.services, station.id, self.services.public_url),
            rating=find_score(self.services, station.id),
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
        at = self.services.now()
        evidence = self.services.visits.evidence.find(station.id)
        now = open_now(station, evidence, at)
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        self.set_header("Vary", "User-Agent")
        page = self.render_string(
            "station.html",
            station=station,
            open_state=now.state if station.state == "operating" else "closed",
            open_words=headline_of(station, now),
            until=local(now.until) if now.until else None,
            opens_at=local(now.opens_at) if now.opens_at else None,
            reason=ReasonReply.of(now.reason) if now.reason else None,
            hours=words(station.hours),
            goal=station.entrance or station.position,
            ways=list_ways(station.details),
            facilities=list_facilities(station),
            evidence=EvidenceReply.of(evidence, at),
            photos=list_photos(self.services, station.id, ""),
            rating=find_score(self.services, station.id),
            workers=WORKERS,
            problems=PROBLEM_WORDS,
            phone=SUPERVISION_PHONE,
            in_wechat=self._is_in_wechat(),
            link=await self._find_link(station.id),
        )
        return Html(page.decode())

    def _is_in_wechat(self) -> bool:
        """Say whether WeChat's own browser asks, which neither opens WeChat nor scans its own screen."""
        return IN_WECHAT in self.request.headers.get("User-Agent", "")

    async def _find_link(self, code: str) -> str | None:
        """Return what opens the mini program from outside; in WeChat the sign's own link does."""
        maker = self.services.link_maker
        if maker is None or self._is_in_wechat():
            return None
        return await self.services.visits.links.find(code, maker)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell whoever stands before a sign that is no longer known so on a page."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, NoSuchStation) and self.wants_page:
            self.show_missing(error.code, str(error))
        else:
            super().write_error(status_code, **kwargs)


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


ROUTES = [
    ("/api/v1/stations/{code}", StationHandler),
    ("/s/{code}", LandingHandler),
    ("/s/{code}/sign.png", SignHandler),
    ("/s/{code}/sign.pdf", SignPageHandler),
]
