"""Ours against the floor, in alternating rounds; what counts is the CPU seconds of the server's process."""

import ctypes
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path as Folder

from msgspec import Struct
from msgspec.structs import replace

from scripts.benchmarks.floor import Floor
from scripts.benchmarks.load import Order, Sent
from scripts.benchmarks.paths import PATHS, Path
from scripts.benchmarks.pipes import Child
from scripts.benchmarks.setting import Cast, Ready, Setting

WARM_UP_SHARE = 0.3


class Server(Struct, frozen=True):
    """A running server: its processes, and the port that they share."""

    children: list[Child]
    port: int

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of the processes so far, in user and system mode."""
        return sum(time.clock_gettime(cpu_clock(child.pid)) for child in self.children)


class Round(Struct, frozen=True):
    """One round against one server: CPU seconds per request, requests per second, latencies in seconds."""

    cpu: float
    rate: float
    p50: float
    p99: float


class Comparison(Struct, frozen=True):
    """All rounds of one path, each of ours beside the floor's that followed."""

    path: Path
    ours: list[Round]
    floor: list[Round]
    half: Sent | None
    """Ours at half of the most that it answered, of a path that takes any number of requests."""

    @property
    def ratios(self) -> list[float]:
        """Floor over ours, pair by pair, in CPU seconds per request."""
        return [floor.cpu / ours.cpu for ours, floor in zip(self.ours, self.floor, strict=True)]


class Stage(Struct, frozen=True):
    """What all comparisons stand on: the setting, the people, the load, our server, and the sizes.

    `quiet` is a server of ours without workers, if there are newcomers to join.
    """

    setting: Setting
    cast: Cast
    load: Child
    ours: Server
    quiet: Server | None
    rounds: int
    requests: int

    async def compare(self, number: int) -> Comparison:
        """Compare one path, by its place in `PATHS`."""
        count = requests_of(PATHS[number], self.requests)
        warm_up = max(1, round(count * WARM_UP_SHARE))
        ours = self.quiet if self.quiet and PATHS[number].leaves_work else self.ours
        first = await self._send(ours, number, warm_up)
        asked = Floor(self.setting, self.cast, number, first.answer)
        async with AsyncExitStack() as closing:
            floor = await _started(
                "floor", self.setting, closing, lambda shared: replace(asked, setting=shared)
            )
            await self._send(floor, number, warm_up)
            rounds = [
                (await self._round(ours, number, count), await self._round(floor, number, count))
                for _ in range(self.rounds)
            ]
        most = max(ours.rate for ours, _ in rounds)
        half = None if PATHS[number].leaves_work else await self._send(ours, number, count, most / 2)
        return Comparison(PATHS[number], [ours for ours, _ in rounds], [bare for _, bare in rounds], half)

    async def _round(self, server: Server, number: int, count: int) -> Round:
        before = server.cpu_seconds()
        sent = await self._send(server, number, count)
        cpu = server.cpu_seconds() - before
        return Round(cpu / count, count / sent.seconds, sent.p50, sent.p99)

    async def _send(self, server: Server, number: int, count: int, rate: float = 0.0) -> Sent:
        return await self.load.ask(Order(number, server.port, count, rate), Sent)


def cpu_clock(pid: int) -> int:
    """Return the clock of a process's CPU time, exact where `/proc` counts ticks of ten milliseconds.

    POSIX's `clock_getcpuclockid`, which Python does not offer; raises OSError.
    """
    clock = ctypes.c_int()
    if error := ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error))
    return clock.value


def requests_of(path: Path, requests: int) -> int:
    """Return how many of a path's requests make a round."""
    return max(1, round(requests * path.share))


def newcomers_of(path: Path, requests: int, rounds: int) -> int:
    """Return how many newcomers all rounds of a path take: one for each request to either server."""
    return (2 * rounds + 1) * requests_of(path, requests) if path.leaves_work else 0


@asynccontextmanager
async def opened_stage(setting: Setting, rounds: int, requests: int) -> AsyncIterator[Stage]:
    """Seed the database, start our server and the load, and end them after the block."""
    folder = Folder(setting.folder)

    async with AsyncExitStack() as closing:

        async def start(module: str) -> Child:
            child = await Child.start(module, folder)
            closing.push_async_callback(child.end)
            return child

        cast = await (await start("seeding")).ask(setting, Cast)
        ours = await _started("ours", setting, closing, lambda shared: shared)
        silent = replace(setting, has_workers=False, stations=0)
        quiet = await _started("ours", silent, closing, lambda shared: shared) if setting.newcomers else None
        load = await start("load")
        await load.ask(cast, Ready)
        yield Stage(setting, cast, load, ours, quiet, rounds, requests)


async def _started(
    module: str, setting: Setting, closing: AsyncExitStack, question: Callable[[Setting], Struct]
) -> Server:
    """Start a server's processes, one after the other, at the port that the first of them chooses."""
    children: list[Child] = []
    port = 0
    for _ in range(setting.processes):
        children.append(await Child.start(module, Folder(setting.folder)))
        closing.push_async_callback(children[-1].end)
        port = (await children[-1].ask(question(replace(setting, port=port)), Ready)).port
    return Server(children, port)
