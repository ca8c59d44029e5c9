"""Walking through many documents in the order of one field that others may share: each once, in pages."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeVar


class Ordered(Protocol):
    """What a walk goes by: values that can be compared."""

    def __lt__(self, other: Any, /) -> bool:
        """Say whether it comes before another."""


T = TypeVar("T")
K = TypeVar("K", bound=Ordered)

Read = Callable[[K | None, int], Awaitable[list[T]]]


async def walk_by(
    read: Read[K, T], place: Callable[[T], K], name: Callable[[T], str], size: int
) -> AsyncIterator[list[T]]:
    """Yield pages of about `size`; `read` gives so many from a place on, in order, `name` is of one alone.

    Many may stand at one place: as long as a page reaches no later one, the next is twice as long.
    """
    after, limit, seen = None, size, frozenset[str]()
    while page := await read(after, limit):
        fresh = [one for one in page if name(one) not in seen]
        if fresh:
            yield fresh
        if len(page) < limit:
            return
        after = place(page[-1])
        seen = frozenset(name(one) for one in page if place(one) == after)
        limit = size if len(seen) < size // 2 else 2 * limit
