"""The load: a process that sends a bounded number of requests over a few connections that stay open."""

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from time import perf_counter

from msgspec import Struct

from scripts.benchmarks.paths import PATHS, Path
from scripts.benchmarks.pipes import Parent
from scripts.benchmarks.setting import Cast, Ready

REQUEST_SECONDS = 20.0
# Of so many answers the one of median length is the one that the floor sends.
KEPT_ANSWERS = 101

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)")


class Order(Struct, frozen=True):
    """Send `count` requests of a path to a port: `rate` a second, or as many as are answered if it is 0."""

    path: int
    port: int
    count: int
    rate: float = 0.0


class Answer(Struct, frozen=True):
    """An answer's status, header fields and body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Sent(Struct, frozen=True):
    """How it went: seconds in all, the latency's middle and its 99th percentile in seconds, one answer."""

    seconds: float
    p50: float
    p99: float
    answer: Answer


class WrongAnswer(Exception):
    """The server answered something else than the path expects."""


class Connection:
    """One connection that sends request after request."""

    def __init__(self, port: int, path: Path) -> None:
        self._port = port
        self._path = path
        self.latencies: list[float] = []
        self.answers: list[bytes] = []

    async def send(self, requests: Iterator[tuple[float, bytes]]) -> None:
        """Send requests until none is left, each when it is due; connections share the iterator.

        One that is sent late, because every connection waits for an answer, counts from when it was due.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        for due, request in requests:
            if (early := due - perf_counter()) > 0:
                await asyncio.sleep(early)
            begun = due or perf_counter()
            writer.write(request)
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1])) if length else b""
            self.latencies.append(perf_counter() - begun)
            if self._path.expects not in body:
                raise WrongAnswer(f"{self._path.name}: {(head + body)[:2000]!r}")
            if len(self.answers) <= KEPT_ANSWERS // self._path.connections:
                self.answers.append(head + body)
        writer.close()
        await writer.wait_closed()


async def send(order: Order, requests: Iterator[bytes]) -> Sent:
    """Carry out one order."""
    shared = _timed(islice(requests, order.count), order.rate)
    path = PATHS[order.path]
    connections = [Connection(order.port, path) for _ in range(path.connections)]
    begun = perf_counter()
    await asyncio.gather(*(connection.send(shared) for connection in connections))
    seconds = perf_counter() - begun
    latencies = sorted(latency for connection in connections for latency in connection.latencies)
    answers = sorted((answer for connection in connections for answer in connection.answers), key=len)
    return Sent(
        seconds,
        latencies[len(latencies) // 2],
        latencies[len(latencies) * 99 // 100],
        _parse(answers[len(answers) // 2]),
    )


def _timed(requests: Iterator[bytes], rate: float) -> Iterator[tuple[float, bytes]]:
    """Yield when each request is due, and the request; 0 is at once."""
    begun = perf_counter()
    for number, request in enumerate(requests):
        yield begun + number / rate if rate else 0.0, request


def _parse(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return Answer(int(first.split(" ")[1]), headers, body)


async def main() -> None:
    """Carry out orders until the benchmark is over."""
    parent = await Parent.connect()
    cast = await parent.hear(Cast)
    requests = [path.requests(cast) for path in PATHS]
    parent.tell(Ready())
    try:
        while True:
            order = await parent.hear(Order)
            parent.tell(await send(order, requests[order.path]))
    except EOFError:
        return


if __name__ == "__main__":
    asyncio.run(main())
