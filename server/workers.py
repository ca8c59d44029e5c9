"""Background work: mirrors are refreshed, signals heard, and what is over is removed.

Every step may run twice or not at all for an hour; a dead engine only makes it late.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from models.mirrors import Mirror
from models.sessions import REVOKED
from models.station_board import STATIONS_CHANGED
from models.store import EngineUnavailable
from server.app import World

POLL_SECONDS = 1.0
SWEEP_SECONDS = 3600.0

log = logging.getLogger("union.workers")


class Workers:
    """The background tasks of one process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: list[asyncio.Task[None]] = []
        self.ready = False

    def start(self) -> None:
        """Begin: prepare the database first, then poll."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._world.signals.run())]

    async def prepare(self) -> None:
        """Make the indexes and load the mirrors; EngineUnavailable if the documents are not there."""
        for store in self._world.stores:
            await store.create_indexes()
        for mirror in self._mirrors().values():
            await mirror.refresh()
        self.ready = True

    async def stop(self) -> None:
        """End the tasks and wait until they have."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _mirrors(self) -> dict[str, Mirror]:  # type: ignore[type-arg]  # of any kind of document
        world = self._world
        return {
            "organisations": world.organisations.mirror,
            "appointments": world.appointments.mirror,
            REVOKED: world.revocations.mirror,
            STATIONS_CHANGED: world.board.mirror,
        }

    async def _run(self) -> None:
        while not self.ready:
            if not await _attempt("prepare", self.prepare):
                await asyncio.sleep(POLL_SECONDS)
        async with asyncio.TaskGroup() as group:
            for word, mirror in self._mirrors().items():
                group.create_task(self._poll(word, mirror.refresh))
            group.create_task(self._sweep())

    async def _poll(self, word: str, refresh: Callable[[], Awaitable[None]]) -> None:
        woken = asyncio.Event()
        self._world.signals.listen(word, woken.set)
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), POLL_SECONDS)
            woken.clear()
            await _attempt(word, refresh)

    async def _sweep(self) -> None:
        while True:
            await _attempt("sweep", self._world.sessions.forget_expired)
            await asyncio.sleep(SWEEP_SECONDS)


async def _attempt(name: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do one piece of work; a dead engine is logged and left for the next time."""
    try:
        await work()
    except EngineUnavailable:
        log.warning("work_postponed", extra={"work": name})
        return False
    return True
