"""`kill -9` of a server among the writes of an application, a claim, an approval and a transfer over HTTP.

After the restart the phone or the console asks again, as they do: there is one answer, one membership, one
card and one identity of each kind, and all that follows is there once.
"""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from server.demo import IMPORTED_DOCUMENT, NEXT_STREET, STREET
from tests.factories import Reply
from tests.handlers.test_memberships import application
from tests.server.demos import Environment, Server, running
from tests.server.harness import eventually
from tests.server.test_membership_crashes import COUNTED, STAFF, count_members, decide, sign_in
from tests.server.wire_gate import Cut, WireGate, Write

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif("MONGODB_URI" in os.environ, reason="the gate stands before the embedded engine"),
]

BOOK = "/api/v1/memberships"
BIND, TAKE = Write("insert", "identities"), Write("findAndModify", "people")
ENTER = Write("findAndModify", "memberships")
EFFECTS = frozenset({"memberships", "cards", "membership_movements", "audit_entries", "people"})

Ask = Callable[[Server], Awaitable[Reply]]


class Lives:
    """One server after another over the same documents, each killed in the middle of something."""

    def __init__(self, gate: WireGate, documents: Any, headers: dict[str, str]) -> None:
        self._gate = gate
        self._documents = documents
        self.headers = headers

    async def kill_amid(self, server: Server, ask: Ask, begins: Write, place: int = 1) -> None:
        """Ask once nothing is left to derive, and kill the server at a write of what follows."""
        await self.settle()
        self._gate.arm(Cut(begins, EFFECTS, place, server.process.kill))
        with suppress(OSError, HTTPClientError):
            await ask(server)
        await asyncio.wait_for(server.process.wait(), 10)
        assert begins == BIND or not await self._is_quiet()

    async def repeat(self, server: Server, ask: Ask) -> Any:
        """Ask again, twice, and return the one answer."""
        first, again = await ask(server), await ask(server)
        assert (first.status, again.status) == (201, 201), first.body
        assert first.json == again.json
        return first.json

    async def settle(self) -> None:
        """Wait until nothing is left to derive."""
        await eventually(self._is_quiet)

    async def _is_quiet(self) -> bool:
        left = [
            await self._documents[name].count_documents({field: {"$gt": ""}})
            for name, field in (("memberships", "pending"), ("people", "claiming"))
        ]
        return not any(left)

    async def find_imported(self) -> str:
        """The person whom the demo's roster names."""
        (identity,) = [one async for one in self._documents.people.find({"claim": {"$gt": ""}})]
        return str(identity["_id"])

    async def expect_one(self, person: str, events: list[str], claims: int = 0) -> None:
        """One identity of each kind, one membership with these events, each audited once, one card if any."""
        await self.settle()
        names = [one["_id"] async for one in self._documents.identities.find({"person": person})]
        kinds = [name.partition(":")[0] for name in names]
        assert {"id_document", "openid"} <= set(kinds) <= {"id_document", "openid", "card_number"}
        assert len(kinds) == len(set(kinds))
        held = await self._documents.memberships.find_one({"_id": person})
        assert [held["log"][str(number + 1)]["event"] for number in range(held["version"])] == events
        has_card = not {"approve", "enter"}.isdisjoint(events)
        assert await self._documents.cards.count_documents({"person": person}) == has_card
        audited = [one["_id"] async for one in self._documents.audit_entries.find({"object": person})]
        told = [f"membership:{person}:{place + 1}" for place, one in enumerate(events) if one != "enter"]
        assert sorted(name for name in audited if name.startswith("membership:")) == told
        assert audited.count(f"claim:{person}") == claims


class Phone:
    """A demo person's phone, which sends the same again until it is answered."""

    def __init__(self, person: str) -> None:
        self._person = person
        self._token = ""
        self._application = application(STREET)
        self._keys = [secrets.token_hex(8) for _ in range(3)]

    async def log_in(self, server: Server) -> None:
        """Log in for the whole test, and agree to the notice."""
        self._token = await server.log_in(self._person)
        asked = (await server.http("GET", "/api/v1/consents", token=self._token)).json["items"]
        words = next(one["text"] for one in asked if one["text"]["purpose"] == "notice")
        agreed = {"purpose": "notice", "version": words["version"], "given": True}
        assert (await server.http("PUT", "/api/v1/consents", agreed, token=self._token)).status == 200

    async def apply(self, server: Server) -> Reply:
        return await self._apply(server, self._keys[0])

    async def withdraw(self, server: Server) -> None:
        gone = await server.http("DELETE", f"{BOOK}/application", token=self._token)
        assert gone.status == 200, gone.body

    async def apply_anew(self, server: Server) -> Reply:
        return await self._apply(server, self._keys[1])

    async def _apply(self, server: Server, key: str) -> Reply:
        headers = {"Idempotency-Key": key}
        return await server.http("POST", BOOK, self._application, token=self._token, headers=headers)

    async def start_transfer(self, server: Server) -> Reply:
        body, headers = {"organisationId": NEXT_STREET}, {"Idempotency-Key": self._keys[2]}
        return await server.http("POST", f"{BOOK}/transfers", body, token=self._token, headers=headers)

    async def find_person(self, server: Server) -> str:
        return str((await server.http("GET", "/api/v1/members/me", token=self._token)).json["id"])

    async def claim(self, server: Server) -> Reply:
        code = await server.http("POST", "/demo/phone-codes", {"person": self._person})
        body = {"name": "演示职工", "idDocument": IMPORTED_DOCUMENT, "phoneCode": code.json["code"]}
        return await server.http("POST", "/api/v1/members/claims", body, token=self._token)


