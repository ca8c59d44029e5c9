"""A correction whose process died at any write is carried out by the next, once, or not begun."""

import contextlib
import secrets

import pytest

from models.appointments import Appointment
from models.corrections import LEASE, Wanted
from models.ids import new_id
from models.memberships import Membership
from models.organisations import Organisation
from models.people import Particulars
from models.store import Database
from models.vault import mask_name
from server.app import World
from server.engines import Engines
from tests.mortal import Crash, Life
from tests.sites import Site

MOST_WRITES = 20


@pytest.fixture
async def site(engines: Engines, database: Database) -> Site:
    site = Site(engines, database)
    for store in site.start().stores:
        await store.create_indexes()
    return site


async def start(site: Site, life: Life | None = None) -> World:
    world = site.start(life)
    await world.organisations.mirror.refresh()
    await world.appointments.mirror.refresh()
    return world


async def test_an_approval_that_dies_at_any_write_is_carried_out_by_the_next_process(site: Site) -> None:
    healthy, at = site.start(), site.clock.at
    organisation = Organisation(id=new_id(), name="测试工会", tree="local", changed=at)
    await healthy.organisations.put(organisation)
    officer = new_id()
    await healthy.appointments.put(
        Appointment(
            id=new_id(), person=officer, role="officer", organisation=organisation.id, since=at, changed=at
        )
    )
    for number in range(MOST_WRITES):
        mark = secrets.token_hex(6)
        before = Particulars(name="张三丰", id_document=f"OLD-{mark}", phone=mark)
        person = await healthy.people.register(before)
        await healthy.memberships.begin(
            Membership(
                person=person, organisation=organisation.id, state="active", since="2026-07-01", entered=at
            )
        )
        await healthy.cards.issue(person, mask_name(before.name), "active")
        asked = await healthy.privacy.corrections.ask(person, Wanted("id_document", f"NEW-{mark}", mark))
        dying = await start(site, Life(number))
        with contextlib.suppress(Crash):
            await dying.privacy.corrections.decide(officer, asked.id, "approve")
            break
        site.clock.advance(seconds=LEASE.total_seconds())
        await healthy.privacy.corrections.work()
        (kept,) = await healthy.privacy.corrections.list_own(person)
        who = await healthy.people.find_particulars(person)
        assert who is not None
        if number == 0:
            assert (kept.state, who.id_document) == ("open", f"OLD-{mark}")
            continue
        assert (kept.state, kept.wanted, who.id_document) == ("done", None, f"NEW-{mark}")
        again = Particulars(name="张三丰", id_document=f"NEW-{mark}", phone=mark)
        assert await healthy.people.register(again) == person
        old = Particulars(name="张三丰", id_document=f"OLD-{mark}", phone=mark)
        assert await healthy.people.register(old) != person
    assert 5 <= number < MOST_WRITES - 1
