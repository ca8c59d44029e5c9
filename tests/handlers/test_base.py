"""What every handler shares: limits, shapes, headers, log lines, and who may call without a login."""

import asyncio
import io
import json
import re
from contextlib import suppress

import pytest
from tornado.web import RequestHandler

from handlers.base import Handler
from handlers.console import ROUTES as CONSOLE_ROUTES
from handlers.demo import ROUTES as DEMO_ROUTES
from handlers.openapi import PATH_PARAMETERS
from handlers.routes import ROUTES, Route
from server.service import Service
from tests.factories import Factory, Http

PUBLIC = {
    "CheckFileHandler", "CheckInsHandler", "ClientLibraryHandler", "DevicesHandler", "DistrictHandler",
    "EnrolmentPage", "EnrolmentsHandler", "HealthHandler", "KioskLibrary", "KioskPage", "KioskWorker",
    "LandingHandler", "LoginCodesHandler", "OpenApiHandler", "PasswordSignInsHandler", "PhoneCodesHandler",
    "PhonePage", "PhotoForCheckHandler", "PopupsHandler", "PrivacyNoticeHandler", "PrivacyPage",
    "PushHandler", "ReadinessHandler", "ReportPhotoHandler", "ScannerPage", "ScreenKeysHandler",
    "ScreenPairingsHandler", "SessionsHandler", "SignHandler", "SignInHandler", "SignInPage",
    "SignInPictureHandler", "SignInSessionHandler", "SignInsHandler", "SignPageHandler", "StartPage",
    "StationHandler", "StationPhotoHandler", "StationReportsHandler", "StationWxacodeHandler",
    "StationsHandler",
}  # fmt: skip


EVERY_ROUTE: list[Route] = [*ROUTES, *CONSOLE_ROUTES, *DEMO_ROUTES]


def test_only_the_handlers_listed_here_are_public() -> None:
    public = {handler.__name__ for _, handler in EVERY_ROUTE if handler.public}
    assert public == PUBLIC


def test_a_handler_is_not_public_unless_it_says_so() -> None:
    assert Handler.public is False


@pytest.mark.parametrize(("path", "handler"), [route for route in ROUTES if not route[1].public])
async def test_every_other_route_asks_for_a_login(http: Http, path: str, handler: type[Handler]) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        if hasattr(getattr(handler, method.lower()), "contract"):
            filled = re.sub(r"\{(\w+)\}", lambda name: (PATH_PARAMETERS[name[1]].examples or [""])[0], path)
            reply = await http(method, filled, raw=b"{}" if method in ("POST", "PUT") else None)
            assert (reply.status, reply.code) == (401, "login_required"), (method, path)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"code": "a"} x', "invalid_json"),
        (b'{"code": "\xff\xfe"}', "invalid_json"),
        (b"[" * 100_000, "invalid_request"),
        (b'{"code":' + b"[" * 100_000, "invalid_request"),
        (b"null", "invalid_request"),
        (b'{"code": 5}', "invalid_request"),
        (b'{"code": "a", "extra": 1}', "invalid_request"),
        (b"{}", "invalid_request"),
    ],
)
async def test_a_malformed_body_gets_a_clear_answer(http: Http, raw: bytes, code: str) -> None:
    reply = await http("POST", "/api/v1/sessions", raw=raw)
    assert (reply.status, reply.code) == (400, code)
    assert re.search("[一-鿿]", reply.json["message"])


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"code": 5}', "body.code"),
        (b'{"code": "a", "extra": 1}', "body.extra"),
        (b"{}", "body.code"),
        (b'{"code": ""}', "body.code"),
        (b"[]", "body"),
    ],
)
async def test_the_culprit_s_path_is_named(http: Http, raw: bytes, field: str) -> None:
    reply = await http("POST", "/api/v1/sessions", raw=raw)
    assert reply.json["details"]["field"] == field


async def test_every_failure_has_the_one_shape(http: Http) -> None:
    for method, path, status, code in (
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/v1/stations/4E8M0R2", 404, "not_found"),
        ("POST", "/healthz", 405, "method_not_allowed"),
        ("GET", "/static/%2e%2e/base.py", 404, "not_found"),
        ("PATCH", "/api/v1/card", 401, "login_required"),
        ("GET", "/api/v1/stations?longitude=" + "1" * 3000, 414, "url_too_long"),
    ):
        reply = await http(method, path, raw=b"{}" if method in ("POST", "PATCH") else None)
        assert (reply.status, reply.code) == (status, code)
        assert set(reply.json) - {"details"} == {"code", "message", "requestId"}
        assert reply.json["requestId"] == reply.headers["X-Request-Id"]
        assert reply.headers.get("Allow") == ("GET" if status == 405 else None)  # RFC 9110, 15.5.6


