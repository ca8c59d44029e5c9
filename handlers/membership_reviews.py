"""Memberships as officers handle them: queues, decisions, entries and corrections."""

from typing import Annotated, Literal

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import (
    Day,
    MaskedName,
    Moment,
    Name,
    OrganisationId,
    PageNumber,
    PageSize,
    PersonId,
    Total,
)
from handlers.member_lists import MaskedPhone
from handlers.memberships import LastEvent, NameEvidence, ReasonCode, State
from handlers.wire import PageQuery, Wire, local
from models.appointments import NotStaff
from models.member_lists import NoSuchMember, NoSuchOrganisation
from models.membership_history import last_entry
from models.membership_reviews import Queue, Reviewed
from models.memberships import Entry, Event, GigKind, Ground, WorkerForm
from models.subtree_pages import TooManyOrganisations

Number = Annotated[int, Meta(ge=1, le=100_000, examples=[2])]
Place = Annotated[str | None, Meta(examples=[None])]


class QueueQuery(PageQuery, frozen=True):
    """What waits: applications, or transfers to release or receive; of one organisation and below."""

    state: Annotated[Queue, Meta(examples=["applied"])] = "applied"
    organisation: OrganisationId | None = None


class ReviewRow(Wire, frozen=True):
    """One membership; name and phone are masked."""

    id: PersonId
    name: MaskedName
    phone: MaskedPhone
    organisation_id: OrganisationId
    organisation: Name
    target_id: Place
    target: Name
    is_released: bool
    ground: Annotated[Ground | None, Meta(examples=[None])]
    state: State
    since: Day
    worker_form: Annotated[WorkerForm | None, Meta(examples=["gig"])]
    gig_kind: Annotated[GigKind | None, Meta(examples=["courier"])]
    version: Number
    entered_at: Moment
    last_event: LastEvent
    review_by: Annotated[Moment | None, Meta(examples=["2026-07-21T00:00:00+08:00"])]
    is_overdue: bool
    is_own: bool

    @classmethod
    def of(cls, one: Reviewed) -> "ReviewRow":
        """Return what of a membership goes on the wire."""
        held, last = one.membership, last_entry(one.membership)
        return cls(
            id=held.person,
            name=one.name,
            phone=one.phone,
            organisation_id=held.organisation,
            organisation=one.organisation_name,
            target_id=held.target,
            target=one.target_name,
            is_released=held.is_released,
            ground=held.ground,
            state=held.state,
            since=held.since,
            worker_form=held.worker_form,
            gig_kind=held.gig_kind,
            version=held.version,
            entered_at=local(held.entered),
            last_event=last.event if last else None,
            review_by=local(held.due) if held.due else None,
            is_overdue=one.is_overdue,
            is_own=one.is_own,
        )


class ReviewTable(Wire, frozen=True):
    """A page of what waits."""

    rows: list[ReviewRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class EntryReply(Wire, frozen=True):
    """One entry of a membership's log: by the member or by a union, never by whom, which the audit knows."""

    number: Number
    event: Annotated[Event, Meta(examples=["approve"])]
    by: Annotated[Literal["member", "union"], Meta(examples=["union"])]
    valid_on: Day
    entered_at: Moment
    organisation_id: OrganisationId
    organisation: Name
    target: Place
    state: State
    reason: ReasonCode
    corrects: Annotated[int | None, Meta(examples=[None])]
    cancels: bool


class FileReply(Wire, frozen=True):
    """A membership with what the name stands on, null once it is erased, and all entries, the first first."""

    membership: ReviewRow
    evidence: NameEvidence
    entries: list[EntryReply]


class ReviewsHandler(Handler):
    """What waits for a decision."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, TooManyOrganisations))
    async def get(self, *, query: QueueQuery) -> ReviewTable:
        """Return a page of applications or transfers, masked, the oldest of each organisation first."""
        found = await self.services.membership_reviews.list_page(
            self.session.subject, query.state, query.organisation, query.page, query.page_size
        )
        return ReviewTable(
            rows=[ReviewRow.of(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )


class ReviewHandler(Handler):
    """One membership."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchMember))
    async def get(self, person: str) -> FileReply:
        """Return a membership with all its entries, masked."""
        found = await self.services.membership_reviews.get(self.session.subject, person)
        log = found.reviewed.membership.log
        entries = [self._shown(person, number, log[str(number)]) for number in sorted(map(int, log))]
        row = ReviewRow.of(found.reviewed)
        return FileReply(membership=row, evidence=found.evidence, entries=entries)

    def _shown(self, person: str, number: int, one: Entry) -> EntryReply:
        names = self.services.organisations
        return EntryReply(
            number=number,
            event=one.event,
            by="member" if one.actor == person else "union",
            valid_on=one.valid,
            entered_at=local(one.entered),
            organisation_id=one.after.organisation,
            organisation=names.get_own_name(one.after.organisation),
            target=names.get_own_name(one.after.target) if one.after.target else None,
            state=one.after.state,
            reason=one.reason,
            corrects=one.corrects,
            cancels=one.cancels,
        )


ROUTES = [
    ("/api/v1/staff/memberships", ReviewsHandler),
    ("/api/v1/staff/memberships/{person}", ReviewHandler),
]
