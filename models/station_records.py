"""What a station's record says beside its hours, as officers correct it: name, place, facilities, state.

A record is corrected by the officers of the organisation that runs the station, and of those above it; one
that nobody runs by any. What they have set no list of stations changes from then on, until they empty it. A
station that is not operating is found by nobody, but its sign still leads to its page, which says so.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from models.positions import to_gcj02
from models.station_changes import Change, StationChanges
from models.station_details import StationDetails
from models.station_hosts import StationHosts
from models.station_upkeep import of_facilities
from models.stations import FACILITIES, Facility, SourcePosition, Station, StationKind, StationState

# What a list may say, too.
_LISTED = ("name", "address", "position", "kind", "facilities", "state")


class StationRecord(Struct, frozen=True, kw_only=True):
    """What a record is to say; `place` in the datum that it was taken in, None: not on the map."""

    name: str
    address: str
    place: SourcePosition | None
    kind: StationKind | None
    facilities: Sequence[Facility]
    details: StationDetails
    state: StationState


class StationRecords:
    """Corrects records of stations, for officers."""

    def __init__(self, changes: StationChanges, hosts: StationHosts) -> None:
        self._changes = changes
        self._hosts = hosts

    async def get(self, officer: str, code: str) -> Station:
        """Return a station as it is stored now; NotStaff, NoSuchStation."""
        return await self._changes.get(officer, code)

    async def set(self, officer: str, code: str, version: str, record: StationRecord) -> Station:
        """Let a record say something else.

        NotStaff, NoSuchStation, StationOfOthers, StationChanged, PositionOutsideCountry.
        """
        seen = await self._hosts.get_own(officer, code)
        values = _values(seen, record)
        details = {"fields": ",".join(name for name in values if name != "source_position")}
        if "state" in values:
            details["state"] = record.state
        if values:
            values["corrected"] = _corrected(seen, values)
        return await self._changes.make(officer, code, version, Change("station_record_set", values, details))


def _values(seen: Station, record: StationRecord) -> dict[str, Any]:
    """Return the fields that a record changes; PositionOutsideCountry."""
    place = record.place
    position = to_gcj02(place.longitude, place.latitude, place.datum) if place else None
    told: dict[str, Any] = {
        "name": record.name,
        "address": record.address,
        "position": position,
        "kind": record.kind,
        "facilities": tuple(one for one in FACILITIES if one in record.facilities),
        "details": record.details,
        "state": record.state,
    }
    told["equipment"] = of_facilities(seen.equipment, told["facilities"])
    values = {name: value for name, value in told.items() if getattr(seen, name) != value}
    if "position" in values:
        values["source_position"] = place
    return values


def _corrected(seen: Station, values: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields that are officers' once some have changed: those that are not emptied."""
    kept = set(seen.corrected) - values.keys()
    return tuple(sorted(kept | {name for name in _LISTED if values.get(name)}))
