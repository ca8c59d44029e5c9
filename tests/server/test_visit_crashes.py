"""A server killed amid check-ins and reports: what was answered is there once, what was begun is ended."""

import asyncio
import os
import secrets
from contextlib import suppress

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from tests.factories import Reply
from tests.server.demos import Environment, Server, running
from tests.server.harness import eventually, until
from tests.server.test_crashes import kill_engine
from tests.server.wire_gate import Cut, WireGate, Write

pytestmark = pytest.mark.engines

URI = os.environ.get("MONGODB_URI", "")
# The demo's station that never closes.
CODE = "Y5HZKXBX"
REPORT = Write("insert", "station_reports")
WRITERS = 8
SOME_VISITS = 40

embedded_only = pytest.mark.skipif(bool(URI), reason="the engine at MONGODB_URI is no child of the server")


def address() -> dict[str, str]:
    return {"X-Forwarded-For": f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"}


class Visitors:
    """Devices that check in, and what they were answered first."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.tried: set[str] = set()
        self.answered: set[str] = set()

    async def visit(self, device: str) -> Reply:
        """Check in, perhaps again."""
        self.tried.add(device)
        path = f"/api/v1/stations/{CODE}/check-ins"
        reply = await self.server.http("POST", path, {"device": device}, headers=address())
        if reply.status == 201:
            self.answered.add(device)
        return reply

    async def keep_visiting(self) -> None:
        """New devices one after another, each until it is acknowledged, while the server lives."""
        with suppress(OSError, HTTPClientError):
            while True:
                device = secrets.token_hex(12)
                while (await self.visit(device)).status == 503:
                    pass

    async def wait_for_more(self) -> None:
        """Wait until some more visits are acknowledged."""
        enough = len(self.answered) + SOME_VISITS
        await until(lambda: len(self.answered) >= enough)

    async def expect_each_once(self) -> None:
        """Each acknowledged visit is there, each tried one can be finished, and each counts once."""
        for device in sorted(self.tried):
            was_answered = device in self.answered
            reply = await self.visit(device)
            assert reply.status == 201
            assert reply.json["again"] or not was_answered
        token = await self.server.log_in("staff", staff=True)
        figures = await self.server.http("GET", f"/api/v1/staff/stations/{CODE}/visits?days=2", token=token)
        assert sum(day["visits"] for day in figures.json["items"]) == len(self.tried)
        assert sum(day["people"] for day in figures.json["items"]) == len(self.tried)


@pytest.fixture
def trusting(environment: Environment) -> Environment:
    """A server that believes whose address this machine forwards."""
    return {**environment, "TRUSTED_PROXIES": "127.0.0.1"}


async def test_a_killed_server_has_each_acknowledged_visit_once(
    trusting: Environment, client: AsyncHTTPClient
) -> None:
    async with running(trusting, client) as server:
        visitors = Visitors(server)
        writers = [asyncio.create_task(visitors.keep_visiting()) for _ in range(WRITERS)]
        await visitors.wait_for_more()
        server.process.kill()
        await asyncio.gather(*writers)
    async with running(trusting, client) as server:
        visitors.server = server
        await visitors.expect_each_once()


@embedded_only
async def test_a_killed_engine_costs_no_acknowledged_visit(
    trusting: Environment, client: AsyncHTTPClient
) -> None:
    async with running(trusting, client) as server:
        visitors = Visitors(server)
        writers = [asyncio.create_task(visitors.keep_visiting()) for _ in range(WRITERS)]
        await visitors.wait_for_more()
        await kill_engine(server)
        await visitors.wait_for_more()
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        await visitors.expect_each_once()


@embedded_only
async def test_a_killed_server_s_second_report_is_finished_by_the_next_one_though_nobody_sends_it_again(
    trusting: Environment, gate: WireGate, client: AsyncHTTPClient
) -> None:
    async def report(server: Server) -> Reply:
        path = f"/api/v1/stations/{CODE}/reports"
        body = {"problem": "locked", "device": secrets.token_hex(12)}
        return await server.http("POST", path, body, headers=address())

    async def states(server: Server) -> list[str]:
        station = (await server.http("GET", f"/api/v1/stations/{CODE}")).json
        return [mark["state"] for mark in station["evidence"]["marks"]]

    behind = {**trusting, "MONGODB_URI": await gate.open()}
    async with running(behind, client) as server:
        assert (await report(server)).json["mark"]["state"] == "reported"
        gate.arm(Cut(REPORT, frozenset(), 1, server.process.kill))
        with pytest.raises((OSError, HTTPClientError)):
            await report(server)
        await server.wait()
    async with running(behind, client) as server:
        token = await server.log_in("staff", staff=True)

        async def is_finished() -> bool:
            path = "/api/v1/staff/station-tickets?own=false"
            tickets = (await server.http("GET", path, token=token)).json["list"]
            problems = [(ticket["station"], ticket["problem"]) for ticket in tickets]
            return await states(server) == ["doubtful"] and problems == [(CODE, "locked")]

        await eventually(is_finished)
