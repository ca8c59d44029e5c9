"""A day of faults: WeChat fails in every way it can, in a seeded order, and nothing is stuck or lost.

Each hour some faults are planned and everything that uses WeChat is used at once; the clock then moves on. No
request may take longer than eight seconds or end as a bug of ours. At the end of the day every message was
sent once or says why not, and every push was worked.
"""

import asyncio
import io
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_control import tap
from miniprogram_api.simulator_state import Fault, PlannedFault
from miniprogram_api.wechat import Release
from models.messages import Message
from server.config import Config
from server.platform import MessageSender
from server.service import Service
from tests.factories import Clock, Http, Reply

SEED = 20260715
HOURS = 8
LONGEST_SECONDS = 8.0
TEMPLATE = "event_reminder"
ROUTES = (
    "/sns/jscode2session",
    "/cgi-bin/stable_token",
    "/cgi-bin/message/subscribe/send",
    "/wxa/getwxacodeunlimit",
)
QUICK = (Fault.BUSY, Fault.HTTP_502, Fault.CUT, Fault.HALF_BODY, Fault.NOT_JSON, Fault.WRONG_CONTENT_TYPE)
SLOW = (Fault.HANG, Fault.RESET)
"""Faults that last as long as we let them: in two hours of the day only."""
ALLOWED = {200, 201, 400, 429, 503}


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator["Day"]:
    config = Config(
        port=0,
        data_dir=tmp_path,
        mongodb_uri=os.environ.get("MONGODB_URI", ""),
        mongodb_database=f"test_{secrets.token_hex(6)}",
        redis_url=os.environ.get("REDIS_URL", ""),
        demo=True,
    )
    clock = Clock()
    service = await Service.open(config, clock.now, io.StringIO(), strict=True)
    client = AsyncHTTPClient(force_instance=True, max_clients=100)
    yield Day(service, Http(client, service.url), clock)
    client.close()
    await service.close()
    if config.mongodb_uri:
        async with AsyncMongoClient[dict[str, Any]](config.mongodb_uri) as documents:
            await documents.drop_database(config.mongodb_database)


class Day:
    """The service, its simulated WeChat, and what happened to each request and message."""

    def __init__(self, service: Service, http: Http, clock: Clock) -> None:
        assert service.simulator
        self.service = service
        self.wechat: Simulator = service.simulator
        self.http = http
        self.clock = clock
        self.random = random.Random(SEED)
        self.durations: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.messages: list[str] = []

    async def ask(self, method: str, path: str, body: object = None) -> Reply:
        loop = asyncio.get_running_loop()
        start = loop.time()
        reply = await self.http(method, path, body)
        self.durations.append(loop.time() - start)
        self.statuses[reply.status] += 1
        if reply.status == 503:
            assert int(reply.headers["Retry-After"]) > 0
        return reply

    def plan(self, hour: int) -> None:
        """Break some routes, and now and then the token."""
        for route in ROUTES:
            faults = self.random.choices(SLOW if hour in (2, 5) else QUICK, k=self.random.randrange(4))
            for fault in faults:
                order = msgspec.convert({"route": route, "fault": fault}, PlannedFault)
                self.wechat.state.faults.plan(order)
        if hour % 2:
            self.wechat.state.tokens.kill()

    async def log_in(self, openid: str) -> None:
        assert self.service.services.demo
        code = self.service.services.demo.new_login_code(openid)
        await self.ask("POST", "/api/v1/sessions", {"code": code})

    async def queue(self, openid: str) -> None:
        """Let somebody tap, and queue a message for it."""
        self.wechat.state.people.session_key(openid)
        tap(self.wechat.state, openid, {TEMPLATE: "accept"})
        world = self.service.world
        await world.subscriptions.report(openid, secrets.token_hex(8), {TEMPLATE: "accept"})
        name = f"test:{secrets.token_hex(8)}"
        account = world.subscriptions.account_of(openid)
        words = {"thing1": name[-16:], "time2": "15:01", "thing3": "请带互助服务卡"}
        await world.messages.queue(name, account, TEMPLATE, "", words)
        self.messages.append(name)

    async def live_an_hour(self, hour: int, stations: list[str]) -> None:
        self.plan(hour)
        codes = self.random.sample(stations, 4)
        await asyncio.gather(
            *(self.log_in(f"day-{hour}-{number}") for number in range(10)),
            *(self.queue(f"day-{hour}-{number % 3}") for number in range(6)),
            *(self.ask("GET", f"/api/v1/stations/{code}/wxacode.png") for code in codes),
            *(self.ask("GET", path) for path in ("/healthz", "/readyz")),
        )
        self.clock.advance(hours=1)

    async def end(self) -> list[Message]:
        """Mend WeChat and work until every message has met its fate; the clock moves on meanwhile."""
        self.wechat.state.faults.clear()
        world = self.service.world
        sender = MessageSender(self.service.services.wechat, Release.RELEASE)
        ended: dict[str, Message] = {}
        async with asyncio.timeout(60):
            while len(ended) < len(self.messages):
                await world.messages.work(sender)
                await self.wechat.state.pushes.wait_until_idle()
                await world.pushes.work()
                for name in set(self.messages) - ended.keys():
                    message = await world.messages.find(name)
                    if message and message.due is None:
                        ended[name] = message
                self.clock.advance(seconds=20)
        return list(ended.values())


async def test_a_day_of_faults_leaves_nothing_stuck_and_nothing_lost(day: Day) -> None:
    reply = await day.ask("GET", "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02&radius=50000")
    stations = [item["code"] for item in reply.json["items"]]
    for hour in range(HOURS):
        await day.live_an_hour(hour, stations)
    messages = await day.end()
    await day.wechat.state.pushes.wait_until_idle()

    assert max(day.durations) <= LONGEST_SECONDS
    assert set(day.statuses) <= ALLOWED
    assert day.statuses[201] > 0
    assert day.statuses[503] > 0

    came = Counter(sent.order.data["thing1"].value for sent in day.wechat.state.messages.sent)
    fates = Counter(message.state for message in messages)
    assert len(messages) == HOURS * 6
    assert set(fates) <= {"delivered", "sent", "failed"}
    assert fates["delivered"] > fates["failed"]
    for message in messages:
        times = came[message.id[-16:]]
        if message.state == "failed":
            assert message.reason
            assert times <= (message.reason == "outcome_unknown"), message
        else:
            assert times == 1, message
    assert all(delivery.taken for delivery in day.wechat.state.pushes.deliveries)
    assert day.wechat.state.journal.list_secret_leaks() == []
