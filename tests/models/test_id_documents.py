"""Identity documents: forms, check digits, dates, ages."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Refusal
from models.id_documents import (
    CHECK_DIGITS,
    BirthDateRequired,
    DocumentKind,
    TooYoung,
    WrongDocument,
    age_on,
    check_digit,
    read_document,
)

TODAY = date(2026, 7, 15)
BORN = date(1990, 1, 1)


def number(birth: str = "19900101", region: str = "410105", order: str = "123") -> str:
    digits = f"{region}{birth}{order}"
    return digits + check_digit(digits)


def test_published_numbers_pass_and_say_when_their_holders_were_born() -> None:
    # The examples of GB 11643-1999, appendix A.
    for text, born in (
        ("11010519491231002X", date(1949, 12, 31)),
        ("440524188001010014", None),
        (" 11010519491231002x", date(1949, 12, 31)),
    ):
        if born is None:
            with pytest.raises(WrongDocument) as refused:
                read_document("resident", text, None, TODAY)
            assert refused.value.details == {"reason": "birth_date"}, "nobody is 146 years old"
        else:
            assert read_document("resident", text, None, TODAY).born == born


@given(st.integers(0, 17), st.sampled_from(CHECK_DIGITS))
def test_a_single_wrong_character_is_noticed(place: int, character: str) -> None:
    right = number()
    wrong = right[:place] + character + right[place + 1 :]
    if wrong == right:
        return
    with pytest.raises(WrongDocument):
        read_document("resident", wrong, None, TODAY)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "form"),
        ("123456789012345", "form"),
        (number()[:17], "form"),
        (number().replace("4", "４", 1), "form"),
        (number(region="470105"), "region"),
        (number(region="100105"), "region"),
        (number(birth="19900230"), "birth_date"),
        (number(birth="19901301"), "birth_date"),
        (number(birth="20260716"), "birth_date"),
        (number(birth="18000101"), "birth_date"),
        (number(birth="00000101"), "birth_date"),
        (number()[:17] + ("1" if number()[17] != "1" else "2"), "check_digit"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(WrongDocument) as refused:
        read_document("resident", text, None, TODAY)
    assert refused.value.details == {"reason": reason}


def test_whoever_is_sixteen_today_may_join_and_whoever_is_tomorrow_may_not() -> None:
    sixteen = TODAY.replace(year=TODAY.year - 16)
    assert read_document("resident", number(birth=f"{sixteen:%Y%m%d}"), None, TODAY).born == sixteen
    with pytest.raises(TooYoung):
        read_document("resident", number(birth=f"{sixteen + timedelta(days=1):%Y%m%d}"), None, TODAY)


def test_a_birthday_on_the_29th_of_february_comes_on_the_first_of_march() -> None:
    born = date(2008, 2, 29)
    assert (age_on(born, date(2026, 2, 28)), age_on(born, date(2026, 3, 1))) == (17, 18)


@pytest.mark.parametrize(
    ("kind", "text", "key"),
    [
        ("passport", "e12345678", "passport:E12345678"),
        ("hk_macau_permit", "H12345678", "hk_macau_permit:H12345678"),
        ("hk_macau_permit", "M1234567801", "hk_macau_permit:M1234567801"),
        ("taiwan_permit", "12345678", "taiwan_permit:12345678"),
        ("taiwan_permit", "1234567890A", "taiwan_permit:1234567890A"),
    ],
)
def test_a_travel_document_needs_a_birth_date_and_is_told_apart_by_its_kind(
    kind: DocumentKind, text: str, key: str
) -> None:
    assert read_document(kind, text, BORN, TODAY).key == key
    with pytest.raises(BirthDateRequired):
        read_document(kind, text, None, TODAY)
    with pytest.raises(WrongDocument):
        read_document(kind, text, TODAY + timedelta(days=1), TODAY)


@pytest.mark.parametrize(
    ("kind", "region"),
    [("residence_permit", "810000"), ("residence_permit", "830000"), ("foreigner_permit", "911156")],
)
def test_permits_of_eighteen_characters_bear_a_check_digit(kind: DocumentKind, region: str) -> None:
    text = number(region=region)
    assert read_document(kind, text, None, TODAY).key == text
    with pytest.raises(WrongDocument):
        read_document("resident", text, None, TODAY)


def test_a_birth_date_that_the_number_contradicts_is_refused() -> None:
    with pytest.raises(WrongDocument):
        read_document("resident", number(), BORN + timedelta(days=1), TODAY)


@given(
    st.sampled_from(
        ["resident", "residence_permit", "foreigner_permit", "hk_macau_permit", "taiwan_permit", "passport"]
    ),
    st.text(max_size=30),
    st.none() | st.dates(),
)
def test_any_text_is_read_or_refused(kind: DocumentKind, text: str, born: date | None) -> None:
    try:
        found = read_document(kind, text, born, TODAY)
    except Refusal:
        return
    assert 16 <= age_on(found.born, TODAY) <= 120
