"""Figures of visits: how many visits and people each station had on each local day; what is removed when.

Invariants: figures are derived. A day is counted as a whole from its visits once it is over, by one worker or
by several, and each time gives the same; a day that was not counted to its end is counted again. While its
visits are there a day can be counted anew (`difference` says first what would change). Visits are removed
thirty days after their day, never before the day is counted, and each removal is entered in the audit first,
with how many there were: the proof that nothing older is kept.
"""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

from msgspec import Struct, field

from models.audit import Audit, Fact
from models.check_ins import CheckIn
from models.clock import LOCAL, Now
from models.filters import Index
from models.ids import new_id
from models.leases import Leases
from models.privacy_notices import kept
from models.store import Collection, Store

KEPT_DAYS = kept("check_ins").days
# An undone scan takes its visit back within ten minutes, and a clock may be a little behind.
CLOSES_AFTER = timedelta(minutes=15)
PAGE = 2_000
LEASE = "visit-counts"
LEASE_LASTS = timedelta(minutes=10)
WORKER = "worker"


class VisitCount(Struct, frozen=True, kw_only=True):
    """One station's day: visits, different people, and visits by how presence was shown and by trade."""

    id: str = field(name="_id")
    station: str
    day: str
    visits: int
    people: int
    presence: dict[str, int] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)


class VisitDay(Struct, frozen=True, kw_only=True):
    """A day that is counted: `_id` is the day; `removed` is when its visits were."""

    id: str = field(name="_id")
    visits: int
    stations: int
    counted: datetime
    removed: datetime | None = None


VISIT_COUNTS = Collection("visit_counts", VisitCount, (Index(("station", "day")), Index(("day", "station"))))
VISIT_DAYS = Collection("visit_days", VisitDay)


class VisitCounts:
    """Counts days, shows figures, and removes visits that are older than they may be."""

    def __init__(
        self,
        visits: Store[CheckIn],
        counts: Store[VisitCount],
        days: Store[VisitDay],
        audit: Audit,
        leases: Leases,
        now: Now,
    ) -> None:
        self._visits = visits
        self._counts = counts
        self._days = days
        self._audit = audit
        self._leases = leases
        self._now = now
        self._holder = new_id()

    async def list_of(self, station: str, days: int) -> list[VisitCount]:
        """Return a station's figures of the last days, newest first; today's are counted from its visits."""
        today = self._today()
        since = (today - timedelta(days=days - 1)).isoformat()
        kept = await self._counts.list_({"station": station, "day": {"$gte": since}}, sort="-day")
        live = [count async for count in self._count(today.isoformat(), station)]
        return [*live, *(count for count in kept if count.day != today.isoformat())]

    async def work(self) -> None:
        """Count the days that are over, and remove what is too old; one process at a time does it."""
        if not await self._leases.take(LEASE, self._holder, LEASE_LASTS):
            return
        last = (self._now() - CLOSES_AFTER).astimezone(LOCAL).date() - timedelta(days=1)
        days = [(last - timedelta(days=back)).isoformat() for back in range(KEPT_DAYS)]
        counted = {one.id for one in await self._days.list_({"_id": {"$in": days}})}
        for day in days:
            if day not in counted:
                await self.count_day(day)
        await self._remove_old()

    async def count_day(self, day: str) -> int:
        """Count a day anew from its visits; return how many stations' figures were other than before.

        The figures of a day whose visits are removed stay as they are.
        """
        if await self._is_final(day):
            return 0
        differing = await self.difference(day)
        visits = stations = 0
        async for count in self._count(day):
            await self._counts.put(count)
            visits, stations = visits + count.visits, stations + 1
        for gone in (one for one in differing if one.visits == 0):
            await self._counts.delete({"_id": gone.id})
        await self._days.put(VisitDay(id=day, visits=visits, stations=stations, counted=self._now()))
        return len(differing)

    async def difference(self, day: str) -> list[VisitCount]:
        """Return the figures of a day that are not as its visits say; those to be dropped have no visits."""
        if await self._is_final(day):
            return []
        kept = {one.id: one for one in await self._counts.list_({"day": day}, sort="station")}
        found = [count async for count in self._count(day)]
        dropped = [
            VisitCount(id=one.id, station=one.station, day=day, visits=0, people=0)
            for one in kept.values()
            if one.id not in {count.id for count in found}
        ]
        return [*(count for count in found if kept.get(count.id) != count), *dropped]

    async def reopen(self, day: str) -> None:
        """Have a day counted again: a visit of it has come late."""
        await self._days.delete({"_id": day, "removed": {"$exists": False}})

    async def _is_final(self, day: str) -> bool:
        counted = await self._days.find(day)
        return counted is not None and counted.removed is not None

    async def _count(self, day: str, station: str | None = None) -> AsyncIterator[VisitCount]:
        """Yield each station's figures of a day; visits come in the order of station and visitor."""
        held: list[CheckIn] = []
        async for visit in self._walk(day, station):
            if held and held[0].station != visit.station:
                yield _figures(held)
                held = []
            held.append(visit)
        if held:
            yield _figures(held)

    async def _walk(self, day: str, station: str | None) -> AsyncIterator[CheckIn]:
        after, end = f"{station}:" if station else "", f"{station};" if station else "~"
        while True:
            where = {"day": day, "slot": {"$gt": after, "$lt": end}}
            page = await self._visits.list_(where, sort="slot", limit=PAGE)
            for visit in page:
                yield visit
            if len(page) < PAGE:
                return
            after = page[-1].slot

    async def _remove_old(self) -> None:
        """Remove the visits of days that are too long ago, the oldest first."""
        first_kept = (self._today() - timedelta(days=KEPT_DAYS)).isoformat()
        while oldest := await self._visits.list_({"day": {"$lt": first_kept}}, sort="day", limit=1):
            day = oldest[0].day
            await self.count_day(day)
            there = await self._visits.count({"day": day, "slot": {"$gt": ""}})
            details = {"day": day, "visits": str(there)}
            fact = Fact(actor=WORKER, action="visits_removed", kind="day", object=day, details=details)
            await self._audit.record(fact, f"visits-removed:{day}:{there}")
            await self._visits.delete({"day": day, "slot": {"$gt": ""}})
            await self._days.change({"_id": day}, {"removed": self._now()})

    def _today(self) -> date:
        return self._now().astimezone(LOCAL).date()


def _figures(visits: list[CheckIn]) -> VisitCount:
    """Return the figures of one station's visits of one day."""
    station, day = visits[0].station, visits[0].day
    return VisitCount(
        id=f"{station}:{day}",
        station=station,
        day=day,
        visits=len(visits),
        people=len({visit.slot.split(":")[1] for visit in visits}),
        presence=dict(Counter(visit.presence for visit in visits)),
        workers=dict(Counter(visit.worker for visit in visits if visit.worker)),
    )
