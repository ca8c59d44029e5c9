"""Judgements: what a text is, and what follows from it, card by card and moment by moment."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.card_codes import Master, Verdict, card_key, check, check_offline, code_at, day_key
from models.cards import Card, CardEvent, CardState
from models.clock import local_day
from models.judgements import Judge, Medium, Moment, moment_of, read
from models.masters import Masters
from models.print_codes import make_print_code

NOON = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MASTER, PRINT_MASTER = Master("1", b"c" * 32), Master("1", b"p" * 32)
SERIAL = "7K3QF2M9XA"
CARD = Card(id=SERIAL, person="someone", holder=b"", standing="active", issued=NOON)
JUDGE = Judge(Masters([MASTER]), Masters([PRINT_MASTER]))


def shown(at: datetime) -> str:
    key = day_key(card_key(MASTER.key, SERIAL, 1), local_day(at))
    return code_at(key, "1", SERIAL, at).text


def card(*events: tuple[CardState, int]) -> Card:
    """A card whose states began at so many minutes after noon."""
    log = {
        str(place): CardEvent(state, "someone", NOON + minutes * MINUTE)
        for place, (state, minutes) in enumerate(events)
    }
    return msgspec.structs.replace(CARD, state=events[-1][0] if events else "active", log=log)


@pytest.mark.parametrize(
    ("text", "medium"),
    [
        (shown(NOON), "code"),
        (make_print_code(b"x" * 32, "1", SERIAL, 1).text, "printed"),
        (SERIAL, "typed"),
        ("7k3qf 2m9xa", "typed"),
        ("7K3QF-2M9XA", "typed"),
        (" oiL0000000\n", "typed"),
        ("7K3QF2M9XU", None),
        ("7K3QF2M9X", None),
        ("7K3QF2M9XA0", None),
        ("7K3QF  2M9XA", None),
        ("７K3QF2M9XA", None),
        ("", None),
        ("6212345678901234567", None),
    ],
)
def test_the_medium_is_told_by_the_form(text: str, medium: Medium | None) -> None:
    reading = read(text)
    assert (reading.medium if reading else None) == medium


@given(st.text(max_size=64))
def test_no_text_breaks_the_reading(text: str) -> None:
    reading = read(text)
    assert JUDGE.judge(reading, None, "identify", Moment(NOON)).reason == "unknown_code"


@pytest.mark.parametrize(
    ("at_minute", "state"), [(-1, "active"), (0, "frozen"), (4, "frozen"), (5, "active"), (9, "revoked")]
)
def test_a_card_s_state_at_a_moment_is_read_from_its_log(at_minute: int, state: CardState) -> None:
    one = card(("frozen", 0), ("active", 5), ("revoked", 8))
    assert one.state_at(NOON + at_minute * MINUTE) == state


def test_a_card_without_a_log_is_what_it_is() -> None:
    revoked = msgspec.structs.replace(CARD, state="revoked")
    assert revoked.state_at(NOON) == "revoked"


@given(st.integers(-40, 40))
def test_online_and_offline_differ_in_two_steps_of_tolerance_and_in_what_is_far_away(steps: int) -> None:
    key = card_key(MASTER.key, SERIAL, 1)
    reading = read(shown(NOON + steps * timedelta(seconds=30)))
    assert reading
    assert reading.code
    online, offline = (one(reading.code, key, NOON) for one in (check, check_offline))  # type: ignore[arg-type]  # a rotating code
    distance = abs(steps)
    assert (online.verdict is Verdict.VALID) == (distance <= 1)
    assert (offline.verdict is Verdict.VALID) == (distance <= 2)
    assert (online.verdict is Verdict.FORGED) == (distance > 20)
    assert (offline.verdict is Verdict.DISTANT) == (distance > 20)
    assert offline.skew_seconds == steps * 30


@pytest.mark.parametrize("years", [-14, -1, 1, 14])
def test_a_right_code_of_another_year_is_distant_and_not_forged(years: int) -> None:
    far = NOON + timedelta(days=365 * years)
    reading = read(shown(far))
    judgement = JUDGE.judge(reading, CARD, "identify", Moment(NOON, is_offline=True))
    assert (judgement.outcome, judgement.reason) == ("review", "clock_doubtful")


@pytest.mark.parametrize(
    ("offset_seconds", "ago", "is_doubtful"),
    [
        (0, timedelta(hours=5), False),
        (0, timedelta(days=7), False),
        (0, timedelta(days=7, seconds=1), True),
        (60, timedelta(), False),
        (61, timedelta(), True),
        (3 * 86_400, timedelta(days=3), False),
        (-3 * 86_400, timedelta(days=-3), False),
        (0, timedelta(days=-3), True),
    ],
)
def test_a_moment_is_the_scanner_s_own_as_corrected_while_that_is_plausible(
    offset_seconds: float, ago: timedelta, is_doubtful: bool
) -> None:
    when = moment_of(NOON - ago, timedelta(seconds=offset_seconds), NOON)
    assert when.is_offline
    assert when.is_doubtful == is_doubtful
    assert when.at == (NOON if is_doubtful else NOON - ago + timedelta(seconds=offset_seconds))


Showing = Literal["code", "printed", "typed"]


@pytest.mark.parametrize("showing", ["code", "typed"])
@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (card(("frozen", -5)), "blocked"),
        (card(("revoked", -5)), "revoked"),
        (msgspec.structs.replace(CARD, standing="applied"), "pending_approval"),
        (msgspec.structs.replace(CARD, standing="left"), "member_expired"),
    ],
)
@pytest.mark.parametrize("is_doubtful", [False, True])
def test_what_bars_a_card_bars_it_in_every_medium_and_at_any_clock(
    showing: Showing, one: Card, reason: str, is_doubtful: bool
) -> None:
    text = shown(NOON) if showing == "code" else SERIAL
    judgement = JUDGE.judge(
        read(text), one, "identify", Moment(NOON, is_offline=True, is_doubtful=is_doubtful)
    )
    assert (judgement.outcome, judgement.reason) == ("refused", reason)


def test_a_code_under_a_retired_key_counts_at_its_own_time_and_not_after() -> None:
    retired = Master("1", MASTER.key, (NOON - timedelta(days=9)).date())
    judge = Judge(Masters([retired, Master("2", b"d" * 32)]), Masters(()))
    for days, reason in ((1, None), (0, "bad_signature")):
        at = NOON - timedelta(days=days)
        assert judge.judge(read(shown(at)), CARD, "identify", Moment(at, is_offline=True)).reason == reason
