"""Cells of a list about what else a station's record may say: the words that people write, what they mean.

Nothing is guessed: of a cell that cannot be read only the reason is kept. A mobile number is a person's and
is taken neither as the station's phone, which is public, nor for the unit on whose premises the station is.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from models.numerals import read_number
from models.station_details import (
    ALIAS_LETTERS,
    BUILD_MODES,
    ENTRIES,
    FLOOR_LETTERS,
    MOST_ALIASES,
    MOST_AREA,
    MOST_CAPACITY,
    MOST_STARS,
    NO_DETAILS,
    NO_PREMISES,
    UNIT_LETTERS,
    WAY_LETTERS,
    DetailName,
    Premises,
    PremisesName,
    StationDetails,
)
from models.station_words import DETAIL_COLUMNS, ENTRY_WORDS, MODE_WORDS, PREMISES_COLUMNS, YES_NO_WORDS
from models.stations import folded

Problem = tuple[str, str]
N = TypeVar("N", bound=str)

_BETWEEN_ALIASES = re.compile(r"[、,，;；/|]")
_COUNT = re.compile(r"约?(\d{1,9})(?:人|个人|名)?", re.ASCII)
_AREA = re.compile(r"约?(\d{1,9}(?:\.\d{1,3})?)(?:平方米|平方|平米|平|m2)?", re.ASCII)
_STARS = re.compile(r"([1-9一二三四五])星?级?(?:驿站)?")
_FLOOR = re.compile(r"\d{1,3}", re.ASCII)
_PHONE = re.compile(r"\d[\d-]{4,19}", re.ASCII)
_AREA_CODE = re.compile(r"\((\d+)\)-?", re.ASCII)
_MOBILE = re.compile(r"(?:\+?86-?)?1[3-9](?:-?\d){9}", re.ASCII)
_MOBILE_WITHIN = re.compile(r"(?<!\d)(?:86-?)?1[3-9](?:-?\d){9}(?!\d)", re.ASCII)


class _Unread(ValueError):
    """A cell that cannot be taken over, and why."""


def read_details(named: Mapping[str, str]) -> tuple[StationDetails, list[Problem]]:
    """Return what a row's cells by column say, and of each that cannot be read its column and the reason."""
    told, problems = _read(named, DETAIL_COLUMNS, _READERS)
    # One for all stations of which a list says nothing more: a process holds many.
    return StationDetails(**told) if told else NO_DETAILS, problems


def read_premises(named: Mapping[str, str]) -> tuple[Premises, list[Problem]]:
    """Return whose roof a row says it is, and of each cell that cannot be read its column and the reason."""
    told, problems = _read(named, PREMISES_COLUMNS, _PREMISES_READERS)
    return Premises(**told) if told else NO_PREMISES, problems


def _read(
    named: Mapping[str, str], columns: Mapping[N, str], readers: Mapping[N, Callable[[str], Any]]
) -> tuple[dict[str, Any], list[Problem]]:
    told: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, column in columns.items():
        if text := named[column]:
            try:
                told[name] = readers[name](text)
            except _Unread as why:
                problems.append((column, str(why)))
    return told, problems


def _unknown(text: str, known: str) -> _Unread:
    return _Unread(f"不认识“{text[:20]}”，已略过；请用：{known}")


def _one_of(words: Mapping[str, Any], known: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        found = words.get(folded(text))
        if found is None:
            raise _unknown(text, known)
        return found

    return read


def _number(pattern: re.Pattern[str], most: int, unit: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        found = pattern.fullmatch(folded(text))
        number = round(float(found[1])) if found else 0
        if not 1 <= number <= most:
            raise _Unread(f"“{text[:20]}”不是 1 到 {most} 的{unit}，已略过")
        return number

    return read


def _line(most: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > most:
            raise _Unread(f"超过 {most} 个字，已略过")
        return text

    return read


def _aliases(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(filter(None, map(str.strip, _BETWEEN_ALIASES.split(text)))))
    if len(names) > MOST_ALIASES or any(len(name) > ALIAS_LETTERS for name in names):
        raise _Unread(f"最多 {MOST_ALIASES} 个别名，每个不超过 {ALIAS_LETTERS} 个字，已略过")
    return names


def _floor(text: str) -> str:
    number = unicodedata.normalize("NFKC", text)
    return f"{number}层" if _FLOOR.fullmatch(number) else _line(FLOOR_LETTERS)(text)


def _stars(text: str) -> int:
    word = folded(text)
    found = _STARS.fullmatch(str(len(word)) if set(word) == {"★"} else word)
    number = read_number(found[1]) if found else 0
    if not 1 <= number <= MOST_STARS:
        raise _Unread(f"“{text[:20]}”不是 1 到 {MOST_STARS} 星，已略过")
    return number


def _phone(mobile: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        number = _AREA_CODE.sub(r"\1-", folded(text))
        if _MOBILE.fullmatch(number):
            raise _Unread(f"像是个人手机号，{mobile}")
        if not _PHONE.fullmatch(number):
            raise _Unread(f"“{text[:20]}”不是电话号码，已略过")
        return number

    return read


def _unit(text: str) -> str:
    if _MOBILE_WITHIN.search(folded(text)):
        raise _Unread("写有个人手机号，未采用；请只填单位名称")
    return _line(UNIT_LETTERS)(text)


_READERS: Mapping[DetailName, Callable[[str], Any]] = {
    "aliases": _aliases,
    "floor": _floor,
    "way": _line(WAY_LETTERS),
    "entry": _one_of(ENTRY_WORDS, "、".join(ENTRIES.values())),
    "capacity": _number(_COUNT, MOST_CAPACITY, "人数"),
    "area": _number(_AREA, MOST_AREA, "平方米数"),
    "stars": _stars,
    "parking": _one_of(YES_NO_WORDS, "是、否"),
    "phone": _phone("会公开显示，未采用；请填驿站的电话"),
    "mode": _one_of(MODE_WORDS, "、".join(BUILD_MODES.values())),
    "finest": _one_of(YES_NO_WORDS, "是、否"),
}
_PREMISES_READERS: Mapping[PremisesName, Callable[[str], Any]] = {
    "unit": _unit,
    "phone": _phone("未采用；请填单位的电话"),
}
