"""Officers keep the trees of organisations: list, make, change, link."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import LINE, Name, OrganisationId, PageNumber, PageSize, Total
from handlers.idempotency import KeyRequired, read_key
from handlers.organisation_forms import (
    Code,
    FormerNameReply,
    LinkReply,
    LinkRequest,
    NamedOrganisation,
    NewOrganisationRequest,
    OrganisationChangeRequest,
    OrganisationDetail,
    UnlinkQuery,
    counts_reply,
    term_reply,
)
from handlers.wire import PageQuery, Wire, local
from models.appointment_desk import Tier, tier_of
from models.appointments import NotStaff
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import CodeTaken, OrganisationChanged, OrganisationEnded, WrongLink
from models.organisation_forms import WrongForm
from models.organisations import Organisation, OrganisationState, Tree
from models.requests import Keyed
from models.versions import version_of

ROUTE = "organisations"


class OrganisationsTableQuery(PageQuery, frozen=True):
    """Below which organisation (absent: my own topmost ones), or, instead, found by name or code."""

    above: OrganisationId | None = None
    search: Annotated[str, Meta(min_length=2, max_length=60, pattern=LINE, examples=["碧沙岗"])] | None = None


class OrganisationRow(Wire, frozen=True):
    """One organisation in the table."""

    id: OrganisationId
    name: Name
    tree: Annotated[Tree, Meta(examples=["local"])]
    tier: Annotated[Tier, Meta(examples=["street"])]
    above: Annotated[str, Meta(examples=["金水区总工会"])]
    state: Annotated[OrganisationState, Meta(examples=["active"])]
    code: Code
    region: Annotated[str, Meta(examples=["金水区"])]
    has_below: Annotated[bool, Meta(examples=[True])]


class OrganisationTable(Wire, frozen=True):
    """A page of organisations."""

    rows: list[OrganisationRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class DeskHandler(Handler):
    """What shows organisations."""

    kinds = CONSOLE

    def _find_successor(self, stored: Organisation) -> Organisation | None:
        """Return who answers for an organisation that has ended, though it ended a moment ago."""
        organisations = self.services.organisations
        successor = organisations.find_current(stored.id)
        if successor and successor.id != stored.id:
            return successor
        return organisations.find_current(stored.above) if stored.above and not stored.is_open else None

    def shown(self, stored: Organisation) -> OrganisationDetail:
        """Return an organisation as it goes on the wire."""
        known = self.services.organisations.find(stored.id) or stored
        details, successor = stored.details, self._find_successor(stored)
        return OrganisationDetail(
            id=stored.id,
            name=stored.name,
            tree=stored.tree,
            tier=tier_of(known),
            state=stored.state,
            ended=stored.ended,
            successor=NamedOrganisation(id=successor.id, name=successor.name) if successor else None,
            path=[self.named(key) for key in known.path],
            code=stored.code,
            region=stored.region,
            credit_code=details.credit_code,
            division=details.division,
            industry=details.industry,
            kind=details.kind,
            form=details.form,
            founded=details.founded,
            term=term_reply(details.term),
            counts=counts_reply(details.counts),
            links=[
                LinkReply(kind=kind, organisation=self.named(key))
                for key, kind in sorted(stored.links.items())
            ],
            former_names=[
                FormerNameReply(name=one.name, until=one.until) for _, one in sorted(stored.former.items())
            ],
            version=version_of(stored.changed),
            server_time=local(self.services.now()),
        )

    def named(self, organisation: str) -> NamedOrganisation:
        """Return an organisation's id and own name."""
        return NamedOrganisation(id=organisation, name=self.services.organisations.get_own_name(organisation))


class OrganisationsTableHandler(DeskHandler):
    """Organisations of my subtrees."""

    @endpoint(refuses=(NotStaff, NoSuchOrganisation))
    async def get(self, *, query: OrganisationsTableQuery) -> OrganisationTable:
        """Return a page of what stands below one, of my topmost ones, or of what a search finds."""
        desk, me = self.services.organisation_desk, self.session.subject
        if query.search:
            found = desk.search(me, query.search, query.page, query.page_size)
        else:
            found = desk.list_below(me, query.above, query.page, query.page_size)
        return OrganisationTable(
            rows=[self._row(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )

    @endpoint(
        201,
        refuses=(
            NotStaff,
            NoSuchOrganisation,
            OrganisationEnded,
            CodeTaken,
            WrongForm,
            KeyRequired,
            KeyReused,
        ),
    )
    async def post(self, *, body: NewOrganisationRequest) -> OrganisationDetail:
        """Make an organisation below one of mine; needs the header `Idempotency-Key`."""
        request = Keyed(ROUTE, read_key(self), self.request.body)
        desk = self.services.organisation_desk
        return self.shown(await desk.create(self.session.subject, body.above, body.draft, request))

    def _row(self, one: Organisation) -> OrganisationRow:
        return OrganisationRow(
            id=one.id,
            name=one.name,
            tree=one.tree,
            tier=tier_of(one),
            above=self.services.organisations.get_name(one.path[-1]) if one.path else "",
            state=one.state,
            code=one.code,
            region=one.region,
            has_below=bool(self.services.organisations.list_below(one.id)),
        )


class OrganisationHandler(DeskHandler):
    """One organisation."""

    @endpoint(refuses=(NotStaff, NoSuchOrganisation))
    async def get(self, organisation: str) -> OrganisationDetail:
        """Return what is recorded of it."""
        return self.shown(await self.services.organisation_desk.get(self.session.subject, organisation))

    @endpoint(
        refuses=(
            NotStaff,
            NoSuchOrganisation,
            OrganisationChanged,
            OrganisationEnded,
            CodeTaken,
            WrongForm,
        ),
    )
    async def put(self, organisation: str, *, body: OrganisationChangeRequest) -> OrganisationDetail:
        """Record something else of it."""
        desk = self.services.organisation_desk
        return self.shown(await desk.change(self.session.subject, organisation, body.version, body.draft))


class OrganisationLinkHandler(DeskHandler):
    """A link from one tree to the other."""

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, WrongLink, OrganisationChanged, OrganisationEnded))
    async def put(self, organisation: str, linked: str, *, body: LinkRequest) -> OrganisationDetail:
        """Link an organisation of mine to one of the other tree."""
        desk, me = self.services.organisation_desk, self.session.subject
        return self.shown(await desk.link(me, organisation, linked, body.version, body.kind))

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, OrganisationChanged, OrganisationEnded))
    async def delete(self, organisation: str, linked: str, *, query: UnlinkQuery) -> OrganisationDetail:
        """End the link; none is as good as one that was ended."""
        desk, me = self.services.organisation_desk, self.session.subject
        return self.shown(await desk.link(me, organisation, linked, query.version, None))


ROUTES = [
    ("/api/v1/staff/organisations", OrganisationsTableHandler),
    ("/api/v1/staff/organisations/{organisation}", OrganisationHandler),
    ("/api/v1/staff/organisations/{organisation}/links/{linked}", OrganisationLinkHandler),
]
