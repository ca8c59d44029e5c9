"""Opening hours for property tests: weekly, with working days, holidays and seasons."""

from hypothesis import strategies as st

from models.hours import (
    ALWAYS,
    DAY_MINUTES,
    WEEK_MINUTES,
    WEEKDAYS,
    Hours,
    Interval,
    Row,
    Season,
    UnreadableHours,
    make_season,
    make_weekly,
)

SEASONS = ((), ((501, 930),), ((1101, 315),), ((501, 930), (1001, 430)), ((601, 630), (801, 831)))
Rows = tuple[list[list[Interval]], list[Interval] | None]


@st.composite
def weeks(draw: st.DrawFn) -> list[list[Interval]]:
    """Rows between cuts of the week's circle, some intervals in two parts that touch; some days without."""
    cuts = sorted(draw(st.sets(st.integers(0, WEEK_MINUTES - 1), min_size=1, max_size=24)))
    circle = [*cuts, cuts[0] + WEEK_MINUTES][draw(st.integers(0, 1)) :]
    week: list[list[Interval]] = [[] for _ in range(7)]
    for start, end in zip(circle[::2], circle[1::2], strict=False):
        last = min(end, start + DAY_MINUTES)
        middle = draw(st.integers(start + 1, last))
        for first, length in ((start, middle - start), (middle, last - middle)):
            if length:
                day, minute = divmod(first % WEEK_MINUTES, DAY_MINUTES)
                week[day].append((minute, minute + length))
    return week


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """The intervals of one day; the last may end after midnight, before the first of the next."""
    cuts = sorted(draw(st.sets(st.integers(0, DAY_MINUTES - 1), min_size=2, max_size=4)))
    pairs = list(zip(cuts[::2], cuts[1::2], strict=False))
    if draw(st.booleans()):
        start, _ = pairs.pop()
        first = pairs[0][0] if pairs else start
        pairs.append((start, draw(st.integers(start + 1, first + DAY_MINUTES))))
    return tuple(pairs)


@st.composite
def rows_of_a_season(draw: st.DrawFn) -> Rows:
    """A week, or working days and a weekend."""
    week = draw(weeks())
    if draw(st.booleans()):
        return week, None
    for day in WEEKDAYS:
        week[day].clear()
    return week, list(draw(rows()))


@st.composite
def weekly(draw: st.DrawFn) -> Hours:
    """Weekly hours of every kind there is."""
    week, working = draw(rows_of_a_season())
    seasons: list[Season] = []
    try:
        for first, last in draw(st.sampled_from(SEASONS)):
            other, on_working_days = draw(rows_of_a_season())
            seasons.append(make_season(first, last, other, on_working_days))
        holidays = draw(st.none() | st.just(()) | rows())
        usual = draw(st.booleans())
        return make_weekly(week, working=working, holidays=holidays, holidays_as_usual=usual, seasons=seasons)
    except UnreadableHours:
        return ALWAYS


schedules = weekly()
