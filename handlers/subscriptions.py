"""What a WeChat account grants: messages that may be sent to it, one for each consent."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import END
from handlers.wire import Asked, Wire
from models.consents import NoticeNotAgreed
from models.sessions import SessionExpired
from models.subscriptions import Answer, Granted, UnknownTemplate

TemplateId = Annotated[
    str,
    Meta(pattern=rf"^[A-Za-z0-9_-]{{1,64}}{END}", examples=["VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3_3gz3Oc0NIc"]),
]
ReportId = Annotated[str, Meta(pattern=rf"^[0-9A-Za-z_-]{{8,64}}{END}", examples=["popup-7f3a9c21"])]


class AnswerRequest(Asked, frozen=True):
    """What the person answered for one template, in WeChat's own words."""

    template_id: TemplateId
    answer: Annotated[Answer, Meta(examples=["accept"])]


class SubscriptionsRequest(Asked, frozen=True):
    """The answers of one popup of `wx.requestSubscribeMessage`; `reportId` makes a repetition harmless."""

    report_id: ReportId
    answers: Annotated[tuple[AnswerRequest, ...], Meta(min_length=1, max_length=5)]


class GrantedReply(Wire, frozen=True):
    """One template: what for, how many messages are granted, or that one consent lasts."""

    template_id: TemplateId
    purpose: Annotated[str, Meta(examples=["event_reminder"])]
    credits: Annotated[int, Meta(examples=[1])]
    standing: bool


class SubscriptionsReply(Wire, frozen=True):
    """Every template of this mini program."""

    items: list[GrantedReply]

    @classmethod
    def of(cls, granted: list[Granted]) -> "SubscriptionsReply":
        """Return the ledger as it goes on the wire."""
        return cls(
            items=[
                GrantedReply(
                    template_id=one.template.id,
                    purpose=one.template.purpose,
                    credits=one.credits,
                    standing=one.is_standing,
                )
                for one in granted
            ]
        )


class SubscriptionsHandler(Handler):
    """My consents to messages."""

    kinds = ANYONE

    @endpoint(refuses=(SessionExpired,))
    async def get(self) -> SubscriptionsReply:
        """Return the templates to ask for, and what I grant."""
        openid = await self.services.sessions.get_openid(self.session)
        return SubscriptionsReply.of(await self.services.subscriptions.list_granted(openid))

    @endpoint(refuses=(SessionExpired, NoticeNotAgreed, UnknownTemplate))
    async def post(self, *, body: SubscriptionsRequest) -> SubscriptionsReply:
        """Report what I answered in the popup; the same report again changes nothing."""
        await self.services.privacy.consents.require_notice(self.session.subject)
        openid = await self.services.sessions.get_openid(self.session)
        answers = {one.template_id: one.answer for one in body.answers}
        await self.services.subscriptions.report(openid, body.report_id, answers)
        return SubscriptionsReply.of(await self.services.subscriptions.list_granted(openid))


ROUTES = [("/api/v1/subscriptions", SubscriptionsHandler)]
