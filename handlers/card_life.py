"""The holder gives the own card a new seed: codes and prints from before die at once."""

from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.cards import CardReply, card_reply
from handlers.idempotency import KeyRequired, read_key
from handlers.wire import Asked, local
from models.card_life import Reissue
from models.cards import CardHeld, CardRevoked, NoCard
from models.limits import PerPerson
from models.membership_refusals import KeyReused
from models.prints import Busy
from models.requests import Keyed

ROUTE = "card/reissues"


class ReissueRequest(Asked, frozen=True):
    """Why a card is reissued."""

    reason: Annotated[
        Literal["lost", "stolen", "leaked", "damaged", "holder_request"], Meta(examples=["lost"])
    ]


class ReissuesHandler(Handler):
    """My card, anew."""

    limits = (PerPerson(10, seconds=3600),)

    @endpoint(201, refuses=(NoCard, CardRevoked, CardHeld, KeyRequired, KeyReused, Busy))
    async def post(self, *, body: ReissueRequest) -> CardReply:
        """Reissue my card and return its new keys; needs the header `Idempotency-Key`."""
        me = self.session.subject
        request = Keyed(ROUTE, read_key(self), self.request.body)
        await self.services.card_life.reissue(Reissue(me, me, body.reason), request)
        return card_reply(await self.services.cards.get_keys(me), local(self.services.now()))


ROUTES = [("/api/v1/card/reissues", ReissuesHandler)]
