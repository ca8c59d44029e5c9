"""What is said of the stations near a place: written once per station, and put together for each answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, cast

from msgspec import Meta

from handlers.fields import Latitude, Longitude, Moment, StationCode
from handlers.media import Json
from handlers.wire import Wire, encode, local
from models.finder import Found
from models.hours_open import Openness, Reason, ReasonCode, State
from models.hours_words import words
from models.positions import Datum
from models.stations import Facility, Station

# Of thousands of stations most share their hours, and so the answer for them.
OPENNESSES_KEPT = 10_000

StationName = Annotated[str, Meta(examples=["金水工会杜岭户外劳动者爱心驿站"])]
Address = Annotated[str, Meta(examples=["郑州市金水区杜岭街28号"])]
District = Annotated[str, Meta(examples=["金水区"])]
HoursWords = Annotated[str, Meta(examples=["每天 05:00-17:30"])]
AnyFacility = Annotated[Facility, Meta(examples=["water"])]


class PositionReply(Wire, frozen=True, gc=False):
    """A position in GCJ-02, as maps in China want it."""

    longitude: Longitude
    latitude: Latitude
    datum: Annotated[Datum, Meta(examples=["gcj02"])]


class ReasonReply(Wire, frozen=True, gc=False):
    """Why a station is not open, where its weekly hours do not say so; `until` is when a closure ends."""

    code: Annotated[ReasonCode, Meta(examples=["holiday"])]
    words: Annotated[str, Meta(examples=["国庆节休息"])]
    until: Annotated[Moment | None, Meta(examples=[None])]

    @classmethod
    def of(cls, reason: Reason) -> "ReasonReply":
        """Return a reason with local times."""
        until = local(reason.until) if reason.until else None
        return cls(code=reason.code, words=reason.words, until=until)


class OpennessReply(Wire, frozen=True, gc=False):
    """Whether a station is open now, until when, or from when again, and why not; unknown is not open."""

    state: Annotated[State, Meta(examples=["open"])]
    until: Annotated[Moment | None, Meta(examples=["2026-07-15T17:30:00+08:00"])]
    opens_at: Annotated[Moment | None, Meta(examples=[None])]
    reason: ReasonReply | None

    @classmethod
    def of(cls, now: Openness) -> "OpennessReply":
        """Return an openness with local times."""
        return cls(
            state=now.state,
            until=local(now.until) if now.until else None,
            opens_at=local(now.opens_at) if now.opens_at else None,
            reason=ReasonReply.of(now.reason) if now.reason else None,
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


def position_of(station: Station) -> PositionReply | None:
    """Return where a station is, if that is known."""
    if station.position is None:
        return None
    return PositionReply(
        longitude=station.position.longitude, latitude=station.position.latitude, datum="gcj02"
    )


def write_station(station: Station) -> bytes:
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


class NearbyWriter:
    """Writes the answers; an openness is written once, and known again by its identity."""

    def __init__(self) -> None:
        self._opennesses: dict[int, tuple[Openness, bytes]] = {}

    def write(self, found: Sequence[Found], at: datetime) -> StationsReply:
        """Return found stations, whose faces `write_station` made, as a `StationsReply` in JSON already."""
        pieces = [b'{"items":[']
        for one in found:
            pieces += one.face, b',"distanceMetres":%d,"open":' % one.metres, self._written(one.openness)
        if found:
            pieces.append(pieces.pop()[:-1])
        pieces += b'],"serverTime":', encode(local(at)), b"}"
        return cast(StationsReply, Json(b"".join(pieces)))

    def _written(self, now: Openness) -> bytes:
        """Return an openness with what follows it in a list: the end of its station, and a comma."""
        known = self._opennesses.get(id(now))  # Whose is kept here, and so no other's.
        if known is None:
            if len(self._opennesses) >= OPENNESSES_KEPT:
                self._opennesses.clear()
            known = self._opennesses[id(now)] = now, encode(OpennessReply.of(now)) + b"},"
        return known[1]
