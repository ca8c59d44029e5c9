"""A district's stations in one file that a phone takes along: where, what, and when open in the next days.

Left out are stations that are not on the map or not operating, the reasons for a closed door, and what one
person alone reports. A district with more than fits into one file of `LIMIT` bytes is split into parts, by
the codes of its stations.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from handlers.district_replies import DAYS, DistrictReply, OpenedReply, OpeningsReply, SetBackReply
from handlers.evidence import MarkReply
from handlers.wire import encode, local
from models.clock import LOCAL
from models.districts import NoSuchDistrict, resolve
from models.early_openings import Opened
from models.evidence import EvidenceBoard, Reason
from models.freshness import MOST, NOTHING_CONFIRMED, Freshness
from models.hours import Closure, Hours
from models.hours_words import words
from models.ranks import RANKING
from models.station_board import StationBoard
from models.station_columns import FACILITY_BITS
from models.stations import FACILITIES, KINDS, Station, StationKind, folded

LIMIT = 256_000
# What a part's own fields may take of it, the names of the facilities among them.
HEAD = 2_000
# Beyond the last day, so that on its evening it is known when a station closes.
MARGIN_DAYS = 1
_MOST_SCHEDULES = _MOST_STATIONS = 9_999
FILES_KEPT = 32
Reasons = Mapping[str, Sequence[Reason]]


class Besides(NamedTuple):
    """What is known now of some stations, by code, besides their hours: what sets back, what opens them.

    `freshness` is of all stations.
    """

    reasons: Reasons = MappingProxyType({})
    opened: Mapping[str, Opened] = MappingProxyType({})
    freshness: Freshness = NOTHING_CONFIRMED


NOTHING = Besides()
_KIND_PLACES: dict[StationKind | None, int] = {None: -1} | {kind: place for place, kind in enumerate(KINDS)}


class Written(Struct, frozen=True):
    """A part as it is sent, and the same compressed."""

    plain: bytes
    zipped: bytes


class Edition(Struct, frozen=True):
    """All parts of a district's file."""

    version: str
    parts: tuple[Written, ...]

    def find(self, part: int) -> Written:
        """Return a part by its number; NoSuchDistrict."""
        if part > len(self.parts):
            raise NoSuchDistrict(parts=len(self.parts))
        return self.parts[part - 1]


class _Row(NamedTuple):
    """A station with what its schedule means."""

    station: Station
    openings: OpeningsReply
    reasons: Sequence[Reason]
    early: Opened | None
    set_back: int

    def marks(self, place: int) -> list[SetBackReply]:
        """Return why the station is set back, as of its place in a file."""
        return [
            SetBackReply(
                place=place,
                ranks_as=RANKING[one.rank],
                until=local(one.until) if one.until else None,
                mark=MarkReply.of(one.said),
            )
            for one in self.reasons
        ]

    def opened(self, place: int) -> list[OpenedReply]:
        """Return that its 站长 opened the station, as of its place in a file, if he did."""
        one = self.early
        if one is None:
            return []
        said = one.openness.reason.words if one.openness.reason else ""
        return [OpenedReply(place=place, since=local(one.since), until=local(one.until), words=said)]

    def size(self) -> int:
        """Return the most bytes that the station takes in a file, but for its openings."""
        one, place = self.station, self.station.position
        degrees = (place.longitude, place.latitude) if place else ()
        many = (
            one.id,
            one.name,
            one.address,
            *degrees,
            _MOST_SCHEDULES,
            _bits(one),
            _KIND_PLACES[one.kind],
            MOST,
        )
        besides = (*self.marks(_MOST_STATIONS), *self.opened(_MOST_STATIONS))
        return len(encode(many)) + (len(encode(besides)) if besides else 0)


