"""What a station's record says beside its hours, as officers correct it: name, place, facilities, state.

A record is corrected by the officers of the organisation that runs the station, and of those above it; one
that nobody runs by any. What they have set no list of stations changes from then on, until they empty it. A
station that is not operating is found by nobody, but its sign still leads to its page, which says so.
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from models.entrances import require_near
from models.positions import Position, to_gcj02
from models.station_changes import Change, StationChanges
from models.station_details import (
    DETAIL_NAMES,
    PREMISES_NAMES,
    Premises,
    StationDetails,
    still_listed,
)
from models.station_hosts import StationHosts
from models.station_upkeep import of_facilities
from models.stations import FACILITIES, Facility, SourcePosition, Station, StationKind, StationState

# What a list may say, too.
_LISTED = ("name", "address", "position", "kind", "facilities", "state")
# What stands beside a field: a place as it was taken, and what is a list's.
_SOURCES = ("source_position", "source_entrance", "entrance_listed", "listed", "listed_premises")


class StationRecord(Struct, frozen=True, kw_only=True):
    """What a record is to say; places in the datums that they were taken in.

    Without a `place` the station is not on the map, without an `entrance` one gets in where it stands there.
    """

    name: str
    address: str
    place: SourcePosition | None
    entrance: SourcePosition | None
    kind: StationKind | None
    facilities: Sequence[Facility]
    details: StationDetails
    premises: Premises
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

        NotStaff, NoSuchStation, StationOfOthers, StationChanged, PositionOutsideCountry, EntranceAstray.
        """
        seen = await self._hosts.get_own(officer, code)
        values = _values(seen, record)
        details = {"fields": ",".join(name for name in values if name not in _SOURCES)}
        if "state" in values:
            details["state"] = record.state
        if values:
            values["corrected"] = _corrected(seen, values)
        return await self._changes.make(officer, code, version, Change("station_record_set", values, details))


def _values(seen: Station, record: StationRecord) -> dict[str, Any]:
    """Return the fields that a record changes; PositionOutsideCountry, EntranceAstray."""
    position = _position(record.place)
    told: dict[str, Any] = {
        "name": record.name,
        "address": record.address,
        "position": position,
        "kind": record.kind,
        "facilities": tuple(one for one in FACILITIES if one in record.facilities),
        "entrance": _entrance(record.entrance, position),
        "details": record.details,
        "premises": record.premises,
        "state": record.state,
        "listed": still_listed(DETAIL_NAMES, seen.details, seen.listed, record.details),
        "listed_premises": still_listed(PREMISES_NAMES, seen.premises, seen.listed_premises, record.premises),
    }
    told["equipment"] = of_facilities(seen.equipment, told["facilities"])
    values = {name: value for name, value in told.items() if getattr(seen, name) != value}
    if "position" in values:
        values["source_position"] = record.place
    if "entrance" in values:
        values["source_entrance"], values["entrance_listed"] = record.entrance, False
    return values


def _position(place: SourcePosition | None) -> Position | None:
    return to_gcj02(place.longitude, place.latitude, place.datum) if place else None


def _entrance(place: SourcePosition | None, station: Position | None) -> Position | None:
    """Return where an entrance is; PositionOutsideCountry, EntranceAstray."""
    entrance = _position(place)
    if entrance is None:
        return None
    require_near(entrance, station)
    return entrance


def _corrected(seen: Station, values: dict[str, Any]) -> tuple[str, ...]:
    """Return the fields that are officers' once some have changed: those that are not emptied."""
    kept = set(seen.corrected) - values.keys()
    return tuple(sorted(kept | {name for name in _LISTED if values.get(name)}))
