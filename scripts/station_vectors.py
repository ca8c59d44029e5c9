"""The vectors of a district's file: stations, the file that follows, and what it answers without a network.

The opening hours of each station are written down twice, in words and day by day as people would read those
words on a calendar of October 2026; the answers are counted out from the second. Not a word of the
program's own is used, so that neither implementation is checked against itself.
"""

from datetime import UTC, datetime, timedelta
from math import atan2, cos, degrees, radians, sin, sqrt
from typing import Any

from scripts.station_cases import (
    CASES,
    CENTRE,
    CHINA,
    DAY,
    DAYS,
    EARTH_METRES,
    FACILITIES,
    HOUR,
    KINDS,
    LONG_AGO,
    MARKS,
    MINUTE,
    MOMENTS,
    NEVER,
    OPENED,
    PLACES,
    RANKING,
    SET_BACKS,
    SINCE,
    TOLD_DAYS,
    WANTED,
    Case,
)


def beside(east: float, north: float) -> tuple[float, float]:
    """Return the degrees of a place some metres from the centre, rounded as maps give them."""
    latitude = CENTRE[1] + degrees(north / EARTH_METRES)
    longitude = CENTRE[0] + degrees(east / EARTH_METRES / cos(radians(CENTRE[1])))
    return round(longitude, 7), round(latitude, 7)


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the great-circle distance, by Vincenty's formula for a sphere."""
    along = radians(other[0] - one[0])
    here, there = radians(one[1]), radians(other[1])
    across = cos(here) * sin(there) - sin(here) * cos(there) * cos(along)
    return EARTH_METRES * atan2(
        sqrt((cos(there) * sin(along)) ** 2 + across**2),
        sin(here) * sin(there) + cos(here) * cos(there) * cos(along),
    )


def state_at(case: Case, at: datetime) -> str:
    """Return `o`, `c` or `u`: what is sure outweighs what is perhaps, and a closure both."""
    if case.closed and case.closed[0] <= at and (case.closed[1] is None or at < case.closed[1]):
        return "c"
    found = "c"
    first = (at - DAY).astimezone(CHINA).date()
    for day in (first, first + DAY):
        midnight = datetime(day.year, day.month, day.day, tzinfo=CHINA)
        for start, end, is_doubtful in case.reading(day):
            if midnight + start * HOUR <= at < midnight + end * HOUR:
                found = found if found == "o" else "u" if is_doubtful else "o"
    return found


def changes_of(case: Case) -> list[tuple[datetime, str]]:
    """Return when a station's state changes, and to what, from `SINCE` on."""
    moments = {SINCE + hour * HOUR for hour in range(TOLD_DAYS * 24)}
    moments |= {at for at in case.closed or () if at and SINCE <= at < SINCE + TOLD_DAYS * DAY}
    changes: list[tuple[datetime, str]] = []
    for at in sorted(moments):
        state = state_at(case, at)
        if not changes or changes[-1][1] != state:
            changes.append((at, state))
    return changes


def answer(case: Case, at: datetime) -> dict[str, Any]:
    """Return the openness of a moment."""
    changes = changes_of(case)
    now = state_at(case, at)
    until = next((moment for moment, _ in changes if moment > at), None) if now == "o" else None
    opens_at = next((moment for moment, state in changes if moment > at and state == "o"), None)
    is_closing = until is not None and until - at < 15 * MINUTE
    state = "closing" if is_closing else {"o": "open", "c": "closed", "u": "unknown"}[now]
    return {
        "state": state,
        "until": until and written(until),
        "opensAt": opens_at and written(opens_at),
    }


def written(at: datetime) -> str:
    """Return a moment with `+08:00`, to the millisecond where it is not a whole second."""
    return at.astimezone(CHINA).isoformat(timespec="milliseconds" if at.microsecond else "seconds")


def set_back(case: Case, at: datetime, says: dict[str, Any]) -> dict[str, Any]:
    """Return an answer as what is said of the station makes it, with the problem that is told of it first."""
    held = [
        (ranks_as, until and datetime.fromisoformat(until), mark["problem"])
        for code, ranks_as, until, mark in MARKS
        if code == case.code and (until is None or at < datetime.fromisoformat(until))
    ]
    for ranks_as, until, problem in held[:1]:
        if until:
            after = until if state_at(case, until) == "o" else None
            opens_at = (after and written(after)) or answer(case, until)["opensAt"]
            says = {"state": ranks_as, "until": None, "opensAt": opens_at}
        elif says["state"] in ("open", "closing"):
            says = {**says, "state": ranks_as, "until": None}
        return {**says, "problem": problem}
    since, until = map(datetime.fromisoformat, OPENED.get(case.code, NEVER)[:2])
    if since <= at < until and says["state"] in ("unknown", "closed"):
        says = {"state": "open", "until": None, "opensAt": None}
    return {**says, "problem": None}


