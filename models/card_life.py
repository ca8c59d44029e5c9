"""Cards in life: frozen by staff, and reissued with a new seed when one was lost, stolen, copied or worn out.

Invariants: a reissue is one write that raises the seed version, unfreezes the card and ends all its prints,
so that every code and every printed copy from before dies online at that instant, while the serial and the
rights stay; sent again, it is found by its name in the card's own log. A card that staff hold back for misuse
is theirs alone to let go. A revoked card stays revoked.
"""

from typing import Any, Literal

from msgspec import Struct

from models.cards import Card, CardEvent, CardHeld, CardReason, CardRevoked, Cards, CardState
from models.clock import Now
from models.ids import new_id
from models.membership_refusals import KeyReused
from models.prints import Busy, numbered
from models.requests import Keyed
from models.store import Store

ATTEMPTS = 8
RETRY_SECONDS = 1
HELD_FOR: frozenset[CardReason] = frozenset({"misuse"})


def frozen_for(card: Card) -> CardReason | None:
    """Return why a card is frozen; None if it is not, or if nobody said why."""
    if card.state != "frozen":
        return None
    freezes = [event for event in card.log.values() if event.state == "frozen"]
    last = max(freezes, key=lambda event: event.at, default=None)
    return card.held or (last.reason if last else None)


class Reissue(Struct, frozen=True):
    """Whose card is reissued, by whom, and why."""

    person: str
    by: str
    reason: CardReason


class CardLife:
    """Reissues cards, and freezes them for staff."""

    def __init__(self, store: Store[Card], cards: Cards, now: Now) -> None:
        self._store = store
        self._cards = cards
        self._now = now

    async def reissue(self, asked: Reissue, request: Keyed) -> Card:
        """Give a card a new seed; sent again, the request changes nothing.

        NoCard, CardRevoked, CardHeld, KeyReused, Busy.
        """
        name = request.name_of(asked.by)
        for _ in range(ATTEMPTS):
            card = await self._cards.get_of(asked.person)
            if first := card.log.get(name):
                if first.content != request.content:
                    raise KeyReused
                return card
            if card.state == "revoked":
                raise CardRevoked
            if card.held and asked.by == asked.person:
                raise CardHeld
            if done := await self._write(card, name, asked, request.content):
                return done
        raise Busy(retryAfter=RETRY_SECONDS)

    async def set_state(
        self, officer: str, person: str, state: Literal["active", "frozen"], reason: CardReason
    ) -> Card:
        """Freeze a member's card, or let it go; doing it again changes nothing. NoCard, CardRevoked, Busy."""
        before: CardState = "active" if state == "frozen" else "frozen"
        held = reason if state == "frozen" and reason in HELD_FOR else None
        event, name = CardEvent(state, officer, self._now(), reason), new_id()
        changed = await self._store.change(
            {"person": person, "state": before},
            {"state": state, "held": held, f"log.{name}": event, "pending": name},
        )
        card = changed or await self._cards.get_of(person)
        if card.state == "revoked":
            raise CardRevoked
        if held and card.held != held:  # The holder froze it before: now it is held back as well.
            values = {"held": held, f"log.{name}": event, "pending": name}
            card = await self._store.change({"person": person, "state": "frozen"}, values) or card
        return card

    async def _write(self, card: Card, name: str, asked: Reissue, content: str) -> Card | None:
        """Write a reissue on what was read; None when somebody reissued, printed or froze meanwhile."""
        at, version, prints = self._now(), card.seed_version + 1, numbered(card)
        event = CardEvent("active", asked.by, at, asked.reason, version, content)
        values: dict[str, Any] = {
            "seed_version": version,
            "state": "active",
            "held": None,
            f"log.{name}": event,
            "pending": name,
        }
        values |= {f"prints.{one.number}.revoked": at for one in prints if one.made.revoked is None}
        following = prints[-1].number + 1 if prints else 1
        for seen in (card.seed_version, {"$exists": False}):
            where = {
                "_id": card.id,
                "seed_version": seen,
                "state": card.state,
                f"prints.{following}": {"$exists": False},
            }
            if done := await self._store.change(where, values):
                return done
        return None
