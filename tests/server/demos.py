"""A demo in a process of its own, and staff who scan in it: what tests that kill such a process share."""

import asyncio
import base64
import re
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from tornado.httpclient import AsyncHTTPClient

from models.card_codes import code_at
from models.clock import local_day, utc_now
from server.loopback import HOST
from tests.factories import Http, Reply
from tests.server.test_engines import until

SOME_SCANS = 50
START_SECONDS = 30.0
STOP_SECONDS = 10.0

Environment = dict[str, str]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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
