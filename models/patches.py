"""Patches: for each cell of the map where somebody asked, the points that can be the answer from within it.

From anywhere in a cell the `limit` nearest points lie within the distance of the `limit`-th nearest to its
centre, the cell's diagonal, and the most that one is set back. They are gathered when the cell is first asked
about, and kept: the next question from there looks at these few alone, and finds what looking at every point
would find. They are few enough to be counted through in Python, which beats a dozen calls of NumPy between
two requests.
"""

import struct
from collections.abc import Callable
from math import asin, dist, hypot, sin
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from models.freshness import MOST, SetBacks
from models.grid import ROWS, Density, Grid, Vectors, cell_of, centre_of, vector_of
from models.positions import EARTH_RADIUS_METRES, Position

Item = TypeVar("Item")

KEPT = 5_000
# Half a cell's diagonal is shorter than this many metres everywhere, and half the chord of that.
REACH_METRES = 400
REACH = sin(REACH_METRES / EARTH_RADIUS_METRES / 2)
# Distances are rounded to whole metres on both sides of a comparison.
ROUNDING_METRES = 2
DIAMETER_METRES = 2 * EARTH_RADIUS_METRES
# A key is the grid's place, the metres and the point's place in its patch, in one small number.
METRES_BITS = 18
PLACE_BITS = 8
TIER = 1 << METRES_BITS + PLACE_BITS
POINT = struct.Struct("3d")
# Where more points than this are in question, they are searched each time.
FEW = 1 << PLACE_BITS


class Patch(NamedTuple, Generic[Item]):
    """The points of a cell, in the order that points of the same metre have in an answer, and their items.

    A point is half its vector from the cell's centre; they lie packed, since what is near in memory is soon
    read. A tail is what a point's key holds besides the metres that it is away; `backs` are the metres that
    it is set back, of `set_backs`, and in its tail already.
    """

    centre: tuple[float, float, float]
    points: bytes
    rows: list[int]
    items: list[Item]
    tiers: list[int]
    set_backs: SetBacks | None
    backs: list[int]
    tails: list[int]
    has_strangers: bool  # Some may be beyond the radius, seen from somewhere in the cell.

    def set_back(self, set_backs: SetBacks) -> "Patch[Item]":
        """Return the patch with other set-backs."""
        metres = set_backs.metres
        backs = [metres[row] for row in self.rows]
        tails = [
            tier * TIER + (back << PLACE_BITS) + place
            for place, (tier, back) in enumerate(zip(self.tiers, backs, strict=True))
        ]
        return self._replace(set_backs=set_backs, backs=backs, tails=tails)


class Patches(Generic[Item]):
    """Searches grids one after the other: the nearest of the first come before any of the second.

    `item_of` says what a row of the grids stands for.
    """

    def __init__(self, grids: tuple[Grid, ...], density: Density, item_of: Callable[[int], Item]) -> None:
        self._grids = grids
        self._density = density
        self._item_of = item_of
        self._patches: dict[tuple[int, int, int, int], Patch[Item]] = {}  # Only remembered.

    def nearest(
        self, here: Position, radius: int, marks: int, limit: int, set_backs: SetBacks
    ) -> list[tuple[int, Item]]:
        """Return the metres, not set back, and the item of at most `limit` points, in order."""
        asked = cell_of(here), radius, marks, limit
        patch = self._patches.get(asked)
        if patch is None or patch.set_backs is not set_backs:
            patch = self._remembered(asked, patch, set_backs)
        if len(patch.items) > FEW:
            return self._search(here, radius, marks, limit, set_backs)
        (x, y, z), (east, north, up) = vector_of(here), patch.centre
        aside = (x - east) / 2, (y - north) / 2, (z - up) / 2
        if hypot(*aside) > REACH:  # The cells at the edge of the map have no end.
            return self._search(here, radius, marks, limit, set_backs)
        # Between the halves of two vectors lies half the chord between their ends.
        keys = [
            (round(asin(dist(point, aside)) * DIAMETER_METRES) << PLACE_BITS) + tail
            for point, tail in zip(POINT.iter_unpack(patch.points), patch.tails, strict=True)
        ]
        keys.sort()
        items, backs = patch.items, patch.backs
        if patch.has_strangers:
            keys = [key for key in keys if (key % TIER >> PLACE_BITS) - backs[key % FEW] <= radius]
        return [((key % TIER >> PLACE_BITS) - backs[key % FEW], items[key % FEW]) for key in keys[:limit]]

    def _search(
        self, here: Position, radius: int, marks: int, limit: int, set_backs: SetBacks
    ) -> list[tuple[int, Item]]:
        """Search without a patch."""
        search = self._density.search(here, radius, marks)._replace(set_backs=set_backs.column)
        keys: list[int] = []
        for grid in self._grids:
            if len(keys) < limit:
                keys += grid.nearest(search, limit - len(keys))
        backs = set_backs.metres
        found = (divmod(key, ROWS) for key in keys)
        return [(metres - backs[row], self._item_of(row)) for metres, row in found]

    def _remembered(
        self, asked: tuple[int, int, int, int], patch: Patch[Item] | None, set_backs: SetBacks
    ) -> Patch[Item]:
        """Gather a patch if there is none, forgetting the oldest if there are too many, and set it back."""
        if patch is None:
            if len(self._patches) >= KEPT:
                del self._patches[next(iter(self._patches))]
            patch = self._gathered(*asked)
        patch = self._patches[asked] = patch.set_back(set_backs)
        return patch

    def _gathered(self, cell: int, radius: int, marks: int, limit: int) -> Patch[Item]:
        """Return the points that can be among the nearest of a place in a cell."""
        middle = centre_of(cell)
        search = self._density.search(middle, radius + REACH_METRES, marks)
        vectors: list[Vectors] = [np.empty((0, 3))]
        numbers: list[int] = []
        tiers: list[int] = []
        has_strangers = True
        for tier, grid in enumerate(self._grids):
            if len(numbers) > FEW:
                break
            keys = grid.nearest(search, limit)
            farthest = keys[-1] // ROWS if len(keys) == limit else search.radius
            within = farthest + MOST + 2 * REACH_METRES + ROUNDING_METRES
            places, rows, _ = grid.within(search._replace(radius=min(within, search.radius)))
            vectors.append(places)
            numbers += rows.tolist()
            tiers += [tier] * len(rows)
            if within <= radius:  # Wherever one stands in the cell, these are enough.
                has_strangers = within + REACH_METRES > radius or tier > 0
                break
        halves = (np.concatenate(vectors) - search.vector) / 2
        items = [self._item_of(row) for row in numbers]
        return Patch(vector_of(middle), halves.tobytes(), numbers, items, tiers, None, [], [], has_strangers)
