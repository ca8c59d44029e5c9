"""Retention with a moved clock: what the notice promises to remove is gone, and each day is proved."""

import asyncio
from datetime import timedelta

import pytest

from models.audit import Search
from models.clock import LOCAL, local_day
from models.erasures import CONFIRMATION, SETTLING
from models.ids import decode
from models.organisations import Organisation
from models.privacy_notices import CURRENT, kept
from models.retention import midnight, without_moment
from models.scans import SCANS, Attempt, ScanIdReused, require_same
from models.store import Database
from server.app import World
from server.engines import Engines
from tests.factories import NOON
from tests.mortal import Crash, Life
from tests.sites import Site


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    site = Site(engines, database)
    for store in site.start().stores:
        await store.create_indexes()
        await database[store._documents.name].delete_many({})
    return site


async def numbers(site: Site) -> dict[str, int]:
    """How many documents each collection has."""
    names = await site.database.list_collection_names()
    return {name: len(await site.database[name].find({}).to_list()) for name in names}


async def plant_tree(site: Site, world: World) -> None:
    for key, path in (("CITY", ()), ("DISTRICT", ("CITY",)), ("ORG", ("CITY", "DISTRICT"))):
        made = Organisation(id=key, name=key, tree="local", path=path, changed=site.clock.at)
        await world.organisations.put(made)


def test_every_rule_has_its_period_in_the_notice(site: Site) -> None:
    rules = set(site.start().privacy.retention.rules)
    assert rules <= {rule.kind for rule in CURRENT.retention}
    by_other_means = {"staff_sessions", "subscription_entries", "consents", "station_reports"}
    assert {rule.kind for rule in CURRENT.retention if rule.period} - rules == by_other_means


async def test_a_scan_loses_minute_and_place_after_thirty_days_and_the_rest_after_a_year(site: Site) -> None:
    world = site.start()
    await plant_tree(site, world)
    person, _ = await site.live(world)
    retention, began = world.privacy.retention, site.clock.at
    await site.move(timedelta(days=29, hours=23))
    await retention.run()
    (fine,) = await world.scans.list_of(person, None, 9)
    assert (fine.received_at, fine.organisation, fine.day_only) == (began, "ORG", False)
    await site.move(timedelta(hours=1))
    await retention.run()
    (cut,) = await world.scans.list_of(person, None, 9)
    day = began.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0)
    assert (cut.received_at, cut.scanned_at, cut.judged_at) == (day, day, None)
    assert (cut.organisation, cut.station, cut.code_hash, cut.content_hash) == ("DISTRICT", None, "", "")
    assert decode(cut.order[:10]) == round(day.timestamp() * 1000)
    assert cut.undone is not None
    assert (cut.undone.at, cut.undone.reason) == (day, "")
    assert (cut.person, cut.purpose, cut.outcome) == (person, fine.purpose, fine.outcome)
    kept_text = str(await site.database[SCANS.name].find({}).to_list())
    assert "04:00:05" not in kept_text
    proof = await retention.find_day(local_day(site.clock.at))
    assert proof is not None
    assert proof.removed["scans"] == 1
    await site.move(timedelta(days=336))
    await retention.run()
    assert await world.scans.list_of(person, None, 9) == []


async def test_everything_goes_when_its_period_is_over_and_what_has_no_end_stays(site: Site) -> None:
    world = site.start()
    person, _ = await site.live(world)
    before = await numbers(site)
    await world.privacy.retention.run()
    unchanged = {**before, "retention_days": 1}
    assert {k: v for k, v in (await numbers(site)).items() if v} == {k: v for k, v in unchanged.items() if v}
    await site.move(kept("messages") + timedelta(seconds=1))
    await world.privacy.retention.run()
    after = await numbers(site)
    assert [after[name] for name in ("sessions", "messages", "pushes")] == [0, 0, 0]
    assert after["subscriptions"] == 1
    await site.move(kept("subscriptions"))
    await world.privacy.retention.run()
    after = await numbers(site)
    assert after["subscriptions"] == 0
    assert [after[name] for name in ("people", "vault", "memberships", "cards")] == [1, 1, 1, 1]
    assert await world.people.find_particulars(person) is not None
    assert after["consents"] == before["consents"]


async def test_the_proof_of_an_erasure_and_its_consents_go_after_three_years(site: Site) -> None:
    world = site.start()
    person, _ = await site.live(world)
    await world.privacy.erasures.erase(person, CONFIRMATION)
    await site.move(SETTLING)
    await world.privacy.erasures.work()
    await site.move(kept("erasures") - timedelta(seconds=1))
    await world.privacy.retention.run()
    assert (await numbers(site))["erasures"] == 1
    await site.move(timedelta(seconds=1))
    await world.privacy.retention.run()
    after = await numbers(site)
    assert (after["erasures"], after["consents"]) == (0, 0)


async def test_a_day_that_is_over_is_entered_in_the_audit_once(site: Site) -> None:
    worlds = [site.start() for _ in range(3)]
    await site.live(worlds[0])
    await site.move(timedelta(days=31))
    day = local_day(site.clock.at)
    for _ in range(2):
        await asyncio.gather(*(world.privacy.retention.run() for world in worlds))
    audit = worlds[0].auditing.audit
    assert (await audit.list_page(Search(object=day), 1, 5)).total == 0
    await site.move(timedelta(days=1))
    await asyncio.gather(*(world.privacy.retention.run() for world in worlds))
    entered = await audit.list_page(Search(object=day), 1, 5)
    assert [(one.action, one.actor) for one in entered.rows] == [("retention_applied", "operator")]
    details = entered.rows[0].details
    assert (details["runs"], details["scans"], details["messages"], details["pushes"]) == ("6", "1", "1", "1")


async def test_a_run_that_dies_after_a_removal_is_taken_up_by_the_next(site: Site) -> None:
    healthy = site.start()
    await site.live(healthy)
    await site.move(timedelta(days=31))
    for number in range(8):
        with pytest.raises(Crash):
            await site.start(Life(number)).privacy.retention.run()
    await healthy.privacy.retention.run()
    after = await numbers(site)
    assert [after[name] for name in ("sessions", "messages", "pushes")] == [0, 0, 0]


async def test_an_old_scan_sent_again_is_still_the_same_scan(site: Site) -> None:
    world = site.start()
    person, _ = await site.live(world)
    (scan,) = await world.scans.list_of(person, None, 1)
    attempt = Attempt(scan_id="scan-1", code="anything", purpose="identify")
    with pytest.raises(ScanIdReused):
        require_same(scan, attempt)
    require_same(without_moment(scan, "DISTRICT"), attempt)


def test_midnight_is_local() -> None:
    assert midnight(NOON).isoformat() == "2026-07-15T00:00:00+08:00"
    late = NOON + timedelta(hours=14)
    assert midnight(late).isoformat() == "2026-07-16T00:00:00+08:00"
