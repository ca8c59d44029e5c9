"""Scans: one attempt at a card's code, accepted or refused, with the scanner's time and the time of arrival.

Invariants: every attempt is stored, refused ones too, under the scanner's own scan id, so that the same scan
sent again is the same document and gets the first answer; the same id with other content is refused. A code
that is not ours is kept as its length and hash only: people show payment codes by mistake. `identify` asks
who this is; it uses nothing up, and so is never refused as used. An undone scan stays, with who undid it,
when and why.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, field

from models.alarms import Guards
from models.appointments import POSTS, Appointment
from models.cards import Card, Cards
from models.clock import LOCAL, Now
from models.coalescing import Coalesced
from models.errors import Conflict, Missing, Refusal, TooMany
from models.filters import Index
from models.ids import new_ordered_id
from models.judgements import Judge, Judgement, Medium, Moment, Purpose, Reason, ScanOutcome, read
from models.limits import PerPerson
from models.memberships import MembershipState
from models.organisations import Organisations
from models.privacy_notices import kept
from models.store import Collection, Duplicate, Store

UNDO_WITHIN = timedelta(minutes=10)
# Nobody types faster at a door; whoever guesses serials to read names does.
TYPED_SERIALS = PerPerson(20, seconds=60, shared=True)


class ScanIdReused(Conflict):
    """The scanner sent this scan id before, with other content."""

    code = "scan_id_reused"
    message = "该扫码编号已用于另一次扫码"


class NoSuchScan(Missing):
    """The scanner never sent this scan."""

    code = "scan_not_found"
    message = "没有这次扫码记录"


class UndoTooLate(Conflict):
    """The scan arrived more than ten minutes ago; `details.until` is when the time was over."""

    code = "undo_too_late"
    message = "超过十分钟，不能撤销"


class Attempt(Struct, frozen=True, kw_only=True):
    """What a scanner sends: the text it read, for what, where, and when by its own clock."""

    scan_id: str
    code: str
    purpose: Purpose
    station: str | None = None
    scanned_at: datetime | None = None


class Undo(Struct, frozen=True):
    """Who took a scan back, when, and why."""

    by: str
    at: datetime
    reason: str


class Scan(Struct, frozen=True, kw_only=True):
    """One attempt as stored. `order` sorts a holder's scans by arrival, each text unique.

    `device` is the scanner if no person scanned.
    `judged_at` is the moment that an offline scan was judged at, `clock_offset` the seconds that its
    scanner's clock was behind ours; both are None for a scan judged as it arrived. At `cut_at` retention
    takes minute and place away (`day_only`), and in the end the rest (`models/retention.py`).
    """

    id: str = field(name="_id")
    scanner: str
    device: str | None = None
    organisation: str
    post: str
    station: str | None = None
    purpose: Purpose
    medium: Medium | None = None
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
    judged_at: datetime | None = None
    clock_offset: float | None = None
    received_at: datetime
    order: str
    undone: Undo | None = None
    day_only: bool = False
    cut_at: datetime | None = None


class Verdict(Struct, frozen=True):
    """A scan and, when the code was right, the masked name of the card's holder."""

    scan: Scan
    holder: str | None


SCANS = Collection("scans", Scan, (Index(("person", "-order")), Index(("cut_at",))))


def digest(text: str) -> str:
    """Return 128 bits of SHA-256 as hex."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def content_hash(attempt: Attempt) -> str:
    """Return what tells one scan from another under the same id."""
    return digest(msgspec.json.encode(attempt).decode())


def scan_key(scanner: Appointment, scan_id: str) -> str:
    """Return the id that a scan is stored under: its scanner's own name for it."""
    return f"{scanner.person}:{scan_id}"


def make_scan(scanner: Appointment, attempt: Attempt, judgement: Judgement, at: datetime) -> Scan:
    """Return an attempt as it is stored when it is judged as it arrives."""
    card = judgement.card
    return Scan(
        id=scan_key(scanner, attempt.scan_id),
        scanner=scanner.person,
        device=scanner.person if scanner.role == "scanner" else None,
        organisation=scanner.organisation,
        post=POSTS[scanner.role],
        station=attempt.station,
        purpose=attempt.purpose,
        medium=judgement.medium,
        serial=judgement.serial,
        person=card.person if card else None,
        outcome=judgement.outcome,
        reason=judgement.reason,
        skew_seconds=judgement.skew_seconds,
        standing=card.standing if card and judgement.shows_holder else None,
        code_length=len(attempt.code),
        code_hash=digest(attempt.code),
        content_hash=content_hash(attempt),
        scanned_at=attempt.scanned_at or at,
        received_at=at,
        order=new_ordered_id(at),
        cut_at=at + kept("scans"),
    )


