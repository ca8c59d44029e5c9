"""The simulated WeChat's pushes against a small server with the real gate, in every dress."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from miniprogram_api.push import Pushed, PushGate, PushRefused, Signed
from miniprogram_api.simulator_control import tap
from miniprogram_api.simulator_messages import Template
from miniprogram_api.simulator_pushes import TRIES, Push, Target, sign
from tests.miniprogram_api.conftest import APPID, START, World
from tests.miniprogram_api.test_simulator_calls import Server, message, server

TOKEN, KEY = "AAAAA", "kEy" * 14 + "0"
OPENID = "oTest-li-wei"
EVENT = Push({"FromUserName": OPENID, "CreateTime": 1, "MsgType": "event", "Event": "debug_demo", "a": "]]>"})

__all__ = ["server"]


class Door(RequestHandler):
    """Reads pushes, and answers as it is told."""

    def initialize(self, house: "House") -> None:
        self.house = house

    def _signed(self) -> Signed:
        names = ("timestamp", "nonce", "signature", "msg_signature")
        return Signed(**{name: self.get_query_argument(name, "") for name in names})

    def get(self) -> None:
        self.write(self.house.gate.check_echo(self._signed(), self.get_query_argument("echostr")))

    async def post(self) -> None:
        self.house.heads.append(self.get_query_argument("nonce"))
        self.house.pushed.append(self.house.gate.read(self._signed(), self.request.body))
        answer = self.house.answers.pop(0) if self.house.answers else "success"
        if answer == "hang":
            await self.house.open_end.wait()
        if answer == "500":
            self.set_status(500)
        self.write(answer)


class House:
    """A server that takes pushes."""

    def __init__(self, gate: PushGate) -> None:
        self.gate = gate
        self.pushed: list[Pushed] = []
        self.heads: list[str] = []
        self.answers: list[str] = []
        self.open_end = asyncio.Event()
        sockets = bind_sockets(0, "127.0.0.1")
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}/wechat/push"
        self._server = HTTPServer(Application([("/wechat/push", Door, {"house": self})]))
        self._server.add_sockets(sockets)

    async def close(self) -> None:
        self.open_end.set()
        self._server.stop()
        await self._server.close_all_connections()


MakeHouse = Callable[..., House]


@pytest.fixture
async def make_house(world: World) -> AsyncIterator[MakeHouse]:
    houses: list[House] = []

    def make(aes_key: str = "") -> House:
        houses.append(House(PushGate(APPID, TOKEN, aes_key, world.simulator.state.clock.now)))
        return houses[-1]

    yield make
    for house in houses:
        await house.close()


async def open_house(world: World, make_house: MakeHouse, mode: str = "plain", dress: str = "json") -> House:
    """A house that pushes come to."""
    aes_key = "" if mode == "plain" else KEY
    house = make_house(aes_key)
    target = msgspec.convert(
        {"url": house.url, "token": TOKEN, "aesKey": aes_key, "mode": mode, "format": dress}, Target
    )
    assert await world.simulator.state.pushes.aim(target)
    return house


@pytest.mark.parametrize("mode", ["plain", "mixed", "safe"])
@pytest.mark.parametrize("dress", ["json", "xml"])
async def test_a_push_arrives_in_every_dress(
    world: World, make_house: MakeHouse, mode: str, dress: str
) -> None:
    house = await open_house(world, make_house, mode, dress)
    pushes = world.simulator.state.pushes
    pushes.push(EVENT)
    pushes.push_event("subscribe_msg_popup_event", OPENID, {}, [{"TemplateId": "T1"}, {"TemplateId": "T2"}])
    pushes.push_event("wxa_media_check", OPENID, {"result": {"suggest": "pass", "label": 100}})
    await pushes.wait_until_idle()
    by_kind = {pushed.kind: pushed for pushed in house.pushed}
    assert by_kind["debug_demo"].content["a"] == "]]>"
    assert [entry.template for entry in by_kind["subscribe_msg_popup_event"].entries] == ["T1", "T2"]
    assert by_kind["wxa_media_check"].content["result"]["suggest"] == "pass"
    assert all(delivery.taken for delivery in pushes.deliveries)


async def test_a_server_with_another_token_is_not_verified(world: World, make_house: MakeHouse) -> None:
    house = make_house()
    pushes = world.simulator.state.pushes
    assert not await pushes.aim(Target(house.url, "BBBBB"))
    assert not await pushes.aim(Target("http://127.0.0.1:1/wechat/push", TOKEN))
    pushes.push(EVENT)
    assert (house.pushed, pushes.deliveries) == ([], [])


@pytest.mark.parametrize("wrong", ["hang", "500", "fail", '{"Encrypt":"x"}', "[]"])
async def test_a_push_that_is_not_answered_comes_three_times_in_all(
    world: World, make_house: MakeHouse, wrong: str
) -> None:
    house = await open_house(world, make_house)
    house.answers = [wrong] * 5
    pushes = world.simulator.state.pushes
    loop = asyncio.get_running_loop()
    start = loop.time()
    pushes.push(EVENT)
    await pushes.wait_until_idle()
    assert (pushes.deliveries[0].tries, pushes.deliveries[0].taken) == (TRIES, False)
    assert len({pushed.key for pushed in house.pushed}) == 1
    assert len(house.pushed) == len(set(house.heads)) == TRIES
    assert loop.time() - start >= 2 * 0.2


async def test_a_second_try_that_is_answered_is_the_last(world: World, make_house: MakeHouse) -> None:
    house = await open_house(world, make_house)
    house.answers = ["500", ""]
    pushes = world.simulator.state.pushes
    pushes.push(EVENT)
    await pushes.wait_until_idle()
    assert (pushes.deliveries[0].tries, pushes.deliveries[0].taken) == (2, True)
    assert pushes.deliveries[0].statuses == [500, 200]


async def test_a_sealed_answer_counts_by_its_signature(world: World, make_house: MakeHouse) -> None:
    house = await open_house(world, make_house)

    def reply(signature: str) -> str:
        parts = {"Encrypt": "x", "MsgSignature": signature, "TimeStamp": 1, "Nonce": "2"}
        return msgspec.json.encode(parts).decode()

    house.answers = [reply("0" * 40), reply(sign(TOKEN, "1", "2", "x"))]
    pushes = world.simulator.state.pushes
    pushes.push(EVENT)
    await pushes.wait_until_idle()
    assert (pushes.deliveries[0].tries, pushes.deliveries[0].taken) == (2, True)


async def test_a_tap_a_message_and_a_picture_are_pushed(
    world: World, make_house: MakeHouse, server: Server
) -> None:
    house = await open_house(world, make_house)
    state = world.simulator.state
    state.media_seconds = 0.01
    state.messages.add_template(Template("T-one", ("thing1", "time2")))
    tap(state, OPENID, {"T-one": "accept"})
    sent = await server.call("/cgi-bin/message/subscribe/send", message())
    media = {
        "version": 2,
        "openid": OPENID,
        "scene": 1,
        "media_type": 2,
        "media_url": "https://x/[risky].png",
    }
    trace = (await server.call("/wxa/media_check_async", media))["trace_id"]
    await state.pushes.wait_until_idle()
    by_kind = {pushed.kind: pushed for pushed in house.pushed}
    assert by_kind["subscribe_msg_popup_event"].entries[0].status == "accept"
    outcome = by_kind["subscribe_msg_sent_event"].entries[0]
    assert (outcome.message, outcome.error) == (str(sent["msgid"]), "0")
    checked = by_kind["wxa_media_check"].content
    assert (checked["trace_id"], checked["result"]["suggest"]) == (trace, "risky")


async def test_pushes_are_ordered_over_http(world: World, make_house: MakeHouse, server: Server) -> None:
    house = make_house(KEY)
    target: dict[str, Any] = {"url": house.url, "token": TOKEN, "aesKey": KEY, "mode": "safe"}
    for change in ({"token": "other"}, {"url": "http://10.0.0.1:80/"}, {"aesKey": ""}):
        assert (await server.fetch("POST", "/__sim/push-target", {**target, **change})).code == 400
    assert (await server.fetch("POST", "/__sim/push-target", target)).code == 201
    assert (await server.fetch("POST", "/__sim/pushes", {"fields": dict(EVENT.fields)})).code == 201
    await world.simulator.state.pushes.wait_until_idle()
    (delivery,) = (await server.send("GET", "/__sim/pushes"))["deliveries"]
    assert (delivery["event"], delivery["taken"]) == ("debug_demo", True)


async def test_a_push_is_signed_by_the_simulated_clock(world: World, make_house: MakeHouse) -> None:
    house = await open_house(world, make_house)
    house.gate = PushGate(APPID, TOKEN, "", lambda: START)
    world.simulator.state.clock.set_offset(timedelta(seconds=301))
    assert world.simulator.state.pushes._target
    assert not await world.simulator.state.pushes.aim(world.simulator.state.pushes._target)
    assert issubclass(PushRefused, Exception)
