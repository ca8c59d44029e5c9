"""Requests that nobody means well: every answer is a clear refusal, none is an error of ours."""

import asyncio
import json
from typing import Any

import pytest

from tests.factories import Factory, Http

SCAN = {"scanId": "scan-aaaaaaaa", "code": "x", "purpose": "identify"}


async def status_of(http: Http, head: bytes, body: bytes = b"") -> int:
    """The status of a request written by hand: no client sends such a head."""
    host, _, port = http.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.replace(b"\n", b"\r\n") + b"\r\n" + body)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


async def send_scan(http: Http, make: Factory, body: bytes, kind: str = "application/json") -> Any:
    token = (await make.member(staff=True)).token
    return await http("POST", "/api/v1/scans", raw=body, token=token, headers={"Content-Type": kind})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"scanId":"scan-aaaaaaaa","code":"\\ud800","purpose":"identify"}', "invalid_json"),
        (b'{"scanId":"scan-aaaaaaaa","code":"\xed\xa0\x80","purpose":"identify"}', "invalid_json"),
        (b'{"scanId":"scan-aaaaaaaa\\n","code":"x","purpose":"identify"}', "invalid_request"),
        (b'{"scanId":"scan\\u0000aaaaaaaa","code":"x","purpose":"identify"}', "invalid_request"),
        (b'{"scanId":' + b"9" * 100_000 + b"}", "invalid_request"),
        (b"[" * 100_000, "invalid_request"),
        (b'{"scannedAt":' * 50_000, "invalid_request"),
        (b"\xef\xbb\xbf{}", "invalid_json"),
        (b"", "invalid_json"),
    ],
)
async def test_a_body_that_is_no_scan_is_a_400(http: Http, make: Factory, body: bytes, code: str) -> None:
    reply = await send_scan(http, make, body)
    assert (reply.status, reply.code) == (400, code)


@pytest.mark.parametrize("kind", ["application/jsonx", "text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_does_not_say_json_is_a_415(http: Http, make: Factory, kind: str) -> None:
    assert (await send_scan(http, make, json.dumps(SCAN).encode(), kind)).status == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
async def test_json_may_be_spelled_as_media_types_may(http: Http, make: Factory, kind: str) -> None:
    assert (await send_scan(http, make, json.dumps(SCAN).encode(), kind)).status == 201


@pytest.mark.parametrize("text", ["%00", "a%00b", "a%0A", "%20", "%E2%80%AE扫错", "%C2%85", "%EF%BB%BF"])
async def test_a_reason_is_one_line_that_can_be_seen(http: Http, make: Factory, text: str) -> None:
    token = (await make.member(staff=True)).token
    reply = await http("DELETE", f"/api/v1/scans/scan-aaaaaaaa?reason={text}", token=token)
    assert (reply.status, reply.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    "query", ["after=%00", "after=%ed%a0%80", "%ff=1", "limit=1&limit=1", "limit=" + "9" * 1800]
)
async def test_a_query_that_makes_no_sense_is_a_400(http: Http, make: Factory, query: str) -> None:
    reply = await http("GET", f"/api/v1/card/scans?{query}", token=(await make.member()).token)
    assert (reply.status, reply.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    "path", ["%00%00%00%00%00%00%00%00", "%ff%fe", "%", "..", "%2e%2e%2f", "4E8M0R2T%0A"]
)
async def test_a_path_that_names_nothing_is_a_404(http: Http, path: str) -> None:
    assert (await http("GET", f"/api/v1/stations/{path}")).status == 404


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET http://x/api/v1/card HTTP/1.1\nHost: x\n", 404),
        (b"OPTIONS * HTTP/1.1\nHost: x\n", 404),
        (b"PATCH /healthz HTTP/1.1\nHost: x\n", 405),
        (b"GET /healthz HTTP/1.1\n", 400),
        (b"GET /healthz HTTP/1.1\nHost: x\nCookie: \xff=;;;=\nIf-None-Match: \xff,W/\n", 200),
        (b"GET /api/v1/card HTTP/1.1\nHost: x\nAuthorization: Bearer \xff\xfe\n", 401),
        (b"GET /api/v1/card HTTP/1.1\nHost: x\nAuthorization: Bearer a\nAuthorization: Bearer b\n", 401),
        (b"POST /api/v1/sessions HTTP/1.1\nHost: x\nContent-Length: 2\nContent-Length: 3\n", 400),
        (b"POST /api/v1/sessions HTTP/1.1\nHost: x\nContent-Length: " + b"9" * 5_000 + b"\n", 413),
        (b"POST /api/v1/sessions HTTP/1.1\nHost: x\nContent-Length: -1\n", 400),
        (b"POST /api/v1/sessions HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n", 411),
        (b"GET /healthz HTTP/1.1\nHost: x\nX-Forwarded-For: \xff,,\nX-Forwarded-For: 1.2.3\n", 200),
    ],
)
async def test_an_odd_head_gets_its_status(http: Http, head: bytes, status: int) -> None:
    assert await status_of(http, head) == status
