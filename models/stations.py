"""Stations (工会驿站): rest places for people who work outdoors, as published.

Invariants: a station's code is its `_id`, made from its district and name, so that the same row imported
twice is the same station; a station is never deleted but `retired`; what is not published is absent (no
guessed position, unknown hours, no facilities), and an import never removes what it does not speak of, nor
changes what an officer has set: hours, other fields, or who runs the station.
"""

import hashlib
import unicodedata
from collections.abc import Container, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.clock import Now
from models.consumables import Consumable
from models.errors import Missing
from models.filters import Index
from models.hours import UNKNOWN, Closure, Hours
from models.ids import encode
from models.pages import Page
from models.positions import Datum, Position
from models.station_details import (
    NO_DETAILS,
    NO_PREMISES,
    DetailName,
    Premises,
    StationDetails,
    followed,
)
from models.store import Collection, EngineUnavailable, Store
from models.versions import next_change

CODE_LENGTH = 8

# The unions' service line, which every station's sign and page has to show (上海六有).
SUPERVISION_PHONE = "12351"

# When a station that is not stored yet has changed.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

# So many documents are read or written in one call of an import.
BATCH = 500
# So often an import reads a station again that an officer changes in the same moment.
TRIES = 8

Facility = Literal[
    "water",
    "microwave",
    "charging",
    "air_conditioning",
    "fridge",
    "toilet",
    "medicine",
    "seats",
    "books",
    "wifi",
    "battery_swap",
    "nursing",
    "wheelchair",
    "aed",
]
FACILITIES: Mapping[Facility, str] = MappingProxyType(
    {
        "water": "饮水",
        "microwave": "微波炉",
        "charging": "充电",
        "air_conditioning": "空调",
        "fridge": "冰箱",
        "toilet": "厕所",
        "medicine": "药箱",
        "seats": "桌椅",
        "books": "图书",
        "wifi": "无线网络",
        "battery_swap": "换电",
        "nursing": "母婴室",
        "wheelchair": "无障碍",
        "aed": "AED",
    }
)

# The grades of 浙江's standard; what a list does not say of a station is not guessed.
StationKind = Literal["basic", "model", "smart"]
KINDS: Mapping[StationKind, str] = MappingProxyType(
    {"basic": "基本型", "model": "标杆型", "smart": "24小时智能化"}
)

StationState = Literal["planned", "operating", "suspended", "rectifying", "retired"]
STATES: Mapping[StationState, str] = MappingProxyType(
    {
        "planned": "筹建中",
        "operating": "开放",
        "suspended": "暂停开放",
        "rectifying": "整改中",
        "retired": "已退出",
    }
)


class NoSuchStation(Missing):
    """No station has this code."""

    code = "station_not_found"
    message = "没有找到这个驿站"


# Neither a station nor a part of one can be in a cycle, and a process holds all of them: with `gc=False` the
# garbage collector does not walk through them again and again.
class SourcePosition(Struct, frozen=True, gc=False):
    """A position as it was published: degrees in its own datum."""

    longitude: float
    latitude: float
    datum: Datum


class Equipment(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What else is known of a facility: how many there are, the local day since which it does not work."""

    facility: Facility
    count: int | None = None
    broken_since: str | None = None


# What is a default is not stored, so that the stations that say nothing of it share one when they are read.
class Station(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One station. `position` is in GCJ-02; without one it is not shown on a map.

    `entrance` is where one gets in, in GCJ-02 as well, where that is another place; `premises` and
    `consumables` are never published.

    `hours_by` is the officer who set the hours, None where they are a list's; `organisation` is the one whose
    staff run the station, None while nobody has said so; `keeper` is the appointment of its own 站长, if one
    of the organisation's is named. `corrected` are the other fields that officers have set.
    `equipment` says more of some of the facilities; what it says of others does not count. `listed` are the
    details that came with a list; all others are officers'.
    """

    id: str = field(name="_id")
    name: str
    address: str
    district: str
    kind: StationKind | None = None
    position: Position | None = None
    source_position: SourcePosition | None = None
    entrance: Position | None = None
    source_entrance: SourcePosition | None = None
    hours: Hours = UNKNOWN
    hours_text: str = ""
    hours_by: str | None = None
    organisation: str | None = None
    keeper: str | None = None
    closure: Closure | None = None
    facilities: tuple[Facility, ...] = ()
    equipment: tuple[Equipment, ...] = ()
    details: StationDetails = NO_DETAILS
    listed: tuple[DetailName, ...] = ()
    premises: Premises = NO_PREMISES
    consumables: tuple[Consumable, ...] = ()
    state: StationState = "operating"
    corrected: tuple[str, ...] = ()
    source: str
    changed: datetime = NEVER

    @property
    def working(self) -> tuple[Facility, ...]:
        """The facilities but those that are known not to work: what people look for."""
        if not self.equipment:
            return self.facilities
        broken = {one.facility for one in self.equipment if one.broken_since}
        return tuple(one for one in self.facilities if one not in broken)


class Saved(Struct, frozen=True):
    """What an import did to the stations that are kept: how many of each.

    `hours_kept` counts those, among all, whose hours it says otherwise than the officer who set them.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    hours_kept: int = 0


STATIONS = Collection("stations", Station, (Index(("changed",)),))

# What a list publishes about a station, beside its code.
_PUBLISHED = (
    "name",
    "address",
    "district",
    "kind",
    "position",
    "source_position",
    "hours_text",
    "facilities",
    "source",
)


def folded(text: str) -> str:
    """Return words for comparison: their letters' width and case, and spaces, make no difference."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def station_code(district: str, name: str) -> str:
    """Return the code that a district and a name always give: 40 bits of SHA-256 in Crockford's base32.

    `（）` and `()` are the same name. That any two of a thousand stations get one code has a chance below one
    in a million.
    """
    digest = hashlib.sha256(f"{folded(district)}\n{folded(name)}".encode()).digest()
    return encode(int.from_bytes(digest[:5]), CODE_LENGTH)


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
            if kept is None or not (values := _published(station, kept, tells_state=tells_state)):
                return False
            values["changed"] = next_change(self._now(), kept.changed)
            if await self._store.change({"_id": station.id, "changed": kept.changed}, values):
                return True
            kept = None
        raise EngineUnavailable(retryAfter=1)

    async def _create(self, stations: Sequence[Station]) -> list[Station]:
        """Insert new stations; return those that somebody else has inserted meanwhile."""
        now = self._now()
        taken = await self._store.insert_many(replace(station, changed=now) for station in stations)
        return [stations[place] for place in taken]


def keeps_hours(kept: Station, listed: Station) -> bool:
    """Say whether a list speaks of other hours than those that an officer has set."""
    return bool(kept.hours_by and listed.hours_text) and kept.hours != listed.hours


def _published(station: Station, kept: Station, *, tells_state: bool) -> dict[str, Any]:
    """Return the fields that a list changes: an empty cell says nothing and so overwrites nothing."""
    values = {name: getattr(station, name) for name in _PUBLISHED if getattr(station, name)}
    if tells_state:
        values["state"] = station.state
    if station.organisation and kept.organisation is None:
        values["organisation"] = station.organisation
    values["details"], values["listed"] = followed(kept.details, kept.listed, station.details)
    for name in kept.corrected:
        values.pop(name, None)
    if "position" in kept.corrected:
        values.pop("source_position", None)
    if kept.hours_by:
        values.pop("hours_text", None)
    elif station.hours_text:
        values["hours"] = station.hours
    return {name: value for name, value in values.items() if getattr(kept, name) != value}