async def test_a_killed_server_s_application_claim_and_approvals_are_found_and_finished(
    environment: Environment, gate: WireGate, client: AsyncHTTPClient
) -> None:
    behind = {**environment, "MONGODB_URI": await gate.open()}
    stranger, owner = Phone("stranger"), Phone("imported")
    async with AsyncMongoClient[dict[str, Any]](gate.engine_uri) as driver:
        documents = driver[environment["MONGODB_DATABASE"]]
        async with running(behind, client) as server:
            lives = Lives(gate, documents, await sign_in(server))
            for phone in (stranger, owner):
                await phone.log_in(server)
            newcomer = (await server.http("GET", STAFF, headers=lives.headers)).json["list"][0]["id"]
            imported = await lives.find_imported()
            await lives.kill_amid(server, stranger.apply, BIND)
        async with running(behind, client) as server:
            person = (await lives.repeat(server, stranger.apply))["id"]
            await lives.expect_one(person, ["apply"])
            await stranger.withdraw(server)
            await lives.kill_amid(server, stranger.apply_anew, ENTER)
        async with running(behind, client) as server:
            assert (await lives.repeat(server, stranger.apply_anew))["state"] == "applied"
            await lives.expect_one(person, ["apply", "withdraw", "apply"])
            await lives.kill_amid(server, owner.claim, TAKE)
        async with running(behind, client) as server:
            assert [(await owner.claim(server)).status for _ in range(2)] == [201, 201]
            await lives.expect_one(imported, ["enter"], claims=1)
            approval = deciding(person, "approve", lives.headers)
            await lives.kill_amid(server, approval, ENTER)
        async with running(behind, client) as server:
            assert (await lives.repeat(server, approval))["version"] == 4
            await lives.expect_one(person, ["apply", "withdraw", "apply", "approve"])
            approval = deciding(newcomer, "approve", lives.headers)
            await lives.kill_amid(server, approval, ENTER, place=3)
        async with running(behind, client) as server:
            assert (await lives.repeat(server, approval))["version"] == 2
            await lives.expect_one(newcomer, ["apply", "approve"])
            assert await count_members(server, lives.headers) == COUNTED + 2


async def test_a_killed_server_s_transfer_is_found_and_finished_at_each_of_its_three_steps(
    environment: Environment, gate: WireGate, client: AsyncHTTPClient
) -> None:
    behind = {**environment, "MONGODB_URI": await gate.open()}
    phone, events = Phone("cleaner"), ["enter", "start_transfer", "release", "accept_transfer"]
    async with AsyncMongoClient[dict[str, Any]](gate.engine_uri) as driver:
        async with running(behind, client) as server:
            lives = Lives(gate, driver[environment["MONGODB_DATABASE"]], await sign_in(server))
            await phone.log_in(server)
            person = await phone.find_person(server)
            await lives.settle()
            before = [await count_members(server, lives.headers, one) for one in (STREET, NEXT_STREET)]
            await lives.kill_amid(server, phone.start_transfer, ENTER)
        async with running(behind, client) as server:
            assert (await lives.repeat(server, phone.start_transfer))["targetId"] == NEXT_STREET
            await lives.expect_one(person, events[:2])
            release = deciding(person, "release", lives.headers)
            await lives.kill_amid(server, release, ENTER, place=2)
        async with running(behind, client) as server:
            assert (await lives.repeat(server, release))["isReleased"]
            await lives.expect_one(person, events[:3])
            accept = deciding(person, "accept_transfer", lives.headers)
            await lives.kill_amid(server, accept, ENTER, place=3)
        async with running(behind, client) as server:
            accepted = await lives.repeat(server, accept)
            assert (accepted["state"], accepted["organisationId"]) == ("active", NEXT_STREET)
            await lives.expect_one(person, events)
            after = [await count_members(server, lives.headers, one) for one in (STREET, NEXT_STREET)]
            assert after == [before[0] - 1, before[1] + 1]


def deciding(person: str, decision: str, headers: dict[str, str]) -> Ask:
    """What decides on somebody's membership, under one key however often."""
    key = secrets.token_hex(8)
    return lambda server: decide(server, person, decision, key, headers)
