"""Ratings of stations: one to five by people who were there, and what everybody sees of all of them.

Nouns: a *rating* is one person's of one station, a number and no words; a *score* is how many ratings a
station has, and their sum.

    named ── thirty days, the consent withdrawn, the person erased ──▶ nameless, and counts on
    pending (the score may not know it yet) ──▶ counted

Invariants: only who has a visit to the station by name within the last seven days, and still consents to
movements, may rate it. One rating per person and station: its `_id` is `station:rater`, where the rater is a
blind index over both, so that nobody can be followed from one station to the next; a later one replaces it.
The person stands in it as on visits (`models/check_ins.py`), for as long, and goes as from those.

Scores are derived: counted from the ratings by an index, by a worker that finds what is pending, written on
condition of the version that was read before counting, and always written: a count that began earlier cannot
come later. So any number of workers may count, and all can be counted anew. A score is shown from three
ratings on, to officers too: with fewer, one could be read off.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field

from models.check_ins import CheckIn, HasConsent
from models.clock import Now
from models.errors import Conflict
from models.filters import Index
from models.ids import new_ordered_id
from models.mirrors import EPOCH, Mirror, take_newest
from models.privacy_notices import kept
from models.signals import Signals
from models.station_board import StationBoard
from models.store import Collection, Duplicate, EngineUnavailable, Store
from models.vault import Vault
from models.versions import next_change

RATINGS_DUE = "station-ratings"
SCORES_CHANGED = "station_scores"
RATED_WITHIN = timedelta(days=7)
NAMED_FOR = kept("station_ratings")
SHOWN_FROM = 3
STARS = (1, 2, 3, 4, 5)
BATCH = 200
TRIES = 10


class VisitRequired(Conflict):
    """Only who was there by name within the last seven days may rate a station."""

    code = "visit_required"
    message = "记名签到后七天内可以评分"


class Rating(Struct, frozen=True, kw_only=True):
    """One rating; `person` and `cut_at`, when that goes, are there together; `pending` until counted."""

    id: str = field(name="_id")
    station: str
    stars: int
    at: datetime
    person: str | None = None
    cut_at: datetime | None = None
    pending: str | None = None


class Score(Struct, frozen=True, kw_only=True, gc=False):
    """A station's ratings: how many, and their sum; `_id` is the station's code."""

    id: str = field(name="_id")
    number: int
    total: int
    changed: datetime

    @property
    def average(self) -> float:
        """The mean, to one decimal, halves upwards."""
        return (20 * self.total + self.number) // (2 * self.number) / 10


STATION_RATINGS = Collection(
    "station_ratings",
    Rating,
    (Index(("station", "stars")), Index(("person",)), Index(("cut_at",)), Index(("pending",))),
)
STATION_SCORES = Collection("station_scores", Score, (Index(("changed",)),))


class RatingShelves(Struct, frozen=True):
    """Where ratings, scores and visits are stored."""

    ratings: Store[Rating]
    scores: Store[Score]
    visits: Store[CheckIn]


class Raters(Struct, frozen=True):
    """What tells who may rate, and under which name."""

    has_consent: HasConsent
    vault: Vault


class StationRatings:
    """Takes ratings, counts them, and tells the scores."""

    def __init__(
        self, shelves: RatingShelves, board: StationBoard, raters: Raters, signals: Signals, now: Now
    ) -> None:
        self._ratings = shelves.ratings
        self._scores = shelves.scores
        self._visits = shelves.visits
        self._board = board
        self._raters = raters
        self._signals = signals
        self._now = now
        self._known: dict[str, Score] = {}
        self.mirror = Mirror(self._scores, self._absorb, now)

    def find(self, station: str) -> Score | None:
        """Return a station's score as this process knows it, if it may be shown. No call."""
        known = self._known.get(station)
        return known if known and known.number >= SHOWN_FROM else None

    async def rate(self, person: str, code: str, stars: int) -> Rating:
        """Take a person's rating in place of an earlier one; two reads, and one write, for the first two.

        NoSuchStation, VisitRequired.
        """
        station, at = self._board.get(code).id, self._now()
        await self._require_visit(person, station, at)
        rating = Rating(
            id=f"{station}:{self._raters.vault.blind('rating', f'{station}:{person}')}",
            station=station,
            stars=stars,
            at=at,
            person=person,
            cut_at=at + NAMED_FOR,
            pending=new_ordered_id(at),
        )
        await self._keep(rating)
        self._signals.wake(RATINGS_DUE)
        return rating

    async def work(self) -> None:
        """Count what is pending; any number of workers may."""
        while due := await self._ratings.list_({"pending": {"$gt": ""}}, sort="pending", limit=BATCH):
            for station in {one.station for one in due}:
                await self.count(station)
            for one in due:
                await self._ratings.change({"_id": one.id, "pending": one.pending}, {}, without=("pending",))

    async def count(self, station: str) -> None:
        """Count a station's ratings anew; EngineUnavailable if others did so at every try."""
        for _ in range(TRIES):
            seen = await self._scores.find(station)
            made = await self._counted(station, seen)
            if await self._write(seen, made):
                self._absorb([made])
                await self._signals.send(SCORES_CHANGED)
                return
        raise EngineUnavailable(retryAfter=1)

    async def list_differences(self) -> list[Score]:
        """Return the scores that are not as the ratings say, as these say."""
        known = {one.id: one for one in await self._scores.list_({"changed": {"$gte": EPOCH}})}
        rated = [station async for station in self._walk_rated()]
        found = [await self._counted(one, known.get(one)) for one in sorted({*known, *rated})]
        return [one for one in found if _sums(known.get(one.id)) != _sums(one)]

    async def _require_visit(self, person: str, station: str, at: datetime) -> None:
        where = {"person": person, "station": station, "at": {"$gt": at - RATED_WITHIN}}
        if not (
            await self._raters.has_consent(person, "movements") and await self._visits.list_(where, limit=1)
        ):
            raise VisitRequired(nextStep="在“隐私与授权”里同意“驿站签到留名”，到驿站签到后再评分")

    async def _keep(self, rating: Rating) -> None:
        """Write a rating, in place of the person's earlier one if there is one."""
        values = {name: getattr(rating, name) for name in Rating.__struct_fields__ if name != "id"}
        for _ in range(TRIES):
            if await self._ratings.change({"_id": rating.id}, values):
                return
            try:
                await self._ratings.insert(rating)
            except Duplicate:  # Another of the same person came first: this one is the later.
                continue
            return
        raise EngineUnavailable(retryAfter=1)

    async def _counted(self, station: str, seen: Score | None) -> Score:
        numbers = await asyncio.gather(
            *(self._ratings.count({"station": station, "stars": stars}) for stars in STARS)
        )
        return Score(
            id=station,
            number=sum(numbers),
            total=sum(stars * number for stars, number in zip(STARS, numbers, strict=True)),
            changed=next_change(self._now(), seen.changed if seen else EPOCH),
        )

    async def _write(self, seen: Score | None, made: Score) -> bool:
        if seen is None:
            try:
                await self._scores.insert(made)
            except Duplicate:
                return False
            return True
        values = {"number": made.number, "total": made.total, "changed": made.changed}
        return await self._scores.change({"_id": seen.id, "changed": seen.changed}, values) is not None

    async def _walk_rated(self) -> AsyncIterator[str]:
        """Yield each station that has ratings, by its code."""
        after = ""
        while found := await self._ratings.list_({"station": {"$gt": after}}, sort="station", limit=1):
            after = found[0].station
            yield after

    def _absorb(self, changed: Sequence[Score]) -> None:
        take_newest(self._known, changed)


class RatingNames:
    """Takes people off their ratings, which count on."""

    def __init__(self, store: Store[Rating], now: Now) -> None:
        self._store = store
        self._now = now

    async def forget(self, person: str, until: datetime | None = None) -> None:
        """Take a person off all ratings, or off those given until a moment."""
        for one in await self._store.list_({"person": person}):
            if until is None or one.at <= until:
                await self._cut(one)

    async def cut(self) -> int:
        """Take people off ratings that are older than these may bear them; return off how many."""
        number = 0
        while due := await self._store.list_({"cut_at": {"$lte": self._now()}}, sort="cut_at", limit=BATCH):
            for one in due:
                number += await self._cut(one)
        return number

    async def _cut(self, one: Rating) -> bool:
        """Take the person off, unless a later rating has come in its place."""
        seen = {"_id": one.id, "at": one.at}
        return await self._store.change(seen, {}, without=("person", "cut_at")) is not None


def _sums(score: Score | None) -> tuple[int, int]:
    return (score.number, score.total) if score else (0, 0)
