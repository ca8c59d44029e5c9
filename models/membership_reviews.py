"""Memberships as officers handle them: what waits for a decision, and every change that is theirs to enter.

Invariants: what is outside the subtree is not there; nobody handles the own membership; of two officers at
once one decides, and the other is told what was decided. In a transfer the releasing union's officer
releases, the receiving union's registers, and either may send it back; an officer above both may do both.
What waits at a union that was merged is its successor's to decide, and the membership comes to stand there.
"""

import asyncio
from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from models.clock import Now
from models.member_lists import NoSuchMember
from models.membership_desk import MembershipDesk, Request
from models.membership_offices import Offices
from models.membership_refusals import DocumentHeldByAnother, OrganisationNotOpen
from models.membership_rules import Change
from models.memberships import Membership, Memberships
from models.organisations import Organisations
from models.own_memberships import make_transfer
from models.pages import Page
from models.people import Evidence, Particulars, People
from models.subtree_pages import read_page
from models.vault import mask_name, mask_phone

Queue = Literal["applied", "releasing", "receiving"]


class Reviewed(Struct, frozen=True, kw_only=True):
    """A membership in a queue or on an officer's desk; what names the person is masked."""

    membership: Membership
    name: str
    phone: str
    organisation_name: str
    target_name: str
    is_overdue: bool
    is_own: bool


class Opened(Struct, frozen=True):
    """A membership as it is opened, with what the person's name stands on, None once that is erased."""

    reviewed: Reviewed
    evidence: Evidence | None


class MembershipReviews:
    """Queues, decisions, entries, corrections."""

    def __init__(
        self,
        desk: MembershipDesk,
        offices: Offices,
        memberships: Memberships,
        people: People,
        organisations: Organisations,
        now: Now,
    ) -> None:
        self._desk = desk
        self._offices = offices
        self._memberships = memberships
        self._people = people
        self._organisations = organisations
        self._now = now

    async def list_page(
        self, officer: str, queue: Queue, organisation: str | None, page: int, size: int
    ) -> Page[Reviewed]:
        """Return a page of what waits for an organisation and all below it, the oldest of each first.

        NotStaff, NoSuchOrganisation, TooManyOrganisations.
        """
        asked = self._offices.list_within(officer, organisation)
        if queue == "receiving":
            found = await read_page(
                asked, self._memberships.count_coming, self._memberships.list_coming, page, size
            )
        else:
            state: Literal["applied", "transferring"] = "applied" if queue == "applied" else "transferring"
            found = await read_page(
                asked,
                lambda one: self._memberships.count(one, state),
                lambda one, limit: self._memberships.list_of(one, limit, state),
                page,
                size,
            )
        known = await self._people.list_particulars([one.person for one in found.rows])
        return Page([self._shown(officer, one, known.get(one.person)) for one in found.rows], found.total)

    async def get(self, officer: str, person: str) -> Opened:
        """Return a membership of the officer's subtree, or one that comes to it. NotStaff, NoSuchMember."""
        membership = await self._memberships.find(person)
        if membership is None or not self._offices.covers(
            officer, membership.organisation, membership.target
        ):
            raise NoSuchMember
        reviewed, evidence = await asyncio.gather(
            self._show(officer, membership), self._people.find_evidence(person)
        )
        return Opened(reviewed, evidence if reviewed.name else None)

    async def enter(self, officer: str, person: str, change: Change, request: Request) -> Reviewed:
        """Enter a change as an officer; what the membership's rules refuse is refused.

        NotStaff, NoSuchMember, OwnMembership, WrongReviewer, OrganisationNotOpen, DocumentHeldByAnother,
        KeyReused.
        """
        self._offices.require(officer)
        is_owner = change.event != "approve" or await self._people.owns_document(person)
        if change.event == "start_transfer":
            change = self._with_target(change)

        def prepare(before: Membership | None) -> Change:
            if before is None:
                raise NoSuchMember
            if not self._offices.admits(officer, before, change):
                return change
            placed = self._placed(before, change)
            if not is_owner:
                raise DocumentHeldByAnother
            return placed

        return await self._show(officer, await self._desk.enter(person, prepare, request))

    def _with_target(self, change: Change) -> Change:
        target, ground = change.organisation or "", change.ground or "change_employer"
        begun = make_transfer(self._desk, change.actor, target, ground)
        return replace(change, organisation=begun.organisation, ground=begun.ground, releases=True)

    def _placed(self, before: Membership, change: Change) -> Change:
        """Return a change with the union that is to have the membership; OrganisationNotOpen if it is closed.

        Where that union was merged after it was asked, its successor.
        """
        if change.event == "approve" and before.state == "applied":
            return replace(change, organisation=self._get_answerer(before.organisation))
        if change.event == "accept_transfer" and before.target:
            return replace(change, organisation=self._get_answerer(before.target))
        if change.event == "retain" and change.organisation:
            known = self._organisations.find(before.organisation)
            if known is None or self._desk.get_open(change.organisation).id not in known.path:
                raise OrganisationNotOpen
        return change

    def _get_answerer(self, organisation: str) -> str:
        return self._desk.get_open(self._organisations.find_answerer(organisation)).id

    async def _show(self, officer: str, membership: Membership) -> Reviewed:
        return self._shown(officer, membership, await self._people.find_particulars(membership.person))

    def _shown(self, officer: str, membership: Membership, who: Particulars | None) -> Reviewed:
        due: datetime | None = membership.due
        return Reviewed(
            membership=membership,
            name=mask_name(who.name) if who else "",
            phone=mask_phone(who.phone) if who else "",
            organisation_name=self._organisations.get_name(membership.organisation),
            target_name=self._organisations.get_name(membership.target) if membership.target else "",
            is_overdue=due is not None and due <= self._now(),
            is_own=membership.person == officer,
        )
