"""Members as an officer sees them in the console: masked, by organisation, unmasked one by one."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Day, MaskedName, Name, PageNumber, PageSize, PersonId, Total
from handlers.media import Xlsx
from handlers.station_lists import saved_as
from handlers.wire import Asked, PageQuery, Wire
from models.appointments import NotStaff
from models.limits import PerPerson
from models.member_exports import ReasonForExportRequired, TooManyMembers
from models.member_lists import (
    ListedMember,
    NoSuchMember,
    NoSuchOrganisation,
    Reason,
)
from models.memberships import MembershipState
from models.pages import Page
from models.person_search import TooManyNamesakes
from models.subtree_pages import TooManyOrganisations

OrganisationId = Annotated[str, Meta(min_length=1, max_length=40, examples=["6Q0B8Z2J4N1TFE7M"])]
MaskedPhone = Annotated[str, Meta(examples=["138******78"])]
Text = Annotated[str, Meta(min_length=2, max_length=60, examples=["王小明"])]


class MembersQuery(PageQuery, frozen=True):
    """Which page, and of which organisation and all below it; without one, of all of mine."""

    organisation: OrganisationId | None = None


class MemberSearchRequest(Asked, frozen=True):
    """Exactly a name, phone, ID document's number or 会员证号, or a name and the last four of the phone.

    In the body, because addresses are written to logs on their way.
    """

    text: Text
    page: PageNumber = 1
    page_size: PageSize = 20


class MemberRow(Wire, frozen=True):
    """One member; name and phone are masked."""

    id: PersonId
    name: MaskedName
    phone: MaskedPhone
    organisation: Name
    state: MembershipState
    since: Day

    @classmethod
    def of(cls, member: ListedMember) -> "MemberRow":
        """Return what of a listed member goes on the wire."""
        return cls(
            id=member.membership.person,
            name=member.name,
            phone=member.phone,
            organisation=member.organisation_name,
            state=member.membership.state,
            since=member.membership.since,
        )


class MemberTable(Wire, frozen=True):
    """A page of members."""

    rows: list[MemberRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize

    @classmethod
    def of(cls, found: Page[ListedMember], page: int, size: int) -> "MemberTable":
        """Return a page as it goes on the wire."""
        return cls(
            rows=[MemberRow.of(one) for one in found.rows], total=found.total, page=page, page_size=size
        )


class UnmaskingRequest(Asked, frozen=True):
    """Why the personal data of a member are needed; it is entered in the audit before they are shown."""

    reason: Annotated[Reason, Meta(examples=["contact"])]


class UnmaskedReply(Wire, frozen=True):
    """What names a member, in full."""

    name: Annotated[str, Meta(examples=["王小明"])]
    id_document: Annotated[str, Meta(examples=["410102199001011234"])]
    phone: Annotated[str, Meta(examples=["13812345678"])]


class MembersTableHandler(Handler):
    """The members of my organisations."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, TooManyOrganisations))
    async def get(self, *, query: MembersQuery) -> MemberTable:
        """Return a page of members, masked, the last entered of each organisation first."""
        found = await self.services.member_lists.list_page(
            self.session.subject, query.organisation, query.page, query.page_size
        )
        return MemberTable.of(found, query.page, query.page_size)


class MemberSearchesHandler(Handler):
    """Finding a member."""

    kinds = CONSOLE
    limits = (PerPerson(60),)

    @endpoint(refuses=(NotStaff, TooManyNamesakes))
    async def post(self, *, body: MemberSearchRequest) -> MemberTable:
        """Return my members of exactly this name, phone, ID document's number or 会员证号, masked.

        Where many have the name, the last four digits of the phone after it tell them apart.
        """
        found = await self.services.member_lists.search(
            self.session.subject, body.text, body.page, body.page_size
        )
        return MemberTable.of(found, body.page, body.page_size)


class UnmaskingsHandler(Handler):
    """Showing what is masked."""

    kinds = CONSOLE
    limits = (PerPerson(60),)

    @endpoint(201, refuses=(NotStaff, NoSuchMember))
    async def post(self, person: str, *, body: UnmaskingRequest) -> UnmaskedReply:
        """Return a member's personal data; who asked and why is entered in the audit first."""
        shown = await self.services.member_lists.unmask(self.session.subject, person, body.reason)
        return UnmaskedReply(name=shown.name, id_document=shown.id_document, phone=shown.phone)


class ExportRequest(Asked, frozen=True):
    """Whose members: of an organisation and all below it, or of all of mine; in full only with a reason."""

    organisation_id: OrganisationId | None = None
    unmasked: Annotated[bool, Meta(examples=[False])] = False
    reason: Annotated[Reason, Meta(examples=["inspection"])] | None = None


class MemberExportsHandler(Handler):
    """Members as a spreadsheet."""

    kinds = CONSOLE
    limits = (PerPerson(6),)

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, ReasonForExportRequired, TooManyMembers))
    async def post(self, *, body: ExportRequest) -> Xlsx:
        """Return members, masked unless asked otherwise; who exported what and why is entered first."""
        content = await self.services.member_exports.make(
            self.session.subject, body.organisation_id, body.reason, unmasked=body.unmasked
        )
        self.set_header("Content-Disposition", saved_as("会员名单.xlsx"))
        return Xlsx(content)


ROUTES = [
    ("/api/v1/staff/members/exports", MemberExportsHandler),
    ("/api/v1/staff/members", MembersTableHandler),
    ("/api/v1/staff/members/searches", MemberSearchesHandler),
    ("/api/v1/staff/members/{person}/unmaskings", UnmaskingsHandler),
]
