"""Opening hours: the words that people write, as data, and whether a station is open at a moment.

Unknown is not open. Hours are of one of four kinds: `unknown`; `days` (the days are known, the times are
not, as in 工作日开放: on such a day nobody can say, on another it is closed); `weekly`; and `always`. Words
about public holidays, seasons and closures are refused as unreadable, never half understood.

Weekdays are counted from Monday = 0, minutes from local midnight; an interval that goes on past midnight
ends past 1440. Days are those of Asia/Shanghai, which has no summer time.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Literal

from msgspec import Struct

from models.clock import LOCAL

DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES

# With less left it is no longer worth the way: to come, heat a meal and eat it takes a quarter of an hour.
CLOSING = timedelta(minutes=15)

# 17:00-09:00 is a night; 13:00-12:00 would be one of 23 hours, which is a slip of the pen.
LONGEST_NIGHT_MINUTES = 16 * 60

Interval = tuple[int, int]
Week = tuple[tuple[Interval, ...], ...]
State = Literal["open", "closing", "closed", "unknown"]

_DAY_NAMES = "一二三四五六日"


class UnreadableHours(ValueError):
    """Words about opening hours that cannot be understood; the reason is in Chinese."""


class Hours(Struct, frozen=True, gc=False):
    """Opening hours. `week` holds each day's intervals (`weekly`), `days` the days of the kind `days`."""

    kind: Literal["unknown", "days", "weekly", "always"] = "unknown"
    week: Week = ()
    days: tuple[int, ...] = ()


UNKNOWN = Hours()
ALWAYS = Hours("always")


class Openness(Struct, frozen=True, gc=False):
    """Whether a station is open at a moment.

    `until` is when it closes (None: never, or it is not open), `opens_at` the next opening after the moment,
    within seven days. The answer holds until just before `changes_at` (None: for ever). All are aware UTC.
    """

    state: State
    until: datetime | None = None
    opens_at: datetime | None = None
    changes_at: datetime | None = None


def openness(hours: Hours, at: datetime) -> Openness:
    """Say whether a station with these hours is open at a moment (aware)."""
    local = at.astimezone(LOCAL)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if hours.kind == "days":
        state: State = "unknown" if local.weekday() in hours.days else "closed"
        return Openness(state, changes_at=(midnight + timedelta(days=1)).astimezone(UTC))
    spans = _spans(hours.week)
    if hours.kind == "always" or any(end - start >= WEEK_MINUTES for start, end in spans):
        return Openness("open")
    if not spans:
        return Openness("unknown")
    monday = midnight - timedelta(days=local.weekday())
    elapsed = (local - monday) / timedelta(minutes=1)
    opens_at = _moment(monday, min(_following(start, elapsed) for start, _ in spans))
    for start, end in spans:
        closes = _following(end, elapsed)
        if closes - elapsed <= end - start:
            until = _moment(monday, closes)
            if until - at < CLOSING:
                return Openness("closing", until, opens_at, until)
            return Openness("open", until, opens_at, until - CLOSING + datetime.resolution)
    return Openness("closed", opens_at=opens_at, changes_at=opens_at)


def make_weekly(week: Iterable[Iterable[Interval]]) -> Hours:
    """Return weekly hours, seven days from Monday; UnreadableHours where intervals overlap or are empty."""
    days = tuple(tuple(sorted(intervals)) for intervals in week)
    placed = sorted(_placed(days))
    if not placed:
        raise UnreadableHours("没有写明开放时间")
    if any(not (start % DAY_MINUTES <= start < end <= start + DAY_MINUTES) for start, end in placed):
        raise UnreadableHours("时间段为空或超过24小时")
    for (_, end), (start, _) in pairwise([*placed, (placed[0][0] + WEEK_MINUTES, 0)]):
        if start < end:
            raise UnreadableHours(f"周{_DAY_NAMES[start // DAY_MINUTES % 7]}的时间段重叠")
    if all(intervals == ((0, DAY_MINUTES),) for intervals in days):
        return ALWAYS
    return Hours("weekly", days)


