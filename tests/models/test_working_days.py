"""The working calendar against the State Council's notice for 2026 (国办发明电〔2025〕7号)."""

import logging
from datetime import UTC, date, datetime

import pytest

from models.clock import LOCAL
from models.working_days import add_working_days, day_of, find_holiday, is_workday


@pytest.mark.parametrize(
    ("day", "worked", "holiday"),
    [
        (date(2026, 7, 15), True, None),
        (date(2026, 7, 18), False, None),
        (date(2026, 10, 5), False, "国庆节"),
        (date(2026, 10, 3), False, "国庆节"),
        (date(2026, 9, 20), True, None),
        (date(2026, 10, 10), True, None),
        (date(2026, 10, 11), False, None),
        (date(2026, 9, 25), False, "中秋节"),
        (date(2026, 2, 23), False, "春节"),
        (date(2026, 2, 14), True, None),
        (date(2026, 4, 6), False, "清明节"),
        (date(2026, 6, 19), False, "端午节"),
        (date(2026, 1, 1), False, "元旦"),
        (date(2026, 5, 9), True, None),
    ],
)
def test_days_are_worked_or_off_as_ordered(day: date, worked: bool, holiday: str | None) -> None:
    assert (is_workday(day), find_holiday(day)) == (worked, holiday)


@pytest.mark.parametrize(
    ("at", "count", "end"),
    [
        (datetime(2026, 7, 15, 12, tzinfo=LOCAL), 3, datetime(2026, 7, 21, tzinfo=LOCAL)),
        (datetime(2026, 7, 15, 0, tzinfo=LOCAL), 1, datetime(2026, 7, 17, tzinfo=LOCAL)),
        (datetime(2026, 9, 30, 17, tzinfo=LOCAL), 3, datetime(2026, 10, 11, tzinfo=LOCAL)),
        (datetime(2026, 9, 18, 17, tzinfo=LOCAL), 1, datetime(2026, 9, 21, tzinfo=LOCAL)),
        (datetime(2026, 7, 14, 17, tzinfo=UTC), 0, datetime(2026, 7, 16, tzinfo=LOCAL)),
    ],
)
def test_a_term_of_working_days_ends_with_its_last_day(at: datetime, count: int, end: datetime) -> None:
    assert add_working_days(at, count) == (end, True)


def test_of_a_year_that_is_not_known_the_weekday_counts_and_that_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        found = [day_of(date(2091, 1, day)) for day in range(1, 8)]
    assert [day.is_workday for day in found] == [True, True, True, True, True, False, False]
    assert not any(day.is_certain or day.is_holiday for day in found)
    assert [record.message for record in caplog.records] == ["calendar_year_unknown"]
    assert not add_working_days(datetime(2091, 1, 1, 12, tzinfo=LOCAL), 1).is_certain
