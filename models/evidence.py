"""Evidence that a station is open, or is not: visits, what its 站长 says, what people report.

One document per station, mirrored by every process. Invariants: a document is written whole on condition of
the version (`changed`) that was read, and so no news is lost between two writers; whether a mark still stands
is worked out when it is asked for: a visit proved by the screen or by staff, or the 站长's word, that is
later than the report answers it at once. What happens at check-ins is noted in memory and written by a worker
every few seconds, at most once in five minutes per station: a crash loses freshness and nothing else. How
lately each was confirmed is counted every ten minutes for the finder (`models/freshness.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.clock import LOCAL, Now, local_day
from models.filters import Index
from models.freshness import COUNTS_KEPT, NOTHING_CONFIRMED, Freshness, freshness_of
from models.mirrors import EPOCH, Mirror, take_newest
from models.presence import Presence
from models.ranks import CLOSED_RANK, PAGES_LAST, UNKNOWN_RANK, Floor, FloorBook, Heard
from models.stations import FACILITIES, Facility
from models.store import Collection, Duplicate, EngineUnavailable, Store

EVIDENCE_CHANGED = "evidence"
# One report stands so long by itself; what two people say stands until it is answered.
REPORT_STANDS = timedelta(hours=2)
FRESH = timedelta(minutes=5)
TICK = timedelta(milliseconds=1)
DAY = timedelta(days=1)
TRIES = 10

Problem = Literal["locked", "nothing_works", "facility_broken", "wrong_place", "other"]
MarkState = Literal["reported", "doubtful"]
PROBLEM_WORDS: dict[Problem, str] = {
    "locked": "锁门",
    "nothing_works": "设施都不能用",
    "facility_broken": "有设施坏了",
    "wrong_place": "位置不对",
    "other": "有问题",
}
# Somebody who got in has shown that these are over.
ANSWERED_BY_A_VISIT: frozenset[Problem] = frozenset({"locked"})
# Who goes there may find nothing: a station of which two people say so is no longer called open.
SHUT: frozenset[Problem] = frozenset({"locked", "nothing_works"})
INSIDE: frozenset[Presence] = frozenset({"screen", "staff"})


class Mark(Struct, frozen=True, gc=False):
    """What people report of a station: one (`reported`), or two within the hour (`doubtful`, 待核实).

    `facilities` are those that they say do not work, as far as they say which.
    """

    problem: Problem
    state: MarkState
    since: datetime
    last: datetime
    facilities: tuple[Facility, ...] = ()

    @property
    def words(self) -> str:
        """What the pin says, such as `12:40 有人反映锁门` or `12:40 有人反映微波炉不能用`."""
        named = "、".join(FACILITIES[facility] for facility in self.facilities)
        what = f"{named}不能用" if named else PROBLEM_WORDS[self.problem]
        said = f"{self.last.astimezone(LOCAL):%H:%M} 有人反映{what}"
        return f"{said}，待核实" if self.state == "doubtful" else said


class Statement(Struct, frozen=True, gc=False):
    """The 站长 said that the station was opened, or closed; it holds for the local day."""

    is_open: bool
    at: datetime
    by: str


class Reason(Struct, frozen=True, gc=False):
    """Why a station is set back: its least rank, until when if that is known, and what is said of it."""

    rank: int
    until: datetime | None
    said: Mark | Statement


class Evidence(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of one station.

    `visited` is the last visit, `entered` the last proved to be inside, `opened` the last by the 站长's word.
    A word that it is open from before `opened` was kept stands in `said` alone. Of visits thirty days old no
    more than the day is left, as its midnight (`models/evidence_retention.py`).
    """

    id: str = field(name="_id")
    visited: datetime | None = None
    entered: datetime | None = None
    opened: datetime | None = None
    said: Statement | None = None
    marks: dict[str, Mark] = field(default_factory=dict)
    answered: dict[str, datetime] = field(default_factory=dict)
    changed: datetime


