"""The card's code: the shared vectors, and what holds for every code at every moment."""

import base64
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from models.card_codes import (
    STALE_SECONDS,
    CardCode,
    Master,
    NotACardCode,
    Outcome,
    Verdict,
    card_key,
    check,
    code_at,
    day_key,
    descend,
    hour_top,
    parse,
)
from models.clock import LOCAL, local_day
from models.ids import ALPHABET

ROOT = Path(__file__).resolve().parents[2]

# One master to each key id, so that a changed key id leads to another key, as it does on the server.
MASTERS = {letter: Master(letter, letter.encode() * 32) for letter in ALPHABET}
SERIAL = "7K3QF2M9XA"
NOON = datetime(2026, 7, 15, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

# Moments of half a century, to the millisecond that the database keeps.
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2076, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
serials = st.text(ALPHABET, min_size=10, max_size=10)
key_ids = st.sampled_from(ALPHABET)
codes = st.builds(
    CardCode,
    key_id=key_ids,
    serial=serials,
    step=st.integers(0, 32**5 - 1),
    link=st.binary(min_size=10, max_size=10),
)
unhurried = settings(deadline=None, max_examples=150)


class Vector(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    label: str
    at: datetime
    unix_milliseconds: int
    key_id: str
    master: str
    serial: str
    seed_version: int
    card_key: str
    day: str
    hour: int
    day_key: str
    top: str
    anchor: str
    step: int
    place: int
    link: str
    code: str


def read_vectors() -> list[Vector]:
    return msgspec.json.decode((ROOT / "tests/vectors/card_codes.json").read_bytes(), type=list[Vector])


VECTORS = read_vectors()
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda row: f"{row.serial}: {row.label}")


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def key_of(key_id: str, serial: str) -> bytes:
    return card_key(MASTERS[key_id].key, serial, 1)


def shown(at: datetime, key_id: str = "A", serial: str = SERIAL) -> str:
    """What a phone shows at a moment."""
    return code_at(day_key(key_of(key_id, serial), local_day(at)), key_id, serial, at).text


def judged(text: str, now: datetime) -> Outcome:
    """What the server says: the key follows from what the code itself names."""
    code = parse(text)
    return check(code, key_of(code.key_id, code.serial), now)


def later(at: datetime, steps: int) -> datetime:
    return at + timedelta(seconds=30 * steps)


def test_vectors_are_what_their_script_writes() -> None:
    script = subprocess.run(
        [sys.executable, "-m", "scripts.write_vectors", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (script.returncode, script.stdout) == (0, "")


def test_vectors_cover_the_first_and_last_step_of_an_hour_and_of_the_cycle() -> None:
    assert {0, 119} <= {row.place for row in VECTORS}
    assert {0, 32**5 - 1} <= {row.step for row in VECTORS}
    assert {0, 23} <= {row.hour for row in VECTORS}


@each_vector
def test_every_link_of_the_derivation_equals_its_vector(vector: Vector) -> None:
    key = card_key(octets(vector.master), vector.serial, vector.seed_version)
    of_day = day_key(key, vector.day)
    top = hour_top(of_day, vector.hour)
    assert key == octets(vector.card_key)
    assert of_day == octets(vector.day_key)
    assert top == octets(vector.top)
    assert descend(top, vector.serial, 120, vector.place + 1) == octets(vector.link)
    assert descend(octets(vector.link), vector.serial, vector.place + 1, 0) == octets(vector.anchor)


@each_vector
def test_every_code_equals_its_vector_both_ways(vector: Vector) -> None:
    made = code_at(octets(vector.day_key), vector.key_id, vector.serial, vector.at)
    assert made.text == vector.code
    assert made == CardCode(vector.key_id, vector.serial, vector.step, octets(vector.link))
    assert parse(vector.code) == made
    assert vector.at.timestamp() * 1000 == vector.unix_milliseconds
    assert check(made, octets(vector.card_key), vector.at) == Outcome(Verdict.VALID, 0)


@given(codes)
@unhurried
def test_text_and_parse_are_each_others_inverse(code: CardCode) -> None:
    assert len(code.text) == 35
    assert parse(code.text) == code


@given(moments, key_ids, serials)
@unhurried
def test_every_code_is_valid_thirty_seconds_either_way(at: datetime, key_id: str, serial: str) -> None:
    text = shown(at, key_id, serial)
    assert judged(text, at) == Outcome(Verdict.VALID, 0)
    assert judged(text, at - 30 * SECOND) == Outcome(Verdict.VALID, 30)
    assert judged(text, at + 30 * SECOND) == Outcome(Verdict.VALID, -30)


@given(moments, st.integers(2, 20), st.sampled_from([-1, 1]))
@example(datetime(2033, 10, 18, 16, 31, 59, tzinfo=UTC), 20, 1)
@example(datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), 2, 1)
@unhurried
def test_every_code_is_stale_up_to_ten_minutes(at: datetime, steps: int, sign: int) -> None:
    outcome = judged(shown(at), later(at, sign * steps))
    assert outcome == Outcome(Verdict.STALE, -sign * steps * 30)
    assert abs(outcome.skew_seconds) <= STALE_SECONDS


@given(moments, st.integers(21, 32**5 - 21), st.sampled_from([-1, 1]))
@example(datetime(2033, 10, 18, 16, 31, 59, tzinfo=UTC), 120, 1)
@unhurried
def test_every_code_is_forged_beyond_ten_minutes(at: datetime, steps: int, sign: int) -> None:
    text = shown(at)
    now = at.timestamp() + sign * steps * 30
    assume(now > 0)
    assert judged(text, datetime.fromtimestamp(now, UTC)) == Outcome(Verdict.FORGED)


@given(moments, st.integers(0, 34), st.characters(min_codepoint=1, max_codepoint=0x2FF))
@example(NOON, 0, "u")
@unhurried
def test_no_code_with_one_other_character_is_valid(at: datetime, place: int, letter: str) -> None:
    text = shown(at)
    assume(letter not in (text[place], text[place].lower()))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        outcome = judged(changed, at)
    except NotACardCode:
        return
    assert outcome == Outcome(Verdict.FORGED)


@given(moments)
@unhurried
def test_lower_case_and_surrounding_blanks_are_accepted(at: datetime) -> None:
    assert judged(f" \t{shown(at).lower()}\r\n", at) == Outcome(Verdict.VALID, 0)


@given(st.text(max_size=60))
@example("")
@example("UC1")
@example("284512345678901234")
@example("https://qr.alipay.com/fkx00000000000000000000")
@example("UCP" + "0" * 32)
@example("UC1" + "0" * 31)
@example("UC1" + "0" * 33)
@example("UC1" + "0" * 31 + "O")
@example("UC1" + "0" * 31 + "U")
@example("UC1" + "0" * 31 + "ſ")
@example("UC1" + "0" * 31 + "\uff10")
@example("UC1" + "0" * 15 + " " + "0" * 16)
@unhurried
def test_anything_else_is_not_a_card_code(text: str) -> None:
    with pytest.raises(NotACardCode):
        parse(text)


def test_code_of_the_hours_last_step_is_checked_against_its_own_hour() -> None:
    midnight = datetime(2026, 7, 16, tzinfo=LOCAL)
    assert judged(shown(midnight - SECOND), midnight) == Outcome(Verdict.VALID, -30)
    assert judged(shown(midnight), midnight - SECOND) == Outcome(Verdict.VALID, 30)


def test_code_of_another_seed_version_is_forged() -> None:
    code = parse(shown(NOON))
    assert check(code, card_key(MASTERS["A"].key, SERIAL, 2), NOON) == Outcome(Verdict.FORGED)


def test_code_that_was_seen_does_not_yield_the_next_one() -> None:
    seen, following = parse(shown(NOON)), parse(shown(later(NOON, 1)))
    assert descend(following.link, SERIAL, 2, 1) == seen.link
    assert descend(seen.link, SERIAL, 2, 1) != following.link


def test_link_of_the_present_code_under_an_earlier_step_is_forged() -> None:
    code = parse(shown(NOON))
    for steps in (-20, -1, 1, 20):
        moved = CardCode(code.key_id, code.serial, (code.step + steps) % 32**5, code.link)
        assert check(moved, key_of("A", SERIAL), NOON) == Outcome(Verdict.FORGED)


def test_master_is_accepted_for_eight_days_after_its_retirement() -> None:
    master = Master("A", bytes(32), retired=date(2026, 7, 15))
    assert master.accepts(datetime(2026, 7, 23, 23, 59, 59, tzinfo=LOCAL))
    assert not master.accepts(datetime(2026, 7, 24, 0, 0, tzinfo=LOCAL))
    assert Master("A", bytes(32)).accepts(datetime(2099, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("id_", "key"), [("", bytes(32)), ("AB", bytes(32)), ("U", bytes(32)), ("A", bytes(31))]
)
def test_master_that_could_make_no_code_is_refused(id_: str, key: bytes) -> None:
    with pytest.raises(ValueError, match="master"):
        Master(id_, key)


def test_master_does_not_show_its_key() -> None:
    assert "secret" not in repr(Master("A", b"secret" * 6))
