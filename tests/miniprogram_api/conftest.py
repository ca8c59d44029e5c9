"""A simulated WeChat, and clients of it that share what processes of one server would share."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec
import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from miniprogram_api.wechat import WeChat
from models.access_tokens import AccessTokenShelf

APPID = "wx1234567890abcdef"
SECRET = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
START = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)

MakeProcess = Callable[..., WeChat]


class Delays:
    """A sleep that takes no time and remembers what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class World:
    """A simulated WeChat, a Redis, and as many clients as a test wants."""

    def __init__(self) -> None:
        self.simulator = Simulator(APPID, SECRET, lambda: START, answer_seconds=0.2)
        self.url = self.simulator.listen()
        self.redis_server = FakeServer()
        self.redis = FakeAsyncRedis(server=self.redis_server)
        self.shelf = AccessTokenShelf(self.redis, APPID)
        self._clients: list[WeChat] = []

    def process(self, **options: object) -> WeChat:
        """A client as another process of the same server has it."""
        options = {"shelf": self.shelf, "sleep": Delays(), **options}
        self._clients.append(WeChat(self.url, APPID, SECRET, **options))  # type: ignore[arg-type]  # any option
        return self._clients[-1]

    def plan(self, route: str, fault: Fault, **options: object) -> None:
        """Let the next calls of a route fail."""
        order = {"route": route, "fault": fault, **options}
        self.simulator.state.faults.plan(msgspec.convert(order, PlannedFault))

    def calls(self, path: str) -> int:
        """How often a route was called."""
        return sum(call.path == path for call in self.simulator.state.journal.list_calls())

    def log_in(self, openid: str) -> None:
        """Let WeChat know a person as one who is in the mini program now."""
        self.simulator.state.people.session_key(openid)

    async def close(self) -> None:
        for client in self._clients:
            client.close()
        await self.simulator.close()
        await self.redis.aclose()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    yield world
    await world.close()
