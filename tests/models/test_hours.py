"""Opening hours: the words people write, and openness against a slow, obvious model."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.clock import LOCAL
from models.hours import (
    ALWAYS,
    CLOSING,
    DAY_MINUTES,
    UNKNOWN,
    WEEK_MINUTES,
    Hours,
    Interval,
    Openness,
    UnreadableHours,
    make_weekly,
    openness,
    parse_hours,
    words,
)

MONDAY = datetime(2026, 7, 13, tzinfo=LOCAL)
MINUTE = timedelta(minutes=1)


def make_moment(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("周一至周五 08:30-12:00,13:00-17:30", "周一至周五 08:30-12:00、13:00-17:30"),
        ("周一至周五:08：30－12：00，13：00～17：30", "周一至周五 08:30-12:00、13:00-17:30"),
        ("8:30—11:00", "每天 08:30-11:00"),
        ("6:00-18:00", "每天 06:00-18:00"),
        ("8:30-11:00,13:30-17:00", "每天 08:30-11:00、13:30-17:00"),
        ("每天 9:00-21:00", "每天 09:00-21:00"),
        ("每日9:00至21:00", "每天 09:00-21:00"),
        ("开放时间：8点半-17点", "每天 08:30-17:00"),
        ("8时15分到17时", "每天 08:15-17:00"),
        ("周六、周日 10:00-16:00", "周六、周日 10:00-16:00"),
        ("周末10:00-16:00", "周六、周日 10:00-16:00"),
        ("工作日 9:00-17:00", "周一至周五 09:00-17:00"),
        ("星期一到星期五9:00-17:00", "周一至周五 09:00-17:00"),
        ("周一至五9:00-17:00", "周一至周五 09:00-17:00"),
        ("周一、三、五 9:00-17:00", "周一、周三、周五 09:00-17:00"),
        ("周五至周一 9:00-17:00", "周一、周五至周日 09:00-17:00"),
        ("周一至周五 9:00-17:00；周六 10:00-12:00", "周一至周五 09:00-17:00；周六 10:00-12:00"),
        ("周一至周五 9:00-17:00 周六、周天 10:00-12:00", "周一至周五 09:00-17:00；周六、周日 10:00-12:00"),
        ("9:00-17:00（周一至周五）", "周一至周五 09:00-17:00"),
        ("每天9:00-17:00，周日休息", "周一至周六 09:00-17:00"),
        ("工作日24小时", "周一至周五 全天"),
        ("22:00-06:00", "每天 22:00-次日06:00"),
        ("22:00-次日06:00", "每天 22:00-次日06:00"),
        ("晚上10点至第二天早上6点", "每天 22:00-次日06:00"),
        ("上午9:00-11:30，下午2:00-5:00", "每天 09:00-11:30、14:00-17:00"),
        ("早8:00-晚8:00", "每天 08:00-20:00"),
        ("凌晨12:00-6:00", "每天 00:00-06:00"),
        ("中午11:30-1:00", "每天 11:30-13:00"),
        ("18:00-24:00", "每天 18:00-24:00"),
        ("24小时", "24小时开放"),
        ("全天24小时开放", "24小时开放"),
        ("7×24小时", "24小时开放"),
        ("全天", "24小时开放"),
        ("全天候", "24小时开放"),
        ("周一至周日 0:00-24:00", "24小时开放"),
        ("工作日开放", "周一至周五开放，具体时间未公布"),
        ("周一至周日", "每天开放，具体时间未公布"),
        ("", "开放时间未公布"),
        (" ", "开放时间未公布"),
        ("暂无", "开放时间未公布"),
    ],
)
def test_hours_as_people_write_them_are_understood(text: str, meaning: str) -> None:
    assert words(parse_hours(text)) == meaning


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("09:00-09:00", "颠倒或相同"),
        ("13:00-12:00", "颠倒或相同"),
        ("下午5:00-9:00-3:00", "看不懂“-3:00”"),
        ("24:00-次日3:00", "颠倒或相同"),
        ("8:00-12:00,11:00-13:00", "周一的时间段重叠"),
        ("周一至周五 9:00-17:00；周三 10:00-11:00", "周三的时间段重叠"),
        ("周日 22:00-10:00，周一 8:00-12:00", "周一的时间段重叠"),
        ("22:00-06:00,05:00-09:00", "时间段重叠"),
        ("25:00-26:00", "没有“25:00”"),
        ("9:70-10:00", "没有“9:70”"),
        ("9:00", "看不懂“9:00”"),
        ("108:00-12:00", "看不懂"),
        ("9:00-12:000", "看不懂"),
        ("次日6:00-8:00", "看不懂"),
        ("随时", "看不懂“随时”"),
        ("节假日除外 9:00-17:00", "看不懂“节假日除外"),
        ("9:00-17:00；周六 10:00-12:00", "没有写明是哪几天"),
        ("周一至周五 9:00-17:00 周六", "没有写明时间"),
        ("周一休息", "没有写明时间"),
        ("每天 9:00-17:00，周一至周日休息", "没有写明开放时间"),
        ("开放", "没有写明时间"),
    ],
)
def test_hours_that_are_not_understood_say_why(text: str, reason: str) -> None:
    with pytest.raises(UnreadableHours, match=reason):
        parse_hours(text)


def test_words_that_go_on_for_long_are_refused_quickly() -> None:
    with pytest.raises(UnreadableHours):
        parse_hours("周一" + " " * 480 + "x")


def test_an_interval_longer_than_a_day_is_refused() -> None:
    with pytest.raises(UnreadableHours, match="超过24小时"):
        make_weekly([[(0, DAY_MINUTES + 1)]] + [[]] * 6)


@pytest.mark.parametrize(
    ("text", "day", "clock", "state", "until", "opens_at"),
    [
        ("周一至周五 08:30-12:00,13:00-17:30", 0, "11:44", "open", (0, "12:00"), (0, "13:00")),
        ("周一至周五 08:30-12:00,13:00-17:30", 0, "11:45", "open", (0, "12:00"), (0, "13:00")),
        ("周一至周五 08:30-12:00,13:00-17:30", 0, "11:46", "closing", (0, "12:00"), (0, "13:00")),
        ("周一至周五 08:30-12:00,13:00-17:30", 0, "12:00", "closed", None, (0, "13:00")),
        ("周一至周五 08:30-12:00,13:00-17:30", 4, "18:00", "closed", None, (7, "08:30")),
        ("22:00-06:00", 6, "23:00", "open", (7, "06:00"), (7, "22:00")),
        ("22:00-06:00", 0, "00:00", "open", (0, "06:00"), (0, "22:00")),
        ("22:00-06:00", 0, "05:50", "closing", (0, "06:00"), (0, "22:00")),
        ("周六 18:00-24:00；周日 0:00-3:00", 5, "23:50", "open", (6, "03:00"), (12, "18:00")),
        ("周日 18:00-24:00；周一 0:00-3:00", 6, "23:50", "open", (7, "03:00"), (13, "18:00")),
        ("周日 18:00-24:00；周一 0:00-3:00", 0, "02:00", "open", (0, "03:00"), (6, "18:00")),
        ("24小时", 3, "02:00", "open", None, None),
        ("工作日开放", 1, "12:00", "unknown", None, None),
        ("工作日开放", 5, "12:00", "closed", None, None),
        ("", 1, "12:00", "unknown", None, None),
    ],
)
def test_openness_at_a_moment(
    text: str,
    day: int,
    clock: str,
    state: str,
    until: tuple[int, str] | None,
    opens_at: tuple[int, str] | None,
) -> None:
    found = openness(parse_hours(text), make_moment(day, clock))
    assert found.state == state
    assert found.until == (make_moment(*until) if until else None)
    assert found.opens_at == (make_moment(*opens_at) if opens_at else None)


def test_days_are_those_of_shanghai() -> None:
    friday_evening_in_london = datetime(2026, 7, 17, 17, 0, tzinfo=UTC)
    assert openness(parse_hours("周六 0:00-3:00"), friday_evening_in_london).state == "open"


def test_every_day_around_the_clock_is_always_open() -> None:
    nights = Hours("weekly", (((480, 480 + DAY_MINUTES),),) * 7)
    assert openness(nights, MONDAY) == Openness("open") == openness(ALWAYS, MONDAY)


@st.composite
def weeks(draw: st.DrawFn) -> Hours:
    """Weekly hours between cuts of the week's circle, some of them in two parts that touch."""
    cuts = sorted(draw(st.sets(st.integers(0, WEEK_MINUTES - 1), min_size=1, max_size=24)))
    circle = [*cuts, cuts[0] + WEEK_MINUTES][draw(st.integers(0, 1)) :]
    week: list[list[Interval]] = [[] for _ in range(7)]
    for start, end in zip(circle[::2], circle[1::2], strict=False):
        last = min(end, start + DAY_MINUTES)
        middle = draw(st.integers(start + 1, last))
        for first, length in ((start, middle - start), (middle, last - middle)):
            if length:
                day, minute = divmod(first % WEEK_MINUTES, DAY_MINUTES)
                week[day].append((minute, minute + length))
    assume(any(week))
    return make_weekly(week)


