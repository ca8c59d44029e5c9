"""The desk where officers look after members' cards: freeze, reissue, and print sheets of them.

Only for members of the officer's organisations; what is outside looks like what does not exist. What is
printed is entered in the audit before it is made.
"""

from collections.abc import Sequence

from msgspec import Struct

from models.audit import Audit, Fact
from models.card_life import CardLife, Reissue
from models.cards import Card, CardReason, Cards
from models.errors import Conflict
from models.member_lists import OFFICERS, NoSuchMember
from models.memberships import Memberships
from models.organisation_desk import OrganisationDesk
from models.prints import Prints
from models.requests import Keyed

MOST_CARDS = 50


class OwnCard(Conflict):
    """An officer's own card is looked after by another officer, or by the officer as a member."""

    code = "own_card"
    message = "本人的卡请在小程序办理，或由其他工作人员办理"


class PrintedCard(Struct, frozen=True, kw_only=True):
    """What stands on one printed card: a masked name, the serial, the print's number, the code's text."""

    name: str
    organisation: str
    serial: str
    number: int
    code: str


class Book(Struct, frozen=True):
    """What the desk stands on."""

    cards: Cards
    life: CardLife
    prints: Prints
    memberships: Memberships


class CardDesk:
    """Looks after cards."""

    def __init__(self, book: Book, desk: OrganisationDesk, audit: Audit) -> None:
        self._book = book
        self._desk = desk
        self._audit = audit

    async def get(self, officer: str, person: str) -> Card:
        """Return a member's card; NotStaff, NoSuchMember, NoCard."""
        await self._require(officer, person)
        return await self._book.cards.get_of(person)

    async def freeze(self, officer: str, person: str, reason: CardReason) -> Card:
        """Freeze a member's card; NotStaff, NoSuchMember, NoCard, CardRevoked, OwnCard."""
        await self._require_other(officer, person)
        return await self._book.life.set_state(officer, person, "frozen", reason)

    async def unfreeze(self, officer: str, person: str, reason: CardReason) -> Card:
        """Let a member's card go; NotStaff, NoSuchMember, NoCard, CardRevoked, OwnCard."""
        await self._require_other(officer, person)
        return await self._book.life.set_state(officer, person, "active", reason)

    async def reissue(self, officer: str, person: str, reason: CardReason, request: Keyed) -> Card:
        """Give a member's card a new seed; NotStaff, NoSuchMember, OwnCard, and those of `CardLife`."""
        await self._require_other(officer, person)
        return await self._book.life.reissue(Reissue(person, officer, reason), request)

    async def print_sheet(self, officer: str, people: Sequence[str], request: Keyed) -> list[PrintedCard]:
        """Make a print of each member's card; sent again, the request gets the same prints.

        NotStaff, NoSuchMember, and those of `Prints.issue`; on a refusal, what was made before it stays.
        """
        placed = [(person, await self._require(officer, person)) for person in dict.fromkeys(people)]
        cards = [await self._book.cards.get_of(person) for person, _ in placed]
        key = request.name_of(officer) + request.content
        for card in cards:
            fact = Fact(actor=officer, action="card_printed", kind="card", object=card.id)
            await self._audit.record(fact, f"sheet:{card.id}:{key}")
        return [
            await self._print(card, organisation, key)
            for card, (_, organisation) in zip(cards, placed, strict=True)
        ]

    async def _print(self, card: Card, organisation: str, key: str) -> PrintedCard:
        made = await self._book.prints.issue(card.person, f"sheet:{key}")
        return PrintedCard(
            name=self._book.cards.get_holder(card),
            organisation=organisation,
            serial=card.id,
            number=made.number,
            code=await self._book.prints.get_code(card.person, made.number),
        )

    async def _require(self, officer: str, person: str) -> str:
        """Return the organisation of one of the officer's members, by name; NotStaff, NoSuchMember."""
        membership = await self._book.memberships.find(person)
        organisation = membership.organisation if membership else ""
        if not self._desk.is_mine(officer, organisation, OFFICERS):
            raise NoSuchMember
        return self._desk.get_name(organisation)

    async def _require_other(self, officer: str, person: str) -> None:
        await self._require(officer, person)
        if officer == person:
            raise OwnCard
