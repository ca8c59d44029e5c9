"""Registration: once per ID document, finished after a crash at any of its writes; memberships, mirrors."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from msgspec import Struct, field

from models.appointments import APPOINTMENTS, Appointment, Appointments, NotStaff
from models.audit import AUDIT_ENTRIES, Audit
from models.filters import Index
from models.memberships import MEMBERSHIPS, Membership, Memberships
from models.mirrors import SETTLED, Mirror
from models.organisations import ORGANISATIONS, Organisation, Organisations
from models.people import IDENTITIES, PEOPLE, VAULT_ROWS, Particulars, People
from models.store import Collection, Database, EngineUnavailable, Store
from models.vault import Vault

AT = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
VAULT = Vault({"1": b"k" * 32}, b"i" * 32)


class Crash(Exception):
    """The process ended here."""


class Crashing(Store[Any]):
    """A store whose process ends before its n-th write."""

    writes = count()
    ends_at = -1

    async def insert(self, item: Any) -> None:
        if next(Crashing.writes) == Crashing.ends_at:
            raise Crash
        await super().insert(item)


def make_people(database: Database, kind: type[Store[Any]] = Store) -> People:
    people, rows, identities = (kind(database, one) for one in (PEOPLE, VAULT_ROWS, IDENTITIES))
    return People(people, rows, identities, VAULT, lambda: AT)


def make_appointments(database: Database) -> Appointments:
    audit = Audit(Store(database, AUDIT_ENTRIES), lambda: AT)
    return Appointments(Store(database, APPOINTMENTS), audit, lambda: AT)


def make_particulars() -> Particulars:
    mark = secrets.token_hex(8)
    return Particulars(name="王小明", id_document=f"D{mark}", phone=f"1{mark}", openid=f"o{mark}")


async def test_one_id_document_is_one_person_however_often_it_comes(database: Database) -> None:
    people, who = make_people(database), make_particulars()
    found = await asyncio.gather(*(people.register(who) for _ in range(20)))
    assert len(set(found)) == 1
    assert await people.find_by_openid(who.openid or "") == found[0]
    assert await people.get_name(found[0]) == "王小明"


@pytest.mark.parametrize("write", range(4))
async def test_a_registration_cut_short_at_any_write_is_finished_by_the_next(
    database: Database, write: int
) -> None:
    who = make_particulars()
    Crashing.writes, Crashing.ends_at = count(), write
    with pytest.raises(Crash):
        await make_people(database, Crashing).register(who)
    people = make_people(database)
    person = await people.register(who)
    assert await people.find_by_openid(who.openid or "") == person
    assert await people.get_name(person) == "王小明"
    assert await people.register(who) == person


async def test_nothing_that_names_a_person_is_stored_in_the_open(database: Database) -> None:
    who = make_particulars()
    await make_people(database).register(who)
    for name in (PEOPLE.name, VAULT_ROWS.name, IDENTITIES.name):
        async for document in database[name].find({}):
            text = str(document)
            assert all(
                open_text not in text for open_text in (who.name, who.id_document, who.phone, str(who.openid))
            )


async def test_a_second_membership_cannot_be_begun(database: Database) -> None:
    memberships = Memberships(Store(database, MEMBERSHIPS))
    first = Membership(
        person=secrets.token_hex(8), organisation="A", state="active", since="2026-07-15", entered=AT
    )
    second = Membership(person=first.person, organisation="B", state="active", since="2026-07-16", entered=AT)
    begun = await memberships.begin(first)
    assert (begun.organisation, begun.log["1"].event, begun.log["1"].valid) == ("A", "enter", "2026-07-15")
    assert await memberships.begin(second) == begun
    assert await memberships.find(first.person) == begun


class Leaf(Struct, frozen=True, kw_only=True):
    """A small document that changes."""

    id: str = field(name="_id")
    changed: datetime


async def test_a_mirror_sees_every_change_once_and_late_writers_too(database: Database) -> None:
    store = Store(database, Collection("leaves", Leaf, (Index(("changed",)),)), strict=True)
    seen: list[str] = []

    def absorb(leaves: Sequence[Leaf]) -> None:
        seen.extend(leaf.id for leaf in leaves)

    at = [AT]
    mirror = Mirror(store, absorb, lambda: at[0])
    await store.insert(Leaf(id="first", changed=AT))
    await mirror.refresh()
    await mirror.refresh()
    assert seen == ["first"]
    await store.insert(Leaf(id="late", changed=AT - timedelta(seconds=5)))
    await store.put(Leaf(id="first", changed=AT + timedelta(seconds=1)))
    await mirror.refresh()
    assert seen == ["first", "late", "first"]
    at[0] += 2 * SETTLED
    await mirror.refresh()
    await store.insert(Leaf(id="newer", changed=AT + timedelta(seconds=2)))
    await mirror.refresh()
    await store.insert(Leaf(id="beside it", changed=AT - timedelta(seconds=7)))
    await mirror.refresh()
    assert seen == ["first", "late", "first", "newer", "beside it"]


async def test_an_appointment_holds_within_its_dates_in_every_process(database: Database) -> None:
    here, elsewhere = (make_appointments(database) for _ in range(2))
    hour = timedelta(hours=1)
    past, present, future = (
        Appointment(
            id=f"a{hours}", person=f"p{hours}", role="station_staff", organisation="A",
            since=AT + hours * hour, until=AT + (hours + 2) * hour, changed=AT,
        )
        for hours in (-2, -1, 1)
    )  # fmt: skip
    for appointment in (past, present, future):
        await here.put(appointment)
    await elsewhere.mirror.refresh()
    for process in (here, elsewhere):
        assert process.get(present.person).id == present.id
        for person in (past.person, future.person, "nobody"):
            with pytest.raises(NotStaff):
                process.get(person)


async def test_the_trees_are_known_to_every_process(database: Database) -> None:
    here, elsewhere = (Organisations(Store(database, ORGANISATIONS), lambda: AT) for _ in range(2))
    await here.put(Organisation(id="A", name="甲街道工会", tree="local", changed=AT))
    assert (here.get_name("A"), elsewhere.get_name("A")) == ("甲街道工会", "")
    await elsewhere.mirror.refresh()
    assert elsewhere.get_name("A") == "甲街道工会"


async def test_a_mirror_keeps_what_it_has_while_the_engine_is_away(database: Database) -> None:
    class Away(Store[Organisation]):
        async def list_(self, *_: Any, **__: Any) -> list[Organisation]:
            raise EngineUnavailable

    store = Away(database, ORGANISATIONS)
    organisations = Organisations(store, lambda: AT)
    await organisations.put(Organisation(id="B", name="乙街道工会", tree="local", changed=AT))
    with pytest.raises(EngineUnavailable):
        await organisations.mirror.refresh()
    assert organisations.get_name("B") == "乙街道工会"
    assert not organisations.mirror.loaded
