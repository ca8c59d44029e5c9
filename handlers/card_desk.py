"""Officers look after members' cards: freeze, reissue, and print sheets of them."""

import asyncio
from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.card_life import ReissueRequest
from handlers.fields import Moment, PersonId, Serial
from handlers.idempotency import KeyRequired, read_key
from handlers.media import Pdf
from handlers.pictures import draw_card_sheet
from handlers.prints import PrintReply
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.card_desk import MOST_CARDS, OwnCard
from models.cards import Card, CardFrozen, CardReason, CardRevoked, CardState, NoCard
from models.limits import PerPerson
from models.member_lists import NoSuchMember
from models.membership_refusals import KeyReused
from models.prints import Busy, PrintRevoked, PrintsExhausted, PrintsNotOffered, numbered
from models.requests import Keyed


class MemberCardStateRequest(Asked, frozen=True):
    """Frozen because it was lost or stolen, which the holder may undo, or for misuse; active again."""

    state: Literal["active", "frozen"]
    reason: Annotated[Literal["lost", "stolen", "misuse", "found", "holder_request"], Meta(examples=["lost"])]


class CardEventReply(Wire, frozen=True):
    """One change of a card, by the holder or by staff, never by whom; a reissue has its seed version."""

    at: Moment
    state: CardState
    by: Annotated[Literal["holder", "staff"], Meta(examples=["holder"])]
    reason: Annotated[CardReason | None, Meta(examples=["lost"])]
    seed_version: Annotated[int | None, Meta(examples=[None])]


class MemberCardReply(Wire, frozen=True):
    """A member's card as staff see it: no keys."""

    serial: Serial
    state: CardState
    is_held: Annotated[bool, Meta(examples=[False])]
    seed_version: Annotated[int, Meta(examples=[1])]
    issued_at: Moment
    events: list[CardEventReply]
    prints: list[PrintReply]

    @classmethod
    def of(cls, card: Card) -> "MemberCardReply":
        """Return a card as it goes on the wire."""
        return cls(
            serial=card.id,
            state=card.state,
            is_held=card.held is not None,
            seed_version=card.seed_version,
            issued_at=local(card.issued),
            events=[
                CardEventReply(
                    at=local(event.at),
                    state=event.state,
                    by="holder" if event.by == card.person else "staff",
                    reason=event.reason,
                    seed_version=event.seed_version,
                )
                for event in sorted(card.log.values(), key=lambda event: event.at)
            ],
            prints=[PrintReply.of(one) for one in numbered(card)],
        )


class CardSheetRequest(Asked, frozen=True):
    """Whose cards are to be printed."""

    people: Annotated[
        list[PersonId], Meta(min_length=1, max_length=MOST_CARDS, examples=[["6Q0B8Z2J4N1TFE7M"]])
    ]


class MemberCardHandler(Handler):
    """A member's card."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchMember, NoCard))
    async def get(self, person: str) -> MemberCardReply:
        """Return its state and what became of it."""
        return MemberCardReply.of(await self.services.card_desk.get(self.session.subject, person))


class MemberCardStateHandler(Handler):
    """A member's card's state."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchMember, NoCard, CardRevoked, OwnCard))
    async def put(self, person: str, *, body: MemberCardStateRequest) -> MemberCardReply:
        """Freeze it or let it go, at once everywhere online."""
        desk = self.services.card_desk
        change = desk.freeze if body.state == "frozen" else desk.unfreeze
        return MemberCardReply.of(await change(self.session.subject, person, body.reason))


class MemberReissuesHandler(Handler):
    """A member's card, anew."""

    kinds = CONSOLE

    @endpoint(
        201, refuses=(NotStaff, NoSuchMember, NoCard, CardRevoked, OwnCard, KeyRequired, KeyReused, Busy)
    )
    async def post(self, person: str, *, body: ReissueRequest) -> MemberCardReply:
        """Reissue it; needs the header `Idempotency-Key`."""
        request = Keyed(f"members/{person}/card/reissues", read_key(self), self.request.body)
        desk = self.services.card_desk
        return MemberCardReply.of(await desk.reissue(self.session.subject, person, body.reason, request))


class CardSheetsHandler(Handler):
    """Sheets of printed cards."""

    kinds = CONSOLE
    limits = (PerPerson(30),)

    @endpoint(
        201,
        refuses=(
            NotStaff,
            NoSuchMember,
            NoCard,
            CardFrozen,
            CardRevoked,
            PrintRevoked,
            PrintsExhausted,
            PrintsNotOffered,
            KeyRequired,
            Busy,
        ),
    )
    async def post(self, *, body: CardSheetRequest) -> Pdf:
        """Make a print of each card, ten on an A4 page; needs the header `Idempotency-Key`."""
        request = Keyed("card-sheets", read_key(self), self.request.body)
        cards = await self.services.card_desk.print_sheet(self.session.subject, body.people, request)
        return Pdf(await asyncio.to_thread(draw_card_sheet, cards))


ROUTES = [
    ("/api/v1/staff/members/{person}/card", MemberCardHandler),
    ("/api/v1/staff/members/{person}/card/state", MemberCardStateHandler),
    ("/api/v1/staff/members/{person}/card/reissues", MemberReissuesHandler),
    ("/api/v1/staff/card-sheets", CardSheetsHandler),
]
