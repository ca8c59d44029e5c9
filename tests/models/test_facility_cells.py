"""Facilities with their numbers as people write them: read by many forms, or noted, and never guessed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.facility_cells import Problem, read_facilities
from models.station_words import FACILITY_WORDS
from models.stations import FACILITIES, MOST_COUNT, Facility

Read = tuple[tuple[Facility, ...], dict[Facility, int | None], list[Problem]]


def read(facilities: str = "", counts: str = "") -> Read:
    there, equipment, problems = read_facilities({"设施": facilities, "设施数量": counts})
    return there, {one.facility: one.count for one in equipment}, problems


@pytest.mark.parametrize(
    ("cell", "counts"),
    [
        ("微波炉2台、饮水机1台", {"water": 1, "microwave": 2}),
        ("充电插座×4", {"charging": 4}),
        ("充电插座x4；冰箱*1", {"charging": 4, "fridge": 1}),
        ("微波炉：2，空调:１台", {"microwave": 2, "air_conditioning": 1}),
        ("微波炉（2台）、药箱(1)", {"microwave": 2, "medicine": 1}),
        ("微波炉两台 饮水机一台", {"water": 1, "microwave": 2}),
        ("座椅十二把/图书二十本", {"seats": 12, "books": 20}),
        ("座椅约10把", {"seats": 10}),
        ("2台微波炉，1个饮水机", {"water": 1, "microwave": 2}),
        ("1座椅、2 台冰箱", {"seats": 1, "fridge": 2}),
        ("2×微波炉", {"microwave": 2}),
        ("微波炉 2 台", {"microwave": 2}),
        ("微波炉 2台 饮水机 ×1", {"water": 1, "microwave": 2}),
        ("微波炉2台\n饮水机1台", {"water": 1, "microwave": 2}),
        ("Wi Fi、AED 1台、WC", {"aed": 1}),
        ("图书999册", {"books": 999}),
        ("饮水机1台、热水1", {"water": 1}),
        ("饮水机、热水1", {"water": 1}),
    ],
)
def test_a_number_is_read_as_people_write_it(cell: str, counts: dict[Facility, int]) -> None:
    there, known, problems = read(cell)
    assert (known, set(counts) <= set(there)) == (counts, True)
    assert [reason for _, reason in problems] == (["不认识“WC”，已略过"] if "WC" in cell else [])


@pytest.mark.parametrize(
    ("cell", "there", "reason"),
    [
        ("微波炉0台", (), "“微波炉0台”的数量不是 1 到 999，已略过"),
        ("微波炉1000台", (), "“微波炉1000台”的数量不是 1 到 999，已略过"),
        ("微波炉-2台", (), "不认识“微波炉-2台”，已略过"),
        ("微波炉2.5台", (), "不认识“微波炉2.5台”，已略过"),
        ("微波炉2-3台", (), "不认识“微波炉2-3台”，已略过"),
        ("微波炉若干", (), "不认识“微波炉若干”，已略过"),
        ("空调2匹", (), "不认识“空调2匹”，已略过"),
        ("秋千2个", (), "不认识“秋千2个”，已略过"),
        ("微波炉2台、微波炉3台、微波炉3台", ("microwave",), "微波炉写了不同的数量，数量未采用"),
        ("4个", (), "不认识“4个”，已略过"),
    ],
)
def test_a_number_that_cannot_be_read_is_noted_and_not_guessed(
    cell: str, there: tuple[Facility, ...], reason: str
) -> None:
    assert read(cell) == (there, {}, [("设施", reason)])
    counted = dict.fromkeys(there)
    assert read(counts=cell) == ((), counted, [("设施数量", reason)])


@pytest.mark.parametrize(
    ("cell", "unread"),
    [
        ("2台 微波炉 1台 饮水机", ("2台", "1台")),
        ("微波炉 饮水机 2 4个", ("2", "4个")),
        ("饮水机、微波炉 2 4个", ("2", "4个")),
    ],
)
def test_a_number_that_may_be_of_either_neighbour_is_of_none(cell: str, unread: tuple[str, ...]) -> None:
    reasons = [("设施", f"不认识“{word}”，已略过") for word in unread]
    assert read(cell) == (("water", "microwave"), {}, reasons)


def test_what_is_only_counted_is_there_too() -> None:
    assert read("厕所", "微波炉2台、饮水") == (("toilet",), {"water": None, "microwave": 2}, [])
    assert read("厕所、微波炉", "微波炉2台") == (("microwave", "toilet"), {"microwave": 2}, [])


def test_two_columns_that_say_different_numbers_are_noted_at_the_second() -> None:
    problem = ("设施数量", "微波炉写了不同的数量，数量未采用")
    assert read("微波炉2台", "微波炉3台") == (("microwave",), {}, [problem])


def test_empty_cells_say_nothing() -> None:
    assert read() == ((), {}, [])
    assert read("、 ，", "；") == ((), {}, [])


WORDS: dict[Facility, list[str]] = {
    facility: [word for word, meaning in FACILITY_WORDS.items() if meaning == facility]
    for facility in FACILITIES
}
FORMS = (
    "{word}{count}{unit}",
    "{word}×{count}",
    "{word} x {count}{unit}",
    "{word}（{count}{unit}）",
    "{count}{unit}{word}",
)


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(list(FACILITIES)), st.none() | st.integers(1, MOST_COUNT)),
    st.sampled_from(["、", "，", ";", " / ", "\n、"]),
    st.data(),
)
def test_any_facilities_with_any_numbers_are_read_as_they_were_written(
    counts: dict[Facility, int | None], between: str, data: st.DataObject
) -> None:
    def written(facility: Facility, count: int | None) -> str:
        word = data.draw(st.sampled_from(WORDS[facility]))
        form, unit = data.draw(st.sampled_from(FORMS)), data.draw(st.sampled_from(["", "台", "个"]))
        return form.format(word=word, count=count, unit=unit) if count else word

    cell = between.join(written(facility, count) for facility, count in counts.items())
    there = tuple(one for one in FACILITIES if one in counts)
    assert read(cell) == (there, {one: count for one, count in counts.items() if count}, [])
    assert read(counts=cell) == ((), counts, [])


pieces = st.sampled_from(
    ["微波炉", "饮水", "2", "台", "×", "(", "）", "十", "两", " ", "、", "0", "-", "秋千", "x"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=40))
def test_any_words_end_in_facilities_or_problems(cell: str) -> None:
    there, counts, problems = read(cell, cell)
    assert all(count is None or 1 <= count <= MOST_COUNT for count in counts.values())
    assert bool(there or problems) == any(part.strip() for part in re.split("[、，,;；/|]", cell))
