"""Stations near me, or near a named place, now or at another moment. No login, no database."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, cast

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.contracts import InvalidField
from handlers.fields import LINE, AnyFacility, LatitudeAsked, Longitude
from handlers.media import Json
from handlers.nearby import AnyDatum, AnyKind, Cursor, StationsReply, read_cursor
from handlers.services import Services
from handlers.wire import Asked
from models.clock import LOCAL
from models.errors import Invalid
from models.finder import Mark, Wanted
from models.places import NoSuchPlace, Place, SeveralPlaces
from models.positions import Position, PositionOutsideCountry, to_gcj02
from models.ranks import NOTHING_HEARD, PAGES_LAST

RADIUS_METRES = 5_000
AHEAD = timedelta(days=7)
MINUTE = timedelta(minutes=1)
ONLY_OPEN = (
    "Leave out what is closed or unknown; of now also what two people doubt (待核实) and what its 站长 "
    "closed for today, but not what he opened beside its hours. What closes while pages are turned is left "
    "out of a later page, which may then hold fewer than `limit`, or none, and have a `next` all the same"
)


class PageExpired(Invalid):
    """`after` is of a list that was made too long ago, or for another moment than `at`."""

    code = "page_expired"
    message = "列表已过期，请重新查找"


class MomentOutsideWeek(Invalid):
    """`at` is past, or more than seven days ahead."""

    code = "moment_outside_week"
    message = "只能查从现在起7天以内的时间"


class StationsQuery(Asked, frozen=True):
    """Where, in which datum, and what the station must have (divided by commas).

    Where is `longitude`, `latitude` and their `datum`, or `near`: a name. With both, the position says which
    of several places of the name is meant: the nearest.
    """

    longitude: Longitude | None = None
    latitude: LatitudeAsked | None = None
    datum: AnyDatum | None = None
    near: (
        Annotated[
            str,
            Meta(
                min_length=2,
                max_length=40,
                pattern=LINE,
                examples=["金水区"],
                description="A district, a street or a station in place of a position",
            ),
        ]
        | None
    ) = None
    facilities: tuple[AnyFacility, ...] = ()
    kind: AnyKind | None = None
    only_open: Annotated[bool, Meta(examples=[False], description=ONLY_OPEN)] = False
    at: (
        Annotated[
            str,
            Meta(
                max_length=40,
                examples=["2026-07-16T02:00:00+08:00"],
                description="Another moment within seven days, to the minute; without an offset it is local",
            ),
        ]
        | None
    ) = None
    radius: Annotated[int, Meta(ge=100, le=50_000, examples=[5000], description="Metres")] = RADIUS_METRES
    limit: Annotated[int, Meta(ge=1, le=100, examples=[20])] = 20
    after: Cursor | None = None

    def position(self) -> Position:
        """Return the position asked about; InvalidField, PositionOutsideCountry."""
        if self.longitude is None or self.latitude is None or self.datum is None:
            missing = next(name for name in ("longitude", "latitude", "datum") if getattr(self, name) is None)
            raise InvalidField(field=f"query.{missing}", reason="Neither this nor `near`")
        return to_gcj02(self.longitude, self.latitude, self.datum)

    def position_beside_name(self) -> Position | None:
        """Return the position that was given beside a name, if one was; refusals as `position` has them."""
        return None if self.longitude is None and self.latitude is None else self.position()

    def wanted(self, here: Position) -> Wanted:
        """Return what to look for."""
        facilities = frozenset(self.facilities)
        return Wanted(here, facilities, self.kind, self.only_open, self.limit, self.radius)

    def moment(self, now: datetime) -> datetime | None:
        """Return the moment asked about, if it is another than now; InvalidField, MomentOutsideWeek."""
        if self.at is None:
            return None
        try:
            # In a query a bare plus sign is a space.
            at = datetime.fromisoformat(self.at.replace(" ", "+"))
            at = (at if at.tzinfo else at.replace(tzinfo=LOCAL)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise InvalidField(field="query.at", reason="Not a time in ISO 8601") from error
        at = at.replace(second=0, microsecond=0)
        if not now - MINUTE < at <= now + AHEAD:
            raise MomentOutsideWeek
        return at

    def mark(self, now: datetime, at: datetime | None) -> Mark | None:
        """Return where the page before ended; PageExpired."""
        if self.after is None:
            return None
        mark = read_cursor(self.after)
        if not (mark.at == at if at else now - PAGES_LAST <= mark.at <= now):
            raise PageExpired
        return mark


class StationsHandler(Handler):
    """Stations near me."""

    public = True

    @endpoint(refuses=(PositionOutsideCountry, NoSuchPlace, SeveralPlaces, MomentOutsideWeek, PageExpired))
    async def get(self, *, query: StationsQuery) -> StationsReply:
        """Return the stations near a place, those that are open first."""
        place = None
        if query.near:
            place = await self.services.stations.get_place(query.near, query.position_beside_name())
        return _answer(self.services, query, place)

    @classmethod
    def at_once(cls, services: Services, query: StationsQuery) -> bytes | None:
        """Return the answer, unless a name has to be looked up."""
        return None if query.near else cast(Json, _answer(services, query, None))


def _answer(services: Services, query: StationsQuery, place: Place | None) -> StationsReply:
    """Return the answer, which is in JSON already."""
    now = services.now()
    at = query.moment(now)
    wanted = query.wanted(place.position if place else query.position())
    after, evidence = query.mark(now, at), services.visits.evidence
    # What people report holds for now alone.
    heard = NOTHING_HEARD if at else evidence.heard(now, after.at if after else None)
    page = services.stations.page(wanted, at or now, after, heard)
    return services.nearby.write(page, now, query.datum or "gcj02", at, place)


ROUTES = [("/api/v1/stations", StationsHandler)]
