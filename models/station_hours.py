"""When a station is open, as officers set it: its hours, and closures with a reason.

Whoever changes something says which version they saw: of two officers who change the same station, the
second is told to look again (`station_changed`), unless both say the same. A change is entered in the audit,
by codes alone, before it is made, and every process hears of it at once.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from models.appointments import Appointments
from models.audit import Action, Audit, Fact
from models.clock import Now, local_day
from models.errors import Conflict, Invalid
from models.hours import Closure, Hours
from models.signals import Signals
from models.station_board import STATIONS_CHANGED
from models.station_lists import OFFICERS
from models.stations import NoSuchStation, Station
from models.store import Store
from models.versions import next_change, version_of

# A closure that began long ago, or ends far ahead, is a slip of the pen.
LONGEST_PAST = timedelta(days=366)
LONGEST_CLOSURE = timedelta(days=3 * 366)


class StationChanged(Conflict):
    """The station is not as the officer saw it; `details.version` is what it is now."""

    code = "station_changed"
    message = "驿站刚刚被别人修改过，请刷新后再改"


class WrongClosure(Invalid):
    """A closure that is over already, or ends before it begins; `details.field` says which field."""

    code = "wrong_closure"
    message = "关闭时间填写有误"


class StationHours:
    """Sets hours and closures of stations, for officers."""

    def __init__(
        self, store: Store[Station], appointments: Appointments, audit: Audit, signals: Signals, now: Now
    ) -> None:
        self._store = store
        self._appointments = appointments
        self._audit = audit
        self._signals = signals
        self._now = now

    async def get(self, officer: str, code: str) -> Station:
        """Return a station as it is stored now; NotStaff, NoSuchStation."""
        self._appointments.get(officer, OFFICERS)
        station = await self._store.find(code.upper())
        if station is None:
            raise NoSuchStation
        return station

    async def set_hours(self, officer: str, code: str, version: str, hours: Hours, text: str) -> Station:
        """Give a station other hours, with their words; NotStaff, NoSuchStation, StationChanged."""
        details: dict[str, str] = {"hours": hours.kind}
        values = {"hours": hours, "hours_text": text}
        return await self._change(officer, code, version, "station_hours_set", values, details)

    async def close(self, officer: str, code: str, version: str, closure: Closure) -> Station:
        """Close a station for a time; WrongClosure, NotStaff, NoSuchStation, StationChanged."""
        self._appointments.get(officer, OFFICERS)
        self._check(closure)
        until = local_day(closure.until) if closure.until else ""
        details = {"since": local_day(closure.since), "until": until}
        return await self._change(officer, code, version, "station_closed", {"closure": closure}, details)

    async def reopen(self, officer: str, code: str) -> Station:
        """End a station's closure, whichever there is; NotStaff, NoSuchStation, StationChanged."""
        station = await self.get(officer, code)
        if station.closure is None:
            return station
        return await self._change(
            officer, code, version_of(station.changed), "station_reopened", {"closure": None}, {}
        )

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

    async def _change(
        self,
        officer: str,
        code: str,
        version: str,
        action: Action,
        values: Mapping[str, Any],
        details: dict[str, str],
    ) -> Station:
        seen = await self.get(officer, code)
        if all(getattr(seen, name) == value for name, value in values.items()):
            return seen
        if version_of(seen.changed) != version:
            raise StationChanged(version=version_of(seen.changed))
        fact = Fact(actor=officer, action=action, kind="station", object=seen.id, details=details)
        await self._audit.record(fact)
        changed = {**values, "changed": next_change(self._now(), seen.changed)}
        done = await self._store.change({"_id": seen.id, "changed": seen.changed}, changed)
        if done is None:
            raise StationChanged(version=version_of((await self.get(officer, code)).changed))
        await self._signals.send(STATIONS_CHANGED)
        return done
