"""Openness at a moment: examples, and against a slow model that walks the minutes of whole days."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.clock import LOCAL
from models.hours import ALWAYS, DAY_MINUTES, UNKNOWN, Closure, Hours, Row
from models.hours_open import CLOSING, HORIZON_DAYS, Openness, Reason, openness
from models.hours_text import parse_hours
from models.working_days import find_holiday, is_workday
from tests.models.schedules import schedules

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 7, 13, tzinfo=LOCAL)
OFFICE = "工作日 09:00-17:00"


def make_moment(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return MONDAY + timedelta(days=day, hours=int(hour), minutes=int(minute))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


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


@pytest.mark.parametrize(
    ("text", "moment", "state", "until", "opens_at", "why"),
    [
        # National Day 2026 is off from Thursday the 1st to Wednesday the 7th; the Saturday after is worked.
        (OFFICE, "09-30T18:00", "closed", None, "10-08T09:00", None),
        (OFFICE, "10-05T10:00", "closed", None, "10-08T09:00", "国庆节休息"),
        (OFFICE, "10-10T10:00", "open", "10-10T17:00", "10-12T09:00", None),
        (OFFICE, "09-20T16:50", "closing", "09-20T17:00", "09-21T09:00", None),
        (OFFICE, "09-19T10:00", "closed", None, "09-20T09:00", None),
        # Days by name: a swapped Sunday is a Sunday; of a holiday Monday nothing is said.
        ("周一至周五 09:00-17:00", "09-20T10:00", "closed", None, "09-21T09:00", None),
        ("周一至周五 09:00-17:00", "10-05T10:00", "unknown", None, "10-08T09:00", "国庆节是否开放未公布"),
        ("周一至周五 09:00-17:00", "10-05T18:00", "closed", None, "10-08T09:00", None),
        ("周一至周五 09:00-17:00；节假日照常", "10-05T10:00", "open", "10-05T17:00", "10-06T09:00", None),
        ("周一至周五 09:00-17:00；节假日休息", "10-05T10:00", "closed", None, "10-08T09:00", "国庆节休息"),
        ("每天 09:00-17:00", "10-05T10:00", "open", "10-05T17:00", "10-06T09:00", None),
        (f"{OFFICE}；节假日 10:00-12:00", "10-05T11:00", "open", "10-05T12:00", "10-06T10:00", None),
        (f"{OFFICE}；节假日 10:00-12:00", "10-05T13:00", "closed", None, "10-06T10:00", None),
        ("22:00-02:00；节假日休息", "10-01T01:00", "open", "10-01T02:00", "10-08T22:00", None),
        ("22:00-02:00；节假日休息", "10-01T23:00", "closed", None, "10-08T22:00", "国庆节休息"),
        ("24小时；节假日休息", "09-30T23:00", "open", "10-01T00:00", "10-08T00:00", None),
        ("24小时；节假日休息", "07-15T23:00", "open", None, None, None),
        ("工作日开放", "10-10T10:00", "unknown", None, None, None),
        ("工作日开放", "10-05T10:00", "closed", None, None, "国庆节休息"),
        # The night before goes on over the holiday's own hours, which end earlier.
        ("20:00-次日10:00；节假日 8:00-9:00", "10-01T08:30", "open", "10-01T10:00", "10-02T08:00", None),
        # The last of summer goes on past midnight into the rest of the year.
        (
            "6月1日至8月31日 20:00-次日3:00；其余时间 9:00-17:00",
            "09-01T02:00",
            "open",
            "09-01T03:00",
            "09-01T09:00",
            None,
        ),
        (
            "6月1日至8月31日 20:00-次日3:00；其余时间 9:00-17:00",
            "09-01T21:00",
            "closed",
            None,
            "09-02T09:00",
            None,
        ),
        ("6月1日至8月31日 9:00-17:00", "05-25T21:00", "closed", None, "06-01T09:00", None),
        ("6月1日至8月31日 9:00-17:00", "04-25T21:00", "closed", None, None, None),
    ],
)
def test_openness_follows_the_calendar_and_the_seasons(
    text: str, moment: str, state: str, until: str | None, opens_at: str | None, why: str | None
) -> None:
    found = openness(parse_hours(text), at(moment))
    assert (found.state, found.reason and found.reason.words) == (state, why)
    assert found.until == (at(until) if until else None)
    assert found.opens_at == (at(opens_at) if opens_at else None)


CLOSURE = Closure("停电检修", at("07-15T12:00"), at("07-17T10:00"))


@pytest.mark.parametrize(
    ("text", "moment", "state", "until", "opens_at"),
    [
        ("每天 09:00-17:00", "07-15T11:00", "open", "07-15T12:00", "07-17T10:00"),
        ("每天 09:00-17:00", "07-15T11:50", "closing", "07-15T12:00", "07-17T10:00"),
        ("每天 09:00-17:00", "07-15T08:00", "closed", None, "07-15T09:00"),
        ("每天 09:00-17:00", "07-15T13:00", "closed", None, "07-17T10:00"),
        ("每天 11:00-17:00", "07-16T13:00", "closed", None, "07-17T11:00"),
        ("24小时", "07-15T11:00", "open", "07-15T12:00", "07-17T10:00"),
        ("24小时", "07-15T13:00", "closed", None, "07-17T10:00"),
        ("24小时", "07-17T10:00", "open", None, None),
        ("", "07-15T13:00", "closed", None, None),
        ("", "07-15T11:00", "unknown", None, None),
    ],
)
def test_a_closure_cuts_the_hours(
    text: str, moment: str, state: str, until: str | None, opens_at: str | None
) -> None:
    found = openness(parse_hours(text), at(moment), CLOSURE)
    assert found.state == state
    assert found.until == (at(until) if until else None)
    assert found.opens_at == (at(opens_at) if opens_at else None)


def test_a_closure_says_why_and_until_when() -> None:
    assert openness(ALWAYS, at("07-16T10:00"), CLOSURE).reason == Reason(
        "closure", "停电检修", at("07-17T10:00")
    )
    for_good = Closure("装修", at("07-15T12:00"))
    assert openness(ALWAYS, at("07-16T10:00"), for_good) == Openness(
        "closed", reason=Reason("closure", "装修")
    )


def test_in_a_year_whose_holidays_are_not_known_that_is_said() -> None:
    new_year = datetime(2097, 1, 1, 10, tzinfo=LOCAL)
    found = openness(parse_hours(OFFICE), new_year)
    assert (found.state, found.reason and found.reason.code) == ("open", "calendar_unknown")
    assert openness(parse_hours("每天 09:00-17:00"), new_year).reason is None


def test_days_are_those_of_shanghai() -> None:
    friday_evening_in_london = datetime(2026, 7, 17, 17, 0, tzinfo=UTC)
    assert openness(parse_hours("周六 0:00-3:00"), friday_evening_in_london).state == "open"


def test_every_day_around_the_clock_is_always_open() -> None:
    nights = Hours("weekly", (((480, 480 + DAY_MINUTES),),) * 7)
    assert openness(nights, MONDAY).until is None
    assert openness(nights, MONDAY).state == "open"
    assert openness(ALWAYS, MONDAY) == Openness("open")


def slow_row(hours: Hours, day: date) -> tuple[Row, bool]:
    """Return what the hours say of a day, and whether it is sure, straight from their meaning."""
    number = day.month * 100 + day.day
    rows: object = hours
    for season in hours.seasons:
        days = [season.first + step for step in range(1300)]
        through = [each if each <= 1231 else each - 1231 + 100 for each in days]
        length = through.index(season.last) + 1
        if number in through[:length]:
            rows = season
    assert isinstance(rows, Hours | type(hours.seasons[0]) if hours.seasons else Hours)
    holiday = find_holiday(day) is not None
    if holiday and hours.holidays is not None:
        return hours.holidays, True
    if rows.working is not None and is_workday(day):
        return rows.working, True
    if rows.working is not None and day.weekday() < 5:
        return (), True
    named_everywhere = all(rows.week[weekday] for weekday in range(7))
    return rows.week[day.weekday()], not holiday or hours.holidays_as_usual or named_everywhere


def slow_minutes(hours: Hours, first: date, closure: Closure | None) -> list[str]:
    """Return, for each minute from the midnight of a day to the horizon, open, unknown or closed."""
    days = HORIZON_DAYS + 3
    minutes = ["closed"] * (days * DAY_MINUTES)
    midnight = datetime.combine(first, datetime.min.time(), LOCAL)
    for sure in (False, True):
        for number in range(-1, days):
            row, is_sure = slow_row(hours, first + number * DAY)
            for start, end in row if is_sure == sure else ():
                low = max(0, number * DAY_MINUTES + start)
                high = max(low, min(len(minutes), number * DAY_MINUTES + end))
                minutes[low:high] = ["open" if sure else "unknown"] * (high - low)
    if closure:
        low = max(0, (closure.since - midnight) // MINUTE)
        high = len(minutes) if closure.until is None else max(0, (closure.until - midnight) // MINUTE)
        minutes[low:high] = ["closed"] * len(minutes[low:high])
    return minutes


moments = st.integers(0, 365 * DAY_MINUTES * 60 - 1).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=LOCAL) + timedelta(seconds=seconds)
)
# Where weeks, seasons and holidays meet.
turns = st.tuples(
    st.sampled_from(["01-01", "02-14", "02-23", "03-15", "04-30", "09-19", "09-30", "10-07", "10-10"]),
    st.integers(0, 2 * DAY_MINUTES * 60),
).map(lambda turn: at(f"{turn[0]}T00:00") + timedelta(seconds=turn[1]))


@settings(max_examples=150, deadline=None)
@given(schedules, moments | turns, st.none() | st.tuples(st.integers(-3000, 3000), st.integers(1, 3000)))
def test_openness_is_what_walking_minute_by_minute_finds(
    hours: Hours, moment: datetime, closed: tuple[int, int] | None
) -> None:
    if hours.kind == "always":
        return
    closure = None
    if closed:
        since = moment.replace(second=0) + closed[0] * MINUTE
        closure = Closure("检修", since, since + closed[1] * MINUTE)
    found = openness(hours, moment, closure)
    first = moment.date()
    midnight = datetime.combine(first, datetime.min.time(), LOCAL)
    minutes = slow_minutes(hours, first, closure)
    now = (moment - midnight) // MINUTE
    state = minutes[now]
    horizon = HORIZON_DAYS * DAY_MINUTES
    end = next((place for place in range(now, len(minutes)) if minutes[place] != "open"), len(minutes))
    if state == "open":
        until = midnight + end * MINUTE
        if end <= horizon:
            assert found.until == until
        state = "closing" if until - moment < CLOSING else "open"
    else:
        assert found.until is None
    assert found.state == state
    opening = next(
        (
            place
            for place in range(now + 1, horizon)
            if minutes[place] == "open" and minutes[place - 1] != "open"
        ),
        None,
    )
    if opening is not None:
        assert found.opens_at == midnight + opening * MINUTE
    elif found.opens_at is not None:
        assert found.opens_at >= midnight + horizon * MINUTE


@settings(max_examples=150, deadline=None)
@given(
    schedules | st.sampled_from([UNKNOWN, Hours("days", days=(0, 2)), Hours("days", days=(7,))]),
    moments | turns,
    st.none() | st.integers(-3000, 3000),
    st.floats(0, 1),
)
def test_an_answer_holds_until_it_changes(
    hours: Hours, moment: datetime, closed: int | None, share: float
) -> None:
    since = moment + (closed or 0) * MINUTE
    closure = None if closed is None else Closure("检修", since, since + timedelta(hours=20))
    found = openness(hours, moment, closure)
    if found.changes_at is None:
        assert openness(hours, moment + timedelta(days=3), closure) == found
        return
    assert found.changes_at > moment
    between = moment + (found.changes_at - moment - datetime.resolution) * share
    assert openness(hours, between, closure) == found
