"""What I agree to: each purpose apart, with its words; giving and withdrawing are the same call."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import Moment
from handlers.privacy_notices import ConsentPurpose, ConsentTextReply, NoticeVersion
from handlers.wire import Asked, Wire, local
from models.consents import Asked as AskedConsent
from models.consents import Consent, ConsentBusy, ConsentTextChanged
from models.limits import PerPerson
from models.members import NotAMember

Given = Annotated[bool, Meta(examples=[True])]


class ConsentRequest(Asked, frozen=True):
    """Yes or no to a purpose, and the version of the words that were read."""

    purpose: ConsentPurpose
    given: Given
    version: NoticeVersion


class AnswerReply(Wire, frozen=True):
    """One answer of the past."""

    given: Given
    version: NoticeVersion
    channel: Annotated[str, Meta(examples=["mini_program"])]
    at: Moment


class ConsentReply(Wire, frozen=True):
    """A purpose: its words, whether I agree now, since when, and whether a page may ask by itself.

    `mayAsk` is false once these words were answered either way: nobody is asked again and again.
    """

    text: ConsentTextReply
    given: Given
    answered_at: Moment | None
    may_ask: Annotated[bool, Meta(examples=[False])]
    history: list[AnswerReply]

    @classmethod
    def of(cls, asked: AskedConsent) -> "ConsentReply":
        """Return a purpose as it goes on the wire."""
        return cls(
            text=ConsentTextReply.of(asked.text),
            given=asked.is_given,
            answered_at=local(asked.consent.at) if asked.consent else None,
            may_ask=asked.may_ask,
            history=_history(asked.consent) if asked.consent else [],
        )


class ConsentsReply(Wire, frozen=True):
    """Every purpose, the notice first."""

    items: list[ConsentReply]


class ConsentsHandler(Handler):
    """My consents."""

    kinds = ANYONE
    limits = (PerPerson(60),)

    @endpoint()
    async def get(self) -> ConsentsReply:
        """Return every purpose with its words, and what I answered, ever."""
        return await self._reply()

    @endpoint(refuses=(ConsentTextChanged, ConsentBusy, NotAMember))
    async def put(self, *, body: ConsentRequest) -> ConsentsReply:
        """Agree to one purpose or withdraw; it counts from now on. A withdrawal may name any version."""
        consents = self.services.privacy.consents
        await consents.answer(
            self.session.subject, body.purpose, body.version, "mini_program", given=body.given
        )
        return await self._reply()

    async def _reply(self) -> ConsentsReply:
        found = await self.services.privacy.consents.list_of(self.session.subject)
        return ConsentsReply(items=[ConsentReply.of(one) for one in found])


def _history(consent: Consent) -> list[AnswerReply]:
    answers = [consent.log[number] for number in sorted(consent.log, key=int, reverse=True)]
    return [
        AnswerReply(given=one.given, version=one.version, channel=one.channel, at=local(one.at))
        for one in answers
    ]


ROUTES = [("/api/v1/consents", ConsentsHandler)]
