"""Correcting what is stored of me: the phone at once, name and ID document after an officer's check."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import LoginCode, MaskedName, Moment, Name, PageNumber, PageSize, PersonId, Total
from handlers.idempotency import KeyRequired, read_key
from handlers.memberships import DocumentRequest, PersonName
from handlers.wire import Asked, PageQuery, Wire, local
from miniprogram_api.errors import PhoneCodeInvalid, WeChatBusy, WeChatMisconfigured, WeChatRateLimited
from models.appointments import NotStaff
from models.clock import LOCAL
from models.corrections import Corrected as CorrectedField
from models.corrections import (
    Correction,
    CorrectionDecided,
    CorrectionPending,
    CorrectionState,
    Decision,
    Listed,
    NoSuchCorrection,
    OwnCorrection,
    Shown,
    Wanted,
)
from models.errors import Invalid
from models.id_documents import BirthDateRequired, TooYoung, WrongDocument, read_document
from models.limits import PerPerson
from models.members import NotAMember
from models.membership_refusals import KeyReused
from models.pages import Page
from models.sessions import SessionExpired
from models.subtree_pages import TooManyOrganisations
from models.vault import mask_phone

CorrectionId = Annotated[str, Meta(examples=["0f343b0931126a20f133d67c2b018a3b"])]
Corrected = Annotated[CorrectedField, Meta(examples=["name"])]
State = Annotated[CorrectionState, Meta(examples=["open"])]
FullText = Annotated[str, Meta(examples=["王小明"])]

HOME = "86"


class OneAtATime(Invalid):
    """A request is about the name or about the ID document."""

    code = "one_correction_at_a_time"
    message = "请一次只更正一项：姓名或证件"


class OwnCorrectionRequest(Asked, frozen=True):
    """What is right: the name, or the ID document."""

    name: PersonName | None = None
    document: Annotated[DocumentRequest, Meta(examples=[None])] | None = None


class CorrectionReply(Wire, frozen=True):
    """A request of mine; `reason` says why it was refused."""

    id: CorrectionId
    corrects: Corrected
    state: State
    asked_at: Moment
    decided_at: Annotated[Moment | None, Meta(examples=[None])]
    reason: Annotated[str | None, Meta(examples=[None])]

    @classmethod
    def of(cls, one: Correction) -> "CorrectionReply":
        """Return a request as it goes on the wire: never what is wanted."""
        return cls(
            id=one.id,
            corrects=one.corrects,
            state=one.state,
            asked_at=local(one.asked),
            decided_at=local(one.decided) if one.decided else None,
            reason=one.reason,
        )


class CorrectionsReply(Wire, frozen=True):
    """My requests, the latest first."""

    items: list[CorrectionReply]


class PhoneRequest(Asked, frozen=True):
    """The code of WeChat's phone button."""

    code: LoginCode


class PhoneReply(Wire, frozen=True):
    """The phone as it is now, masked."""

    phone: Annotated[str, Meta(examples=["138******78"])]


class CorrectionRow(Wire, frozen=True):
    """One request that waits; the name is masked."""

    id: CorrectionId
    person: PersonId
    name: MaskedName
    corrects: Corrected
    organisation: Name
    asked_at: Moment


