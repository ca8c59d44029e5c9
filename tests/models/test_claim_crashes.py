"""Claims after a process died at any of its writes: claimed again, or swept, they come out the same."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from models.claim_reviews import CLAIM_REVIEWS
from models.claims import ClaimNotMatched
from models.clock import local_day
from models.memberships import Membership
from models.people import OPENID, Particulars
from models.sessions import REVOCATIONS, SESSIONS, Revocations, Sessions
from models.signals import Signals
from models.store import Database, Store
from models.wechat_accounts import WeChatAccounts
from server.claiming import Around, Claiming, build_claiming, shelf_of
from tests.models.mortal import Crash, Life, Mortal
from tests.models.test_membership_crashes import COLLECTIONS, MOST_WRITES, VAULT, Process
from tests.models.test_membership_crashes import Site as BookSite


class Claimer(Process):
    """A process that takes claims too."""

    def __init__(self, site: "Site", life: Life) -> None:
        super().__init__(site.database, site.clock, life)
        self.stores |= {one.name: Mortal(site.database, one, life) for one in (SESSIONS, REVOCATIONS)}
        signals, now = Signals(FakeAsyncRedis(server=FakeServer())), site.clock.now
        revocations = Revocations(self.stores["revocations"], signals, self.audit, now)
        accounts = WeChatAccounts(self.stores["identities"], self.people, VAULT, self.audit)
        sessions = Sessions(self.stores["sessions"], revocations, accounts, self.appointments, VAULT, now)
        around = Around(self.people, self.memberships, self.organisations, self.audit, signals)
        shelf = shelf_of(self.stores, VAULT)
        self.sessions = sessions
        self.claiming: Claiming = build_claiming(
            self.claims, shelf, around, sessions, self.book.offices, self.messages
        )

    async def work(self) -> None:
        await self.claiming.work()
        await self.book.effects.work()


class Site(BookSite):
    """A database with a roster's people."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database

    async def begin(self, ends_at: int = -1, *, after: bool = False) -> Claimer:
        process = Claimer(self, Life(ends_at, after=after))
        await process.organisations.mirror.refresh()
        await process.appointments.mirror.refresh()
        return process

    async def import_person(self) -> Particulars:
        process, mark = await self.begin(), secrets.token_hex(6)
        who = Particulars(name="赵小河", id_document=f"DOC{mark}", phone=f"1{mark}")
        person = await process.people.register(who)
        spell = Membership(
            person=person,
            organisation=self.here,
            state="active",
            since=local_day(self.clock.at),
            entered=self.clock.at,
        )
        await process.memberships.begin(spell)
        await process.work()
        return who


@pytest.fixture
async def site(database: Database) -> Site:
    for collection in (*COLLECTIONS, CLAIM_REVIEWS, SESSIONS, REVOCATIONS):
        await Store(database, collection).create_indexes()
    site = Site(database)
    await site.open()
    return site


async def died_at_each_write(
    site: Site,
    act: Callable[[Claimer, Particulars, str], Awaitable[Any]],
    check: Callable[[Particulars, str], Awaitable[None]],
    *,
    after: bool,
    repeats: bool,
) -> None:
    for ends_at in range(MOST_WRITES):
        who, account = await site.import_person(), f"{OPENID}{secrets.token_hex(16)}"
        dying, died = await site.begin(ends_at, after=after), False
        try:
            await act(dying, who, account)
            await dying.work()
        except Crash:
            died = True
        healthy = await site.begin()
        if repeats:
            await act(healthy, who, account)
        await healthy.work()
        await check(who, account)
        if not died:
            assert ends_at > 2
            return
    pytest.fail("a claim makes more writes than were tried")


async def expect_claimed(site: Site, who: Particulars, account: str) -> None:
    process = await site.begin()
    person = await process.people.find_by_subject(account)
    assert person is not None
    assert await process.people.register(who) == person
    kept = await process.stores["people"].find(person)
    assert kept is not None
    assert (kept.state, kept.claim, kept.claiming) == ("claimed", None, None)
    assert (await process.cards.get_of(person)).standing == "active"
    assert await process.stores["audit_entries"].find(f"claim:{person}") is not None
    held = await process.memberships.find(person)
    assert held is not None
    assert held.pending is None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_claim_that_died_anywhere_is_made_whole_by_claiming_again(site: Site, *, after: bool) -> None:
    async def claim(process: Claimer, who: Particulars, account: str) -> None:
        await process.claims.claim(account, who)

    async def check(who: Particulars, account: str) -> None:
        await expect_claimed(site, who, account)

    await died_at_each_write(site, claim, check, after=after, repeats=True)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_acknowledged_claim_is_finished_by_any_worker(site: Site, *, after: bool) -> None:
    async def work(process: Claimer, who: Particulars, account: str) -> None:
        await (await site.begin()).claims.claim(account, who)

    async def check(who: Particulars, account: str) -> None:
        await expect_claimed(site, who, account)

    await died_at_each_write(site, work, check, after=after, repeats=False)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_officer_s_decision_on_a_claim_is_finished_whole(site: Site, *, after: bool) -> None:
    async def decide(process: Claimer, who: Particulars, account: str) -> None:
        wrong = Particulars(name=who.name, id_document=who.id_document, phone="13900000000")
        healthy = await site.begin()
        if await healthy.people.find_by_subject(account) is None:
            with pytest.raises(ClaimNotMatched):
                await healthy.claims.claim(account, wrong)
        page = await healthy.claiming.desk.list_page(site.officer, None, 1, 100)
        for one in page.rows:
            if one.review.account == account:
                await process.claiming.desk.decide(site.officer, one.review.id, "accept")

    async def check(who: Particulars, account: str) -> None:
        await expect_claimed(site, who, account)
        process = await site.begin()
        told = await process.stores["messages"].list_(
            {"account": account.removeprefix(OPENID), "state": "failed"}
        )
        assert [one.id.rpartition(":")[0] for one in told] == ["membership_result:claim"]
        person = await process.people.find_by_subject(account)
        assert person is not None
        found = await process.people.find_particulars(person)
        assert found is not None
        assert found.phone == "13900000000"

    await died_at_each_write(site, decide, check, after=after, repeats=True)
