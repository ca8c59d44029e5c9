"""The desk where officers decide on memberships, enter what happened, and correct."""

from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import OrganisationId, RealDay
from handlers.idempotency import KeyRequired, read_request
from handlers.membership_reviews import Number, ReviewRow
from handlers.wire import Asked
from models.appointments import NotStaff
from models.member_lists import NoSuchMember
from models.membership_refusals import (
    AlreadyReleased,
    ApplicationDecided,
    DayOutOfRange,
    DocumentHeldByAnother,
    KeyReused,
    NotALocalUnion,
    NothingToCorrect,
    NotReleased,
    NotTheState,
    OrganisationNotOpen,
    OwnMembership,
    ReasonRequired,
    ToItself,
    TooManyEntries,
    TransferDecided,
    TransferPending,
    WrongReviewer,
)
from models.membership_rules import Change, Reason
from models.memberships import Busy, Ground

Decision = Literal["approve", "refuse", "release", "accept_transfer", "refuse_transfer"]
OfficerEvent = Literal["start_transfer", "retain", "resume", "leave", "expel"]
GivenReason = Annotated[Reason, Meta(examples=["not_eligible"])] | None


class DecisionRequest(Asked, frozen=True):
    """A decision; refusing needs a reason."""

    decision: Annotated[Decision, Meta(examples=["approve"])]
    reason: GivenReason = None
    valid_on: RealDay | None = None


class EntryRequest(Asked, frozen=True):
    """Something that happened to a member; the organisation is the target of a transfer, or who retains."""

    event: Annotated[OfficerEvent, Meta(examples=["retain"])]
    reason: Annotated[Reason, Meta(examples=["retired"])] | None = None
    valid_on: RealDay | None = None
    organisation_id: OrganisationId | None = None
    ground: Annotated[Ground, Meta(examples=["change_employer"])] | None = None


class CorrectionRequest(Asked, frozen=True):
    """The right day of an entry, or that the last one never counted."""

    number: Number
    valid_on: RealDay | None = None
    cancels: bool = False


class DecisionsHandler(Handler):
    """Deciding."""

    kinds = CONSOLE

    @endpoint(
        201,
        refuses=(
            NotStaff, NoSuchMember, OwnMembership, WrongReviewer, OrganisationNotOpen, ReasonRequired,
            DocumentHeldByAnother, DayOutOfRange,
            ApplicationDecided, TransferDecided, NotReleased, AlreadyReleased,
            KeyRequired, KeyReused, TooManyEntries, Busy,
        ),
    )  # fmt: skip
    async def post(self, person: str, *, body: DecisionRequest) -> ReviewRow:
        """Decide on an application or a transfer; needs `Idempotency-Key`."""
        change = Change(
            event=body.decision,
            actor=self.session.subject,
            reason=body.reason,
            valid=body.valid_on.isoformat() if body.valid_on else None,
        )
        request = read_request(self, "decide")
        return ReviewRow.of(
            await self.services.membership_reviews.enter(self.session.subject, person, change, request)
        )


class EntriesHandler(Handler):
    """Entering what happened."""

    kinds = CONSOLE

    @endpoint(
        201,
        refuses=(
            NotStaff, NoSuchMember, OwnMembership, WrongReviewer, OrganisationNotOpen, NotALocalUnion,
            ToItself, ReasonRequired, DayOutOfRange, NotTheState, TransferPending,
            KeyRequired, KeyReused, TooManyEntries, Busy,
        ),
    )  # fmt: skip
    async def post(self, person: str, *, body: EntryRequest) -> ReviewRow:
        """Enter a transfer, a retained or resumed membership, a leaving; needs `Idempotency-Key`."""
        places = body.event in ("start_transfer", "retain")
        change = Change(
            event=body.event,
            actor=self.session.subject,
            reason=body.reason,
            valid=body.valid_on.isoformat() if body.valid_on else None,
            organisation=body.organisation_id if places else None,
            ground=body.ground,
        )
        request = read_request(self, "enter")
        return ReviewRow.of(
            await self.services.membership_reviews.enter(self.session.subject, person, change, request)
        )


class CorrectionsHandler(Handler):
    """Correcting."""

    kinds = CONSOLE

    @endpoint(
        201,
        refuses=(
            NotStaff, NoSuchMember, OwnMembership, WrongReviewer, NothingToCorrect, DayOutOfRange,
            KeyRequired, KeyReused, TooManyEntries, Busy,
        ),
    )  # fmt: skip
    async def post(self, person: str, *, body: CorrectionRequest) -> ReviewRow:
        """Correct an entry's day, or cancel the last one; what was entered stays. Needs `Idempotency-Key`."""
        change = Change(
            event="correct",
            actor=self.session.subject,
            reason="mistaken",
            valid=body.valid_on.isoformat() if body.valid_on else None,
            corrects=body.number,
            cancels=body.cancels,
        )
        request = read_request(self, "correct")
        return ReviewRow.of(
            await self.services.membership_reviews.enter(self.session.subject, person, change, request)
        )


ROUTES = [
    ("/api/v1/staff/memberships/{person}/decisions", DecisionsHandler),
    ("/api/v1/staff/memberships/{person}/entries", EntriesHandler),
    ("/api/v1/staff/memberships/{person}/corrections", CorrectionsHandler),
]
