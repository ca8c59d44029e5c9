"""Figures of memberships on any past date, as entered by the end of any day, corrections beside them.

Each entry of a membership's log says what it added to an organisation and what it took from one; a correction
takes back what its entry did on the wrong day and does it on the right one, on the day when it is entered.
These movements are documents whose ids are made from the entry, so that projecting twice is once. A figure is
the number of movements in less the number of those out, up to its date.

Counted are `active` memberships, and `transferring` ones at the releasing union until the receiving one has
registered them; a retained membership (保留会籍) is shown apart and not counted.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Literal, get_args

from msgspec import Struct, field

from models.clock import local_day
from models.filters import Index
from models.membership_history import list_counting
from models.membership_offices import Offices
from models.memberships import Entry, Membership, Standing
from models.store import Collection, Store
from models.subtree_pages import MOST_ORGANISATIONS, TooManyOrganisations

COUNTS_AT_ONCE = 10

Category = Literal["counted", "retained"]
Direction = Literal["in", "out"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


class Movement(Struct, frozen=True, kw_only=True):
    """One membership into a category of an organisation, or out of it, from a local day on."""

    id: str = field(name="_id")
    organisation: str
    category: Category
    direction: Direction
    valid: str
    entered: str


class Figures(Struct, frozen=True, kw_only=True):
    """Memberships on a date, as entered by the end of a day, and what was entered about it later."""

    counted: int
    retained: int
    counted_later: int
    retained_later: int


MOVEMENTS = Collection(
    "membership_movements", Movement, (Index(("organisation", "category", "direction", "valid")),)
)


def category_of(standing: Standing | None) -> Category | None:
    """Return how a standing is counted, None if it is not."""
    if standing is None:
        return None
    state = standing.origin if standing.state == "transferring" else standing.state
    if state == "retained":
        return "retained"
    return "counted" if state == "active" else None


def list_movements(membership: Membership) -> list[Movement]:
    """Return everything that a membership's log moved."""
    log, moved = membership.log, list[Movement]()
    for number in sorted(map(int, log)):
        entry = log[str(number)]
        told = _Told(f"{membership.person}:{number}", local_day(entry.entered))
        if entry.corrects is None:
            moved += told.moves(entry, entry.valid)
            continue
        before = {key: one for key, one in log.items() if int(key) < number}
        wrong = next(one for one in list_counting(before) if one.number == entry.corrects)
        corrected = log[str(entry.corrects)]
        moved += told.moves(corrected, wrong.valid, is_undone=True)
        if not entry.cancels:
            moved += told.moves(corrected, entry.valid)
    return moved


class _Told(Struct, frozen=True):
    """Makes the movements that one entry tells of."""

    name: str
    entered: str

    def moves(self, entry: Entry, valid: str, *, is_undone: bool = False) -> Iterator[Movement]:
        """Yield out of where an entry found the person and into where it left them, or the reverse."""
        ends: tuple[tuple[Direction, Standing | None], ...] = (
            ("out", entry.after if is_undone else entry.before),
            ("in", entry.before if is_undone else entry.after),
        )
        places = [(standing and standing.organisation, category_of(standing)) for _, standing in ends]
        if places[0] == places[1]:
            return
        for direction, standing in ends:
            category = category_of(standing)
            if standing is not None and category is not None:
                yield Movement(
                    id=f"{self.name}:{'undone' if is_undone else 'done'}:{direction}",
                    organisation=standing.organisation,
                    category=category,
                    direction=direction,
                    valid=valid,
                    entered=self.entered,
                )


class MembershipFigures:
    """Keeps movements and counts them."""

    def __init__(self, store: Store[Movement], offices: Offices) -> None:
        self._store = store
        self._offices = offices

    async def project(self, membership: Membership) -> None:
        """Store what a membership moved; what is there already stays."""
        await self._store.insert_many(list_movements(membership))

    async def count_of(self, officer: str, organisation: str, day: str, known_on: str) -> Figures:
        """Return the figures of an organisation of the officer's and all below it.

        NotStaff, NoSuchOrganisation, TooManyOrganisations.
        """
        within = self._offices.list_within(officer, organisation)
        if len(within) > MOST_ORGANISATIONS:
            raise TooManyOrganisations(limit=MOST_ORGANISATIONS)
        return await self.count(within, day, known_on)

    async def count(self, organisations: Sequence[str], day: str, known_on: str) -> Figures:
        """Return the figures of some organisations on a local day, as entered by the end of another."""
        totals = {"counted": [0, 0], "retained": [0, 0]}
        for start in range(0, len(organisations), COUNTS_AT_ONCE):
            some = organisations[start : start + COUNTS_AT_ONCE]
            asked = [(one, category) for one in some for category in totals]
            answers = await asyncio.gather(*(self._count(*one, day, known_on) for one in asked))
            for (_, category), (then, now) in zip(asked, answers, strict=True):
                totals[category][0] += then
                totals[category][1] += now
        return Figures(
            counted=totals["counted"][0],
            retained=totals["retained"][0],
            counted_later=totals["counted"][1] - totals["counted"][0],
            retained_later=totals["retained"][1] - totals["retained"][0],
        )

    async def _count(self, organisation: str, category: str, day: str, known_on: str) -> tuple[int, int]:
        """Return an organisation's number as entered by a day, and as entered by now."""
        counts = []
        for entered in ({"entered": {"$lte": known_on}}, {}):
            came, went = [
                await self._store.count(
                    {
                        "organisation": organisation,
                        "category": category,
                        "direction": direction,
                        "valid": {"$lte": day},
                        **entered,
                    }
                )
                for direction in ("in", "out")
            ]
            counts.append(came - went)
        return counts[0], counts[1]
