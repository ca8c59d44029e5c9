"""Scans: one attempt at a card's code, accepted or refused, with the scanner's time and the time of arrival.

Invariants: every attempt is stored, refused ones too, under the scanner's own scan id, so that the same scan
sent again is the same document and gets the first answer; the same id with other content is refused. A code
that is not ours is kept as its length and hash only: people show payment codes by mistake. `identify` asks
who this is; it uses nothing up, and so is never refused as used.
"""

import hashlib
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct, field

from models.alarms import BadCodes
from models.appointments import POSTS, Appointment
from models.card_codes import NotACardCode, Outcome, card_key, check, parse
from models.card_codes import Verdict as Match
from models.cards import Card, Cards, Masters
from models.clock import Now
from models.errors import Conflict
from models.filters import Index
from models.ids import new_ordered_id
from models.memberships import MembershipState
from models.organisations import Organisations
from models.store import Collection, Duplicate, Store

ScanOutcome = Literal["accepted", "refused"]
Reason = Literal[
    "unknown_code", "bad_signature", "code_stale", "blocked", "revoked", "pending_approval", "member_expired"
]

REASONS_OF_STANDING: dict[MembershipState, Reason | None] = {
    "active": None,
    "transferring": None,
    "retained": None,
    "applied": "pending_approval",
    "refused": "member_expired",
    "left": "member_expired",
    "expelled": "member_expired",
}


class ScanIdReused(Conflict):
    """The scanner sent this scan id before, with other content."""

    code = "scan_id_reused"
    message = "该扫码编号已用于另一次扫码"


class Attempt(Struct, frozen=True, kw_only=True):
    """What a scanner sends: the text it read, for what, where, and when by its own clock."""

    scan_id: str
    code: str
    purpose: Literal["identify"]
    station: str | None = None
    scanned_at: datetime | None = None


class Scan(Struct, frozen=True, kw_only=True):
    """One attempt as stored. `order` sorts a holder's scans by arrival, each text unique."""

    id: str = field(name="_id")
    scanner: str
    organisation: str
    post: str
    station: str | None = None
    purpose: Literal["identify"]
    serial: str | None = None
    person: str | None = None
    outcome: ScanOutcome
    reason: Reason | None = None
    skew_seconds: int | None = None
    standing: MembershipState | None = None
    code_length: int
    code_hash: str
    content_hash: str
    scanned_at: datetime
    received_at: datetime
    order: str


class Verdict(Struct, frozen=True):
    """A scan and, when the code was right, the masked name of the card's holder."""

    scan: Scan
    holder: str | None


class Judgement(Struct, frozen=True, kw_only=True):
    """What a code turned out to be."""

    reason: Reason | None = None
    serial: str | None = None
    card: Card | None = None
    skew_seconds: int | None = None


SCANS = Collection("scans", Scan, (Index(("person", "-order")),))


def judge(card: Card, outcome: Outcome) -> Judgement:
    """Return the verdict on a known card, the code first, so that a forgery learns nothing of the card."""
    if outcome.verdict is Match.FORGED:
        return Judgement(serial=card.id, reason="bad_signature")
    if outcome.verdict is Match.STALE:
        return Judgement(serial=card.id, card=card, reason="code_stale", skew_seconds=outcome.skew_seconds)
    if card.state != "active":
        return Judgement(serial=card.id, card=card, reason="blocked" if card.state == "frozen" else "revoked")
    return Judgement(serial=card.id, card=card, reason=REASONS_OF_STANDING[card.standing])


def digest(text: str) -> str:
    """Return 128 bits of SHA-256 as hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Scans:
    """Judges and records scans, and shows a holder who scanned the card."""

    def __init__(
        self,
        store: Store[Scan],
        cards: Cards,
        masters: Masters,
        organisations: Organisations,
        bad_codes: BadCodes,
        now: Now,
    ) -> None:
        self._store = store
        self._cards = cards
        self._masters = masters
        self._organisations = organisations
        self._bad_codes = bad_codes
        self._now = now

    async def record(self, scanner: Appointment, attempt: Attempt) -> Verdict:
        """Judge an attempt and store it; sent again it gets the first answer. ScanIdReused."""
        at = self._now()
        judgement = await self._judge(attempt.code, at)
        scan = self._scan(scanner, attempt, judgement, at)
        try:
            await self._store.insert(scan)
        except Duplicate:
            return await self._first(scan)
        if judgement.reason == "bad_signature" and judgement.serial:
            await self._bad_codes.count(judgement.serial)
        return Verdict(scan, self._cards.get_holder(judgement.card) if judgement.card else None)

    async def list_of(self, person: str, before: str | None, limit: int) -> list[Scan]:
        """Return the scans of a person's card, newest first, those before `order` if it is given."""
        where = {"person": person, "order": {"$lt": before}} if before else {"person": person}
        return await self._store.list_(where, sort="-order", limit=limit)

    def get_place(self, scan: Scan) -> str:
        """Return the name of the organisation whose staff scanned."""
        return self._organisations.get_name(scan.organisation)

    async def _judge(self, text: str, at: datetime) -> Judgement:
        try:
            code = parse(text)
        except NotACardCode:
            return Judgement(reason="unknown_code")
        master = self._masters.find(code.key_id, at)
        if master is None:
            return Judgement(serial=code.serial, reason="bad_signature")
        card = await self._cards.find(code.serial)
        if card is None:
            return Judgement(serial=code.serial, reason="unknown_code")
        return judge(card, check(code, card_key(master, card.id, card.seed_version), at))

    def _scan(self, scanner: Appointment, attempt: Attempt, judgement: Judgement, at: datetime) -> Scan:
        card = judgement.card
        return Scan(
            id=f"{scanner.person}:{attempt.scan_id}",
            scanner=scanner.person,
            organisation=scanner.organisation,
            post=POSTS[scanner.role],
            station=attempt.station,
            purpose=attempt.purpose,
            serial=judgement.serial,
            person=card.person if card else None,
            outcome="refused" if judgement.reason else "accepted",
            reason=judgement.reason,
            skew_seconds=judgement.skew_seconds,
            standing=card.standing if card else None,
            code_length=len(attempt.code),
            code_hash=digest(attempt.code),
            content_hash=digest(msgspec.json.encode(attempt).decode()),
            scanned_at=attempt.scanned_at or at,
            received_at=at,
            order=new_ordered_id(at),
        )

    async def _first(self, again: Scan) -> Verdict:
        """Return the answer that was given when this scan came first."""
        first = await self._store.find(again.id)
        if first is None or first.content_hash != again.content_hash:
            raise ScanIdReused
        named = first.person and first.serial
        card = await self._cards.find(first.serial) if named and first.serial else None
        return Verdict(first, self._cards.get_holder(card) if card else None)
