"""Prints (实体卡): copies of a card on paper, for people without a phone; numbered, ended one by one.

Invariants: a number is given once and never again; a print is one entry of its card's own document, made by
one conditional write that also holds the request's digest, so that a request sent again finds its print.
What a print opens is the scans' policy; a frozen or revoked card ends all its prints with it.
"""

import hashlib

from msgspec import Struct

from models.cards import Card, CardFrozen, CardRevoked, Cards, Print
from models.clock import Now
from models.errors import Conflict, Missing, Unavailable
from models.masters import Masters
from models.print_codes import make_print_code
from models.store import Store

MOST_PRINTS = 99
RETRY_SECONDS = 1


class NoSuchPrint(Missing):
    """The card has no print of this number."""

    code = "print_not_found"
    message = "没有这张实体卡"


class PrintRevoked(Conflict):
    """A print that was ended shows no code."""

    code = "print_revoked"
    message = "这张实体卡已作废，请重新印制"


class PrintsExhausted(Conflict):
    """A card has 99 prints in its life."""

    code = "prints_exhausted"
    message = "此卡印制次数已用完，请到所在工会换发新卡"


class PrintsNotOffered(Conflict):
    """This site has no key for printed cards."""

    code = "prints_not_offered"
    message = "本地工会暂不制作实体卡"


class Busy(Unavailable):
    """Others wrote to the same card at every try; the same request again will do."""

    code = "card_busy"
    message = "系统繁忙，请稍后再试"


class NumberedPrint(Struct, frozen=True):
    """A print and its number on the card."""

    number: int
    made: Print


def digest_of(person: str, key: str) -> str:
    """Return what names a request for a print: SHA-256 of who asks, for what, under which key."""
    return hashlib.sha256(f"{person}\n/api/v1/card/prints\n{key}".encode()).hexdigest()


def numbered(card: Card) -> list[NumberedPrint]:
    """Return a card's prints by number."""
    return [NumberedPrint(number, card.prints[str(number)]) for number in sorted(map(int, card.prints))]


class Prints:
    """Makes the prints of a card, and ends them."""

    def __init__(self, store: Store[Card], cards: Cards, masters: Masters, now: Now) -> None:
        self._store = store
        self._cards = cards
        self._masters = masters
        self._now = now

    async def list_of(self, person: str) -> list[NumberedPrint]:
        """Return the prints of a person's card, the ended ones too. NoCard."""
        return numbered(await self._cards.get_of(person))

    async def issue(self, person: str, key: str) -> NumberedPrint:
        """Make a print under the next number; the same key again gives the same print.

        NoCard, CardFrozen, CardRevoked, PrintsExhausted, PrintsNotOffered.
        """
        if not self._masters:
            raise PrintsNotOffered
        request = digest_of(person, key)
        for _ in range(MOST_PRINTS):
            card = await self._cards.get_of(person)
            prints = numbered(card)
            if first := next((one for one in prints if one.made.request == request), None):
                return first
            _require_active(card)
            number = prints[-1].number + 1 if prints else 1
            if number > MOST_PRINTS:
                raise PrintsExhausted
            made = Print(key_id=self._masters.current.id, issued=self._now(), request=request)
            free = {"_id": card.id, "state": "active", f"prints.{number}": {"$exists": False}}
            if await self._store.change(free, {f"prints.{number}": made}):
                return NumberedPrint(number, made)
        raise Busy(retryAfter=RETRY_SECONDS)

    async def revoke(self, person: str, number: int) -> NumberedPrint:
        """End a print for ever, at once everywhere online; again changes nothing. NoCard, NoSuchPrint."""
        path = f"prints.{number}"
        counting = {"person": person, path: {"$exists": True}, f"{path}.revoked": {"$exists": False}}
        card = await self._store.change(counting, {f"{path}.revoked": self._now()})
        return _get(card or await self._cards.get_of(person), number)

    async def get_code(self, person: str, number: int) -> str:
        """Return the text of a print's code. NoCard, NoSuchPrint, PrintRevoked, CardFrozen, CardRevoked."""
        card = await self._cards.get_of(person)
        made = _get(card, number).made
        _require_active(card)
        if made.revoked:
            raise PrintRevoked
        master = self._masters.find_listed(made.key_id)
        if master is None:
            raise PrintRevoked
        return make_print_code(master, made.key_id, card.id, number).text


def _get(card: Card, number: int) -> NumberedPrint:
    if str(number) not in card.prints:
        raise NoSuchPrint
    return NumberedPrint(number, card.prints[str(number)])


def _require_active(card: Card) -> None:
    if card.state != "active":
        raise CardFrozen if card.state == "frozen" else CardRevoked
