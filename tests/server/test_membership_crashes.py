"""`kill -9` of a server among decisions: what was acknowledged is finished on the next start."""

import asyncio
import secrets
from collections.abc import Awaitable
from contextlib import suppress

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from tests.factories import Reply
from tests.server.demos import Environment, Server, running
from tests.server.harness import eventually

pytestmark = pytest.mark.engines

STAFF = "/api/v1/staff/memberships"
STREETS = "DEMO000000000002"
COUNTED = 8
"""Members whom the demo plants there, the one of the roster among them."""


async def sign_in(server: Server, person: str = "officer") -> dict[str, str]:
    """The headers of a demo officer's console session, confirmed on the phone."""
    own = {"X-Console-Request": "1"}
    begun = (await server.http("POST", "/api/v1/staff/sign-ins", headers=own)).json
    phone = await server.log_in(person, staff=True)
    path = f"/api/v1/staff/sign-ins/{begun['code']}"
    assert (await server.http("POST", f"{path}/confirmation", token=phone)).status == 200
    opened = await server.http("POST", f"{path}/session", {"secret": begun["secret"]}, headers=own)
    assert opened.status == 201, opened.body
    return {**own, "Cookie": opened.headers["Set-Cookie"].partition(";")[0]}


async def approve(server: Server, person: str, key: str, headers: dict[str, str]) -> Reply:
    return await decide(server, person, "approve", key, headers)


async def decide(server: Server, person: str, decision: str, key: str, headers: dict[str, str]) -> Reply:
    sent = {**headers, "Idempotency-Key": key}
    return await server.http("POST", f"{STAFF}/{person}/decisions", {"decision": decision}, headers=sent)


async def count_members(server: Server, headers: dict[str, str], organisation: str = STREETS) -> int:
    path = f"/api/v1/staff/organisations/{organisation}/figures"
    return int((await server.http("GET", path, headers=headers)).json["counted"])


async def test_a_killed_server_finishes_the_decisions_that_it_acknowledged(
    environment: Environment,  # The fixture.
    client: AsyncHTTPClient,  # The fixture.
) -> None:
    async with running(environment, client) as server:
        headers = await sign_in(server)
        waiting = (await server.http("GET", STAFF, headers=headers)).json["list"]
        keys = {row["id"]: secrets.token_hex(8) for row in waiting}
        assert len(keys) == 4
        await eventually(lambda: _is(count_members(server, headers), COUNTED))

        async def approve_until_cut_off(person: str) -> bool:
            with suppress(OSError, HTTPClientError):
                return (await approve(server, person, keys[person], headers)).status == 201
            return False

        first, *others = keys
        under_way = [asyncio.create_task(approve_until_cut_off(one)) for one in others]
        assert await approve_until_cut_off(first)
        server.process.kill()
        acknowledged = [
            first,
            *(one for one, done in zip(others, await asyncio.gather(*under_way), strict=True) if done),
        ]
    async with running(environment, client) as server:
        headers = await sign_in(server)
        waiting = (await server.http("GET", STAFF, headers=headers)).json["list"]
        assert not {row["id"] for row in waiting} & set(acknowledged)
        for person, key in keys.items():
            again = await approve(server, person, key, headers)
            assert (again.status, again.json["state"], again.json["version"]) == (201, "active", 2)
        await eventually(lambda: _is(count_members(server, headers), COUNTED + len(keys)))
        newcomer = await server.log_in("applicant")
        await eventually(lambda: _has_card(server, newcomer))


async def _has_card(server: Server, token: str) -> bool:
    return bool((await server.http("GET", "/api/v1/card", token=token)).json.get("state") == "active")


async def _is(count: Awaitable[int], number: int) -> bool:
    return await count == number
