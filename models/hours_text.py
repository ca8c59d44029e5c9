"""Reads opening hours from the words that people write.

`周一至周五 08:30-12:00,13:00-17:30`, `工作日 9点至17点；节假日休息`, `夏季（5月1日至9月30日）8:00-20:00；
其余时间 9:00-17:00`: some days and the times near them belong together, a season holds for all that follows
it, and a rule of public holidays for the whole. What is not understood, or does not fit together, is refused
with its place, never half understood. 节假日 are public holidays; weekends have their own words.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from models.hours import (
    UNKNOWN,
    WEEKDAYS,
    WORKING_DAYS,
    Hours,
    Interval,
    Season,
    UnreadableHours,
    make_season,
    make_weekly,
)
from models.hours_tokens import EVERY_DAY, HOLIDAYS, Token, cut, plain, unreadable

_NOTHING = frozenset({"", "-", "/", "无", "暂无", "不详", "未知", "待定"})
# Between two names of days these make one list; anything else ends it.
_LINKS = frozenset("、,和及与/ ")


class _Said(Struct):
    """Some days (None: not said which) and what is said of them."""

    place: int
    days: frozenset[int] | None
    intervals: list[Interval] = []  # msgspec copies it for each.
    is_closed: bool = False
    is_usual: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said of the days yet."""
        return not (self.intervals or self.is_closed or self.is_usual)


class _Part(Struct):
    """What is said under one season: its dates, None for the rest of the year."""

    place: int = 0
    dates: tuple[int, int] | None = None
    name: str = ""
    said: list[_Said] = []


class _Rows(Struct):
    """What a part comes to."""

    week: list[list[Interval]]
    working: list[Interval] | None


class _Reading:
    """Words while they are read."""

    def __init__(self) -> None:
        self.parts = [_Part()]
        self.holidays: list[Interval] | None = None
        self.is_usual = False
        self.is_yearly = False
        self._link = ""

    def take(self, token: Token) -> None:
        """Take the next token."""
        if token.kind == "filler":
            self._link += token.words or " "
            return
        said = self.parts[-1].said
        if token.kind in ("season", "rest"):
            self.parts.append(_Part(token.place, token.dates, token.name))
        elif token.kind == "year":
            self.is_yearly, self.is_usual = True, True
        elif token.kind == "with":
            self.is_usual = True
        elif token.kind == "days":
            self._name_days(token, said)
        elif token.kind == "except":
            said.append(_Said(token.place, token.days, is_closed=True))
        else:
            self._say(token, said)
        self._link = ""

    def _name_days(self, token: Token, said: list[_Said]) -> None:
        last = said[-1] if said else None
        if last and last.days and last.is_empty and _LINKS.issuperset(self._link):
            last.days |= token.days
        else:
            said.append(_Said(token.place, token.days))

    def _say(self, token: Token, said: list[_Said]) -> None:
        """Take times, or that something is closed or as usual, for the days that were named."""
        if not said:
            said.append(_Said(token.place, None))
        target = said[-1]
        if token.kind == "closed":
            target.is_closed = True
        elif token.kind == "usual":
            target.is_usual = True
        else:
            if target.is_closed or target.is_usual:  # 周一至周五(节假日除外)9:00-17:00.
                target = next((one for one in said if one.days and one.is_empty), _Said(token.place, None))
                if target.days is None:
                    said.append(target)
            target.intervals.append(token.interval)


def parse_hours(text: str) -> Hours:
    """Return the opening hours that words say; UnreadableHours with the reason for what is not understood."""
    words = plain(text)
    if words in _NOTHING:
        return UNKNOWN
    reading = _Reading()
    for token in cut(words):
        reading.take(token)
    for part in reading.parts:
        part.said = [one for one in part.said if not _is_of_holidays(one, reading)]
    parts = [part for part in reading.parts if part.said or part.place]
    if reading.is_yearly and not parts:
        parts = [_Part(said=[_Said(0, EVERY_DAY)])]
    holidays, as_usual = reading.holidays, reading.is_usual
    if len(parts) == 1 and parts[0].dates is None and len(parts[0].said) == 1 and parts[0].said[0].is_empty:
        days = tuple(sorted(parts[0].said[0].days or ()))
        off = None if holidays is None else tuple(sorted(holidays))
        return Hours("days", days=days, holidays=off, holidays_as_usual=as_usual and off is None)
    base, seasons = _seasons(parts)
    return make_weekly(
        base.week, working=base.working, holidays=holidays, holidays_as_usual=as_usual, seasons=seasons
    )


