"""Whether a station is open at a moment, until when, when it opens next, and why not.

Worked out day by day from the hours, the calendar and a closure, for any moment: no table has to be made
anew at midnight, and each answer says until when it holds. Only the days that matter are looked at, which are
two or three for most, and at most `HORIZON_DAYS`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from models.hours import DAY_MINUTES, WEEKDAYS, WORKING_DAYS, Closure, Hours, Row, Season
from models.working_days import day_of

# With less left it is no longer worth the way: to come, heat a meal and eat it takes a quarter of an hour.
CLOSING = timedelta(minutes=15)

# The longest holiday with the days around it is shorter; later openings and endings are not told.
HORIZON_DAYS = 15

# Asia/Shanghai is this far ahead of UTC, since 1991 without summer time.
AHEAD_SECONDS = 8 * 3600
DAY_SECONDS = DAY_MINUTES * 60
EPOCH_DAY = date(1970, 1, 1).toordinal()
WHOLE_DAY: Row = ((0, DAY_MINUTES),)

State = Literal["open", "closing", "closed", "unknown"]
OPEN: frozenset[State] = frozenset({"open", "closing"})
ReasonCode = Literal[
    "holiday",
    "holiday_not_stated",
    "closure",
    "calendar_unknown",
    "keeper_opened",
    "keeper_closed",
    "doubted",
]


class Reason(Struct, frozen=True, gc=False):
    """Why a station is not open, or not known to be, when the hours of the week alone do not tell.

    `words` say it in Chinese; `until` is when a closure ends. `calendar_unknown` goes with any state: the
    holidays of the year are not known yet. The 站长's word and the doubt of two people come from
    `models/open_now.py`.
    """

    code: ReasonCode
    words: str
    until: datetime | None = None


class Openness(Struct, frozen=True, gc=False):
    """Whether a station is open at a moment.

    `until` is when it closes (None: not within `HORIZON_DAYS`, or it is not open), `opens_at` the next
    opening after the moment that is certain. The answer holds until just before `changes_at` (None: for
    ever). All are aware UTC.
    """

    state: State
    until: datetime | None = None
    opens_at: datetime | None = None
    changes_at: datetime | None = None
    reason: Reason | None = None


class _Seen(NamedTuple):
    """What walking from a moment found, in local seconds: the ends of what is on, and what begins next."""

    end: int | None
    doubtful_end: int | None
    start: int | None
    doubtful_start: int | None


def openness(hours: Hours, at: datetime, closure: Closure | None = None) -> Openness:
    """Say whether a station with these hours, and perhaps a closure, is open at a moment (aware)."""
    if closure is None or (closure.until is not None and closure.until <= at):
        return _regular(hours, at)
    if closure.since <= at:
        opens_at = opens_from(hours, closure.until) if closure.until is not None else None
        reason = Reason("closure", closure.reason, closure.until)
        return Openness("closed", None, opens_at, closure.until, reason)
    return _cut(_regular(hours, at), hours, at, closure)


def opens_from(hours: Hours, moment: datetime, closure: Closure | None = None) -> datetime | None:
    """Return the first moment from one on at which a station is open for certain, if any is known."""
    now = openness(hours, moment, closure)
    return moment if now.state in OPEN else now.opens_at


def opened_until(hours: Hours, at: datetime, closure: Closure | None = None) -> datetime | None:
    """Return until when a station counts as open that somebody opened at a moment, beside its hours.

    Until the hours or a closure say something new, and no longer than the local day; None: it is open by its
    hours at that moment, and they alone tell.
    """
    usual = openness(hours, at, closure)
    if usual.state in OPEN:
        return None
    midnight = _moment(((int(at.timestamp()) + AHEAD_SECONDS) // DAY_SECONDS + 1) * DAY_SECONDS)
    ends = [moment for moment in (usual.opens_at, closure.since if closure else None) if moment]
    return min([midnight, *(moment for moment in ends if moment > at)])


def _cut(usual: Openness, hours: Hours, at: datetime, closure: Closure) -> Openness:
    """Return an openness as a closure that is still to come makes it."""
    until, opens_at, state = usual.until, usual.opens_at, usual.state
    changes = [moment for moment in (usual.changes_at, closure.since) if moment]
    if state in OPEN and (until is None or closure.since < until):
        until = closure.since
        state = "closing" if until - at < CLOSING else "open"
        if state == "open":
            changes.append(until - CLOSING + datetime.resolution)
    if opens_at is None or opens_at >= closure.since:
        opens_at = openness(hours, closure.since, closure).opens_at
    return Openness(state, until, opens_at, min(changes), usual.reason)


def _regular(hours: Hours, at: datetime) -> Openness:
    """Return the openness without any closure."""
    if hours.kind == "unknown" or (hours.kind == "always" and hours.holidays is None):
        return Openness("unknown" if hours.kind == "unknown" else "open")
    now = int(at.timestamp() // 1) + AHEAD_SECONDS
    today = now // DAY_SECONDS
    seen = _walk(hours, now, today)
    # What lies beyond the horizon is seen when it moves, at midnight.
    opens_at = None if seen.start is None else _moment(seen.start)
    midnight = _moment((today + 1) * DAY_SECONDS)
    changes = [midnight] if opens_at is None or _turns(today) else []
    if seen.end is None:
        state: State = "closed" if seen.doubtful_end is None else "unknown"
        ends = (seen.doubtful_end, seen.start, seen.doubtful_start if state == "closed" else None)
        changes += [_moment(end) for end in ends if end is not None]
        return Openness(state, None, opens_at, min(changes), _reason(hours, today, state))
    until, reason = _moment(seen.end), _reason(hours, today, "open")
    if seen.end > (today + HORIZON_DAYS) * DAY_SECONDS:
        return Openness("open", None, opens_at, midnight, reason)
    if until - at < CLOSING:
        return Openness("closing", until, opens_at, min([*changes, until]), reason)
    changes.append(until - CLOSING + datetime.resolution)
    return Openness("open", until, opens_at, min(changes), reason)


def _walk(hours: Hours, now: int, today: int) -> _Seen:
    """Return what is on and what begins next, looking no further than needed; touching intervals are one."""
    end: int | None = None
    doubtful_end: int | None = None
    doubtful_start: int | None = None
    for first, last, is_sure in _spans(hours, today):
        if not is_sure:
            if first <= now < last:
                doubtful_end = last
            elif first > now and doubtful_start is None:
                doubtful_start = first
        elif first <= (now if end is None else max(now, end)):
            end = max(end or last, last) if last > now else end
        else:
            return _Seen(end, doubtful_end, first, doubtful_start)
    return _Seen(end, doubtful_end, None, doubtful_start)


def _spans(hours: Hours, today: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the intervals from yesterday to the horizon in order, in local seconds, and if sure."""
    for number in range(today - 1, today + HORIZON_DAYS + 2):
        row, is_sure = _row(hours, date.fromordinal(EPOCH_DAY + number))
        midnight = number * DAY_SECONDS
        for opens, closes in row:
            yield midnight + opens * 60, midnight + closes * 60, is_sure


