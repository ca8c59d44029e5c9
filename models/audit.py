"""Audit entries: who did what to which thing, when, and with what outcome (GB/T 22239 §8.1.4, 安全审计).

Invariants: an entry is inserted once and never changed but for `block`, which the sealer sets
(`models/audit_blocks.py`). What somebody does is entered before it is done, so that everything that happened
is here; what is projected from a log is entered under a name made from it, so that twice is once. An entry
holds pseudonyms and codes, never a name, a number or a text that somebody typed: retention cuts nothing out
of it. There is no way to switch it off: whoever acts needs an `Audit` to be built.

The canonical form, whose SHA-256 is sealed, is compact JSON in UTF-8 with the keys of `details` sorted:
`[1,id,actor,action,kind,object,outcome,"2026-07-15T04:00:05.000+00:00",order,{details}]`.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from models.clock import Now
from models.filters import Index
from models.ids import new_ordered_id
from models.pages import Page
from models.store import Collection, Duplicate, Store

FORMAT = 1
UNSEALED = 0
NOBODY = "nobody"
OPERATOR = "operator"
# All entries; engines only estimate how many documents there are when nothing is asked of them.
EVERY: Mapping[str, Mapping[str, str]] = MappingProxyType({"order": {"$gt": ""}})

Action = Literal[
    "card_frozen",
    "card_unfrozen",
    "staff_sign_in",
    "console_sign_in",
    "session_ended",
    "appointment_made",
    "appointment_ended",
    "account_issued",
    "account_enrolled",
    "station_import",
    "station_hours_set",
    "station_closed",
    "station_reopened",
    "station_host_set",
    "station_record_set",
    "station_photo_added",
    "station_photos_arranged",
    "station_stated",
    "station_ticket_answered",
    "screen_pairing_offered",
    "screen_paired",
    "screen_revoked",
    "visits_removed",
    "personal_data_shown",
    "audit_viewed",
    "membership_changed",
    "personal_data_exported",
    "personal_data_corrected",
    "person_erased",
    "retention_applied",
    "organisation_created",
    "organisation_changed",
    "organisation_linked",
    "organisation_reorganised",
    "device_made",
    "device_revoked",
    "card_reissued",
    "card_printed",
    "member_claimed",
    "account_recognised",
    "claim_decided",
    "member_import",
    "member_export",
]
Outcome = Literal["success", "refused"]

_is_plain = re.compile(r"[ -~]{0,200}").fullmatch
_encode = msgspec.json.Encoder(order="deterministic").encode


class PersonalText(ValueError):
    """A text that is no code or pseudonym was about to be entered for ever: a bug of the caller."""


class Fact(Struct, frozen=True, kw_only=True):
    """What is to be entered: the actor's pseudonym, the action, and the kind and id of the thing."""

    actor: str
    action: Action
    kind: str
    object: str
    outcome: Outcome = "success"
    details: dict[str, str] = field(default_factory=dict)


class Entry(Struct, frozen=True, kw_only=True):
    """One entry; `at` is the moment of entry, `block` the number of the block that seals it.

    `order` sorts entries by that moment, each text different, so that pages do not overlap.
    """

    id: str = field(name="_id")
    actor: str
    action: Action
    kind: str
    object: str
    outcome: Outcome
    at: datetime
    order: str
    details: dict[str, str]
    block: int = UNSEALED


class Search(Struct, frozen=True):
    """Whose entries are asked for: those of an actor, or those about a thing, or all."""

    actor: str = ""
    object: str = ""

    @property
    def where(self) -> dict[str, Any]:
        """The filter; one field at most, each has its index."""
        if self.actor:
            return {"actor": self.actor}
        return {"object": self.object} if self.object else {}


AUDIT_ENTRIES = Collection(
    "audit_entries",
    Entry,
    (Index(("order",)), Index(("block", "order")), Index(("actor", "order")), Index(("object", "order"))),
)


def spell_time(at: datetime) -> str:
    """Return a moment as it is hashed: UTC with milliseconds, which is what the store keeps."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def hash_of(*parts: object) -> str:
    """Return the SHA-256 of a list in canonical form, as hex."""
    return hashlib.sha256(_encode([FORMAT, *parts])).hexdigest()


def hash_entry(entry: Entry) -> str:
    """Return the hash under which an entry is sealed; `block` takes no part."""
    return hash_of(
        entry.id,
        entry.actor,
        entry.action,
        entry.kind,
        entry.object,
        entry.outcome,
        spell_time(entry.at),
        entry.order,
        entry.details,
    )


class Audit:
    """Takes entries, and shows them to auditors."""

    def __init__(self, store: Store[Entry], now: Now) -> None:
        self._store = store
        self._now = now

    async def record(self, fact: Fact, name: str | None = None) -> None:
        """Enter a fact under a name made from its cause, or under an id of its own. Twice is once."""
        try:
            await self._store.insert(self._entry(fact, name))
        except Duplicate:
            return

    async def record_named(self, facts: Mapping[str, Fact]) -> None:
        """Enter many facts, each under its name; those that are there stay as they are."""
        await self._store.insert_many([self._entry(fact, name) for name, fact in facts.items()])

    async def list_page(self, search: Search, page: int, size: int) -> Page[Entry]:
        """Return a page of entries, newest first, from page 1."""
        total = await self._store.count(search.where or EVERY)
        entries = await self._store.list_(search.where, sort="-order", limit=page * size)
        return Page(entries[(page - 1) * size :], total)

    def _entry(self, fact: Fact, name: str | None) -> Entry:
        at = self._now()
        texts = (fact.actor, fact.object, *fact.details, *fact.details.values())
        if not all(_is_plain(text) for text in texts):
            raise PersonalText(f"{fact.action}: an entry holds codes and pseudonyms only")
        order = new_ordered_id(at)
        return Entry(
            id=name or order,
            actor=fact.actor,
            action=fact.action,
            kind=fact.kind,
            object=fact.object,
            outcome=fact.outcome,
            at=at,
            order=order,
            details=fact.details,
        )
