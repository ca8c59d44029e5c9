"""The finder: which stations near a place are of use now, without a database.

A `Finder` is a snapshot of the stations. Those that are open come first, then those about to close, then
those whose hours nobody knows, then the closed; within each the nearest, and of two at the same metre the
lower code. The answer is the one that looking at every station would give.

How it is quick: openness is worked out once per distinct schedule and stands until that schedule next
changes. Stations are parted by it into tiers, so that a search at night does not walk over the closed to
find the open. A tier is sorted by cells of about half a kilometre, row by row from the south: a box on the
map is one run of stations per row, found by bisection. A ring that holds enough ends the search in a tier;
how dense stations are in that part of the map tells how wide the first ring should be.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from math import asin, cos, degrees, inf, pi, radians, sin, sqrt
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.hours import Hours, Openness, State, openness
from models.ids import decode
from models.positions import EARTH_RADIUS_METRES, SOUTH, WEST, Position
from models.stations import FACILITIES, Facility, Station

Whole = NDArray[np.int64]
Cell = TypeVar("Cell", int, Whole)

RANKING: tuple[State, ...] = ("open", "closing", "unknown", "closed")

CELL_DEGREES = 0.005
# More cells than the country has from west to east, and from south to north.
ROW_CELLS = 1 << 14

# Stations are counted in blocks of so many cells each way, about two kilometres, to guess the first ring.
BLOCK_CELLS = 4
BLOCK_METRES = 2000
# A ring is made so wide that it should hold twice as many as are asked for. One that holds too few is
# widened, and one whose cells hold a crowd is narrowed before anybody in it is looked at.
AIM = 2
CROWD = 400

# A key is the metres times this, and the row in order of codes: keys sort as answers rank.
ROWS = 1 << 32

_BITS = {facility: 1 << place for place, facility in enumerate(FACILITIES)}


class Found(Struct, frozen=True, gc=False):
    """A station near a place: how far, in whole metres, and whether it is open."""

    station: Station
    metres: int
    openness: Openness


class _Columns(NamedTuple):
    """The stations that can be found, in order of their codes, one array per property."""

    codes: Whole
    stations: NDArray[np.object_]
    cells: Whole
    points: NDArray[np.float64]  # n × 3, on the unit sphere.
    facilities: Whole
    schedules: Whole

    def taken(self, rows: Whole) -> "_Columns":
        """Return the columns of some rows, in their order."""
        return _Columns._make(column[rows] for column in self)


class _View(NamedTuple):
    """Every schedule's openness from `since` until just before `until` (POSIX seconds), and the tiers."""

    since: float
    until: float
    answers: tuple[Openness, ...]
    ranks: Whole
    tiers: tuple["_Tier", ...]


class _Search(NamedTuple):
    """What is looked for: within `radius` whole metres, with all the facilities whose bits are `asked`."""

    here: Position
    point: NDArray[np.float64]
    radius: int
    asked: int
    around: float  # How many such stations, whatever their openness, are expected in the place's block.


