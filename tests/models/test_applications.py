"""What an applicant declares until it is settled, and the driver calls of claim, application and `me`."""

import secrets
from typing import Any

import pytest
from msgspec.structs import replace

from models.appointments import Appointment
from models.clock import local_day
from models.erasures import CONFIRMATION
from models.ids import new_id
from models.membership_desk import Request
from models.membership_refusals import DocumentHeldByAnother
from models.membership_rules import Change
from models.memberships import Membership
from models.organisations import Organisation
from models.own_memberships import Application
from models.people import OPENID, IdentityTaken, Particulars
from models.privacy_notices import CURRENT
from models.store import Database
from server.app import World, build_world
from server.engines import Engines
from server.metered import MeteredDatabase
from tests.sites import KEYS, VAULT, Site
from tests.traces import find_traces, invent_name, marks_of


class Calls:
    """The driver calls of a process, as `collection.operation`."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def observe(self, labels: tuple[str, ...], _seconds: float) -> None:
        self.made.append(".".join(labels[:2]))

    def take(self) -> list[str]:
        """Return what was made since the last time, sorted."""
        made, self.made = sorted(self.made), []
        return made


class Office(Site):
    """A database with one union and its officer, whose driver calls are counted."""

    def __init__(self, engines: Engines, database: Database) -> None:
        super().__init__(engines, database)
        self.calls = Calls()
        metered: Any = MeteredDatabase(database, self.calls)  # type: ignore[arg-type]  # notes calls alike
        self.world: World = build_world(engines, metered, KEYS, self.clock.now, strict=True)

    async def open(self) -> "Office":
        for store in self.world.stores:
            await store.create_indexes()
        at, self.union, self.officer = self.clock.at, new_id(), new_id()
        await self.world.organisations.put(
            Organisation(id=self.union, name="测试工会", tree="local", changed=at)
        )
        await self.world.appointments.put(
            Appointment(
                id=new_id(),
                person=self.officer,
                role="officer",
                organisation=self.union,
                since=at,
                changed=at,
            )
        )
        return self

    async def greet(self) -> tuple[str, Particulars]:
        """A guest who agreed to the notice: the session's subject, and who it is."""
        mark = secrets.token_hex(6)
        who = Particulars(name=invent_name(), id_document=f"D-{mark}", phone=f"139-{mark}")
        session = await self.world.sessions.open(f"o-{mark}", as_staff=False)
        await self.world.privacy.consents.answer(
            session.subject, "notice", CURRENT.version, "mini_program", given=True
        )
        self.calls.take()
        return session.subject, who

    async def apply(self, subject: str, who: Particulars, key: str = "k1") -> Membership:
        """Apply as the handler does."""
        await self.world.privacy.consents.require_notice(subject)
        asked = Application(who=who, organisation=self.union, worker_form="employed")
        return await self.world.membership_book.own.apply(subject, asked, Request("apply", key, b"{}"))

    async def approve(self, person: str) -> None:
        change = Change(event="approve", actor=self.officer)
        await self.world.membership_book.reviews.enter(
            self.officer, person, change, Request("decide", new_id(), b"{}")
        )


@pytest.fixture
async def office(engines: Engines, database: Database) -> Office:
    return await Office(engines, database).open()


async def test_an_application_is_one_read_and_two_writes(office: Office) -> None:
    await office.apply(*await office.greet())
    assert office.calls.take() == [
        "consents.find_one", "identities.insert_one", "memberships.insert_one",
    ]  # fmt: skip


async def test_a_claim_is_one_read_and_two_writes(office: Office) -> None:
    account, who = await office.greet()
    person = await office.world.people.register(who)
    at = office.clock.at
    spell = Membership(
        person=person, organisation=office.union, state="active", since=local_day(at), entered=at
    )
    await office.world.memberships.begin(spell)
    office.calls.take()
    await office.world.privacy.consents.require_notice(account)
    await office.world.claiming.claims.claim(account, who)
    assert office.calls.take() == [
        "consents.find_one", "identities.insert_one", "people.find_one_and_update",
    ]  # fmt: skip


async def test_my_own_record_is_two_reads(office: Office) -> None:
    account, who = await office.greet()
    applied = await office.apply(account, who)
    await office.world.membership_book.effects.work()
    office.calls.take()
    await office.world.members.get(applied.person)
    assert office.calls.take() == ["memberships.find_one", "vault.find_one"]


async def test_an_applicant_is_read_by_name_before_any_worker_came(office: Office) -> None:
    account, who = await office.greet()
    person = (await office.apply(account, who)).person
    people = office.world.people
    assert (await office.world.members.get(account)).id == person
    assert await people.get_name(person) == who.name
    assert await people.list_particulars([person, "nobody"]) == {person: who}
    with pytest.raises(IdentityTaken):
        await office.apply(account, replace(who, id_document="D-another"), key="k2")
    await office.world.membership_book.effects.work()
    held = await office.world.memberships.find(person)
    assert held is not None
    assert held.declared is None
    assert await people.list_particulars([person]) == {person: who}


async def test_an_officer_faster_than_any_worker_cannot_approve_somebody_else_s_document(
    office: Office,
) -> None:
    (first, who), (second, _) = await office.greet(), await office.greet()
    owner, other = await office.apply(first, who), await office.apply(second, who)
    await office.approve(owner.person)
    with pytest.raises(DocumentHeldByAnother):
        await office.approve(other.person)
    await office.world.membership_book.effects.work()
    waiting = await office.world.claiming.desk.list_page(office.officer, None, 1, 10)
    assert [(one.review.why, one.review.account) for one in waiting.rows] == [("application", second)]
    assert second.startswith(OPENID)


async def test_a_phone_changed_before_any_worker_came_is_kept(office: Office) -> None:
    account, who = await office.greet()
    person = (await office.apply(account, who)).person
    await office.world.privacy.corrections.change_phone(person, "13900000000")
    await office.world.membership_book.effects.work()
    found = await office.world.people.find_particulars(person)
    assert found == replace(who, phone="13900000000")


async def test_an_applicant_erased_before_any_worker_came_leaves_no_trace(office: Office) -> None:
    account, who = await office.greet()
    await office.apply(account, who)
    marks = marks_of(who, VAULT)
    assert await find_traces(office.database, VAULT, marks)
    await office.world.privacy.erasures.erase(account, CONFIRMATION)
    await office.world.membership_book.effects.work()
    assert await find_traces(office.database, VAULT, marks) == []
