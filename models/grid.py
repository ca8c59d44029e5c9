"""The grid: points on the map, sorted so that the nearest few are found without looking at the rest.

Points are sorted by cells of about half a kilometre, row by row from the south: a box on the map is then one
run of points per row, found by bisection. The search looks into a ring around the place, as wide as the
points in that part of the map are dense, and into wider ones until one holds enough; it gives what looking
at every point would give. Distances are those of `positions.metres_between`, in whole metres.
"""

from bisect import bisect_left
from collections.abc import Sequence
from math import asin, cos, degrees, pi, radians, sin, sqrt
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.positions import EARTH_RADIUS_METRES, SOUTH, WEST, Position

Whole = NDArray[np.int64]
Vectors = NDArray[np.float64]
Cell = TypeVar("Cell", int, Whole)

CELL_DEGREES = 0.005
# More cells than the country has from west to east, and from south to north.
ROW_CELLS = 1 << 14

# Points are counted in blocks of so many cells each way, about two kilometres, to guess the first ring.
BLOCK_CELLS = 4
BLOCK_METRES = 2000
# A ring is made so wide that it should hold twice as many points as are asked for. One that holds too few is
# widened, and one whose cells hold a crowd is narrowed before its points are looked at.
AIM = 2
CROWD = 400

# A key is the metres, set back, times this, and the point's row: keys sort by distance, then by row.
ROWS = 1 << 32


class Points(NamedTuple):
    """Points on the map: one array per property, in the same order."""

    cells: Whole
    vectors: Vectors  # n × 3, on the unit sphere.
    marks: Whole  # Bits; what they mean is the caller's.


class Search(NamedTuple):
    """What is looked for: points within `radius` whole metres of a place that bear all of some marks."""

    here: Position
    vector: Vectors
    radius: int
    marks: int
    density: float  # How many such points are to be expected in the place's block.
    set_backs: Whole | None = None  # Metres by row that a point counts as farther than it is.


class Density:
    """How many points are in each block of the map, and which share of them bears each mark."""

    def __init__(self, points: Points) -> None:
        blocks, counts = np.unique(_block(points.cells), return_counts=True)
        self._blocks: dict[int, int] = dict(zip(blocks.tolist(), counts.tolist(), strict=True))
        bits = [1 << place for place in range(int(points.marks.max(initial=0)).bit_length())]
        self._shares = [(bit, np.count_nonzero(points.marks & bit) / len(points.marks)) for bit in bits]

    def search(self, here: Position, radius: int, marks: int) -> Search:
        """Return the search around a place, with what is to be expected there."""
        expected: float = self._blocks.get(_block(cell_of(here)), 0)
        for bit, share in self._shares if marks else ():
            expected *= share if marks & bit else 1
        return Search(here, np.array(vector_of(here)), radius, marks, expected)


