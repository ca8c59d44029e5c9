"""One process, watched from inside: for readiness, and for the system administrator."""

import os
import time
from importlib.metadata import version

from handlers.openapi import PACKAGE
from models.migrations import VERSION
from models.system import Engine, Running
from server.app import World
from server.config import Config
from server.engines import CACHE, DOCUMENTS, Engines
from server.front import Platform
from server.metrics import Metrics

# That a document is there already is an answer that the models ask for, no failure.
ANSWERS = frozenset({"ok", "DuplicateKeyError", "BulkWriteError"})


class Observer:
    """Watches one process; `index` says which of several it is."""

    def __init__(
        self,
        config: Config,
        engines: Engines,
        world: World,
        platform: Platform,
        metrics: Metrics,
        index: int,
    ) -> None:
        self._config = config
        self._engines = engines
        self._world = world
        self._wechat = platform.wechat
        self._is_simulated = platform.simulator is not None
        self._metrics = metrics
        self._index = index
        self._begun = time.monotonic()

    async def missing(self) -> list[str]:
        """Return the names of what requests stand on and is not there."""
        absent = await self._engines.missing()
        if not all(mirror.loaded for mirror in self._world.mirrors.values()):
            absent.append("mirrors")
        if self._wechat.misconfigured:
            await self._wechat.recheck()
        return [*absent, "wechat"] if self._wechat.misconfigured else absent

    async def look(self) -> Running:
        """Return how the process is."""
        missing, now = await self.missing(), time.monotonic()
        embedded = self._engines.embedded
        return Running(
            version=version(PACKAGE),
            schema=VERSION,
            index=self._index,
            processes=self._config.processes,
            pid=os.getpid(),
            uptime_seconds=now - self._begun,
            missing=missing,
            engines=self._list_engines(missing),
            engine_restarts=embedded.restarts if embedded else 0,
            mirrors={
                word: now - mirror.refreshed if mirror.loaded else None
                for word, mirror in self._world.mirrors.items()
            },
            requests=self._metrics.requests.sum_up(lambda status: str(status) >= "500"),
            engine_calls=self._metrics.engine_calls.sum_up(lambda outcome: outcome not in ANSWERS),
            wechat_calls=self._metrics.wechat_calls.sum_up(lambda outcome: outcome != "ok"),
            loop_lag=self._metrics.sum_up_lag(),
            events=self._metrics.list_events(),
        )

    def _list_engines(self, missing: list[str]) -> tuple[Engine, ...]:
        return (
            Engine(
                name="documents",
                kind="embedded" if self._engines.embedded else "configured",
                answers=DOCUMENTS not in missing,
            ),
            Engine(
                name="cache",
                kind="configured" if self._config.redis_url else "embedded",
                answers=CACHE not in missing,
            ),
            Engine(
                name="wechat",
                kind="simulated" if self._is_simulated else "configured",
                answers="wechat" not in missing,
                problem=self._wechat.misconfiguration,
            ),
        )