class _Tier:
    """Stations of one openness, sorted by cell; a place is a station's number in that order."""

    def __init__(self, columns: _Columns, rows: Whole, chosen: Whole) -> None:
        self._cells = columns.cells.take(chosen).astype(np.int32)
        self._points = columns.points.take(chosen, axis=0)
        self._facilities = columns.facilities.take(chosen)
        self._rows = rows.take(chosen)
        self._places = np.arange(len(chosen))
        self._share = len(chosen) / max(1, len(rows))

    def nearest(self, search: _Search, limit: int) -> list[int]:
        """Return the keys of the nearest stations, in order."""
        if len(self._rows) == 0:
            return []
        radius = search.radius
        first = BLOCK_METRES * sqrt(AIM * limit / (pi * (search.around * self._share + 0.01)))
        ring, passed = min(int(first) + 1, radius), 0
        while True:
            runs = self._runs(search.here, ring)
            count = sum(last - first for first, last in runs)
            if count < limit and ring < radius:  # Too few, whatever their distance.
                ring, passed = radius, ring
                continue
            narrower = max(passed * 3 // 2 + 1, int(ring * sqrt(AIM * limit / (count + 1))))
            if count > CROWD and narrower < ring and not search.asked:
                ring = narrower
                continue
            keys = self._keys(runs, search)
            held = bisect_left(keys, (ring + 1) * ROWS)
            if held >= limit or ring == radius:
                return keys[: min(limit, held)]
            wider = ring * max(1.5, sqrt(AIM * limit / (held + 0.5)))
            ring, passed = min(radius, int(wider) + 1), ring

    def _runs(self, here: Position, metres: int) -> list[tuple[int, int]]:
        """Return the runs of places, one per row of cells, that hold all stations within reach and more."""
        angle = (metres + 1) / EARTH_RADIUS_METRES
        north = degrees(angle)
        east = degrees(asin(min(1.0, sin(angle) / cos(radians(here.latitude)))))
        south_west = _cell(here.longitude - east, here.latitude - north)
        north_east = _cell(here.longitude + east, here.latitude + north)
        width = north_east % ROW_CELLS - south_west % ROW_CELLS + 1
        starts = np.arange(south_west, north_east + 1, ROW_CELLS, dtype=np.int32)
        firsts = self._cells.searchsorted(starts).tolist()
        lasts = self._cells.searchsorted(starts + width).tolist()
        return [run for run in zip(firsts, lasts, strict=True) if run[0] < run[1]]

    def _keys(self, runs: Sequence[tuple[int, int]], search: _Search) -> list[int]:
        """Return the keys, in order, of those stations in some runs that have what is asked for."""
        if not runs:
            return []
        places = np.concatenate([self._places[first:last] for first, last in runs])
        if search.asked:
            places = places[(self._facilities.take(places) & search.asked) == search.asked]
        # The chord between two points of the sphere tells their distance, and costs no sine per station.
        aside = self._points.take(places, axis=0) - search.point
        chords = np.sqrt(np.vecdot(aside, aside))
        metres = np.rint(np.arcsin(chords * 0.5) * (2 * EARTH_RADIUS_METRES)).astype(np.int64)
        keys = metres * ROWS + self._rows.take(places)
        keys.sort()
        ordered: list[int] = keys.tolist()
        return ordered


class _Snapshot(NamedTuple):
    """What a finder stands on; never changed once it is made."""

    stations: dict[str, Station]
    districts: dict[str, dict[str, Station]]
    numbers: dict[Hours, int]  # The distinct schedules, numbered.
    columns: _Columns


class Finder:
    """A snapshot of the stations that answers which are near; making one belongs off the loop."""

    def __init__(self, stations: Iterable[Station] = (), base: _Snapshot | None = None) -> None:
        self._snapshot = _absorbed(base or _Snapshot({}, {}, {}, _columns((), {})), stations)
        self._by_cell = np.argsort(self._snapshot.columns.cells)
        having = self._snapshot.columns.facilities
        self._shares = {
            name: np.count_nonzero(having & bit) / max(1, len(having)) for name, bit in _BITS.items()
        }
        blocks, counts = np.unique(_block(self._snapshot.columns.cells), return_counts=True)
        self._blocks: dict[int, int] = dict(zip(blocks.tolist(), counts.tolist(), strict=True))
        self._sorted = self._snapshot.columns.taken(self._by_cell)
        self._stations: list[Station] = self._snapshot.columns.stations.tolist()
        self._schedules: list[int] = self._snapshot.columns.schedules.tolist()
        self._view: _View | None = None  # Only remembered: it follows from the snapshot and the moment.

    def replace(self, changed: Iterable[Station]) -> "Finder":
        """Return a finder in which these stations stand as they are now; this one stays as it is."""
        return Finder(changed, self._snapshot)

    def find(self, code: str) -> Station | None:
        """Return the station with this code, whatever its state, or None."""
        return self._snapshot.stations.get(code)

    def in_district(self, district: str) -> list[Station]:
        """Return a district's operating stations by code, with or without a position."""
        stations = self._snapshot.districts.get(district, {}).values()
        return sorted((s for s in stations if s.state == "operating"), key=lambda station: station.id)

    def nearest(
        self,
        position: Position,
        at: datetime,
        facilities: frozenset[Facility] = frozenset(),
        limit: int = 20,
        radius: int = 5000,
    ) -> list[Found]:
        """Return at most `limit` operating stations within `radius` whole metres, the most useful first."""
        asked = sum(_BITS[facility] for facility in facilities)
        around: float = self._blocks.get(_block(_cell(position.longitude, position.latitude)), 0)
        for facility in facilities:
            around *= self._shares[facility]
        search = _Search(position, np.array(_point(position)), radius, asked, around)
        view = self._view_at(at)
        keys: list[int] = []
        for tier in view.tiers:
            if len(keys) < limit:
                keys += tier.nearest(search, limit - len(keys))
        stations, schedules, answers = self._stations, self._schedules, view.answers
        return [
            Found(stations[row], metres, answers[schedules[row]])
            for metres, row in (divmod(key, ROWS) for key in keys)
        ]

    def _view_at(self, at: datetime) -> _View:
        """Return the view that holds at a moment: the last one, if nothing has changed since."""
        now = at.timestamp()
        view = self._view
        if view is None or not view.since <= now < view.until:
            view = self._view = self._seen(view, at, now)
        return view

    def _seen(self, last: _View | None, at: datetime, now: float) -> _View:
        """Return the view at a moment, keeping of the last one what still holds."""
        kept = last.answers if last and last.since <= now else ()
        answers = tuple(
            kept[number] if number < len(kept) and now < _end(kept[number]) else openness(hours, at)
            for hours, number in self._snapshot.numbers.items()
        )
        until = min(map(_end, answers), default=inf)
        ranks = np.array([RANKING.index(answer.state) for answer in answers], dtype=np.int64)
        if last and np.array_equal(ranks, last.ranks):
            return _View(now, until, answers, ranks, last.tiers)
        columns = self._sorted
        rank_by_cell = ranks[columns.schedules]
        chosen = ((rank_by_cell == rank).nonzero()[0] for rank in range(len(RANKING)))
        tiers = tuple(_Tier(columns, self._by_cell, places) for places in chosen)
        return _View(now, until, answers, ranks, tiers)


def _absorbed(base: _Snapshot, changed: Iterable[Station]) -> _Snapshot:
    """Return a snapshot in which these stations stand as they are now."""
    news = {station.id: station for station in changed}
    former = [base.stations[code] for code in news if code in base.stations]
    districts = base.districts.copy()
    for name in {station.district for station in (*former, *news.values())}:
        districts[name] = districts.get(name, {}).copy()
    for station in former:
        del districts[station.district][station.id]
    for station in news.values():
        districts[station.district][station.id] = station
    numbers = base.numbers.copy()
    shown = [station for station in news.values() if station.position and station.state == "operating"]
    fresh = _columns(shown, numbers)
    kept = ~np.isin(base.columns.codes, np.array([decode(code) for code in news], dtype=np.int64))
    joined = (np.concatenate((old[kept], new)) for old, new in zip(base.columns, fresh, strict=True))
    columns = _Columns._make(joined)
    return _Snapshot(base.stations | news, districts, numbers, columns.taken(np.argsort(columns.codes)))


def _columns(stations: Sequence[Station], numbers: dict[Hours, int]) -> _Columns:
    """Return stations that have a position as columns, numbering the schedules that are new."""
    objects = np.empty(len(stations), dtype=np.object_)
    objects[:] = stations
    places = [station.position for station in stations if station.position]
    return _Columns(
        codes=_whole(decode(station.id) for station in stations),
        stations=objects,
        cells=_whole(_cell(place.longitude, place.latitude) for place in places),
        points=np.array([_point(place) for place in places], dtype=np.float64).reshape(-1, 3),
        facilities=_whole(sum(_BITS[name] for name in set(station.facilities)) for station in stations),
        schedules=_whole(numbers.setdefault(station.hours, len(numbers)) for station in stations),
    )


def _whole(numbers: Iterable[int]) -> Whole:
    return np.fromiter(numbers, dtype=np.int64)


def _cell(longitude: float, latitude: float) -> int:
    """Return the number of a place's cell, counted from the south-west; places beyond are on the edge."""
    row = int((latitude - SOUTH) / CELL_DEGREES)
    column = int((longitude - WEST) / CELL_DEGREES)
    return min(max(row, 0), ROW_CELLS - 1) * ROW_CELLS + min(max(column, 0), ROW_CELLS - 1)


def _block(cell: Cell) -> Cell:
    """Return the number of the block that a cell, or each of some cells, is in."""
    return cell // (ROW_CELLS * BLOCK_CELLS) * ROW_CELLS + cell % ROW_CELLS // BLOCK_CELLS


def _point(place: Position) -> tuple[float, float, float]:
    """Return a place on the unit sphere."""
    longitude, latitude = radians(place.longitude), radians(place.latitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


def _end(answer: Openness) -> float:
    """Return when an answer stops holding, in POSIX seconds."""
    return answer.changes_at.timestamp() if answer.changes_at else inf
