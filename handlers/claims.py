"""Claims of imported records (认领): name, ID document and phone prove whose; staff see doubtful ones."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import ANYONE, CONSOLE, Handler, endpoint
from handlers.fields import MaskedName, Moment, Name, OrganisationId, PageNumber, PageSize, Total
from handlers.memberships import DocumentNumber, NameEvidence, PersonName
from handlers.sessions import Kind, Token
from handlers.wire import Asked, PageQuery, Wire, local
from miniprogram_api.errors import PhoneCodeInvalid, WeChatBusy, WeChatMisconfigured, WeChatRateLimited
from models.appointments import NotStaff
from models.claim_desk import WaitingClaim
from models.claim_reviews import ClaimDecided, Matched, NoSuchClaim, ReviewState, Verdict, Why
from models.claims import ClaimNotMatched
from models.consents import NoticeNotAgreed
from models.id_documents import DocumentKind, WrongDocument, document_key
from models.limits import PerAddress, PerPerson
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import OwnMembership
from models.people import Particulars
from models.subtree_pages import TooManyOrganisations

CHINA = "86"

PhoneCode = Annotated[str, Meta(min_length=1, max_length=256, examples=["e31968a7f94cc5ee25fafc2aef2773f0"])]
ClaimId = Annotated[str, Meta(examples=["0a1b2c3d4e5f60718293a4b5c6d7e8f9"])]
Masked = Annotated[str, Meta(examples=["138******78"])]
Parts = Annotated[list[Matched], Meta(examples=[["name", "id_document"]])]
Count = Annotated[int, Meta(examples=[1])]


class ClaimRequest(Asked, frozen=True):
    """Who I am: the name, the ID document's number, and the code of WeChat's phone button."""

    name: PersonName
    id_document: DocumentNumber
    phone_code: PhoneCode
    kind: Annotated[DocumentKind, Meta(examples=["resident"])] = "resident"


class ClaimReply(Wire, frozen=True):
    """The token to send from now on: the session is the member's. The card follows within a second."""

    token: Token
    kind: Kind
    expires_at: Moment
    server_time: Moment


class ClaimsHandler(Handler):
    """Claiming."""

    kinds = ANYONE
    # Wrong guesses of one record are counted besides (`models/claims.py`).
    limits = (PerPerson(10, seconds=3600, shared=True), PerAddress(120, shared=True))

    @endpoint(
        201,
        refuses=(
            NoticeNotAgreed,
            WrongDocument, PhoneCodeInvalid, ClaimNotMatched,
            WeChatRateLimited, WeChatBusy, WeChatMisconfigured,
        ),
    )  # fmt: skip
    async def post(self, *, body: ClaimRequest) -> ClaimReply:
        """Claim my record, which my union entered: the same claim again gets the same answer."""
        await self.services.privacy.consents.require_notice(self.session.subject)
        document = document_key(body.kind, body.id_document)
        phone = await self.services.wechat.get_phone_number(body.phone_code)
        number = phone.number if phone.country == CHINA else f"+{phone.country}{phone.number}"
        who = Particulars(name=body.name, id_document=document, phone=number)
        person = await self.services.claims.claim(self.session.subject, who)
        session = self.services.sessions.promote(self.session, person)
        return ClaimReply(
            token=self.services.tokens.issue(session),
            kind=session.kind,
            expires_at=local(session.expires),
            server_time=local(self.services.now()),
        )


class StaffClaimsQuery(PageQuery, frozen=True):
    """Which page, and of which organisation and all below it; without one, of all of mine."""

    organisation: OrganisationId | None = None


class StaffClaimRow(Wire, frozen=True):
    """A claim that did not match whole: what did, and why it did not go through; masked.

    `evidence` is what the record's name stands on, null once the claim is decided.
    """

    id: ClaimId
    organisation: Name
    why: Annotated[Why, Meta(examples=["mismatch"])]
    matched: Parts
    differing: Parts
    name: MaskedName
    evidence: NameEvidence
    claimed_name: MaskedName
    phone: Masked
    claimed_phone: Masked
    claimed_document: Annotated[str, Meta(examples=["******123X"])]
    tries: Count
    first_at: Moment
    last_at: Moment
    state: Annotated[ReviewState, Meta(examples=["waiting"])]
    is_own: Annotated[bool, Meta(examples=[False])]

    @classmethod
    def of(cls, one: WaitingClaim) -> "StaffClaimRow":
        """Return a claim as it goes on the wire."""
        review = one.review
        parts: tuple[Matched, ...] = ("name", "id_document", "phone")
        return cls(
            id=review.id,
            organisation=one.organisation_name,
            why=review.why,
            matched=list(review.matched),
            differing=[part for part in parts if part not in review.matched],
            name=one.name,
            evidence=one.evidence,
            claimed_name=one.claimed_name,
            phone=one.phone,
            claimed_phone=one.claimed_phone,
            claimed_document=one.claimed_document,
            tries=review.tries,
            first_at=local(review.first),
            last_at=local(review.last),
            state=review.state,
            is_own=one.is_own,
        )


class StaffClaimTable(Wire, frozen=True):
    """A page of claims."""

    rows: list[StaffClaimRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class StaffClaimsHandler(Handler):
    """The claims that wait for an officer."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, TooManyOrganisations))
    async def get(self, *, query: StaffClaimsQuery) -> StaffClaimTable:
        """Return a page of claims that did not match whole, the oldest of each organisation first."""
        found = await self.services.claim_desk.list_page(
            self.session.subject, query.organisation, query.page, query.page_size
        )
        return StaffClaimTable(
            rows=[StaffClaimRow.of(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )


class ClaimDecisionRequest(Asked, frozen=True):
    """A decision; accept only whom you have seen with the document."""

    decision: Annotated[Verdict, Meta(examples=["accept"])]


class ClaimDecisionsHandler(Handler):
    """Deciding on a claim."""

    kinds = CONSOLE

    @endpoint(201, refuses=(NotStaff, NoSuchClaim, OwnMembership, ClaimDecided))
    async def post(self, claim: str, *, body: ClaimDecisionRequest) -> StaffClaimRow:
        """Accept a claim or dismiss it; the same decision again gets the same answer."""
        desk = self.services.claim_desk
        return StaffClaimRow.of(await desk.decide(self.session.subject, claim, body.decision))


ROUTES = [
    ("/api/v1/members/claims", ClaimsHandler),
    ("/api/v1/staff/claims", StaffClaimsHandler),
    ("/api/v1/staff/claims/{claim}/decisions", ClaimDecisionsHandler),
]
