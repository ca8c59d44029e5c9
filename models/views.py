"""Views: what every schedule says of the moments to come, made ahead of them.

A view holds until the first schedule changes. In it the stations are parted by their rank into grids, so that
a search at night does not walk over the closed to find the open; and what a cell of the map needs is gathered
once (`models/patches.py`).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from models.grid import Density, Grid, Points, Whole
from models.hours_open import Openness, openness
from models.patches import Patches
from models.ranks import OPEN_RANKS, RANKING
from models.station_columns import Schedule

Item = TypeVar("Item")


class View(NamedTuple, Generic[Item]):
    """Every schedule's openness from `since` until just before `until` (POSIX seconds), and the patches."""

    since: float
    until: float
    answers: tuple[Openness, ...]
    ranks: Whole
    grids: tuple[Grid, ...]
    patches: Patches[Item]
    open_patches: Patches[Item]

    def holds(self, now: float) -> bool:
        """Say whether the view is that of a moment."""
        return self.since <= now < self.until


class Mapped(NamedTuple, Generic[Item]):
    """The stations on the map, in order of their cells, and what a row of theirs stands for."""

    points: Points
    rows: Whole
    schedules: Whole
    density: Density
    item_of: Callable[[int], Item]


class Views(Generic[Item]):
    """The view of now and the one after it; making them belongs off the loop."""

    def __init__(self, mapped: Mapped[Item], distinct: Sequence[Schedule]) -> None:
        self._mapped = mapped
        self._distinct = distinct
        # Only remembered: these follow from the stations and the moment.
        self._view: View[Item] | None = None
        self._next: View[Item] | None = None

    def is_prepared(self, at: datetime) -> bool:
        """Say whether there is a view of a moment, and one of what comes after."""
        view = self.find(at.timestamp())
        return view is not None and self._is_followed(view)

    def prepare(self, at: datetime) -> None:
        """Make the view of a moment, and the one after it; may run in a thread while others ask."""
        view = self.find(at.timestamp())
        if view is None:
            view = self._view = self._seen(self._view, at)
        if not self._is_followed(view):
            self._next = self._seen(view, datetime.fromtimestamp(view.until, UTC))

    def find(self, now: float) -> View[Item] | None:
        """Return the view of a moment, if it has been made; the next one takes over when its time comes."""
        view = self._view
        if view is not None and view.holds(now):
            return view
        view = self._next
        if view is None or not view.holds(now):
            return None
        self._view, self._next = view, None
        return view

    def find_answer(self, number: int, now: float) -> Openness | None:
        """Return what a schedule says of a moment, if the last view still knows it."""
        view = self._view
        if view is None or view.since > now:
            return None
        answer = view.answers[number]
        return answer if now < _end(answer) else None

    def _is_followed(self, view: View[Item]) -> bool:
        return view.until == inf or (self._next is not None and self._next.since == view.until)

    def _seen(self, last: View[Item] | None, at: datetime) -> View[Item]:
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
            Patches(some, self._mapped.density, self._mapped.item_of) for some in (grids, grids[:OPEN_RANKS])
        )
        return View(now, until, answers, ranks, grids, patches, open_patches)

    def _parted(self, rank: int, ranks: Whole, last: View[Item] | None) -> Grid:
        """Return the grid of the stations of a rank: the last one, if they are the same."""
        if last and np.array_equal(ranks == rank, last.ranks == rank):
            return last.grids[rank]
        chosen = (ranks[self._mapped.schedules] == rank).nonzero()[0]
        return Grid(self._mapped.points, self._mapped.rows, chosen)


def _end(answer: Openness) -> float:
    """Return when an answer stops holding, in POSIX seconds."""
    return answer.changes_at.timestamp() if answer.changes_at else inf
