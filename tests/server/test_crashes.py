"""`python -m server` as a process: killed, its engine killed, told to stop, started twice."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from server.loopback import bound_socket
from tests.server.demos import START_SECONDS, Connection, Environment, Scanner, Server, launch, running
from tests.server.test_engines import HANG_SECONDS, until

pytestmark = pytest.mark.engines

URI = os.environ.get("MONGODB_URI", "")
WRITERS = 10

embedded_only = pytest.mark.skipif(bool(URI), reason="the engine at MONGODB_URI is no child of the server")


async def refused_start(environment: Environment, log: Path) -> tuple[int, list[str]]:
    """The exit status of a server that cannot start, and what it says besides its log."""
    process = await launch(environment, log)
    async with asyncio.timeout(START_SECONDS):
        status = await process.wait()
    return status, said_in(log)


def said_in(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if not line.startswith("{")]


async def write(scanner: Scanner, is_over: Callable[[], bool]) -> None:
    """Scan and scan again, each scan until it is acknowledged, as the client library does."""
    while not is_over():
        name, status = scanner.make_scan(), 503
        while status == 503:
            begun = monotonic()
            reply = await scanner.send(name)
            status = reply.status
            assert monotonic() - begun < HANG_SECONDS
            assert status in (201, 503), reply.body
            assert status == 201 or int(reply.headers["Retry-After"]) > 0


async def first_line(connection: Connection) -> bytes:
    """The first line of an answer that was waited for."""
    reader, writer = connection
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


async def kill_engine(server: Server) -> None:
    """Kill the engine, and wait for the next one."""
    killed = server.engine
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await until(lambda: server.engine not in (None, killed))


async def write_until_cut_off(scanner: Scanner) -> None:
    with suppress(OSError, HTTPClientError):
        await write(scanner, lambda: False)


async def test_a_killed_server_has_lost_no_acknowledged_scan_and_no_session(
    environment: Environment, client: AsyncHTTPClient
) -> None:
    async with running(environment, client) as server:
        scanner = await Scanner.log_in(server)
        writers = [asyncio.create_task(write_until_cut_off(scanner)) for _ in range(WRITERS)]
        await scanner.wait_for_more()
        server.process.kill()
        await asyncio.gather(*writers)
        assert len(scanner.answers) < len(scanner.sent)
    async with running(environment, client) as server:
        scanner.server = server
        session = await server.http("GET", "/api/v1/sessions/current", token=scanner.staff)
        assert (session.status, session.json["kind"]) == (200, "staff")
        await scanner.expect_all_kept()


@embedded_only
async def test_a_killed_engine_comes_back_without_a_lost_scan_a_hang_or_an_error(
    environment: Environment, client: AsyncHTTPClient
) -> None:
    async with running(environment, client) as server:
        scanner = await Scanner.log_in(server)
        is_over = False
        writers = [asyncio.create_task(write(scanner, lambda: is_over)) for _ in range(WRITERS)]
        await scanner.wait_for_more()
        await kill_engine(server)
        await scanner.wait_for_more()
        await kill_engine(server)
        await scanner.wait_for_more()
        is_over = True
        await asyncio.gather(*writers)
        assert server.process.returncode is None
        assert (await server.http("GET", "/readyz")).status == 200
        await scanner.expect_all_kept()


@embedded_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_told_to_stop_answers_what_runs_and_takes_nothing_new(
    environment: Environment, client: AsyncHTTPClient, number: signal.Signals
) -> None:
    async with running(environment, client) as server:
        scanner = await Scanner.log_in(server)
        engine = server.engine
        assert engine is not None
        os.kill(engine, signal.SIGSTOP)
        try:
            waiting = [await scanner.begin(scanner.make_scan()) for _ in range(WRITERS)]
            # The loop has them in hand once it answers what came after them.
            for _ in range(3):
                assert (await server.http("GET", "/healthz")).status == 200
            server.process.send_signal(number)
            while not await server.is_refusing():
                pass
        finally:
            os.kill(engine, signal.SIGCONT)
        answers = [await first_line(connection) for connection in waiting]
        assert answers == [b"HTTP/1.1 201 Created\r\n"] * WRITERS
        assert await server.wait() == 0


async def test_a_second_start_keeps_the_data(environment: Environment, client: AsyncHTTPClient) -> None:
    async with running(environment, client) as server:
        courier = await server.log_in("courier")
        frozen = await server.http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=courier)
        assert frozen.status == 200
        server.process.terminate()
        assert await server.wait() == 0
    async with running(environment, client) as server:
        card = await server.http("GET", "/api/v1/card", token=courier)
        assert (card.json["serial"], card.json["state"]) == (frozen.json["serial"], "frozen")


@embedded_only
async def test_a_second_server_on_the_same_folder_is_refused_in_one_line(
    environment: Environment, client: AsyncHTTPClient, tmp_path: Path
) -> None:
    async with running(environment, client) as server:
        status, said = await refused_start(environment, tmp_path / "second.log")
        assert status == 2
        assert [line.partition("：")[0] for line in said] == ["无法启动"]
        assert environment["DATA_DIR"] in said[0]
        assert (await server.http("GET", "/readyz")).status == 200


async def test_a_server_whose_port_is_taken_says_so_in_one_line(
    environment: Environment, tmp_path: Path
) -> None:
    with bound_socket(0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        status, said = await refused_start({**environment, "PORT": port}, tmp_path / "second.log")
    assert status == 2
    assert len(said) == 1
    assert said[0].startswith("无法启动：")
    assert "PORT" in said[0]
