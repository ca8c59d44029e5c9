"""Several processes of one service on real engines: sharing, restarted, drained, refused."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pymongo import AsyncMongoClient

from miniprogram_api.simulator import DEMO_APPID, Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from models.clock import utc_now
from models.migrations import VERSION
from server.config import Config, ConfigError, read_config
from server.processes import STOP_SECONDS
from tests.server.harness import (
    SECRET,
    environment,
    eventually,
    is_alive,
    launch,
    real_engines,
    real_redis,
    redis_server,
    until,
)
from tests.server.several import Connection, Running, two_processes

SEEN_SECONDS = 1.0


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
    async with redis_server(tmp_path) as redis_url:
        variables = environment(simulator.listen(), MONGODB_DATABASE=database, REDIS_URL=redis_url)
        async with two_processes(variables) as service:
            yield service


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
