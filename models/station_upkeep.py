"""What officers keep up at a station from day to day: which facilities work, how many, and consumables.

It is the officers' alone, by the same right as the record, but for the counts, which a list of stations may
say, too, until an officer says another.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from models.clock import Now, local_day
from models.consumables import Consumable
from models.errors import Invalid
from models.station_changes import Change, StationChanges
from models.station_hosts import StationHosts
from models.stations import Equipment, Facility, Station


class NoSuchFacility(Invalid):
    """The station has no such facility; `details.facility` says which."""

    code = "facility_not_there"
    message = "这个驿站没有登记这项设施，请先在基本资料里勾选"


class DayAhead(Invalid):
    """Something is said to be so since a day that has not come."""

    code = "day_ahead"
    message = "日期不能晚于今天"


def of_facilities(equipment: Sequence[Equipment], facilities: Sequence[Facility]) -> tuple[Equipment, ...]:
    """Return what is said of some facilities, in their order, each once, where it says anything."""
    known = {one.facility: one for one in equipment if one.count or one.broken_since}
    return tuple(known[name] for name in facilities if name in known)


class StationUpkeep:
    """Keeps up stations, for officers."""

    def __init__(self, changes: StationChanges, hosts: StationHosts, now: Now) -> None:
        self._changes = changes
        self._hosts = hosts
        self._now = now

    async def get(self, officer: str, code: str) -> Station:
        """Return a station as it is stored now; NotStaff, NoSuchStation."""
        return await self._changes.get(officer, code)

    async def set_equipment(
        self, officer: str, code: str, version: str, equipment: Sequence[Equipment]
    ) -> Station:
        """Say how many there are of the facilities, and which do not work since when.

        NotStaff, NoSuchStation, StationOfOthers, StationChanged, NoSuchFacility, DayAhead.
        """
        seen = await self._hosts.get_own(officer, code)
        today = self.today()
        for one in equipment:
            if one.facility not in seen.facilities:
                raise NoSuchFacility(facility=one.facility)
            if one.broken_since and one.broken_since > today:
                raise DayAhead(facility=one.facility)
        by_list = {(one.facility, one.count) for one in seen.equipment if one.listed}
        said = [replace(one, listed=(one.facility, one.count) in by_list) for one in equipment]
        values = {"equipment": of_facilities(said, seen.facilities)}
        change = Change("station_record_set", values, {"fields": "equipment"})
        return await self._changes.make(officer, code, version, change)

    async def set_consumables(
        self, officer: str, code: str, version: str, consumables: Sequence[Consumable]
    ) -> Station:
        """Say what is there of the consumables; NotStaff, NoSuchStation, StationOfOthers, StationChanged."""
        await self._hosts.get_own(officer, code)
        values = {"consumables": tuple(consumables)}
        change = Change("station_record_set", values, {"fields": "consumables"})
        return await self._changes.make(officer, code, version, change)

    def today(self) -> str:
        """Return the local day by which consumables expire."""
        return local_day(self._now())
