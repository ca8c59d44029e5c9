"""Requests that create something: what names them, so that one sent again makes nothing new.

An `Idempotency-Key` lives in the document that its request makes: the document's id is made of who asks, for
what, under which key, and beside it stands the digest of the body.
"""

import hashlib

from msgspec import Struct

from models.ids import ID_LENGTH, encode


class Keyed(Struct, frozen=True):
    """A request as it names what it makes: the route, the key, the body."""

    route: str
    key: str
    body: bytes

    def name_of(self, actor: str) -> str:
        """Return the id of what somebody's request makes: 80 bits of SHA-256 in base32."""
        digest = hashlib.sha256(f"{actor}\n{self.route}\n{self.key}".encode()).digest()
        return encode(int.from_bytes(digest[:10]), ID_LENGTH)

    @property
    def content(self) -> str:
        """The digest of the body."""
        return hashlib.sha256(self.body).hexdigest()[:32]
