"""The simulated WeChat, through its own HTTP: it does what WeChat's documentation says."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec import Struct
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.simple_httpclient import HTTPStreamClosedError

from miniprogram_api.simulator import Simulator, main
from miniprogram_api.simulator_state import JOURNAL_CALLS, Kind
from miniprogram_api.wechat import WeChat

APPID = "wx1234567890abcdef"
SECRET = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
ROUTE = "/sns/jscode2session"
START = datetime(2026, 7, 15, 1, 0, tzinfo=UTC)
RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$")


class Reply(Struct):
    """An answer of the simulator."""

    status: int
    content_type: str
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Phone:
    """Speaks to the simulator over HTTP: as the phone, as our server and as whoever orders faults."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.base_url = simulator.listen()
        self.http = AsyncHTTPClient(force_instance=True)

    async def send(self, method: str, path: str, body: object = None, **query: str) -> Reply:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        response = await self.http.fetch(
            f"{self.base_url}{path}?{urlencode(query)}",
            method=method,
            body=None if method in ("GET", "DELETE") else text,
            raise_error=False,
        )
        return Reply(response.code, response.headers.get("Content-Type", ""), response.body.decode())

    async def get_code(self, openid: str | None = None, kind: str = "login") -> str:
        order = {"kind": kind} if openid is None else {"kind": kind, "openid": openid}
        reply = await self.send("POST", "/__sim/codes", order)
        assert reply.status == 201
        return str(reply.json["code"])

    async def exchange(self, code: str, **query: str) -> Reply:
        asked = {"appid": APPID, "secret": SECRET, "js_code": code, "grant_type": "authorization_code"}
        asked.update(query)
        return await self.send("GET", ROUTE, **{name: value for name, value in asked.items() if value != "-"})

    async def plan(self, fault: str, **options: object) -> None:
        reply = await self.send("POST", "/__sim/faults", {"route": ROUTE, "fault": fault, **options})
        assert reply.status == 201

    async def move_clock(self, seconds: float) -> None:
        await self.send("POST", "/__sim/clock", {"offsetSeconds": seconds})


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    phone = Phone(Simulator(APPID, SECRET, lambda: START))
    yield phone
    phone.http.close()
    await phone.simulator.close()


async def test_a_success_has_openid_and_session_key_and_no_errcode(phone: Phone) -> None:
    reply = await phone.exchange(await phone.get_code("oTest-li-wei"))
    assert (reply.status, reply.content_type) == (200, "text/plain")
    assert reply.json.keys() == {"openid", "session_key"}
    assert reply.json["openid"] == "oTest-li-wei"
    assert re.fullmatch(r"[A-Za-z0-9+/]{22}==", reply.json["session_key"])


async def test_a_person_without_an_openid_is_a_new_one(phone: Phone) -> None:
    first = (await phone.send("POST", "/__sim/codes", {"kind": "login"})).json
    second = (await phone.send("POST", "/__sim/codes", {"kind": "login"})).json
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", first["openid"])
    assert first["openid"] != second["openid"]
    assert first["code"] != second["code"]
    assert datetime.fromisoformat(first["expiresAt"]) == START + timedelta(seconds=300)


@pytest.mark.parametrize(
    ("query", "errcode"),
    [
        ({"appid": "-"}, 41002),
        ({"appid": ""}, 41002),
        ({"appid": "wx0000000000000001"}, 40013),
        ({"secret": "-"}, 41004),
        ({"secret": SECRET.upper()}, 40125),
        ({"grant_type": "-"}, 40002),
        ({"grant_type": "client_credential"}, 40002),
        ({"js_code": "-"}, 41008),
        ({"js_code": "unknown"}, 40029),
    ],
)
async def test_a_wrong_parameter_has_its_errcode(phone: Phone, query: dict[str, str], errcode: int) -> None:
    code = await phone.get_code()
    reply = await phone.exchange(code, **query)
    assert reply.status == 200
    assert reply.json["errcode"] == errcode
    assert RID.search(reply.json["errmsg"])
    assert "openid" in (await phone.exchange(code)).json  # A refused call uses no code up.


