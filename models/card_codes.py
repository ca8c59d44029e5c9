"""The card's code (互助服务卡的码): text for a QR code, a new one every 30 s, made without a network.

    UC1 | key id (1) | serial (10) | step (5) | link (16)      35 characters of Crockford base32

    card key = HMAC-SHA256(master[key id], "UC1:" serial ":" seed version)     never leaves the server
    day key  = HMAC-SHA256(card key, "2026-07-15")         to the member's phone, seven days ahead
    top      = HMAC-SHA256(day key, "14")                  the local hour; its first 80 bits are link[120]
    link[i]  = first 80 bits of SHA-256(link[i+1] || serial || i)                  i = 119 … 0
    anchor   = link[0]                                     to offline scanners, never shown as a code
    step     = floor(unix time / 30) mod 32^5; the code shows link[s+1], s being its place in the local hour

The links of an hour are a one-way chain: whoever holds the anchor can check a code and cannot make one, and
a code that was seen yields only earlier ones. A step belongs to the day and hour of its own first second
in Asia/Shanghai. `tests/vectors/card_codes.json` fixes all of this for Python and JavaScript alike.
"""

import hmac
import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from models.clock import LOCAL
from models.ids import ALPHABET, decode, encode

PREFIX = "UC1"
STEP_SECONDS = 30
STEPS_PER_HOUR = 120
PASSING_STEPS = 1
OFFLINE_STEPS = 2
STALE_SECONDS = 600
ACCEPTED_AFTER_RETIREMENT = timedelta(days=8)
MASTER_KEY_BYTES = 32

_STEP_CYCLE = 32**5
_STEP_LENGTH = 5
_LINK_BYTES = 10
_LINK_LENGTH = 16
_FORM = re.compile(rf"{PREFIX}([{ALPHABET}])([{ALPHABET}]{{10}})([{ALPHABET}]{{5}})([{ALPHABET}]{{16}})")
_PLACES = tuple(bytes([place]) for place in range(STEPS_PER_HOUR))


class NotACardCode(ValueError):
    """The text is something else: another prefix, length or alphabet. A payment code ends here too."""


class Master(Struct, frozen=True):
    """A key that card keys are made with. ValueError if the id or the key cannot be one.

    `id` is one base32 character and stands in every code; `retired` is the last local day on which day
    keys were given out under it, None while it is in use.
    """

    id: str
    key: bytes
    retired: date | None = None

    def __post_init__(self) -> None:
        """Refuse at once what would only fail when the first card is shown."""
        if len(self.id) != 1 or self.id not in ALPHABET:
            raise ValueError(f"a master's id is one base32 character, not {self.id!r}")
        if len(self.key) < MASTER_KEY_BYTES:
            raise ValueError(f"master {self.id} has fewer than {MASTER_KEY_BYTES} bytes")

    def __repr__(self) -> str:
        """Leave the key out: a representation ends in logs."""
        return f"Master(id={self.id!r}, retired={self.retired!r})"

    def accepts(self, at: datetime) -> bool:
        """Tell whether codes under this master still count: until eight days after its retirement."""
        return self.retired is None or at.astimezone(LOCAL).date() <= self.retired + ACCEPTED_AFTER_RETIREMENT


class CardCode(Struct, frozen=True):
    """A code as read or made: `step` is modulo 32^5, `link` is ten bytes. Nothing of it is proved yet."""

    key_id: str
    serial: str
    step: int
    link: bytes

    @property
    def text(self) -> str:
        """The 35 characters that the QR code holds."""
        link = encode(int.from_bytes(self.link, "big"), _LINK_LENGTH)
        return f"{PREFIX}{self.key_id}{self.serial}{encode(self.step, _STEP_LENGTH)}{link}"


class Verdict(StrEnum):
    """What a check says of a code."""

    VALID = "valid"
    STALE = "stale"
    DISTANT = "distant"
    FORGED = "forged"


class Outcome(Struct, frozen=True):
    """A verdict, and how far the code's step is from now in seconds: negative for an old code.

    `skew_seconds` is a multiple of 30, and 0 for a forged code, whose step means nothing. Only an offline
    check says that a code is distant: right, and more than ten minutes away.
    """

    verdict: Verdict
    skew_seconds: int = 0


