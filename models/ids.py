"""Identifiers: opaque text in Crockford's base32, safe in URLs, on paper and in QR alphanumeric mode."""

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 16

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def encode(number: int, length: int) -> str:
    """Return the last `length` base32 digits of a non-negative number, most significant first."""
    return "".join(ALPHABET[number >> (5 * place) & 31] for place in range(length - 1, -1, -1))


def decode(text: str) -> int:
    """Return the number that base32 digits spell; ValueError if a character is not one of the 32."""
    number = 0
    for letter in text:
        if letter not in _VALUES:
            raise ValueError(f"{letter!r} is not a base32 digit")
        number = number << 5 | _VALUES[letter]
    return number


def new_ordered_id(at: datetime) -> str:
    """Return an identifier that sorts by a moment's milliseconds, each a different text: 50 + 40 bits."""
    return encode(round(at.timestamp() * 1000), 10) + encode(secrets.randbits(40), 8)


def new_id() -> str:
    """Return a random identifier of 80 bits that is never reused."""
    return encode(secrets.randbits(5 * ID_LENGTH), ID_LENGTH)
