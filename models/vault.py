"""The vault: personal data sealed field by field (PIPL art. 51; GB/T 22239 §8.1.4, confidentiality).

A sealed value is `key id (1 byte) || nonce (12) || AES-256-GCM ciphertext and tag`, bound to its collection,
document and field, so that a value moved elsewhere does not open. The key id lets another cipher (SM4) or a
new key follow without touching old rows. Equality is searched by a blind index: HMAC-SHA256 of the kind and
the normalised text, 128 bits as hex.
"""

import hmac
import secrets
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
BLIND_DIGITS = 32


class BrokenSeal(Exception):
    """A sealed value was altered, moved, or sealed under a key that is not here: a fault, never an answer."""


class Vault:
    """Seals, opens and blinds. `keys` maps a one-character id to 32 bytes; the last one seals."""

    def __init__(self, keys: Mapping[str, bytes], index_key: bytes) -> None:
        self._ciphers = {key_id.encode("ascii"): AESGCM(key) for key_id, key in keys.items()}
        self._current = list(keys)[-1].encode("ascii")
        self._index_key = index_key

    def seal(self, collection: str, document: str, field: str, text: str) -> bytes:
        """Return the text sealed to its place."""
        return self.seal_bytes(collection, document, field, text.encode())

    def seal_bytes(self, collection: str, document: str, field: str, content: bytes) -> bytes:
        """Return bytes sealed to their place."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        place = f"{collection}|{document}|{field}".encode()
        return self._current + nonce + self._ciphers[self._current].encrypt(nonce, content, place)

    def open(self, collection: str, document: str, field: str, sealed: bytes) -> str:
        """Return the text of a sealed value; BrokenSeal if it does not belong here."""
        return self.open_bytes(collection, document, field, sealed).decode()

    def open_bytes(self, collection: str, document: str, field: str, sealed: bytes) -> bytes:
        """Return the bytes of a sealed value; BrokenSeal if it does not belong here."""
        place = f"{collection}|{document}|{field}".encode()
        cipher = self._ciphers.get(sealed[:1])
        if cipher is None:
            raise BrokenSeal(f"{collection}.{field} is sealed under an unknown key")
        try:
            return cipher.decrypt(sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :], place)
        except InvalidTag as error:
            raise BrokenSeal(f"{collection}.{field} does not open") from error

    def blind(self, kind: str, text: str) -> str:
        """Return the index under which a value of this kind is found by equality."""
        normal = "".join(text.split()).upper()
        return hmac.digest(self._index_key, f"{kind}:{normal}".encode(), "sha256").hex()[:BLIND_DIGITS]


def mask_name(name: str) -> str:
    """Return a name as staff and lists show it: `*三`, `王*四` (WeChat's 安全指引)."""
    if len(name) <= 2:
        return "*" + name[-1:]
    return name[0] + "*" * (len(name) - 2) + name[-1]


def mask_phone(phone: str) -> str:
    """Return a phone number as lists show it: three digits, stars, the last two."""
    return phone[:3] + "*" * (len(phone) - 5) + phone[-2:] if len(phone) > 6 else "*" * len(phone)
