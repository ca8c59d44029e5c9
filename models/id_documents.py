"""Identity documents: what a number must look like, and what it says of its holder. Pure rules, no database.

Numbers of 18 characters follow GB 11643-1999: region (6), date of birth (8), order (3), and a check digit of
ISO 7064 MOD 11-2. The 居住证 of people from 港澳台 (regions 81, 82, 83) and the 外国人永久居留身份证 of 2023
(first digit 9) bear the same form. Passports and travel permits say nothing of a date of birth, which then
has to be given. Nobody works, and so joins, before sixteen (劳动法 art. 15, 工会法 art. 3).
"""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from models.errors import Invalid

LEAST_AGE = 16
GREATEST_AGE = 120
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"

# Provinces by the first two digits (GB/T 2260).
PROVINCES = frozenset(
    str(number)
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71))
    for number in range(first, last + 1)
)

DocumentKind = Literal[
    "resident", "residence_permit", "foreigner_permit", "hk_macau_permit", "taiwan_permit", "passport"
]
KINDS: Mapping[DocumentKind, str] = MappingProxyType(
    {
        "resident": "居民身份证",
        "residence_permit": "港澳台居民居住证",
        "foreigner_permit": "外国人永久居留身份证",
        "hk_macau_permit": "港澳居民来往内地通行证",
        "taiwan_permit": "台湾居民来往大陆通行证",
        "passport": "护照",
    }
)
_FORMS: Mapping[DocumentKind, re.Pattern[str]] = MappingProxyType(
    {
        "resident": re.compile(r"[1-7]\d{16}[\dX]", re.ASCII),
        "residence_permit": re.compile(r"8[123]\d{15}[\dX]", re.ASCII),
        "foreigner_permit": re.compile(r"9\d{16}[\dX]", re.ASCII),
        "hk_macau_permit": re.compile(r"[HM]\d{8}(\d{2})?", re.ASCII),
        "taiwan_permit": re.compile(r"\d{8}|\d{10}[A-Z]?", re.ASCII),
        "passport": re.compile(r"(?=.*\d)[A-Z0-9]{6,12}", re.ASCII),
    }
)
CHECKED: frozenset[DocumentKind] = frozenset({"resident", "residence_permit", "foreigner_permit"})


class WrongDocument(Invalid):
    """The number is none of its kind; `details.reason`: form, region, check_digit, birth_date."""

    code = "id_document_wrong"
    message = "证件号码不正确，请核对后重新填写"


class BirthDateRequired(Invalid):
    """The document does not say when its holder was born, and nobody else does."""

    code = "birth_date_required"
    message = "请填写出生日期"


class TooYoung(Invalid):
    """The person is under sixteen."""

    code = "too_young"
    message = "年满十六周岁才能申请入会"


class IdDocument(Struct, frozen=True):
    """A document that passed; `key` is what it is found by, the same however it was typed."""

    kind: DocumentKind
    number: str
    born: date

    @property
    def key(self) -> str:
        """The number, with the kind before it where two kinds may share a number."""
        return self.number if self.kind in CHECKED else f"{self.kind}:{self.number}"


def check_digit(number: str) -> str:
    """Return the check digit of the first seventeen digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def age_on(born: date, day: date) -> int:
    """Return the full years of age; who was born on 29 February has a birthday on 1 March otherwise."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def read_document(kind: DocumentKind, text: str, born: date | None, today: date) -> IdDocument:
    """Return a document as it is kept; WrongDocument, BirthDateRequired, TooYoung.

    `born` is what the holder says; a number that says otherwise wins by being refused.
    """
    number = _spelled(kind, text)
    said = _birth_of(kind, number) if kind in CHECKED else born
    if said is None:
        raise BirthDateRequired
    age = age_on(said, today)
    if said > today or age > GREATEST_AGE or (born and born != said):
        raise WrongDocument(reason="birth_date")
    if age < LEAST_AGE:
        raise TooYoung
    return IdDocument(kind, number, said)


def document_key(kind: DocumentKind, text: str) -> str:
    """Return what a document is found by, whoever its holder is; WrongDocument."""
    number = _spelled(kind, text)
    return IdDocument(kind, number, _birth_of(kind, number) if kind in CHECKED else date.min).key


def list_keys(text: str) -> list[str]:
    """Return all that a number may be found by while nobody says of which kind it is, right or wrong."""
    number = "".join(text.split()).upper()
    shared = [kind for kind, form in _FORMS.items() if kind not in CHECKED and form.fullmatch(number)]
    return [number, *(f"{kind}:{number}" for kind in shared)]


def _spelled(kind: DocumentKind, text: str) -> str:
    number = "".join(text.split()).upper()
    if not _FORMS[kind].fullmatch(number):
        raise WrongDocument(reason="form")
    return number


def _birth_of(kind: DocumentKind, number: str) -> date:
    if kind == "resident" and number[:2] not in PROVINCES:
        raise WrongDocument(reason="region")
    if check_digit(number) != number[17]:
        raise WrongDocument(reason="check_digit")
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise WrongDocument(reason="birth_date") from error
