"""Cells of a list about a station's facilities: which there are, and how many (`微波炉2台、充电插座×4`).

Nothing is guessed: a word that is neither a facility nor one with its number is noted and skipped, and where
a facility stands there with two numbers neither is taken.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from models.numerals import DIGITS, read_number
from models.station_words import FACILITY_WORDS
from models.stations import FACILITIES, MOST_COUNT, Equipment, Facility, folded

Problem = tuple[str, str]

# A facility, and how many; None where nobody says so.
Said = tuple[Facility, int | None]

_COLUMNS = ("设施", "设施数量")
_BETWEEN = re.compile(r"[、,，;；/|]+")
_SPLIT_NUMBER = re.compile(r"[0-9]\s+[0-9]")
_NUMBER = rf"([0-9]{{1,9}}|[{DIGITS}]?十[{DIGITS}]?|[{DIGITS}两])"
_UNIT = "[台个只把张套组件部条处间支具排箱盒册本位座对副辆]"
_COUNT = rf"[×✕✖x*:]?(?:共|约)?{_NUMBER}{_UNIT}?"
_COUNT_ALONE = re.compile(_COUNT)
_COUNT_AFTER = re.compile(rf"(.+?)(?:\({_COUNT}\)|{_COUNT})")
_COUNT_BEFORE = re.compile(rf"{_NUMBER}(.+)")
_UNIT_BEFORE = re.compile(rf"{_UNIT}?[×✕✖x*]?")


class _Miscounted(ValueError):
    """A facility with a number that cannot be, such as none."""


def read_facilities(
    named: Mapping[str, str],
) -> tuple[tuple[Facility, ...], tuple[Equipment, ...], list[Problem]]:
    """Return the facilities that a row's 设施 names, what else both columns say, and the problems by column.

    Equipment without a count is what 设施数量 names beside 设施: there is some of it.
    """
    problems: list[Problem] = []
    said = [(column, one) for column in _COLUMNS for one in _said(column, named[column], problems)]
    numbers: dict[Facility, set[int]] = {}
    for column, (facility, count) in said:
        known = numbers.setdefault(facility, set())
        if count and count not in known:
            known.add(count)
            if len(known) == 2:  # Said once, however many more there are.
                problems.append((column, f"{FACILITIES[facility]}写了不同的数量，数量未采用"))
    there = {facility for column, (facility, _) in said if column == "设施"}
    equipment = (
        Equipment(facility=one, count=min(numbers[one]) if len(numbers[one]) == 1 else None, listed=True)
        for one in FACILITIES
        if one in numbers
    )
    return (
        tuple(one for one in FACILITIES if one in there),
        tuple(one for one in equipment if one.count or one.facility not in there),
        problems,
    )


def _said(column: str, cell: str, problems: list[Problem]) -> Iterator[Said]:
    for word in _words(cell):
        try:
            said = _read(folded(word))
        except _Miscounted:
            problems.append((column, f"“{word[:20]}”的数量不是 1 到 {MOST_COUNT}，已略过"))
            continue
        if said:
            yield said
        else:
            problems.append((column, f"不认识“{word[:20]}”，已略过"))


def _words(cell: str) -> Iterator[str]:
    """Yield the words of a cell, each with its number; what spaces divide may be one word or several."""
    for part in _BETWEEN.split(cell):
        if _is_word(folded(part)) and not _SPLIT_NUMBER.search(part):
            yield part.strip()
        else:
            yield from _joined(part.split())


def _joined(words: list[str]) -> Iterable[str]:
    """Return words with the numbers that follow them; as they are where a number follows no facility."""
    joined: list[str] = []
    for word in words:
        if not _COUNT_ALONE.fullmatch(folded(word)):
            joined.append(word)
        elif joined and folded(joined[-1]) in FACILITY_WORDS:
            joined[-1] += word
        else:
            return words
    return joined


def _is_word(word: str) -> bool:
    try:
        return _read(word) is not None
    except _Miscounted:
        return True


def _read(word: str) -> Said | None:
    """Return what a folded word says, None if nothing that is known; _Miscounted."""
    if word in FACILITY_WORDS:
        return FACILITY_WORDS[word], None
    if (found := _COUNT_AFTER.fullmatch(word)) and found[1] in FACILITY_WORDS:
        return FACILITY_WORDS[found[1]], _number(found[2] or found[3])
    if found := _COUNT_BEFORE.fullmatch(word):
        for name in (found[2], _UNIT_BEFORE.sub("", found[2], count=1)):  # 座椅 begins with a unit itself.
            if name in FACILITY_WORDS:
                return FACILITY_WORDS[name], _number(found[1])
    return None


def _number(text: str) -> int:
    """Return how many a number says there are; _Miscounted."""
    number = read_number(text)
    if not 1 <= number <= MOST_COUNT:
        raise _Miscounted
    return number
