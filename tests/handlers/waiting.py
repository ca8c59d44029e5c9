"""Waits for what the service's workers do on their own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(read: Callable[[], Awaitable[T]], is_wanted: Callable[[T], bool], seconds: float = 10) -> T:
    """Read, a real read that lets others work, until it is as wanted."""
    async with asyncio.timeout(seconds):
        while not is_wanted(value := await read()):
            pass
    return value
