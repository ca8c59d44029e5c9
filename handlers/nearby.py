"""What is said of the stations near a place: written once per station, and put together for each answer."""

from datetime import UTC, datetime
from typing import Annotated, cast

from msgspec import UNSET, Meta, UnsetType

from handlers.evidence import MarkReply
from handlers.fields import END, AnyFacility, Latitude, Longitude, Moment, StationCode
from handlers.media import Json
from handlers.wire import Wire, encode, local
from models.evidence import EvidenceBoard
from models.finder import Mark, Page
from models.hours_open import Openness, Reason, ReasonCode, State
from models.hours_words import words
from models.open_now import as_said
from models.places import Place, PlaceKind
from models.positions import Datum, Position, from_gcj02
from models.stations import SourcePosition, Station, StationKind

# What ends a station in a list of which nobody reports anything.
UNMARKED = b',"mark":null},'
# Of thousands of stations most share their hours, and so the answer for them.
OPENNESSES_KEPT = 10_000
# Stations written with their position in another datum than GCJ-02.
FACES_KEPT = 50_000
# A converted position is good to about a metre; six decimals are a tenth of one.
DECIMALS = 6

StationName = Annotated[str, Meta(examples=["金水工会杜岭户外劳动者爱心驿站"])]
Address = Annotated[str, Meta(examples=["郑州市金水区杜岭街28号"])]
District = Annotated[str, Meta(examples=["金水区"])]
HoursWords = Annotated[str, Meta(examples=["每天 05:00-17:30"])]
WorkingFacilities = Annotated[
    tuple[AnyFacility, ...], Meta(examples=[["water"]], description="What works there")
]
AnyKind = Annotated[StationKind, Meta(examples=["basic"], description="By the standard of 浙江")]
AnyDatum = Annotated[Datum, Meta(examples=["gcj02"], description="What coordinates refer to, in and out")]
# Where a page ended: rank, metres (set back), code, and the milliseconds of the moment it was ranked for.
Cursor = Annotated[
    str,
    Meta(
        pattern=rf"^[0-3]\.[0-9]{{1,5}}\.[0-9A-HJKMNP-TV-Z]{{8}}\.[0-9]{{1,13}}{END}",
        examples=["0.320.4E8M0R2T.1784095205000"],
        description="Opaque: what `next` said, together with the same question",
    ),
]


class PositionReply(Wire, frozen=True, gc=False):
    """A position in the datum that was asked with, GCJ-02 otherwise: that of maps in China."""

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
    kind: AnyKind | None
    hours: HoursWords
    facilities: WorkingFacilities


class NearbyReply(NearbyStation, frozen=True, gc=False):
    """A station near the place asked for."""

    distance_metres: Annotated[int, Meta(examples=[320])]
    open: OpennessReply
    mark: MarkReply | None


class PlaceReply(Wire, frozen=True):
    """A place that was asked for by its name."""

    name: Annotated[str, Meta(examples=["金水区"])]
    kind: Annotated[PlaceKind, Meta(examples=["district"])]
    district: District
    position: PositionReply

    @classmethod
    def of(cls, place: Place, datum: Datum) -> "PlaceReply":
        """Return a place with its position in a datum."""
        position = position_in(place.position, datum)
        return cls(name=place.name, kind=place.kind, district=place.district, position=position)


class StationsReply(Wire, frozen=True):
    """Stations, the most useful first: open before closing before unknown before closed, then the nearest.

    One that was confirmed to be open within a day, or a month, counts as up to 80 metres nearer. `next` goes
    into `after` for the stations that follow, within ten minutes. `at` is there when another moment was asked
    about, `place` when a name was.
    """

    items: list[NearbyReply]
    next: Cursor | None
    server_time: Moment
    at: Moment | UnsetType = UNSET
    place: PlaceReply | UnsetType = UNSET


def position_in(position: Position, datum: Datum) -> PositionReply:
    """Return a stored position in a datum."""
    if datum == "gcj02":
        return PositionReply(longitude=position.longitude, latitude=position.latitude, datum=datum)
    longitude, latitude = (round(degrees, DECIMALS) for degrees in from_gcj02(position, datum))
    return PositionReply(longitude=longitude, latitude=latitude, datum=datum)


