"""The access token that all processes share, renewed by one of them at a time.

Only `stable_token` in normal mode is asked: it gives everybody the same token, renews it five minutes before
its end and lets the old one live as long, so that asking once too often is harmless. What the processes share
lies on a `TokenShelf`, whose loss costs nothing but such calls.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Protocol

from msgspec import Meta, Struct

SPARE_SECONDS = 200
"""A token leaves the shelf so long before its end; WeChat gives none with less than 300 s left."""
POLL_SECONDS = 0.1

Sleep = Callable[[float], Awaitable[None]]


class NewToken(Struct, frozen=True):
    """What `stable_token` answers; `expires_in` is in seconds."""

    access_token: Annotated[str, Meta(min_length=1, max_length=2048)]
    expires_in: Annotated[int, Meta(ge=0)]


class TokenShelf(Protocol):
    """A place for the token that all processes reach. It raises nothing: a lost shelf is an empty one.

    The lock lapses by itself after a time longer than a refresh can take, for a process may die with it.
    """

    async def get(self) -> str | None:
        """Return the token, or None when there is none."""

    async def put(self, token: str, seconds: int, /) -> None:
        """Keep the token for so long."""

    async def lock(self, owner: str, /) -> bool:
        """Take the right to refresh; True also when the shelf is lost, since nobody else can tell."""

    async def unlock(self, owner: str, /) -> None:
        """Give the right back, if it is still this owner's."""


class AccessTokens:
    """Gives out the token. In this process, too, at most one refresh runs, and all who wait share its end."""

    def __init__(self, shelf: TokenShelf, fetch: Callable[[], Awaitable[NewToken]], sleep: Sleep) -> None:
        self._shelf = shelf
        self._fetch = fetch
        self._sleep = sleep
        self._refreshing: asyncio.Task[str] | None = None

    async def get(self, refused: str | None = None) -> str:
        """Return the token, and another one than `refused` if WeChat has one.

        Raises the `WeChatError` of a refresh that failed. Who stops waiting does not stop the refresh.
        """
        token = await self._shelf.get()
        if token and token != refused:
            return token
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh(refused))
            self._refreshing.add_done_callback(self._forget)
        return await asyncio.shield(self._refreshing)

    def close(self) -> None:
        """Stop a refresh that runs."""
        if self._refreshing is not None:
            self._refreshing.cancel()

    def _forget(self, refreshing: asyncio.Task[str]) -> None:
        self._refreshing = None
        if not refreshing.cancelled():
            refreshing.exception()  # Nobody may be left to hear of it.

    async def _refresh(self, refused: str | None) -> str:
        """Ask WeChat for the token, unless another process does: then wait for what it puts on the shelf."""
        owner = secrets.token_hex(16)
        while not await self._shelf.lock(owner):
            await self._sleep(POLL_SECONDS)
            token = await self._shelf.get()
            if token and token != refused:
                return token
        try:
            token = await self._shelf.get()
            if token and token != refused:
                return token
            fresh = await self._fetch()
            if fresh.expires_in > SPARE_SECONDS:
                await self._shelf.put(fresh.access_token, fresh.expires_in - SPARE_SECONDS)
            return fresh.access_token
        finally:
            await self._shelf.unlock(owner)


class NoShelf:
    """The shelf of a process that shares with nobody: every need of a token asks WeChat."""

    async def get(self) -> str | None:
        """Return nothing."""
        return None

    async def put(self, _token: str, _seconds: int, /) -> None:
        """Keep nothing."""

    async def lock(self, _owner: str, /) -> bool:
        """Let anybody refresh."""
        return True

    async def unlock(self, _owner: str, /) -> None:
        """Hold no lock."""
