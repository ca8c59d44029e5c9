"""Openings for the days ahead against asking whether it is open, moment by moment."""

from bisect import bisect_right
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.clock import LOCAL
from models.districts import LETTERS, Openings, resolve
from models.hours import UNKNOWN, Closure, Hours
from models.hours_open import CLOSING, openness
from models.hours_text import parse_hours
from tests.models.schedules import schedules

DAYS = 15
# The autumn of 2026: a holiday of seven days, swapped workdays before and after it, the end of a season.
SINCE = datetime(2026, 9, 24, tzinfo=LOCAL)


def state_at(openings: Openings, at: datetime) -> tuple[str, datetime | None, datetime | None]:
    """Read what a phone reads: the state, when it closes, when it opens next."""
    passed = (at - SINCE) / timedelta(minutes=1)
    place = bisect_right(openings.minutes, passed) - 1
    begins = [SINCE + timedelta(minutes=minutes) for minutes in openings.minutes]
    later = range(place + 1, len(begins))
    is_open = openings.states[place] == "o"
    until = begins[place + 1] if is_open and place + 1 < len(begins) else None
    opens_at = next((begins[one] for one in later if openings.states[one] == "o"), None)
    return openings.states[place], until, opens_at


closures = st.none() | st.builds(
    lambda start, length: Closure(
        "停电",
        SINCE + timedelta(milliseconds=start),
        None if length is None else SINCE + timedelta(milliseconds=start + length),
    ),
    st.integers(-86_400_000, 15 * 86_400_000),
    st.none() | st.integers(1, 5 * 86_400_000),
)


@settings(max_examples=100, deadline=None)
@given(schedules, closures, st.lists(st.integers(0, 14 * 24 * 60 - 1), max_size=12))
def test_a_phone_reads_what_the_server_says(
    hours: Hours, closure: Closure | None, minutes: list[int]
) -> None:
    openings = resolve(hours, closure, SINCE, DAYS)
    end = SINCE + timedelta(days=DAYS)
    for minute in minutes:
        at = SINCE + timedelta(minutes=minute, milliseconds=minute % 1000)
        now = openness(hours, at, closure)
        state, until, opens_at = state_at(openings, at)
        assert state == LETTERS[now.state]
        if state == "o":
            assert (until is not None and until - at < CLOSING) == (now.state == "closing")
        if now.until is not None and now.until < end:
            assert until == now.until
        if now.opens_at is not None and now.opens_at < end:
            assert opens_at == now.opens_at


@pytest.mark.parametrize(
    ("hours", "states", "count"),
    [
        (UNKNOWN, "u", 1),
        (parse_hours("24小时"), "o", 1),
        (parse_hours("08:00-12:00,13:00-20:00"), "coco", 61),
        (parse_hours("22:00-06:00"), "oco", 31),
    ],
)
def test_each_state_is_told_once(hours: Hours, states: str, count: int) -> None:
    openings = resolve(hours, None, SINCE, DAYS)
    assert openings.states.startswith(states)
    assert len(openings.states) == len(openings.minutes) == count
    assert all(one != other for one, other in zip(openings.states, openings.states[1:], strict=False))


def test_a_closure_within_a_minute_is_told_to_the_millisecond() -> None:
    closure = Closure("停电", SINCE + timedelta(minutes=3, milliseconds=1), None)
    openings = resolve(parse_hours("24小时"), closure, SINCE, DAYS)
    assert openings.states == "oc"
    assert round(openings.minutes[1] * 60_000) == 180_001
