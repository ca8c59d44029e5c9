"""Changes of a station's record by officers, one at a time.

Whoever changes something says which version they saw: of two officers who change the same station, the
second is told to look again (`station_changed`), unless both say the same. A change is entered in the audit,
by codes alone, before it is made, and every process hears of it at once.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from models.audit import Action, Fact
from models.clock import Now
from models.errors import Conflict
from models.member_lists import OFFICERS
from models.offices import Office
from models.station_board import STATIONS_CHANGED
from models.stations import NoSuchStation, Station
from models.store import Store
from models.versions import next_change, version_of


class StationChanged(Conflict):
    """The station is not as the officer saw it; `details.version` is what it is now."""

    code = "station_changed"
    message = "驿站刚刚被别人修改过，请刷新后再改"


class Change(Struct, frozen=True):
    """What is to be changed: the fields by name, what it is called in the audit, and what stands there."""

    action: Action
    values: Mapping[str, Any]
    details: Mapping[str, str] = field(default_factory=dict)


class StationChanges:
    """Reads stations as they are stored, and changes them."""

    def __init__(self, store: Store[Station], office: Office, now: Now) -> None:
        self._store = store
        self._office = office
        self._now = now

    def require(self, officer: str) -> None:
        """Let an officer pass; NotStaff otherwise."""
        self._office.appointments.get(officer, OFFICERS)

    async def get(self, officer: str, code: str) -> Station:
        """Return a station as it is stored now; NotStaff, NoSuchStation."""
        self.require(officer)
        station = await self._store.find(code.upper())
        if station is None:
            raise NoSuchStation
        return station

    async def make(self, officer: str, code: str, version: str, change: Change) -> Station:
        """Change a station that is as the officer saw it; NotStaff, NoSuchStation, StationChanged."""
        seen = await self.get(officer, code)
        if all(getattr(seen, name) == value for name, value in change.values.items()):
            return seen
        if version_of(seen.changed) != version:
            raise StationChanged(version=version_of(seen.changed))
        fact = Fact(
            actor=officer, action=change.action, kind="station", object=seen.id, details=dict(change.details)
        )
        await self._office.audit.record(fact)
        values = {**change.values, "changed": next_change(self._now(), seen.changed)}
        done = await self._store.change({"_id": seen.id, "changed": seen.changed}, values)
        if done is None:
            raise StationChanged(version=version_of((await self.get(officer, code)).changed))
        await self._office.signals.send(STATIONS_CHANGED)
        return done
