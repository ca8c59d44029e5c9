"""Whether the figures are what the memberships come to: every movement made anew, and compared.

Movements are derived from the memberships' logs (`models/membership_figures.py`), so all of them can be made
again. What differs is named, and with `fix` put right: a missing movement is stored, one that says something
else is written over, one that no log tells of is removed. Memberships that wait for a worker are left to it.
The service may run meanwhile: a membership is read before its movements, and for what seems too much again
after them, so that what is entered at the same time is no difference.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal

from msgspec import Struct

from models.membership_figures import CATEGORIES, DIRECTIONS, Movement, list_movements
from models.memberships import Membership, Memberships
from models.organisations import Organisations
from models.store import Store
from models.walks import walk_by

PAGE = 500

Kind = Literal["missing", "wrong", "extra"]


class Difference(Struct, frozen=True):
    """A movement that is not as the memberships say: the one that is stored, the one that should be."""

    kind: Kind
    movement: str
    stored: Movement | None
    expected: Movement | None


class FigureReport(Struct):
    """How many memberships and movements were compared, how many wait for a worker or were out of reach."""

    memberships: int = 0
    movements: int = 0
    waiting: int = 0
    unreached: int = 0
    differences: int = 0


class FigureChecks:
    """Compares, and puts right."""

    def __init__(
        self, memberships: Memberships, movements: Store[Movement], organisations: Organisations
    ) -> None:
        self._memberships = memberships
        self._movements = movements
        self._organisations = organisations

    async def run(self, tell: Callable[[Difference], None], *, fix: bool = False) -> FigureReport:
        """Compare everything, and tell of each difference; with `fix` put it right."""
        report = FigureReport()
        for organisation in self._organisations.list_known():
            async for page in self._memberships.walk(organisation.id, PAGE):
                report.memberships += len(page)
                found = await self._compare(page, report)
                await self._deal_with(found, report, tell, fix=fix)
            async for stored in self._walk_movements(organisation.id):
                report.movements += len(stored)
                found = await self._list_extra(stored)
                await self._deal_with(found, report, tell, fix=fix)
        report.unreached = max(0, await self._memberships.count_all() - report.memberships)
        return report

    async def _compare(self, page: Sequence[Membership], report: FigureReport) -> list[Difference]:
        """Return which movements of some memberships are missing, or say something else."""
        settled = [one for one in page if not one.pending]
        report.waiting += len(page) - len(settled)
        expected = {one.id: one for membership in settled for one in list_movements(membership)}
        stored = {
            one.id: one
            for some in _some(list(expected))
            for one in await self._movements.list_({"_id": {"$in": some}})
        }
        return [
            Difference("wrong" if key in stored else "missing", key, stored.get(key), one)
            for key, one in expected.items()
            if stored.get(key) != one
        ]

    async def _list_extra(self, stored: Sequence[Movement]) -> list[Difference]:
        """Return the movements that no membership's log tells of."""
        people = sorted({_person_of(one) for one in stored})
        known = {one.person: one for one in await self._memberships.list_by_person(people)}
        told = {one.id for membership in known.values() for one in list_movements(membership)}
        return [Difference("extra", one.id, one, None) for one in stored if one.id not in told]

    async def _deal_with(
        self,
        found: Sequence[Difference],
        report: FigureReport,
        tell: Callable[[Difference], None],
        *,
        fix: bool,
    ) -> None:
        for one in found:
            report.differences += 1
            tell(one)
            if fix and one.expected:
                await self._movements.put(one.expected)
            elif fix:
                await self._movements.delete({"_id": one.movement})

    async def _walk_movements(self, organisation: str) -> AsyncIterator[list[Movement]]:
        """Yield the movements of an organisation, some at a time."""
        for category in CATEGORIES:
            for direction in DIRECTIONS:
                where = {"organisation": organisation, "category": category, "direction": direction}

                async def read(
                    since: str | None, limit: int, where: dict[str, str] = where
                ) -> list[Movement]:
                    later = {"valid": {"$gte": since}} if since else {}
                    return await self._movements.list_({**where, **later}, sort="valid", limit=limit)

                async for page in walk_by(read, lambda one: one.valid, lambda one: one.id, PAGE):
                    yield page


def _some(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)]


def _person_of(movement: Movement) -> str:
    return movement.id.partition(":")[0]
