"""An erasure that dies at any of its writes is finished by whoever comes next, and leaves no trace."""

import asyncio
import contextlib

import pytest

from models.erasures import BATCH, CONFIRMATION, LEASE, SETTLING
from models.store import Database
from models.vault import mask_name
from server.engines import Engines
from tests.models.workers import persevere
from tests.mortal import Crash, Life
from tests.sites import VAULT, Site
from tests.traces import find_traces, marks_of

MOST_WRITES = 60
SHARDS = 5


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    site = Site(engines, database)
    for store in site.start().stores:
        await store.create_indexes()
    return site


@pytest.mark.parametrize("first", range(SHARDS))
async def test_an_erasure_that_dies_at_any_write_is_finished_by_the_next_process(
    site: Site, first: int
) -> None:
    healthy, marks, people = site.start(), set[str](), list[str]()
    for number in range(first, MOST_WRITES, SHARDS):
        person, who = await site.live(healthy)
        marks |= marks_of(who, VAULT)
        people.append(person)
        with contextlib.suppress(Crash):
            await site.start(Life(number)).privacy.erasures.erase(person, CONFIRMATION)
            break
        if number == 0:
            assert await healthy.people.find_particulars(person), "nothing was promised, nothing is gone"
            await healthy.privacy.erasures.erase(person, CONFIRMATION)
    assert 20 < number < MOST_WRITES - SHARDS
    assert await find_traces(site.database, VAULT, marks)
    await site.pass_time(healthy, LEASE.total_seconds())
    assert await find_traces(site.database, VAULT, marks) == []
    for person in people:
        membership, card = await healthy.memberships.find(person), await healthy.cards.get_of(person)
        assert membership is not None
        assert (membership.state, card.state) == ("left", "revoked")
    await site.pass_time(healthy, SETTLING.total_seconds())
    assert await find_traces(site.database, VAULT, marks) == []
    assert await healthy.privacy.erasures.count_due() == 0


async def test_what_was_written_meanwhile_is_removed_by_the_second_pass(site: Site) -> None:
    world = site.start()
    person, who = await site.live(world)
    await world.privacy.erasures.erase(person, CONFIRMATION)
    late = await world.sessions.open_console(person)
    card = await world.cards.get_of(person)
    sealed = VAULT.seal("cards", card.id, "holder", mask_name(who.name))
    await world.privacy.erasures.steps._stores["cards"].change({"_id": card.id}, {"holder": sealed})
    await site.pass_time(world, SETTLING.total_seconds())
    assert world.revocations.holds(late.id)
    assert await find_traces(site.database, VAULT, marks_of(who, VAULT)) == []


async def test_many_workers_finish_many_erasures(site: Site) -> None:
    worlds = [site.start() for _ in range(3)]
    made = [await site.live(worlds[0]) for _ in range(4)]
    for person, _ in made:
        with pytest.raises(Crash):
            await site.start(Life(1)).privacy.erasures.erase(person, CONFIRMATION)
    site.clock.advance(seconds=LEASE.total_seconds())
    await asyncio.gather(*(persevere(world.privacy.erasures.work) for world in worlds))
    marks = {mark for _, who in made for mark in marks_of(who, VAULT)}
    assert await find_traces(site.database, VAULT, marks) == []
    assert len(made) < BATCH
