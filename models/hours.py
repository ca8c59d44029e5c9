"""Opening hours as data: what is known about when a station is open.

Hours are of one of four kinds: `unknown`; `days` (the days are known, the times are not, as in 工作日开放);
`weekly`; and `always`. A day's intervals come from the first that speaks of it: a public holiday's rule, the
hours of working days (工作日, which follow the swapped days of the calendar), the weekday's row, all but the
first those of the season that the day is in. Where hours name some weekdays and say nothing of public
holidays, such a day is in doubt: unknown is not open.

Weekdays are counted from Monday = 0, minutes from local midnight; an interval that goes on past midnight
ends past 1440. Days are those of Asia/Shanghai, which has had no summer time since 1991.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Literal

from msgspec import Struct

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

# 17:00-09:00 is a night; 13:00-12:00 would be one of 23 hours, which is a slip of the pen.
LONGEST_NIGHT_MINUTES = 16 * 60

Interval = tuple[int, int]
Row = tuple[Interval, ...]
Week = tuple[Row, ...]

EMPTY_WEEK: Week = ((),) * 7
WEEKDAYS = range(5)
# Beside the weekdays 0 to 6, in `Hours.days`: every working day of the calendar.
WORKING_DAYS = 7

DAY_NAMES = "一二三四五六日"
MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class UnreadableHours(ValueError):
    """Opening hours that make no sense, with the reason in Chinese; `place` is the offset in the text."""

    def __init__(self, reason: str, place: int | None = None) -> None:
        super().__init__(reason)
        self.place = place


class Season(Struct, frozen=True, gc=False, omit_defaults=True):
    """Other rows from one day of the year to another, both included, as month × 100 + day; may span New Year.

    A season without dates is the rest of the year, and is kept as the rows of `Hours` itself.
    """

    first: int
    last: int
    week: Week = EMPTY_WEEK
    working: Row | None = None
    name: str = ""

    def holds(self, day: int) -> bool:
        """Say whether a day of the year (month × 100 + day) is in the season."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


class Hours(Struct, frozen=True, gc=False, omit_defaults=True):
    """Opening hours: `week` has each weekday's intervals (`weekly`), `days` the days of the kind `days`.

    `working`: the intervals of every working day; the rows of Monday to Friday are empty then. `holidays`:
    the intervals on public holidays, `()` for closed; None with `holidays_as_usual` is as the rows say, None
    without it is not said.
    """

    kind: Literal["unknown", "days", "weekly", "always"] = "unknown"
    week: Week = ()
    days: tuple[int, ...] = ()
    working: Row | None = None
    holidays: Row | None = None
    holidays_as_usual: bool = False
    seasons: tuple[Season, ...] = ()


UNKNOWN = Hours()
ALWAYS = Hours("always")


class Closure(Struct, frozen=True, gc=False, omit_defaults=True):
    """A closure (临时关闭): why, from when, and until when; without an end until further notice."""

    reason: str
    since: datetime
    until: datetime | None = None


def make_weekly(
    week: Iterable[Iterable[Interval]],
    *,
    working: Iterable[Interval] | None = None,
    holidays: Iterable[Interval] | None = None,
    holidays_as_usual: bool = False,
    seasons: Iterable[Season] = (),
) -> Hours:
    """Return weekly hours, seven days from Monday; UnreadableHours where intervals overlap or are empty."""
    base = make_season(101, 1231, week, working)
    ordered = tuple(sorted(seasons, key=lambda season: season.first))
    if not any(_opens(part) for part in (base, *ordered)):
        raise UnreadableHours("没有写明开放时间")
    for one, other in pairwise([*ordered, *ordered[:1]]):
        if one is not other and (one.holds(other.first) or other.holds(one.first)):
            raise UnreadableHours("两个季节的日期重叠")
    off = None if holidays is None else _row(holidays, "节假日")
    every_day = all(row == ((0, DAY_MINUTES),) for row in base.week)
    if every_day and not ordered and off is None:
        return ALWAYS
    return Hours(
        "weekly",
        base.week,
        working=base.working,
        holidays=off,
        holidays_as_usual=holidays_as_usual and off is None,
        seasons=ordered,
    )


def make_season(
    first: int,
    last: int,
    week: Iterable[Iterable[Interval]],
    working: Iterable[Interval] | None,
    name: str = "",
) -> Season:
    """Return a season's rows, checked; UnreadableHours as in `make_weekly`."""
    for day in (first, last):
        if not (1 <= day // 100 <= 12 and 1 <= day % 100 <= MONTH_DAYS[day // 100 - 1]):
            raise UnreadableHours(f"没有{day // 100}月{day % 100}日这一天")
    rows = tuple(_row(row, f"周{DAY_NAMES[day]}") for day, row in enumerate(week))
    row = None if working is None else _row(working, "工作日")
    if row is not None and any(rows[day] for day in WEEKDAYS):
        raise UnreadableHours("工作日和周一至周五的时间段重复")
    usual = rows if row is None else (*(row for _ in WEEKDAYS), *rows[len(WEEKDAYS) :])
    placed = sorted(_placed(usual))
    for (_, end), (start, _) in pairwise([*placed, *((start + WEEK_MINUTES, 0) for start, _ in placed[:1])]):
        if start < end:
            raise UnreadableHours(f"周{DAY_NAMES[start // DAY_MINUTES % 7]}的时间段重叠")
    return Season(first, last, rows, row, name)


def _opens(season: Season) -> bool:
    return bool(season.working) or any(season.week)


def _row(intervals: Iterable[Interval], day: str) -> Row:
    """Return a day's intervals, sorted; UnreadableHours where they overlap or are empty."""
    row = tuple(sorted(intervals))
    if any(not (0 <= start < DAY_MINUTES and start < end <= start + DAY_MINUTES) for start, end in row):
        raise UnreadableHours("时间段为空或超过24小时")
    if any(start < end for (_, end), (start, _) in pairwise(row)):
        raise UnreadableHours(f"{day}的时间段重叠")
    if day == "节假日" and row and row[0][0] + DAY_MINUTES < row[-1][1]:
        raise UnreadableHours("节假日的时间段与次日的重叠")
    return row


def _placed(week: Week) -> Iterator[Interval]:
    for day, intervals in enumerate(week):
        for start, end in intervals:
            yield day * DAY_MINUTES + start, day * DAY_MINUTES + end
