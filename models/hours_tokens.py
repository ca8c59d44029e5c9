"""Words about opening hours, cut into tokens: days, times of day, seasons, and what is said of them.

Letters of any width are one. Whatever is no token makes the whole unreadable, and its place is told.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from models.hours import (
    DAY_MINUTES,
    DAY_NAMES,
    LONGEST_NIGHT_MINUTES,
    MONTH_DAYS,
    WORKING_DAYS,
    Interval,
    UnreadableHours,
)

HOLIDAYS = 8
"""Beside the weekdays and `WORKING_DAYS`: public holidays."""

EVERY_DAY = frozenset(range(7))
LATER_HALVES = frozenset({"下午", "傍晚"})
# Where a time of these ends what began later in the day, the words themselves say that a night has passed.
MORNING_HALVES = frozenset({"凌晨", "清晨", "早上", "早晨", "早", "上午"})
NIGHT_HALVES = frozenset({"晚", "晚上", "晚间", "夜间"})
SHOWN_LETTERS = 12

_WEEKDAY = rf"(?:周|星期|礼拜)\s*[{DAY_NAMES}天]"
_DASH = r"\s*(?:[-—–−―~]+|至|到)\s*"
_HOLIDAY = r"(?:国家|国定)?(?:法定)?(?:节假日|假日|节日)"
_WEEKDAYS = rf"{_WEEKDAY}(?:(?:{_DASH}|\s*[,、和及/]?\s*)(?:周|星期|礼拜)?[{DAY_NAMES}天])*"
_DAYS = rf"(?:每[天日]|天天|全周|(?:法定)?工作日|周末|双休日|{_HOLIDAY}|每?{_WEEKDAYS})"
_HALVES = r"凌晨|清晨|早上|早晨|早|上午|中午|下午|傍晚|晚上|晚间|晚|夜间"
_NEXT = r"次日|翌日|第二天|次晨|次"
_SEASONS = r"[春夏秋冬][、和]?[春夏秋冬]?(?:季|令|天)(?:作息)?(?:时间)?"
_REST = r"其[余他它](?:时间|月份|季节|日期)|平时"


def _clock(side: str) -> str:
    """Return the pattern of a time of day; an hour alone may stand before one that has its 点."""
    minutes = rf":\s*(?P<minute_{side}>\d{{2}})(?!\d)"
    spoken = rf"[点时]\s*(?:(?P<spoken_{side}>半|\d{{1,2}})(?!\d)分?|整)?"
    needed = "" if side == "last" else "?"
    return (
        rf"(?:(?P<half_{side}>{_HALVES})\s*:?\s*)?(?P<hour_{side}>\d{{1,2}})(?!\d)"
        rf"(?P<unit_{side}>\s*(?:{minutes}|{spoken})){needed}"
    )


_DATES = (
    r"(?P<month_first>\d{1,2})\s*(?:月(?:\s*(?P<day_first>\d{1,2})\s*[日号])?)?"
    rf"{_DASH}(?:次年|翌年|第二年)?\s*"
    r"(?P<month_last>\d{1,2})\s*月(?:\s*(?P<day_last>\d{1,2})\s*[日号])?"
)
_TOKEN = re.compile(
    rf"(?P<season>(?:(?P<name>{_SEASONS})\s*[(:]?\s*)?{_DATES}\s*\)?(?:\s*\((?P<name_after>{_SEASONS})\))?)"
    rf"|(?P<rest>{_REST}|(?P<rest_name>{_SEASONS}))"
    r"|(?P<year>(?:全年|常年|年中)(?:365天)?(?:无休|不休息?)?)"
    rf"|(?P<except>除\s*(?P<excepted>{_DAYS}(?:\s*[、和及与,]\s*{_DAYS})*)\s*(?:以?外|之外))"
    rf"|(?P<with>(?:包?含|包括)\s*{_HOLIDAY})"
    rf"|(?P<days>{_DAYS})"
    r"|(?P<always>(?:全天候?)?\s*(?:7\s*[*x×]\s*)?(?:24|二十四)\s*个?(?:小时|h)|全天候?|昼夜)"
    rf"|(?P<times>{_clock('first')}{_DASH}(?P<next>{_NEXT})?\s*{_clock('last')})"
    r"|(?P<closed>休息|不开放|不营业|闭馆|闭站|关闭|关门|停止(?:开放|服务)|除外)"
    r"|(?P<usual>照常|正常|不休息?|无休)"
    r"|(?P<filler>[\s,;、。.()\[\]【】和及与:/]|(?:免费|对外)*(?:开放|营业|服务|办公)(?:时间|时段)?|时间(?=\s*:))"
)


class Token(NamedTuple):
    """One token: its kind, its words and their place, and what it means.

    `is_presumed`: the interval ends on the next day only because it would run backwards else (17:30-08:30).
    """

    kind: str
    words: str
    place: int
    days: frozenset[int] = frozenset()
    interval: Interval = (0, DAY_MINUTES)
    dates: tuple[int, int] | None = None
    name: str = ""
    is_presumed: bool = False


def plain(text: str) -> str:
    """Return words with letters of one width and case, and weekdays by their names."""
    words = unicodedata.normalize("NFKC", text).strip().lower()
    return re.sub(r"(?<=周)[1-7](?![\d天:])", lambda day: DAY_NAMES[int(day[0]) - 1], words)


def cut(text: str) -> Iterator[Token]:
    """Yield the tokens of plain words; UnreadableHours with the place of what is none."""
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise unreadable(f"看不懂“{text[place : place + SHOWN_LETTERS]}”", place)
        yield _token(found)
        place = found.end()


def unreadable(reason: str, place: int) -> UnreadableHours:
    """Return the refusal that says where, counted from 1, the trouble begins."""
    return UnreadableHours(f"{reason}（第{place + 1}个字起）", place)


def _token(found: re.Match[str]) -> Token:
    kind = next(name for name in _KINDS if found[name] is not None)
    token = Token(kind, found[0].strip(), found.start())
    if kind in ("days", "except"):
        return token._replace(days=_days(found["excepted"] or found[0]))
    if kind == "times":
        start, end = _interval(found)
        is_said = bool(found["next"]) or found["half_last"] in MORNING_HALVES
        return token._replace(interval=(start, end), is_presumed=end > DAY_MINUTES and not is_said)
    if kind == "season":
        return token._replace(dates=_dates(found), name=_season_name(found["name"] or found["name_after"]))
    return token._replace(name=_season_name(found["rest_name"]))


_KINDS = ("season", "rest", "year", "except", "with", "days", "always", "times", "closed", "usual", "filler")


def _season_name(words: str | None) -> str:
    """Return a season's name without 时间 or 作息."""
    return re.sub("作息|时间", "", words or "")


