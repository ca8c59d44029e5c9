"""Codes of organisations, and what their forms may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.organisation_codes import CREDIT_LETTERS, credit_check, is_credit_code, is_division
from models.organisation_forms import Counts, Details, Term, WrongForm, check


def test_the_example_of_the_standard_is_right() -> None:
    assert is_credit_code("91350100M000100Y43")  # GB 32100-2015, 附录 A.


@given(st.text(CREDIT_LETTERS, min_size=9, max_size=9), st.integers(0, 17), st.sampled_from(CREDIT_LETTERS))
def test_one_wrong_letter_is_found(tail: str, place: int, letter: str) -> None:
    first = "91410105" + tail
    code = first + credit_check(first)
    changed = code[:place] + letter + code[place + 1 :]
    assert is_credit_code(code)
    assert is_credit_code(changed) is (changed == code)


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100I000100Y43", "９1350100M000100Y43"])
def test_what_is_no_code_is_refused(code: str) -> None:
    assert not is_credit_code(code)


def test_a_division_has_six_or_nine_digits_in_a_province() -> None:
    assert is_division("410105")
    assert is_division("410105001")
    assert not any(map(is_division, ("41010", "4101050", "990105", "４10105", "")))


@pytest.mark.parametrize(
    ("begins", "years", "ends"),
    [("2024-05-01", 5, "2029-05-01"), ("2024-02-29", 3, "2027-03-01"), ("2023-02-28", 3, "2026-02-28")],
)
def test_a_term_ends_on_the_same_day_of_a_later_year(begins: str, years: int, ends: str) -> None:
    assert Term(years=years, begins=begins).ends == ends  # type: ignore[arg-type]  # three or five, as listed


def counts(workers: int, members: int, women: int, migrants: int, counted_on: str = "2026-01-01") -> Details:
    return Details(
        counts=Counts(workers=workers, members=members, women=women, migrants=migrants, counted_on=counted_on)
    )


def test_everybody_may_be_a_woman_and_a_migrant_member() -> None:
    check(counts(3, 3, 3, 3), "2026-07-15")


@pytest.mark.parametrize(
    "details",
    [counts(2, 3, 0, 0), counts(3, 2, 3, 0), counts(3, 2, 0, 3), counts(3, 2, 1, 1, "2026-07-16")],
)
def test_more_of_a_part_than_of_the_whole_is_refused(details: Details) -> None:
    with pytest.raises(WrongForm):
        check(details, "2026-07-15")
