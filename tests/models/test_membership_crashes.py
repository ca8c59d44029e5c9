"""The membership book after a process died at any of its writes: repeated or swept, it comes out the same."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from models.appointments import APPOINTMENTS, Appointment, Appointments
from models.audit import AUDIT_ENTRIES, Audit
from models.cards import CARDS, Cards
from models.claim_reviews import CLAIM_REVIEWS
from models.id_documents import check_digit
from models.ids import new_id
from models.masters import Masters
from models.membership_desk import Request
from models.membership_effects import REMINDER, RESULT, facts_of
from models.membership_figures import MOVEMENTS, category_of, list_movements
from models.membership_history import states_by_day
from models.membership_rules import Change
from models.memberships import MEMBERSHIPS, Membership, Memberships
from models.messages import MESSAGES, Messages
from models.organisations import ORGANISATIONS, Organisation, Organisations
from models.own_memberships import Application
from models.people import IDENTITIES, OPENID, PEOPLE, VAULT_ROWS, Identity, Particulars, People
from models.signals import Signals
from models.store import Collection, Database, EngineUnavailable, Store
from models.subscriptions import SUBSCRIPTIONS, Subscriptions
from models.vault import Vault
from server.claiming import Around, build_claims, shelf_of
from server.membership_book import Known, MembershipBook, build_membership_book
from tests.factories import Clock
from tests.models.mortal import Crash, Life, Mortal
from tests.models.workers import persevere

VAULT = Vault({"1": b"k" * 32}, b"i" * 32)
COLLECTIONS: tuple[Collection[Any], ...] = (
    MEMBERSHIPS, MOVEMENTS, PEOPLE, VAULT_ROWS, IDENTITIES, CARDS, MESSAGES, SUBSCRIPTIONS, AUDIT_ENTRIES,
    ORGANISATIONS, APPOINTMENTS, CLAIM_REVIEWS,
)  # fmt: skip
MOST_WRITES = 20
STEPS = ("apply", "approve", "transfer", "accept", "retain", "correct")


class Process:
    """One process's part of the book, over the one database."""

    def __init__(self, database: Database, clock: Clock, life: Life) -> None:
        stores: dict[str, Store[Any]] = {one.name: Mortal(database, one, life) for one in COLLECTIONS}
        now = clock.now
        signals = Signals(FakeAsyncRedis(server=FakeServer()))
        self.life = life
        self.stores = stores
        self.audit = Audit(stores["audit_entries"], now)
        self.memberships = Memberships(stores["memberships"])
        self.people = People(
            stores["people"], stores["vault"], stores["identities"], VAULT, now, self.memberships
        )
        self.organisations = Organisations(stores["organisations"], now)
        self.appointments = Appointments(stores["appointments"], self.audit, now)
        self.cards = Cards(stores["cards"], Masters(()), VAULT, now)
        subscriptions = Subscriptions(stores["subscriptions"], (), VAULT, now)
        self.messages = Messages(stores["messages"], subscriptions, VAULT, signals, now)
        shelf = shelf_of(stores, VAULT)
        around = Around(self.people, self.memberships, self.organisations, self.audit, signals)
        self.claims = build_claims(shelf, stores, around, now)
        known = Known(
            self.people, self.organisations, self.appointments, self.cards, self.messages, self.audit,
            signals, self.claims,
        )  # fmt: skip
        self.book: MembershipBook = build_membership_book(stores, self.memberships, known, now)