def words(hours: Hours) -> str:
    """Return hours as a person reads them; of weekly hours, in words that `parse_hours` reads back."""
    if hours.kind == "always":
        return "24小时开放"
    if hours.kind == "days":
        return f"{_day_words(hours.days)}开放，具体时间未公布"
    if hours.kind == "unknown":
        return "开放时间未公布"
    alike: dict[tuple[Interval, ...], list[int]] = {}
    for day, intervals in enumerate(hours.week):
        if intervals:
            alike.setdefault(intervals, []).append(day)
    return "；".join(
        f"{_day_words(days)} {'、'.join(map(_interval_words, intervals))}"
        for intervals, days in alike.items()
    )


def parse_hours(text: str) -> Hours:
    """Return the opening hours that words say; UnreadableHours with the reason for what is not understood."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in _NOTHING:
        return UNKNOWN
    for pattern, spelling in _SPELLINGS:
        plain = pattern.sub(spelling, plain)
    said = _read(plain)
    if len(said) == 1 and said[0].days and not (said[0].intervals or said[0].is_closed):
        return Hours("days", days=tuple(sorted(said[0].days)))
    return make_weekly(_assembled(said))


def _moment(monday: datetime, minute: float) -> datetime:
    """Return the moment at a minute of the week that begins at this local midnight."""
    return (monday + timedelta(minutes=minute)).astimezone(UTC)


def _following(minute: int, elapsed: float) -> float:
    """Return the first time after `elapsed`, in minutes of the week and beyond, that a minute comes round."""
    return minute + WEEK_MINUTES * ((elapsed - minute) // WEEK_MINUTES + 1)


def _placed(week: Week) -> Iterator[Interval]:
    for day, intervals in enumerate(week):
        for start, end in intervals:
            yield day * DAY_MINUTES + start, day * DAY_MINUTES + end


def _spans(week: Week) -> list[Interval]:
    """Return a week's intervals in minutes of the week, sorted, joined where they touch, over Sunday too."""
    spans: list[Interval] = []
    for start, end in sorted(_placed(week)):
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    if len(spans) > 1 and spans[-1][1] >= spans[0][0] + WEEK_MINUTES:
        _, end = spans.pop(0)
        spans[-1] = spans[-1][0], max(spans[-1][1], end + WEEK_MINUTES)
    return spans


# Reading: the words are brought to one spelling and cut into tokens; some days and the times that follow
# them belong together. Whatever is not a token makes the whole unreadable.

_NOTHING = frozenset({"", "-", "/", "无", "暂无", "不详", "未知", "待定"})
_SPELLINGS = tuple(
    (re.compile(pattern), spelling)
    for pattern, spelling in (
        (r"(全天候?)?(7[*x×])?24\s*(小时|h)|全天候?", "全天"),
        (r"[翌次]日|第二天", "次"),
        (r"每[天日]|天天|全周", "周一-周日"),
        (r"工作日", "周一-周五"),
        (r"周末|双休日", "周六、周日"),
        (r"星期|礼拜", "周"),
        (r"周天", "周日"),
        (r"[-—–−―~至到]+", "-"),
        (r"(\d)[点时]半", r"\1:30"),
        (r"(\d)[点时](\d{1,2})分?", r"\1:\2"),
        (r"(\d)[点时]整?", r"\1:00"),
    )
)
_CLOCK = r"(凌晨|早上?|上午|中午|下午|傍晚|晚上?)?\s*(\d{1,2})\s*:\s*(\d{2})(?!\d)"
_TOKEN = re.compile(
    rf"(?P<days>周[{_DAY_NAMES}](?:\s*[-,、和及]?\s*周?[{_DAY_NAMES}])*)"
    rf"|(?P<times>{_CLOCK}\s*-\s*(次)?{_CLOCK})"
    r"|(?P<always>全天)"
    r"|(?P<closed>休息|不开放|不营业|闭馆)"
    r"|(?P<filler>[\s,;、。()和及:]|(?:开放|营业|服务)(?:时间)?)"
)


class _Said(Struct):
    """Some days (None: not said which) and what is said of them."""

    days: frozenset[int] | None
    intervals: list[Interval] = []  # msgspec copies it for each.
    is_closed: bool = False


