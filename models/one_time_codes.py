"""One-time codes of an authenticator (RFC 6238): six digits, SHA-1, thirty seconds, as all apps read them."""

import base64
import hmac
from datetime import datetime
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20
DRIFT_STEPS = 1


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step, which is the Unix time divided by thirty seconds."""
    hashing = SHA1()  # noqa: S303  # RFC 6238's own; HMAC does not need collision resistance
    return TOTP(secret, DIGITS, hashing, STEP_SECONDS).generate(step * STEP_SECONDS).decode()


def step_at(at: datetime) -> int:
    """Return the step of a moment."""
    return int(at.timestamp()) // STEP_SECONDS


def find_step(secret: bytes, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, the present one or a neighbour (RFC 6238 §5.2), or None."""
    now = step_at(at)
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def provisioning_uri(secret: bytes, account: str, issuer: str) -> str:
    """Return the `otpauth:` link that an authenticator app takes up."""
    key = base64.b32encode(secret).decode().rstrip("=")
    return f"otpauth://totp/{quote(issuer)}:{quote(account)}?secret={key}&issuer={quote(issuer)}"
