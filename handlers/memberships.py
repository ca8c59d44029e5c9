"""The own membership (会籍): applying, transferring (接转), taking back, leaving."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import END, LINE, Day, Moment, Name, OrganisationId, PersonId, RealDay
from handlers.idempotency import KeyRequired, read_request
from handlers.wire import Asked, Wire, local
from models.clock import LOCAL
from models.consents import NoticeNotAgreed
from models.id_documents import BirthDateRequired, DocumentKind, TooYoung, WrongDocument, read_document
from models.limits import PerAddress, PerPerson
from models.membership_history import last_entry
from models.membership_refusals import (
    AlreadyMember,
    ApplicationDecided,
    ApplicationPending,
    GigKindRequired,
    KeyReused,
    NotALocalUnion,
    NotTheState,
    OrganisationNotOpen,
    ToItself,
    TooManyEntries,
    TransferDecided,
    TransferPending,
)
from models.memberships import Busy, Event, GigKind, Ground, Membership, MembershipState, WorkerForm
from models.own_memberships import Application
from models.people import Evidence, IdentityTaken, Particulars

PersonName = Annotated[str, Meta(min_length=2, max_length=60, pattern=LINE, examples=["王小明"])]
Phone = Annotated[str, Meta(pattern=rf"^1[3-9][0-9]{{9}}{END}", examples=["13812345678"])]
DocumentNumber = Annotated[
    str, Meta(min_length=5, max_length=24, pattern=LINE, examples=["41010519900101123X"])
]
State = Annotated[MembershipState, Meta(examples=["applied"])]
LastEvent = Annotated[Event | None, Meta(examples=["apply"])]
NameEvidence = Annotated[Evidence | None, Meta(examples=["phone_matched"])]
ReasonCode = Annotated[str | None, Meta(examples=["wrong_organisation"])]


class DocumentRequest(Asked, frozen=True):
    """An ID document; the date of birth for those whose number does not say it."""

    number: DocumentNumber
    kind: Annotated[DocumentKind, Meta(examples=["resident"])] = "resident"
    birth_date: RealDay | None = None


class ApplicationRequest(Asked, frozen=True):
    """An application: who, how employed, to which organisation."""

    name: PersonName
    document: DocumentRequest
    phone: Phone
    organisation_id: OrganisationId
    worker_form: Annotated[WorkerForm, Meta(examples=["gig"])]
    gig_kind: Annotated[GigKind, Meta(examples=["courier"])] | None = None


class TransferRequest(Asked, frozen=True):
    """Where the membership is to go, and why; `residence` when the new employer has no union."""

    organisation_id: OrganisationId
    ground: Annotated[Ground, Meta(examples=["change_employer"])] = "change_employer"


class OwnMembershipReply(Wire, frozen=True):
    """My membership as it is now; `reviewBy` while somebody has to decide."""

    id: PersonId
    organisation_id: OrganisationId
    organisation_name: Name
    target_id: Annotated[str | None, Meta(examples=[None])]
    target_name: Annotated[str | None, Meta(examples=[None])]
    state: State
    since: Day
    last_event: LastEvent
    reason: ReasonCode
    review_by: Annotated[Moment | None, Meta(examples=["2026-07-21T00:00:00+08:00"])]


class MembershipHandler(Handler):
    """What answers with a membership."""

    def shown(self, one: Membership) -> OwnMembershipReply:
        """Return a membership as it goes on the wire."""
        names, last = self.services.organisations.get_name, last_entry(one)
        return OwnMembershipReply(
            id=one.person,
            organisation_id=one.organisation,
            organisation_name=names(one.organisation),
            target_id=one.target,
            target_name=names(one.target) if one.target else None,
            state=one.state,
            since=one.since,
            last_event=last.event if last else None,
            reason=last.reason if last else None,
            review_by=local(one.due) if one.due else None,
        )


class MembershipsHandler(MembershipHandler):
    """Applying."""

    kinds = ANYONE
    # Whoever tries ID numbers would learn whose are registered: few tries, in all processes together.
    limits = (PerPerson(10, seconds=3600, shared=True), PerAddress(60, shared=True))

    @endpoint(
        201,
        refuses=(
            WrongDocument, BirthDateRequired, TooYoung, GigKindRequired, OrganisationNotOpen, IdentityTaken,
            AlreadyMember, ApplicationPending, KeyRequired, KeyReused, TooManyEntries, Busy, NoticeNotAgreed,
        ),
    )  # fmt: skip
    async def post(self, *, body: ApplicationRequest) -> OwnMembershipReply:
        """Apply for membership; needs `Idempotency-Key`. A guest logs in again afterwards."""
        request, asked = read_request(self, "apply"), body.document
        await self.services.privacy.consents.require_notice(self.session.subject)
        today = self.services.now().astimezone(LOCAL).date()
        document = read_document(asked.kind, asked.number, asked.birth_date, today)
        application = Application(
            who=Particulars(name=body.name, id_document=document.key, phone=body.phone),
            organisation=body.organisation_id,
            worker_form=body.worker_form,
            gig_kind=body.gig_kind,
        )
        return self.shown(
            await self.services.own_memberships.apply(self.session.subject, application, request)
        )


class ApplicationHandler(MembershipHandler):
    """My application."""

    kinds = ANYONE

    @endpoint(refuses=(ApplicationDecided, NotTheState, TooManyEntries, Busy))
    async def delete(self) -> OwnMembershipReply:
        """Withdraw my application."""
        return self.shown(await self.services.own_memberships.end(self.session.subject, "withdraw"))


class TransfersHandler(MembershipHandler):
    """Asking for a transfer."""

    @endpoint(
        201,
        refuses=(
            OrganisationNotOpen, NotALocalUnion, ToItself, TransferPending, NotTheState,
            KeyRequired, KeyReused, TooManyEntries, Busy,
        ),
    )  # fmt: skip
    async def post(self, *, body: TransferRequest) -> OwnMembershipReply:
        """Ask for my membership to go to another union; needs `Idempotency-Key`."""
        request = read_request(self, "transfer")
        return self.shown(
            await self.services.own_memberships.start_transfer(
                self.session.subject, body.organisation_id, body.ground, request
            )
        )


class TransferHandler(MembershipHandler):
    """My transfer."""

    @endpoint(refuses=(TransferDecided, NotTheState, TooManyEntries, Busy))
    async def delete(self) -> OwnMembershipReply:
        """Withdraw my transfer: the membership stays where it is."""
        return self.shown(await self.services.own_memberships.end(self.session.subject, "withdraw_transfer"))


class CurrentMembershipHandler(MembershipHandler):
    """My membership."""

    @endpoint(refuses=(NotTheState, TooManyEntries, Busy))
    async def delete(self) -> OwnMembershipReply:
        """Leave the union; nobody asks why."""
        return self.shown(await self.services.own_memberships.end(self.session.subject, "leave"))


ROUTES = [
    ("/api/v1/memberships", MembershipsHandler),
    ("/api/v1/memberships/application", ApplicationHandler),
    ("/api/v1/memberships/transfers", TransfersHandler),
    ("/api/v1/memberships/transfers/current", TransferHandler),
    ("/api/v1/memberships/current", CurrentMembershipHandler),
]
