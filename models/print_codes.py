"""The code of a printed card (实体卡): it stands still, and so is ended by its print number alone.

    UCP | key id (1) | serial (10) | print number (2) | mac (16)      32 characters of Crockford base32

    mac = first 80 bits of HMAC-SHA256(master[key id], "UCP:" serial ":" print number in decimal)

The masters are the prints' own: whoever got hold of one could print cards and still show no rotating code.
`tests/vectors/print_codes.json` fixes the derivation.
"""

import hmac
import re

from msgspec import Struct

from models.ids import ALPHABET, decode, encode

PREFIX = "UCP"

_NUMBER_LENGTH = 2
_MAC_BYTES = 10
_MAC_LENGTH = 16
_FORM = re.compile(rf"{PREFIX}([{ALPHABET}])([{ALPHABET}]{{10}})([{ALPHABET}]{{2}})([{ALPHABET}]{{16}})")


class NotAPrintCode(ValueError):
    """The text is something else than the code of a printed card."""


class PrintCode(Struct, frozen=True):
    """A code as read or made; `mac` is ten bytes. Nothing of it is proved yet."""

    key_id: str
    serial: str
    number: int
    mac: bytes

    @property
    def text(self) -> str:
        """The 32 characters that the QR code holds."""
        mac = encode(int.from_bytes(self.mac, "big"), _MAC_LENGTH)
        return f"{PREFIX}{self.key_id}{self.serial}{encode(self.number, _NUMBER_LENGTH)}{mac}"


def make_print_code(master: bytes, key_id: str, serial: str, number: int) -> PrintCode:
    """Return the code of a card's print; `number` is below 1024."""
    return PrintCode(key_id, serial, number, _mac(master, serial, number))


def parse_print(text: str) -> PrintCode:
    """Return the code that a scanner read, in either case; NotAPrintCode if it is none."""
    stripped = text.strip()
    match = _FORM.fullmatch(stripped.upper()) if stripped.isascii() else None
    if match is None:
        raise NotAPrintCode("not a printed card's code")
    key_id, serial, number, mac = match.groups()
    return PrintCode(key_id, serial, decode(number), decode(mac).to_bytes(_MAC_BYTES, "big"))


def is_right(code: PrintCode, master: bytes) -> bool:
    """Say whether a code was made with a master."""
    return hmac.compare_digest(code.mac, _mac(master, code.serial, code.number))


def _mac(master: bytes, serial: str, number: int) -> bytes:
    return hmac.digest(master, f"{PREFIX}:{serial}:{number}".encode("ascii"), "sha256")[:_MAC_BYTES]
