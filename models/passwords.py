"""Passwords: kept as Scrypt (RFC 7914) with their own salt and cost, never as text.

A kept password is `scrypt$log2(n)$r$p$salt$hash`, salt and hash in base64. One derivation takes 32 MiB and
about a quarter of a second of a core, so it runs in a thread and only a few run at once.
"""

import asyncio
import base64
import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Struct

AT_ONCE = 2
SALT_BYTES = 16
HASH_BYTES = 32


class Cost(Struct, frozen=True):
    """What a derivation costs: memory is 128 × r × 2^log_n bytes, time that times p."""

    log_n: int = 15
    r: int = 8
    p: int = 3


class Passwords:
    """Derives and compares passwords."""

    def __init__(self, cost: Cost | None = None) -> None:
        self._cost = cost or Cost()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def keep(self, password: str) -> str:
        """Return the form in which a password is kept."""
        salt = secrets.token_bytes(SALT_BYTES)
        async with self._turn:
            derived = await asyncio.to_thread(_scrypt(self._cost, salt).derive, password.encode())
        cost = self._cost
        return f"scrypt${cost.log_n}${cost.r}${cost.p}${_text(salt)}${_text(derived)}"

    async def matches(self, kept: str | None, password: str) -> bool:
        """Say whether a password is the kept one; without a kept one it takes as long and is not."""
        if kept is None:
            await self.keep(password)
            return False
        _, log_n, r, p, salt, derived = kept.split("$")
        scrypt = _scrypt(Cost(int(log_n), int(r), int(p)), base64.b64decode(salt))
        try:
            async with self._turn:
                await asyncio.to_thread(scrypt.verify, password.encode(), base64.b64decode(derived))
        except InvalidKey:
            return False
        return True


def _scrypt(cost: Cost, salt: bytes) -> Scrypt:
    return Scrypt(salt=salt, length=HASH_BYTES, n=1 << cost.log_n, r=cost.r, p=cost.p)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
