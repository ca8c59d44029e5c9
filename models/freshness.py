"""How lately a station was confirmed to be open, as metres that set it back in the finder.

Who walks eighty metres more to a door that somebody came through today is better off than before one of
which nothing was heard for months. A visit or the 站长's word within a day sets a station back by nothing,
one within thirty days by 40 metres, and all others by 80: half a minute and a minute of walking. So at nearly
the same distance what was confirmed comes first, and no more than that; the distance that is told stays true.
Nothing is set back further than `MOST`: who has looked that much beyond the last has missed none.

What was confirmed is counted anew every `PAGES_LAST`. A list that was begun goes on by the count of its
beginning; one about another moment than now is by the distance alone.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from models.grid import Whole
from models.ids import decode

LATELY = timedelta(days=1)
NOT_LONG_AGO = timedelta(days=30)
NOT_LONG_AGO_METRES = 40
MOST = 80
# The present count, and those of which a list may still be shown: the last, and the one before.
COUNTS_KEPT = 3


class Freshness:
    """One count: the metres that set stations back, by code; `MOST` for those that are not in it."""

    def __init__(self, metres: Mapping[str, int]) -> None:
        self.metres = MappingProxyType(dict(metres))
        self._codes = np.fromiter((decode(code) for code in metres), dtype=np.int64, count=len(metres))
        self._metres = np.fromiter(metres.values(), dtype=np.int64, count=len(metres))

    def by_row(self, codes: Whole) -> Whole:
        """Return the metres for stations whose codes are in order."""
        found = np.full(len(codes), MOST, dtype=np.int64)
        if len(codes):
            rows = codes.searchsorted(self._codes)
            rows[rows == len(codes)] = 0
            is_there = codes[rows] == self._codes
            found[rows[is_there]] = self._metres[is_there]
        return found


NOTHING_CONFIRMED = Freshness({})


def freshness_of(confirmed: Iterable[tuple[str, datetime | None]], at: datetime) -> Freshness:
    """Return what follows at a moment from when stations were last confirmed to be open."""
    lately, long_ago = at - LATELY, at - NOT_LONG_AGO
    return Freshness(
        {
            code: 0 if moment > lately else NOT_LONG_AGO_METRES
            for code, moment in confirmed
            if moment is not None and moment > long_ago
        }
    )


class SetBacks(NamedTuple):
    """The metres of a finder's rows: to be counted with, and to be looked up one by one."""

    column: Whole
    metres: list[int]


class SetBacksOf:
    """The set-backs of a finder's rows, whose codes are in order, by the latest counts."""

    def __init__(self, codes: Whole, last: Freshness) -> None:
        self._codes = codes
        self._nothing = self._made(NOTHING_CONFIRMED)
        self._known: dict[Freshness, SetBacks] = {}
        self.get(last)

    def get(self, count: Freshness) -> SetBacks:
        """Return the set-backs by a count; the first time it looks at every station."""
        if count is NOTHING_CONFIRMED:
            return self._nothing
        known = self._known.get(count)
        if known is None:
            if len(self._known) >= COUNTS_KEPT:
                del self._known[next(iter(self._known))]
            known = self._known[count] = self._made(count)
        return known

    def _made(self, count: Freshness) -> SetBacks:
        column = count.by_row(self._codes)
        return SetBacks(column, column.tolist())
