"""Changes of what names a person: the phone, the name, the ID document; each may be made twice.

Field by field, so that two changes at once do not undo each other; a person who was erased meanwhile has no
row, and gets none. A new ID document is bound before the old one is let go.
"""

from typing import Literal

from models.cards import Card
from models.contact_traces import ContactTraces
from models.people import Identity, Person, VaultRow, opened_row
from models.store import Duplicate, Store
from models.vault import Vault, mask_name

Field = Literal["name", "id_document", "phone"]


class PersonChanges:
    """Writes the changes into the vault, the identities and the card's copy."""

    def __init__(
        self,
        people: Store[Person],
        rows: Store[VaultRow],
        identities: Store[Identity],
        cards: Store[Card],
        contacts: ContactTraces,
        vault: Vault,
    ) -> None:
        self._people = people
        self._rows = rows
        self._identities = identities
        self._cards = cards
        self._contacts = contacts
        self._vault = vault

    async def apply(self, person: str, field: Field, text: str) -> bool:
        """Make a change; False when the ID document belongs to somebody else, and nothing is changed."""
        row = await self._rows.find(person)
        if row is None:
            return True
        if field == "id_document" and not await self._bind(person, text):
            return False
        await self._contacts.follow(person, opened_row(self._vault, row), field, text)
        values: dict[str, object] = {field: self._vault.seal("vault", person, field, text)}
        if field != "id_document":
            values[f"{field}_index"] = self._vault.blind(field, text)
        if await self._rows.change({"_id": person}, values) is None:
            return True
        if field == "name":
            await self._rename_card(person, mask_name(text))
        if field == "id_document":
            await self._let_go(person, text)
        if field != "phone":
            await self._people.change({"_id": person}, {"evidence": "checked_by_officer"})
        return True

    async def _bind(self, person: str, document: str) -> bool:
        identity = Identity(id=self._name(document), person=person)
        try:
            await self._identities.insert(identity)
        except Duplicate:
            standing = await self._identities.find(identity.id)
            return standing is None or standing.person == person
        return True

    async def _let_go(self, person: str, document: str) -> None:
        for one in await self._identities.list_({"person": person}):
            if one.id.startswith("id_document:") and one.id != self._name(document):
                await self._identities.delete({"_id": one.id})

    async def _rename_card(self, person: str, masked: str) -> None:
        card = await self._cards.find_one({"person": person})
        if card:
            holder = self._vault.seal("cards", card.id, "holder", masked)
            await self._cards.change({"_id": card.id}, {"holder": holder})

    def _name(self, document: str) -> str:
        return f"id_document:{self._vault.blind('id_document', document)}"
