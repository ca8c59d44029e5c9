"""`kill -9` of a server in the middle of a merger and of a move: found and finished on the next start."""

import asyncio
import os
import secrets
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from server.demo import DISTRICT, NEXT_STREET, ROLES, STREET
from tests.factories import Reply
from tests.server.demos import Environment, Server, running
from tests.server.harness import eventually
from tests.server.test_membership_crashes import sign_in
from tests.server.wire_gate import Cut, WireGate, Write

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif("MONGODB_URI" in os.environ, reason="the gate stands before the embedded engine"),
]

STAFF = "/api/v1/staff"
COLLECTIONS = frozenset({"reorganisations", "organisations", "appointments"})
CUTS = (("merge", 1), ("merge", 2), ("merge", 3), ("move", 1))
"""After the decision; after the organisation's own document; of a merger, after the end of an appointment."""


class Begun(NamedTuple):
    """What a server had decided when it was killed, and under which key."""

    organisation: dict[str, Any]
    kind: str
    key: str


class Desk:
    """The demo's officer at one server, signed in once."""

    def __init__(self, server: Server, headers: dict[str, str]) -> None:
        self._server = server
        self._headers = headers

    async def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Reply:
        headers = {**self._headers, "Idempotency-Key": key or secrets.token_hex(8)}
        return await self._server.http(method, f"{STAFF}/{path}", body, headers=headers)

    async def make(self, number: int) -> dict[str, Any]:
        """A new organisation with somebody who serves there."""
        body = {"name": f"待撤并的工会{number}", "above": DISTRICT if number % 2 else STREET}
        made = await self.ask("POST", "organisations", body)
        assert made.status == 201, made.body
        who = ROLES[1]
        served = {"name": who.name, "phone": who.phone, "role": "station_staff"}
        appointed = await self.ask("POST", "appointments", {**served, "organisation": made.json["id"]})
        assert appointed.status == 201, appointed.body
        return dict(made.json)

    async def reorganise(self, one: dict[str, Any], kind: str, key: str) -> Reply:
        body = {
            "kind": kind,
            "target": NEXT_STREET,
            "reason": "restructuring",
            "version": one["version"],
        }
        return await self.ask("POST", f"organisations/{one['id']}/reorganisations", body, key)

    async def is_true(self, one: dict[str, Any], kind: str) -> bool:
        """Whether the organisation is where it was to come, and who served it stands as that says."""
        now = (await self.ask("GET", f"organisations/{one['id']}")).json
        table = (await self.ask("GET", "appointments?pageSize=50")).json["list"]
        serves = any(row["organisation"] == one["name"] for row in table)
        if kind == "merge":
            return bool(now["state"] == "merged" and now["successor"]["id"] == NEXT_STREET and not serves)
        return bool(now["state"] == "active" and now["path"][-1]["id"] == NEXT_STREET and serves)


async def count_audited(server: Server, organisation: str, headers: dict[str, str]) -> int:
    path = f"{STAFF}/audit/entries?object={organisation}"
    entries = (await server.http("GET", path, headers=headers)).json["list"]
    return sum(entry["action"] == "organisation_reorganised" for entry in entries)


class Kills:
    """The servers before an engine that outlives them, and what they had begun."""

    def __init__(self, gate: WireGate, environment: Environment) -> None:
        self._gate = gate
        self._environment = environment
        self.begun: list[Begun] = []

    async def open(self) -> Environment:
        """The variables of servers that stand behind the gate."""
        return {**self._environment, "MONGODB_URI": await self._gate.open()}

    async def kill_amid(self, server: Server, desk: Desk, kind: str, place: int) -> None:
        """Have a server decide, and kill it at a write; what it left is pending."""
        one, key = await desk.make(len(self.begun)), secrets.token_hex(8)
        self._gate.arm(Cut(Write("insert", "reorganisations"), COLLECTIONS, place, server.process.kill))
        with suppress(OSError, HTTPClientError):
            reply = await desk.reorganise(one, kind, key)
            pytest.fail(f"a server that was killed answered {reply.status}")
        await asyncio.wait_for(server.process.wait(), 10)
        self.begun.append(Begun(one, kind, key))
        async with AsyncMongoClient[dict[str, Any]](self._gate.engine_uri) as client:
            decided = client[self._environment["MONGODB_DATABASE"]]["reorganisations"]
            (left,) = await decided.find({"organisation": one["id"]}).to_list()
            assert left["pending"]

    async def expect_finished(self, desk: Desk) -> None:
        """What the last server had begun comes true by itself, and asked for again it is the same."""
        one, kind, key = self.begun[-1]
        await eventually(lambda: desk.is_true(one, kind))
        again = await desk.reorganise(one, kind, key)
        assert (again.status, again.json["number"]) == (201, len(self.begun))
        found = (await desk.ask("GET", f"organisations/{one['id']}/reorganisations")).json["items"]
        assert [each["number"] for each in found] == [len(self.begun)]


async def test_a_killed_server_s_merger_and_move_are_found_and_finished(
    environment: Environment, gate: WireGate, client: AsyncHTTPClient
) -> None:
    kills = Kills(gate, environment)
    behind = await kills.open()
    headers: dict[str, str] = {}
    for kind, place in CUTS:
        async with running(behind, client) as server:
            headers = headers or await sign_in(server)
            desk = Desk(server, headers)
            if kills.begun:
                await kills.expect_finished(desk)
            await kills.kill_amid(server, desk, kind, place)
    async with running(behind, client) as server:
        await kills.expect_finished(Desk(server, headers))
        auditor = await sign_in(server, "auditor")
        for one in kills.begun:
            assert await count_audited(server, one.organisation["id"], auditor) == 1
