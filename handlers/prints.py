"""The holder's printed cards: each has a number and is ended by it."""

import asyncio
from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.cards import PictureQuery
from handlers.fields import Moment
from handlers.idempotency import KeyRequired, read_key
from handlers.media import Png
from handlers.pictures import draw_code
from handlers.wire import Asked, Wire, local
from models.cards import CardFrozen, CardRevoked, NoCard
from models.prints import (
    NoSuchPrint,
    NumberedPrint,
    PrintRevoked,
    PrintsExhausted,
    PrintsNotOffered,
)


class PrintRequest(Asked, frozen=True):
    """A new printed card; there is nothing to choose."""


class PrintReply(Wire, frozen=True):
    """One printed card: its number, and whether it still counts."""

    number: Annotated[int, Meta(examples=[1])]
    state: Literal["issued", "revoked"]
    issued_at: Moment
    revoked_at: Annotated[Moment | None, Meta(examples=[None])]

    @classmethod
    def of(cls, one: NumberedPrint) -> "PrintReply":
        """Return what of a print goes on the wire."""
        return cls(
            number=one.number,
            state="revoked" if one.made.revoked else "issued",
            issued_at=local(one.made.issued),
            revoked_at=local(one.made.revoked) if one.made.revoked else None,
        )


class PrintsReply(Wire, frozen=True):
    """All prints of a card, by number; never more than 99."""

    items: list[PrintReply]


class PrintsHandler(Handler):
    """My printed cards."""

    @endpoint(refuses=(NoCard,))
    async def get(self) -> PrintsReply:
        """Return my printed cards, the ended ones too."""
        prints = await self.services.prints.list_of(self.session.subject)
        return PrintsReply(items=[PrintReply.of(one) for one in prints])

    @endpoint(201, refuses=(NoCard, CardFrozen, CardRevoked, PrintsExhausted, PrintsNotOffered, KeyRequired))
    async def post(self, *, body: PrintRequest) -> PrintReply:  # noqa: ARG002 - there is nothing in it
        """Make a printed card under the next number; needs the header `Idempotency-Key`."""
        return PrintReply.of(await self.services.prints.issue(self.session.subject, read_key(self)))


class PrintHandler(Handler):
    """One printed card of mine."""

    @endpoint(refuses=(NoCard, NoSuchPrint))
    async def delete(self, number: str) -> PrintReply:
        """End a printed card for ever, at once everywhere online."""
        return PrintReply.of(await self.services.prints.revoke(self.session.subject, int(number)))


class PrintPictureHandler(Handler):
    """A picture of a printed card's code."""

    @endpoint(refuses=(NoCard, NoSuchPrint, PrintRevoked, CardFrozen, CardRevoked))
    async def get(self, number: str, *, query: PictureQuery) -> Png:
        """Return the code as a PNG, to print."""
        text = await self.services.prints.get_code(self.session.subject, int(number))
        return Png(await asyncio.to_thread(draw_code, text, query.scale))


ROUTES = [
    ("/api/v1/card/prints", PrintsHandler),
    ("/api/v1/card/prints/{number}", PrintHandler),
    ("/api/v1/card/prints/{number}/qr.png", PrintPictureHandler),
]
