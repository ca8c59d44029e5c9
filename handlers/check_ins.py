"""Check-ins: one tap at a station's sign or screen; no login is needed."""

from collections.abc import Awaitable
from typing import Annotated

from msgspec import Meta

from handlers.base import MEMBERS, OFFICES, Handler, endpoint
from handlers.fields import END, Day, LatitudeAsked, Longitude, Moment, Name, StationCode
from handlers.wire import Asked, Wire, local
from models.appointments import SCANNERS, NotStaff
from models.check_ins import Arrival, ScreenCodeStale, ScreenCodeWrong, StationClosed, Visit, WhoRequired
from models.errors import Unauthenticated
from models.limits import Limit, PerAddress
from models.positions import Datum, PositionOutsideCountry, to_gcj02
from models.presence import Presence, TooFar, Worker
from models.sessions import SessionExpired, SessionKind
from models.stations import NoSuchStation
from models.visit_counts import VisitCount

ANY_MINI_PROGRAM: frozenset[SessionKind] = frozenset({"guest", "member", "staff"})
# A station's own network puts all its visitors behind one address; more in an hour is somebody's script.
# The first ones ask no Redis: a visit is one read and one write.
VISITS_OF_AN_ADDRESS = Limit(60, seconds=3600, shared=True, spared=4)

Device = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9A-Za-z_-]{{16,64}}{END}",
        examples=["b7Qz0f3xTn5Lk2Vw"],
        description="A random name that the program gave to this device; it is not kept",
    ),
]
ScreenCode = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{{15}}{END}",
        examples=["0A1B2C3D4E5F6G7"],
        description="The `k` of the link on the station's screen",
    ),
]
PresenceShown = Annotated[
    Presence,
    Meta(examples=["near"], description="By the screen, by staff, by sign and position, by the sign alone"),
]
AnyWorker = Annotated[Worker | None, Meta(examples=["food_delivery"])]


class PositionGiven(Asked, frozen=True):
    """Where the phone says it is; it is used and not kept."""

    longitude: Longitude
    latitude: LatitudeAsked
    datum: Annotated[Datum, Meta(examples=["gcj02"])]


class CheckInRequest(Asked, frozen=True):
    """A visit. Everything may be left out by a member; others name their device."""

    device: Device | None = None
    worker: AnyWorker = None
    screen_code: ScreenCode | None = None
    position: PositionGiven | None = None


class CheckInReply(Wire, frozen=True):
    """A visit that counts; `again` when this window's was made before: then the first one is told."""

    station: StationCode
    presence: PresenceShown
    at: Moment
    since: Moment
    until: Moment
    again: Annotated[bool, Meta(examples=[False])]
    with_person: Annotated[bool, Meta(examples=[False], description="Kept as the member's own visit")]
    message: Annotated[str, Meta(examples=["签到成功"])]
    next_step: Annotated[str, Meta(examples=["16:00 后可以再次签到"])]

    @classmethod
    def of(cls, visit: Visit) -> "CheckInReply":
        """Return a visit as it goes on the wire."""
        made, at = visit.check_in, local(visit.check_in.at)
        return cls(
            station=made.station,
            presence=made.presence,
            at=at,
            since=local(visit.window.since),
            until=local(visit.window.until),
            again=visit.is_again,
            with_person=made.person is not None,
            message=f"{at:%H:%M} 已经签到过，不用再签" if visit.is_again else "签到成功",
            next_step=f"{local(visit.window.until):%H:%M} 后可以再次签到",
        )


class VisitsQuery(Asked, frozen=True):
    """How many days back."""

    days: Annotated[int, Meta(ge=1, le=400, examples=[30])] = 30


class VisitCountReply(Wire, frozen=True):
    """A station's day: visits and different people, by presence and by trade."""

    day: Day
    visits: Annotated[int, Meta(examples=[42])]
    people: Annotated[int, Meta(examples=[31])]
    presence: Annotated[dict[str, int], Meta(examples=[{"screen": 12, "near": 30}])]
    workers: Annotated[dict[str, int], Meta(examples=[{"food_delivery": 25}])]

    @classmethod
    def of(cls, count: VisitCount) -> "VisitCountReply":
        """Return a day's figures."""
        return cls(
            day=count.day,
            visits=count.visits,
            people=count.people,
            presence=count.presence,
            workers=count.workers,
        )


class VisitCountsReply(Wire, frozen=True):
    """The days that had visits, newest first; of today so far."""

    station: StationCode
    name: Name
    items: list[VisitCountReply]


class VisitorHandler(Handler):
    """A route for anybody, who may be logged in and is known then; a login that is over is refused."""

    public = True
    kinds = ANY_MINI_PROGRAM

    def prepare(self) -> Awaitable[None] | None:
        """Find out who is asking, if they say so."""
        if "Authorization" in self.request.headers:
            self._identify()
        return super().prepare()

    @property
    def login(self) -> str | None:
        """The session's subject, a guest's too; None for who is not logged in."""
        session = self.__dict__.get("session")
        return session.subject if session else None

    async def find_openid(self) -> str | None:
        """Return the WeChat account of who is logged in; SessionExpired."""
        session = self.__dict__.get("session")
        return await self.services.sessions.get_openid(session) if session else None

    @property
    def member(self) -> str | None:
        """The person who is logged in, None for everybody else."""
        session = self.__dict__.get("session")
        return session.subject if session and session.kind in MEMBERS else None


class CheckInsHandler(VisitorHandler):
    """Visits to one station."""

    limits = (PerAddress(120),)

    @endpoint(
        201,
        refuses=(
            NoSuchStation,
            StationClosed,
            TooFar,
            ScreenCodeStale,
            ScreenCodeWrong,
            WhoRequired,
            PositionOutsideCountry,
            Unauthenticated,
            SessionExpired,
        ),
    )
    async def post(self, code: str, *, body: CheckInRequest) -> CheckInReply:
        """Check in: once per person, station and window of four hours; again answers the first one."""
        await self.services.limits.count(f"visits:{code.upper()}", VISITS_OF_AN_ADDRESS, self._address)
        given = body.position
        arrival = Arrival(
            person=self.member,
            device=body.device,
            worker=body.worker,
            screen_code=body.screen_code,
            position=to_gcj02(given.longitude, given.latitude, given.datum) if given else None,
        )
        return CheckInReply.of(await self.services.visits.check_ins.record(code, arrival))


class VisitCountsHandler(Handler):
    """One station's figures."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str, *, query: VisitsQuery) -> VisitCountsReply:
        """Return how many visits and people a station had, by local day."""
        self.services.appointments.get(self.session.subject, SCANNERS)
        station = self.services.stations.get(code)
        counts = await self.services.visits.counts.list_of(station.id, query.days)
        items = [VisitCountReply.of(count) for count in counts]
        return VisitCountsReply(station=station.id, name=station.name, items=items)


ROUTES = [
    ("/api/v1/stations/{code}/check-ins", CheckInsHandler),
    ("/api/v1/staff/stations/{code}/visits", VisitCountsHandler),
]
