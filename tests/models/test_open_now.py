"""Whether a station is open now: by hours, a closure, the 站长's word and the doubt of two people."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from models.clock import LOCAL
from models.evidence import Evidence, Mark, Problem, Statement
from models.hours import Closure
from models.hours_open import OPEN, State, openness
from models.hours_text import parse_hours
from models.open_now import as_said, open_now
from models.stations import Station

DAY = datetime(2026, 7, 15, tzinfo=LOCAL)
STATION = Station(
    id="4E8M0R2T", name="站", address="", district="", source="", hours=parse_hours("9:00-17:00")
)


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def evidence(said: Statement | None = None, *marks: Mark) -> Evidence:
    return Evidence(id=STATION.id, said=said, marks={mark.problem: mark for mark in marks}, changed=DAY)


def doubt(hour: float, problem: Problem = "locked") -> Mark:
    return Mark(problem, "doubtful", at(hour), at(hour))


@pytest.mark.parametrize(
    ("said", "now", "state", "code"),
    [
        ((7, True), 8, "open", "keeper_opened"),
        ((7, True), 10, "open", None),
        ((7, True), 18, "closed", None),
        ((16, True), 18, "closed", None),
        ((18, True), 19, "open", "keeper_opened"),
        ((18, True), 24.5, "closed", None),
        ((10, False), 11, "closed", "keeper_closed"),
        ((10, False), 24.5, "closed", None),
        ((10, False), 34, "open", None),
    ],
)
def test_the_keeper_s_word_holds_until_the_hours_say_something_new_and_no_longer_than_its_day(
    said: tuple[float, bool], now: float, state: State, code: str | None
) -> None:
    known = evidence(Statement(said[1], at(said[0]), "K"))
    found = open_now(STATION, known, at(now))
    assert (found.state, found.reason.code if found.reason else None) == (state, code)


def test_a_closure_that_began_after_the_keeper_s_word_ends_it() -> None:
    known = evidence(Statement(True, at(7), "K"))
    closed = replace(STATION, closure=Closure(reason="停电", since=at(7.5), until=at(30)))
    found = open_now(closed, known, at(8))
    assert (found.state, found.reason.code if found.reason else None) == ("closed", "closure")
    earlier = replace(STATION, closure=Closure(reason="停电", since=at(6), until=at(30)))
    assert open_now(earlier, known, at(8)).state == "open", "he stands at the door and knows better"


def test_a_day_closed_by_the_keeper_leads_to_the_next_opening() -> None:
    found = open_now(STATION, evidence(Statement(False, at(10), "K")), at(11))
    assert (found.opens_at, found.changes_at) == (at(33), at(24))
    always = replace(STATION, hours=parse_hours("24小时"))
    assert open_now(always, evidence(Statement(False, at(10), "K")), at(11)).opens_at == at(24)


def test_what_people_doubt_is_not_open_and_what_is_closed_stays_closed() -> None:
    assert open_now(STATION, evidence(None, doubt(10)), at(11)).state == "unknown"
    assert open_now(STATION, evidence(None, doubt(10)), at(18)).state == "closed"
    assert open_now(STATION, evidence(None, doubt(10, "facility_broken")), at(11)).state == "open"
    one = replace(doubt(10), state="reported")
    assert open_now(STATION, evidence(None, one), at(11)).state == "open"


@given(st.floats(0, 48), st.floats(0, 24), st.booleans(), st.booleans())
def test_nothing_that_is_said_makes_a_doubted_or_closed_station_open(
    hour: float, later: float, is_open: bool, is_doubted: bool
) -> None:
    marks = [doubt(hour)] if is_doubted else []
    said, moment = Statement(is_open, at(hour), "K"), at(hour + later)
    usual = openness(STATION.hours, moment)
    found = as_said(usual, STATION, evidence(said, *marks), moment)
    is_today = said.at.date() == moment.date()
    if is_today and not is_open:
        assert found.state == "closed"
    elif found.state in OPEN:
        assert usual.state in OPEN or (is_open and is_today)
    if is_doubted and not is_open:
        assert found.state not in OPEN
    assert found.until is None or found.until == usual.until
