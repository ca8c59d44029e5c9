"""The code on a station's screen: a new one every 30 s, made on the tablet without a network.

    https://HOST/s/CODE?k= step (5) | proof (10)      15 characters of Crockford base32

    screen key = HMAC-SHA256(master[key id], "UCS:" CODE ":" version)     never leaves the server
    day key    = HMAC-SHA256(screen key, "2026-07-15")         to the paired tablet, eight days ahead
    proof      = first 50 bits of HMAC-SHA256(day key, step as in the code)
    step       = floor(unix time / 30) mod 32^5

The masters are those of the cards; the prefix keeps the two kinds of keys apart. A step belongs to the local
day of its first second. Any number of people may read the same code. `tests/vectors/screen_codes.json` fixes
this for Python and JavaScript alike.
"""

import hmac
from datetime import datetime
from typing import Literal

from models.card_codes import PASSING_STEPS, STALE_SECONDS, STEP_SECONDS
from models.clock import LOCAL
from models.ids import ALPHABET, decode, encode

PREFIX = "UCS"
STEP_LENGTH, PROOF_LENGTH = 5, 10

_STEP_CYCLE = 32**STEP_LENGTH
_PROOF_BITS = 5 * PROOF_LENGTH
_MAC_BYTES = 7

ScreenVerdict = Literal["valid", "stale", "forged"]


def screen_key(master: bytes, station: str, version: int) -> bytes:
    """Return the key of a station's screen, 32 bytes; it never leaves the server."""
    return hmac.digest(master, f"{PREFIX}:{station}:{version}".encode("ascii"), "sha256")


def day_key(screen_key: bytes, day: str) -> bytes:
    """Return the key for a local day such as `2026-07-15`, 32 bytes; the tablet gets eight."""
    return hmac.digest(screen_key, day.encode("ascii"), "sha256")


def screen_code_at(day_key: bytes, at: datetime) -> str:
    """Return the 15 characters that the screen shows at a moment; `day_key` is the one of that local day."""
    step = encode(int(at.timestamp() // STEP_SECONDS) % _STEP_CYCLE, STEP_LENGTH)
    return step + _proof(day_key, step)


def check_screen(code: str, screen_key: bytes, now: datetime) -> ScreenVerdict:
    """Judge a code: valid one step either way, stale within ten minutes, else forged."""
    text = code.upper()
    if len(text) != STEP_LENGTH + PROOF_LENGTH or not set(text) <= set(ALPHABET):
        return "forged"
    step = text[:STEP_LENGTH]
    current = int(now.timestamp() // STEP_SECONDS)
    distance = (decode(step) - current + _STEP_CYCLE // 2) % _STEP_CYCLE - _STEP_CYCLE // 2
    if abs(distance) * STEP_SECONDS > STALE_SECONDS:
        return "forged"
    day = datetime.fromtimestamp((current + distance) * STEP_SECONDS, LOCAL).date().isoformat()
    if not hmac.compare_digest(_proof(day_key(screen_key, day), step), text[STEP_LENGTH:]):
        return "forged"
    return "valid" if abs(distance) <= PASSING_STEPS else "stale"


def _proof(day_key: bytes, step: str) -> str:
    mac = hmac.digest(day_key, step.encode("ascii"), "sha256")[:_MAC_BYTES]
    return encode(int.from_bytes(mac, "big") >> (8 * _MAC_BYTES - _PROOF_BITS), PROOF_LENGTH)