async def test_a_parameter_that_is_no_utf8_is_a_wrong_parameter(phone: Phone) -> None:
    response = await phone.http.fetch(f"{phone.base_url}{ROUTE}?appid=%ff")
    assert json.loads(response.body)["errcode"] == 40013


async def test_post_is_not_a_method_of_code2session(phone: Phone) -> None:
    query = {"appid": APPID, "secret": SECRET, "js_code": await phone.get_code(), "grant_type": "x"}
    reply = await phone.send("POST", ROUTE, "", **query)
    assert reply.json["errcode"] == 43001
    assert RID.search(reply.json["errmsg"])


async def test_a_rid_begins_with_the_second_and_is_never_the_same(phone: Phone) -> None:
    messages = [(await phone.exchange("unknown")).json["errmsg"] for _ in range(2)]
    assert all(f" rid: {int(START.timestamp()):08x}-" in message for message in messages)
    assert messages[0] != messages[1]


async def test_a_code_dies_at_its_first_use(phone: Phone) -> None:
    code = await phone.get_code()
    assert "openid" in (await phone.exchange(code)).json
    assert (await phone.exchange(code)).json["errcode"] == 40163


async def test_of_many_exchanges_at_once_one_succeeds(phone: Phone) -> None:
    code = await phone.get_code()
    replies = await asyncio.gather(*(phone.exchange(code) for _ in range(8)))
    assert sorted(reply.json.get("errcode", 0) for reply in replies) == [0] + [40163] * 7


@pytest.mark.parametrize(("seconds", "errcode"), [(299, 0), (300, 40029), (86400, 40029)])
async def test_a_code_lives_five_minutes(phone: Phone, seconds: int, errcode: int) -> None:
    code = await phone.get_code()
    await phone.move_clock(seconds)
    assert (await phone.exchange(code)).json.get("errcode", 0) == errcode


async def test_expired_codes_are_forgotten_and_live_ones_kept(phone: Phone) -> None:
    used, unused = await phone.get_code(), await phone.get_code()
    await phone.exchange(used)
    await phone.move_clock(200)
    live = await phone.get_code()
    await phone.move_clock(301)
    await phone.get_code()
    await phone.move_clock(200)
    errcodes = [(await phone.exchange(code)).json.get("errcode", 0) for code in (used, unused, live)]
    assert errcodes == [40029, 40029, 0]


async def test_a_phone_code_is_not_a_login_code(phone: Phone) -> None:
    code = await phone.get_code("oTest", kind="phone")
    assert (await phone.exchange(code)).json["errcode"] == 40029
    assert phone.simulator.state.codes.redeem(code, Kind.PHONE) == "oTest"


async def test_a_person_keeps_the_session_key_for_a_short_time(phone: Phone) -> None:
    async def key(openid: str) -> str:
        return str((await phone.exchange(await phone.get_code(openid))).json["session_key"])

    first = await key("oOne")
    await phone.move_clock(60)
    assert await key("oOne") == first
    assert await key("oTwo") != first
    await phone.move_clock(301)
    assert await key("oOne") != first


async def test_a_bound_app_gets_one_unionid_per_person(phone: Phone) -> None:
    async def unionid(openid: str) -> str | None:
        reply = await phone.exchange(await phone.get_code(openid))
        found: str | None = reply.json.get("unionid")
        return found

    assert await unionid("oOne") is None
    await phone.send("POST", "/__sim/unionid", {"bound": True})
    first = await unionid("oOne")
    assert first
    assert await unionid("oOne") == first
    assert await unionid("oTwo") != first
    await phone.send("POST", "/__sim/unionid", {"bound": False})
    assert await unionid("oOne") is None


@pytest.mark.parametrize(("fault", "errcode"), [("busy", -1), ("blocked", 40226), ("minute_limit", 45011)])
async def test_a_planned_refusal_comes_as_often_as_planned_and_leaves_the_code(
    phone: Phone, fault: str, errcode: int
) -> None:
    code = await phone.get_code()
    await phone.plan(fault, times=2)
    for _ in range(2):
        reply = await phone.exchange(code)
        assert (reply.status, reply.json["errcode"]) == (200, errcode)
        assert RID.search(reply.json["errmsg"])
    assert "openid" in (await phone.exchange(code)).json


