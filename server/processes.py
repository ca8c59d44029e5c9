"""Several processes of one service: the parent binds the sockets, the children accept on them.

Children are spawned, never forked: a fork would copy a running loop and its connections. Each is started
again when it dies, at once the first time, then after longer and longer pauses. They share the sockets and
the real engines and nothing else: one hears of another's changes through the database and its signals.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from typing import Self

from server.config import Config
from server.folder import CannotStart
from server.listening import Listening
from server.loopback import READY
from server.service import DRAIN_SECONDS
from server.supervisor import Backoff

READY_SECONDS = 30.0
# Draining, then closing what the child stands on; who takes longer is killed.
STOP_SECONDS = DRAIN_SECONDS + 5.0

log = logging.getLogger("union.processes")


class ProcessNotStarted(CannotStart):
    """A child ended, or stayed silent, before it listened; it has said why by itself."""

    def __init__(self, index: int) -> None:
        super().__init__(f"第 {index + 1} 个服务进程未能启动，原因见上")


class Processes:
    """The children of one service, from `start` to `stop`."""

    def __init__(self, config: Config, listening: Listening) -> None:
        self.restarts = 0
        self._config = config
        self._listening = listening
        self._children: dict[int, Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._is_clean = True

    @classmethod
    async def start(cls, config: Config) -> Self:
        """Bind the sockets and start all children; ProcessNotStarted leaves none behind.

        The first one starts alone: it prepares the database, or says why that cannot be.
        """
        processes = cls(config, Listening.bind(config))
        try:
            await processes._begin(0)
            await asyncio.gather(*(processes._begin(index) for index in range(1, config.processes)))
        except BaseException:
            await processes.stop()
            raise
        return processes

    @property
    def url(self) -> str:
        """Where the service is."""
        return self._listening.url(self._config)

    async def stop(self) -> bool:
        """Accept nothing more, let every child finish what it works on; return whether all ended well."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._listening.close()
        ended = await asyncio.gather(*(_end(child) for child in self._children.values()))
        return all(ended)

    async def _begin(self, index: int) -> None:
        child = await self._launch(index)
        self._keepers.append(asyncio.create_task(self._keep_alive(index, child)))

    async def _keep_alive(self, index: int, child: Process) -> None:
        """Replace a child whenever it dies, until cancelled."""
        loop, backoff = asyncio.get_running_loop(), Backoff()
        while True:
            born = loop.time()
            status = await child.wait()
            log.warning("process_ended", extra={"index": index, "exit_code": status})
            child = await self._relaunch(index, backoff, loop.time() - born)
            self.restarts += 1

    async def _relaunch(self, index: int, backoff: Backoff, lived: float) -> Process:
        while True:
            await asyncio.sleep(backoff.delay(lived))
            try:
                return await self._launch(index)
            except (ProcessNotStarted, OSError):
                log.warning("process_not_restarted", extra={"index": index})
                lived = 0.0

    async def _launch(self, index: int) -> Process:
        """Start a child and wait until it listens; none is left behind when it does not."""
        descriptors = [one.fileno() for one in self._listening.sockets]
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server.process"),
            *("--index", str(index)),
            *("--sockets", ",".join(map(str, descriptors))),
            env=os.environ | {"PROCESSES": str(self._config.processes)},
            stdin=PIPE,
            stdout=PIPE,
            pass_fds=descriptors,
            start_new_session=True,
        )
        self._children[index] = child
        if not await _says_ready(child):
            await _end(child, 0.0)
            raise ProcessNotStarted(index)
        return child


async def _says_ready(child: Process) -> bool:
    """Return whether a child says within `READY_SECONDS` that it listens."""
    if child.stdout is None:
        return False
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await child.stdout.readline() == READY
    except TimeoutError:
        return False


async def _end(child: Process, seconds: float = STOP_SECONDS) -> bool:
    """End a child that may have ended already; return whether it did so in time and without a complaint."""
    if child.returncode is None:
        child.terminate()
        try:
            await asyncio.wait_for(child.wait(), seconds)
        except TimeoutError:
            child.kill()
            await child.wait()
    return child.returncode == 0