def _days(text: str) -> frozenset[int]:
    """Return the days of `周一-周五`, `周一、三、五`, `工作日` or `周末`; a range may go over the weekend."""
    days: set[int] = set()
    if re.search("每[天日]|天天|全周", text):
        days |= EVERY_DAY
    if "工作日" in text:
        days.add(WORKING_DAYS)
    if re.search("周末|双休日", text):
        days |= {5, 6}
    if re.search(_HOLIDAY, text):
        days.add(HOLIDAYS)
    named = re.sub(f"工作日|周末|双休日|每[天日]|天天|{_HOLIDAY}", "", text).replace("天", "日")
    for first, last in re.findall(rf"([{DAY_NAMES}])(?:{_DASH}(?:周|星期|礼拜)?([{DAY_NAMES}]))?", named):
        start, end = DAY_NAMES.index(first), DAY_NAMES.index(last or first)
        days.update(day % 7 for day in range(start, end + (8 if end < start else 1)))
    return frozenset(days)


def _dates(found: re.Match[str]) -> tuple[int, int]:
    """Return the first and last day of a season, as month × 100 + day; months alone are whole."""
    first, last = int(found["month_first"]), int(found["month_last"])
    last_day = found["day_last"] or (MONTH_DAYS[last - 1] if 1 <= last <= 12 else 0)
    return first * 100 + int(found["day_first"] or 1), last * 100 + int(last_day)


def _interval(found: re.Match[str]) -> Interval:
    """Return the minutes of a token of times; an end before its start is on the next day."""
    if found["unit_first"] is None and found["minute_last"]:
        raise unreadable(f"看不懂“{found[0]}”", found.start())
    half = found["half_first"]
    start = _minute(found, "first", half)
    end = _minute(found, "last", found["half_last"] or (None if found["next"] else half))
    if found["next"] or (end < start and end + DAY_MINUTES - start <= LONGEST_NIGHT_MINUTES):
        end += DAY_MINUTES
    if not start < end <= start + DAY_MINUTES or start >= DAY_MINUTES:
        raise unreadable(f"“{found[0].strip()}”的起止时间颠倒或相同", found.start())
    return start, end


def _minute(found: re.Match[str], side: str, half: str | None) -> int:
    """Return the minutes from midnight of a clock's time, `half` being the part of the day before it."""
    hour, spoken = int(found[f"hour_{side}"]), found[f"spoken_{side}"]
    minute = 30 if spoken == "半" else int(found[f"minute_{side}"] or spoken or 0)
    written = f"{hour}:{minute:02}"
    if (half in LATER_HALVES and hour < 12) or (half in NIGHT_HALVES and 1 <= hour <= 12):
        hour += 12
    elif (half == "凌晨" and hour == 12) or (half == "中午" and hour < 10):
        hour = (hour + 12) % 24
    if hour * 60 + minute > DAY_MINUTES or minute >= 60:
        raise unreadable(f"没有“{written}”这个时间", found.start())
    return hour * 60 + minute