class CorrectionTable(Wire, frozen=True):
    """A page of what waits."""

    rows: list[CorrectionRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class ShownReply(Wire, frozen=True):
    """A request in full: what stands there now, and what is wanted."""

    id: CorrectionId
    person: PersonId
    corrects: Corrected
    state: State
    now: FullText
    wanted: FullText

    @classmethod
    def of(cls, shown: Shown) -> "ShownReply":
        """Return a request as an officer sees it to decide."""
        one, now = shown.correction, shown.now
        return cls(
            id=one.id,
            person=one.person,
            corrects=one.corrects,
            state=one.state,
            now=now.name if one.corrects == "name" else now.id_document,
            wanted=shown.wanted,
        )


class CorrectionDecisionRequest(Asked, frozen=True):
    """The decision: approved, or why not."""

    decision: Annotated[Decision, Meta(examples=["approve"])]


class CorrectionsHandler(Handler):
    """My requests for correction."""

    limits = (PerPerson(20, seconds=3600),)

    @endpoint()
    async def get(self) -> CorrectionsReply:
        """Return my requests and what became of them."""
        found = await self.services.privacy.corrections.list_own(self.session.subject)
        return CorrectionsReply(items=[CorrectionReply.of(one) for one in found])

    @endpoint(
        201,
        refuses=(
            OneAtATime, WrongDocument, BirthDateRequired, TooYoung, NotAMember, CorrectionPending,
            KeyRequired, KeyReused,
        ),
    )  # fmt: skip
    async def post(self, *, body: OwnCorrectionRequest) -> CorrectionReply:
        """Ask for my name or ID document to be corrected; needs `Idempotency-Key`. An officer checks it."""
        wanted = self._wanted(body, read_key(self))
        return CorrectionReply.of(await self.services.privacy.corrections.ask(self.session.subject, wanted))

    def _wanted(self, body: OwnCorrectionRequest, key: str) -> Wanted:
        if (body.name is None) == (body.document is None):
            raise OneAtATime
        if body.document is None:
            return Wanted("name", body.name or "", key)
        asked, today = body.document, self.services.now().astimezone(LOCAL).date()
        return Wanted(
            "id_document", read_document(asked.kind, asked.number, asked.birth_date, today).key, key
        )


class PhoneHandler(Handler):
    """My phone."""

    limits = (PerPerson(10, seconds=3600),)

    @endpoint(refuses=(PhoneCodeInvalid, SessionExpired, WeChatBusy, WeChatRateLimited, WeChatMisconfigured))
    async def put(self, *, body: PhoneRequest) -> PhoneReply:
        """Change my phone to the one that WeChat vouches for, at once."""
        openid = await self.services.sessions.get_openid(self.session)
        given = await self.services.wechat.get_phone_number(body.code, openid)
        phone = given.number if given.country == HOME else f"+{given.country}{given.number}"
        await self.services.privacy.corrections.change_phone(self.session.subject, phone)
        return PhoneReply(phone=mask_phone(phone))


class CorrectionTableHandler(Handler):
    """The requests that wait in my organisations."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, TooManyOrganisations))
    async def get(self, *, query: PageQuery) -> CorrectionTable:
        """Return a page of requests, masked, those of each organisation in the order they came."""
        corrections = self.services.privacy.corrections
        found: Page[Listed] = await corrections.list_page(self.session.subject, query.page, query.page_size)
        return CorrectionTable(
            rows=[self._row(one) for one in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )

    def _row(self, listed: Listed) -> CorrectionRow:
        one = listed.correction
        return CorrectionRow(
            id=one.id,
            person=one.person,
            name=listed.name,
            corrects=one.corrects,
            organisation=self.services.organisations.get_name(one.organisation),
            asked_at=local(one.asked),
        )


class StaffCorrectionHandler(Handler):
    """One request, to decide on."""

    kinds = CONSOLE
    limits = (PerPerson(60),)

    @endpoint(refuses=(NotStaff, NoSuchCorrection))
    async def get(self, correction: str) -> ShownReply:
        """Return a request in full; who looked is entered in the audit first."""
        return ShownReply.of(await self.services.privacy.corrections.show(self.session.subject, correction))

    @endpoint(refuses=(NotStaff, NoSuchCorrection, OwnCorrection, CorrectionDecided))
    async def put(self, correction: str, *, body: CorrectionDecisionRequest) -> CorrectionReply:
        """Decide on a request; an approval is carried out at once."""
        corrections = self.services.privacy.corrections
        return CorrectionReply.of(await corrections.decide(self.session.subject, correction, body.decision))


ROUTES = [
    ("/api/v1/members/me/corrections", CorrectionsHandler),
    ("/api/v1/members/me/phone", PhoneHandler),
    ("/api/v1/staff/corrections", CorrectionTableHandler),
    ("/api/v1/staff/corrections/{correction}", StaffCorrectionHandler),
]
