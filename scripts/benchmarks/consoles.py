"""An officer's console in a demo, over HTTP, as far as importing a roster goes."""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import TypeVar

import msgspec
from msgspec import Struct
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPResponse

from models.roster_jobs import ENDED, JobState

IMPORTS = "/api/v1/staff/members/imports"
REQUEST_SECONDS = 60.0
ERASE_SECONDS = 30.0
SLOWEST_POLL_SECONDS = 1.0

S = TypeVar("S", bound=Struct)


class WrongOutcome(Exception):
    """The import did not come out as it must."""


class Begun(Struct):
    """A sign-in that begins."""

    code: str
    secret: str


class Code(Struct):
    """A demo person's login code."""

    code: str


class Session(Struct):
    """A session on the phone."""

    token: str


class Counted(Struct):
    """How many members a union has."""

    counted: int


class Import(Struct, rename="camel"):
    """An import as the console shows it."""

    id: str
    state: JobState
    counts: dict[str, int]
    error_words: str | None
    has_file: bool


class Console:
    """An officer's console."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = AsyncHTTPClient(force_instance=True)
        self._headers: dict[str, str] = {"X-Console-Request": "1"}

    async def sign_in(self) -> None:
        """Sign in by the demo's phone."""
        begun = await self.ask("POST", "/api/v1/staff/sign-ins", Begun)
        code = (await self.ask("POST", "/demo/login-codes", Code, {"person": "officer"})).code
        asked = {"code": code, "staff": True}
        token = (await self.ask("POST", "/api/v1/sessions", Session, asked)).token
        path = f"/api/v1/staff/sign-ins/{begun.code}"
        await self._fetch("POST", f"{path}/confirmation", b"", {"Authorization": f"Bearer {token}"})
        secret = msgspec.json.encode({"secret": begun.secret})
        opened = await self._fetch("POST", f"{path}/session", secret, {})
        self._headers["Cookie"] = opened.headers["Set-Cookie"].partition(";")[0]

    async def ask(self, method: str, path: str, kind: type[S], body: object = None) -> S:
        """Return the answer to a request; WrongOutcome for a refusal."""
        sent = msgspec.json.encode(body) if body is not None else b""
        return msgspec.json.decode((await self._fetch(method, path, sent, {})).body, type=kind)

    async def upload(self, content: bytes) -> Import:
        """Return the import that a file begins."""
        reply = await self._fetch("POST", IMPORTS, content, {"Content-Type": "text/csv"})
        return msgspec.json.decode(reply.body, type=Import)

    async def run(self, job: str) -> Import:
        """Let an import run."""
        return await self.ask("POST", f"{IMPORTS}/{job}/runs", Import)

    async def count(self, union: str) -> int:
        """Return how many members a union has."""
        return (await self.ask("GET", f"/api/v1/staff/organisations/{union}/figures", Counted)).counted

    async def settled(self, job: str, *states: JobState) -> Import:
        """Return an import once it is in one of some states; WrongOutcome for one that failed."""
        begun = perf_counter()
        while True:
            found = await self.ask("GET", f"{IMPORTS}/{job}", Import)
            if found.state == "failed":
                raise WrongOutcome(f"the import failed: {found.error_words}")
            if found.state in states:
                return found
            await asyncio.sleep(min(SLOWEST_POLL_SECONDS, 0.1 + (perf_counter() - begun) / 10))

    async def erased(self, job: str) -> Import:
        """Return an import that is over once its file is gone, or after some seconds if it is not."""
        begun = perf_counter()
        while (found := await self.settled(job, *ENDED)).has_file:
            if perf_counter() - begun > ERASE_SECONDS:
                break
            await asyncio.sleep(0.1)
        return found

    def close(self) -> None:
        """Close the client."""
        self._client.close()

    async def _fetch(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> HTTPResponse:
        try:
            return await self._client.fetch(
                self._url + path,
                method=method,
                body=None if method == "GET" else body,
                headers={"Content-Type": "application/json", **self._headers, **headers},
                request_timeout=REQUEST_SECONDS,
            )
        except HTTPClientError as refused:
            words = refused.response.body.decode()[:200] if refused.response else ""
            raise WrongOutcome(f"{method} {path}: {refused.code} {words}") from refused
        except OSError as error:
            raise WrongOutcome(f"{method} {path}: the server is gone") from error
