"""When a station is open, as officers set it: its hours, and closures with a reason."""

from datetime import timedelta

from models.clock import Now, local_day
from models.errors import Invalid
from models.hours import Closure, Hours
from models.station_changes import Change, StationChanges
from models.stations import Station
from models.versions import version_of

# A closure that began long ago, or ends far ahead, is a slip of the pen.
LONGEST_PAST = timedelta(days=366)
LONGEST_CLOSURE = timedelta(days=3 * 366)


class WrongClosure(Invalid):
    """A closure that is over already, or ends before it begins; `details.field` says which field."""

    code = "wrong_closure"
    message = "关闭时间填写有误"


class StationHours:
    """Sets hours and closures of stations, for officers."""

    def __init__(self, changes: StationChanges, now: Now) -> None:
        self._changes = changes
        self._now = now

    async def get(self, officer: str, code: str) -> Station:
        """Return a station as it is stored now; NotStaff, NoSuchStation."""
        return await self._changes.get(officer, code)

    async def set_hours(self, officer: str, code: str, version: str, hours: Hours, text: str) -> Station:
        """Give a station other hours, with their words; NotStaff, NoSuchStation, StationChanged.

        No import changes them from then on, unless they are set to unknown.
        """
        seen = await self._changes.get(officer, code)
        by = None if hours.kind == "unknown" else officer
        if by and seen.hours_by and (seen.hours, seen.hours_text) == (hours, text):
            by = seen.hours_by
        values = {"hours": hours, "hours_text": text, "hours_by": by}
        change = Change("station_hours_set", values, {"hours": hours.kind})
        return await self._changes.make(officer, code, version, change)

    async def close(self, officer: str, code: str, version: str, closure: Closure) -> Station:
        """Close a station for a time; WrongClosure, NotStaff, NoSuchStation, StationChanged."""
        self._changes.require(officer)
        self._check(closure)
        until = local_day(closure.until) if closure.until else ""
        details = {"since": local_day(closure.since), "until": until}
        change = Change("station_closed", {"closure": closure}, details)
        return await self._changes.make(officer, code, version, change)

    async def reopen(self, officer: str, code: str) -> Station:
        """End a station's closure, whichever there is; NotStaff, NoSuchStation, StationChanged."""
        station = await self.get(officer, code)
        if station.closure is None:
            return station
        change = Change("station_reopened", {"closure": None})
        return await self._changes.make(officer, code, version_of(station.changed), change)

    def _check(self, closure: Closure) -> None:
        now = self._now()
        if not now - LONGEST_PAST <= closure.since <= now + LONGEST_CLOSURE:
            raise WrongClosure("关闭的开始时间太早或太晚", field="body.since")
        if closure.until is None:
            return
        if closure.until <= max(now, closure.since):
            raise WrongClosure("恢复开放的时间已经过去，或早于关闭的开始时间", field="body.until")
        if closure.until > closure.since + LONGEST_CLOSURE:
            raise WrongClosure("关闭超过三年，请改为退出", field="body.until")