def position_of(station: Station, datum: Datum = "gcj02") -> PositionReply | None:
    """Return where a station is, if that is known: as it was published, if that was in this datum."""
    return _placed(station.position, station.source_position, datum)


def entrance_of(station: Station, datum: Datum = "gcj02") -> PositionReply | None:
    """Return where one gets in, if that is told apart from where the station is."""
    return _placed(station.entrance, station.source_entrance, datum)


def _placed(position: Position | None, source: SourcePosition | None, datum: Datum) -> PositionReply | None:
    if source is not None and source.datum == datum:
        return PositionReply(longitude=source.longitude, latitude=source.latitude, datum=datum)
    return None if position is None else position_in(position, datum)


def write_station(station: Station, datum: Datum = "gcj02") -> bytes:
    """Return the JSON of a station without its closing brace; only those with a position are found."""
    position = position_of(station, datum)
    if position is None:
        raise ValueError(f"station {station.id} was found without a position")
    return encode(
        NearbyStation(
            code=station.id,
            name=station.name,
            address=station.address,
            position=position,
            kind=station.kind,
            hours=words(station.hours),
            facilities=station.working,
        )
    )[:-1]


class NearbyWriter:
    """Writes the answers; an openness is written once, and known again by its identity.

    `evidence` says what people report of found stations; of most nothing.
    """

    def __init__(self, evidence: EvidenceBoard) -> None:
        self._evidence = evidence
        self._opennesses: dict[int, tuple[Openness, bytes]] = {}
        self._faces: dict[tuple[int, Datum], tuple[Station, bytes]] = {}

    def write(
        self, page: Page, now: datetime, datum: Datum, at: datetime | None = None, place: Place | None = None
    ) -> StationsReply:
        """Return found stations, whose faces `write_station` made, as a `StationsReply` in JSON already.

        `at` is the moment if another one than now was asked about, `place` what a name stood for.
        """
        # What people report holds for now alone.
        marks = {} if at else self._evidence.tell((one.station.id for one in page.found), now)
        pieces = [b'{"items":[']
        for one in page.found:
            face = one.face if datum == "gcj02" else self._face(one.station, datum)
            pieces += face, b',"distanceMetres":%d,"open":' % one.metres, self._written(one.openness)
            if mark := marks and marks.get(one.station.id):
                evidence = self._evidence.find(one.station.id)
                pieces[-1] = encode(OpennessReply.of(as_said(one.openness, one.station, evidence, now)))
                pieces += b',"mark":', encode(MarkReply.of(mark)), b"},"
        if page.found:
            pieces.append(pieces.pop()[:-1])
        following = _cursor(page.last) if page.last else b"null"
        pieces += b'],"next":', following, b',"serverTime":', encode(local(now))
        if at:
            pieces += b',"at":', encode(local(at))
        if place:
            pieces += b',"place":', encode(PlaceReply.of(place, datum))
        pieces.append(b"}")
        return cast(StationsReply, Json(b"".join(pieces)))

    def _written(self, now: Openness) -> bytes:
        """Return an openness with what follows it in a list: the end of its station, and a comma."""
        known = self._opennesses.get(id(now))  # Whose is kept here, and so no other's.
        if known is None:
            if len(self._opennesses) >= OPENNESSES_KEPT:
                self._opennesses.clear()
            known = self._opennesses[id(now)] = now, encode(OpennessReply.of(now)) + UNMARKED
        return known[1]

    def _face(self, station: Station, datum: Datum) -> bytes:
        """Return a station's JSON with its position in another datum, written once."""
        known = self._faces.get((id(station), datum))
        if known is None:
            if len(self._faces) >= FACES_KEPT:
                self._faces.clear()
            known = self._faces[id(station), datum] = station, write_station(station, datum)
        return known[1]


def _cursor(mark: Mark) -> bytes:
    """Return a mark as a `Cursor` in JSON."""
    milliseconds = round(mark.at.timestamp() * 1000)
    return b'"%d.%d.%b.%d"' % (mark.rank, mark.metres, mark.code.encode(), milliseconds)


def read_cursor(cursor: Cursor) -> Mark:
    """Return the mark of a cursor."""
    rank, metres, code, milliseconds = cursor.split(".")
    return Mark(int(rank), int(metres), code, datetime.fromtimestamp(int(milliseconds) / 1000, UTC))
