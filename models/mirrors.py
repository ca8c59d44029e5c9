"""Mirrors: small collections that every process holds in memory.

A mirror loads its collection once and then asks only for what changed, on a signal and on a slow poll.
The question reaches back `OVERLAP` before the newest change seen, because a write of another process may
carry an earlier time than one already read; what was seen is recognised by id and time of change. A minute
after the last news no such write is under way any more, and what is asked for begins behind the newest: after
an import of thousands they would otherwise be read again each second.
"""

import math
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from models.clock import Now
from models.store import Store

OVERLAP = timedelta(seconds=10)
SETTLED = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Changing(Protocol):
    """A stored struct that says when it last changed."""

    @property
    def id(self) -> str:
        """The document's id."""

    @property
    def changed(self) -> datetime:
        """When the document was last written."""


C = TypeVar("C", bound=Changing)


def take_newest(known: dict[str, C], changed: Iterable[C]) -> list[C]:
    """Put what changed among what is known by id, never in place of a later state; return what was put."""
    taken = []
    for one in changed:
        before = known.get(one.id)
        if before is None or before.changed <= one.changed:
            known[one.id] = one
            taken.append(one)
    return taken


class Mirror(Generic[C]):
    """Feeds `absorb` with the documents of a store that are new or changed since the last refresh."""

    def __init__(
        self,
        store: Store[C],  # type: ignore[type-var]  # every Changing struct is a Struct
        absorb: Callable[[Sequence[C]], Awaitable[None] | None],
        now: Now,
    ) -> None:
        self._store = store
        self._absorb = absorb
        self._now = now
        self._heard = EPOCH
        self._newest = EPOCH
        self._seen: dict[str, datetime] = {}
        self.loaded = False
        self.refreshed = -math.inf
        """The monotonic clock's seconds when the last successful refresh began."""

    async def refresh(self) -> None:
        """Read what changed and hand it on; EngineUnavailable leaves the mirror as it was."""
        begun, at = time.monotonic(), self._now()
        documents = await self._store.list_({"changed": self._unread(at)})
        fresh = [item for item in documents if self._seen.get(item.id) != item.changed]
        fresh.sort(key=attrgetter("changed"))
        if fresh:
            working = self._absorb(fresh)
            if working is not None:
                await working
            self._newest = max(self._newest, fresh[-1].changed)
            self._heard = at
            self._seen.update((item.id, item.changed) for item in fresh)
            again = self._newest - OVERLAP
            self._seen = {name: changed for name, changed in self._seen.items() if changed >= again}
        self.loaded, self.refreshed = True, begun

    def _unread(self, at: datetime) -> Mapping[str, datetime]:
        """Return the times of change that may hold something new."""
        if not self.loaded:
            return {"$gte": EPOCH}
        if at - self._heard > SETTLED:
            return {"$gt": self._newest}
        return {"$gte": max(EPOCH, self._newest - OVERLAP)}
