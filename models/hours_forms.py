"""Opening hours as an officer's form sends them: days and times by name, each refusal with its path.

What is wrong is refused where it stands (`body.hours.weekly[2].intervals[0].to`) and with what to do;
intervals that overlap are never merged, those that run backwards never turned round.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType, field

from models.errors import Invalid
from models.hours import (
    DAY_MINUTES,
    LONGEST_NIGHT_MINUTES,
    WEEK_MINUTES,
    WEEKDAYS,
    WORKING_DAYS,
    Hours,
    Interval,
    Row,
    Season,
    UnreadableHours,
    make_season,
    make_weekly,
)
from models.hours_words import clock, interval_words

DayName = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "workday"]
DAY_NUMBERS: dict[DayName, int] = {
    "monday": 0,
    "tuesday": 1,
    "wednesday": 2,
    "thursday": 3,
    "friday": 4,
    "saturday": 5,
    "sunday": 6,
    "workday": WORKING_DAYS,
}
NAMES = {number: name for name, number in DAY_NUMBERS.items()}
CHINESE = ("周一", "周二", "周三", "周四", "周五", "周六", "周日", "工作日")
NextDay = Annotated[
    bool, Meta(examples=[False], description="Absent: true where the end is not after the beginning")
]
HolidayRule = Literal["not_stated", "as_usual", "closed", "hours"]

_END = r"$(?!\n)"
Beginning = Annotated[str, Meta(pattern=rf"^([01][0-9]|2[0-3]):[0-5][0-9]{_END}", examples=["08:30"])]
Ending = Annotated[str, Meta(pattern=rf"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00){_END}", examples=["17:30"])]
MonthDay = Annotated[str, Meta(pattern=rf"^[01][0-9]-[0-3][0-9]{_END}", examples=["05-01"])]
SeasonName = Annotated[str, Meta(pattern=rf"^([春夏秋冬](季|令|天))?{_END}", examples=["夏季"])]


class WrongHours(Invalid):
    """Opening hours that make no sense; details have `field`, `reason` and mostly `hint`."""

    code = "wrong_hours"
    message = "开放时间填写有误"


class _Form(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A part of the form: camelCase on the wire, unknown fields refused."""


class IntervalForm(_Form, frozen=True):
    """From when to when, local time.

    `nextDay` says whether the end is on the next day, at most 24 hours after the beginning. Where it is
    absent, an end at or before its beginning is, and that makes a night of 16 hours at most.
    """

    opens: Beginning = field(name="from")
    closes: Ending = field(name="to")
    next_day: NextDay | UnsetType = UNSET


Intervals = Annotated[tuple[IntervalForm, ...], Meta(max_length=8, description="None: closed")]


class DaysForm(_Form, frozen=True):
    """Some days and their intervals; `workday` follows the calendar, swapped days included."""

    days: Annotated[
        tuple[Annotated[DayName, Meta(examples=["monday"])], ...], Meta(min_length=1, max_length=8)
    ]
    intervals: Intervals


Weekly = Annotated[tuple[DaysForm, ...], Meta(max_length=8)]


class HolidaysForm(_Form, frozen=True):
    """What holds on public holidays; `intervals` with the rule `hours`."""

    rule: Annotated[HolidayRule, Meta(examples=["closed"])]
    intervals: Intervals = ()


class SeasonForm(_Form, frozen=True, kw_only=True):
    """Other hours from one day of the year to another, both included; it may span New Year."""

    name: SeasonName = ""
    first: MonthDay
    last: MonthDay
    weekly: Weekly


class HoursForm(_Form, frozen=True):
    """Opening hours; `weekly` is for the days that are in no season."""

    weekly: Weekly = ()
    holidays: HolidaysForm = HolidaysForm(rule="not_stated")
    seasons: Annotated[tuple[SeasonForm, ...], Meta(max_length=4)] = ()


class _Placed(NamedTuple):
    """An interval on one day, in minutes of the week, and where it stands in the form."""

    start: int
    end: int
    path: str


def hours_of(form: HoursForm, path: str) -> Hours:
    """Return the hours that a form says; WrongHours with the path, below `path`, of what is wrong."""
    week, working = _rows(form.weekly, f"{path}.weekly")
    seasons = [
        _season(season, form.seasons[:number], f"{path}.seasons[{number}]")
        for number, season in enumerate(form.seasons)
    ]
    off = _holidays(form.holidays, f"{path}.holidays")
    is_usual = form.holidays.rule == "as_usual"
    try:
        return make_weekly(week, working=working, holidays=off, holidays_as_usual=is_usual, seasons=seasons)
    except UnreadableHours as error:
        raise _wrong(path, str(error), "至少填写一天的开放时间；不清楚就不要填写") from error


def form_of(hours: Hours) -> HoursForm | None:
    """Return the form that says these hours; None where the times are not known."""
    if hours.kind in ("unknown", "days"):
        return None
    week = (((0, DAY_MINUTES),),) * 7 if hours.kind == "always" else hours.week
    rule: HolidayRule = "as_usual" if hours.holidays_as_usual else "not_stated"
    if hours.holidays is not None:
        rule = "hours" if hours.holidays else "closed"
    return HoursForm(
        weekly=_weekly(week, hours.working),
        holidays=HolidaysForm(rule=rule, intervals=_intervals(hours.holidays or ())),
        seasons=tuple(
            SeasonForm(
                name=season.name,
                first=f"{season.first // 100:02}-{season.first % 100:02}",
                last=f"{season.last // 100:02}-{season.last % 100:02}",
                weekly=_weekly(season.week, season.working),
            )
            for season in hours.seasons
        ),
    )


