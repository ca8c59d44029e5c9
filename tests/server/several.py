"""A service of two processes on engines that they share, and connections to each of them."""

import asyncio
import secrets
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from tornado.httpclient import AsyncHTTPClient

from server.loopback import HOST, bound_socket
from tests.server.harness import end, launch

# Below the ports that Linux gives to outgoing connections.
LOWEST_PORT, PORTS = 20_000, 12_000


class Connection:
    """One kept connection, and so one process of the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(
        self, method: str, path: str, token: str = "", body: bytes = b"", **headers: str
    ) -> tuple[int, bytes]:
        await self.send(method, path, token, body, **headers)
        return await self.answer()

    async def send(self, method: str, path: str, token: str = "", body: bytes = b"", **headers: str) -> None:
        """Send a request; an underscore in a header's name stands for a hyphen."""
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
        head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self._writer.write(head.encode() + b"\r\n" + body)
        await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(20):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            lines = dict(line.split(": ", 1) for line in head.splitlines()[1:] if ": " in line)
            content = await self._reader.readexactly(int(lines.get("Content-Length", "0")))
        return int(head.split(" ", 2)[1]), content

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class Running:
    """A service of two processes, its metrics, and its connections."""

    def __init__(self, parent: Process, port: int, metrics_port: int, client: AsyncHTTPClient) -> None:
        self.parent = parent
        self.port = port
        self._metrics_port = metrics_port
        self._client = client
        self._open: list[Connection] = []

    async def samples(self, index: int) -> dict[str, Any]:
        """The values of one process's metrics by name, summed over labels, and its process id."""
        reply = await self._client.fetch(f"http://{HOST}:{self._metrics_port + index}/metrics")
        sums: dict[str, Any] = {}
        for family in text_string_to_metric_families(reply.body.decode()):
            for sample in family.samples:
                sums[sample.name] = sums.get(sample.name, 0) + sample.value
                if sample.name == "union_process":
                    sums["pid"] = int(sample.labels["pid"])
        return sums

    async def pid(self, index: int) -> int:
        return int((await self.samples(index))["pid"])

    async def connect(self) -> Connection:
        connection = Connection(*await asyncio.open_connection(HOST, self.port))
        self._open.append(connection)
        return connection

    async def connect_to(self, index: int) -> Connection:
        """A connection that this process accepted, known by its count of requests."""
        for _ in range(200):
            before = (await self.samples(index)).get("union_requests_total", 0)
            connection = await self.connect()
            assert (await connection.ask("GET", "/healthz"))[0] == 200
            if (await self.samples(index)).get("union_requests_total", 0) > before:
                return connection
        raise AssertionError(f"process {index} never accepted")

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()


def free_pair() -> int:
    """A port that is free together with the next one, among those that no outgoing connection is given."""
    while True:
        port = LOWEST_PORT + secrets.randbelow(PORTS)
        with suppress(OSError), bound_socket(port), bound_socket(port + 1):
            return port


@asynccontextmanager
async def two_processes(variables: dict[str, str]) -> AsyncIterator[Running]:
    """A service of two processes with these variables, for the block."""
    metrics_port = free_pair()
    parent = await launch(variables | {"METRICS_PORT": str(metrics_port)}, "--processes", "2")
    client = AsyncHTTPClient(force_instance=True)
    try:
        assert parent.stdout is not None
        welcome = (await parent.stdout.readline()).decode()
        assert "2 个进程" in welcome, (await parent.communicate())[1].decode()
        port = int(welcome.partition("（")[0].rpartition(":")[2])
        service = Running(parent, port, metrics_port, client)
        yield service
        await service.close()
    finally:
        await end(parent)
        client.close()
