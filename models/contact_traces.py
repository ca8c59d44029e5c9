"""Where a registered person stands among organisations' contacts: found by the phone, followed, forgotten.

Contacts are what officers write down, and bear no person. Whose phone it is, that of a registered person, is
known by its blind index. The phone beside it is the person's then; a name is, if it is the person's own too,
for an office may share one phone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import asdict, replace

from models.clock import Now
from models.organisation_contacts import FIELDS, ContactsChanged, SealedContacts, open_contacts, seal_contacts
from models.people import Particulars
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

    def __init__(self, store: Store[SealedContacts], vault: Vault, now: Now) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    async def list_of(self, who: Particulars) -> list[Trace]:
        """Return where somebody stands, and as what."""
        return [Trace(one.id, dict(self._said(one, who))) for one in await self._find(who.phone)]

    async def forget(self, who: Particulars) -> None:
        """Take somebody out of all contacts; what is the person's there is empty then."""
        await self._change(who, dict.fromkeys(FIELDS, ""))

    async def follow(self, who: Particulars, field: str, text: str) -> None:
        """Write another name or phone of somebody wherever the present one stands: before it is changed."""
        if field == "phone":
            await self._change(who, {"phone": text})
        elif field == "name":
            await self._change(who, dict.fromkeys(NAMES, text))

    async def _change(self, who: Particulars, texts: Mapping[str, str]) -> None:
        for _ in range(TRIES):
            with suppress(ContactsChanged):
                for one in await self._find(who.phone):
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

    async def _find(self, phone: str) -> Sequence[SealedContacts]:
        return await self._store.list_({"phone_index": self._vault.blind("phone", phone)})

    def _said(self, one: SealedContacts, who: Particulars) -> Iterator[tuple[str, str]]:
        contacts = open_contacts(self._vault, one)
        yield "phone", contacts.phone
        for name in NAMES:
            if getattr(contacts, name) == who.name:
                yield name, who.name
