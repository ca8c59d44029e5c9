"""Where a registered person stands among organisations' contacts: found by the phone, followed, forgotten.

Contacts are what officers write down, and bear no person. A registered person is meant by those of the own
phone, known by its blind index, and the own name beside it; what else stands there is somebody else's. Who is
known by the own word alone is found nowhere: a stranger's name and phone are soon said.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import asdict, replace

from models.clock import Now
from models.organisation_contacts import FIELDS, ContactsChanged, SealedContacts, open_contacts, seal_contacts
from models.people import Particulars, Person
from models.store import Store
from models.vault import Vault
from models.versions import next_change

TRIES = 5
NAMES = ("chair", "contact")


class Trace(Struct, frozen=True):
    """What an organisation's contacts say of a person, by field."""

    organisation: str
    said: Mapping[str, str]


class ContactTraces:
    """Finds people among contacts."""

    def __init__(self, store: Store[SealedContacts], people: Store[Person], vault: Vault, now: Now) -> None:
        self._store = store
        self._people = people
        self._vault = vault
        self._now = now

    async def list_of(self, person: str, who: Particulars) -> list[Trace]:
        """Return where somebody stands, and as what."""
        found = [Trace(one.id, dict(self._said(one, who))) for one in await self._find(person, who)]
        return [one for one in found if one.said]

    async def forget(self, person: str, who: Particulars) -> None:
        """Take somebody out of all contacts; what is the person's there is empty then."""
        await self._change(person, who, dict.fromkeys(FIELDS, ""))

    async def follow(self, person: str, who: Particulars, field: str, text: str) -> None:
        """Write another name or phone of somebody wherever the present one stands: before it is changed."""
        if field == "phone":
            await self._change(person, who, {"phone": text})
        elif field == "name":
            await self._change(person, who, dict.fromkeys(NAMES, text))

    async def _change(self, person: str, who: Particulars, texts: Mapping[str, str]) -> None:
        for _ in range(TRIES):
            with suppress(ContactsChanged):
                for one in await self._find(person, who):
                    changes = {name: texts[name] for name, _ in self._said(one, who) if name in texts}
                    if changes:
                        await self._write(one, changes)
                return

    async def _write(self, seen: SealedContacts, changes: Mapping[str, str]) -> None:
        """Write some fields anew; ContactsChanged if an officer was faster."""
        contacts = replace(open_contacts(self._vault, seen), **changes)
        sealed = seal_contacts(self._vault, seen.id, contacts, next_change(self._now(), seen.changed))
        values = {name: value for name, value in asdict(sealed).items() if name != "id"}
        if await self._store.change({"_id": seen.id, "changed": seen.changed}, values) is None:
            raise ContactsChanged

    async def _find(self, person: str, who: Particulars) -> Sequence[SealedContacts]:
        known = await self._people.find(person)
        if known is None or known.evidence == "declared":
            return []
        return await self._store.list_({"phone_index": self._vault.blind("phone", who.phone)})

    def _said(self, one: SealedContacts, who: Particulars) -> Iterator[tuple[str, str]]:
        contacts = open_contacts(self._vault, one)
        own = [name for name in NAMES if getattr(contacts, name) == who.name]
        for name in own:
            yield name, who.name
        if own:
            yield "phone", contacts.phone
