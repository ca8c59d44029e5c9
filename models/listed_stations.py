"""What a list of stations changes of those that are kept.

A list never removes what it does not speak of, nor changes what an officer has set, until that is emptied:
what it says otherwise is noted (`models.station_differences`) and left. An entrance is taken where it is at
the station as that will be then, a count where the station will have the facility.
"""

from collections.abc import Container, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.clock import Now
from models.entrances import EntranceAstray, require_near
from models.pages import Page
from models.positions import Position
from models.station_details import DETAIL_NAMES, PREMISES_NAMES, followed
from models.stations import FACILITIES, NEVER, Equipment, Facility, Station
from models.store import EngineUnavailable, Store
from models.versions import next_change

# So many documents are read or written in one call of an import.
BATCH = 500
# So often an import reads a station again that an officer changes in the same moment.
TRIES = 8

# What a list publishes about a station, beside its code, and what has a rule of its own.
_PUBLISHED = (
    "name",
    "address",
    "district",
    "kind",
    "position",
    "source_position",
    "hours_text",
    "source",
)


class Saved(Struct, frozen=True):
    """What an import did to the stations that are kept: how many of each.

    `hours_kept` counts those, among all, whose hours it says otherwise than the officer who set them.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    hours_kept: int = 0


def keeps_hours(kept: Station, listed: Station) -> bool:
    """Say whether a list speaks of other hours than those that an officer has set."""
    return bool(kept.hours_by and listed.hours_text) and kept.hours != listed.hours


def position_after(kept: Station, listed: Station) -> Position | None:
    """Return where a kept station is once a list has been followed."""
    return kept.position if "position" in kept.corrected else listed.position or kept.position


def refused_entrance(kept: Station, listed: Station) -> str | None:
    """Return why a list's entrance is not taken, None where it is, or is what is kept."""
    if listed.entrance in (None, kept.entrance):
        return None
    if kept.entrance and not kept.entrance_listed:
        return "工作人员已填写，不采用"
    astray = _astray(listed.entrance, kept, listed)
    return f"不采用：{astray}" if astray else None


def left_entrance(kept: Station, listed: Station) -> str | None:
    """Return why a kept entrance is not at the station any more once a list has moved that, else None."""
    if position_after(kept, listed) == kept.position:
        return None
    taken = listed.entrance and refused_entrance(kept, listed) is None
    return None if taken else _astray(kept.entrance, kept, listed)


def _astray(entrance: Position | None, kept: Station, listed: Station) -> str | None:
    try:
        if entrance:
            require_near(entrance, position_after(kept, listed))
    except EntranceAstray as refusal:
        return str(refusal)
    return None


def facilities_after(kept: Station, listed: Station) -> tuple[Facility, ...]:
    """Return a kept station's facilities once a list has been followed: what it counts is there, too."""
    if "facilities" in kept.corrected:
        return kept.facilities
    there = {*(listed.facilities or kept.facilities), *(one.facility for one in listed.equipment)}
    return tuple(one for one in FACILITIES if one in there)


def equipment_after(kept: Station, listed: Station) -> tuple[Equipment, ...]:
    """Return what is known of a kept station's facilities once a list has been followed.

    A count that is not a list's is an officer's and stays; what is broken, lists do not say.
    """
    there = facilities_after(kept, listed)
    known = {one.facility: one for one in kept.equipment}
    for one in listed.equipment:
        before = known.get(one.facility, Equipment(facility=one.facility))
        if one.count and one.facility in there and (before.listed or not before.count):
            known[one.facility] = replace(before, count=one.count, listed=True)
    return tuple(known[name] for name in FACILITIES if name in known)


