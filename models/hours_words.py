"""Opening hours as a person reads them; the words of weekly hours are read back by `models/hours_text.py`."""

from collections.abc import Sequence
from itertools import groupby

from models.hours import DAY_MINUTES, DAY_NAMES, WORKING_DAYS, Hours, Interval, Row, Season


def words(hours: Hours) -> str:
    """Return hours in Chinese, such as `工作日 08:30-12:00、13:00-17:30；节假日休息`."""
    if hours.kind == "unknown":
        return "开放时间未公布"
    if hours.kind == "always":
        parts = ["24小时开放"]
    elif hours.kind == "days":
        parts = [f"{_days_words(hours.days)}开放，具体时间未公布"]
    else:
        parts = [_season_words(season) for season in hours.seasons]
        rest = _rows_words(hours)
        if hours.seasons and rest:
            rest = f"其余时间：{rest}"
        parts += [rest] if rest else []
    return "；".join([*parts, *_holiday_words(hours)])


def interval_words(interval: Interval) -> str:
    """Return an interval such as `22:00-次日06:00`."""
    start, end = interval
    if interval == (0, DAY_MINUTES):
        return "全天"
    last = f"次日{clock(end - DAY_MINUTES)}" if end > DAY_MINUTES else clock(end)
    return f"{clock(start)}-{last}"


def clock(minute: int) -> str:
    """Return minutes from midnight as `08:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _holiday_words(hours: Hours) -> list[str]:
    if hours.holidays is not None:
        return [f"节假日 {_row_words(hours.holidays)}" if hours.holidays else "节假日休息"]
    return ["节假日照常"] if hours.holidays_as_usual else []


def _season_words(season: Season) -> str:
    first, last = (f"{day // 100}月{day % 100}日" for day in (season.first, season.last))
    dates = f"{first}至{last}"
    rows = _rows_words(season) or "休息"
    return f"{season.name}（{dates}）：{rows}" if season.name else f"{dates}：{rows}"


def _rows_words(rows: Hours | Season) -> str:
    alike: dict[Row, list[int]] = {}
    for day, row in enumerate(rows.week):
        if row:
            alike.setdefault(row, []).append(day)
    parts = [f"{_days_words(days)} {_row_words(row)}" for row, days in alike.items()]
    if rows.working is not None:
        parts.insert(0, f"工作日 {_row_words(rows.working)}" if rows.working else "工作日休息")
    return "；".join(parts)


def _row_words(row: Row) -> str:
    return "、".join(map(interval_words, row))


def _days_words(days: Sequence[int]) -> str:
    """Return sorted days in words, three or more weekdays in a row as a range: `周一至周三、周五`."""
    names: list[str] = []
    weekdays = [day for day in days if day != WORKING_DAYS]
    for _, run in groupby(enumerate(weekdays), lambda pair: pair[1] - pair[0]):
        row = [f"周{DAY_NAMES[day]}" for _, day in run]
        names += [f"{row[0]}至{row[-1]}"] if len(row) > 2 else row
    if WORKING_DAYS in days:
        names.insert(0, "工作日")
    return "每天" if names == ["周一至周日"] else "、".join(names)