async def test_faults_come_in_the_order_of_their_planning(phone: Phone) -> None:
    await phone.plan("minute_limit")
    await phone.plan("http_502")
    assert (await phone.exchange("any")).json["errcode"] == 45011
    assert (await phone.exchange("any")).status == 502
    assert (await phone.exchange("any")).json["errcode"] == 40029


async def test_planned_faults_can_be_forgotten(phone: Phone) -> None:
    await phone.plan("cut", times=1000)
    assert (await phone.send("DELETE", "/__sim/faults")).status == 204
    assert (await phone.exchange("any")).status == 200


async def test_a_cut_connection_has_used_the_code_up(phone: Phone) -> None:
    code = await phone.get_code()
    await phone.plan("cut")
    with pytest.raises(HTTPStreamClosedError):
        await phone.exchange(code)
    assert (await phone.exchange(code)).json["errcode"] == 40163


async def test_half_a_body_is_less_than_was_promised(phone: Phone) -> None:
    await phone.plan("half_body")
    host, port = phone.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {ROUTE} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head, body = (await reader.read()).split(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    promised = re.search(rb"Content-Length: (\d+)", head)
    assert promised
    assert len(body) == int(promised[1]) // 2
    assert body.startswith(b'{"errcode":')


async def test_disguised_answers(phone: Phone) -> None:
    await phone.plan("not_json")
    await phone.plan("wrong_content_type")
    await phone.plan("other_body", body="[]")
    page = await phone.exchange(await phone.get_code())
    assert (page.status, page.text[:6]) == (200, "<html>")
    picture = await phone.exchange(await phone.get_code())
    assert picture.content_type == "image/jpeg"
    assert "openid" in picture.json
    assert (await phone.exchange(await phone.get_code())).text == "[]"


async def test_a_late_answer_is_late(phone: Phone) -> None:
    await phone.plan("latency", seconds=0.1)
    loop = asyncio.get_running_loop()
    start = loop.time()
    assert "openid" in (await phone.exchange(await phone.get_code())).json
    assert loop.time() - start >= 0.1


@pytest.mark.parametrize("fault", ["hang", "latency"])
async def test_a_call_that_hangs_ends_when_the_simulator_closes(phone: Phone, fault: str) -> None:
    await phone.plan(fault, seconds=60)
    call = asyncio.create_task(phone.exchange("any"))
    async with asyncio.timeout(5):
        while not phone.simulator.state.journal.list_calls():
            await phone.send("GET", "/__sim/journal")
        await phone.simulator.close()
        with pytest.raises((HTTPClientError, OSError)):
            await call


async def test_the_journal_names_calls_and_parameters_and_no_values(phone: Phone) -> None:
    code = await phone.get_code()
    await phone.plan("busy")
    await phone.exchange(code)
    reply = await phone.send("GET", "/__sim/journal")
    assert reply.json == {
        "calls": [
            {
                "at": "2026-07-15T01:00:00Z",
                "method": "GET",
                "path": ROUTE,
                "query": ["appid", "grant_type", "js_code", "secret"],
                "secretIn": ["secret"],
                "fault": "busy",
            }
        ],
        "secretLeaks": [],
    }
    assert not any(value in reply.text for value in (SECRET, APPID, code))


async def test_the_journal_finds_a_secret_where_it_does_not_belong(phone: Phone) -> None:
    await phone.send("POST", "/cgi-bin/stable_token", "{}", secret=SECRET)
    await phone.exchange("any", appid=SECRET)
    await phone.send("POST", "/wxa/getuserriskrank", "{}", access_token=f"x{SECRET}x")
    await phone.exchange("any")
    leaks = (await phone.send("GET", "/__sim/journal")).json["secretLeaks"]
    assert [(leak["path"], leak["secretIn"]) for leak in leaks] == [
        ("/cgi-bin/stable_token", ["secret"]),
        (ROUTE, ["appid", "secret"]),
        ("/wxa/getuserriskrank", ["access_token"]),
    ]


async def test_our_client_leaks_no_secret(phone: Phone) -> None:
    wechat = WeChat(phone.base_url, APPID, SECRET, http=phone.http)
    await wechat.code_to_session(await phone.get_code())
    journal = (await phone.send("GET", "/__sim/journal")).json
    assert len(journal["calls"]) == 1
    assert journal["secretLeaks"] == []


async def test_the_journal_can_be_emptied_and_does_not_grow_for_ever(phone: Phone) -> None:
    await phone.exchange("any")
    journal = phone.simulator.state.journal
    for _ in range(JOURNAL_CALLS + 1):
        journal.record(journal.list_calls()[0])
    assert len(journal.list_calls()) == JOURNAL_CALLS
    assert (await phone.send("DELETE", "/__sim/journal")).status == 204
    assert journal.list_calls() == []


async def test_an_unknown_route_is_an_invalid_url(phone: Phone) -> None:
    reply = await phone.send("GET", "/wxa/no_such_thing")
    assert reply.json["errcode"] == 40066
    assert RID.search(reply.json["errmsg"])


async def test_the_clock_stands_where_it_is_told(phone: Phone) -> None:
    for seconds in (3600, -60, 0.5):
        reply = await phone.send("POST", "/__sim/clock", {"offsetSeconds": seconds})
        assert datetime.fromisoformat(reply.json["now"]) == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/__sim/codes", "not JSON"),
        ("/__sim/codes", b"\xff"),
        ("/__sim/codes", "[" * 100_000),
        ("/__sim/codes", {}),
        ("/__sim/codes", {"kind": "other"}),
        ("/__sim/codes", {"kind": "login", "openid": ""}),
        ("/__sim/codes", {"kind": "login", "openid": "has space"}),
        ("/__sim/codes", {"kind": "login", "more": 1}),
        ("/__sim/faults", {"route": "/no/such/route", "fault": "hang"}),
        ("/__sim/faults", {"route": ROUTE, "fault": "earthquake"}),
        ("/__sim/faults", {"route": ROUTE, "fault": "hang", "times": 0}),
        ("/__sim/faults", {"route": ROUTE, "fault": "latency", "seconds": 61}),
        ("/__sim/clock", {"offsetSeconds": "soon"}),
        ("/__sim/clock", {"offsetSeconds": 1e300}),
        ("/__sim/unionid", {"bound": 1}),
    ],
)
async def test_a_malformed_order_is_refused_with_its_reason(phone: Phone, path: str, body: object) -> None:
    reply = await phone.send("POST", path, body)
    assert reply.status == 400
    assert reply.json["error"]