class Stations:
    """Keeps the stations; finding one near a place is the `Finder`'s."""

    def __init__(self, store: Store[Station], now: Now) -> None:
        self._store = store
        self._now = now

    async def save_import(self, stations: Sequence[Station], states: Container[str] = ()) -> Saved:
        """Store imported stations, each once by its code; those that are kept alike stay untouched.

        `states` are the codes of those whose state the list tells. An import that was cut short is finished
        by running it again.
        """
        created = updated = hours_kept = 0
        for start in range(0, len(stations), BATCH):
            batch = stations[start : start + BATCH]
            kept = await self._store.list_({"_id": {"$in": [station.id for station in batch]}})
            known = {station.id: station for station in kept}
            fresh = [station for station in batch if station.id not in known]
            taken = await self._create(fresh)
            for station in [*taken, *(station for station in batch if station.id in known)]:
                updated += await self._update(
                    station, known.get(station.id), tells_state=station.id in states
                )
            created += len(fresh) - len(taken)
            hours_kept += sum(keeps_hours(known[one.id], one) for one in batch if one.id in known)
        return Saved(created, updated, len(stations) - created - updated, hours_kept)

    async def list_page(self, page: int, size: int) -> Page[Station]:
        """Return a page of all stations, the last changed first, from page 1."""
        total = await self._store.count({"changed": {"$gte": NEVER}})
        stations = await self._store.list_({}, sort="-changed", limit=page * size)
        return Page(stations[(page - 1) * size :], total)

    async def _update(self, station: Station, kept: Station | None, *, tells_state: bool) -> bool:
        """Bring a kept station up to a list, whatever officers change meanwhile; say if that took a write."""
        for _ in range(TRIES):
            kept = kept or await self._store.find(station.id)
            if kept is None or not (values := _news(station, kept, tells_state=tells_state)):
                return False
            values["changed"] = next_change(self._now(), kept.changed)
            if await self._store.change({"_id": station.id, "changed": kept.changed}, values):
                return True
            kept = None
        raise EngineUnavailable(retryAfter=1)

    async def _create(self, stations: Sequence[Station]) -> list[Station]:
        """Insert new stations; return those that somebody else has inserted meanwhile."""
        now = self._now()
        taken = await self._store.insert_many(replace(_as_new(station), changed=now) for station in stations)
        return [stations[place] for place in taken]


def _as_new(listed: Station) -> Station:
    """Return a station as it is kept first."""
    bare = replace(listed, facilities=(), equipment=())
    return replace(listed, facilities=facilities_after(bare, listed), equipment=equipment_after(bare, listed))


def _news(listed: Station, kept: Station, *, tells_state: bool) -> dict[str, Any]:
    """Return the fields that a list changes: an empty cell says nothing and so overwrites nothing."""
    values = {name: getattr(listed, name) for name in _PUBLISHED if getattr(listed, name)}
    if tells_state:
        values["state"] = listed.state
    if listed.organisation and kept.organisation is None:
        values["organisation"] = listed.organisation
    for name in kept.corrected:
        values.pop(name, None)
    if "position" in kept.corrected:
        values.pop("source_position", None)
    if kept.hours_by:
        values.pop("hours_text", None)
    elif listed.hours_text:
        values["hours"] = listed.hours
    values |= _news_of_the_rest(listed, kept)
    return {name: value for name, value in values.items() if getattr(kept, name) != value}


def _news_of_the_rest(listed: Station, kept: Station) -> dict[str, Any]:
    """Return what a list says of the facilities, the details, the premises and the entrance."""
    details, by_list = followed(DETAIL_NAMES, kept.details, kept.listed, listed.details)
    premises, of_premises = followed(PREMISES_NAMES, kept.premises, kept.listed_premises, listed.premises)
    values: dict[str, Any] = {
        "facilities": facilities_after(kept, listed),
        "equipment": equipment_after(kept, listed),
        "details": details,
        "listed": by_list,
        "premises": premises,
        "listed_premises": of_premises,
    }
    if listed.entrance not in (None, kept.entrance) and refused_entrance(kept, listed) is None:
        values["entrance"], values["source_entrance"] = listed.entrance, listed.source_entrance
        values["entrance_listed"] = True
    return values