def _read(plain: str) -> list[_Said]:
    said: list[_Said] = []
    place = 0
    while place < len(plain):
        token = _TOKEN.match(plain, place)
        if token is None:
            raise UnreadableHours(f"看不懂“{plain[place : place + 12]}”")
        place = token.end()
        if token["days"]:
            said.append(_Said(_days(token["days"])))
        elif not token["filler"]:
            if not said:
                said.append(_Said(None))
            said[-1].is_closed |= bool(token["closed"])
            said[-1].intervals += () if token["closed"] else [_interval(token)]
    return said


def _days(text: str) -> frozenset[int]:
    """Return the weekdays of `周一-周五`, `周一、三、五` or `周六、周日`; a range may go over the weekend."""
    days: set[int] = set()
    for first, last in re.findall(rf"([{_DAY_NAMES}])(?:\s*-\s*周?([{_DAY_NAMES}]))?", text):
        start, end = _DAY_NAMES.index(first), _DAY_NAMES.index(last or first)
        days.update(day % 7 for day in range(start, end + (8 if end < start else 1)))
    return frozenset(days)


def _interval(token: re.Match[str]) -> Interval:
    """Return the minutes of a token of times; an end before its start is on the next day."""
    if token["always"]:
        return 0, DAY_MINUTES
    half, hour, minute, next_day, end_half, end_hour, end_minute = token.groups()[2:9]
    start = _minute(half, hour, minute)
    end = _minute(end_half or (None if next_day else half), end_hour, end_minute)
    if next_day or (end < start and end + DAY_MINUTES - start <= LONGEST_NIGHT_MINUTES):
        end += DAY_MINUTES
    if not start < end <= start + DAY_MINUTES or start >= DAY_MINUTES:
        raise UnreadableHours(f"“{token['times']}”的起止时间颠倒或相同")
    return start, end


def _minute(half: str | None, hour_text: str, minute_text: str) -> int:
    """Return the minutes from midnight of a clock's time, `half` being the part of the day before it."""
    hour, minute = int(hour_text), int(minute_text)
    if (half in ("下午", "傍晚") and hour < 12) or (half in ("晚", "晚上") and 1 <= hour <= 12):
        hour += 12
    elif (half == "凌晨" and hour == 12) or (half == "中午" and hour < 10):
        hour = (hour + 12) % 24
    if hour * 60 + minute > DAY_MINUTES or minute >= 60:
        raise UnreadableHours(f"没有“{hour_text}:{minute_text}”这个时间")
    return hour * 60 + minute


def _assembled(said: list[_Said]) -> list[list[Interval]]:
    """Return the week that is said; UnreadableHours where days and times do not fit together."""
    if len(said) == 2 and said[0].days is None and not (said[1].intervals or said[1].is_closed):
        said = [said[1], said[0]]  # The times came first: 9:00-17:00(周一至周五).
        said[0].intervals = said.pop().intervals
    opened = [part for part in said if part.intervals]
    if any(bool(part.intervals) == part.is_closed for part in said) or not opened:
        raise UnreadableHours("有的日子没有写明时间")
    if any(part.days is None for part in said) and len(opened) > 1:
        raise UnreadableHours("有的时间没有写明是哪几天")
    closed = {day for part in said if part.is_closed for day in part.days or ()}
    week: list[list[Interval]] = [[] for _ in range(7)]
    for part in opened:
        for day in (part.days or frozenset(range(7))) - closed:
            week[day] += part.intervals
    return week


def _day_words(days: Iterable[int]) -> str:
    """Return sorted weekdays in words, three or more in a row as a range: `周一至周三、周五`."""
    names: list[str] = []
    for _, run in groupby(enumerate(days), lambda pair: pair[1] - pair[0]):
        row = [f"周{_DAY_NAMES[day]}" for _, day in run]
        names += [f"{row[0]}至{row[-1]}"] if len(row) > 2 else row
    return "每天" if names == ["周一至周日"] else "、".join(names)


def _interval_words(interval: Interval) -> str:
    start, end = interval
    if interval == (0, DAY_MINUTES):
        return "全天"
    last = f"次日{_clock(end - DAY_MINUTES)}" if end > DAY_MINUTES else _clock(end)
    return f"{_clock(start)}-{last}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
