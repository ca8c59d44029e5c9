"""`kill -9` of a server that imports a roster: the next carries it to its end, whole, and erases the file."""

import asyncio
import os
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from server.demo import NEXT_STREET
from tests.handlers.test_roster_imports import CSV, IMPORTS, csv, numbers
from tests.server.demos import Environment, Server, running
from tests.server.harness import eventually
from tests.server.test_joining_crashes import Lives
from tests.server.test_membership_crashes import count_members, sign_in
from tests.server.wire_gate import Cut, WireGate, Write

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif("MONGODB_URI" in os.environ, reason="the gate stands before the embedded engine"),
]

SECONDS = 30
ROWS = 700
"""Two chunks."""
BOOK = ("identities", "vault", "people", "memberships", "membership_movements")
BIND = Write("insert", "identities")
ERASE = Write("delete", "roster_parts")


class Import:
    """One import on the console, over one server after another."""

    def __init__(self, gate: WireGate, documents: Any, headers: dict[str, str], content: bytes) -> None:
        self._gate = gate
        self._documents = documents
        self.headers = headers
        self._content = content
        self._path = ""

    async def check(self, server: Server) -> dict[str, Any]:
        """Upload the file, and return what would become of it."""
        sent = {**self.headers, **CSV}
        begun = await server.http("POST", IMPORTS, raw=self._content, headers=sent)
        assert begun.status == 201, begun.body
        self._path = f"{IMPORTS}/{begun.json['id']}"
        return await self.wait_for(server, "checked", has_file=True)

    async def begin(self, server: Server) -> None:
        """Let it run."""
        reply = await server.http("POST", f"{self._path}/runs", headers=self.headers)
        assert (reply.status, reply.json["state"]) == (201, "running")

    async def go_on(self) -> None:
        """Let the next server have the work at once, as when the dead one's minute is over."""
        await self._documents.leases.delete_one({"_id": f"import:{self._path.rpartition('/')[2]}"})

    async def wait_for(self, server: Server, state: str, *, has_file: bool) -> dict[str, Any]:
        """The import once it is in a state, and its file there or not."""
        told: dict[str, Any] = {}

        async def is_there() -> bool:
            told.update((await server.http("GET", self._path, headers=self.headers)).json)
            return (told["state"], told["hasFile"]) == (state, has_file)

        await eventually(is_there)
        return told

    def arm(self, server: Server, begins: Write, place: int = 1) -> None:
        """Have the server killed at a write of the import."""
        self._gate.arm(Cut(begins, frozenset(BOOK), place, server.process.kill))

    async def count_written(self) -> list[int]:
        """How many documents there are of everything that an import writes."""
        return [await self._documents[name].count_documents({}) for name in BOOK]

    async def count_parts(self) -> int:
        """How many parts of files are still there."""
        return int(await self._documents.roster_parts.count_documents({}))


async def test_a_killed_server_s_import_is_carried_on_whole_and_its_file_is_erased(
    environment: Environment, gate: WireGate, client: AsyncHTTPClient
) -> None:
    behind = {**environment, "MONGODB_URI": await gate.open()}
    rows = [("钱大江", one, "13912345678", "演示东街道工会服务站", "2021-05-01") for one in numbers(ROWS)]
    async with AsyncMongoClient[dict[str, Any]](gate.engine_uri) as driver:
        documents = driver[environment["MONGODB_DATABASE"]]
        async with running(behind, client) as server:
            headers = await sign_in(server)
            await Lives(gate, documents, headers).settle()
            roster = Import(gate, documents, headers, csv(rows))
            assert (await roster.check(server))["counts"] == {"created": ROWS}
            written, before = await roster.count_written(), await count_next_street(server, roster)
            roster.arm(server, BIND, place=3)
            await roster.begin(server)
            await asyncio.wait_for(server.process.wait(), SECONDS)
        assert await roster.count_written() == [
            count + more for count, more in zip(written, (499, 499, 499, 0, 0), strict=True)
        ]
        for begins, place in ((BIND, 4), (ERASE, 1)):
            async with running(behind, client) as server:
                roster.arm(server, begins, place)
                await roster.go_on()
                await asyncio.wait_for(server.process.wait(), SECONDS)
        async with running(behind, client) as server:
            await roster.go_on()
            done = await roster.wait_for(server, "done", has_file=False)
            assert (done["counts"], await roster.count_parts()) == ({"created": ROWS}, 0)
            assert await roster.count_written() == [count + ROWS for count in written]
            assert await count_next_street(server, roster) == before + ROWS
            assert (await roster.check(server))["counts"] == {"unchanged": ROWS}


async def count_next_street(server: Server, roster: Import) -> int:
    return await count_members(server, roster.headers, NEXT_STREET)
