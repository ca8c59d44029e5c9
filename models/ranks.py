"""The finder's ranks: by the hours, and the floors that what is known of a station besides puts under them.

A station that two people doubt ranks among those whose hours nobody knows, one that its 站长 closed for the
day among the closed. A list that was begun goes on in the order of its beginning: what was heard since is
undone for its later pages, so that no station comes twice or never while pages are turned. The 站长's word
that it was opened is the only one that brings a station forward (`models/early_openings.py`). Each process
remembers what it heard, and when; of news that is under way between two processes while a list begins, one
whose pages come from both may show a station twice, or leave it out.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from msgspec import Struct

from models.clock import LOCAL
from models.freshness import NOTHING_CONFIRMED, Freshness
from models.grid import Whole
from models.hours_open import State
from models.ids import decode

RANKING: tuple[State, ...] = ("open", "closing", "unknown", "closed")
# The first two of them are open.
OPEN_RANKS = 2
UNKNOWN_RANK = RANKING.index("unknown")
CLOSED_RANK = RANKING.index("closed")

# The least rank of stations by their codes; of most there is none. Never changed once it is made.
Floors = Mapping[str, int]
NO_FLOORS: Floors = MappingProxyType({})

# So long the pages that follow stand in the order of the first.
PAGES_LAST = timedelta(minutes=10)
# A word holds for its local day, and counts in the lists that were begun on it.
WORDS_KEPT = timedelta(days=1) + PAGES_LAST


class Floor(Struct, frozen=True, gc=False):
    """Whether a station is doubted, and the local day for which its 站长 closed it."""

    is_doubted: bool = False
    closed_on: date | None = None

    def rank(self, day: date) -> int:
        """Return the least rank of the station on a local day."""
        if self.closed_on == day:
            return CLOSED_RANK
        return UNKNOWN_RANK if self.is_doubted else 0


NO_FLOOR = Floor()


class Word(NamedTuple):
    """The 站长 of a station said that it was opened; heard here at a moment (POSIX seconds)."""

    station: str
    said: datetime
    heard: float


class Heard(Struct, frozen=True, gc=False):
    """What was heard of stations besides their hours, for a list that was begun at some moment.

    `floors` are those of that moment, `latest` those of now, `freshness` is the count of then. Of the
    `words`, to whose end more may be added, those that were heard `by` then (POSIX seconds) count for the
    list's order.
    """

    floors: Floors = NO_FLOORS
    latest: Floors = NO_FLOORS
    words: Sequence[Word] = ()
    by: float = inf
    freshness: Freshness = NOTHING_CONFIRMED

    def now(self) -> "Heard":
        """Return what was heard until now of doors that are open or shut."""
        return Heard(self.latest, self.latest, self.words)


NOTHING_HEARD = Heard()


class FloorBook:
    """The floors of all stations: now, and as they stood within the last minutes; and the words of today."""

    def __init__(self) -> None:
        self._known: dict[str, Floor] = {}
        self._before: deque[tuple[datetime, str, Floor]] = deque()
        # Only remembered: it follows from what is known and the day.
        self._now: tuple[date, Floors] | None = None
        self._words: list[Word] = []
        self._last_words: dict[str, datetime] = {}

    def heard(
        self, at: datetime, begun: datetime | None = None, freshness: Freshness = NOTHING_CONFIRMED
    ) -> Heard:
        """Return what was heard, for a list that begins now or was `begun` within the last minutes."""
        latest = self.now(at)
        floors = self.as_of(begun) if begun else latest
        return Heard(floors, latest, self._words, (begun or at).timestamp(), freshness)

    def put_word(self, station: str, said: datetime, at: datetime) -> None:
        """Know from a moment on that a station's 站长 said that it was opened."""
        if self._last_words.get(station) == said or said < at - WORDS_KEPT:
            return
        if self._words and self._words[0].said < at - 2 * WORDS_KEPT:
            # Who reads the words sees by the new list that he has to begin anew.
            self._words = [word for word in self._words if word.said >= at - WORDS_KEPT]
            self._last_words = {word.station: word.said for word in self._words}
        self._last_words[station] = said
        self._words.append(Word(station, said, at.timestamp()))

    def put(self, station: str, floor: Floor, at: datetime) -> None:
        """Know a station's floor from a moment on."""
        before = self._known.get(station, NO_FLOOR)
        if floor == before:
            return
        self._before.append((at, station, before))
        while self._before[0][0] < at - PAGES_LAST:
            self._before.popleft()
        _set(self._known, station, floor)
        self._now = None

    def now(self, at: datetime) -> Floors:
        """Return the floors now: the same ones as long as nothing changes."""
        if not self._known:
            return NO_FLOORS
        day = at.astimezone(LOCAL).date()
        if self._now is None or self._now[0] != day:
            self._now = day, _ranks(self._known, day)
        return self._now[1]

    def as_of(self, moment: datetime) -> Floors:
        """Return the floors as this process knew them at a moment of the last minutes."""
        if not self._before or self._before[-1][0] <= moment:
            return self.now(moment)
        known = self._known.copy()
        for heard, station, before in reversed(self._before):
            if heard <= moment:
                break
            _set(known, station, before)
        return _ranks(known, moment.astimezone(LOCAL).date())


class Lowering:
    """Floors by the finder's rows, which stand in order of their codes."""

    def __init__(self, floors: Floors, codes: Whole) -> None:
        self._floors = floors
        self._codes = codes
        wanted = np.array(sorted((decode(code), rank) for code, rank in floors.items()), dtype=np.int64)
        wanted = wanted.reshape(-1, 2)
        found = np.isin(wanted[:, 0], codes)
        self._rows = np.searchsorted(codes, wanted[found, 0])
        self._ranks = wanted[found, 1]

    def of(self, floors: Floors) -> "Lowering":
        """Return the same for these floors."""
        return self if self._floors is floors else Lowering(floors, self._codes)

    def lower(self, ranks: Whole, rows: Whole) -> None:
        """Raise the ranks of some rows, which are in order, to their floors."""
        places = np.searchsorted(rows, self._rows)
        here = places < len(rows)
        here[here] = rows[places[here]] == self._rows[here]
        chosen = places[here]
        ranks[chosen] = np.maximum(ranks[chosen], self._ranks[here])


def _set(known: dict[str, Floor], station: str, floor: Floor) -> None:
    if floor == NO_FLOOR:
        known.pop(station, None)
    else:
        known[station] = floor


def _ranks(known: Mapping[str, Floor], day: date) -> Floors:
    found = {station: floor.rank(day) for station, floor in known.items()}
    return {station: rank for station, rank in found.items() if rank} or NO_FLOORS
