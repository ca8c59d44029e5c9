"""The holder's own card: its keys, its state, a picture of its code, and who scanned it."""

import asyncio
import base64
from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.fields import END, Day, Moment, Name, Serial
from handlers.media import Png
from handlers.pictures import draw_code
from handlers.scans import UndoneReply
from handlers.wire import Asked, Wire, local
from models.card_life import frozen_for
from models.cards import Card, CardFrozen, CardHeld, CardKeys, CardReason, CardRevoked, CardState, NoCard
from models.judgements import Medium, Purpose, Reason, ScanOutcome
from models.scans import Scan

Key = Annotated[str, Meta(examples=["q1ZyN0v3h8Jx2mT5bW9cR7fK4pL6sD0aE1gH3jU8iYo"])]
Cursor = Annotated[str, Meta(pattern=rf"^[0-9A-HJKMNP-TV-Z]{{1,40}}{END}", examples=["01K05Q9C8HZ4T7M2XW"])]
FrozenFor = Annotated[CardReason | None, Meta(examples=[None])]
Held = Annotated[bool, Meta(examples=[False])]
PageLimit = Annotated[int, Meta(ge=1, le=100, examples=[20])]


class DayKeyReply(Wire, frozen=True):
    """The key that makes the codes of one local day; 32 bytes in base64url without padding."""

    day: Day
    key: Key


class CardReply(Wire, frozen=True):
    """The card and its day keys for seven days; no keys unless the card is active.

    `frozenFor` is why it is frozen, if somebody said so; one that `isHeld` only staff let go.
    """

    serial: Serial
    state: CardState
    frozen_for: FrozenFor
    is_held: Held
    key_id: Annotated[str, Meta(examples=["1"])]
    seed_version: Annotated[int, Meta(examples=[1])]
    day_keys: list[DayKeyReply]
    server_time: Moment


class CardStateRequest(Asked, frozen=True):
    """The state that the holder wants, and why: `lost` or `stolen` reports a loss, `found` takes it back."""

    state: Literal["active", "frozen"]
    reason: Annotated[Literal["lost", "stolen", "found"] | None, Meta(examples=["lost"])] = None


class CardStateReply(Wire, frozen=True):
    """The card's state now."""

    serial: Serial
    state: CardState
    frozen_for: FrozenFor
    is_held: Held


class PictureQuery(Asked, frozen=True):
    """How large a picture is: pixels for one module of the code's 33 × 33 with its quiet zone."""

    scale: Annotated[int, Meta(ge=1, le=32, examples=[8], description="Pixels of one module")] = 8


class CardScanReply(Wire, frozen=True):
    """One time that the card was scanned: where, by which post, for what; never by whom.

    `at` is when we heard of it, `scannedAt` when it was: hours before, if the scanner had no network. After
    thirty days only the day and the district are left (`dayOnly`).
    """

    at: Moment
    scanned_at: Moment
    place: Name
    post: Annotated[str, Meta(examples=["驿站工作人员"])]
    purpose: Purpose
    medium: Annotated[Medium | None, Meta(examples=["code"])]
    outcome: ScanOutcome
    reason: Annotated[Reason | None, Meta(examples=[None])]
    undone: UndoneReply | None
    day_only: Annotated[bool, Meta(examples=[False])]


class CardScansReply(Wire, frozen=True):
    """A page of scans, newest first; `next` continues it."""

    items: list[CardScanReply]
    next: Cursor | None


class PageQuery(Asked, frozen=True):
    """Which page: after which `next`, and how many."""

    after: Cursor | None = None
    limit: PageLimit = 20


class CardHandler(Handler):
    """My card."""

    @endpoint(refuses=(NoCard,))
    async def get(self) -> CardReply:
        """Return the serial, the state and the day keys that make codes without a network."""
        keys = await self.services.cards.get_keys(self.session.subject)
        return card_reply(keys, local(self.services.now()))


class CardStateHandler(Handler):
    """My card's state."""

    @endpoint(refuses=(NoCard, CardRevoked, CardHeld))
    async def put(self, *, body: CardStateRequest) -> CardStateReply:
        """Freeze or unfreeze my card, at once everywhere online."""
        card: Card = await self.services.cards.set_state(self.session.subject, body.state, body.reason)
        return CardStateReply(
            serial=card.id, state=card.state, frozen_for=frozen_for(card), is_held=card.held is not None
        )


class CardPictureHandler(Handler):
    """A picture of the code that my card shows now."""

    @endpoint(refuses=(NoCard, CardFrozen, CardRevoked))
    async def get(self, *, query: PictureQuery) -> Png:
        """Return the present code as a PNG; it is over within a minute."""
        code = await self.services.cards.get_code(self.session.subject)
        return Png(await asyncio.to_thread(draw_code, code.text, query.scale))


class CardScansHandler(Handler):
    """Who scanned my card."""

    @endpoint()
    async def get(self, *, query: PageQuery) -> CardScansReply:
        """Return the scans of my card, newest first."""
        scans = await self.services.scans.list_of(self.session.subject, query.after, query.limit + 1)
        shown = scans[: query.limit]
        return CardScansReply(
            items=[self._item(scan) for scan in shown],
            next=shown[-1].order if len(scans) > query.limit else None,
        )

    def _item(self, scan: Scan) -> CardScanReply:
        return CardScanReply(
            at=local(scan.received_at),
            scanned_at=local(scan.judged_at or scan.received_at),
            place=self.services.scans.get_place(scan),
            post=scan.post,
            purpose=scan.purpose,
            medium=scan.medium,
            outcome=scan.outcome,
            reason=scan.reason,
            undone=UndoneReply.of(scan.undone) if scan.undone else None,
            day_only=scan.day_only,
        )


def card_reply(keys: CardKeys, server_time: Moment) -> CardReply:
    """Return what of a card and its keys goes on the wire."""
    return CardReply(
        serial=keys.card.id,
        state=keys.card.state,
        frozen_for=frozen_for(keys.card),
        is_held=keys.card.held is not None,
        key_id=keys.key_id,
        seed_version=keys.card.seed_version,
        day_keys=[
            DayKeyReply(day=one.day, key=base64.urlsafe_b64encode(one.key).decode().rstrip("="))
            for one in keys.days
        ],
        server_time=server_time,
    )


ROUTES = [
    ("/api/v1/card", CardHandler),
    ("/api/v1/card/state", CardStateHandler),
    ("/api/v1/card/qr.png", CardPictureHandler),
    ("/api/v1/card/scans", CardScansHandler),
]