async def test_a_body_that_is_not_json_by_its_own_word_is_refused(http: Http) -> None:
    reply = await http("POST", "/api/v1/sessions", raw=b"<xml/>", headers={"Content-Type": "text/xml"})
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


async def send_head(url: str, head: str) -> bytes:
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode())
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ("Content-Length: 999999999999", 413, "body_too_large"),
        ("Content-Length: 1048577", 413, "body_too_large"),
        ("Transfer-Encoding: chunked", 411, "length_required"),
    ],
)
async def test_a_huge_body_is_refused_by_its_head_alone(
    http: Http, header: str, status: int, code: str
) -> None:
    answer = await send_head(http.url, f"POST /api/v1/sessions HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status}".encode())
    assert json.loads(body)["code"] == code


async def test_a_method_that_nobody_knows_is_counted_out_as_it_was_counted_in(
    http: Http, service: Service
) -> None:
    await send_head(http.url, "INVENTED /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert service.services.traffic.running == 0


@pytest.mark.parametrize("ending", ["", "\r\n\r\n"])
@pytest.mark.parametrize("size", [16_400, 60_000])
async def test_a_huge_head_is_refused_in_our_form(http: Http, size: int, ending: str) -> None:
    answer = await send_head(http.url, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + "a" * size + ending)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    refusal = json.loads(body)
    assert refusal["code"] == "head_too_large"
    assert f"X-Request-Id: {refusal['requestId']}".encode() in head


async def test_a_head_without_end_ends_the_connection(http: Http) -> None:
    host, _, port = http.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(10):
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"GET /" + b"a" * 100_000)
                await writer.drain()
                await asyncio.sleep(0)
    writer.close()
    assert (await http("GET", "/healthz")).status == 200


async def test_a_parameter_given_twice_or_unknown_is_refused(http: Http) -> None:
    for query, field in (
        ("longitude=113.6&latitude=34.7&datum=gcj02&limit=1&limit=2", "query.limit"),
        ("longitude=113.6&latitude=34.7&datum=gcj02&order=x", "query.order"),
        ("longitude=%ff&latitude=34.7&datum=gcj02", "query.longitude"),
    ):
        reply = await http("GET", f"/api/v1/stations?{query}")
        assert (reply.status, reply.json["details"]["field"]) == (400, field)


async def test_every_answer_bears_the_security_headers(http: Http) -> None:
    for path in ("/healthz", "/nowhere", "/api/v1/card"):
        headers = (await http("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Server" not in headers


def test_an_answer_begins_as_tornado_begins_it() -> None:
    ours, bare = Handler.__new__(Handler), RequestHandler.__new__(RequestHandler)
    ours.clear()
    bare.clear()
    assert vars(ours).keys() - vars(bare).keys() == {"request_id"}
    fields = vars(ours).pop("_headers")
    assert fields["Date"][:16] == vars(bare).pop("_headers")["Date"][:16]
    assert vars(ours).items() >= vars(bare).items()


async def test_a_request_s_log_line_has_no_path_query_person_or_token(
    http: Http, make: Factory, access_log: io.StringIO
) -> None:
    someone = await make.member()
    start = access_log.tell()
    await http("GET", "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02")
    reply = await http("GET", "/api/v1/card/scans?limit=7", token=someone.token)
    await http("GET", "/api/v1/card")
    access_log.seek(start)
    text = access_log.read()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["handler"] for line in lines] == ["StationsHandler", "CardScansHandler", "CardHandler"]
    assert lines[1]["request_id"] == reply.headers["X-Request-Id"]
    assert lines[2]["refused_with"] == "login_required"
    for secret in ("113.62", "limit", "/api", someone.token, someone.person, someone.openid):
        assert secret not in text


async def test_health_is_told_without_a_login(http: Http) -> None:
    for path in ("/healthz", "/readyz"):
        reply = await http("GET", path)
        assert (reply.status, reply.json) == (200, {"status": "ok", "missing": []})
