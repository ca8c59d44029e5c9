"""Words about opening hours, cut into tokens: days, times of day, seasons, and what is said of them.

Letters of any width are one. Whatever is no token makes the whole unreadable, and its place is told; so does
what may be meant in two ways: 5.01-9.30 may be dates, 晚2点 the afternoon or the night.
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
from models.numerals import read_number

NOON = DAY_MINUTES // 2
HOLIDAYS = 8
"""Beside the weekdays and `WORKING_DAYS`: public holidays."""

EVERY_DAY = frozenset(range(7))
LATER_HALVES = frozenset({"下午", "傍晚"})
MORNING_HALVES = frozenset({"凌晨", "清晨", "早上", "早晨", "早", "朝", "上午"})
# From which hour on these are after noon for certain: 早九晚三 ends at 15:00, 朝十晚二 at 14:00 or at 02:00.
EVENING_HOURS = {"晚": 3, "晚上": 5, "晚间": 5, "夜间": 5}
SHOWN_LETTERS = 12

_WEEKDAY = rf"(?:周|星期|礼拜)\s*[{DAY_NAMES}天]"
_DASH = r"\s*(?:[-—–−―~]+|至|到)\s*"
_HOLIDAY = r"(?:国家|国定)?(?:法定)?(?:节假日|假日|节日)"
# A numeral before 点 is an hour; that of 周一二十点 may be 20, or Tuesday and 10, and is not read.
_NAMED = rf"(?:{_WEEKDAY}|[{DAY_NAMES}天](?!十|点|时(?![间段])))"
_WEEKDAYS = rf"{_WEEKDAY}(?:(?:{_DASH}|\s*[,、和及/]?\s*){_NAMED})*(?![二三四五]十)"
_DAYS = rf"(?:每[天日]|天天|全周|(?:法定)?工作日|周末|双休日|{_HOLIDAY}|每?{_WEEKDAYS})"
_HALVES = r"凌晨|清晨|早上|早晨|早|朝|上午|中午|下午|傍晚|晚上|晚间|晚|夜间"
_NEXT = r"次日|翌日|第二天|次晨|次"
_SEASONS = r"[春夏秋冬][、和]?[春夏秋冬]?(?:季|令|天)(?:作息)?(?:时间)?"
_REST = r"其[余他它](?:时间|月份|季节|日期)|平时"
_DIGIT = "[一二两三四五六七八九]"
_TENS = rf"[二三四五]?十{_DIGIT}?"
_HOUR = rf"(?:{_TENS}|[零〇]|{_DIGIT})(?!十|{_DIGIT})"
_MINUTE = rf"(?:{_TENS}|[零〇]{_DIGIT})(?!十|{_DIGIT})"


def _clock(side: str) -> str:
    """Return the pattern of a time of day: 8:30, 8.30, 0830, 8点半, 八点三十; of an hour alone, too."""
    minutes = rf"(?:\s*(?P<mark_{side}>[:.])\s*|(?<=\d\d)(?=\d))(?P<minute_{side}>\d{{2}})(?!\d)"
    spoken = rf"\s*[点时]\s*(?:(?P<spoken_{side}>半|\d{{1,2}}(?!\d)|{_MINUTE})分?|整)?"
    return (
        rf"(?:(?P<half_{side}>{_HALVES})\s*:?\s*)?"
        rf"(?P<hour_{side}>\d{{1,2}}(?!\d)|\d{{2}}(?=\d{{2}}(?!\d))|{_HOUR})(?P<unit_{side}>{minutes}|{spoken})?"
    )


_SIDES = ("first", "last")
_DATES = (
    r"(?P<month_first>\d{1,2})\s*(?:月(?:\s*(?P<day_first>\d{1,2})\s*[日号])?)?"
    rf"{_DASH}(?:次年|翌年|第二年)?\s*"
    r"(?P<month_last>\d{1,2})\s*月(?:\s*(?P<day_last>\d{1,2})\s*[日号])?"
)
# Between two parts of the day nothing has to stand: 早8晚6.
_UNTIL = rf"(?:{_DASH}|(?(half_first)\s*(?={_NEXT}|{_HALVES})|(?!)))"
_TOKEN = re.compile(
    rf"(?P<season>(?:(?P<name>{_SEASONS})\s*[(:]?\s*)?{_DATES}\s*\)?(?:\s*\((?P<name_after>{_SEASONS})\))?)"
    rf"|(?P<rest>{_REST}|(?P<rest_name>{_SEASONS}))"
    r"|(?P<year>(?:全年|常年|年中)(?:365天)?(?:无休|不休息?)?)"
    rf"|(?P<except>除\s*(?P<excepted>{_DAYS}(?:\s*[、和及与,]\s*{_DAYS})*)\s*(?:以?外|之外))"
    rf"|(?P<with>(?:包?含|包括)\s*{_HOLIDAY})"
    rf"|(?P<days>{_DAYS})"
    r"|(?P<always>(?:全天候?)?\s*(?:7\s*[*x×]\s*)?(?:24|二十四)\s*个?(?:小时|h)"
    r"|(?:7\s*[*x×]\s*24|24\s*[*x×/]\s*7)(?!\d)|全天候?|昼夜)"
    rf"|(?P<times>{_clock('first')}{_UNTIL}(?P<next>{_NEXT})?\s*{_clock('last')})"
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
        return token._replace(interval=(start, end), is_presumed=end > DAY_MINUTES and not _says_night(found))
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
    """Return the minutes of a token of times; an end before its start, if not 下午 or 晚, is on the next day.

    An evening that ends before it begins is a slip: 晚11点-3点 is no night until 15:00.
    """
    _check_clear(found)
    half = found["half_first"]
    start = _minute(found, "first", half)
    half = found["half_last"] or (None if found["next"] else half)
    end = _minute(found, "last", half)
    is_later = end >= NOON and (half in LATER_HALVES or half in EVENING_HOURS)
    is_night = end < start and not is_later
    if found["next"] or (is_night and end + DAY_MINUTES - start <= LONGEST_NIGHT_MINUTES):
        end += DAY_MINUTES
    if not start < end <= start + DAY_MINUTES or start >= DAY_MINUTES:
        raise unreadable(f"“{found[0].strip()}”的起止时间颠倒或相同", found.start())
    return start, end


def _says_night(found: re.Match[str]) -> bool:
    """Say whether words of a night tell that it is one: by 次日, 早6点 as its end, or 晚."""
    halves = {found[f"half_{side}"] for side in _SIDES}
    is_evening = bool(halves & EVENING_HOURS.keys())
    return bool(found["next"]) or found["half_last"] in MORNING_HALVES or is_evening


def _check_clear(found: re.Match[str]) -> None:
    """Refuse hours alone that neither 点 nor a part of the day tells to be hours, and what may be dates."""
    first, last = (found[f"unit_{side}"] or found[f"half_{side}"] for side in _SIDES)
    if not last or (not first and found["minute_last"]):
        raise unreadable(f"看不懂“{found[0].strip()}”", found.start())
    if not found["next"] and all(_is_date(found, side) for side in _SIDES):
        raise unreadable(f"说不清“{found[0].strip()}”是时间还是日期，时间请写成 8:30", found.start())


def _is_date(found: re.Match[str], side: str) -> bool:
    """Say whether a time may be a month and its day: 9.30 and 0930, neither 9:30 nor 早9.30."""
    if found[f"half_{side}"] or not found[f"minute_{side}"] or found[f"mark_{side}"] == ":":
        return False
    month, day = read_number(found[f"hour_{side}"]), int(found[f"minute_{side}"])
    return 1 <= month <= 12 and 1 <= day <= MONTH_DAYS[month - 1]


def _minute(found: re.Match[str], side: str, half: str | None) -> int:
    """Return the minutes from midnight of a clock's time, `half` being the part of the day before it."""
    hour, spoken = read_number(found[f"hour_{side}"]), found[f"spoken_{side}"]
    minute = 30 if spoken == "半" else read_number(found[f"minute_{side}"] or spoken or "0")
    written = f"{hour}:{minute:02}"
    evening = EVENING_HOURS.get(half or "", 0)
    if 1 <= hour < evening:
        raise unreadable(f"说不清“{half}{written}”是下午还是凌晨", found.start())
    if (half in LATER_HALVES and hour < 12) or (evening and 1 <= hour <= 12):
        hour += 12
    elif (half == "凌晨" and hour == 12) or (half == "中午" and hour < 10):
        hour = (hour + 12) % 24
    if hour * 60 + minute > DAY_MINUTES or minute >= 60:
        raise unreadable(f"没有“{written}”这个时间", found.start())
    return hour * 60 + minute
