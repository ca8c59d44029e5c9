"""The minutes of last visits to stations: gone after thirty days, and what they decided stays."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.clock import local_day
from models.evidence import PROBLEM_WORDS, Evidence, Mark, MarkState, Problem, standing
from models.evidence_retention import without_minutes
from models.privacy_notices import kept
from models.retention import midnight
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.factories import NOON
from tests.mortal import Crash, Life
from tests.sites import Site

KEPT = kept("check_ins")
AT = NOON + timedelta(days=31)
STATION = "4E8M0R2T"


moments = st.one_of(st.none(), st.integers(-2000, 44_000).map(lambda late: NOON + timedelta(minutes=late)))
problems: st.SearchStrategy[Problem] = st.sampled_from(sorted(PROBLEM_WORDS))
states: st.SearchStrategy[MarkState] = st.sampled_from(["reported", "doubtful"])
marks = st.builds(
    lambda problem, state, since: Mark(problem, state, since, since + timedelta(minutes=5)),
    problems,
    states,
    moments.filter(bool),
)
evidences = st.builds(
    lambda visited, entered, opened, found: Evidence(
        id=STATION,
        visited=visited,
        entered=entered,
        opened=opened,
        marks={mark.problem: mark for mark in found},
        changed=NOON,
    ),
    moments,
    moments,
    moments,
    st.lists(marks, max_size=4),
)
ANSWERED = Evidence(
    id=STATION,
    visited=NOON,
    entered=NOON,
    marks={"locked": Mark("locked", "doubtful", NOON - timedelta(hours=1), NOON - timedelta(minutes=1))},
    changed=NOON,
)


@settings(max_examples=150, deadline=None)
@given(evidences, st.integers(0, 500))
@example(ANSWERED, 0)
def test_no_mark_stands_or_falls_by_the_cut(evidence: Evidence, hours: int) -> None:
    later = AT + timedelta(hours=hours)
    assert standing(without_minutes(evidence, AT), later) == standing(evidence, later)


@settings(max_examples=100, deadline=None)
@given(evidences)
def test_a_cut_leaves_the_day_of_what_is_old_and_all_of_what_is_not(evidence: Evidence) -> None:
    cut = without_minutes(evidence, AT)
    for before, after in ((evidence.visited, cut.visited), (evidence.entered, cut.entered)):
        if before is None or before > AT - KEPT:
            assert after == before
        else:
            assert after == midnight(before)
    assert without_minutes(cut, AT) is cut


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    site = Site(engines, database)
    for store in site.start().stores:
        await store.create_indexes()
        await database[store._documents.name].delete_many({})
    return site


async def visit(site: Site, world: World) -> None:
    world.visits.evidence.note(STATION, "staff", site.clock.now())
    await world.visits.evidence.work()


async def stored(world: World) -> Evidence:
    found = await world.visits.evidence._store.find(STATION)
    assert found
    return found


async def cut_on(site: Site, world: World) -> int:
    day = await world.privacy.retention.find_day(local_day(site.clock.at))
    return day.removed.get("check_ins", 0) if day else 0


async def test_after_thirty_days_the_last_visit_has_a_day_and_no_minute_anywhere(site: Site) -> None:
    world = site.start()
    await visit(site, world)
    await site.move(KEPT - timedelta(seconds=1))
    await world.privacy.retention.run()
    assert (await stored(world)).visited == NOON
    assert await cut_on(site, world) == 0
    await site.move(timedelta(seconds=1))
    await world.privacy.retention.run()
    known = world.visits.evidence.find(STATION)
    assert known
    assert known.visited == known.entered == midnight(NOON)
    assert await stored(world) == known
    assert known.changed == site.clock.at, "the time of the last writing is that of the visit no more"
    assert await cut_on(site, world) == 1
    other = site.start()
    await other.visits.evidence.mirror.refresh()
    assert other.visits.evidence.find(STATION) == known


async def test_a_visit_within_thirty_days_keeps_its_minute_beside_an_older_one(site: Site) -> None:
    world = site.start()
    await visit(site, world)
    await site.move(timedelta(days=29))
    world.visits.evidence.note(STATION, "sign", site.clock.now())
    await world.visits.evidence.work()
    await site.move(timedelta(days=2))
    await world.privacy.retention.run()
    known = world.visits.evidence.find(STATION)
    assert known
    assert (known.visited, known.entered) == (NOON + timedelta(days=29), midnight(NOON))


async def test_of_processes_that_cut_at_once_one_counts_it(site: Site) -> None:
    worlds = [site.start() for _ in range(3)]
    await visit(site, worlds[0])
    for world in worlds:
        await world.visits.evidence.mirror.refresh()
    await site.move(KEPT)
    await asyncio.gather(*(world.privacy.retention.run() for world in worlds))
    assert await cut_on(site, worlds[0]) == 1
    await asyncio.gather(*(world.privacy.retention.run() for world in worlds))
    assert await cut_on(site, worlds[0]) == 1


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_that_a_crash_cut_short_is_made_by_the_next_run(site: Site, *, after: bool) -> None:
    healthy = site.start()
    await visit(site, healthy)
    await site.move(KEPT)
    mortal = site.start(Life(0, after=after))
    await mortal.visits.evidence.mirror.refresh()
    with pytest.raises(Crash):
        await mortal.privacy.retention.rules["check_ins"]()
    await healthy.visits.evidence.mirror.refresh()
    await healthy.privacy.retention.run()
    known = healthy.visits.evidence.find(STATION)
    assert known
    assert known.visited == midnight(NOON)