def _wrong(path: str, reason: str, hint: str) -> WrongHours:
    return WrongHours(f"开放时间填写有误：{reason}", field=path, reason=reason, hint=hint)


def _rows(weekly: Sequence[DaysForm], path: str) -> tuple[list[list[Interval]], list[Interval] | None]:
    """Return the rows of the weekdays and of working days, checked as a whole."""
    rows: dict[int, list[Interval]] = {}
    placed: list[_Placed] = []
    for number, entry in enumerate(weekly):
        row = [
            (*_interval(one, f"{path}[{number}].intervals[{place}]"), f"{path}[{number}].intervals[{place}]")
            for place, one in enumerate(entry.intervals)
        ]
        for place, name in enumerate(entry.days):
            day = DAY_NUMBERS[name]
            _check_day(day, rows, f"{path}[{number}].days[{place}]")
            rows[day] = [(start, end) for start, end, _ in row]
            for each in WEEKDAYS if day == WORKING_DAYS else (day,):
                moved = each * DAY_MINUTES
                placed += [_Placed(moved + start, moved + end, where) for start, end, where in row]
    _check_overlaps(placed, CHINESE)
    return [rows.get(day, []) for day in range(7)], rows.get(WORKING_DAYS)


def _check_day(day: int, rows: dict[int, list[Interval]], path: str) -> None:
    if day in rows:
        raise _wrong(path, f"{CHINESE[day]}写了两次", "把同一天的时段写在一起")
    if (day == WORKING_DAYS and rows.keys() & set(WEEKDAYS)) or (day in WEEKDAYS and WORKING_DAYS in rows):
        raise _wrong(path, "工作日和周一至周五同时填写", "只用“工作日”，或只用周一至周五")


def _check_overlaps(placed: Iterable[_Placed], names: Sequence[str]) -> None:
    """Refuse intervals of the week's circle of which one begins before the one before it has ended."""
    circle = sorted(placed)
    again = [one._replace(start=one.start + WEEK_MINUTES, end=one.end + WEEK_MINUTES) for one in circle[:1]]
    for one, other in pairwise([*circle, *again]):
        if other.start < one.end:
            day, start = divmod(one.start, DAY_MINUTES)
            words = f"{names[day % 7]} {interval_words((start, start + one.end - one.start))}"
            raise _wrong(f"{other.path}.from", f"与{words}重叠", "改动其中一段的时间，或删去一段")


def _interval(form: IntervalForm, path: str) -> Interval:
    start, end = _minute(form.opens), _minute(form.closes)
    is_said = form.next_day is not UNSET
    is_backwards = end <= start
    if form.next_day is True or (is_backwards and not is_said):
        end += DAY_MINUTES
        is_backwards = not is_said and end - start > LONGEST_NIGHT_MINUTES
    if is_backwards or end - start > DAY_MINUTES:
        reason = "结束时间不晚于开始时间" if is_backwards else "时段超过24小时"
        hint = "到次日才结束的，nextDay 请写 true，最长24小时；全天请填 00:00 至 24:00"
        raise _wrong(f"{path}.to", reason, hint)
    return start, end


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def _holidays(form: HolidaysForm, path: str) -> Row | None:
    if form.rule == "hours" and not form.intervals:
        raise _wrong(f"{path}.intervals", "没有填写节假日的时段", "节假日不开放请选“休息”")
    if form.rule != "hours" and form.intervals:
        raise _wrong(f"{path}.intervals", "这条节假日规则不带时段", "要写时段请选“另定时间”")
    row = [(*_interval(one, f"{path}.intervals[{place}]"), place) for place, one in enumerate(form.intervals)]
    days = (
        _Placed(day * DAY_MINUTES + start, day * DAY_MINUTES + end, f"{path}.intervals[{place}]")
        for day in range(7)
        for start, end, place in row
    )
    _check_overlaps(days, ("节假日",) * 7)
    if form.rule == "closed":
        return ()
    return tuple((start, end) for start, end, _ in row) if form.rule == "hours" else None


def _season(form: SeasonForm, before: Sequence[SeasonForm], path: str) -> Season:
    week, working = _rows(form.weekly, f"{path}.weekly")
    first, last = (int(re.sub("-", "", day)) for day in (form.first, form.last))
    for name, day in (("first", first), ("last", last)):
        try:
            make_season(day, day, [[]] * 7, None)
        except UnreadableHours as error:
            raise _wrong(f"{path}.{name}", str(error), "写成 月-日，如 05-01") from error
    season = make_season(first, last, week, working, form.name)
    for other in before:
        kept = Season(int(re.sub("-", "", other.first)), int(re.sub("-", "", other.last)))
        if kept.holds(first) or season.holds(kept.first):
            reason = f"与{other.first}至{other.last}的季节重叠"
            raise _wrong(f"{path}.first", reason, "每一天只能在一个季节里")
    return season


def _weekly(week: Sequence[Row], working: Row | None) -> tuple[DaysForm, ...]:
    alike: dict[Row, list[DayName]] = {}
    for day, row in enumerate(week):
        if row:
            alike.setdefault(row, []).append(NAMES[day])
    days = [DaysForm(days=tuple(names), intervals=_intervals(row)) for row, names in alike.items()]
    if working is not None:
        days.insert(0, DaysForm(days=("workday",), intervals=_intervals(working)))
    return tuple(days)


def _intervals(row: Iterable[Interval]) -> tuple[IntervalForm, ...]:
    return tuple(
        IntervalForm(
            opens=clock(start),
            closes=clock(end - DAY_MINUTES if end > DAY_MINUTES else end),
            next_day=end > DAY_MINUTES,
        )
        for start, end in row
    )