def name_holder(scan: Scan, card: Card | None, cards: Cards) -> str | None:
    """Return the masked name that a scanner is told, None if the code was not right."""
    return cards.get_holder(card) if scan.standing and card else None


def is_same(first: Scan, attempt: Attempt) -> bool:
    """Say whether a stored scan is this attempt; of an old one its id alone is left to tell."""
    return first.day_only or first.content_hash == content_hash(attempt)


def require_same(first: Scan, attempt: Attempt) -> None:
    """Raise ScanIdReused unless a stored scan is this attempt."""
    if not is_same(first, attempt):
        raise ScanIdReused


class Scans:
    """Judges and records scans, takes them back, and shows a holder who scanned the card."""

    def __init__(
        self,
        store: Store[Scan],
        cards: Cards,
        judge: Judge,
        organisations: Organisations,
        guards: Guards,
        now: Now,
    ) -> None:
        self._store = store
        self._insert = Coalesced(self._insert_alone, self._insert_together)
        self._cards = cards
        self._judge = judge
        self._organisations = organisations
        self._guards = guards
        self._now = now

    async def record(self, scanner: Appointment, attempt: Attempt) -> Verdict:
        """Judge an attempt and store it; sent again it gets the first answer. ScanIdReused, TooMany."""
        at = self._now()
        reading = read(attempt.code)
        if reading and reading.medium == "typed":
            granted = await self._guards.typed.take(f"typed-serials:{scanner.person}", TYPED_SERIALS)
            if not granted.calls:
                return await self._first(scanner, attempt, TooMany(retryAfter=granted.retry_after))
        card = await self._cards.find(reading.serial) if reading else None
        judgement = self._judge.judge(reading, card, attempt.purpose, Moment(at))
        scan = make_scan(scanner, attempt, judgement, at)
        if not await self._insert(scan):
            return await self._first(scanner, attempt, ScanIdReused())
        if scan.reason == "bad_signature" and scan.serial:
            await self._guards.bad_codes.count([scan.serial])
        return Verdict(scan, name_holder(scan, card, self._cards))

    async def undo(self, scanner: Appointment, scan_id: str, reason: str) -> Verdict:
        """Take back a scan of the same scanner within ten minutes of its arrival; again changes nothing.

        NoSuchScan, UndoTooLate.
        """
        at = self._now()
        key = scan_key(scanner, scan_id)
        standing = {"_id": key, "undone": {"$exists": False}, "received_at": {"$gt": at - UNDO_WITHIN}}
        scan = await self._store.change(standing, {"undone": Undo(scanner.person, at, reason)})
        scan = scan or await self._store.find(key)
        if scan is None:
            raise NoSuchScan
        if scan.undone is None:
            raise UndoTooLate(until=(scan.received_at + UNDO_WITHIN).astimezone(LOCAL).isoformat())
        return await self._told(scan)

    async def list_of(self, person: str, before: str | None, limit: int) -> list[Scan]:
        """Return the scans of a person's card, newest first, those before `order` if it is given."""
        where = {"person": person, "order": {"$lt": before}} if before else {"person": person}
        return await self._store.list_(where, sort="-order", limit=limit)

    def get_place(self, scan: Scan) -> str:
        """Return the name of the organisation whose staff scanned."""
        return self._organisations.get_own_name(scan.organisation)

    async def _insert_alone(self, scan: Scan) -> bool:
        """Store a scan; say whether it is new."""
        try:
            await self._store.insert(scan)
        except Duplicate:
            return False
        return True

    async def _insert_together(self, scans: Sequence[Scan]) -> list[bool]:
        """Store scans; say of each whether it is new."""
        known = set(await self._store.insert_many(scans))
        return [place not in known for place in range(len(scans))]

    async def _first(self, scanner: Appointment, attempt: Attempt, otherwise: Refusal) -> Verdict:
        """Return the answer that was given when this scan came first; raise `otherwise` if it never did."""
        first = await self._store.find(scan_key(scanner, attempt.scan_id))
        if first is None:
            raise otherwise
        require_same(first, attempt)
        return await self._told(first)

    async def _told(self, scan: Scan) -> Verdict:
        card = await self._cards.find(scan.serial) if scan.standing and scan.serial else None
        return Verdict(scan, name_holder(scan, card, self._cards))
