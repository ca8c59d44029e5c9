"""Rosters written into the book, some hundred rows at a time, and the same rows again change nothing.

A new person's id is made from the import and the row, both never used again; so is everything else that is
written, under ids that decide: identity first, then what names the person, the person, the membership, what
the figures count. A chunk that a crash cut short is found by its own ids and finished. Cards are issued when
somebody claims a record (`models/claims.py`). A person who is known keeps the membership where it is, and its
state: what a roster says otherwise is told, and only name and phone of an unclaimed record are ever updated.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from models.claims import Shelf
from models.membership_figures import Movement
from models.memberships import Membership, MembershipState
from models.organisations import Organisations
from models.people import Identity, Particulars, Person, VaultRow, claim_index
from models.roster_jobs import ImportJob, Outcome, Problem
from models.roster_people import Entering, Written, differing_state, make, prepare
from models.roster_rows import RosterRow
from models.store import Store

HELD: frozenset[MembershipState] = frozenset({"active", "transferring", "retained"})


class Outcomes(Struct, frozen=True):
    """What became of some rows."""

    counts: Counter[Outcome]
    problems: list[Problem]

    def add(self, row: int, outcome: Outcome, column: str = "", reason: str = "") -> None:
        """Note a row's outcome, and what is to be said of it."""
        self.counts[outcome] += 1
        if reason:
            self.problems.append(Problem(row, outcome, column, reason))


class Known(Struct, frozen=True):
    """What is known of the people that some rows mean, by person."""

    owners: dict[str, str]
    memberships: dict[str, Membership]
    rows: dict[str, VaultRow]
    people: dict[str, Person]


