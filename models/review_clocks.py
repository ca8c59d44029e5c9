"""Review clocks: how long an officer has for an application or a transfer, and when to remind.

The limit is three working days (天津, 知工 App: the only published one), counted by the working calendar; the
day of the beginning does not count.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from models.working_days import add_working_days

WORKING_DAYS = 3
REMINDER_BEFORE = timedelta(hours=15)
"""From nine o'clock on the last day; there is no summer time."""


class Deadline(Struct, frozen=True):
    """The end of the last working day, and the morning of it, when officers are reminded, if still."""

    due: datetime
    remind: datetime | None


def deadline_from(at: datetime) -> Deadline:
    """Return the deadline of a review that begins now."""
    due = add_working_days(at, WORKING_DAYS).at
    return Deadline(due, due - REMINDER_BEFORE)
