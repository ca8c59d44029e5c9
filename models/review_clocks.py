"""Review clocks: how long an officer has for an application or a transfer, and when to remind.

The limit is three working days (the only published one: 天津, 知工 App). What a working day is, is given from
outside: `add_weekdays` knows Saturdays and Sundays and no holidays, and stands in for a calendar that does.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from models.clock import LOCAL

WORKING_DAYS = 3
SATURDAY = 5
REMINDER_AT = time(9)

AddWorkingDays = Callable[[date, int], date]
"""Returns the n-th working day after a day."""


class Deadline(Struct, frozen=True):
    """The end of the last working day, and the morning of it, when officers are reminded, if still."""

    due: datetime
    remind: datetime | None


def add_weekdays(day: date, count: int) -> date:
    """Return the n-th day after a day that is neither Saturday nor Sunday; holidays are not known."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day


def deadline_from(at: datetime, add: AddWorkingDays) -> Deadline:
    """Return the deadline of a review that begins now; the day of its beginning does not count."""
    last = add(at.astimezone(LOCAL).date(), WORKING_DAYS)
    end = datetime.combine(last + timedelta(days=1), time(), LOCAL)
    return Deadline(end.astimezone(UTC), datetime.combine(last, REMINDER_AT, LOCAL).astimezone(UTC))
