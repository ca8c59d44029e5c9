"""An erasure that dies at any of its writes is finished by whoever comes next, and leaves no trace."""

import asyncio
import contextlib
import secrets
from typing import Any

import pytest
from msgspec.structs import replace

from models.accounts import Account
from models.card_codes import Master
from models.corrections import Wanted
from models.erasures import BATCH, CONFIRMATION, LEASE, SETTLING
from models.ids import new_id, new_ordered_id
from models.memberships import Membership
from models.people import Particulars
from models.privacy_notices import CURRENT
from models.pushes import Event
from models.scans import Scan, Undo
from models.store import Database
from models.subscriptions import Template
from models.vault import Vault, mask_name
from server.app import World, build_world
from server.engines import Engines
from server.keys import Keys
from server.platform import NO_ACCOUNT
from tests.factories import Clock
from tests.mortal import Crash, Life, MortalDatabase
from tests.traces import find_traces, marks_of

MASTERS = (Master("1", b"m" * 32),)
KEYS = Keys({1: b"s" * 32}, {"1": b"k" * 32}, b"i" * 32, MASTERS, MASTERS)
VAULT = Vault(KEYS.vault, KEYS.vault_index)
TEMPLATE = Template("event_reminder", "T-one")
MOST_WRITES = 60
SHARDS = 5


class Site:
    """A database, and as many processes as a test starts."""

    def __init__(self, engines: Engines, database: Database) -> None:
        self.clock = Clock()
        self.database = database
        self._engines = engines

    def start(self, life: Life | None = None) -> World:
        database: Any = MortalDatabase(self.database, life or Life())
        account = replace(NO_ACCOUNT, templates=(TEMPLATE,))
        return build_world(self._engines, database, KEYS, self.clock.now, account=account, strict=True)

    async def live(self, world: World) -> tuple[str, Particulars]:
        """Somebody of whom something lies wherever it can."""
        at, mark = self.clock.at, secrets.token_hex(6)
        who = Particulars(
            name=f"欧阳{mark}", id_document=f"D-{mark}", phone=f"139-{mark}", openid=f"o-{mark}"
        )
        openid, notice = who.openid or "", CURRENT.version
        guest = await world.sessions.open(openid, as_staff=False)
        await world.privacy.consents.answer(guest.subject, "notice", notice, "mini_program", given=True)
        person = await world.people.register(who)
        membership = Membership(
            person=person, organisation="ORG", state="active", since="2026-07-01", entered=at
        )
        card = await world.cards.issue(person, mask_name(who.name), "active")
        scan = Scan(
            id=f"{new_id()}:{mark}",
            scanner=new_id(),
            organisation="ORG",
            post="驿站工作人员",
            purpose="identify",
            serial=card.id,
            person=person,
            outcome="accepted",
            code_length=35,
            code_hash="",
            content_hash="",
            scanned_at=at,
            received_at=at,
            order=new_ordered_id(at),
            undone=Undo(new_id(), at, f"{who.name} 说扫错了"),
        )
        account = Account(id=f"ouyang.{mark}", person=person, totp=b"", enrolment_until=at, issued=at)
        words = {"thing1": "夏送清凉", "time2": "15:01"}
        told = world.subscriptions.account_of(openid)
        stores = world.privacy.erasures.steps._stores
        await asyncio.gather(
            world.sessions.open(openid, as_staff=False),
            world.memberships.begin(membership),
            world.prints.issue(person, mark),
            world.privacy.consents.answer(person, "movements", notice, "mini_program", given=True),
            world.subscriptions.report(openid, mark, {TEMPLATE.id: "accept"}),
            world.messages.queue(f"test:{mark}", told, TEMPLATE.purpose, "pages/a", words),
            world.pushes.keep(mark, Event(kind="unused", openid=openid)),
            stores["accounts"].insert(account),
            stores["scans"].insert(scan),
        )
        await world.privacy.corrections.ask(person, Wanted("name", f"{who.name}改", mark))
        return person, who

    async def pass_time(self, world: World, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        while await world.privacy.erasures.count_due():
            await world.privacy.erasures.work()


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
    await asyncio.gather(*(world.privacy.erasures.work() for world in worlds))
    marks = {mark for _, who in made for mark in marks_of(who, VAULT)}
    assert await find_traces(site.database, VAULT, marks) == []
    assert len(made) < BATCH
