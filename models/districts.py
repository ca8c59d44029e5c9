"""Districts (区县) to take along: schedules worked out for the days ahead, so that a phone needs no rules.

Holidays, swapped workdays, seasons, nights and closures are all in the moments at which a station opens and
closes. `models/hours_open.py` says what they are; nothing is decided here.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from msgspec import Struct

from models.errors import Missing
from models.hours import Closure, Hours
from models.hours_open import State, openness

# Whether it closes soon follows from when it closes.
LETTERS: Mapping[State, str] = MappingProxyType({"open": "o", "closing": "o", "closed": "c", "unknown": "u"})
MINUTE = timedelta(minutes=1)


class NoSuchDistrict(Missing):
    """No operating station on the map is in a district of this name, or its file has no such part."""

    code = "district_not_found"
    message = "没有找到这个区县的驿站，或位置还没有公布"


class Openings(Struct, frozen=True):
    """The states from a moment on (`o` open, `c` closed, `u` unknown), and the minute each begins at.

    The minutes are whole but where a closure begins or ends within one.
    """

    states: str
    minutes: tuple[float, ...]


def resolve(hours: Hours, closure: Closure | None, since: datetime, days: int) -> Openings:
    """Work out what a schedule means for some days."""
    at, end = since, since + timedelta(days=days)
    states, minutes = "", []
    while at < end:
        now = openness(hours, at, closure)
        if states[-1:] != LETTERS[now.state]:
            states += LETTERS[now.state]
            passed = (at - since) / MINUTE
            minutes.append(int(passed) if passed.is_integer() else passed)
        if now.changes_at is None:
            break
        at = now.changes_at
    return Openings(states, tuple(minutes))