def presumed_nights(text: str) -> tuple[Token, ...]:
    """Return what readable words leave to end on the next day without saying so, each once: 17:30-08:30."""
    words = plain(text)
    tokens = () if words in _NOTHING else cut(words)
    return tuple({token.words: token for token in tokens if token.is_presumed}.values())


def _is_of_holidays(said: _Said, reading: _Reading) -> bool:
    """Take what is said of public holidays over into the rule for them; say whether nothing else is left."""
    if not said.days or HOLIDAYS not in said.days:
        if said.is_usual:
            raise unreadable("只有节假日才能写“照常”", said.place)
        return False
    if said.is_empty or sum((bool(said.intervals), said.is_closed, said.is_usual)) > 1:
        raise unreadable("没有写明节假日的时间，或前后不一致", said.place)
    if reading.holidays is not None or (reading.is_usual and not said.is_usual and not reading.is_yearly):
        raise unreadable("节假日写了两次", said.place)
    said.days -= {HOLIDAYS}
    if said.is_usual:
        if said.days:
            raise unreadable("只有节假日才能写“照常”", said.place)
        reading.is_usual = True
    else:
        reading.holidays = list(said.intervals)
    return not said.days


def _seasons(parts: Sequence[_Part]) -> tuple[_Rows, list[Season]]:
    """Return the rows of the rest of the year and the seasons."""
    base = _Rows([[] for _ in range(7)], None)
    seasons: list[Season] = []
    rests = [part for part in parts if part.dates is None]
    if len(rests) > 1:
        raise unreadable(f"没有写明{rests[0].name or '前面的时间'}是从几月几日到几月几日", rests[0].place)
    if rests and rests[0].name and len(parts) == 1:
        raise unreadable(f"没有写明{rests[0].name}是从几月几日到几月几日", rests[0].place)
    for part in parts:
        rows = _rows(part, may_be_closed=len(parts) > 1)
        if part.dates is None:
            base = rows
            continue
        try:
            seasons.append(make_season(*part.dates, rows.week, rows.working, part.name))
        except UnreadableHours as error:
            raise unreadable(str(error), part.place) from error
    return base, seasons


def _rows(part: _Part, *, may_be_closed: bool) -> _Rows:
    """Return the rows that a part says; UnreadableHours where days and times do not fit together."""
    said = _with_days(part.said)
    for one in said:
        if bool(one.intervals) == one.is_closed:
            raise unreadable("有的日子没有写明时间", one.place)
    opened = [one for one in said if one.intervals]
    if not opened and not (may_be_closed and said):
        raise unreadable("有的日子没有写明时间", part.place)
    unnamed = [one for one in opened if one.days is None]
    if unnamed and len(opened) > 1:
        raise unreadable("有的时间没有写明是哪几天", unnamed[0].place)
    closed = {day for one in said if one.is_closed for day in one.days or ()}
    week: list[list[Interval]] = [[] for _ in range(7)]
    for one in opened:
        for day in (EVERY_DAY if one.days is None else one.days & EVERY_DAY) - closed:
            week[day] += one.intervals
    return _Rows(week, _working(said, week, closed))


def _with_days(said: list[_Said]) -> list[_Said]:
    """Return what is said, with the days that came after their times put to them: 9:00-17:00(周一至周五)."""
    empty = [one for one in said if one.is_empty]
    unnamed = [one for one in said if one.days is None and one.intervals]
    if len(empty) == 1 and len(unnamed) == 1 and said.index(unnamed[0]) < said.index(empty[0]):
        unnamed[0].days = empty[0].days
        return [one for one in said if one is not empty[0]]
    return said


def _working(said: Iterable[_Said], week: list[list[Interval]], closed: set[int]) -> list[Interval] | None:
    """Return the hours of working days, if any are said; Monday to Friday have none of their own then."""
    about = [one for one in said if one.days and WORKING_DAYS in one.days]
    if not about:
        return None
    times = [interval for one in about for interval in one.intervals]
    if times and (any(one.is_closed for one in about) or closed.intersection(WEEKDAYS)):
        raise unreadable("工作日写了两次，前后不一致", about[0].place)
    for day in WEEKDAYS:
        if week[day] and times:
            raise unreadable("工作日和周一至周五的时间段重复", about[0].place)
        week[day].clear()
    return times