EVIDENCE = Collection("evidence", Evidence, (Index(("changed",)),))

CHANGED_BY_NEWS = ("visited", "entered", "opened", "said", "marks", "answered")

Change = Callable[[Evidence], Awaitable[Evidence]]


def answered_at(evidence: Evidence, problem: Problem) -> datetime | None:
    """Return the last moment at which what is reported was answered: by staff, by somebody who was inside."""
    said = evidence.said.at if evidence.said and evidence.said.is_open else evidence.opened
    by_visit = _later(evidence.entered, said) if problem in ANSWERED_BY_A_VISIT else None
    return _later(evidence.answered.get(problem), by_visit)


def stands(mark: Mark, evidence: Evidence, at: datetime) -> bool:
    """Say whether a mark still counts at a moment."""
    if mark.state == "reported" and at >= mark.last + REPORT_STANDS:
        return False
    answered = answered_at(evidence, mark.problem)
    return answered is None or answered < mark.last


def _is_doubt(mark: Mark) -> bool:
    """Say whether a mark makes people doubt that they can come in."""
    return mark.state == "doubtful" and mark.problem in SHUT


def standing(evidence: Evidence | None, at: datetime) -> list[Mark]:
    """Return the marks that count at a moment, the gravest problem first."""
    if evidence is None:
        return []
    found = (evidence.marks.get(problem) for problem in PROBLEM_WORDS)
    return [mark for mark in found if mark and stands(mark, evidence, at)]


def floor_of(evidence: Evidence) -> Floor:
    """Return how far back a station is set; what two people say stands until it is answered."""
    marks = evidence.marks.values()
    said = evidence.said
    return Floor(
        is_doubted=any(_is_doubt(mark) and stands(mark, evidence, mark.last) for mark in marks),
        closed_on=said.at.astimezone(LOCAL).date() if said and not said.is_open else None,
    )


def reasons_of(evidence: Evidence, at: datetime) -> list[Reason]:
    """Return what sets a station back at a moment, the 站长's word first."""
    said = find_statement(evidence, at)
    doubts = [mark for mark in standing(evidence, at) if _is_doubt(mark)]
    reasons = [Reason(UNKNOWN_RANK, None, mark) for mark in doubts[:1]]
    if said and not said.is_open:
        midnight = datetime.combine(said.at.astimezone(LOCAL).date() + DAY, time(), LOCAL)
        reasons.insert(0, Reason(CLOSED_RANK, midnight, said))
    return reasons


def confirmed_at(evidence: Evidence) -> datetime | None:
    """Return when somebody last came in, or the 站长 last said that he had opened."""
    return _later(_later(evidence.visited, evidence.entered), evidence.opened)


def find_statement(evidence: Evidence | None, at: datetime) -> Statement | None:
    """Return what the 站长 said today, if anything."""
    said = evidence.said if evidence else None
    return said if said and local_day(said.at) == local_day(at) else None


