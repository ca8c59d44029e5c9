"""The WeChat client against the simulator, and against servers that do not even speak proper HTTP."""

import asyncio
import logging
import socket
import struct
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import msgspec
import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.netutil import bind_sockets

from miniprogram_api.errors import (
    LoginBlocked,
    LoginCodeInvalid,
    WeChatBusy,
    WeChatError,
    WeChatMisconfigured,
    WeChatRateLimited,
)
from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from miniprogram_api.wechat import WECHAT_URL, Identity, WeChat

APPID = "wx1234567890abcdef"
SECRET = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
ROUTE = "/sns/jscode2session"
OPENID = "oTest-li-wei"

MakeClient = Callable[..., WeChat]


class Delays:
    """A sleep that takes no time and remembers what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class RawServer:
    """A server that reads one request per connection, sends fixed bytes and closes, by a reset if told so."""

    def __init__(self, reply: bytes, *, resets: bool = False) -> None:
        self._reply = reply
        self._resets = resets
        self.requests: list[bytes] = []
        self.base_url = ""

    async def __aenter__(self) -> "RawServer":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self._reply)
        await writer.drain()
        if self._resets:
            no_linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        writer.close()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator(APPID, SECRET)
    yield simulator
    await simulator.close()


@pytest.fixture
async def make_client(simulator: Simulator) -> AsyncIterator[MakeClient]:
    simulator_url = simulator.listen()
    clients: list[WeChat] = []

    def make(base_url: str = simulator_url, secret: str = SECRET, **options: object) -> WeChat:
        options.setdefault("sleep", Delays())
        clients.append(WeChat(base_url, APPID, secret, **options))  # type: ignore[arg-type]  # any option
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def wechat(make_client: MakeClient) -> WeChat:
    return make_client()


def make_code(simulator: Simulator) -> str:
    return simulator.issue_code(OPENID).code


def plan(simulator: Simulator, fault: Fault, **options: object) -> None:
    order = {"route": ROUTE, "fault": fault, **options}
    simulator.state.faults.plan(msgspec.convert(order, PlannedFault))


def make_response(body: bytes, start: str = "HTTP/1.1 200 OK", headers: str = "") -> bytes:
    return f"{start}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def fail(wechat: WeChat, code: str = "any") -> WeChatError:
    with pytest.raises(WeChatError) as caught:
        await wechat.code_to_session(code)
    return caught.value


async def test_a_login_code_gives_the_persons_openid(simulator: Simulator, wechat: WeChat) -> None:
    identity = await wechat.code_to_session(make_code(simulator))
    assert identity == Identity(openid=OPENID, unionid=None)


async def test_the_session_key_is_dropped(simulator: Simulator, wechat: WeChat) -> None:
    identity = await wechat.code_to_session(make_code(simulator))
    assert identity.__struct_fields__ == ("openid", "unionid")


async def test_a_bound_app_gives_the_unionid(simulator: Simulator, wechat: WeChat) -> None:
    simulator.state.people.has_unionid = True
    identity = await wechat.code_to_session(make_code(simulator))
    assert identity.unionid == simulator.state.people.find_unionid(OPENID)


@pytest.mark.parametrize(
    "body",
    [
        '{"openid": "o1", "session_key": "k", "unionid": ""}',
        '{"openid": "o1", "session_key": "k", "unionid": null}',
        '{"openid": "o1", "session_key": "k", "errcode": 0, "errmsg": "ok"}',
        '{"openid": "o1", "session_key": "k", "errcode": "0", "new_field": {"a": [1]}}',
    ],
)
async def test_a_success_is_read_whether_or_not_it_has_an_errcode(
    simulator: Simulator, wechat: WeChat, body: str
) -> None:
    plan(simulator, Fault.OTHER_BODY, body=body)
    assert await wechat.code_to_session("any") == Identity(openid="o1", unionid=None)


async def test_the_content_type_does_not_matter(simulator: Simulator, wechat: WeChat) -> None:
    plan(simulator, Fault.WRONG_CONTENT_TYPE)
    assert (await wechat.code_to_session(make_code(simulator))).openid == OPENID


async def test_a_code_with_reserved_characters_arrives_as_it_is(simulator: Simulator, wechat: WeChat) -> None:
    error = await fail(wechat, "a&secret=other #/?%00+中")
    assert error.errcode == 40029
    assert simulator.state.journal.list_calls()[0].query == ["appid", "grant_type", "js_code", "secret"]


async def test_a_code_works_once(simulator: Simulator, wechat: WeChat) -> None:
    code = make_code(simulator)
    await wechat.code_to_session(code)
    error = await fail(wechat, code)
    assert isinstance(error, LoginCodeInvalid)
    assert error.errcode == 40163


async def test_of_two_logins_at_once_with_a_code_one_wins(simulator: Simulator, wechat: WeChat) -> None:
    code = make_code(simulator)
    results = await asyncio.gather(*(wechat.code_to_session(code) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Identity) for result in results) == 1
    assert sum(isinstance(result, LoginCodeInvalid) for result in results) == 4


async def test_an_expired_code_is_invalid(simulator: Simulator, wechat: WeChat) -> None:
    code = make_code(simulator)
    simulator.state.clock.set_offset(timedelta(seconds=301))
    assert isinstance(await fail(wechat, code), LoginCodeInvalid)


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (40029, LoginCodeInvalid),
        (40163, LoginCodeInvalid),
        (41008, LoginCodeInvalid),
        (40226, LoginBlocked),
        (45011, WeChatRateLimited),
        (40013, WeChatMisconfigured),
        (40125, WeChatMisconfigured),
        (41002, WeChatMisconfigured),
        (41004, WeChatMisconfigured),
        (40243, WeChatMisconfigured),
        (50002, WeChatMisconfigured),
        (50007, WeChatMisconfigured),
        (48001, WeChatMisconfigured),
        (43001, WeChatBusy),
        (999999, WeChatBusy),
    ],
)
async def test_every_errcode_has_its_answer(
    simulator: Simulator, wechat: WeChat, errcode: int, kind: type[WeChatError]
) -> None:
    body = f'{{"errcode": {errcode}, "errmsg": "no, rid: 64e86423-2a8155ef-64e3c234"}}'
    plan(simulator, Fault.OTHER_BODY, body=body)
    error = await fail(wechat)
    assert type(error) is kind
    assert (error.errcode, error.rid) == (errcode, "64e86423-2a8155ef-64e3c234")
    assert str(error) == kind.message
    assert "errcode" not in error.details


async def test_answers_say_when_to_come_back(simulator: Simulator, wechat: WeChat) -> None:
    plan(simulator, Fault.MINUTE_LIMIT)
    plan(simulator, Fault.BLOCKED)
    plan(simulator, Fault.CUT)
    assert (await fail(wechat)).details == {"retryAfter": 60}
    assert (await fail(wechat)).details == {}
    assert (await fail(wechat)).details["retryAfter"] > 0


async def test_busy_wechat_is_asked_twice_more(simulator: Simulator, make_client: MakeClient) -> None:
    delays = Delays()
    plan(simulator, Fault.BUSY, times=2)
    identity = await make_client(sleep=delays).code_to_session(make_code(simulator))
    assert identity.openid == OPENID
    assert delays.seconds == [0.2, 0.8]


async def test_wechat_that_stays_busy_is_given_up(simulator: Simulator, make_client: MakeClient) -> None:
    delays = Delays()
    plan(simulator, Fault.BUSY, times=5)
    error = await fail(make_client(sleep=delays))
    assert isinstance(error, WeChatBusy)
    assert error.errcode == -1
    assert len(simulator.state.journal.list_calls()) == 3
    assert delays.seconds == [0.2, 0.8]


async def test_a_hang_ends_in_time_and_is_not_repeated(simulator: Simulator, make_client: MakeClient) -> None:
    wechat = make_client(call_seconds=0.2)
    plan(simulator, Fault.HANG)
    code = make_code(simulator)
    async with asyncio.timeout(2):
        error = await fail(wechat, code)
    assert isinstance(error, WeChatBusy)
    assert error.cause == "timeout"
    assert len(simulator.state.journal.list_calls()) == 1
    assert (await fail(wechat, code)).errcode == 40163  # The first call used the code up.


async def test_a_retry_has_only_the_time_that_is_left(simulator: Simulator, make_client: MakeClient) -> None:
    plan(simulator, Fault.BUSY)
    plan(simulator, Fault.HANG)
    async with asyncio.timeout(2):
        error = await fail(make_client(call_seconds=0.3))
    assert error.cause == "timeout"


async def test_waiting_to_retry_counts_as_time(simulator: Simulator, make_client: MakeClient) -> None:
    plan(simulator, Fault.BUSY, times=3)
    error = await fail(make_client(call_seconds=0.1, sleep=asyncio.sleep))
    assert error.cause == "timeout"
    assert len(simulator.state.journal.list_calls()) == 1


async def test_waiting_for_a_free_connection_counts_as_time(
    simulator: Simulator, make_client: MakeClient
) -> None:
    http = AsyncHTTPClient(force_instance=True, max_clients=1)
    plan(simulator, Fault.HANG, times=3)
    wechat = make_client(call_seconds=0.3, http=http)
    async with asyncio.timeout(2):
        errors = await asyncio.gather(*(fail(wechat) for _ in range(3)))
    assert {type(error) for error in errors} == {WeChatBusy}
    http.close()


async def test_a_late_answer_within_the_time_is_taken(simulator: Simulator, wechat: WeChat) -> None:
    plan(simulator, Fault.LATENCY, seconds=0.05)
    assert (await wechat.code_to_session(make_code(simulator))).openid == OPENID


@pytest.mark.parametrize("fault", [Fault.HTTP_502, Fault.CUT, Fault.HALF_BODY, Fault.NOT_JSON])
async def test_a_broken_answer_is_busy_and_not_repeated(
    simulator: Simulator, wechat: WeChat, fault: Fault
) -> None:
    plan(simulator, fault)
    error = await fail(wechat, make_code(simulator))
    assert isinstance(error, WeChatBusy)
    assert len(simulator.state.journal.list_calls()) == 1


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{}",
        '"text"',
        '{"session_key": "k"}',
        '{"openid": ""}',
        '{"openid": 5}',
        '{"openid": null}',
        '{"openid": "' + "o" * 129 + '"}',
        '{"openid": "o1", "unionid": 5}',
        '{"errcode": "many"}',
        '{"errcode": null, "openid": "o1"}',
        '{"errcode": 40029, "errmsg": 5}',
        '{"openid": "o1", "session_',
        '{"deep": ' + "[" * 100_000,
    ],
    ids=lambda body: body[:20] or "empty",
)
async def test_a_wrong_body_is_busy(simulator: Simulator, wechat: WeChat, body: str) -> None:
    plan(simulator, Fault.OTHER_BODY, body=body)
    error = await fail(wechat)
    assert isinstance(error, WeChatBusy)
    assert error.cause == "unreadable"


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"not HTTP at all\r\n\r\n",
        make_response(b'{"openid": "\xff\xfe"}'),
        make_response(b'{"openid": "o1"}', start="HTTP/1.1 500 Internal Server Error"),
        make_response(b'{"openid": "o1"}', start="HTTP/1.1 403 Forbidden"),
        make_response(b'{"openid": "' + b"o" * 1_100_000 + b'"}'),
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 1000,
    ],
    ids=[
        "nothing",
        "no HTTP",
        "no UTF-8",
        "500",
        "403",
        "huge",
        "bad length",
        "bad chunk",
        "huge header",
        "huge chunk line",
    ],
)
async def test_bad_http_is_busy(make_client: MakeClient, reply: bytes) -> None:
    async with RawServer(reply) as server, asyncio.timeout(5):
        error = await fail(make_client(server.base_url, call_seconds=0.4))
    assert isinstance(error, WeChatBusy)
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [b"", make_response(b'{"openid": "o1"}')[:-5]], ids=["at once", "half way"])
async def test_a_reset_connection_is_busy_within_the_time(make_client: MakeClient, reply: bytes) -> None:
    async with RawServer(reply, resets=True) as server, asyncio.timeout(5):
        error = await fail(make_client(server.base_url, call_seconds=0.4))
    assert isinstance(error, WeChatBusy)


async def test_a_redirect_does_not_carry_the_secret_away(make_client: MakeClient) -> None:
    async with RawServer(make_response(b'{"openid": "o1"}')) as elsewhere:
        headers = f"Location: {elsewhere.base_url}/\r\n"
        async with RawServer(make_response(b"", start="HTTP/1.1 302 Found", headers=headers)) as server:
            assert isinstance(await fail(make_client(server.base_url)), WeChatBusy)
    assert elsewhere.requests == []


async def test_nobody_listening_is_busy(make_client: MakeClient) -> None:
    sockets = bind_sockets(0, "127.0.0.1")
    port = sockets[0].getsockname()[1]
    sockets[0].close()
    error = await fail(make_client(f"http://127.0.0.1:{port}"))
    assert isinstance(error, WeChatBusy)
    assert error.cause == "connection"


async def test_a_wrong_secret_is_seen_by_readiness_until_a_login_succeeds(
    simulator: Simulator, wechat: WeChat
) -> None:
    assert not wechat.misconfigured
    plan(simulator, Fault.OTHER_BODY, body='{"errcode": 40125, "errmsg": "invalid appsecret"}')
    assert isinstance(await fail(wechat), WeChatMisconfigured)
    plan(simulator, Fault.CUT)
    await fail(wechat)
    assert wechat.misconfigured
    assert wechat.misconfiguration == "40125 INVALID_APP_SECRET"
    await wechat.code_to_session(make_code(simulator))
    assert not wechat.misconfigured
    assert wechat.misconfiguration is None


async def test_a_code_without_a_name_is_shown_as_a_number(simulator: Simulator, wechat: WeChat) -> None:
    plan(simulator, Fault.OTHER_BODY, body='{"errcode": 50007}')
    await fail(wechat)
    assert wechat.misconfiguration == "50007"


async def test_our_secret_is_checked_by_wechat(make_client: MakeClient) -> None:
    error = await fail(make_client(secret="0" * 32))
    assert isinstance(error, WeChatMisconfigured)
    assert error.errcode == 40125


async def test_the_log_has_errcode_and_rid(
    simulator: Simulator, wechat: WeChat, caplog: pytest.LogCaptureFixture
) -> None:
    plan(simulator, Fault.MINUTE_LIMIT)
    error = await fail(wechat)
    (record,) = [record for record in caplog.records if record.name == "union.wechat"]
    facts = record.__dict__
    assert record.getMessage() == "wechat_call_failed"
    assert (facts["errcode"], facts["rid"], facts["path"]) == (45011, error.rid, ROUTE)
    assert error.rid


@pytest.mark.parametrize("fault", [None, *Fault])
async def test_neither_logs_nor_errors_hold_a_secret(
    simulator: Simulator, make_client: MakeClient, caplog: pytest.LogCaptureFixture, fault: Fault | None
) -> None:
    caplog.set_level(logging.DEBUG)
    code = make_code(simulator)
    if fault:
        plan(simulator, fault, times=3, seconds=0.01, body='{"openid": 1, "session_key": "')
    wechat = make_client(call_seconds=0.3)
    results = await asyncio.gather(*(wechat.code_to_session(code) for _ in range(2)), return_exceptions=True)
    errors = [result for result in results if isinstance(result, BaseException)]
    written = "".join(line for error in errors for line in traceback.format_exception(error))
    written += "".join(repr(record.__dict__) for record in caplog.records)
    written += "".join(repr(error) + repr(error.__dict__) for error in errors)
    assert errors
    assert caplog.records
    for secret in (SECRET, code, simulator.state.people.session_key(OPENID)):
        assert secret not in written


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.weixin.qq.com",
        "http://192.168.1.5:9000",
        "http://localhost:9000",
        "ftp://127.0.0.1",
        "",
        "https://",
    ],
)
def test_the_secret_is_not_sent_in_the_clear_to_another_machine(base_url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        WeChat(base_url, APPID, SECRET)


async def test_wechat_itself_and_loopback_are_fit_for_the_secret(make_client: MakeClient) -> None:
    make_client(WECHAT_URL)
    make_client("http://[::1]:9000/")


async def test_an_http_client_that_was_given_is_left_open(
    simulator: Simulator, make_client: MakeClient
) -> None:
    http = AsyncHTTPClient(force_instance=True)
    make_client(http=http).close()
    assert (await make_client(http=http).code_to_session(make_code(simulator))).openid == OPENID
    http.close()


async def test_its_own_http_client_is_closed(make_client: MakeClient) -> None:
    wechat = make_client()
    wechat.close()
    with pytest.raises(RuntimeError, match="closed"):
        await wechat.code_to_session("any")


def test_importing_the_client_does_not_warn() -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", "import miniprogram_api.wechat"], check=True)
