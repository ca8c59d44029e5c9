"""The finder: which stations near a place are of use at a moment, without a database.

A `Finder` is a snapshot of the stations. Those that are open come first, then those about to close, then
those whose hours nobody knows, then the closed; within each the nearest, and of two at the same metre the
lower code. What people report, and the 站长's word, may set a station further back (`models/ranks.py`). The
answer is the one that looking at every station would give.

There are two ways to it, which agree. The quick one stands on a *view*: every schedule's openness, which
holds until the first of them changes; the stations parted by it into grids, so that a search at night does
not walk over the closed to find the open; and what a cell of the map needs, gathered once
(`models/patches.py`). A view is made ahead of its time, off the loop (`prepare`). The other way works out
the openness of what lies within the radius alone: for another moment than now, for the pages after the first,
and while no view holds. So an answer never stands on what was true a moment ago.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from models.grid import ROWS, Density, Grid, Points, Whole
from models.hours_open import Openness, openness
from models.ids import decode
from models.patches import Patches
from models.positions import Position
from models.ranks import NO_FLOORS, OPEN_RANKS, RANKING, Floors, Lowering
from models.station_columns import (
    FACILITY_BITS,
    KIND_BITS,
    Columns,
    Describe,
    Schedule,
    Snapshot,
    absorbed,
    empty,
)
from models.stations import Facility, Station, StationKind

# A key of the slow way is the rank, the metres and the row in one number; metres are fewer than this.
METRES = 1 << 20
# Of so many other moments it is remembered what was open.
MOMENTS_KEPT = 16

# A station, its schedule's number, and what is kept beside it.
_Shown = tuple[Station, int, bytes]


class Wanted(Struct, frozen=True, gc=False):
    """Which stations count: within `radius` whole metres, having all that is asked for."""

    position: Position
    facilities: frozenset[Facility] = frozenset()
    kind: StationKind | None = None
    only_open: bool = False
    limit: int = 20
    radius: int = 5000


class Found(Struct, frozen=True, gc=False):
    """A station near a place: how far, in whole metres, whether it is open, and what is kept beside it."""

    station: Station
    metres: int
    openness: Openness
    face: bytes


class Mark(Struct, frozen=True, gc=False):
    """Where a page ended: the rank, the metres and the code of its last, and the moment it was ranked for."""

    rank: int
    metres: int
    code: str
    at: datetime


class Page(Struct, frozen=True, gc=False):
    """Some of the stations, and the mark behind which the next are; None: these were the last."""

    found: list[Found]
    last: Mark | None


class _View(NamedTuple):
    """Every schedule's openness from `since` until just before `until` (POSIX seconds), and the patches."""

    since: float
    until: float
    answers: tuple[Openness, ...]
    ranks: Whole
    grids: tuple[Grid, ...]
    patches: Patches[_Shown]
    open_patches: Patches[_Shown]

    def holds(self, now: float) -> bool:
        """Say whether the view is that of a moment."""
        return self.since <= now < self.until


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
        base: Snapshot | None = None,
    ) -> None:
        self._describe = describe
        self._snapshot = absorbed(base or empty(), stations, describe)
        columns = self._snapshot.columns
        self._stations: list[Station] = columns.stations.tolist()
        self._faces: list[bytes] = columns.faces.tolist()
        self._schedules: list[int] = columns.schedules.tolist()
        self._distinct: tuple[Schedule, ...] = tuple(self._snapshot.numbers)
        self._rows = np.argsort(columns.cells)
        by_cell: Columns = columns.taken(self._rows)
        self._points = Points(by_cell.cells, by_cell.vectors, by_cell.marks)
        self._schedules_by_cell = by_cell.schedules
        self._density = Density(self._points)
        self._grid = Grid(self._points, self._rows, np.arange(len(self._rows)))
        # Only remembered: these follow from the snapshot and the moment.
        self._view: _View | None = None
        self._next: _View | None = None
        self._moments: dict[datetime, dict[int, Openness]] = {}
        self._lowering = Lowering(NO_FLOORS, columns.codes)

    @property
    def stations(self) -> Iterable[Station]:
        """All stations, whatever their state."""
        return self._snapshot.stations.values()

    @property
    def shown(self) -> list[Station]:
        """The stations that can be found, in order of their codes."""
        return self._stations

    def replace(self, changed: Iterable[Station]) -> "Finder":
        """Return a finder in which these stations stand as they are now; this one stays as it is."""
        return Finder(changed, self._describe, self._snapshot)

    def find(self, code: str) -> Station | None:
        """Return the station with this code, whatever its state, or None."""
        return self._snapshot.stations.get(code)

    def is_prepared(self, at: datetime) -> bool:
        """Say whether there is a view of a moment, and one of what comes after."""
        view = self._view_at(at.timestamp())
        return view is not None and self._is_followed(view)

    def prepare(self, at: datetime) -> None:
        """Make the view of a moment, and the one after it; may run in a thread while others ask."""
        view = self._view_at(at.timestamp())
        if view is None:
            view = self._view = self._seen(self._view, at)
        if not self._is_followed(view):
            self._next = self._seen(view, datetime.fromtimestamp(view.until, UTC))

    def _is_followed(self, view: _View) -> bool:
        return view.until == inf or (self._next is not None and self._next.since == view.until)

    def nearest(self, wanted: Wanted, at: datetime, floors: Floors = NO_FLOORS) -> list[Found]:
        """Return at most `limit` operating stations that count, the most useful first."""
        view = self._view_at(at.timestamp())
        if view is None:
            return self.page(wanted, at, None, floors).found
        answers = view.answers
        patches = view.open_patches if wanted.only_open else view.patches
        near = patches.nearest(wanted.position, wanted.radius, _marks(wanted), wanted.limit)
        # A floor only ever sets a station back: without one among these they are the first all the same.
        if floors and any(station.id in floors for _, (station, _, _) in near):
            return self.page(wanted, at, None, floors).found
        return [Found(station, metres, answers[schedule], face) for metres, (station, schedule, face) in near]

    def page(
        self, wanted: Wanted, at: datetime, after: Mark | None = None, floors: Floors = NO_FLOORS
    ) -> Page:
        """Return the stations that come after a mark, or the first ones.

        They are in the order of the mark's moment, of which the floors are too, so that no station comes
        twice or never while pages are turned; whether each is open is said as of `at`, and with `only_open`
        a page leaves out what has closed meanwhile.
        """
        moment = after.at if after else at
        search = self._density.search(wanted.position, wanted.radius, _marks(wanted))
        _, rows, metres = self._grid.within(search)
        ranks = self._ranks(rows, moment)
        if floors:
            self._lowering = self._lowering.of(floors)
            self._lowering.lower(ranks, rows)
        keys = (ranks * METRES + metres.astype(np.int64)) * ROWS + rows
        keys.sort()
        first = int(np.searchsorted(keys, self._key(after))) if after else 0
        end = int(np.searchsorted(keys, OPEN_RANKS * METRES * ROWS)) if wanted.only_open else len(keys)
        chosen: list[int] = keys[first : min(first + wanted.limit, end)].tolist()
        found = [self._found(key, at) for key in chosen]
        last = None
        if len(chosen) == wanted.limit:
            rank = chosen[-1] // ROWS // METRES
            last = Mark(rank, found[-1].metres, found[-1].station.id, moment)
        if wanted.only_open:
            found = [one for one in found if RANKING.index(one.openness.state) < OPEN_RANKS]
        return Page(found, last)

    def _found(self, key: int, at: datetime) -> Found:
        station, schedule, face = self._shown(key % ROWS)
        return Found(station, key // ROWS % METRES, self._openness(schedule, at), face)

    def _key(self, mark: Mark) -> int:
        """Return the lowest key behind a mark, whose station may be gone."""
        row = int(np.searchsorted(self._snapshot.columns.codes, decode(mark.code), side="right"))
        return (mark.rank * METRES + mark.metres) * ROWS + row

    def _ranks(self, rows: Whole, at: datetime) -> Whole:
        """Return the ranks of some stations at a moment."""
        numbers, places = np.unique(self._snapshot.columns.schedules[rows], return_inverse=True)
        states = (self._openness(number, at).state for number in numbers.tolist())
        ranks = np.fromiter((RANKING.index(state) for state in states), dtype=np.int64)
        return ranks[places]

    def _openness(self, number: int, at: datetime) -> Openness:
        """Return what a schedule says of a moment: the last view knows it of most, and the rest is kept."""
        view = self._view
        if view is not None and view.since <= (now := at.timestamp()):
            answer = view.answers[number]
            if now < _end(answer):
                return answer
        known = self._moments.get(at)
        if known is None:
            if len(self._moments) >= MOMENTS_KEPT:
                del self._moments[next(iter(self._moments))]
            known = self._moments[at] = {}
        if number not in known:
            hours, closure = self._distinct[number]
            known[number] = openness(hours, at, closure)
        return known[number]

    def _view_at(self, now: float) -> _View | None:
        """Return the view of a moment, if it has been made; the next one takes over when its time comes."""
        view = self._view
        if view is not None and view.holds(now):
            return view
        view = self._next
        if view is None or not view.holds(now):
            return None
        self._view, self._next = view, None
        return view

    def _seen(self, last: _View | None, at: datetime) -> _View:
        """Return the view of a moment, keeping of the last one what still holds."""
        now = at.timestamp()
        kept = last.answers if last and last.since <= now else ()
        answers = tuple(
            kept[number] if number < len(kept) and now < _end(kept[number]) else openness(hours, at, closure)
            for number, (hours, closure) in enumerate(self._distinct)
        )
        until = min(map(_end, answers), default=inf)
        ranks = np.array([RANKING.index(answer.state) for answer in answers], dtype=np.int64)
        if last and np.array_equal(ranks, last.ranks):
            return last._replace(since=now, until=until, answers=answers)
        grids = tuple(self._parted(rank, ranks, last) for rank in range(len(RANKING)))
        patches, open_patches = (
            Patches(some, self._density, self._shown) for some in (grids, grids[:OPEN_RANKS])
        )
        return _View(now, until, answers, ranks, grids, patches, open_patches)

    def _parted(self, rank: int, ranks: Whole, last: _View | None) -> Grid:
        """Return the grid of the stations of a rank: the last one, if they are the same."""
        if last and np.array_equal(ranks == rank, last.ranks == rank):
            return last.grids[rank]
        return Grid(self._points, self._rows, (ranks[self._schedules_by_cell] == rank).nonzero()[0])

    def _shown(self, row: int) -> _Shown:
        return self._stations[row], self._schedules[row], self._faces[row]


def mark_of(found: Found, at: datetime, floors: Floors = NO_FLOORS) -> Mark:
    """Return the mark of a station that was found and ranked for a moment."""
    rank = max(RANKING.index(found.openness.state), floors.get(found.station.id, 0))
    return Mark(rank, found.metres, found.station.id, at)


def _marks(wanted: Wanted) -> int:
    return sum(FACILITY_BITS[name] for name in wanted.facilities) | KIND_BITS[wanted.kind]


def _end(answer: Openness) -> float:
    """Return when an answer stops holding, in POSIX seconds."""
    return answer.changes_at.timestamp() if answer.changes_at else inf
