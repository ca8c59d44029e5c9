"""Reorganisations after a process died at any write, and several processes at once."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from handlers.nearby import write_station
from models.appointments import APPOINTMENTS, Appointment, Appointments
from models.audit import AUDIT_ENTRIES, Audit
from models.clock import local_day
from models.devices import DEVICES
from models.errors import Refusal
from models.ids import new_id
from models.membership_desk import MembershipDesk
from models.memberships import MEMBERSHIPS, Membership, Memberships, MembershipState
from models.organisation_contacts import ORGANISATION_CONTACTS
from models.organisation_desk import Registry
from models.organisations import ORGANISATIONS, Organisation, Organisations
from models.people import IDENTITIES, PEOPLE, VAULT_ROWS, People
from models.reorganisations import REORGANISATIONS, Kind, Plan, Reorganisation
from models.requests import Keyed
from models.signals import Signals
from models.station_board import StationBoard
from models.stations import STATIONS
from models.store import Collection, Database, Store
from models.stranded_reviews import StrandedReviews
from models.vault import Vault
from models.versions import version_of
from server.union_trees import UnionTrees, build_union_trees
from tests.factories import Clock
from tests.models.mortal import Crash, Life, Mortal

VAULT = Vault({"1": b"k" * 32}, b"i" * 32)
COLLECTIONS: tuple[Collection[Any], ...] = (
    ORGANISATIONS, ORGANISATION_CONTACTS, REORGANISATIONS, APPOINTMENTS, AUDIT_ENTRIES, PEOPLE, VAULT_ROWS,
    IDENTITIES, DEVICES, STATIONS, MEMBERSHIPS,
)  # fmt: skip
MOST_WRITES = 12


class Process:
    """One process's trees, over the one database."""

    def __init__(self, database: Database, clock: Clock, life: Life) -> None:
        self.stores: dict[str, Store[Any]] = {one.name: Mortal(database, one, life) for one in COLLECTIONS}
        audit = Audit(self.stores["audit_entries"], clock.now)
        self.organisations = Organisations(self.stores["organisations"], clock.now)
        self.appointments = Appointments(self.stores["appointments"], audit, clock.now)
        people = People(
            self.stores["people"], self.stores["vault"], self.stores["identities"], VAULT, clock.now
        )
        signals = Signals(FakeAsyncRedis(server=FakeServer()))
        registry = Registry(self.organisations, self.appointments, audit, signals, clock.now)
        board = StationBoard(self.stores["stations"], write_station, clock.now)
        self.memberships = Memberships(self.stores["memberships"])
        desk = MembershipDesk(self.memberships, self.organisations, signals, clock.now)
        stranded = StrandedReviews(desk, self.memberships, self.organisations, clock.now)
        self.trees: UnionTrees = build_union_trees(self.stores, registry, people, VAULT, board, stranded)

    async def stored(self, organisation: str) -> Organisation:
        found = await self.stores["organisations"].find(organisation)
        assert isinstance(found, Organisation)
        return found

    async def version(self, organisation: str) -> str:
        return version_of((await self.stored(organisation)).changed)

    async def decide(
        self, officer: str, kind: Kind, organisation: str, target: str | None, key: str, version: str
    ) -> Reorganisation:
        plan = Plan(
            kind=kind, organisation=organisation, target=target, reason="restructuring", version=version
        )
        return await self.trees.reorganisations.decide(officer, plan, Keyed("test", key, b"{}"))


