"""Ratings after a process died at any of its writes, and counted by several at once: the sums are exact."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial

import pytest

from models.check_ins import CheckIn
from models.ids import new_id
from models.presence import window_of
from models.station_ratings import Raters, RatingNames, RatingShelves, StationRatings
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.models.workers import persevere
from tests.mortal import Crash
from tests.sites import VAULT
from tests.station_sites import MOST_WRITES, StationSite


async def agrees(person: str, purpose: str) -> bool:
    """Everybody consents."""
    return purpose == "movements"


class Site(StationSite):
    """A database with stations and people who were at them."""

    async def make_visitor(self, code: str) -> str:
        """Return somebody who is at the station."""
        window, slot, person = window_of(self.clock.at), f"{code}:{new_id()}:now", new_id()
        visit = CheckIn(
            id=slot,
            slot=slot,
            station=code,
            day=window.day,
            window=window.since,
            presence="near",
            at=self.clock.at,
            person=person,
        )
        await self.reader.visits.check_ins._store.insert(visit)
        return person

    def ratings_of(self, world: World, store: object = None) -> StationRatings:
        """A process's ratings, over a store that a test holds back if one is given."""
        own = world.visits.ratings
        shelves = RatingShelves(store or own._ratings, own._scores, own._visits)  # type: ignore[arg-type]  # a fake of it
        return StationRatings(shelves, world.board, Raters(agrees, VAULT), world.signals, self.clock.now)

    async def check(self, code: str) -> list[int]:
        """Return the stars of a station's ratings: all are counted, and the score is what they say."""
        stored = await self.reader.visits.ratings._ratings.list_({"station": code})
        score = await self.reader.visits.ratings._scores.find(code)
        assert [one.pending for one in stored] == [None] * len(stored)
        stars = sorted(one.stars for one in stored)
        assert (len(stars), sum(stars)) == ((score.number, score.total) if score else (0, 0))
        assert await self.reader.visits.ratings.list_differences() == []
        return stars


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    return await Site(engines, database).open()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("repeats", [False, True], ids=["unasked", "sent-again"])
@pytest.mark.parametrize("earlier", [None, 5], ids=["first", "changed"])
async def test_a_rating_that_is_stored_is_counted_once_wherever_its_process_died(
    site: Site, earlier: int | None, *, repeats: bool, after: bool
) -> None:
    for ends_at in range(MOST_WRITES):
        code = await site.make_station()
        person, died = await site.make_visitor(code), False
        healthy = site.ratings_of(await site.begin())
        if earlier:
            await healthy.rate(person, code, earlier)
            await healthy.work()
        dying = site.ratings_of(await site.begin(ends_at, after=after))
        try:
            await dying.rate(person, code, 2)
            await dying.work()
        except Crash:
            died = True
        if repeats:
            await healthy.rate(person, code, 2)
        await healthy.work()
        before = [earlier] if earlier else []
        assert await site.check(code) in ([[2]] if repeats or not died else [[2], before])
        if not died:
            break
    assert 3 <= ends_at < MOST_WRITES


async def test_twenty_people_and_five_workers_at_once_leave_exact_sums(site: Site) -> None:
    code = await site.make_station()
    people = [await site.make_visitor(code) for _ in range(20)]
    several = [site.ratings_of(await site.begin()) for _ in range(5)]

    async def rate(number: int, person: str) -> None:
        for stars in (number % 5 + 1, (number + 2) % 5 + 1):
            await persevere(partial(several[number % 5].rate, person, code, stars))

    await asyncio.gather(
        *(rate(number, person) for number, person in enumerate(people)),
        *(persevere(one.work) for one in several),
    )
    await persevere(several[0].work)
    assert await site.check(code) == sorted([1, 2, 3, 4, 5] * 4)


async def test_a_count_that_began_before_another_s_does_not_come_after_it(site: Site) -> None:
    code = await site.make_station()
    first, second = [await site.make_visitor(code) for _ in range(2)]
    world = await site.begin()
    other = site.ratings_of(await site.begin())
    await other.rate(first, code, 4)
    await other.work()

    async def rate_meanwhile() -> None:
        await other.rate(second, code, 5)
        await other.work()

    slow = site.ratings_of(world, HeldRatings(world, rate_meanwhile))
    await slow.count(code)
    assert await site.check(code) == [4, 5]


async def test_a_count_that_changes_nothing_still_ends_those_that_began_before(site: Site) -> None:
    code = await site.make_station()
    other = site.ratings_of(await site.begin())
    person = await site.make_visitor(code)
    await other.rate(person, code, 4)
    await other.work()
    before = await site.reader.visits.ratings._scores.find(code)
    await other.rate(person, code, 4)
    site.clock.at += timedelta(seconds=1)
    await other.work()
    after = await site.reader.visits.ratings._scores.find(code)
    assert before is not None
    assert after is not None
    assert (after.number, after.total) == (before.number, before.total)
    assert after.changed > before.changed


async def test_a_rating_that_changes_while_it_is_counted_is_counted_again(site: Site) -> None:
    code = await site.make_station()
    person = await site.make_visitor(code)
    world = await site.begin()
    other = site.ratings_of(await site.begin())
    await other.rate(person, code, 4)

    async def change_meanwhile() -> None:
        await other.rate(person, code, 1)

    await site.ratings_of(world, HeldRatings(world, change_meanwhile)).work()
    assert await site.check(code) == [1]


async def test_a_rating_that_comes_while_an_older_one_s_person_is_taken_off_keeps_its_own(site: Site) -> None:
    code = await site.make_station()
    person = await site.make_visitor(code)
    world = await site.begin()
    ratings = site.ratings_of(world)
    await ratings.rate(person, code, 4)
    (before,) = await ratings._ratings.list_({"person": person})
    site.clock.at += timedelta(seconds=1)
    await ratings.rate(person, code, 5)
    names = RatingNames(ratings._ratings, site.clock.now)
    assert await names._cut(before) is False
    (now,) = await ratings._ratings.list_({"person": person})
    assert (now.stars, now.person) == (5, person)


class HeldRatings:
    """The store of ratings, after whose first five counts something else happens."""

    def __init__(self, world: World, happens: Callable[[], Awaitable[None]]) -> None:
        self._store = world.visits.ratings._ratings
        self._happens = happens
        self._counted = 0

    async def count(self, where: Mapping[str, str]) -> int:
        number = await self._store.count(where)
        self._counted += 1
        if self._counted == 5:
            await self._happens()
        return number

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
