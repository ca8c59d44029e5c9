"""Review clocks: how long an officer has for an application or a transfer, and when to remind.

The limit is three working days (天津, 知工 App: the only published one), counted by the working calendar; the
day of the beginning does not count. The officers whose turn it is are reminded on the last morning; when the
time has run out, the level above is, on the first working morning after it.
"""

from datetime import UTC, datetime, time, timedelta

from msgspec import Struct

from models.clock import LOCAL
from models.working_days import DAY, add_working_days, is_workday

WORKING_DAYS = 3
REMINDER_BEFORE = timedelta(hours=15)
"""From nine o'clock on the last day; there is no summer time."""
MORNING = time(9)


class Deadline(Struct, frozen=True):
    """The end of the last working day, and the morning of it, when officers are reminded, if still."""

    due: datetime
    remind: datetime | None


def deadline_from(at: datetime) -> Deadline:
    """Return the deadline of a review that begins now."""
    due = add_working_days(at, WORKING_DAYS).at
    return Deadline(due, due - REMINDER_BEFORE)


def find_next_reminder(due: datetime, reminded: datetime) -> datetime | None:
    """Return when the level above is told that a review's time has run out; None if that was done, too.

    `reminded` is when the last reminder was due: before `due` it was the officers' own.
    """
    if reminded >= due:
        return None
    day = due.astimezone(LOCAL).date()
    while not is_workday(day):
        day += DAY
    return datetime.combine(day, MORNING, LOCAL).astimezone(UTC)
