"""Visits to a station, as rules: windows of four hours, how surely somebody was there, how near. No database.

A day has six windows, from 04:00 local time on; none passes midnight, so that a visit belongs to one local
day. Presence is graded by what proves it: the station's own screen, staff, a phone's position, the sign alone
(which anybody may photograph).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from models.clock import LOCAL
from models.errors import Conflict
from models.positions import Position, metres_between
from models.stations import Station

WINDOW_HOURS = 4
# Among high buildings a phone is a hundred metres off, and a station may be deep inside a compound.
REACH_METRES = 500
# A picture of a screen travels. Indoors a phone may err by a kilometre or two, yet not by more.
ELSEWHERE_METRES = 5_000

Presence = Literal["screen", "staff", "near", "sign"]
RANKS: Mapping[Presence, int] = MappingProxyType({"screen": 3, "staff": 2, "near": 1, "sign": 0})

Worker = Literal[
    "food_delivery", "parcel", "ride_hailing", "truck", "sanitation", "construction", "security", "domestic",
    "traffic", "other",
]  # fmt: skip
WORKERS: Mapping[Worker, str] = MappingProxyType(
    {
        "food_delivery": "外卖骑手",
        "parcel": "快递员",
        "ride_hailing": "网约车、出租车司机",
        "truck": "货车司机",
        "sanitation": "环卫工人",
        "construction": "建筑工人",
        "security": "保安",
        "domestic": "家政服务员",
        "traffic": "交警、协管员",
        "other": "其他户外劳动者",
    }
)


class TooFar(Conflict):
    """The phone is elsewhere; `details.metres` is how far from the station."""

    code = "too_far"
    message = "您离驿站还远，到了再签到"


class Window(Struct, frozen=True):
    """Four hours in which a person's visit to a station counts once."""

    since: datetime

    @property
    def until(self) -> datetime:
        """The moment when the next window begins."""
        return self.since + timedelta(hours=WINDOW_HOURS)

    @property
    def day(self) -> str:
        """The local day, such as `2026-07-15`."""
        return self.since.astimezone(LOCAL).date().isoformat()

    @property
    def name(self) -> str:
        """The day and the first hour, such as `2026-07-15T12`."""
        return self.since.astimezone(LOCAL).isoformat()[:13]


def window_of(at: datetime) -> Window:
    """Return the window that a moment lies in."""
    here = at.astimezone(LOCAL)
    first = here.replace(hour=here.hour // WINDOW_HOURS * WINDOW_HOURS, minute=0, second=0, microsecond=0)
    return Window(first.astimezone(UTC))


def require_not_elsewhere(station: Station, position: Position | None) -> None:
    """Let a phone pass that was shown the screen's code, unless it says that it is far away; TooFar."""
    _is_within(ELSEWHERE_METRES, station, position, "请在驿站里扫屏幕上的码")


def presence_at(station: Station, position: Position | None) -> Presence:
    """Return what a scan of the sign shows, with the phone's position if it told one; TooFar."""
    next_step = "走近驿站再试；定位不准时，请扫驿站屏幕上的码"
    return "near" if _is_within(REACH_METRES, station, position, next_step) else "sign"


def _is_within(reach: int, station: Station, position: Position | None, next_step: str) -> bool:
    """Say whether a phone is known to be within so many metres of a station; TooFar if it says otherwise."""
    if position is None or station.position is None:
        return False
    metres = round(metres_between(position, station.position))
    if metres > reach:
        raise TooFar(metres=metres, reachMetres=reach, nextStep=next_step)
    return True
