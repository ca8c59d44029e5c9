"""Stations that their 站长 opened beside their hours, by where they lie.

What the hours call closed or unknown is open by his word, and ranks so, until the hours or a closure say
something new (`hours_open.opened_until`). Such stations are few: they are kept apart from the grids, which
follow the hours alone, and are put among what those find.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import asin, cos, degrees, dist, radians, sin
from operator import itemgetter
from typing import NamedTuple

from models.grid import ROW_CELLS, Search, cell_of
from models.hours_open import Openness, opened_until
from models.ids import decode
from models.open_now import as_opened
from models.positions import EARTH_RADIUS_METRES, Position
from models.ranks import Word
from models.station_columns import Snapshot

# They are kept by blocks of so many cells each way, of which a search looks at a few.
BLOCK_CELLS = 20


class Opened(NamedTuple):
    """Since when a station is open by its 站长's word, until when it holds, and what that makes it."""

    since: datetime
    until: datetime
    openness: Openness


class Early(NamedTuple):
    """A station, by its row, that is open from `since` until `until` by a word (moments in POSIX seconds)."""

    until: float
    since: float
    heard: float
    row: int
    marks: int
    vector: tuple[float, float, float]
    opened: Opened


class EarlyOpenings:
    """What the words that were heard so far open, in one snapshot of the stations."""

    def __init__(self, snapshot: Snapshot, words: Sequence[Word] = ()) -> None:
        self._snapshot = snapshot
        self._words: Sequence[Word] = ()
        self._read = 0
        self._blocks: dict[int, list[Early]] = {}
        self.read(words)

    def read(self, words: Sequence[Word]) -> None:
        """Take in the words that are new."""
        if words is not self._words:
            self._words, self._read, self._blocks = words, 0, {}
        while self._read < len(words):
            self._take(words[self._read])
            self._read += 1

    def near(self, search: Search, now: float, by: float) -> Mapping[int, tuple[int, Openness]]:
        """Return metres and openness, by row, of those in reach that are open by a word heard `by` then."""
        found: dict[int, tuple[int, Openness]] = {}
        if not self._blocks:
            return found
        for block in _blocks(search.here, search.radius):
            some = self._blocks.get(block, ())
            for one in some[bisect_right(some, now, key=itemgetter(0)) :]:
                if one.since <= now and one.heard <= by and one.marks & search.marks == search.marks:
                    metres = round(asin(dist(one.vector, search.vector) / 2) * 2 * EARTH_RADIUS_METRES)
                    if metres <= search.radius:
                        found[one.row] = metres, one.opened.openness
        return found

    def list_open(self, now: float) -> Iterator[tuple[int, Opened]]:
        """Yield the row and the opening of all that are open by a word."""
        for some in self._blocks.values():
            for one in some[bisect_right(some, now, key=itemgetter(0)) :]:
                if one.since <= now:
                    yield one.row, one.opened

    def _take(self, word: Word) -> None:
        columns = self._snapshot.columns
        row = int(columns.codes.searchsorted(decode(word.station)))
        if row == len(columns.codes) or columns.codes[row] != decode(word.station):
            return
        station = self._snapshot.stations[word.station]
        until = opened_until(station.hours, word.said, station.closure)
        if until is None:
            return
        early = Early(
            until.timestamp(),
            word.said.timestamp(),
            word.heard,
            row,
            int(columns.marks[row]),
            tuple(columns.vectors[row].tolist()),
            Opened(word.said, until, as_opened(word.said, until)),
        )
        block = _block(int(columns.cells[row]))
        insort(self._blocks.setdefault(block, []), early, key=itemgetter(0))


def _blocks(here: Position, metres: int) -> Iterator[int]:
    """Yield the blocks that hold all points within reach, and more."""
    angle = (metres + 1) / EARTH_RADIUS_METRES
    north = degrees(angle)
    east = degrees(asin(min(1.0, sin(angle) / cos(radians(here.latitude)))))
    first = _block(cell_of(Position(here.longitude - east, here.latitude - north)))
    last = _block(cell_of(Position(here.longitude + east, here.latitude + north)))
    for south_west in range(first, last + 1, ROW_CELLS):
        yield from range(south_west, south_west + last % ROW_CELLS - first % ROW_CELLS + 1)


def _block(cell: int) -> int:
    return cell // (ROW_CELLS * BLOCK_CELLS) * ROW_CELLS + cell % ROW_CELLS // BLOCK_CELLS