def open_minutes(hours: Hours) -> list[bool]:
    """Return, for each minute of the week, whether it lies in an interval: the obvious way."""
    minutes = [hours.kind == "always"] * WEEK_MINUTES
    for day, intervals in enumerate(hours.week):
        for start, end in intervals:
            for minute in range(start, end):
                minutes[(day * DAY_MINUTES + minute) % WEEK_MINUTES] = True
    return minutes


def slow_openness(hours: Hours, at: datetime) -> tuple[str, datetime | None, datetime | None]:
    """Return state, end and next opening by walking minute by minute."""
    minutes = open_minutes(hours)
    if all(minutes):
        return "open", None, None
    start = at.replace(second=0, microsecond=0)
    now = (start - MONDAY) // MINUTE
    ahead = [minutes[(now + step) % WEEK_MINUTES] for step in range(WEEK_MINUTES + 1)]
    opening = next(step for step in range(1, WEEK_MINUTES + 1) if ahead[step] and not ahead[step - 1])
    if not ahead[0]:
        return "closed", None, start + opening * MINUTE
    until = start + ahead.index(False) * MINUTE
    return "closing" if until - at < CLOSING else "open", until, start + opening * MINUTE


moments = st.integers(0, 14 * DAY_MINUTES * 60).map(lambda seconds: MONDAY + timedelta(seconds=seconds))


@settings(max_examples=150, deadline=None)
@given(weeks(), moments)
def test_openness_is_what_walking_minute_by_minute_finds(hours: Hours, at: datetime) -> None:
    found = openness(hours, at)
    assert (found.state, found.until, found.opens_at) == slow_openness(hours, at)


@settings(max_examples=150, deadline=None)
@given(weeks() | st.just(UNKNOWN) | st.just(Hours("days", days=(0, 2))), moments, st.floats(0, 1))
def test_an_answer_holds_until_it_changes(hours: Hours, at: datetime, share: float) -> None:
    found = openness(hours, at)
    if found.changes_at is None:
        assert openness(hours, at + timedelta(days=3)) == found
        return
    assert found.changes_at > at
    between = at + (found.changes_at - at - datetime.resolution) * share
    later = openness(hours, between)
    assert (later.state, later.until) == (found.state, found.until)
    assert later.opens_at == found.opens_at


@settings(max_examples=150, deadline=None)
@given(weeks())
def test_weekly_hours_are_read_back_from_their_words(hours: Hours) -> None:
    assert parse_hours(words(hours)) == hours