def _row(hours: Hours, on: date) -> tuple[Row, bool]:
    """Return the intervals of a local day, in minutes, and whether they are sure."""
    day, weekday = day_of(on), on.weekday()
    if day.is_holiday and hours.holidays is not None:
        return hours.holidays, True
    if hours.kind == "days":
        is_named = weekday in hours.days or (day.is_workday and WORKING_DAYS in hours.days)
        return (WHOLE_DAY, False) if is_named else ((), True)
    if hours.kind == "always":
        return WHOLE_DAY, True
    rows = _rows(hours, on)
    if rows.working is not None and (day.is_workday or weekday in WEEKDAYS):
        return (rows.working if day.is_workday else ()), True
    is_sure = not day.is_holiday or hours.holidays_as_usual or all(rows.week)
    return rows.week[weekday], is_sure


def _rows(hours: Hours, on: date) -> Hours | Season:
    """Return what holds the rows of a day: its season, or the hours themselves."""
    place = on.month * 100 + on.day
    return next((season for season in hours.seasons if season.holds(place)), hours)


def _reason(hours: Hours, today: int, state: State) -> Reason | None:
    """Return what the calendar has to do with the state, if anything."""
    on = date.fromordinal(EPOCH_DAY + today)
    day = day_of(on)
    if not day.is_certain and _asks_calendar(hours, _rows(hours, on)):
        return Reason("calendar_unknown", f"{on.year}年节假日安排未知，按星期推算")
    if state == "unknown" and hours.kind == "weekly":
        name = day.holiday or day_of(on - timedelta(days=1)).holiday
        return Reason("holiday_not_stated", f"{name}是否开放未公布")
    if state == "closed" and day.is_holiday and _asks_calendar(hours, _rows(hours, on)):
        row, is_sure = _row(hours, on)
        return Reason("holiday", f"{day.holiday}休息") if is_sure and not row else None
    return None


def _turns(today: int) -> bool:
    """Say whether an answer may change at midnight alone, because the calendar's reason for it does."""
    days = (day_of(date.fromordinal(EPOCH_DAY + number)) for number in (today, today + 1))
    return any(day.is_holiday or not day.is_certain for day in days)


def _asks_calendar(hours: Hours, rows: Hours | Season) -> bool:
    """Say whether it makes a difference to a day's hours what the calendar says of the day."""
    if hours.holidays is not None or WORKING_DAYS in hours.days or rows.working is not None:
        return True
    return hours.kind == "weekly" and not hours.holidays_as_usual and not all(rows.week)


def _moment(seconds: int) -> datetime:
    """Return the moment of local seconds since 1970, as UTC."""
    return datetime.fromtimestamp(seconds - AHEAD_SECONDS, UTC)
