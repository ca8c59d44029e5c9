"""The simulated WeChat's calls with an access token, through its own HTTP, as WeChat documents them."""

import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import zxingcpp
from PIL import Image
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from miniprogram_api.simulator_messages import Template
from miniprogram_api.simulator_outside import LinkParts
from miniprogram_api.simulator_tokens import FORCED_A_DAY, PLAIN_A_DAY
from tests.miniprogram_api.conftest import APPID, SECRET, START, World

OPENID = "oTest-li-wei"
STABLE = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
TEMPLATE = Template("T-one", ("thing1", "time2"))
DATA = {"thing1": {"value": "送清凉"}, "time2": {"value": "15:01"}}


class Server:
    """Speaks to the simulator as our server would, with a token of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = world.simulator.state
        self.http = AsyncHTTPClient(force_instance=True, max_clients=50)
        self.token = self.state.tokens.give_stable(forced=False).access_token

    async def fetch(self, method: str, path: str, body: object = None, **query: str) -> HTTPResponse:
        text = body if isinstance(body, str) else json.dumps(body)
        return await self.http.fetch(
            f"{self.world.url}{path}?{urlencode(query)}",
            method=method,
            body=text if method == "POST" else None,
            raise_error=False,
        )

    async def send(self, method: str, path: str, body: object = None, **query: str) -> Any:
        return json.loads((await self.fetch(method, path, body, **query)).body)

    async def call(self, path: str, body: object) -> Any:
        return await self.send("POST", path, body, access_token=self.token)

    async def stable(self, **more: object) -> Any:
        return await self.send("POST", "/cgi-bin/stable_token", {**STABLE, **more})

    def move_clock(self, seconds: float) -> None:
        self.state.clock.set_offset(timedelta(seconds=seconds))


@pytest.fixture
async def server(world: World) -> AsyncIterator[Server]:
    server = Server(world)
    world.log_in(OPENID)
    yield server
    server.http.close()


async def test_the_stable_token_stays_the_same_while_its_life_falls(server: Server) -> None:
    first = await server.stable()
    assert first.keys() == {"access_token", "expires_in"}
    assert (first["access_token"], first["expires_in"]) == (server.token, 7200)
    assert len(first["access_token"]) > 100
    server.move_clock(6900)
    assert await server.stable() == {"access_token": server.token, "expires_in": 300}
    server.move_clock(6901)
    second = await server.stable()
    assert (second["access_token"] != server.token, second["expires_in"]) == (True, 7200)
    assert "phone_info" in await server.call("/wxa/business/getuserphonenumber", await phone_order(server))
    server.move_clock(7200)
    assert (await server.call("/wxa/msg_sec_check", {}))["errcode"] == 42001


async def phone_order(server: Server) -> dict[str, str]:
    code = await server.send("POST", "/__sim/codes", {"kind": "phone", "openid": OPENID})
    return {"code": code["code"]}


async def test_a_forced_token_kills_the_one_before_but_not_within_thirty_seconds(server: Server) -> None:
    forced = await server.stable(force_refresh=True)
    assert forced["access_token"] != server.token
    assert (await server.call("/wxa/msg_sec_check", {}))["errcode"] == 40001
    server.move_clock(29)
    assert (await server.stable(force_refresh=True))["access_token"] == forced["access_token"]
    server.move_clock(30)
    assert (await server.stable(force_refresh=True))["access_token"] != forced["access_token"]


async def test_forcing_is_limited_a_day(server: Server) -> None:
    answers = [await server.stable(force_refresh=True) for _ in range(FORCED_A_DAY + 1)]
    assert [answer.get("errcode") for answer in answers] == [None] * FORCED_A_DAY + [45009]


async def test_plain_tokens_replace_each_other_and_are_deaf_to_the_stable_one(server: Server) -> None:
    async def plain() -> str:
        return str((await server.send("GET", "/cgi-bin/token", **STABLE))["access_token"])

    async def errcode(token: str) -> int:
        answer = await server.send("POST", "/wxa/msg_sec_check", {}, access_token=token)
        return int(answer["errcode"])

    first, second = await plain(), await plain()
    assert (await errcode(first), await errcode(second)) == (40129, 40129)
    server.move_clock(300)
    assert (await errcode(first), await errcode(second), await errcode(server.token)) == (40001, 40129, 40129)
    for _ in range(PLAIN_A_DAY - 2):
        server.state.tokens.give_plain()
    assert (await server.send("GET", "/cgi-bin/token", **STABLE))["errcode"] == 45009


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"appid": "wx0"}, 40013),
        ({"appid": ""}, 41002),
        ({"secret": "0"}, 40125),
        ({"secret": ""}, 41004),
        ({"grant_type": "authorization_code"}, 40002),
        ({"force_refresh": "yes"}, 47001),
    ],
)
async def test_a_wrong_order_of_a_token_has_its_errcode(
    server: Server, change: dict[str, object], errcode: int
) -> None:
    assert (await server.stable(**change))["errcode"] == errcode


async def test_the_stable_token_is_asked_for_by_post(server: Server) -> None:
    assert (await server.send("GET", "/cgi-bin/stable_token", **STABLE))["errcode"] == 43002


@pytest.mark.parametrize(
    ("token", "errcode"), [("", 41001), ("short", 40014), ("88_" + "A" * 128, 40001), ("88_é", 40014)]
)
async def test_a_wrong_token_has_its_errcode(server: Server, token: str, errcode: int) -> None:
    for path in ("/wxa/getwxacodeunlimit", "/wxa/msg_sec_check", "/cgi-bin/message/subscribe/send"):
        answer = await server.send("POST", path, {}, access_token=token)
        assert answer["errcode"] == errcode
        assert " rid: " in answer["errmsg"]


async def test_all_tokens_die_on_order(server: Server) -> None:
    assert (await server.fetch("DELETE", "/__sim/tokens")).code == 204
    assert (await server.call("/wxa/msg_sec_check", {}))["errcode"] == 40001
    assert (await server.stable())["access_token"] != server.token


async def test_a_phone_number_has_its_parts_and_its_watermark(server: Server) -> None:
    order = {"kind": "phone", "openid": OPENID, "phoneNumber": "13912345678"}
    code = (await server.send("POST", "/__sim/codes", order))["code"]
    answer = await server.call("/wxa/business/getuserphonenumber", {"code": code})
    assert answer["phone_info"] == {
        "phoneNumber": "13912345678",
        "purePhoneNumber": "13912345678",
        "countryCode": "86",
        "watermark": {"timestamp": int(START.timestamp()), "appid": APPID},
    }
    assert (await server.call("/wxa/business/getuserphonenumber", {"code": code}))["errcode"] == 40163
    assert (await server.call("/wxa/business/getuserphonenumber", {}))["errcode"] == 41008


async def test_a_code_is_a_picture_that_can_be_read(server: Server) -> None:
    order = {"scene": "s=4E8M0R2T", "page": "pages/station/index", "width": 600, "env_version": "release"}
    response = await server.fetch("POST", "/wxa/getwxacodeunlimit", order, access_token=server.token)
    assert response.headers["Content-Type"] == "image/png"
    picture = Image.open(io.BytesIO(response.body))
    assert picture.size == (600, 600)
    (found,) = zxingcpp.read_barcodes(picture)
    content = {"appid": APPID, "page": "pages/station/index", "scene": "s=4E8M0R2T", "env": "release"}
    assert json.loads(found.text) == content


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"scene": ""}, 40129),
        ({"scene": "s" * 33}, 40129),
        ({"scene": "驿站"}, 40129),
        ({"scene": "a%20b"}, 40129),
        ({"page": "pages/none"}, 41030),
        ({"page": "/pages/index/index"}, 41030),
        ({"page": "pages/index/index?a=1", "check_path": False}, 41030),
        ({"env_version": "beta"}, 40097),
        ({"width": 279}, 40097),
        ({"width": 1281}, 40097),
        ({"width": "wide"}, 40169),
    ],
)
async def test_a_wrong_order_of_a_code_has_its_errcode(
    server: Server, change: dict[str, object], errcode: int
) -> None:
    answer = await server.call("/wxa/getwxacodeunlimit", {"scene": "a=1", **change})
    assert answer["errcode"] == errcode


async def test_an_unreleased_page_has_a_code_when_it_is_not_checked(server: Server) -> None:
    order = {"scene": "a=1", "page": "pages/new", "check_path": False}
    response = await server.fetch("POST", "/wxa/getwxacodeunlimit", order, access_token=server.token)
    assert response.body.startswith(b"\x89PNG")
    await server.send("POST", "/__sim/pages", {"pages": ["pages/new"]})
    assert (await server.call("/wxa/getwxacodeunlimit", {"scene": "a"}))["errcode"] == 41030


async def test_codes_are_limited_a_minute(server: Server) -> None:
    for _ in range(5000):
        server.state.quota.count("wxacode", 5000, timedelta(minutes=1), 45009)
    assert (await server.call("/wxa/getwxacodeunlimit", {"scene": "a"}))["errcode"] == 45009
    server.move_clock(60)
    response = await server.fetch("POST", "/wxa/getwxacodeunlimit", {"scene": "a"}, access_token=server.token)
    assert response.body.startswith(b"\x89PNG")


def message(**change: object) -> dict[str, object]:
    return {"touser": OPENID, "template_id": TEMPLATE.id, "data": DATA, **change}


SEND = "/cgi-bin/message/subscribe/send"


async def test_one_tap_is_one_message(server: Server) -> None:
    template = {"id": "T-one", "fields": ["thing1", "time2"]}
    assert (await server.fetch("POST", "/__sim/templates", template)).code == 201
    tap = {"openid": OPENID, "template": "T-one", "answer": "accept"}
    assert (await server.fetch("POST", "/__sim/taps", tap)).code == 201
    answer = await server.call(SEND, message())
    assert answer["errcode"] == 0
    assert (await server.call(SEND, message()))["errcode"] == 43101
    (sent,) = (await server.send("GET", "/__sim/messages"))["sent"]
    assert (sent["id"], sent["order"]["touser"]) == (answer["msgid"], OPENID)


@pytest.mark.parametrize(
    ("change", "errcode", "word"),
    [
        ({"touser": "oNobody"}, 40003, ""),
        ({"template_id": "T-none"}, 40037, ""),
        ({"page": "pages/none?a=1"}, 41030, ""),
        ({"data": {**DATA, "thing1": {"value": "一" * 21}}}, 47003, "data.thing1.value"),
        ({"data": {"thing1": {"value": "好"}}}, 47003, "data.time2.value"),
        ({"data": {**DATA, "thing1": {"value": "a\nb"}}}, 47003, "data.thing1.value"),
        ({"data": {**DATA, "thing1": {"value": "[risky]"}}}, 45168, ""),
        ({"data": "text"}, 47001, ""),
        ({"lang": "fr"}, 47001, ""),
    ],
)
async def test_a_wrong_message_has_its_errcode_and_uses_no_credit(
    server: Server, change: dict[str, object], errcode: int, word: str
) -> None:
    server.state.messages.add_template(TEMPLATE)
    server.state.messages.tap(OPENID, TEMPLATE.id, "accept")
    answer = await server.call(SEND, message(**change))
    assert answer["errcode"] == errcode
    assert word in answer["errmsg"]
    assert server.state.messages.credits(OPENID, TEMPLATE.id) == 1


async def test_reject_grants_nothing_and_a_lasting_consent_lasts(server: Server) -> None:
    lasting = Template("T-lasting", ("thing1", "time2"), standing=True)
    for template in (TEMPLATE, lasting):
        server.state.messages.add_template(template)
    server.state.messages.tap(OPENID, TEMPLATE.id, "reject")
    server.state.messages.tap(OPENID, lasting.id, "accept")
    assert (await server.call(SEND, message()))["errcode"] == 43101
    for _ in range(3):
        assert (await server.call(SEND, message(template_id=lasting.id)))["errcode"] == 0
    server.state.messages.withdraw(OPENID, lasting.id)
    assert (await server.call(SEND, message(template_id=lasting.id)))["errcode"] == 43101


async def test_a_second_message_to_one_person_at_once_is_refused(server: Server) -> None:
    server.state.messages.add_template(TEMPLATE)
    server.state.messages.tap(OPENID, TEMPLATE.id, "accept")
    server.state.messages.begin(OPENID)
    assert (await server.call(SEND, message()))["errcode"] == 43108
    server.state.messages.end(OPENID)
    assert (await server.call(SEND, message()))["errcode"] == 0


def text(content: str) -> dict[str, object]:
    return {"version": 2, "openid": OPENID, "scene": 2, "content": content}


@pytest.mark.parametrize(
    ("content", "suggest", "label"),
    [("好", "pass", 100), ("[review]", "review", 21000), ("好[risky]好", "risky", 20006)],
)
async def test_words_drive_the_verdict(server: Server, content: str, suggest: str, label: int) -> None:
    answer = await server.call("/wxa/msg_sec_check", text(content))
    assert (answer["errcode"], answer["result"]) == (0, {"suggest": suggest, "label": label})
    assert answer["trace_id"]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"version": 1}, 40129),
        ({"scene": 5}, 40129),
        ({"openid": "oNobody"}, 40003),
        ({"content": ""}, 40129),
        ({"content": "好" * 2501}, 40129),
    ],
)
async def test_a_wrong_check_has_its_errcode(server: Server, change: dict[str, object], errcode: int) -> None:
    assert (await server.call("/wxa/msg_sec_check", {**text("好"), **change}))["errcode"] == errcode
    assert (await server.call("/wxa/msg_sec_check", ""))["errcode"] == 44002


async def test_a_person_who_was_away_for_two_hours_is_not_checked(server: Server) -> None:
    server.move_clock(7199)
    assert (await server.call("/wxa/msg_sec_check", text("好")))["errcode"] == 0
    server.move_clock(7201)
    server.token = server.state.tokens.give_stable(forced=False).access_token
    assert (await server.call("/wxa/msg_sec_check", text("好")))["errcode"] == 61010
    media = {"version": 2, "openid": OPENID, "scene": 1, "media_type": 2, "media_url": "https://x"}
    assert (await server.call("/wxa/media_check_async", media))["errcode"] == 61010


@pytest.mark.parametrize(
    ("order", "errcode"),
    [
        ({"path": "pages/index/index", "query": "a=1"}, 0),
        ({"path": "/pages/index/index", "expire_type": 1, "expire_interval": 30}, 0),
        ({"expire_time": int(START.timestamp()) + 86_400}, 0),
        ({"path": "pages/none"}, 40165),
        ({"query": "a" * 1025}, 40212),
        ({"env_version": "beta"}, 85402),
        ({"expire_type": 1, "expire_interval": 31}, 85401),
        ({"expire_time": int(START.timestamp()) + 31 * 86_400}, 85401),
        ({"expire_time": 1}, 85401),
        ({"expire_time": int(START.timestamp()) + 59}, 85401),
        ({"expire_time": int(START.timestamp()) + 60}, 0),
        ({"expire_type": 1}, 85401),
        ({"expire_type": 2}, 85401),
    ],
)
async def test_links_lead_to_known_pages_for_at_most_thirty_days(
    server: Server, order: dict[str, Any], errcode: int
) -> None:
    link = await server.call("/wxa/generate_urllink", order)
    parts = {name: value for name, value in order.items() if not name.startswith("expire")}
    life = {name: value for name, value in order.items() if name.startswith("expire")}
    scheme = await server.call("/wxa/generatescheme", {"jump_wxa": parts, **life})
    assert (link["errcode"], scheme["errcode"]) == (errcode, errcode)
    if not errcode:
        assert link["url_link"].startswith("https://wxaurl.cn/")
        assert scheme["openlink"].startswith("weixin://dl/business/?t=")


async def test_a_link_leads_where_it_was_made_for_until_it_lapses(server: Server) -> None:
    state = server.state
    order = {"path": "pages/index/index", "query": "s=A", "expire_type": 1, "expire_interval": 2}
    link = (await server.call("/wxa/generate_urllink", order))["url_link"]
    assert state.links.open(link) == LinkParts("pages/index/index", "s=A", "release")
    state.clock.set_offset(timedelta(days=2, seconds=-1))
    assert state.links.open(link)
    state.clock.set_offset(timedelta(days=2))
    assert state.links.open(link) is None
    assert state.links.open("https://wxaurl.cn/never") is None


async def test_a_program_that_was_never_released_has_no_links(server: Server) -> None:
    server.state.pages = frozenset()
    refused = await server.call("/wxa/generate_urllink", {"path": "pages/index/index"})
    assert refused["errcode"] == 85079


async def test_both_kinds_of_links_are_a_hundred_a_second_together(server: Server) -> None:
    for _ in range(50):
        assert not (await server.call("/wxa/generate_urllink", {}))["errcode"]
        assert not (await server.call("/wxa/generatescheme", {"jump_wxa": {}}))["errcode"]
    assert (await server.call("/wxa/generatescheme", {"jump_wxa": {}}))["errcode"] == 44990
    server.state.clock.set_offset(timedelta(seconds=1))
    assert not (await server.call("/wxa/generate_urllink", {}))["errcode"]


async def test_a_code_on_order_is_refused_before_the_work(server: Server) -> None:
    server.state.messages.add_template(TEMPLATE)
    server.state.messages.tap(OPENID, TEMPLATE.id, "accept")
    fault = {"route": SEND, "fault": "errcode", "errcode": 50002}
    await server.send("POST", "/__sim/faults", fault)
    assert (await server.call(SEND, message()))["errcode"] == 50002
    assert server.state.messages.credits(OPENID, TEMPLATE.id) == 1
