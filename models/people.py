"""People: who somebody is, apart from any membership.

Invariants: one person per WeChat account and per ID document. Both are `identities`, whose `_id` is the kind
and the blind index of the value, written before the person: whoever finds an identity without its person
finishes the registration. Names, ID documents and phones lie sealed in the vault's rows; person ids are
random and never reused.

What an applicant declares lies, sealed as the vault's row will be, in the membership that it began, and is
read from there, until a worker settles it: so an application is two writes.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct, field

from models.clock import Now
from models.errors import Conflict
from models.filters import Index
from models.ids import new_id
from models.store import Collection, Duplicate, Store
from models.vault import Vault

# More people of one name than this are not listed.
NAMESAKES = 200
# What the identity of a WeChat account, and the subject of a session that knows no person, begin with.
OPENID = "openid:"

PersonState = Literal["imported", "claimed", "erased"]
# What a name stands on: the own word, a union's list, the list's phone in the claimant's hand, an officer.
Evidence = Literal["declared", "from_roster", "phone_matched", "checked_by_officer"]


class Person(Struct, frozen=True, kw_only=True):
    """Somebody, without anything that names them.

    While `imported`: `claim` is the blind index of what its owner has to prove, `tries` how often that was
    guessed wrong since `tried` (`models/claims.py`). `claiming` is the WeChat account that claimed it, until
    all that follows is done.
    """

    id: str = field(name="_id")
    state: PersonState
    evidence: Evidence
    created: datetime
    claim: str | None = None
    claiming: str | None = None
    tries: int = 0
    tried: datetime | None = None


class VaultRow(Struct, frozen=True, kw_only=True):
    """What names a person, sealed; erasure destroys this row. `roster` is the import that last changed it."""

    id: str = field(name="_id")
    name: bytes
    id_document: bytes
    phone: bytes
    name_index: str
    phone_index: str
    roster: str | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """One thing that identifies a person: `_id` is its kind and blind index."""

    id: str = field(name="_id")
    person: str


class IdentityTaken(Conflict):
    """This account's person has another ID document."""

    code = "identity_taken"
    message = "与您此前登记的证件不一致，请核对证件号码，或到所在工会更正"


class Particulars(Struct, frozen=True, kw_only=True):
    """The open text that a registration brings; it is never stored like this."""

    name: str
    id_document: str
    phone: str
    openid: str | None = None
    card_number: str | None = None


class Declared(Struct, frozen=True):
    """Who somebody is by the own word: the row to keep of a person of whom none is kept yet.

    `is_new` says that nothing at all is kept of the person.
    """

    person: str
    row: VaultRow | None
    is_new: bool


class Declarations(Protocol):
    """What people declared that is not in the vault yet."""

    async def list_declared(self, people: Sequence[str]) -> list[VaultRow]:
        """Return the rows of some people that wait to be settled."""


NAMED = ("name", "id_document", "phone")

PEOPLE = Collection("people", Person, (Index(("claim",)), Index(("claiming",))))
VAULT_ROWS = Collection("vault", VaultRow, (Index(("name_index",)), Index(("phone_index",))))
IDENTITIES = Collection("identities", Identity, (Index(("person",)),))


