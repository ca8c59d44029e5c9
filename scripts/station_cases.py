"""The stations of the vectors: their hours in words, and day by day as people would read those words.

The calendar is that of October 2026. Beside them stand what is said of some, and the questions.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, NamedTuple

CHINA = timezone(timedelta(hours=8))
SINCE = datetime(2026, 9, 28, tzinfo=CHINA)
DAYS, TOLD_DAYS = 14, 15
DAY, HOUR, MINUTE = (timedelta(**{name: 1}) for name in ("days", "hours", "minutes"))
NATIONAL_DAY, LAST_OFF = date(2026, 10, 1), date(2026, 10, 7)
# The Saturday that is worked in exchange.
WORKED = date(2026, 10, 10)
EARTH_METRES = 6_371_008.8
CENTRE = (113.62, 34.75)

FACILITIES = (
    "water", "microwave", "charging", "air_conditioning", "fridge", "toilet", "medicine", "seats", "books",
    "wifi", "battery_swap", "nursing", "wheelchair", "aed",
)  # fmt: skip
KINDS = ("basic", "model", "smart")
RANKING = ("open", "closing", "unknown", "closed")

# The hours of a day from its midnight, those past 24 on the next; and whether they are only perhaps.
Span = tuple[float, float, bool]
Reading = Callable[[date], Sequence[Span]]


def is_off(day: date) -> bool:
    """Say whether a day is a public holiday."""
    return NATIONAL_DAY <= day <= LAST_OFF


def on_working_days(day: date) -> Sequence[Span]:
    """工作日 9:00-17:00，节假日休息."""
    is_worked = day == WORKED or (day.weekday() < 5 and not is_off(day))
    return [(9, 17, False)] if is_worked else []


def on_weekdays(day: date) -> Sequence[Span]:
    """周一至周五 9:00-17:00, which leaves open what a holiday on a weekday is."""
    return [(9, 17, is_off(day))] if day.weekday() < 5 else []


def by_season(day: date) -> Sequence[Span]:
    """6月1日至9月30日 8:00-次日2:00；其余时间 9:00-17:00."""
    return [(8, 26, False)] if 601 <= day.month * 100 + day.day <= 930 else [(9, 17, False)]


class Case(NamedTuple):
    """A station: where (metres east and north of the centre), hours in both forms, what works there."""

    code: str
    east: float
    north: float
    text: str
    reading: Reading
    facilities: tuple[str, ...] = ()
    kind: str | None = None
    closed: tuple[datetime, datetime | None] | None = None
    broken: tuple[str, ...] = ()


ALWAYS_TEXT, DAILY_TEXT, NIGHT_TEXT = "24小时", "每天 08:00-12:00,13:00-20:00", "22:00-06:00"
CASES = (
    Case("00000001", 100, 0, ALWAYS_TEXT, lambda _: [(0, 24, False)], ("water",), "smart"),
    Case(
        "00000002", 0, 90, DAILY_TEXT,
        lambda _: [(8, 12, False), (13, 20, False)], ("water", "charging", "nursing"), "basic",
    ),
    Case("00000003", 400, 300, NIGHT_TEXT, lambda _: [(22, 30, False)], ("water", "wheelchair")),
    Case("00000004", -700, 100, "工作日 9:00-17:00，节假日休息", on_working_days, ("charging",)),
    Case("00000005", -700, 100.2, "周一至周五 9:00-17:00", on_weekdays, ("water", "charging"), "model"),
    Case("00000006", 1500, -900, "6月1日至9月30日 8:00-次日2:00；其余时间 9:00-17:00", by_season),
    Case("00000007", 20, 20, "", lambda _: [(0, 24, True)], FACILITIES[1:], broken=("water",)),
    Case(
        "00000008", -50, -60, DAILY_TEXT, lambda _: [(8, 12, False), (13, 20, False)], ("nursing",), None,
        (datetime(2026, 10, 2, 10, tzinfo=CHINA), datetime(2026, 10, 4, tzinfo=CHINA)),
    ),
    Case(
        "0000000Z", 3000, 2000, ALWAYS_TEXT, lambda _: [(0, 24, False)], ("aed", "water"), "smart",
        (datetime(2026, 9, 30, 14, 23, 45, 678_000, tzinfo=CHINA), None),
    ),
    Case("000000ZZ", 9000, 0, ALWAYS_TEXT, lambda _: [(0, 24, False)], ("water",)),
)  # fmt: skip

# Why a station is set back: its code, how it ranks at best, until when, and what is said.
MARKS: tuple[tuple[str, str, str | None, dict[str, Any]], ...] = (
    ("00000001", "closed", "2026-09-29T00:00:00+08:00", {
        "problem": "closed_today", "state": "stated", "since": "2026-09-28T08:10:00+08:00",
        "last": "2026-09-28T08:10:00+08:00", "facilities": [], "words": "08:10 工作人员说今天不开放",
    }),
    ("00000001", "unknown", None, {
        "problem": "locked", "state": "doubtful", "since": "2026-09-28T07:30:00+08:00",
        "last": "2026-09-28T07:50:00+08:00", "facilities": [], "words": "07:50 有人反映锁门，待核实",
    }),
    ("00000002", "unknown", None, {
        "problem": "nothing_works", "state": "doubtful", "since": "2026-09-28T09:00:00+08:00",
        "last": "2026-09-28T09:20:00+08:00", "facilities": [], "words": "09:20 有人反映设施都不能用，待核实",
    }),
)  # fmt: skip

# What the 站长 opened beside its hours: since when, until when, and what is said.
OPENED: Mapping[str, tuple[str, str, str]] = MappingProxyType({
    "00000003": ("2026-09-28T08:15:00+08:00", "2026-09-28T22:00:00+08:00", "08:15 工作人员说已开门"),
    "00000007": ("2026-09-28T11:44:59.999+08:00", "2026-09-29T00:00:00+08:00", "11:44 工作人员说已开门"),
})  # fmt: skip

# The metres that stations count as farther, by how lately they were confirmed to be open; else the last.
SET_BACKS: Mapping[str, int] = MappingProxyType({"00000001": 0, "00000003": 40, "00000005": 0})
LONG_AGO = 80

NEVER = ("2026-09-28T00:00:00+08:00", "2026-09-28T00:00:00+08:00", "")

# When, and what is asked for besides; each from several places.
MOMENTS = (
    "2026-09-28T00:00:00+08:00", "2026-09-28T11:44:59.999+08:00", "2026-09-28T11:45:00+08:00",
    "2026-09-28T12:00:00+08:00", "2026-09-30T14:23:45.677+08:00", "2026-09-30T14:23:45.678+08:00",
    "2026-09-30T16:50:00+08:00", "2026-10-01T01:59:59+08:00", "2026-10-01T02:00:00+08:00",
    "2026-10-01T10:00:00+08:00", "2026-10-02T09:50:00+08:00", "2026-10-02T10:00:00+08:00",
    "2026-10-04T05:50:00+08:00", "2026-10-10T10:00:00+08:00", "2026-10-11T10:00:00+08:00",
    "2026-10-11T23:59:59+08:00",
)  # fmt: skip
WANTED: tuple[dict[str, Any], ...] = (
    {},
    {"facilities": ["water"]},
    {"facilities": ["nursing"], "radius": 500},
    {"kind": "smart", "radius": 10_000},
    {"onlyOpen": True, "limit": 3},
)
PLACES = ((0, 0), (-690, 110), (2500, 1500))
