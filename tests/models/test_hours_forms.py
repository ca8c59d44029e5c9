"""The officers' form of opening hours: each refusal has its path; what is kept is shown again as it was."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from models.hours import ALWAYS, UNKNOWN, Hours
from models.hours_forms import HoursForm, WrongHours, form_of, hours_of
from models.hours_text import parse_hours
from models.hours_words import words
from tests.models.schedules import schedules

WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def read(form: dict[str, Any]) -> Hours:
    return hours_of(msgspec.convert(form, HoursForm), "hours")


def times(*pairs: str) -> list[dict[str, str]]:
    return [dict(zip(("from", "to"), pair.split("-"), strict=True)) for pair in pairs]


def days(names: list[str], *pairs: str) -> dict[str, Any]:
    return {"days": names, "intervals": times(*pairs)}


def until(end: str, *, next_day: bool, start: str = "17:30") -> dict[str, Any]:
    return {"days": WEEK, "intervals": [{"from": start, "to": end, "nextDay": next_day}]}


def season(first: str, last: str, *pairs: str) -> dict[str, Any]:
    return {"first": first, "last": last, "weekly": [days(WEEK, *pairs)]}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"weekly": [days(WEEK[:5], "08:30-12:00", "13:00-17:30")]}, "周一至周五 08:30-12:00、13:00-17:30"),
        ({"weekly": [days(["workday"], "09:00-17:00"), days(["saturday"])]}, "工作日 09:00-17:00"),
        ({"weekly": [days(WEEK, "22:00-02:00")]}, "每天 22:00-次日02:00"),
        ({"weekly": [until("08:30", next_day=True)]}, "每天 17:30-次日08:30"),
        ({"weekly": [until("17:30", next_day=True)]}, "每天 17:30-次日17:30"),
        ({"weekly": [until("24:00", next_day=False)]}, "每天 17:30-24:00"),
        ({"weekly": [days(WEEK, "17:30-09:30")]}, "每天 17:30-次日09:30"),
        ({"weekly": [days(WEEK, "00:00-24:00")]}, "24小时开放"),
        (
            {"weekly": [days(WEEK, "09:00-17:00")], "holidays": {"rule": "closed"}},
            "每天 09:00-17:00；节假日休息",
        ),
        (
            {
                "weekly": [days(WEEK[:5], "09:00-17:00")],
                "holidays": {"rule": "hours", "intervals": times("10:00-12:00")},
            },
            "周一至周五 09:00-17:00；节假日 10:00-12:00",
        ),
        (
            {
                "weekly": [days(WEEK, "09:00-17:00")],
                "holidays": {"rule": "as_usual"},
                "seasons": [{**season("05-01", "09-30", "08:00-20:00"), "name": "夏季"}],
            },
            "夏季（5月1日至9月30日）：每天 08:00-20:00；其余时间：每天 09:00-17:00；节假日照常",
        ),
    ],
)
def test_a_form_says_hours(form: dict[str, Any], text: str) -> None:
    assert words(read(form)) == text


@pytest.mark.parametrize(
    ("form", "path", "reason"),
    [
        ({}, "hours", "没有写明开放时间"),
        (
            {"weekly": [days(["monday"]), days(["sunday"]), days(["friday"], "13:00-12:00")]},
            "hours.weekly[2].intervals[0].to",
            "结束时间不晚于开始时间",
        ),
        (
            {"weekly": [until("09:01", next_day=True, start="09:00")]},
            "hours.weekly[0].intervals[0].to",
            "超过24小时",
        ),
        ({"weekly": [until("08:30", next_day=False)]}, "hours.weekly[0].intervals[0].to", "不晚于"),
        ({"weekly": [until("17:30", next_day=False)]}, "hours.weekly[0].intervals[0].to", "不晚于"),
        ({"weekly": [until("00:00", next_day=False)]}, "hours.weekly[0].intervals[0].to", "不晚于"),
        ({"weekly": [days(WEEK, "17:30-09:31")]}, "hours.weekly[0].intervals[0].to", "不晚于"),
        ({"weekly": [days(["monday"], "09:00-09:00")]}, "hours.weekly[0].intervals[0].to", "不晚于"),
        (
            {"weekly": [days(["monday"], "08:00-12:00", "11:00-13:00")]},
            "hours.weekly[0].intervals[1].from",
            "与周一 08:00-12:00重叠",
        ),
        (
            {"weekly": [days(["monday"], "22:00-06:00"), days(["tuesday"], "05:00-09:00")]},
            "hours.weekly[1].intervals[0].from",
            "与周一 22:00-次日06:00重叠",
        ),
        (
            {"weekly": [days(["sunday"], "22:00-06:00"), days(["monday"], "05:00-09:00")]},
            "hours.weekly[1].intervals[0].from",
            "与周日 22:00-次日06:00重叠",
        ),
        (
            {"weekly": [days(["workday"], "20:00-06:00"), days(["saturday"], "05:00-09:00")]},
            "hours.weekly[1].intervals[0].from",
            "与周五 20:00-次日06:00重叠",
        ),
        ({"weekly": [days(WEEK, "20:00-06:00", "05:00-09:00")]}, "hours.weekly[0].intervals[1].from", "重叠"),
        ({"weekly": [days(["monday", "monday"], "09:00-17:00")]}, "hours.weekly[0].days[1]", "周一写了两次"),
        (
            {"weekly": [days(["workday"], "09:00-17:00"), days(["friday"], "09:00-12:00")]},
            "hours.weekly[1].days[0]",
            "工作日和周一至周五同时填写",
        ),
        (
            {"weekly": [days(WEEK, "09:00-17:00")], "holidays": {"rule": "hours"}},
            "hours.holidays.intervals",
            "没有填写节假日的时段",
        ),
        (
            {
                "weekly": [days(WEEK, "09:00-17:00")],
                "holidays": {"rule": "closed", "intervals": times("09:00-10:00")},
            },
            "hours.holidays.intervals",
            "不带时段",
        ),
        (
            {
                "weekly": [days(WEEK, "09:00-17:00")],
                "holidays": {"rule": "hours", "intervals": times("09:00-12:00", "11:00-13:00")},
            },
            "hours.holidays.intervals[1].from",
            "与节假日 09:00-12:00重叠",
        ),
        ({"seasons": [season("05-01", "06-31", "08:00-20:00")]}, "hours.seasons[0].last", "没有6月31日"),
        ({"seasons": [season("13-01", "06-30", "08:00-20:00")]}, "hours.seasons[0].first", "没有13月1日"),
        (
            {"seasons": [season("10-01", "04-30", "08:00-20:00"), season("04-01", "06-30", "08:00-20:00")]},
            "hours.seasons[1].first",
            "与10-01至04-30的季节重叠",
        ),
        (
            {"seasons": [season("05-01", "09-30", "08:00-20:00", "07:00-09:00")]},
            "hours.seasons[0].weekly[0].intervals[0].from",
            "重叠",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(form: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(WrongHours) as refusal:
        read(form)
    assert refusal.value.details["field"] == path
    assert reason in refusal.value.details["reason"]
    assert refusal.value.details["hint"]


@pytest.mark.parametrize("hours", [UNKNOWN, parse_hours("工作日开放")])
def test_hours_whose_times_are_not_known_have_no_form(hours: Hours) -> None:
    assert form_of(hours) is None


def test_always_is_the_whole_of_every_day() -> None:
    form = form_of(ALWAYS)
    assert form
    assert hours_of(form, "hours") == ALWAYS


@settings(max_examples=150, deadline=None)
@given(schedules)
def test_hours_come_back_from_their_form(hours: Hours) -> None:
    form = form_of(hours)
    assert form
    assert hours_of(form, "hours") == hours
