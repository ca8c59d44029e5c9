"""Workers as a server has them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from models.store import EngineUnavailable


async def persevere(work: Callable[[], Awaitable[object]]) -> None:
    """Work until it is done: what an engine has given up is worked at again."""
    while True:
        with suppress(EngineUnavailable):
            await work()
            return