async def test_the_simulator_can_be_used_without_http(phone: Phone) -> None:
    issued = phone.simulator.issue_code("oTest-li-wei")
    assert (await phone.exchange(issued.code)).json["openid"] == "oTest-li-wei"


async def test_closing_an_idle_simulator_is_no_error() -> None:
    await Simulator(APPID, SECRET).close()


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.168.1.5", "8.8.8.8", "localhost"])
async def test_the_simulator_listens_on_loopback_only(address: str) -> None:
    with pytest.raises(ValueError, match=re.escape(address)):
        Simulator(APPID, SECRET).listen(address=address)


def test_the_command_refuses_an_address_that_others_can_reach(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--host", "0.0.0.0", "--port", "0"])
    assert caught.value.code == 2
    assert "--host" in capsys.readouterr().err


@pytest.mark.engines
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_simulator_runs_alone_until_it_is_told_to_stop(number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "miniprogram_api.simulator",
        "--port",
        "0",
        "--secret",
        SECRET,
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    http = AsyncHTTPClient(force_instance=True)
    try:
        async with asyncio.timeout(20):
            assert process.stdout
            line = (await process.stdout.readline()).decode()
            base_url, appid, secret = re.split(r"：|  appid=|  secret=", line.strip())[1:]
            code = json.loads(
                (await http.fetch(f"{base_url}/__sim/codes", method="POST", body='{"kind":"login"}')).body
            )
            identity = await WeChat(base_url, appid, secret, http=http).code_to_session(code["code"])
            assert identity.openid == code["openid"]
            os.kill(process.pid, number)
            _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    finally:
        http.close()
        if process.returncode is None:
            process.kill()
            await process.wait()