class Grid:
    """Some of the points, which are sorted by cell; `rows` are the numbers by which the caller knows them."""

    def __init__(self, points: Points, rows: Whole, chosen: Whole) -> None:
        self._cells = points.cells.take(chosen).astype(np.int32)
        self._vectors = points.vectors.take(chosen, axis=0)
        self._marks = points.marks.take(chosen)
        self._rows = rows.take(chosen)
        self._share = len(chosen) / max(1, len(rows))

    def nearest(self, search: Search, limit: int) -> list[int]:
        """Return the keys of the nearest points, at most `limit`, in order."""
        if len(self._rows) == 0:
            return []
        radius = search.radius
        first = BLOCK_METRES * sqrt(AIM * limit / (pi * (search.density * self._share + 0.01)))
        ring, passed = min(int(first) + 1, radius), 0
        while True:
            runs = self._runs(search.here, ring)
            count = sum(last - first for first, last in runs)
            if count < limit and ring < radius:  # Too few, whatever their distance.
                ring, passed = radius, ring
                continue
            narrower = max(passed * 3 // 2 + 1, int(ring * sqrt(AIM * limit / (count + 1))))
            if count > CROWD and narrower < ring and not search.marks:
                ring = narrower
                continue
            keys = self._keys(runs, search)
            held = bisect_left(keys, (ring + 1) * ROWS)
            if held >= limit or ring == radius:
                return keys[:limit]
            wider = ring * max(1.5, sqrt(AIM * limit / (held + 0.5)))
            ring, passed = min(radius, int(wider) + 1), ring

    def _runs(self, here: Position, metres: int) -> list[tuple[int, int]]:
        """Return the runs of places, one per row of cells, that hold all points within reach and more."""
        angle = (metres + 1) / EARTH_RADIUS_METRES
        north = degrees(angle)
        east = degrees(asin(min(1.0, sin(angle) / cos(radians(here.latitude)))))
        south_west = cell_of(Position(here.longitude - east, here.latitude - north))
        north_east = cell_of(Position(here.longitude + east, here.latitude + north))
        width = north_east % ROW_CELLS - south_west % ROW_CELLS + 1
        starts = np.arange(south_west, north_east + 1, ROW_CELLS, dtype=np.int32)
        firsts = self._cells.searchsorted(starts).tolist()
        lasts = self._cells.searchsorted(starts + width).tolist()
        return [run for run in zip(firsts, lasts, strict=True) if run[0] < run[1]]

    def within(self, search: Search) -> tuple[Vectors, Whole, Vectors]:
        """Return vectors, rows and metres of all points within the radius, in order of the rows."""
        vectors, rows = self._bearing(self._runs(search.here, search.radius), search.marks)
        metres = _metres_to(vectors, search.vector)
        near = (metres <= search.radius).nonzero()[0]
        chosen = near[rows[near].argsort()]
        return vectors[chosen], rows[chosen], metres[chosen]

    def _keys(self, runs: Sequence[tuple[int, int]], search: Search) -> list[int]:
        """Return the keys, in order, of the points in some runs that are in reach and bear the marks."""
        vectors, rows = self._bearing(runs, search.marks)
        metres = _metres_to(vectors, search.vector).astype(np.int64)
        near = metres <= search.radius
        metres, rows = metres[near], rows[near]
        if search.set_backs is not None:
            metres += search.set_backs[rows]
        keys = metres * ROWS + rows
        keys.sort()
        ordered: list[int] = keys.tolist()
        return ordered

    def _bearing(self, runs: Sequence[tuple[int, int]], asked: int) -> tuple[Vectors, Whole]:
        """Return the vectors and the rows of the points in some runs that bear some marks."""
        if not runs:
            return self._vectors[:0], self._rows[:0]
        vectors = np.concatenate([self._vectors[first:last] for first, last in runs])
        rows = np.concatenate([self._rows[first:last] for first, last in runs])
        if not asked:
            return vectors, rows
        marks = np.concatenate([self._marks[first:last] for first, last in runs])
        bearing = (marks & asked) == asked
        return vectors[bearing], rows[bearing]


def cell_of(place: Position) -> int:
    """Return the number of a place's cell, counted from the south-west; places beyond are on the edge."""
    row = int((place.latitude - SOUTH) / CELL_DEGREES)
    column = int((place.longitude - WEST) / CELL_DEGREES)
    return min(max(row, 0), ROW_CELLS - 1) * ROW_CELLS + min(max(column, 0), ROW_CELLS - 1)


def centre_of(cell: int) -> Position:
    """Return the middle of a cell."""
    row, column = divmod(cell, ROW_CELLS)
    return Position(WEST + (column + 0.5) * CELL_DEGREES, SOUTH + (row + 0.5) * CELL_DEGREES)


def vector_of(place: Position) -> tuple[float, float, float]:
    """Return a place on the unit sphere."""
    longitude, latitude = radians(place.longitude), radians(place.latitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


def _metres_to(vectors: Vectors, here: Vectors) -> Vectors:
    """Return the distances of points from a place: the chord tells them, and costs no sine per point."""
    aside = vectors - here
    chords = np.sqrt(np.vecdot(aside, aside))
    metres: Vectors = np.rint(np.arcsin(chords * 0.5) * (2 * EARTH_RADIUS_METRES))
    return metres


def _block(cell: Cell) -> Cell:
    """Return the number of the block that a cell, or each of some cells, is in."""
    return cell // (ROW_CELLS * BLOCK_CELLS) * ROW_CELLS + cell % ROW_CELLS // BLOCK_CELLS
