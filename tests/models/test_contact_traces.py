"""Whoever is registered is found among organisations' contacts by the phone; nobody else is touched."""

import secrets

import pytest
from msgspec.structs import replace

from models.contact_traces import ContactTraces
from models.erasures import CONFIRMATION
from models.organisation_contacts import Contacts, SealedContacts, open_contacts, seal_contacts
from models.organisations import Organisation
from models.people import Particulars
from models.store import Database, Store
from server.app import World
from server.engines import Engines
from tests.sites import VAULT, Site
from tests.traces import find_traces, invent_name, marks_of


class Offices(Site):
    """A database in which some unions name whom to call."""

    def __init__(self, engines: Engines, database: Database) -> None:
        super().__init__(engines, database)
        self.world: World = self.start()
        self.store: Store[SealedContacts] = self.world.privacy.erasures.steps._stores["organisation_contacts"]
        self.traces = ContactTraces(
            self.store, self.world.privacy.erasures.steps._stores["people"], VAULT, self.clock.now
        )

    async def name(self, contacts: Contacts) -> str:
        """Let a union name its contacts; return the union."""
        union = secrets.token_hex(8)
        await self.store.insert(seal_contacts(VAULT, union, contacts, self.clock.at))
        return union

    async def read(self, union: str) -> Contacts:
        return open_contacts(VAULT, await self.store.find(union))


@pytest.fixture
async def offices(engines: Engines, database: Database) -> Offices:
    offices = Offices(engines, database)
    for store in offices.world.stores:
        await store.create_indexes()
    return offices


async def register(offices: Offices) -> tuple[str, Particulars]:
    mark = secrets.token_hex(6)
    who = Particulars(name=invent_name(), id_document=f"D-{mark}", phone=f"139-{mark}", openid=f"o-{mark}")
    return await offices.world.people.register(who), who


async def test_a_contact_is_in_the_own_export_without_anybody_else_s_name(offices: Offices) -> None:
    person, who = await register(offices)
    await offices.name(Contacts(chair="李建国", contact=who.name, phone=who.phone))
    await offices.name(Contacts(chair=who.name, contact="王小明", phone="037112351000"))
    export = await offices.world.privacy.exports.make(person)
    [part] = [one for one in export.parts if one.collection == "organisation_contacts"]
    assert part.rows == [{"联系人": who.name, "联系电话": who.phone}]


async def test_contacts_from_before_the_index_are_found_once_a_process_has_begun(offices: Offices) -> None:
    person, who = await register(offices)
    contacts = Contacts(contact=who.name, phone=who.phone)
    old, other, none = [
        replace(seal_contacts(VAULT, secrets.token_hex(8), one, offices.clock.at), phone_index=None)
        for one in (contacts, Contacts(contact="王小明", phone="037112351000"), Contacts(chair=who.name))
    ]
    for one in (old, other, none):
        await offices.store.insert(one)
        made = Organisation(id=one.id, name="测试工会", tree="local", changed=offices.clock.at)
        await offices.world.organisations.put(made)
    assert await offices.traces.list_of(person, who) == []
    keeper = offices.world.trees.contacts
    for _ in range(2):
        await keeper.complete([one.id for one in offices.world.organisations.list_known()])
        assert [trace.organisation for trace in await offices.traces.list_of(person, who)] == [old.id]
    kept = await offices.store.find(old.id)
    assert kept == replace(old, phone_index=VAULT.blind("phone", who.phone))
    assert await offices.store.find(none.id) == none


async def test_a_corrected_name_or_phone_is_corrected_among_the_contacts_too(offices: Offices) -> None:
    person, who = await register(offices)
    union = await offices.name(Contacts(chair=who.name, contact=who.name, phone=who.phone))
    shared = await offices.name(Contacts(contact="王小明", phone=who.phone))
    changes = offices.world.privacy.corrections._basis.changes
    assert await changes.apply(person, "name", "欧阳新")
    assert await offices.read(union) == Contacts(chair="欧阳新", contact="欧阳新", phone=who.phone)
    phone = f"138-{secrets.token_hex(6)}"
    await offices.world.privacy.corrections.change_phone(person, phone)
    assert await offices.read(union) == Contacts(chair="欧阳新", contact="欧阳新", phone=phone)
    found = await offices.world.people.find_particulars(person)
    assert found is not None
    assert [one.organisation for one in await offices.traces.list_of(person, found)] == [union]
    assert await offices.read(shared) == Contacts(contact="王小明", phone=who.phone), "an office's phone"


async def test_a_stranger_s_name_and_phone_that_were_only_said_find_and_change_nothing(
    offices: Offices,
) -> None:
    world = offices.world
    _, who = await register(offices)
    union = await offices.name(Contacts(contact=who.name, phone=who.phone))
    said = Particulars(name=who.name, id_document=f"D-{secrets.token_hex(6)}", phone=who.phone)
    guest = (await world.sessions.open(f"o-{secrets.token_hex(6)}", as_staff=False)).subject
    declared = await world.people.declare(guest, said)
    assert declared.row is not None
    await world.people.settle(declared.row)
    assert await offices.traces.list_of(declared.person, said) == []
    await world.privacy.corrections.change_phone(declared.person, "13900000000")
    await world.privacy.erasures.erase(declared.person, CONFIRMATION)
    assert await offices.read(union) == Contacts(contact=who.name, phone=who.phone)


async def test_an_erased_person_is_no_longer_among_the_contacts_and_others_stay(offices: Offices) -> None:
    person, who = await register(offices)
    union = await offices.name(Contacts(chair="李建国", contact=who.name, phone=who.phone))
    other = await offices.name(Contacts(chair="李建国", contact="王小明", phone="037112351000"))
    marks = marks_of(who, VAULT)
    await offices.world.privacy.erasures.erase(person, CONFIRMATION)
    assert await find_traces(offices.database, VAULT, marks) == []
    assert await offices.read(union) == Contacts(chair="李建国")
    assert await offices.read(other) == Contacts(chair="李建国", contact="王小明", phone="037112351000")