def card_key(master: bytes, serial: str, seed_version: int) -> bytes:
    """Return the key of a card, 32 bytes; it never leaves the server."""
    return hmac.digest(master, f"{PREFIX}:{serial}:{seed_version}".encode("ascii"), "sha256")


def day_key(card_key: bytes, day: str) -> bytes:
    """Return the key of a card for a local day such as `2026-07-15`, 32 bytes; the phone gets seven."""
    return hmac.digest(card_key, day.encode("ascii"), "sha256")


def hour_top(day_key: bytes, hour: int) -> bytes:
    """Return link[120], ten bytes, of the local hour 0 … 23."""
    return hmac.digest(day_key, b"%02d" % hour, "sha256")[:_LINK_BYTES]


def descend(link: bytes, serial: str, start: int, end: int) -> bytes:
    """Return link[end] from link[start], end ≤ start; the anchor is `descend(top, serial, 120, 0)`."""
    name = serial.encode("ascii")
    for place in range(start - 1, end - 1, -1):
        link = sha256(link + name + _PLACES[place]).digest()[:_LINK_BYTES]
    return link


def parse(text: str) -> CardCode:
    """Return the code that a scanner read, in either case; NotACardCode if it is none of ours."""
    stripped = text.strip()
    # Raising the case turns some foreign letters into ASCII ones (ſ into S), so they are refused before.
    match = _FORM.fullmatch(stripped.upper()) if stripped.isascii() else None
    if match is None:
        raise NotACardCode("not a card's code")
    key_id, serial, step, link = match.groups()
    return CardCode(key_id, serial, decode(step), decode(link).to_bytes(_LINK_BYTES, "big"))


def code_at(day_key: bytes, key_id: str, serial: str, at: datetime) -> CardCode:
    """Return the code that a card shows at a moment; `day_key` is the one of that local day."""
    step = _step_at(at)
    return CardCode(key_id, serial, step % _STEP_CYCLE, _link(day_key, serial, step, _local_start(step).hour))


def check(code: CardCode, card_key: bytes, now: datetime) -> Outcome:
    """Judge a code against its card's key: valid one step either way, stale within ten minutes, else forged.

    One link is derived at most. A code more than ten minutes away is forged whatever its link.
    """
    distance = _distance(code, now)
    if abs(distance) * STEP_SECONDS > STALE_SECONDS or not _is_right(
        code, card_key, _step_at(now) + distance
    ):
        return Outcome(Verdict.FORGED)
    return Outcome(
        Verdict.VALID if abs(distance) <= PASSING_STEPS else Verdict.STALE, distance * STEP_SECONDS
    )


def check_offline(code: CardCode, card_key: bytes, at: datetime) -> Outcome:
    """Judge a code that was read without a network at a moment: valid two steps either way.

    The clock behind `at` may be wrong, so a right code is told from a forged one at its own step, however
    distant: one link is derived, always.
    """
    distance = _distance(code, at)
    if not _is_right(code, card_key, _step_at(at) + distance):
        return Outcome(Verdict.FORGED)
    skew_seconds = distance * STEP_SECONDS
    if abs(distance) <= OFFLINE_STEPS:
        return Outcome(Verdict.VALID, skew_seconds)
    return Outcome(Verdict.STALE if abs(skew_seconds) <= STALE_SECONDS else Verdict.DISTANT, skew_seconds)


def _distance(code: CardCode, at: datetime) -> int:
    """Return how many steps a code is away from a moment, the short way round the cycle."""
    return (code.step - _step_at(at) + _STEP_CYCLE // 2) % _STEP_CYCLE - _STEP_CYCLE // 2


def _is_right(code: CardCode, card_key: bytes, step: int) -> bool:
    start = _local_start(step)
    link = _link(day_key(card_key, start.date().isoformat()), code.serial, step, start.hour)
    return hmac.compare_digest(link, code.link)


def _step_at(at: datetime) -> int:
    return int(at.timestamp() // STEP_SECONDS)


def _local_start(step: int) -> datetime:
    return datetime.fromtimestamp(step * STEP_SECONDS, LOCAL)


def _link(day_key: bytes, serial: str, step: int, hour: int) -> bytes:
    # Shanghai is whole hours away from UTC, so a step has the same place in both hours.
    return descend(hour_top(day_key, hour), serial, STEPS_PER_HOUR, step % STEPS_PER_HOUR + 1)
