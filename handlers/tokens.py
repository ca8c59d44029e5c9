"""Session tokens: Tornado's signed values in base64url, and so legal as Bearer tokens.

A token holds the session's id, subject, kind and end, and no role. A console session's token is written anew
with each answer and counts for thirty minutes from then: it lives in a cookie and ends when it lies idle.
"""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import get_args

from tornado.web import create_signed_value, decode_signed_value

from models.clock import Now
from models.errors import Unauthenticated
from models.sessions import Session, SessionKind

NAME = "session"
LONGEST_DAYS = 31
IDLE = timedelta(minutes=30)
TOKEN_LIMIT = 512
VERIFIED = 20_000
KINDS: frozenset[str] = frozenset(get_args(SessionKind))


class Tokens:
    """Writes and reads tokens. `keys` maps a version to a key; the highest version signs."""

    idle_minutes = IDLE // timedelta(minutes=1)

    def __init__(self, keys: Mapping[int, bytes], now: Now) -> None:
        self._keys = dict(keys)
        self._newest = max(self._keys)
        self._now = now
        self._verified = lru_cache(VERIFIED)(self._verify)

    def issue(self, session: Session) -> str:
        """Return the token of a session."""
        value = f"{session.id}.{session.subject}.{session.kind}.{int(session.expires.timestamp())}"
        signed = create_signed_value(
            self._keys,
            NAME,
            value,
            clock=self._seconds,
            key_version=self._newest,
        )
        return base64.urlsafe_b64encode(signed).decode().rstrip("=")

    def read(self, token: str) -> Session:
        """Return the session of a Bearer token; Unauthenticated if we did not sign it as one.

        What was verified once is remembered, for a signature does not change; whether the session is over
        or was revoked is another question, asked of `Sessions.check` each time.
        """
        if len(token) > TOKEN_LIMIT:
            raise Unauthenticated
        return self._verified(token)

    def read_cookie(self, token: str) -> Session:
        """Return the session of the console's cookie; Unauthenticated if it is none, or lay idle.

        Nothing is remembered of it: the same cookie counts now and does not half an hour later.
        """
        if len(token) > TOKEN_LIMIT:
            raise Unauthenticated
        session = self._decode(token, IDLE / timedelta(days=1))
        if session.kind != "console":
            raise Unauthenticated
        return session

    def _verify(self, token: str) -> Session:
        session = self._decode(token, LONGEST_DAYS)
        if session.kind == "console":
            raise Unauthenticated
        return session

    def _decode(self, token: str, max_age_days: float) -> Session:
        try:
            signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except (binascii.Error, ValueError) as error:
            raise Unauthenticated from error
        value = decode_signed_value(
            self._keys,
            NAME,
            signed,
            max_age_days=max_age_days,
            clock=self._seconds,
            min_version=2,
        )
        parts = value.decode().split(".") if value else []
        if len(parts) != 4 or parts[2] not in KINDS:
            raise Unauthenticated
        session, subject, kind, expires = parts
        return Session(session, subject, kind, datetime.fromtimestamp(int(expires), UTC))  # type: ignore[arg-type]  # looked up in KINDS

    def _seconds(self) -> float:
        return self._now().timestamp()
