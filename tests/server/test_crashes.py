"""`python -m server` as a process: killed, its engine killed, told to stop, started twice."""

import asyncio
import base64
import os
import re
import secrets
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from models.card_codes import code_at
from models.clock import local_day, utc_now
from server.loopback import HOST, bound_socket
from tests.factories import Http, Reply
from tests.server.test_engines import HANG_SECONDS, until

pytestmark = pytest.mark.engines

URI = os.environ.get("MONGODB_URI", "")
WRITERS = 10
SOME_SCANS = 50
START_SECONDS = 30.0
STOP_SECONDS = 10.0

Environment = dict[str, str]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

embedded_only = pytest.mark.skipif(bool(URI), reason="the engine at MONGODB_URI is no child of the server")


class Server:
    """A server in a process of its own, and a client for it."""

    def __init__(self, process: Process, url: str, client: AsyncHTTPClient, data_dir: Path) -> None:
        self.process = process
        self.http = Http(client, url)
        self.port = int(url.rpartition(":")[2])
        self._pid_file = data_dir / "engine" / "engine.pid"

    @property
    def engine(self) -> int | None:
        """The process id of the embedded engine, or None while there is none."""
        with suppress(FileNotFoundError, ValueError):
            return int(self._pid_file.read_text())
        return None

    async def log_in(self, person: str, *, staff: bool = False) -> str:
        """The token of a demo person's new session."""
        code = (await self.http("POST", "/demo/login-codes", {"person": person})).json["code"]
        return str(
            (await self.http("POST", "/api/v1/sessions", {"code": code, "staff": staff})).json["token"]
        )

    async def is_refusing(self) -> bool:
        """Whether nobody listens any more."""
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
            writer.close()
            await writer.wait_closed()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass
        return False

    async def wait(self) -> int:
        """The exit status, soon."""
        async with asyncio.timeout(STOP_SECONDS):
            return await self.process.wait()


class Scanner:
    """Staff who scan the courier's card, and remember what they sent and what was answered first."""

    def __init__(self, server: Server, staff: str, courier: str, card: Any) -> None:
        self.server = server
        self.staff = staff
        self._courier = courier
        self._card = card
        self.sent: dict[str, dict[str, str]] = {}
        self.answers: dict[str, bytes] = {}

    @classmethod
    async def log_in(cls, server: Server) -> "Scanner":
        courier = await server.log_in("courier")
        card = await server.http("GET", "/api/v1/card", token=courier)
        return cls(server, await server.log_in("staff", staff=True), courier, card.json)

    def make_scan(self) -> str:
        """The id of a new scan, of the code that the courier's phone shows now."""
        now = utc_now()
        keys = {each["day"]: each["key"] for each in self._card["dayKeys"]}
        key = base64.urlsafe_b64decode(keys[local_day(now)] + "=")
        code = code_at(key, self._card["keyId"], self._card["serial"], now).text
        name = f"scan-{secrets.token_hex(8)}"
        self.sent[name] = {"scanId": name, "code": code, "purpose": "identify"}
        return name

    async def send(self, name: str) -> Reply:
        """Send a scan, perhaps again."""
        reply = await self.server.http("POST", "/api/v1/scans", self.sent[name], token=self.staff)
        if reply.status == 201:
            self.answers.setdefault(name, reply.body)
        return reply

    async def begin(self, name: str) -> Connection:
        """Send a scan over a connection of its own, without waiting for the answer."""
        reader, writer = await asyncio.open_connection(HOST, self.server.port)
        body = msgspec.json.encode(self.sent[name])
        head = f"POST /api/v1/scans HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {self.staff}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        writer.write(body)
        return reader, writer

    async def wait_for_more(self) -> None:
        """Wait until some more scans are acknowledged."""
        enough = len(self.answers) + SOME_SCANS
        await until(lambda: len(self.answers) >= enough)

    async def count_shown(self) -> int:
        """How many scans the courier is shown."""
        count, after = 0, ""
        while True:
            path = f"/api/v1/card/scans?limit=100{after}"
            page = (await self.server.http("GET", path, token=self._courier)).json
            count += len(page["items"])
            if page["next"] is None:
                return count
            after = f"&after={page['next']}"

    async def expect_all_kept(self) -> None:
        """Every scan is stored once, and those that were acknowledged get their first answer again."""
        acknowledged = dict(self.answers)
        for name in self.sent:
            first, again = await self.send(name), await self.send(name)
            assert (first.status, again.status) == (201, 201)
            assert first.body == again.body == acknowledged.get(name, first.body)
        assert await self.count_shown() == len(self.sent)


@pytest.fixture
async def client() -> AsyncIterator[AsyncHTTPClient]:
    client = AsyncHTTPClient(force_instance=True, max_clients=200)
    yield client
    client.close()


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    """A data folder, or a database of its own on the configured engine."""
    database = f"test_{secrets.token_hex(6)}"
    own = {"PORT": "0", "DATA_DIR": str(tmp_path / "var"), "MONGODB_DATABASE": database, "DEMO": "true"}
    yield {**os.environ, **own}
    if URI:
        async with AsyncMongoClient[dict[str, Any]](URI) as driver:
            await driver.drop_database(database)


async def launch(environment: Environment, log: Path) -> Process:
    with log.open("ab") as stderr:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server"),
            env=environment,
            stdout=PIPE,
            stderr=stderr,
            start_new_session=True,
        )


@asynccontextmanager
async def running(environment: Environment, client: AsyncHTTPClient) -> AsyncIterator[Server]:
    """A server that has said where it is; what is left of it is killed after the block."""
    data_dir = Path(environment["DATA_DIR"])
    log = data_dir.with_name("server.log")
    process = await launch(environment, log)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            welcome = await process.stdout.readuntil("接口文档".encode())
        url = re.search(rf"http://{HOST}:\d+", welcome.decode())
        assert url is not None
        yield Server(process, url[0], client, data_dir)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert "Traceback" not in log.read_text()
    assert '"request_failed"' not in log.read_text()


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