class Site:
    """A database with two unions and an officer above both, and as many processes as a test starts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.clock = Clock()

    async def open(self) -> "Site":
        """Begin again with unions that nobody has joined."""
        process = Process(self._database, self.clock, Life())
        self.officer, self.city, self.here, self.there = (new_id() for _ in range(4))
        for key, path in ((self.city, ()), (self.here, (self.city,)), (self.there, (self.city,))):
            made = Organisation(id=key, name="测试工会", tree="local", path=path, changed=self.clock.at)
            await process.organisations.put(made)
        await self.appoint(process, self.officer)
        return self

    async def appoint(self, process: Process, person: str = "") -> str:
        """Appoint somebody, new if nobody is named, above both unions; return who it is."""
        since = self.clock.at - timedelta(days=1)
        appointment = Appointment(
            id=new_id(),
            person=person or new_id(),
            role="officer",
            organisation=self.city,
            since=since,
            changed=since,
        )
        await process.appointments.put(appointment)
        return appointment.person

    async def start(self, ends_at: int = -1, *, after: bool = False) -> Process:
        process = Process(self._database, self.clock, Life(ends_at, after=after))
        await process.organisations.mirror.refresh()
        await process.appointments.mirror.refresh()
        return process


@pytest.fixture
async def site(database: Database) -> Site:
    for collection in COLLECTIONS:
        await Store(database, collection).create_indexes()
    return await Site(database).open()


class Act:
    """Things that one person and the officer do, each under a key of its own, so that it can be repeated."""

    def __init__(self, site: Site) -> None:
        self.site = site
        born = date(1940, 1, 1) + timedelta(days=secrets.randbelow(20_000))
        digits = f"410105{born:%Y%m%d}{secrets.randbelow(1000):03}"
        number = digits + check_digit(digits)
        self.subject = f"{OPENID}{secrets.token_hex(16)}"
        self.who = Particulars(name="赵小河", id_document=number, phone="13800000000")

    async def apply(self, process: Process) -> Membership:
        asked = Application(who=self.who, organisation=self.site.here, worker_form="gig", gig_kind="courier")
        return await process.book.own.apply(self.subject, asked, Request("apply", "k1", b"{}"))

    async def decide(self, process: Process, event: Any, key: str, **fields: Any) -> None:
        person = await process.people.find_by_subject(self.subject)
        assert person is not None
        change = Change(event=event, actor=self.site.officer, **fields)
        await process.book.reviews.enter(self.site.officer, person, change, Request("decide", key, b"{}"))

    async def approve(self, process: Process) -> None:
        await self.decide(process, "approve", "k2")

    async def transfer(self, process: Process) -> None:
        await self.decide(process, "start_transfer", "k3", organisation=self.site.there)

    async def accept(self, process: Process) -> None:
        await self.decide(process, "accept_transfer", "k4")

    async def retain(self, process: Process) -> None:
        await self.decide(process, "retain", "k5", reason="retired")

    async def correct(self, process: Process) -> None:
        await self.decide(process, "correct", "k6", corrects=5, cancels=True)

    @property
    def steps(self) -> list[Callable[[Process], Awaitable[Any]]]:
        return [getattr(self, name) for name in STEPS]


async def expect_whole(site: Site, act: Act, entries: int, people: int = 1) -> None:
    """Everything follows from the log, once: entries, movements, card, notices; nothing is pending."""
    process = await site.start()
    person = await process.people.find_by_subject(act.subject)
    assert person is not None
    held = await process.memberships.find(person)
    assert held is not None
    assert (held.version, held.pending) == (entries, None)
    assert await process.people.get_name(person) == act.who.name

    audited = await process.stores["audit_entries"].list_({"object": person}, sort="order")
    assert sorted(one.id for one in audited) == sorted(facts_of(held))
    for movement in list_movements(held):
        assert await process.stores["membership_movements"].find(movement.id) == movement
    counts = category_of(held.standing) == "counted"
    for place in (site.here, site.there):
        found = await process.book.figures.count([place], "2026-07-15", "2026-07-15")
        assert found.counted == (people if counts and held.organisation == place else 0)
    cards = await process.stores["cards"].list_({"person": person})
    assert len(cards) == (entries > 1)
    for card in cards:
        assert (card.standing, card.membership_version) == (held.state, entries)
        assert card.standings == states_by_day(held)
        assert process.cards.get_holder(card) == "赵*河"
    decided = [number for number, entry in held.log.items() if entry.event in ("approve", "keep", "retain")]
    account = act.subject.removeprefix(OPENID)
    for number in decided:
        assert await process.messages.find(f"{RESULT}:{person}:{number}:{account}") is not None


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
async def test_a_process_that_dies_at_any_write_of_a_step_leaves_what_the_next_one_finishes(
    site: Site, step: int, *, after: bool
) -> None:
    for ends_at in range(MOST_WRITES):
        act = Act(await site.open())
        healthy = await site.start()
        for done in act.steps[:step]:
            await done(healthy)
            await healthy.book.effects.work()
        dying, died = await site.start(ends_at, after=after), False
        try:
            await act.steps[step](dying)
            await dying.book.effects.work()
        except Crash:
            died = True
        again = await site.start()
        await act.steps[step](again)  # The phone or the page sends it again, having had no answer.
        await again.book.effects.work()
        await expect_whole(site, act, step + 1)
        if not died:
            assert ends_at > 2
            return
    pytest.fail("a step makes more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_acknowledged_decision_is_finished_by_any_worker_though_nobody_asks_again(
    site: Site, *, after: bool
) -> None:
    for ends_at in range(MOST_WRITES):
        act = Act(await site.open())
        process = await site.start()
        await act.apply(process)
        await act.approve(process)  # Acknowledged; its own process never came to what follows.
        dying, died = await site.start(ends_at, after=after), False
        try:
            await dying.book.effects.work()
        except Crash:
            died = True
        await (await site.start()).book.effects.work()
        await expect_whole(site, act, 2)
        if not died:
            return
    pytest.fail("what follows makes more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_acknowledged_expulsion_is_reported_up_by_any_worker_once(
    site: Site, *, after: bool
) -> None:
    for ends_at in range(MOST_WRITES):
        act = Act(await site.open())
        process = await site.start()
        account, chief = secrets.token_hex(16), await site.appoint(process)
        await process.stores["identities"].insert(Identity(id=f"{OPENID}{account}", person=chief))
        await act.apply(process)
        await act.approve(process)
        await process.book.effects.work()
        await act.decide(process, "expel", "k9", reason="crime")  # Acknowledged, and no more.
        dying, died = await site.start(ends_at, after=after), False
        try:
            await dying.book.effects.work()
        except Crash:
            died = True
        healthy = await site.start()
        await healthy.book.effects.work()
        await expect_whole(site, act, 3)
        person = await healthy.people.find_by_subject(act.subject)
        told = await healthy.stores["messages"].list_({"account": account, "state": "failed"})
        assert [one.id for one in told] == [f"{REMINDER}:{person}:3:above:{account}"]
        if not died:
            assert ends_at > 2
            return
    pytest.fail("what follows makes more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_acknowledged_application_is_settled_by_any_worker_and_its_document_is_one_person_s(
    site: Site, *, after: bool
) -> None:
    for ends_at in range(MOST_WRITES):
        act, second = Act(await site.open()), Act(site)
        second.who = act.who
        process = await site.start()
        await act.apply(process)  # Acknowledged; its own process never came to what follows.
        dying, died = await site.start(ends_at, after=after), False
        try:
            await dying.book.effects.work()
        except Crash:
            died = True
        healthy = await site.start()
        await healthy.book.effects.work()
        await second.apply(healthy)
        await healthy.book.effects.work()
        await expect_whole(site, act, 1)
        owner = await healthy.people.find_by_subject(act.subject)
        other = await healthy.people.find_by_subject(second.subject)
        assert await healthy.people.register(act.who) == owner
        assert owner
        assert await healthy.people.owns_document(owner)
        assert other
        assert not await healthy.people.owns_document(other)
        told = await healthy.stores["claim_reviews"].list_({"person": owner})
        assert [(one.why, one.account) for one in told] == [("application", second.subject)]
        for person in (owner, other):
            held = await healthy.memberships.find(person)
            assert held
            assert held.declared is None
        if not died:
            assert ends_at > 4
            return
    pytest.fail("settling makes more writes than were tried")


async def test_workers_at_once_derive_everything_once(site: Site) -> None:
    acts = [Act(site) for _ in range(5)]
    process = await site.start()
    for act in acts:
        await act.apply(process)
        await act.approve(process)
    workers = [await site.start() for _ in range(4)]
    await asyncio.gather(*(persevere(worker.book.effects.work) for worker in workers))
    for act in acts:
        await expect_whole(site, act, 2, people=len(acts))


async def test_a_worker_that_slept_over_a_later_change_does_not_bring_the_card_back(site: Site) -> None:
    act, process = Act(site), await site.start()
    for step in act.steps[:2]:
        await step(process)
    person = await process.people.find_by_subject(act.subject)
    assert person is not None
    slept = await process.memberships.find(person)
    assert slept is not None
    await act.decide(process, "expel", "k9", reason="crime")
    await process.book.effects.work()
    await process.book.effects.finish(slept)
    card = await process.cards.get_of(person)
    assert (card.standing, card.membership_version) == ("expelled", 3)


async def test_a_card_of_before_the_book_follows_from_the_first_change_on(
    site: Site, database: Database
) -> None:
    act, process = Act(site), await site.start()
    for step in act.steps[:2]:
        await step(process)
    person = await process.people.find_by_subject(act.subject)
    assert person is not None
    await process.cards.issue(person, "赵*河", "applied")
    await database[CARDS.name].update_one(
        {"person": person}, {"$unset": {"membership_version": "", "standings": ""}}
    )
    await process.book.effects.work()
    assert (await process.cards.get_of(person)).standing == "active"


class Away(Mortal):
    """A store whose engine is away."""

    async def insert_many(self, items: Any) -> Any:
        raise EngineUnavailable(retryAfter=1)


async def test_what_could_not_be_derived_stays_pending(site: Site, database: Database) -> None:
    act, process = Act(site), await site.start()
    await act.apply(process)
    effects = process.book.effects
    working = process.audit._store
    process.audit._store = Away(database, AUDIT_ENTRIES, Life())
    with pytest.raises(EngineUnavailable):
        await effects.work()
    person = await process.people.find_by_subject(act.subject)
    assert person is not None
    held = await process.memberships.find(person)
    assert held is not None
    assert held.pending
    process.audit._store = working
    await effects.work()
    await expect_whole(site, act, 1)
