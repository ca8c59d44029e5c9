"""Members as an officer sees them: masked, only those of the officer's organisations, unmasked one by one.

Invariants: what is outside the subtree is not there, and looks like what does not exist; every list is
masked; a name, a number or a phone is shown only after the audit holds who asks for it and why. Counting
goes organisation by organisation, so a list covers a bounded number of them: whoever has more chooses one
below.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from models.appointments import Appointments, Role
from models.audit import Audit, Fact
from models.errors import Missing
from models.memberships import Membership, Memberships
from models.organisations import Organisation, Organisations
from models.pages import Page
from models.people import Particulars, People
from models.person_search import PersonSearch
from models.subtree_pages import read_page
from models.vault import mask_name, mask_phone

OFFICERS: frozenset[Role] = frozenset({"officer"})

Reason = Literal["verify_identity", "contact", "correct_record", "aid", "case", "inspection"]
REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        "verify_identity": "核实身份",
        "contact": "联系本人",
        "correct_record": "更正信息",
        "aid": "帮扶慰问",
        "case": "办理诉求",
        "inspection": "审计检查",
    }
)


class NoSuchMember(Missing):
    """There is no such member, or not in the officer's organisations."""

    code = "member_not_found"
    message = "没有找到这位会员，或不在您的管理范围内"


class NoSuchOrganisation(Missing):
    """There is no such organisation, or it is not the officer's."""

    code = "organisation_not_found"
    message = "没有这个组织，或不在您的管理范围内"


class ListedMember(Struct, frozen=True, kw_only=True):
    """A row of the list; name and phone are masked, and empty once they are erased."""

    membership: Membership
    organisation_name: str
    name: str
    phone: str


class MemberLists:
    """Lists members, finds one by name or number, and shows what is masked."""

    def __init__(
        self,
        people: People,
        search: PersonSearch,
        memberships: Memberships,
        organisations: Organisations,
        appointments: Appointments,
        audit: Audit,
    ) -> None:
        self._people = people
        self._search = search
        self._memberships = memberships
        self._organisations = organisations
        self._appointments = appointments
        self._audit = audit

    def list_organisations(self, officer: str) -> list[Organisation]:
        """Return the organisations of an officer, each after those above it; NotStaff."""
        found: dict[str, Organisation] = {}
        for root in self._appointments.list_places(officer, OFFICERS):
            found |= {one.id: one for one in self._organisations.list_within(root)}
        return list(found.values())

    async def list_page(
        self, officer: str, organisation: str | None, page: int, size: int
    ) -> Page[ListedMember]:
        """Return a page of the members of an organisation and all below it, or of all of the officer's.

        NotStaff, NoSuchOrganisation, TooManyOrganisations.
        """
        asked = self._within(officer, organisation)
        found = await read_page(asked, self._memberships.count, self._memberships.list_of, page, size)
        return Page(await self._listed(found.rows), found.total)

    async def search(self, officer: str, text: str, page: int, size: int) -> Page[ListedMember]:
        """Return the officer's members whom a text finds (`models/person_search.py`).

        NotStaff, TooManyNamesakes.
        """
        within = {one.id for one in self.list_organisations(officer)}
        found = await self._memberships.list_by_person(await self._search.list_by(text))
        mine = sorted((one for one in found if one.organisation in within), key=lambda one: one.person)
        return Page(await self._listed(mine[(page - 1) * size : page * size]), len(mine))

    async def unmask(self, officer: str, person: str, reason: Reason) -> Particulars:
        """Return a member's name, ID document and phone, once it is entered who wants to know, and why."""
        within = {one.id for one in self.list_organisations(officer)}
        membership = await self._memberships.find(person)
        if membership is None or membership.organisation not in within:
            raise NoSuchMember
        await self._audit.record(
            Fact(
                actor=officer,
                action="personal_data_shown",
                kind="person",
                object=person,
                details={"reason": reason, "organisation": membership.organisation},
            )
        )
        particulars = await self._people.find_particulars(person)
        if particulars is None:
            raise NoSuchMember
        return particulars

    def _within(self, officer: str, organisation: str | None) -> list[str]:
        mine = [one.id for one in self.list_organisations(officer)]
        if organisation is None:
            return mine
        if organisation not in mine:
            raise NoSuchOrganisation
        return [one.id for one in self._organisations.list_within(organisation)]

    async def _listed(self, memberships: Sequence[Membership]) -> list[ListedMember]:
        known = await self._people.list_particulars([one.person for one in memberships])
        return [
            ListedMember(
                membership=one,
                organisation_name=self._organisations.get_name(one.organisation),
                name=mask_name(known[one.person].name) if one.person in known else "",
                phone=mask_phone(known[one.person].phone) if one.person in known else "",
            )
            for one in memberships
        ]
