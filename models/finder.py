"""The finder: which stations near a place are of use at a moment, without a database.

A `Finder` is a snapshot of the stations. Those that are open come first, then those about to close, then
those whose hours nobody knows, then the closed; within each the nearest, of which one that was confirmed
lately counts as nearer (`models/freshness.py`), and of two at the same metre the lower code. What people
report, and the 站长's word, may set a station further back or make it open (`models/ranks.py`). The answer is
the one that looking at every station would give.

There are two ways to it, which agree. The quick one stands on a view of the moment (`models/views.py`), which
is made ahead of its time, off the loop (`prepare`). The other way works out the openness of what lies within
the radius alone: for another moment than now, for the pages after the first, and while no view holds. So an
answer never stands on what was true a moment ago.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import numpy as np
from msgspec import Struct

from models.early_openings import EarlyOpenings, Opened
from models.freshness import MOST, SetBacks, SetBacksOf
from models.grid import ROWS, Density, Grid, Points, Search, Whole
from models.hours_open import OPEN, Openness, openness
from models.ids import decode
from models.positions import Position
from models.ranks import NO_FLOORS, NOTHING_HEARD, OPEN_RANKS, RANKING, Heard, Lowering
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
from models.views import Mapped, Views

# A key of the slow way is the rank, the metres and the row in one number; metres are fewer than this.
METRES = 1 << 20
# Of so many other moments it is remembered what was open.
MOMENTS_KEPT = 16

# A station, its schedule's number, and what is kept beside it.
_Shown = tuple[Station, int, bytes]
# Metres and openness, by row, of stations that their 站长 opened beside their hours.
_Early = Mapping[int, tuple[int, Openness]]
NONE_EARLY: _Early = MappingProxyType({})


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
    """Where a page ended: at a rank, metres and a code, and the moment it was ranked for.

    The metres are those that it counts for: how far it is, and how much it is set back.
    """

    rank: int
    metres: int
    code: str
    at: datetime


class Page(Struct, frozen=True, gc=False):
    """Some of the stations, and the mark behind which the next are; None: these were the last."""

    found: list[Found]
    last: Mark | None


def _nothing(_: Station) -> bytes:
    return b""


class Finder:
    """A snapshot of the stations that answers which are near; making one belongs off the loop.

    `describe` makes what is kept beside each station that can be found, and handed out with it. `last` is
    what was heard last, to be taken in before anybody asks.
    """

    def __init__(
        self,
        stations: Iterable[Station] = (),
        describe: Describe = _nothing,
        base: Snapshot | None = None,
        last: Heard = NOTHING_HEARD,
    ) -> None:
        self._describe = describe
        self._snapshot = absorbed(base or empty(), stations, describe)
        columns = self._snapshot.columns
        self._stations: list[Station] = columns.stations.tolist()
        self._faces: list[bytes] = columns.faces.tolist()
        self._schedules: list[int] = columns.schedules.tolist()
        self._distinct: tuple[Schedule, ...] = tuple(self._snapshot.numbers)
        rows = np.argsort(columns.cells)
        by_cell: Columns = columns.taken(rows)
        points = Points(by_cell.cells, by_cell.vectors, by_cell.marks)
        self._density = Density(points)
        self._grid = Grid(points, rows, np.arange(len(rows)))
        mapped = Mapped(points, rows, by_cell.schedules, self._density, self._shown)
        self._views = Views(mapped, self._distinct)
        # Only remembered: these follow from the snapshot and what is asked with.
        self._moments: dict[datetime, dict[int, Openness]] = {}
        self._lowering = Lowering(NO_FLOORS, columns.codes)
        self._last = last
        self._early = EarlyOpenings(self._snapshot, last.words)
        self._set_backs = SetBacksOf(columns.codes, last.freshness)

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
        return Finder(changed, self._describe, self._snapshot, self._last)

    def find(self, code: str) -> Station | None:
        """Return the station with this code, whatever its state, or None."""
        return self._snapshot.stations.get(code)

    def is_prepared(self, at: datetime) -> bool:
        """Say whether there is a view of a moment, and one of what comes after."""
        return self._views.is_prepared(at)

    def prepare(self, at: datetime) -> None:
        """Make the view of a moment, and the one after it; may run in a thread while others ask."""
        self._views.prepare(at)

    def nearest(self, wanted: Wanted, at: datetime, heard: Heard = NOTHING_HEARD) -> list[Found]:
        """Return at most `limit` operating stations that count, the most useful first."""
        view = self._views.find(at.timestamp())
        if view is None:
            return self.page(wanted, at, None, heard).found
        answers = view.answers
        patches = view.open_patches if wanted.only_open else view.patches
        set_backs = self._set_backs_of(heard)
        near = patches.nearest(wanted.position, wanted.radius, _marks(wanted), wanted.limit, set_backs)
        # A floor only ever sets a station back: without one among these they are the first all the same.
        floors = heard.floors
        if floors and any(station.id in floors for _, (station, _, _) in near):
            return self.page(wanted, at, None, heard).found
        found = [
            Found(station, metres, answers[schedule], face) for metres, (station, schedule, face) in near
        ]
        early = self._early_near(wanted, at, heard)
        return self._brought_forward(found, early, wanted.limit, set_backs) if early else found

    def page(
        self, wanted: Wanted, at: datetime, after: Mark | None = None, heard: Heard = NOTHING_HEARD
    ) -> Page:
        """Return the stations that come after a mark, or the first ones.

        They are in the order of the mark's moment, of which the floors are too, so that no station comes
        twice or never while pages are turned; whether each is open is said as of `at`, and with `only_open`
        a page leaves out what has closed meanwhile, or is set back. It may then hold fewer than asked for,
        or none, and be continued all the same.
        """
        moment = after.at if after else at
        _, rows, metres = self._grid.within(self._search(wanted))
        ranks = self._ranks(rows, moment)
        early = self._early_near(wanted, moment, heard)
        if early:
            ranks[np.isin(rows, list(early))] = 0
        if heard.floors:
            self._lowering = self._lowering.of(heard.floors)
            self._lowering.lower(ranks, rows)
        set_backs = self._set_backs_of(heard)
        keys = (ranks * METRES + metres.astype(np.int64) + set_backs.column[rows]) * ROWS + rows
        keys.sort()
        first = int(np.searchsorted(keys, self._key(after))) if after else 0
        end = int(np.searchsorted(keys, OPEN_RANKS * METRES * ROWS)) if wanted.only_open else len(keys)
        chosen: list[int] = keys[first : min(first + wanted.limit, end)].tolist()
        if after:
            early = self._early_near(wanted, at, heard.now())
        found = [self._found(key, at, early, set_backs) for key in chosen]
        last = None
        if len(chosen) == wanted.limit:
            rank, counted = divmod(chosen[-1] // ROWS, METRES)
            last = Mark(rank, counted, found[-1].station.id, moment)
        if wanted.only_open:
            latest = heard.latest
            found = [one for one in found if one.openness.state in OPEN and one.station.id not in latest]
        return Page(found, last)

    def list_early(self, at: datetime, heard: Heard) -> dict[str, Opened]:
        """Return the opening, by code, of all that are open now by their 站长's word alone."""
        self._early.read(heard.words)
        found = ((self._stations[row].id, now) for row, now in self._early.list_open(at.timestamp()))
        return {code: now for code, now in found if code not in heard.floors}

    def mark_of(self, found: Found, at: datetime, heard: Heard = NOTHING_HEARD) -> Mark:
        """Return the mark of a station that was found and ranked for a moment."""
        code = found.station.id
        rank = max(RANKING.index(found.openness.state), heard.floors.get(code, 0))
        return Mark(rank, found.metres + heard.freshness.metres.get(code, MOST), code, at)

    def _set_backs_of(self, heard: Heard) -> SetBacks:
        """Return how far stations are set back, and remember what was heard for a finder that follows."""
        if heard is not NOTHING_HEARD:
            self._last = heard
        return self._set_backs.get(heard.freshness)

    def _search(self, wanted: Wanted) -> Search:
        return self._density.search(wanted.position, wanted.radius, _marks(wanted))

    def _early_near(self, wanted: Wanted, at: datetime, heard: Heard) -> _Early:
        """Return what is open at a moment by its 站长's word alone, and not set back."""
        if not heard.words:
            return NONE_EARLY
        self._early.read(heard.words)
        found = self._early.near(self._search(wanted), at.timestamp(), heard.by)
        return {row: one for row, one in found.items() if self._stations[row].id not in heard.floors}

    def _brought_forward(
        self, found: Sequence[Found], early: _Early, limit: int, set_backs: SetBacks
    ) -> list[Found]:
        """Return what was found by the hours together with what is open by a word."""
        codes = self._snapshot.columns.codes
        by_row = {int(codes.searchsorted(decode(one.station.id))): one for one in found}
        for row, (metres, now) in early.items():
            station, _, face = self._shown(row)
            by_row[row] = Found(station, metres, now, face)

        def place(row: int) -> tuple[int, int, int]:
            one = by_row[row]
            return RANKING.index(one.openness.state), one.metres + set_backs.metres[row], row

        return [by_row[row] for row in sorted(by_row, key=place)[:limit]]

    def _found(self, key: int, at: datetime, early: _Early, set_backs: SetBacks) -> Found:
        row = key % ROWS
        station, schedule, face = self._shown(row)
        now = early[row][1] if row in early else self._openness(schedule, at)
        return Found(station, key // ROWS % METRES - set_backs.metres[row], now, face)

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
        answer = self._views.find_answer(number, at.timestamp())
        if answer is not None:
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

    def _shown(self, row: int) -> _Shown:
        return self._stations[row], self._schedules[row], self._faces[row]


def _marks(wanted: Wanted) -> int:
    return sum(FACILITY_BITS[name] for name in wanted.facilities) | KIND_BITS[wanted.kind]
