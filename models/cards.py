"""Cards (互助服务卡): what a member shows; the card follows the person, rights follow the membership.

Invariants: one card per person (a unique index); `active ⇄ frozen` by the holder, `revoked` for ever. Beside
its own state a card carries what a scanner needs in one read: the holder's masked name, sealed, and the
standing of the membership, with the local days from which each counted. These are copies, written again
whenever their source changes (`follow`), and never by an older version of it. A change of state leaves
`pending`, from which the audit is projected (`models/projections.py`).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, field

from models.audit import Action, Fact, spell_time
from models.card_codes import CardCode, card_key, code_at, day_key
from models.clock import LOCAL, Now, local_day
from models.coalescing import Coalesced
from models.errors import Conflict, Missing
from models.filters import Index
from models.ids import new_id
from models.masters import Masters
from models.memberships import MembershipState
from models.store import Collection, Duplicate, Store
from models.vault import Vault

DAYS_AHEAD = 7
SERIAL_LENGTH = 10

CardState = Literal["active", "frozen", "revoked"]
CardReason = Literal["lost", "stolen", "leaked", "damaged", "misuse", "found", "holder_request"]
ACTIONS: dict[CardState, Action] = {"frozen": "card_frozen", "active": "card_unfrozen"}


class NoCard(Missing):
    """The person has no card."""

    code = "no_card"
    message = "您还没有互助服务卡"


class CardRevoked(Conflict):
    """A revoked card does not change any more."""

    code = "card_revoked"
    message = "此卡已作废，请到所在工会办理新卡"


class CardFrozen(Conflict):
    """A frozen card shows no code."""

    code = "card_frozen"
    message = "此卡已冻结，解冻后才能出示"


class CardHeld(Conflict):
    """Staff froze the card, and only staff unfreeze it or give another seed."""

    code = "card_held"
    message = "此卡由工会冻结，请到所在工会办理"


class CardEvent(Struct, frozen=True, omit_defaults=True):
    """One change of a card: to which state, by whom, when, why; with the new seed version of a reissue.

    `content` is the digest of the request that made it, if that bore a key.
    """

    state: CardState
    by: str
    at: datetime
    reason: CardReason | None = None
    seed_version: int | None = None
    content: str | None = None


class Print(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One printed copy: the key that its code was made with, and until when it counted if no longer.

    `request` is the digest of the request that made it: the same request again finds it here. `revoked` is
    left out while it is None, since engines differ on whether a null inside a document exists.
    """

    key_id: str
    issued: datetime
    revoked: datetime | None = None
    request: str


class Card(Struct, frozen=True, kw_only=True):
    """One card; its `_id` is the serial, ten base32 characters that say nothing."""

    id: str = field(name="_id")
    person: str
    seed_version: int = 1
    state: CardState = "active"
    held: CardReason | None = None
    holder: bytes
    standing: MembershipState
    standings: dict[str, MembershipState] = field(default_factory=dict)
    membership_version: int = 0
    issued: datetime
    log: dict[str, CardEvent] = field(default_factory=dict)
    pending: str | None = None
    prints: dict[str, Print] = field(default_factory=dict)

    def state_at(self, at: datetime) -> CardState:
        """Return the state that the card was in at a moment of the past, or is in now."""
        if all(event.at <= at for event in self.log.values()):
            return self.state
        before = [event for event in self.log.values() if event.at <= at]
        return max(before, key=lambda event: event.at).state if before else "active"

    def standing_at(self, at: datetime) -> MembershipState:
        """Return the membership's standing on the local day of a moment: rights follow the day of use."""
        days = [day for day in self.standings if day <= local_day(at)] or sorted(self.standings)[:1]
        return self.standings[max(days)] if days else self.standing


class Followed(Struct, frozen=True, kw_only=True):
    """What a card copies: the holder's masked name, and a membership's standing in one version of it.

    `standings` maps local days to the standing that began then.
    """

    person: str
    masked_name: str
    standing: MembershipState
    standings: dict[str, MembershipState]
    version: int


class DayKey(Struct, frozen=True):
    """The key that makes a day's codes on the phone: 32 bytes for a local date."""

    day: str
    key: bytes


class CardKeys(Struct, frozen=True):
    """A card and the keys for today and the next six days; none unless it is active."""

    card: Card
    key_id: str
    days: tuple[DayKey, ...]


CARDS = Collection("cards", Card, (Index(("person",), unique=True), Index(("pending",))))


