"""The finder: which stations near a place are of use now, without a database.

A `Finder` is a snapshot of the stations. Those that are open come first, then those about to close, then
those whose hours nobody knows, then the closed; within each the nearest, and of two at the same metre the
lower code. The answer is the one that looking at every station would give.

How it is quick: openness is worked out once per distinct schedule and stands until that schedule next
changes; stations are parted by it into grids, so that a search at night does not walk over the closed to
find the open; and what a cell of the map needs is gathered once (`models/patches.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from math import inf
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.grid import Density, Grid, Points, Vectors, Whole, cell_of, vector_of
from models.hours import Closure, Hours
from models.hours_open import Openness, State, openness
from models.ids import decode
from models.patches import Patches
from models.positions import Position
from models.stations import FACILITIES, Facility, Station

Describe = Callable[[Station], bytes]

RANKING: tuple[State, ...] = ("open", "closing", "unknown", "closed")

# A station, its schedule's number, and what is kept beside it.
_Shown = tuple[Station, int, bytes]

# What says when a station is open; the stations that share one are worked out once.
Schedule = tuple[Hours, Closure | None]

_BITS = {facility: 1 << place for place, facility in enumerate(FACILITIES)}


class Found(Struct, frozen=True, gc=False):
    """A station near a place: how far, in whole metres, whether it is open, and what is kept beside it."""

    station: Station
    metres: int
    openness: Openness
    face: bytes


class _Columns(NamedTuple):
    """The stations that can be found, in order of their codes: one array per property."""

    codes: Whole
    stations: NDArray[np.object_]
    faces: NDArray[np.object_]
    schedules: Whole
    cells: Whole
    vectors: Vectors
    facilities: Whole

    def taken(self, rows: Whole) -> "_Columns":
        """Return the columns of some rows, in their order."""
        return _Columns._make(column[rows] for column in self)


class _Snapshot(NamedTuple):
    """What a finder stands on; never changed once it is made."""

    stations: dict[str, Station]
    numbers: dict[Schedule, int]  # The distinct schedules, numbered.
    columns: _Columns


class _View(NamedTuple):
    """Every schedule's openness from `since` until just before `until` (POSIX seconds), and the patches."""

    since: float
    until: float
    answers: tuple[Openness, ...]
    ranks: Whole
    patches: Patches[_Shown]


def _nothing(_: Station) -> bytes:
    return b""


class Finder:
    """A snapshot of the stations that answers which are near; making one belongs off the loop.

    `describe` makes what is kept beside each station that can be found, and handed out with it.
    """

    def __init__(
        self,
        stations: Iterable[Station] = (),
        describe: Describe = _nothing,
        base: _Snapshot | None = None,
    ) -> None:
        self._describe = describe
        self._snapshot = _absorbed(base or _Snapshot({}, {}, _columns((), {}, describe)), stations, describe)
        columns = self._snapshot.columns
        self._stations: list[Station] = columns.stations.tolist()
        self._faces: list[bytes] = columns.faces.tolist()
        self._schedules: list[int] = columns.schedules.tolist()
        self._rows = np.argsort(columns.cells)
        by_cell = columns.taken(self._rows)
        self._points = Points(by_cell.cells, by_cell.vectors, by_cell.facilities)
        self._schedules_by_cell = by_cell.schedules
        self._density = Density(self._points)
        self._view: _View | None = None  # Only remembered: it follows from the snapshot and the moment.

    def replace(self, changed: Iterable[Station]) -> "Finder":
        """Return a finder in which these stations stand as they are now; this one stays as it is."""
        return Finder(changed, self._describe, self._snapshot)

    def find(self, code: str) -> Station | None:
        """Return the station with this code, whatever its state, or None."""
        return self._snapshot.stations.get(code)

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
        view = self._view_at(at)
        answers = view.answers
        return [
            Found(station, metres, answers[schedule], face)
            for metres, (station, schedule, face) in view.patches.nearest(position, radius, asked, limit)
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
            kept[number] if number < len(kept) and now < _end(kept[number]) else openness(hours, at, closure)
            for (hours, closure), number in self._snapshot.numbers.items()
        )
        until = min(map(_end, answers), default=inf)
        ranks = np.array([RANKING.index(answer.state) for answer in answers], dtype=np.int64)
        if last and np.array_equal(ranks, last.ranks):
            return _View(now, until, answers, ranks, last.patches)
        ranked = ranks[self._schedules_by_cell]
        chosen = ((ranked == rank).nonzero()[0] for rank in range(len(RANKING)))
        grids = tuple(Grid(self._points, self._rows, places) for places in chosen)
        return _View(now, until, answers, ranks, Patches(grids, self._density, self._shown))

    def _shown(self, row: int) -> _Shown:
        return self._stations[row], self._schedules[row], self._faces[row]


def _absorbed(base: _Snapshot, changed: Iterable[Station], describe: Describe) -> _Snapshot:
    """Return a snapshot in which these stations stand as they are now."""
    news = {station.id: station for station in changed}
    numbers = base.numbers.copy()
    shown = [station for station in news.values() if station.position and station.state == "operating"]
    # Made in this order, what is kept of neighbours lies near in memory, and is soon read.
    shown.sort(key=lambda station: cell_of(station.position) if station.position else 0)
    fresh = _columns(shown, numbers, describe)
    kept = ~np.isin(base.columns.codes, _whole(decode(code) for code in news))
    joined = (np.concatenate((old[kept], new)) for old, new in zip(base.columns, fresh, strict=True))
    columns = _Columns._make(joined)
    return _Snapshot(base.stations | news, numbers, columns.taken(np.argsort(columns.codes)))


def _columns(stations: Sequence[Station], numbers: dict[Schedule, int], describe: Describe) -> _Columns:
    """Return stations that have a position as columns, numbering the schedules that are new."""
    objects, faces = (np.empty(len(stations), dtype=np.object_) for _ in range(2))
    objects[:], faces[:] = stations, [describe(station) for station in stations]
    places = [station.position for station in stations if station.position]
    return _Columns(
        codes=_whole(decode(station.id) for station in stations),
        stations=objects,
        faces=faces,
        schedules=_whole(
            numbers.setdefault((station.hours, station.closure), len(numbers)) for station in stations
        ),
        cells=_whole(cell_of(place) for place in places),
        vectors=np.array([vector_of(place) for place in places], dtype=np.float64).reshape(-1, 3),
        facilities=_whole(sum(_BITS[name] for name in set(station.facilities)) for station in stations),
    )


def _whole(numbers: Iterable[int]) -> Whole:
    return np.fromiter(numbers, dtype=np.int64)


def _end(answer: Openness) -> float:
    """Return when an answer stops holding, in POSIX seconds."""
    return answer.changes_at.timestamp() if answer.changes_at else inf
