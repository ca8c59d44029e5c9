"""Who speaks for an organisation: its chair and whom to call, sealed, since they are people.

Apart from the trees, which every process holds in memory: a name or a number is read when it is asked for,
masked, and in full only once the audit holds who wants to know, and why. A registered person is found there
by the phone (`models/contact_traces.py`).
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field

from models.audit import Audit, Fact
from models.clock import Now
from models.errors import Conflict
from models.filters import Index
from models.member_lists import OFFICERS, Reason
from models.organisation_desk import READERS, OrganisationDesk
from models.store import Collection, Duplicate, Store
from models.vault import Vault, mask_name, mask_phone
from models.versions import next_change, version_of

NONE = ""
BATCH = 500
COLLECTION = "organisation_contacts"
FIELDS = ("chair", "contact", "phone")


class ContactsChanged(Conflict):
    """The contacts are not as the officer saw them; `details.version` is what they are now."""

    code = "contacts_changed"
    message = "联系人刚刚被别人修改过，请刷新后再改"


class Contacts(Struct, frozen=True, kw_only=True):
    """The chair's name (主席), the name and the phone number of whom to call; "" for what is not known."""

    chair: str = ""
    contact: str = ""
    phone: str = ""


class SealedContacts(Struct, frozen=True, kw_only=True):
    """An organisation's contacts as they are kept; the blind index of the phone if there is one."""

    id: str = field(name="_id")
    chair: bytes = b""
    contact: bytes = b""
    phone: bytes = b""
    phone_index: str | None = None
    changed: datetime


class Shown(Struct, frozen=True):
    """Contacts and their version, "" before the first."""

    contacts: Contacts
    version: str


ORGANISATION_CONTACTS = Collection(COLLECTION, SealedContacts, (Index(("phone_index",)),))


class OrganisationContacts:
    """Keeps and shows contacts, within the officer's subtrees."""

    def __init__(
        self, store: Store[SealedContacts], desk: OrganisationDesk, vault: Vault, audit: Audit, now: Now
    ) -> None:
        self._store = store
        self._desk = desk
        self._vault = vault
        self._audit = audit
        self._now = now

    async def get_masked(self, officer: str, organisation: str) -> Shown:
        """Return an organisation's contacts, masked; NotStaff, NoSuchOrganisation."""
        self._desk.require_mine(officer, organisation, READERS)
        return self._masked(await self._store.find(organisation))

    async def unmask(self, officer: str, organisation: str, reason: Reason) -> Contacts:
        """Return the contacts in full, once it is entered who wants to know, and why."""
        self._desk.require_mine(officer, organisation, OFFICERS)
        await self._audit.record(
            Fact(
                actor=officer,
                action="personal_data_shown",
                kind="organisation",
                object=organisation,
                details={"reason": reason},
            )
        )
        return open_contacts(self._vault, await self._store.find(organisation))

    async def set(self, officer: str, organisation: str, version: str, contacts: Contacts) -> Shown:
        """Record other contacts; NotStaff, NoSuchOrganisation, ContactsChanged."""
        self._desk.require_mine(officer, organisation, OFFICERS)
        seen = await self._store.find(organisation)
        if seen and open_contacts(self._vault, seen) == contacts:
            return self._masked(seen)
        if _version(seen) != version:
            raise ContactsChanged(version=_version(seen))
        await self._audit.record(
            Fact(
                actor=officer,
                action="organisation_changed",
                kind="organisation",
                object=organisation,
                details={"fields": "contacts"},
            )
        )
        at = self._now()
        changed = next_change(at, seen.changed) if seen else at
        sealed = seal_contacts(self._vault, organisation, contacts, changed)
        return self._masked(await self._write(seen, sealed))

    async def complete(self, organisations: Sequence[str]) -> None:
        """Give contacts from before phones had an index the index that they lack; again, it changes nothing.

        What they say and their version stay. A change made at the same time brings its own index.
        """
        for start in range(0, len(organisations), BATCH):
            kept = await self._store.list_({"_id": {"$in": organisations[start : start + BATCH]}})
            for one in kept:
                lacks = one.phone and not one.phone_index
                if lacks and (phone := self._vault.open(COLLECTION, one.id, "phone", one.phone)):
                    seen = {"_id": one.id, "changed": one.changed}
                    await self._store.change(seen, {"phone_index": self._vault.blind("phone", phone)})

    async def _write(self, seen: SealedContacts | None, sealed: SealedContacts) -> SealedContacts:
        if seen is None:
            try:
                await self._store.insert(sealed)
            except Duplicate as error:
                raise ContactsChanged(version=_version(await self._store.find(sealed.id))) from error
            return sealed
        values = {name: getattr(sealed, name) for name in (*FIELDS, "phone_index", "changed")}
        done = await self._store.change({"_id": sealed.id, "changed": seen.changed}, values)
        if done is None:
            raise ContactsChanged(version=_version(await self._store.find(sealed.id)))
        return done

    def _masked(self, kept: SealedContacts | None) -> Shown:
        full = open_contacts(self._vault, kept)
        masked = Contacts(
            chair=mask_name(full.chair) if full.chair else NONE,
            contact=mask_name(full.contact) if full.contact else NONE,
            phone=mask_phone(full.phone),
        )
        return Shown(masked, _version(kept))


def seal_contacts(vault: Vault, organisation: str, contacts: Contacts, changed: datetime) -> SealedContacts:
    """Return contacts as they are kept."""
    sealed = {name: vault.seal(COLLECTION, organisation, name, getattr(contacts, name)) for name in FIELDS}
    index = vault.blind("phone", contacts.phone) if contacts.phone else None
    return SealedContacts(id=organisation, phone_index=index, changed=changed, **sealed)


def open_contacts(vault: Vault, kept: SealedContacts | None) -> Contacts:
    """Return contacts in the open; empty ones where none are kept."""
    if kept is None:
        return Contacts()
    return Contacts(**{name: vault.open(COLLECTION, kept.id, name, getattr(kept, name)) for name in FIELDS})


def _version(kept: SealedContacts | None) -> str:
    return version_of(kept.changed) if kept else NONE