class Site:
    """A city with two districts and a street, each with an officer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.clock = Clock()

    async def open(self) -> "Site":
        process = Process(self._database, self.clock, Life())
        self.city, self.here, self.there, self.street = (new_id() for _ in range(4))
        for key, path in (
            (self.city, ()),
            (self.here, (self.city,)),
            (self.there, (self.city,)),
            (self.street, (self.city, self.here)),
        ):
            await process.organisations.put(
                Organisation(id=key, name="测试工会", tree="local", path=path, changed=self.clock.at)
            )
        self.officer, self.local = new_id(), new_id()
        since = self.clock.at - timedelta(days=1)
        for person, place in ((self.officer, self.city), (self.local, self.here)):
            await process.appointments.put(
                Appointment(
                    id=new_id(), person=person, role="officer", organisation=place, since=since, changed=since
                )
            )
        self.version = await process.version(self.here)
        return self

    async def wait_at(self, union: str) -> list[str]:
        """Two who applied at a union, and one who is being transferred to it."""
        process, waiting = await self.start(), list[str]()
        states: tuple[MembershipState, ...] = ("applied", "applied", "transferring")
        for state in states:
            is_coming = state == "transferring"
            membership = Membership(
                person=new_id(),
                organisation=self.there if is_coming else union,
                state=state,
                target=union if is_coming else None,
                origin="active" if is_coming else None,
                since=local_day(self.clock.at),
                entered=self.clock.at,
            )
            await process.memberships.begin(membership)
            waiting.append(membership.person)
        return waiting

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


async def expect_merged(site: Site) -> None:
    """Everything of the merger is true, once, and nothing is pending."""
    process = await site.start()
    kept = await process.stored(site.here)
    assert (kept.state, kept.merged_into) == ("merged", site.there)
    street = process.organisations.find(site.street)
    assert street
    assert street.path == (site.city, site.there)
    assert process.appointments.list_of(site.local) == []
    assert len(process.appointments.list_of(site.officer)) == 1
    (decided,) = await process.stores["reorganisations"].list_({"organisation": site.here})
    assert decided.pending is None
    entries = await process.stores["audit_entries"].list_({"object": site.here}, sort="order")
    assert [entry.id for entry in entries] == [f"reorganisation:{decided.id}"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_merger_whose_process_dies_at_any_write_is_finished(site: Site, *, after: bool) -> None:
    for ends_at in range(MOST_WRITES):
        await site.open()
        dying, died = await site.start(ends_at, after=after), False
        try:
            await dying.decide(site.officer, "merge", site.here, site.there, "k", site.version)
        except Crash:
            died = True
        again = await site.start()
        await again.decide(site.officer, "merge", site.here, site.there, "k", site.version)
        await expect_merged(site)
        if not died:
            assert ends_at > 3
            return
    pytest.fail("a merger makes more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_merger_that_was_entered_is_finished_by_any_worker_though_nobody_asks_again(
    site: Site, *, after: bool
) -> None:
    for ends_at in range(1, MOST_WRITES):
        await site.open()
        dying = await site.start(ends_at, after=after)
        try:
            await dying.decide(site.officer, "merge", site.here, site.there, "k", site.version)
        except Crash:
            workers = [await site.start() for _ in range(3)]
            await asyncio.gather(*(worker.trees.reorganisations.finish() for worker in workers))
            await expect_merged(site)
            continue
        return
    pytest.fail("a merger makes more writes than were tried")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_closing_that_was_entered_sends_back_what_waits_once_wherever_a_process_dies(
    site: Site, *, after: bool
) -> None:
    for ends_at in range(1, MOST_WRITES):
        await site.open()
        waiting = await site.wait_at(site.street)
        dying, died = await site.start(ends_at, after=after), False
        version = await dying.version(site.street)
        try:
            await dying.decide(site.officer, "close", site.street, None, "k", version)
        except Crash:
            died = True
        workers = [await site.start() for _ in range(2)]
        await asyncio.gather(*(worker.trees.reorganisations.finish() for worker in workers))
        sent = [await workers[0].memberships.find(person) for person in waiting]
        standings = [(one.state, one.organisation, one.target, one.version) for one in sent if one]
        assert standings == [
            ("refused", site.street, None, 2),
            ("refused", site.street, None, 2),
            ("active", site.there, None, 2),
        ]
        if not died:
            assert ends_at > 5
            return
    pytest.fail("a closing makes more writes than were tried")


async def test_a_worker_that_slept_over_a_later_move_does_not_bring_the_earlier_one_back(site: Site) -> None:
    process = await site.start()
    version = await process.version(site.street)
    first = await process.decide(site.officer, "move", site.street, site.there, "a", version)
    version = await process.version(site.street)
    await process.decide(site.officer, "move", site.street, site.city, "b", version)
    await process.trees.reorganisations._finish(first)
    street = await process.stored(site.street)
    assert street.path == (site.city,)


async def test_of_many_processes_at_once_each_sees_what_the_others_decided(site: Site) -> None:
    processes = [await site.start() for _ in range(4)]
    versions = {key: await processes[0].version(key) for key in (site.here, site.there, site.street)}
    plans: list[tuple[Kind, str, str | None]] = [
        ("merge", site.here, site.there),
        ("merge", site.there, site.here),
        ("move", site.there, site.street),
        ("move", site.here, site.there),
    ]
    answers = await asyncio.gather(
        *(
            process.decide(site.officer, kind, source, target, secrets.token_hex(4), versions[source])
            for process, (kind, source, target) in zip(processes, plans, strict=True)
        ),
        return_exceptions=True,
    )
    assert all(isinstance(answer, Reorganisation | Refusal) for answer in answers), answers
    assert any(isinstance(answer, Reorganisation) for answer in answers)
    fresh = await site.start()
    for key in versions:
        known = fresh.organisations.find(key)
        assert known is not None
        assert known.path[0] == site.city
        assert key not in known.path
        assert len(set(known.path)) == len(known.path)


async def test_every_process_comes_to_the_same_trees_in_whatever_order_it_hears(site: Site) -> None:
    process = await site.start()
    version = await process.version(site.here)
    await process.decide(site.officer, "merge", site.here, site.there, "k", version)
    stored = [await process.stored(key) for key in (site.street, site.here, site.there, site.city)]
    for order in (stored, stored[::-1], stored[2:] + stored[:2]):
        heard = Organisations(process.stores["organisations"], site.clock.now)
        for one in order:
            heard.know(one)
        assert [(one.id, one.path) for one in heard.list_within(site.city)] == [
            (one.id, one.path) for one in process.organisations.list_within(site.city)
        ]
        assert heard.find_current(site.here) == heard.find(site.there)


async def test_what_stands_in_a_circle_is_still_listed_by_its_stored_path(site: Site) -> None:
    process = await site.start()
    for key, above in ((site.here, site.there), (site.there, site.here)):
        process.organisations.know(
            Organisation(id=key, name="循环", tree="local", path=(site.city, above), changed=site.clock.at)
        )
    for key in (site.here, site.there):
        found = process.organisations.find(key)
        assert found
        assert found.path
    assert process.organisations.find_current(site.here) is not None