class DistrictFiles:
    """Writes the files, each once while the stations, what is known besides, and the day stay the same."""

    def __init__(self, board: StationBoard, evidence: EvidenceBoard) -> None:
        self._board = board
        self._evidence = evidence
        self._kept: dict[str, tuple[tuple[int, datetime, Besides], asyncio.Task[Edition]]] = {}

    async def get(self, district: str, now: datetime) -> Edition:
        """Return a district's file; NoSuchDistrict."""
        since = now.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        besides = self._besides(district, now)
        state = self._board.generation, since, besides
        kept = self._kept.get(district)
        if kept is None or kept[0] != state:
            writing = asyncio.create_task(asyncio.to_thread(self._write, district, since, besides))
            self._kept.pop(district, None)
            kept = self._kept[district] = state, writing
            if len(self._kept) > FILES_KEPT:
                del self._kept[next(iter(self._kept))]
        try:
            # Whoever hangs up leaves the file to the others that wait for it.
            return await asyncio.shield(kept[1])
        except NoSuchDistrict:
            self._kept.pop(district, None)
            raise

    def _besides(self, district: str, now: datetime) -> Besides:
        """Return what is known now of the stations of a district."""
        asked, evidence = folded(district), self._evidence
        heard = evidence.heard(now)
        early = self._board.list_early(now, heard)

        def is_there(code: str) -> bool:
            station = self._board.find(code)
            return station is not None and folded(station.district) == asked

        return Besides(
            {code: found for code, found in evidence.list_reasons(now).items() if is_there(code)},
            {code: found for code, found in early.items() if is_there(code)},
            heard.freshness,
        )

    def _write(self, district: str, since: datetime, besides: Besides) -> Edition:
        return write_edition(self._board.in_district(district), since, besides)


def write_edition(stations: Sequence[Station], since: datetime, besides: Besides = NOTHING) -> Edition:
    """Return the file of some stations of a district, at least one, from a local midnight on."""
    ordered = sorted(stations, key=lambda station: station.id)
    schedules = {(station.hours, station.closure) for station in ordered}
    openings = {schedule: _openings(*schedule, since) for schedule in schedules}
    rows = [_row(one, openings[one.hours, one.closure], besides) for one in ordered]
    replies = [_reply(some, since) for some in _split(rows)]
    version = hashlib.sha256(b"\n".join(map(encode, replies))).hexdigest()[:16]
    parts = []
    for number, reply in enumerate(replies, 1):
        plain = encode(replace(reply, version=version, part=number, parts=len(replies)))
        parts.append(Written(plain, gzip.compress(plain, mtime=0)))
    return Edition(version, tuple(parts))


def _row(station: Station, openings: OpeningsReply, besides: Besides) -> _Row:
    reasons, opened, freshness = besides
    code = station.id
    return _Row(station, openings, reasons.get(code, ()), opened.get(code), freshness.metres.get(code, MOST))


def _openings(hours: Hours, closure: Closure | None, since: datetime) -> OpeningsReply:
    resolved = resolve(hours, closure, since, DAYS + MARGIN_DAYS)
    return OpeningsReply(hours=words(hours), states=resolved.states, minutes=resolved.minutes)


def _split(rows: Sequence[_Row]) -> list[list[_Row]]:
    """Return the rows in runs, each small enough for one file."""
    runs: list[list[_Row]] = [[]]
    known: set[OpeningsReply] = set()
    size = HEAD
    for row in rows:
        more = row.size() + (0 if row.openings in known else len(encode(row.openings)) + 1)
        if size + more > LIMIT and runs[-1]:
            runs.append([])
            known.clear()
            size, more = HEAD, row.size() + len(encode(row.openings)) + 1
        runs[-1].append(row)
        known.add(row.openings)
        size += more
    return runs


def _reply(rows: Sequence[_Row], since: datetime) -> DistrictReply:
    """Return some rows as a part, which does not know yet of how many."""
    schedules: dict[OpeningsReply, int] = {}
    numbers = [schedules.setdefault(row.openings, len(schedules)) for row in rows]
    stations = [row.station for row in rows]
    places = [station.position for station in stations if station.position]
    return DistrictReply(
        district=stations[0].district,
        version="",
        part=1,
        parts=1,
        since=local(since),
        days=DAYS,
        facility_names=tuple(FACILITIES),
        kind_names=tuple(KINDS),
        schedules=list(schedules),
        codes=[station.id for station in stations],
        names=[station.name for station in stations],
        addresses=[station.address for station in stations],
        longitudes=[place.longitude for place in places],
        latitudes=[place.latitude for place in places],
        schedule_of=numbers,
        facilities=[_bits(station) for station in stations],
        kinds=[_KIND_PLACES[station.kind] for station in stations],
        set_backs=[row.set_back for row in rows],
        marks=[mark for place, row in enumerate(rows) for mark in row.marks(place)],
        opened=[one for place, row in enumerate(rows) for one in row.opened(place)],
    )


def _bits(station: Station) -> int:
    return sum(FACILITY_BITS[name] for name in set(station.working))
