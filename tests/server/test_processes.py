"""Several processes of one service on real engines: sharing, restarted, drained, refused."""

import asyncio
import os
import secrets
import signal
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from miniprogram_api.simulator import DEMO_APPID, Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from models.clock import utc_now
from models.migrations import VERSION
from server.config import Config, ConfigError, read_config
from server.loopback import HOST, bound_socket
from server.processes import STOP_SECONDS
from tests.server.harness import (
    SECRET,
    end,
    environment,
    eventually,
    is_alive,
    launch,
    real_engines,
    real_redis,
    redis_server,
    until,
)

SEEN_SECONDS = 1.0


class Connection:
    """One kept connection, and so one process of the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, method: str, path: str, token: str = "", body: bytes = b"") -> tuple[int, bytes]:
        await self.send(method, path, token, body)
        return await self.answer()

    async def send(self, method: str, path: str, token: str = "", body: bytes = b"") -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        head += f"Authorization: Bearer {token}\r\n" if token else ""
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
    """A port that is free together with the next one."""
    while True:
        with bound_socket(0) as first:
            port = int(first.getsockname()[1])
            with suppress(OSError, OverflowError), bound_socket(port + 1):
                return port


@pytest.fixture
async def database() -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    yield name
    async with AsyncMongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
        await client.drop_database(name)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator(DEMO_APPID, SECRET, utc_now)
    yield simulator
    await simulator.close()


@pytest.fixture
async def running(tmp_path: Path, database: str, simulator: Simulator) -> AsyncIterator[Running]:
    metrics_port = free_pair()
    async with redis_server(tmp_path) as redis_url:
        variables = environment(
            simulator.listen(),
            MONGODB_DATABASE=database,
            REDIS_URL=redis_url,
            METRICS_PORT=str(metrics_port),
        )
        parent = await launch(variables, "--processes", "2")
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


async def log_in(connection: Connection, simulator: Simulator) -> str:
    body = msgspec.json.encode({"code": simulator.issue_code("o-someone").code})
    status, content = await connection.ask("POST", "/api/v1/sessions", body=body)
    assert status == 201, content
    return str(msgspec.json.decode(content)["token"])


@real_engines
@real_redis
@pytest.mark.engines
async def test_log_out_in_one_process_is_obeyed_by_the_other_within_a_second(
    running: Running, simulator: Simulator
) -> None:
    one, other = await running.connect_to(0), await running.connect_to(1)
    token = await log_in(one, simulator)
    assert (await other.ask("GET", "/api/v1/sessions/current", token))[0] == 200
    assert (await one.ask("DELETE", "/api/v1/sessions/current", token))[0] == 204
    begun = time.monotonic()
    while (await other.ask("GET", "/api/v1/sessions/current", token))[0] != 401:
        assert time.monotonic() - begun < SEEN_SECONDS


@real_engines
@real_redis
@pytest.mark.engines
async def test_killed_process_is_replaced_while_the_other_serves(running: Running) -> None:
    victim, kept = await running.pid(0), await running.connect_to(1)
    os.kill(victim, signal.SIGKILL)

    async def is_replaced() -> bool:
        assert (await kept.ask("GET", "/healthz"))[0] == 200
        with suppress(OSError):
            return await running.pid(0) != victim
        return False

    await eventually(is_replaced)
    replaced = await running.connect_to(0)
    assert (await replaced.ask("GET", "/readyz"))[0] == 200


@real_engines
@real_redis
@pytest.mark.engines
async def test_every_process_finishes_its_request_before_the_service_ends(
    running: Running, simulator: Simulator
) -> None:
    connections = [await running.connect_to(0), await running.connect_to(1)]
    begun = [await running.samples(index) for index in (0, 1)]
    codes = [simulator.issue_code(f"o-{number}").code for number in range(2)]
    simulator.state.faults.plan(PlannedFault("/sns/jscode2session", Fault.LATENCY, times=2, seconds=3.0))
    for connection, code in zip(connections, codes, strict=True):
        await connection.send("POST", "/api/v1/sessions", body=msgspec.json.encode({"code": code}))

    async def are_working() -> bool:
        return all([(await running.samples(index))["union_requests_running"] for index in (0, 1)])

    await eventually(are_working, 10)
    running.parent.send_signal(signal.SIGTERM)
    stopped = time.monotonic()
    answers = [await connection.answer() for connection in connections]
    assert [status for status, _ in answers] == [201, 201]
    assert await running.parent.wait() == 0
    assert time.monotonic() - stopped < STOP_SECONDS
    assert not any(is_alive(int(one["pid"])) for one in begun)
    with pytest.raises(ConnectionRefusedError):
        await running.connect()


@real_engines
@real_redis
@pytest.mark.engines
async def test_killed_parent_leaves_no_process_behind(running: Running) -> None:
    children = [await running.pid(index) for index in (0, 1)]
    running.parent.kill()
    await running.parent.wait()
    await until(lambda: not any(map(is_alive, children)), STOP_SECONDS)


@real_engines
@real_redis
@pytest.mark.engines
async def test_processes_that_may_not_touch_the_database_say_why_and_end(
    tmp_path: Path, database: str, simulator: Simulator
) -> None:
    async with AsyncMongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
        mark = {"_id": "schema", "version": VERSION + 1, "changed": "~2026-07-15T00:00:00.000Z"}
        await client[database]["meta"].insert_one(mark)
    async with redis_server(tmp_path) as redis_url:
        variables = environment(
            simulator.listen(), MONGODB_DATABASE=database, REDIS_URL=redis_url, PROCESSES="2"
        )
        parent = await launch(variables)
        async with asyncio.timeout(60):
            out, err = await parent.communicate()
    assert (parent.returncode, out) == (2, b"")
    assert f"数据结构版本是 {VERSION + 1}" in err.decode()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "MONGODB_URI、REDIS_URL"),
        ({"REDIS_URL": "redis://127.0.0.1"}, "MONGODB_URI"),
        ({"MONGODB_URI": "mongodb://127.0.0.1", "DEMO": "true"}, "REDIS_URL"),
        (
            {"MONGODB_URI": "mongodb://127.0.0.1", "REDIS_URL": "redis://127.0.0.1", "DEMO": "true"},
            "WECHAT_APPID",
        ),
    ],
)
def test_several_processes_without_real_engines_are_refused_by_name(
    given: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigError, match=named):
        read_config({"PROCESSES": "2", **given})
    assert isinstance(read_config({"PROCESSES": "1"}), Config)


@pytest.mark.engines
async def test_command_line_s_processes_are_refused_in_one_chinese_line(tmp_path: Path) -> None:
    plain = {name: value for name, value in os.environ.items() if name not in ("MONGODB_URI", "REDIS_URL")}
    process = await launch(plain | {"DATA_DIR": str(tmp_path)}, "--processes", "3")
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.decode().splitlines() == [
        "无法启动：多进程（PROCESSES 大于 1）必须设置 MONGODB_URI、REDIS_URL：内置引擎只能供一个进程使用"
    ]
