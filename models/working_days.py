"""The working calendar (工作日历): public holidays, and the weekend days that are worked in exchange (调休).

Source: the State Council's yearly notice (国务院办公厅关于部分节假日安排的通知), which appears in November
for the year after; here from the package `chinesecalendar`, whose releases follow it. Of a year that the
package does not know yet nothing is guessed: its days count by weekday alone, are marked `is_certain=False`,
and a warning is logged once per process and year. Days are those of Asia/Shanghai.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from chinese_calendar import Holiday, holidays, workdays

from models.clock import LOCAL

SATURDAY: Final = 5
DAY = timedelta(days=1)

log = logging.getLogger("union.calendar")


class Day(NamedTuple):
    """What a day is: worked or not, the holiday it belongs to (also when it is worked in exchange for it)."""

    is_workday: bool
    holiday: str | None = None
    is_certain: bool = True

    @property
    def is_holiday(self) -> bool:
        """Whether the day is off for a public holiday, as ordered: exchanged days and weekends in it too."""
        return self.holiday is not None and not self.is_workday


class Due(NamedTuple):
    """When a term ends; not certain where it was counted through a year whose holidays are not known."""

    at: datetime
    is_certain: bool


_WORKED, _OFF = Day(is_workday=True), Day(is_workday=False)
_WORKED_PERHAPS, _OFF_PERHAPS = (
    Day(is_workday=True, is_certain=False),
    Day(is_workday=False, is_certain=False),
)


def day_of(day: date) -> Day:
    """Say what a local day is."""
    ordered = _ordered(day.year)
    if ordered is None:
        return _OFF_PERHAPS if day.weekday() >= SATURDAY else _WORKED_PERHAPS
    return ordered.get(day) or (_OFF if day.weekday() >= SATURDAY else _WORKED)


def is_workday(day: date) -> bool:
    """Say whether a local day is worked: a Sunday in exchange is, a holiday Monday is not."""
    return day_of(day).is_workday


def find_holiday(day: date) -> str | None:
    """Return the name of the public holiday that a local day is off for, such as 国庆节, or None."""
    found = day_of(day)
    return found.holiday if found.is_holiday else None


def add_working_days(at: datetime, count: int) -> Due:
    """Return the end of the `count`-th working day after the local day of a moment (aware), as UTC.

    The day itself does not count: 期间开始的日不计算在期间内 (民法典 §201).
    """
    day, is_certain = at.astimezone(LOCAL).date(), True
    while count > 0:
        day += DAY
        found = day_of(day)
        count -= found.is_workday
        is_certain &= found.is_certain
    midnight = datetime.combine(day + DAY, time(), LOCAL)
    return Due(midnight.astimezone(UTC), is_certain)


@cache
def _ordered(year: int) -> Mapping[date, Day] | None:
    """Return the days of a year for which the notice orders something, or None for a year without one."""
    off = {
        day: Day(is_workday=False, holiday=_chinese(name))
        for day, name in holidays.items()
        if day.year == year
    }
    if not off:
        log.warning("calendar_year_unknown", extra={"year": year})
        return None
    worked = {
        day: Day(is_workday=True, holiday=_chinese(name))
        for day, name in workdays.items()
        if day.year == year
    }
    return MappingProxyType(off | worked)


def _chinese(name: str) -> str:
    """Return a holiday's Chinese name; the package leaves the 节 of 清明, 端午 and 中秋 away."""
    chinese: str = Holiday(name).chinese
    return f"{chinese}节" if chinese in ("清明", "端午", "中秋") else chinese
