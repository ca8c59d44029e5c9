"""The privacy notice (个人信息处理规则): for programs, and as a page that anybody can read."""

from typing import Annotated

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.fields import END
from handlers.media import Html
from handlers.wire import Asked, Wire
from models.privacy_notices import (
    CURRENT,
    ConsentText,
    NoSuchNotice,
    Notice,
    Processing,
    Purpose,
    Recipient,
    Responsible,
    Retention,
    Right,
)

NoticeVersion = Annotated[
    str, Meta(pattern=rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{END}", examples=["2026-11-22"])
]
Words = Annotated[str, Meta(examples=["出示互助服务卡，让您看到谁扫过您的卡"])]
Kinds = Annotated[tuple[str, ...], Meta(examples=[["卡号", "被扫的时间和地点"]])]
ConsentPurpose = Annotated[Purpose, Meta(examples=["movements"])]

PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"


class NoticeQuery(Asked, frozen=True):
    """Which version; the current one unless it is said."""

    version: NoticeVersion | None = None


class ProcessingReply(Wire, frozen=True):
    """One purpose of processing, with its legal basis; `keptAs` names the rules of `retention`."""

    purpose: Words
    how: Words
    kinds: Kinds
    basis: Words
    kept_as: Annotated[tuple[str, ...], Meta(examples=[["scans"]])]

    @classmethod
    def of(cls, one: Processing) -> "ProcessingReply":
        """Return a purpose as it goes on the wire."""
        return cls(purpose=one.purpose, how=one.how, kinds=one.kinds, basis=one.basis, kept_as=one.kept)


class ConsentTextReply(Wire, frozen=True):
    """The words of a consent: why, which data, what it may mean, and what happens without it."""

    purpose: ConsentPurpose
    version: NoticeVersion
    title: Words
    sensitive: Annotated[bool, Meta(examples=[True])]
    why: Words
    kinds: Kinds
    impact: Words
    without: Words

    @classmethod
    def of(cls, text: ConsentText) -> "ConsentTextReply":
        """Return a consent's words as they go on the wire."""
        return cls(
            purpose=text.purpose,
            version=text.version,
            title=text.title,
            sensitive=text.is_sensitive,
            why=text.why,
            kinds=text.kinds,
            impact=text.impact,
            without=text.without,
        )


class RetentionReply(Wire, frozen=True):
    """How long a kind of data is kept, in words and, where a number says it, in seconds; and what then."""

    kind: Annotated[str, Meta(examples=["scans"])]
    what: Words
    kept: Annotated[str, Meta(examples=["扫码后 30 天"])]
    seconds: Annotated[int | None, Meta(examples=[2592000])]
    then: Words

    @classmethod
    def of(cls, rule: Retention) -> "RetentionReply":
        """Return a rule as it goes on the wire."""
        seconds = int(rule.period.total_seconds()) or None
        return cls(kind=rule.kind, what=rule.what, kept=rule.words, seconds=seconds, then=rule.then)


class RecipientReply(Wire, frozen=True):
    """Somebody else who gets data."""

    name: Words
    purpose: Words
    how: Words
    kinds: Kinds

    @classmethod
    def of(cls, one: Recipient) -> "RecipientReply":
        """Return a recipient as it goes on the wire."""
        return cls(name=one.name, purpose=one.purpose, how=one.how, kinds=one.kinds)


class RightReply(Wire, frozen=True):
    """A right, and how to use it."""

    title: Words
    how: Words

    @classmethod
    def of(cls, right: Right) -> "RightReply":
        """Return a right as it goes on the wire."""
        return cls(title=right.title, how=right.how)


class PrivacyNoticeReply(Wire, frozen=True):
    """The notice: who, why, how, which data, for how long, whom else, and the rights."""

    version: NoticeVersion
    versions: Annotated[list[str], Meta(examples=[["2026-11-22"]])]
    title: Words
    introduction: Words
    responsible: Annotated[str, Meta(examples=["某市总工会"])]
    contact: Annotated[str, Meta(examples=["12351"])]
    processing: list[ProcessingReply]
    consents: list[ConsentTextReply]
    retention: list[RetentionReply]
    recipients: list[RecipientReply]
    rights: list[RightReply]
    safety: Words
    changes: Words

    @classmethod
    def of(cls, notice: Notice, versions: list[str], responsible: Responsible) -> "PrivacyNoticeReply":
        """Return a version as it goes on the wire."""
        return cls(
            version=notice.version,
            versions=versions,
            title=notice.title,
            introduction=notice.introduction,
            responsible=responsible.name,
            contact=responsible.contact,
            processing=[ProcessingReply.of(one) for one in notice.processing],
            consents=[ConsentTextReply.of(one) for one in notice.consents],
            retention=[RetentionReply.of(one) for one in notice.retention],
            recipients=[RecipientReply.of(one) for one in notice.recipients],
            rights=[RightReply.of(one) for one in notice.rights],
            safety=notice.safety,
            changes=notice.changes,
        )


class PrivacyNoticeHandler(Handler):
    """The notice, for anybody."""

    public = True

    @endpoint(refuses=(NoSuchNotice,))
    async def get(self, *, query: NoticeQuery) -> PrivacyNoticeReply:
        """Return the privacy notice, or an earlier version of it."""
        notices = self.services.privacy.notices
        return PrivacyNoticeReply.of(notices.get(query.version), notices.list_versions(), notices.responsible)


class PrivacyPage(Handler):
    """The notice as a page."""

    public = True

    @endpoint(refuses=(NoSuchNotice,))
    async def get(self, *, query: NoticeQuery) -> Html:
        """Show the privacy notice to anybody, whether logged in or not."""
        notices = self.services.privacy.notices
        notice = notices.get(query.version)
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        page = self.render_string(
            "privacy.html",
            notice=notice,
            responsible=notices.responsible,
            versions=notices.list_versions(),
            current=CURRENT.version,
        )
        return Html(page.decode())


ROUTES = [("/api/v1/privacy-notice", PrivacyNoticeHandler), ("/privacy", PrivacyPage)]