def question(
    here: tuple[float, float], text: str, wanted: dict[str, Any], *, with_marks: bool = False
) -> dict[str, Any]:
    """Return a question, and the codes, metres, openness and problem of its answer."""
    at, place = datetime.fromisoformat(text), beside(*here)
    found = []
    for case in CASES:
        far = round(metres(place, beside(case.east, case.north)))
        says = answer(case, at)
        says = set_back(case, at, says) if with_marks else {**says, "problem": None}
        rank = RANKING.index(says["state"])
        if (
            far <= wanted.get("radius", 5000)
            and set(wanted.get("facilities", ())) <= set(case.facilities)
            and wanted.get("kind", case.kind) == case.kind
            and (rank < RANKING.index("unknown") or not wanted.get("onlyOpen"))
        ):
            counted = far + SET_BACKS.get(case.code, LONG_AGO) if with_marks else far
            found.append((rank, counted, case.code, far, says))
    found.sort(key=lambda one: one[:3])
    return {
        "at": text,
        "unixMilliseconds": (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1),
        "wanted": {"longitude": place[0], "latitude": place[1], "datum": "gcj02", **wanted},
        "found": [
            {"code": code, "distanceMetres": far, **says}
            for _, _, code, far, says in found[: wanted.get("limit", 20)]
        ],
    }


def file() -> dict[str, Any]:
    """Return the district's file, in which the hours stand as they were published."""
    keys = list(dict.fromkeys((case.text, case.closed) for case in CASES))
    firsts = {(case.text, case.closed): case for case in reversed(CASES)}
    places = [beside(case.east, case.north) for case in CASES]
    return {
        "district": "东区",
        "version": "0123456789abcdef",
        "part": 1,
        "parts": 1,
        "since": written(SINCE),
        "days": DAYS,
        "facilityNames": FACILITIES,
        "kindNames": KINDS,
        "schedules": [openings(firsts[key]) for key in keys],
        "codes": [case.code for case in CASES],
        "names": [f"驿站{case.code}" for case in CASES],
        "addresses": [f"东街{place}号" for place in range(len(CASES))],
        "longitudes": [longitude for longitude, _ in places],
        "latitudes": [latitude for _, latitude in places],
        "scheduleOf": [keys.index((case.text, case.closed)) for case in CASES],
        "facilities": [sum(1 << FACILITIES.index(name) for name in case.facilities) for case in CASES],
        "kinds": [KINDS.index(case.kind) if case.kind else -1 for case in CASES],
        "setBacks": [LONG_AGO for _ in CASES],
        "marks": [],
        "opened": [],
    }


def openings(case: Case) -> dict[str, Any]:
    """Return the states of a station's days, and the minute that each begins at."""
    changes = changes_of(case)
    passed = [(at - SINCE) / MINUTE for at, _ in changes]
    return {
        "hours": case.text,
        "states": "".join(state for _, state in changes),
        "minutes": [int(minutes) if minutes.is_integer() else minutes for minutes in passed],
    }


def vectors() -> dict[str, Any]:
    """Return the file's text as data: closures, what is broken, the district's file, questions and answers.

    `marks`, `opened` and `setBacks` may stand in the file, and `marked` are the answers to questions about
    now that then follow.
    """
    places = [case.code for case in CASES]
    return {
        "closures": {case.code: [at and written(at) for at in case.closed] for case in CASES if case.closed},
        "broken": {case.code: case.broken for case in CASES if case.broken},
        "file": file(),
        "questions": [
            question(here, text, wanted) for text in MOMENTS for here in PLACES for wanted in WANTED
        ],
        "marks": [
            {"place": places.index(code), "ranksAs": ranks_as, "until": until, "mark": mark}
            for code, ranks_as, until, mark in MARKS
        ],
        "setBacks": [SET_BACKS.get(code, LONG_AGO) for code in places],
        "opened": [
            {"place": places.index(code), "since": since, "until": until, "words": words}
            for code, (since, until, words) in OPENED.items()
        ],
        "marked": [
            question(PLACES[0], text, wanted, with_marks=True) for text in MOMENTS for wanted in WANTED
        ],
    }
