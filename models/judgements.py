"""Judgements: what a text that a scanner read turns out to be. Pure rules, no database.

Three media are read: the rotating code of a phone, the code of a printed card, a serial that staff typed. The
code is judged first, so that a forgery learns nothing of the card; then the card, at the moment of the scan;
then the membership. A scan made without a network is judged at the moment when it was made, and what its
scanner could not know (a code that was reissued since, a clock that was wrong) goes to review instead of
being refused.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from models.card_codes import CardCode, NotACardCode, Outcome, card_key, check, check_offline, parse
from models.card_codes import Verdict as Match
from models.cards import Card
from models.ids import ALPHABET
from models.masters import Masters
from models.memberships import MembershipState
from models.print_codes import NotAPrintCode, PrintCode, is_right, parse_print

CLOCK_AHEAD = timedelta(seconds=60)
LATEST_UPLOAD = timedelta(days=7)

Purpose = Literal["identify", "check_in"]
Medium = Literal["code", "printed", "typed"]
ScanOutcome = Literal["accepted", "refused", "review", "needs_attention"]
Reason = Literal[
    "unknown_code", "bad_signature", "code_stale", "blocked", "revoked", "pending_approval", "member_expired",
    "clock_doubtful", "typed_serial",
]  # fmt: skip

# The policy: what a right code opens, by how it was shown. A print can be copied, and a serial be overheard.
OPENS: dict[Medium, dict[Purpose, ScanOutcome]] = {
    "code": {"identify": "accepted", "check_in": "accepted"},
    "printed": {"identify": "accepted", "check_in": "accepted"},
    "typed": {"identify": "needs_attention", "check_in": "needs_attention"},
}

REASONS_OF_STANDING: dict[MembershipState, Reason | None] = {
    "active": None,
    "transferring": None,
    "retained": None,
    "applied": "pending_approval",
    "refused": "member_expired",
    "left": "member_expired",
    "expelled": "member_expired",
}

# As people type: any case, a space or hyphen after five, O for 0, I and L for 1 (Crockford's base32).
_TYPED = re.compile(r"([0-9A-Z]{5})[ -]?([0-9A-Z]{5})")
_MISTYPED = str.maketrans("OIL", "011")


class Reading(Struct, frozen=True):
    """A text that has the form of one of ours; `code` is None for a typed serial."""

    medium: Medium
    serial: str
    code: CardCode | PrintCode | None


class Moment(Struct, frozen=True):
    """When a scan is judged to have been: offline by its scanner's clock, doubtful if that is off."""

    at: datetime
    is_offline: bool = False
    is_doubtful: bool = False


class Judgement(Struct, frozen=True, kw_only=True):
    """What a text turned out to be. The holder of `card` is told; with `shows_holder` the scanner is too."""

    outcome: ScanOutcome = "refused"
    reason: Reason | None = None
    medium: Medium | None = None
    serial: str | None = None
    card: Card | None = None
    shows_holder: bool = False
    skew_seconds: int | None = None


def read(text: str) -> Reading | None:
    """Return what a text seems to be, None if it is none of ours."""
    try:
        code = parse(text)
    except NotACardCode:
        return _read_print(text) or _read_typed(text)
    return Reading("code", code.serial, code)


def _read_print(text: str) -> Reading | None:
    try:
        code = parse_print(text)
    except NotAPrintCode:
        return None
    return Reading("printed", code.serial, code)


def _read_typed(text: str) -> Reading | None:
    stripped = text.strip()
    match = _TYPED.fullmatch(stripped.upper()) if stripped.isascii() else None
    serial = "".join(match.groups()).translate(_MISTYPED) if match else ""
    return Reading("typed", serial, None) if serial and set(serial) <= set(ALPHABET) else None


def moment_of(scanned_at: datetime | None, clock_offset: timedelta, received_at: datetime) -> Moment:
    """Return when to judge a scan that was kept for later; one without a time is judged as it arrives."""
    if scanned_at is None:
        return Moment(received_at)
    at = scanned_at + clock_offset
    is_plausible = received_at - LATEST_UPLOAD <= at <= received_at + CLOCK_AHEAD
    return Moment(at if is_plausible else received_at, is_offline=True, is_doubtful=not is_plausible)


class Judge:
    """Judges readings with the keys of the cards and of the prints."""

    def __init__(self, masters: Masters, print_masters: Masters) -> None:
        self._masters = masters
        self._print_masters = print_masters

    def judge(self, reading: Reading | None, card: Card | None, purpose: Purpose, when: Moment) -> Judgement:
        """Return the judgement on a reading and the card of its serial, None if there is none."""
        if reading is None:
            return Judgement(reason="unknown_code")
        medium = reading.medium
        if card is None:
            serial = None if medium == "typed" else reading.serial
            return Judgement(reason="unknown_code", medium=medium, serial=serial)
        proof = self._prove(reading, card, when)
        if proof.verdict is Match.FORGED:
            return _forged(medium, card, when)
        skew = proof.skew_seconds if proof.verdict is not Match.VALID else None
        outcome, reason = _weigh(proof, _bar(reading, card, when), OPENS[medium][purpose], when)
        return Judgement(
            outcome=outcome,
            reason=reason,
            medium=medium,
            serial=card.id,
            card=card,
            shows_holder=True,
            skew_seconds=skew,
        )

    def _prove(self, reading: Reading, card: Card, when: Moment) -> Outcome:
        if isinstance(reading.code, PrintCode):
            key = self._print_masters.find_listed(reading.code.key_id)
            return Outcome(Match.VALID if key and is_right(reading.code, key) else Match.FORGED)
        if reading.code is None:
            return Outcome(Match.VALID)
        key = self._masters.find(reading.code.key_id, when.at)
        if key is None:
            return Outcome(Match.FORGED)
        compare = check_offline if when.is_offline else check
        return compare(reading.code, card_key(key, card.id, card.seed_version), when.at)


def _forged(medium: Medium, card: Card, when: Moment) -> Judgement:
    """Return the judgement on a wrong code of a known serial; offline, the card may have been reissued."""
    if when.is_offline:
        return Judgement(outcome="review", reason="bad_signature", medium=medium, serial=card.id, card=card)
    return Judgement(reason="bad_signature", medium=medium, serial=card.id)


def _weigh(
    proof: Outcome, bar: Reason | None, opens: ScanOutcome, when: Moment
) -> tuple[ScanOutcome, Reason | None]:
    """Return what follows from a right code: late by itself is never a reason to refuse."""
    if proof.verdict is Match.STALE and not when.is_doubtful:
        return "refused", "code_stale"
    if bar:
        return "refused", bar
    if opens == "needs_attention":
        return opens, "typed_serial"
    if when.is_doubtful or proof.verdict is Match.DISTANT:
        return "review", "clock_doubtful"
    return opens, None


def _bar(reading: Reading, card: Card, when: Moment) -> Reason | None:
    """Return why a card does not count at a moment, whatever showed it."""
    state = card.state_at(when.at)
    if state != "active":
        return "blocked" if state == "frozen" else "revoked"
    if isinstance(reading.code, PrintCode):
        made = card.prints.get(str(reading.code.number))
        if made is None or (made.revoked and made.revoked <= when.at):
            return "revoked"
    return REASONS_OF_STANDING[card.standing_at(when.at)]
