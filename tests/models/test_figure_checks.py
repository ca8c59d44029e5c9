"""Figures made anew from the memberships: what differs is found and named, and put right when asked."""

import secrets
from datetime import timedelta

import pytest
from msgspec.structs import replace

from models.figure_checks import Difference, FigureChecks, FigureReport
from models.membership_figures import Movement
from models.memberships import Membership, Memberships
from models.store import Database, Store
from tests.models.test_membership_crashes import COLLECTIONS, Act, Process, Site


@pytest.fixture
async def site(database: Database) -> Site:
    for collection in COLLECTIONS:
        await database[collection.name].delete_many({})
        await Store(database, collection).create_indexes()
    return await Site(database).open()


def checks_of(process: Process) -> FigureChecks:
    stores = process.stores
    return FigureChecks(process.memberships, stores["membership_movements"], process.organisations)


async def check(process: Process, *, fix: bool = False) -> tuple[FigureReport, dict[str, str]]:
    told: list[Difference] = []
    report = await checks_of(process).run(told.append, fix=fix)
    assert report.differences == len(told)
    return report, {one.movement: one.kind for one in told}


async def member(site: Site, process: Process) -> str:
    """Somebody who joined, was transferred and retired, with all that follows; an entry was corrected."""
    act = Act(site)
    for step in act.steps:
        await step(process)
        await process.book.effects.work()
    person = await process.people.find_by_subject(act.subject)
    assert person is not None
    return person


async def test_figures_that_are_what_the_memberships_say_have_no_difference(site: Site) -> None:
    process = await site.start()
    for _ in range(2):
        await member(site, process)
    report, differing = await check(process)
    assert differing == {}
    assert (report.memberships, report.waiting, report.unreached) == (2, 0, 0)
    assert report.movements == 2 * 7


async def test_what_is_missing_wrong_or_extra_is_named_and_put_right_once(site: Site) -> None:
    process = await site.start()
    person = await member(site, process)
    movements: Store[Movement] = process.stores["membership_movements"]
    kept = await movements.list_({"organisation": site.here})
    lost, altered = kept[0], kept[1]
    await movements.delete({"_id": lost.id})
    await movements.put(replace(altered, organisation=site.there, valid="2001-01-01"))
    strange = Movement(
        id=f"{secrets.token_hex(8)}:1:done:in",
        organisation=site.here,
        category="counted",
        direction="in",
        valid="2026-07-01",
        entered="2026-07-01",
    )
    await movements.insert(strange)
    named = {lost.id: "missing", altered.id: "wrong", strange.id: "extra"}
    assert (await check(process))[1] == named
    assert (await check(process, fix=True))[1] == named
    assert (await check(process))[1] == {}
    assert await movements.find(lost.id) == lost
    assert await movements.find(altered.id) == altered
    assert await process.memberships.find(person) is not None


async def test_a_membership_that_waits_for_a_worker_is_left_to_it(site: Site) -> None:
    act, process = Act(site), await site.start()
    await act.apply(process)
    await act.approve(process)
    report, differing = await check(process, fix=True)
    assert (report.waiting, differing) == (1, {})
    await process.book.effects.work()
    report, differing = await check(process)
    assert (report.waiting, report.movements, differing) == (0, 1, {})


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_a_walk_passes_each_membership_once_however_many_are_of_one_moment(
    site: Site, database: Database, size: int
) -> None:
    memberships = Memberships((await site.start()).stores["memberships"])
    organisation, moments = secrets.token_hex(4), (0, 0, 0, 1, 2, 2, 2, 2, 3)
    for number, seconds in enumerate(moments):
        at = site.clock.at + timedelta(seconds=seconds)
        await memberships.begin(
            Membership(
                person=f"{organisation}{number}",
                organisation=organisation,
                state="active",
                since="2026-07-15",
                entered=at,
            )
        )
    passed = [one.person async for page in memberships.walk(organisation, size) for one in page]
    assert sorted(passed) == [f"{organisation}{number}" for number in range(len(moments))]