def facts_of(card: Card) -> dict[str, Fact]:
    """Return what a card's log says for the audit, by name."""
    return {
        f"card:{card.id}:{name}": Fact(
            actor=event.by,
            action="card_reissued" if event.seed_version else ACTIONS[event.state],
            kind="card",
            object=card.id,
            details={
                "changed_at": spell_time(event.at),
                **({"reason": event.reason} if event.reason else {}),
            },
        )
        for name, event in card.log.items()
        if event.state in ACTIONS
    }


class Cards:
    """Issues cards, gives out their keys, and freezes them."""

    def __init__(self, store: Store[Card], masters: Masters, vault: Vault, now: Now) -> None:
        self._store = store
        self._masters = masters
        self._vault = vault
        self._now = now
        self._find = Coalesced(store.find, self._find_together)

    async def issue(self, person: str, masked_name: str, standing: MembershipState) -> Card:
        """Give a person a card, or return the one there is."""
        serial = new_id()[:SERIAL_LENGTH]
        card = Card(
            id=serial,
            person=person,
            holder=self._vault.seal("cards", serial, "holder", masked_name),
            standing=standing,
            issued=self._now(),
        )
        try:
            await self._store.insert(card)
        except Duplicate:
            return await self.get_of(person)
        return card

    async def follow(self, source: Followed, *, issues: bool) -> None:
        """Bring a card up to its sources, unless it has seen a later version; `issues` one if there is none.

        Twice is once, in any order.
        """
        card = await self._store.find_one({"person": source.person})
        if card is None and issues:
            card = await self.issue(source.person, source.masked_name, source.standing)
        if card is None:
            return
        holder = self._vault.seal("cards", card.id, "holder", source.masked_name)
        values = {
            "standing": source.standing,
            "standings": source.standings,
            "membership_version": source.version,
            **({"holder": holder} if source.masked_name else {}),
        }
        for seen in ({"$lt": source.version}, {"$exists": False}):
            if await self._store.change({"_id": card.id, "membership_version": seen}, values):
                return

    async def find(self, serial: str) -> Card | None:
        """Return a card by its serial."""
        return await self._find(serial)

    async def _find_together(self, serials: Sequence[str]) -> list[Card | None]:
        found = await self.find_many(serials)
        return [found.get(serial) for serial in serials]

    async def find_many(self, serials: Iterable[str]) -> dict[str, Card]:
        """Return the cards of some serials, by serial, in one call; a serial never issued is left out."""
        wanted = sorted(set(serials))
        found = await self._store.list_({"_id": {"$in": wanted}}) if wanted else []
        return {card.id: card for card in found}

    async def get_of(self, person: str) -> Card:
        """Return a person's card; NoCard otherwise."""
        card = await self._store.find_one({"person": person})
        if card is None:
            raise NoCard
        return card

    def get_holder(self, card: Card) -> str:
        """Return the masked name of a card's holder."""
        return self._vault.open("cards", card.id, "holder", card.holder)

    async def get_keys(self, person: str) -> CardKeys:
        """Return a person's card with its day keys. One read."""
        card = await self.get_of(person)
        master = self._masters.current
        if card.state != "active":
            return CardKeys(card, master.id, ())
        secret = card_key(master.key, card.id, card.seed_version)
        today = self._now().astimezone(LOCAL).date()
        days = [(today + timedelta(days=ahead)).isoformat() for ahead in range(DAYS_AHEAD)]
        return CardKeys(card, master.id, tuple(DayKey(day, day_key(secret, day)) for day in days))

    async def get_code(self, person: str) -> CardCode:
        """Return the code that the person's phone shows now; CardFrozen or CardRevoked without one."""
        keys = await self.get_keys(person)
        if not keys.days:
            raise CardRevoked if keys.card.state == "revoked" else CardFrozen
        return code_at(keys.days[0].key, keys.key_id, keys.card.id, self._now())

    async def set_state(
        self, person: str, state: Literal["active", "frozen"], reason: CardReason | None = None
    ) -> Card:
        """Freeze or unfreeze one's own card; again changes nothing. CardRevoked, CardHeld, NoCard."""
        before: CardState = "active" if state == "frozen" else "frozen"
        event, name = CardEvent(state, person, self._now(), reason), new_id()
        changed = await self._store.change(
            {"person": person, "state": before, "held": {"$exists": False}},
            {"state": state, f"log.{name}": event, "pending": name},
        )
        card = changed or await self.get_of(person)
        if card.state == "revoked":
            raise CardRevoked
        if card.held and card.state != state:
            raise CardHeld
        return card