class Rosters:
    """Writes rows."""

    def __init__(
        self,
        shelf: Shelf,
        memberships: Store[Membership],
        movements: Store[Movement],
        organisations: Organisations,
    ) -> None:
        self._people = shelf.people
        self._rows = shelf.rows
        self._identities = shelf.identities
        self._vault = shelf.vault
        self._memberships = memberships
        self._movements = movements
        self._organisations = organisations

    async def take(self, job: ImportJob, rows: Sequence[RosterRow], within: frozenset[str]) -> Outcomes:
        """Judge some rows, and write them if the import is running; return what became of each.

        `within` are the unions whose names the officer may read.
        """
        outcomes, writes = Outcomes(Counter(), []), job.state == "running"
        entering = await asyncio.to_thread(prepare, self._vault, job, rows)
        owners = await self._find_owners(one.identity for one in entering)
        if writes:
            fresh = [one for one in entering if one.identity not in owners]
            taken = await self._identities.insert_many(
                [Identity(id=one.identity, person=one.person) for one in fresh]
            )
            owners |= {one.identity: one.person for one in fresh}
            if taken:
                owners |= await self._find_owners(fresh[place].identity for place in taken)
        known = await self._read(entering, owners)
        new = [one for one in entering if self._is_new(one, known)]
        if writes and new:
            written = await asyncio.to_thread(make, self._vault, job, new, known.owners)
            await self._write(written)
        is_new = {one.row.number for one in new}
        for one in entering:
            if one.row.number in is_new:
                outcomes.add(one.row.number, "created")
            else:
                await self._compare(job, one, known, within, outcomes)
        await self._take_aliases(job, entering, known, outcomes)
        return outcomes

    async def _find_owners(self, identities: Iterable[str]) -> dict[str, str]:
        wanted = list(identities)
        found = await self._identities.list_({"_id": {"$in": wanted}}) if wanted else []
        return {one.id: one.person for one in found}

    async def _read(self, entering: Sequence[Entering], owners: dict[str, str]) -> Known:
        others = {owners[one.identity] for one in entering if one.identity in owners}
        others -= {one.person for one in entering}
        if not others:
            return Known(owners, {}, {}, {})
        where = {"_id": {"$in": sorted(others)}}
        memberships, rows, people = await asyncio.gather(
            self._memberships.list_(where), self._rows.list_(where), self._people.list_(where)
        )
        return Known(
            owners,
            {one.person: one for one in memberships},
            {one.id: one for one in rows},
            {one.id: one for one in people},
        )

    @staticmethod
    def _is_new(one: Entering, known: Known) -> bool:
        """Say whether a row's person is to be written: nobody is known, or somebody only begun."""
        owner = known.owners.get(one.identity, one.person)
        return owner == one.person or owner not in known.memberships

    async def _write(self, written: Written) -> None:
        await self._rows.insert_many(written.rows)
        await self._people.insert_many(written.people)
        await self._memberships.insert_many(written.memberships)
        await self._movements.insert_many(written.movements)

    async def _compare(
        self, job: ImportJob, one: Entering, known: Known, within: frozenset[str], outcomes: Outcomes
    ) -> None:
        """Say of a person who is known where the membership is, or else what a row says otherwise of it."""
        number, person = one.row.number, known.owners[one.identity]
        membership = known.memberships[person]
        if membership.state not in HELD:
            words = (
                "正在申请入会，请在会籍审批中办理"
                if membership.state == "applied"
                else "曾申请或退会，须由本人重新申请"
            )
            outcomes.add(number, "has_membership", "证件号码", words)
            return
        if membership.organisation != one.row.organisation:
            place = membership.organisation
            name = f"“{self._organisations.get_name(place)}”" if place in within else "其他工会"
            words = f"会籍在{name}，未改动；换单位请办理会籍接转"
            outcomes.add(number, "elsewhere", "所在工会", words)
            return
        await self._compare_here(job, one, known, outcomes)

    async def _compare_here(self, job: ImportJob, one: Entering, known: Known, outcomes: Outcomes) -> None:
        """Say of a member of the row's own union what the row says otherwise; update what may be updated."""
        number, person = one.row.number, known.owners[one.identity]
        row = known.rows.get(person)
        differing = self._differing(one, row)
        state = differing_state(known.memberships[person], one.row)
        if state:
            outcomes.problems.append(Problem(number, "differs", "会籍状态", state))
        if not differing and row is not None and row.roster == job.id:
            outcomes.add(number, "updated")  # By this import, in a chunk that was cut short.
        elif not differing:
            outcomes.add(number, "differs" if state else "unchanged")
        elif not job.updates:
            outcomes.add(number, "differs", differing, "与已登记的不同，未更新（导入时可选择更新）")
        elif known.people[person].state != "imported":
            outcomes.add(number, "differs", differing, "本人已认领，姓名和手机号不由导入更改")
        else:
            if job.state == "running":
                await self._update(job, person, one.row)
            outcomes.add(number, "updated")

    def _differing(self, one: Entering, row: VaultRow | None) -> str:
        if row is None:
            return ""
        blind = self._vault.blind
        if row.name_index != blind("name", one.row.name):
            return "姓名"
        return "" if row.phone_index == blind("phone", one.row.phone) else "手机号"

    async def _update(self, job: ImportJob, person: str, row: RosterRow) -> None:
        """Change name and phone, the claim's index first: cut short between the two, both come again."""
        who = Particulars(name=row.name, id_document=row.document, phone=row.phone)
        seen = {"_id": person, "state": "imported"}
        if await self._people.change(seen, {"claim": claim_index(self._vault, who)}):
            seal, blind = self._vault.seal, self._vault.blind
            values = {
                "name": seal("vault", person, "name", row.name),
                "phone": seal("vault", person, "phone", row.phone),
                "name_index": blind("name", row.name),
                "phone_index": blind("phone", row.phone),
                "roster": job.id,
            }
            await self._rows.change({"_id": person}, values)

    async def _take_aliases(
        self, job: ImportJob, entering: Sequence[Entering], known: Known, outcomes: Outcomes
    ) -> None:
        """Keep old card numbers as identities; one that is somebody else's is told and left."""
        asked = [
            (alias, known.owners.get(one.identity, one.person), one.row.number)
            for one in entering
            for alias in one.aliases
        ]
        if not asked:
            return
        owners = await self._find_owners({alias for alias, _, _ in asked})
        if job.state == "running":
            fresh = [Identity(id=alias, person=person) for alias, person, _ in asked if alias not in owners]
            await self._identities.insert_many(fresh)
            owners = await self._find_owners({alias for alias, _, _ in asked})
        for alias, person, number in asked:
            if owners.get(alias, person) != person:
                outcomes.problems.append(
                    Problem(number, "differs", "会员证号", "已登记在他人名下，这个号码未采用")
                )
