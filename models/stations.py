"""Stations (工会驿站): rest places for people who work outdoors, as published.

Invariants: a station's code is its `_id`, made from its district and name, so that the same row imported
twice is the same station; a station is never deleted but `retired`; what is not published is absent (no
guessed position, unknown hours, no facilities), and an import never removes what it does not speak of, nor
changes what an officer has set: hours, other fields, or who runs the station.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field

from models.consumables import Consumable
from models.errors import Missing
from models.filters import Index
from models.hours import UNKNOWN, Closure, Hours
from models.ids import encode
from models.positions import Datum, Position
from models.station_details import (
    NO_DETAILS,
    NO_PREMISES,
    DetailName,
    Premises,
    PremisesName,
    StationDetails,
)
from models.store import Collection

CODE_LENGTH = 8

# The unions' service line, which every station's sign and page has to show (上海六有).
SUPERVISION_PHONE = "12351"

# When a station that is not stored yet has changed.
NEVER = datetime(1970, 1, 1, tzinfo=UTC)

# So many there may be of one facility.
MOST_COUNT = 999

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
    """What else is known of a facility: how many there are, the local day since which it does not work.

    `listed` says that the count came with a list; else it is an officer's.
    """

    facility: Facility
    count: int | None = None
    broken_since: str | None = None
    listed: bool = False


# What is a default is not stored, so that the stations that say nothing of it share one when they are read.
class Station(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One station. `position` is in GCJ-02; without one it is not shown on a map.

    `entrance` is where one gets in, in GCJ-02 as well, where that is another place; `premises` and
    `consumables` are never published.

    `hours_by` is the officer who set the hours, None where they are a list's; `organisation` is the one whose
    staff run the station, None while nobody has said so; `keeper` is the appointment of its own 站长, if one
    of the organisation's is named. `corrected` are the other fields that officers have set.
    `equipment` says more of some of the facilities; what it says of others does not count. `listed` and
    `listed_premises` are what of the details and the premises came with a list, `entrance_listed` whether the
    entrance did; all else of them is officers'.
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
    entrance_listed: bool = False
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
    listed_premises: tuple[PremisesName, ...] = ()
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


STATIONS = Collection("stations", Station, (Index(("changed",)),))


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