class EvidenceBoard:
    """The evidence as this process knows it, and the way to add to it."""

    def __init__(self, store: Store[Evidence], now: Now) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, Evidence] = {}
        self._told: set[str] = set()
        self._floors = FloorBook()
        self._noted: dict[str, tuple[datetime, datetime | None]] = {}
        # The last count, and those before it for lists that were begun then.
        self._counts: list[tuple[datetime, Freshness]] = []
        self.mirror = Mirror(store, self._absorb, now)

    def find(self, station: str) -> Evidence | None:
        """Return what is known of a station."""
        return self._known.get(station)

    def list_known(self) -> list[Evidence]:
        """Return what is known of every station."""
        return list(self._known.values())

    def heard(self, at: datetime, begun: datetime | None = None) -> Heard:
        """Return what ranks stations besides their hours: now, or in a list `begun` in the last minutes."""
        moment = begun or at
        count = next((count for since, count in self._counts if since < moment), NOTHING_CONFIRMED)
        return self._floors.heard(at, begun, count)

    def tell(self, codes: Iterable[str], at: datetime) -> dict[str, Mark | Statement]:
        """Return what is to be said of each of some stations, by code; of most there is nothing.

        That is the 站长's word that it is closed for today, or else the gravest mark that stands.
        """
        told: dict[str, Mark | Statement] = {}
        if not self._told:
            return told
        for code in codes:
            if code not in self._told:
                continue
            evidence = self._known.get(code)
            said = find_statement(evidence, at)
            if said and not said.is_open:
                told[code] = said
            elif marks := standing(evidence, at):
                told[code] = marks[0]
        return told

    def list_reasons(self, at: datetime) -> dict[str, list[Reason]]:
        """Return why stations are set back now, by code."""
        return {code: reasons_of(self._known[code], at) for code in self._floors.now(at)}

    def note(self, station: str, presence: Presence, at: datetime) -> None:
        """Remember a visit, to be written soon."""
        _, entered = self._noted.get(station, (at, None))
        self._noted[station] = at, at if presence in INSIDE else entered

    async def work(self) -> None:
        """Count anew what was confirmed, when it is time; write what was noted, as far as it is news."""
        await self._count()
        noted, self._noted = self._noted, {}
        for station, (visited, entered) in noted.items():
            if self._is_news(station, visited, entered):
                await self._enter(station, visited, entered)

    async def _count(self) -> None:
        at = self._now()
        # At the same moments in all processes, so that their lists and files are the same.
        due = at - (at - EPOCH) % PAGES_LAST
        if not self.mirror.loaded or (self._counts and self._counts[0][0] >= due):
            return
        known = [(one.id, confirmed_at(one)) for one in self._known.values()]
        count = await asyncio.to_thread(freshness_of, known, due)
        self._counts = [(self._now(), count), *self._counts][:COUNTS_KEPT]

    async def change(self, station: str, change: Change) -> Evidence:
        """Change a station's evidence on condition of what was read; EngineUnavailable if it never held."""
        for _ in range(TRIES):
            seen = await self._store.find(station)
            at = self._now()
            if seen is None:
                changed = await self._begin(await change(Evidence(id=station, changed=at)))
            else:
                changed = await self._replace(seen, await change(seen), max(at, seen.changed + TICK))
            if changed:
                self._absorb([changed])
                return changed
        raise EngineUnavailable(retryAfter=1)

    async def _begin(self, evidence: Evidence) -> Evidence | None:
        try:
            await self._store.insert(evidence)
        except Duplicate:
            return None
        return evidence

    async def _replace(self, seen: Evidence, made: Evidence, at: datetime) -> Evidence | None:
        if made == seen:
            return seen
        values = {name: getattr(made, name) for name in CHANGED_BY_NEWS}
        return await self._store.change({"_id": seen.id, "changed": seen.changed}, {**values, "changed": at})

    def _is_news(self, station: str, visited: datetime, entered: datetime | None) -> bool:
        known = self._known.get(station)
        if known is None or known.visited is None or visited >= known.visited + FRESH:
            return True
        if entered is None:
            return False
        return known.entered is None or bool(known.marks) or entered >= known.entered + FRESH

    async def _enter(self, station: str, visited: datetime, entered: datetime | None) -> None:
        async def add(seen: Evidence) -> Evidence:
            return replace(seen, visited=_later(seen.visited, visited), entered=_later(seen.entered, entered))

        await self.change(station, add)

    def _absorb(self, changed: Sequence[Evidence]) -> None:
        for one in take_newest(self._known, changed):
            is_told = bool(one.marks) or (one.said is not None and not one.said.is_open)
            (self._told.add if is_told else self._told.discard)(one.id)
            heard = self._now() if self.mirror.loaded else one.changed
            self._floors.put(one.id, floor_of(one), heard)
            if one.said and one.said.is_open:
                self._floors.put_word(one.id, one.said.at, heard)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other
