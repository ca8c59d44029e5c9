"""Retention: what the notice promises to remove is removed, and each day's removals are proved.

Every rule bears the name that the notice gives it (`models/privacy_notices.py`), removes what is past its
period, and says how much that was. Any number of processes may run them: each counts what it removed itself,
into the one document of the local day. A day that is over is entered in the audit with its counts, once. A
process that dies between a removal and its count leaves the count too small, never the data.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from models.audit import OPERATOR, Audit, Fact
from models.clock import LOCAL, Now, local_day
from models.filters import Index
from models.ids import new_ordered_id
from models.organisations import Organisations
from models.privacy_notices import kept
from models.scans import Scan
from models.store import Collection, Duplicate, Store

BATCH = 500
# A run that began before midnight counts into its own day; by then it is over.
CLOSED_AFTER = timedelta(hours=2)

Rule = Callable[[], Awaitable[int]]


class RetentionDay(Struct, frozen=True, kw_only=True):
    """What was removed on a local day, by rule; `open` is the day until it is entered in the audit."""

    id: str = field(name="_id")
    runs: int = 0
    removed: dict[str, int] = field(default_factory=dict)
    open: str | None = None


RETENTION_DAYS = Collection("retention_days", RetentionDay, (Index(("open",)),))


class Retention:
    """Runs the rules."""

    def __init__(self, store: Store[RetentionDay], rules: Mapping[str, Rule], audit: Audit, now: Now) -> None:
        self._store = store
        self._audit = audit
        self._now = now
        self.rules = rules

    async def run(self) -> None:
        """Remove what is past its period, count it, and enter the days that are over."""
        day = local_day(self._now())
        await self._begin(day)
        for kind, rule in self.rules.items():
            if removed := await rule():
                await self._store.change({"_id": day}, {}, plus={f"removed.{kind}": removed})
        await self._store.change({"_id": day}, {}, plus={"runs": 1})
        await self._enter_past()

    async def find_day(self, day: str) -> RetentionDay | None:
        """Return what was removed on a local day."""
        return await self._store.find(day)

    async def _begin(self, day: str) -> None:
        try:
            await self._store.insert(RetentionDay(id=day, open=day))
        except Duplicate:
            return

    async def _enter_past(self) -> None:
        today = local_day(self._now() - CLOSED_AFTER)
        for one in await self._store.list_({"open": {"$lt": today}}):
            details = {"runs": str(one.runs), **{kind: str(number) for kind, number in one.removed.items()}}
            fact = Fact(
                actor=OPERATOR, action="retention_applied", kind="day", object=one.id, details=details
            )
            await self._audit.record(fact, f"retention:{one.id}")
            await self._store.change({"_id": one.id}, {}, without=("open",))


def midnight(at: datetime) -> datetime:
    """Return the beginning of a moment's local day."""
    return at.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)


def without_moment(scan: Scan, district: str) -> Scan:
    """Return a scan with its day and district alone: no minute, no place, nothing from which to find them.

    The hashes go too: with the card's key a code's hash would tell the half minute.
    """
    day = midnight(scan.received_at)
    undone = replace(scan.undone, at=midnight(scan.undone.at), reason="") if scan.undone else None
    return replace(
        scan,
        organisation=district,
        station=None,
        skew_seconds=None,
        code_hash="",
        content_hash="",
        scanned_at=day,
        judged_at=None,
        clock_offset=None,
        received_at=day,
        order=new_ordered_id(day),
        undone=undone,
        day_only=True,
        cut_at=day + kept("scan_days"),
    )


class ScanRetention:
    """Takes minute and place from scans after thirty days, and the rest after a year."""

    def __init__(self, store: Store[Scan], organisations: Organisations, now: Now) -> None:
        self._store = store
        self._organisations = organisations
        self._now = now

    async def cut(self) -> int:
        """Take minute and place away; return from how many scans."""
        number = 0
        while due := [one for one in await self._list_due() if not one.day_only]:
            for scan in due:
                number += await self._cut(scan)
        return number

    async def remove(self) -> int:
        """Remove what is left of old scans; return how many."""
        number = 0
        while due := [one.id for one in await self._list_due() if one.day_only]:
            number += await self._store.delete({"_id": {"$in": due}})
        return number

    async def _list_due(self) -> list[Scan]:
        return await self._store.list_({"cut_at": {"$lte": self._now()}}, sort="cut_at", limit=BATCH)

    async def _cut(self, scan: Scan) -> bool:
        """Write a scan without its moment, unless another process has."""
        after = without_moment(scan, self._district_of(scan.organisation))
        values: dict[str, Any] = {
            name: getattr(after, name)
            for name in Scan.__struct_fields__
            if name != "id" and getattr(after, name) != getattr(scan, name)
        }
        return await self._store.change({"_id": scan.id, "cut_at": scan.cut_at}, values) is not None

    def _district_of(self, organisation: str) -> str:
        """Return the second node from the root down (区县, 局), or the organisation itself."""
        known = self._organisations.find(organisation)
        return known.path[1] if known and len(known.path) > 1 else organisation


class OldErasures:
    """Removes the proof of an erasure, and the consents kept as proof with it, when their time is over."""

    def __init__(self, stores: Mapping[str, Store[Any]], now: Now) -> None:
        self._stores = stores
        self._now = now

    async def remove(self) -> int:
        """Remove old erasures with their consents; return how many documents."""
        number, over = 0, self._now() - kept("erasures")
        for one in await self._stores["erasures"].list_({"finished": {"$lte": over}}, limit=BATCH):
            if one.person:
                number += await self._stores["consents"].delete({"subject": one.person})
            number += await self._stores["erasures"].delete({"_id": one.id})
        return number


class Expired:
    """Removes the documents of a collection whose moment, and a period after it, are over."""

    def __init__(self, store: Store[Any], moment: str, period: timedelta, now: Now) -> None:
        self._store = store
        self._moment = moment
        self._period = period
        self._now = now

    async def remove(self) -> int:
        """Remove them; return how many."""
        return await self._store.delete({self._moment: {"$lte": self._now() - self._period}})