class People:
    """Registers people and finds them by what identifies them."""

    def __init__(
        self,
        people: Store[Person],
        rows: Store[VaultRow],
        identities: Store[Identity],
        vault: Vault,
        now: Now,
        declarations: Declarations | None = None,
    ) -> None:
        self._people = people
        self._rows = rows
        self._identities = identities
        self._vault = vault
        self._now = now
        self._declarations = declarations

    async def find_by_openid(self, openid: str) -> str | None:
        """Return the id of the person who uses this WeChat account, if we know one."""
        return await self.find_by_subject(self.subject_of(openid))

    async def get_name(self, person: str) -> str | None:
        """Return a person's full name, or None once it is erased. For sealing and masking only."""
        row = await self._find_row(person)
        return self._vault.open("vault", person, "name", row.name) if row else None

    async def find_particulars(self, person: str) -> Particulars | None:
        """Return what names a person, or None once it is erased. Whoever shows it has entered so before."""
        row = await self._find_row(person)
        return self.opened(row) if row else None

    async def list_particulars(self, people: Sequence[str]) -> dict[str, Particulars]:
        """Return what names some people, by person. For masking only."""
        rows = await self._rows.list_({"_id": {"$in": list(people)}}) if people else []
        missing = list(set(people) - {row.id for row in rows})
        return {row.id: self.opened(row) for row in (*rows, *await self._list_declared(missing))}

    async def list_by_name_or_phone(self, text: str) -> list[str]:
        """Return the people of exactly this name or phone, one more than `NAMESAKES` at most."""
        named, phoned = await asyncio.gather(
            self._rows.list_({"name_index": self._vault.blind("name", text)}, limit=NAMESAKES + 1),
            self._rows.list_({"phone_index": self._vault.blind("phone", text)}, limit=NAMESAKES + 1),
        )
        return list({row.id: None for row in (*named, *phoned)})

    async def register(self, who: Particulars) -> str:
        """Register a person once by ID document, finishing what a crash left; return the person's id."""
        person = await self._bind(self._identity_id("id_document", who.id_document), new_id())
        for kind, value in (("openid", who.openid), ("card_number", who.card_number)):
            if value:
                await self._bind(self._identity_id(kind, value), person)
        await self._write(person, who)
        return person

    async def declare(self, subject: str, who: Particulars) -> Declared:
        """Say who somebody is by the own word, and bind the account. One write. IdentityTaken.

        `subject` is a session's: a person's id, or the identity of a WeChat account that nobody is known by.
        The row that comes of it is kept by the caller, and settled later.
        """
        fresh = new_id()
        person = await self._bind(subject, fresh) if subject.startswith(OPENID) else subject
        row = await self._find_row(person) if person != fresh else None
        if row is None:
            return Declared(person, sealed_row(self._vault, person, who), person == fresh)
        if self.opened(row).id_document != who.id_document:
            raise IdentityTaken
        return Declared(person, None, is_new=False)

    async def settle(self, row: VaultRow) -> str:
        """Register what somebody declared; return whose the ID document is.

        A document that is registered already stays its owner's, and who declares it is not told: an officer
        is (`owns_document`).
        """
        key = self._identity_id("id_document", self.opened(row).id_document)
        if await self._rows.find(row.id) is None:
            owner = await self._bind(key, row.id)
        else:  # Settled before, and perhaps corrected since: a document that was let go is not taken again.
            owner = await self._find_owner(key) or row.id
        record = Person(id=row.id, state="claimed", evidence="declared", created=self._now())
        await asyncio.gather(_once(self._rows, row), _once(self._people, record))
        return owner

    async def settle_of(self, person: str) -> None:
        """Register what a person declared, if that is still to be done: before it is judged or changed."""
        for row in await self._list_declared([person]):
            await self.settle(row)

    async def owns_document(self, person: str) -> bool:
        """Say whether a person's ID document is registered as this person's; so is an erased one."""
        await self.settle_of(person)
        row = await self._rows.find(person)
        if row is None:
            return True
        key = self._identity_id("id_document", self.opened(row).id_document)
        return await self._find_owner(key) in (None, person)

    async def find_by_subject(self, subject: str) -> str | None:
        """Return the person behind a session's subject, None for a WeChat account that nobody is known by."""
        return await self._find_owner(subject) if subject.startswith(OPENID) else subject

    async def list_accounts(self, person: str) -> list[str]:
        """Return the WeChat accounts of a person, by the names under which messages to them are kept."""
        found = await self._identities.list_({"person": person})
        return [one.id.removeprefix(OPENID) for one in found if one.id.startswith(OPENID)]

    async def find_evidence(self, person: str) -> Evidence:
        """Return what a person's name stands on: the own word while an application waits to be settled."""
        found = await self._people.find(person)
        return found.evidence if found else "declared"

    async def mark_checked(self, person: str) -> None:
        """Take an officer's approval as evidence of a name that was only declared."""
        await self._people.change({"_id": person, "evidence": "declared"}, {"evidence": "checked_by_officer"})

    def subject_of(self, openid: str) -> str:
        """Return a WeChat account's identity: its sessions' subject while nobody is known by it."""
        return self._identity_id("openid", openid)

    async def forget_openid(self, openid: str) -> None:
        """Part a WeChat account from its person, who stays known by the ID document."""
        await self._identities.delete({"_id": self._identity_id("openid", openid)})

    async def _find_owner(self, identity: str) -> str | None:
        found = await self._identities.find(identity)
        return found.person if found else None

    async def _bind(self, identity: str, person: str) -> str:
        """Bind an identity to a person unless it has one; return whose it is."""
        try:
            await self._identities.insert(Identity(id=identity, person=person))
        except Duplicate:
            return await self._find_owner(identity) or person
        return person

    async def _write(self, person: str, who: Particulars) -> None:
        """Write what is known, without an account as from a union's list; what is there stays."""
        row, claim = sealed_row(self._vault, person, who), claim_index(self._vault, who)
        at = self._now()
        record = Person(id=person, state="imported", evidence="from_roster", created=at, claim=claim)
        if who.openid:
            record = Person(id=person, state="claimed", evidence="checked_by_officer", created=at)
        await asyncio.gather(_once(self._rows, row), _once(self._people, record))

    async def _find_row(self, person: str) -> VaultRow | None:
        """Return the row that names a person, be it settled or not."""
        row = await self._rows.find(person)
        return row or next(iter(await self._list_declared([person])), None)

    async def _list_declared(self, people: Sequence[str]) -> list[VaultRow]:
        return await self._declarations.list_declared(people) if self._declarations and people else []

    def opened(self, row: VaultRow) -> Particulars:
        """Return what a row says."""
        return opened_row(self._vault, row)

    def _identity_id(self, kind: str, value: str) -> str:
        return f"{kind}:{self._vault.blind(kind, value)}"


def sealed_row(vault: Vault, person: str, who: Particulars) -> VaultRow:
    """Return the row that names a person."""
    parts = {name: vault.seal("vault", person, name, getattr(who, name)) for name in NAMED}
    names, phones = vault.blind("name", who.name), vault.blind("phone", who.phone)
    return VaultRow(id=person, name_index=names, phone_index=phones, roster=None, **parts)


def opened_row(vault: Vault, row: VaultRow) -> Particulars:
    """Return what a row says."""
    parts = {name: vault.open("vault", row.id, name, getattr(row, name)) for name in NAMED}
    return Particulars(**parts)


def claim_index(vault: Vault, who: Particulars) -> str:
    """Return the blind index of what the owner of an imported record has to prove, all three at once."""
    return vault.blind("claim", f"{who.id_document}|{who.name}|{who.phone}")


async def _once(store: Store[VaultRow] | Store[Person], item: VaultRow | Person) -> None:
    try:
        await store.insert(item)  # type: ignore[arg-type]  # the pairs are made above, one kind each
    except Duplicate:
        return
