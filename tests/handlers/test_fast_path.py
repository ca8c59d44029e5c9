"""The fast path says what the ordinary handler says: the same answers, refusals, and lines of the log."""

import io
import logging
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from handlers.fast_path import FastPath
from handlers.finder import StationsHandler
from handlers.finished import Finished
from handlers.members import MeHandler
from models.errors import Refusal
from models.limits import PerAddress
from server.service import Service
from tests.factories import Http, Reply

NEAR = "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02"
ORDINARY = {"Content-Length": "0"}
"""A head that announces a body, even an empty one, goes the ordinary way."""


def told(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    own = ("Date", "X-Request-Id")
    fields = sorted((name, value) for name, value in reply.headers.get_all() if name not in own)
    return reply.status, fields, reply.body


@pytest.mark.parametrize(
    "query", ["", "&radius=50000&limit=3", "&onlyOpen=true", "&facilities=water,wifi", "&kind=basic"]
)
async def test_both_ways_answer_alike(http: Http, query: str) -> None:
    fast, ordinary = await http("GET", NEAR + query), await http("GET", NEAR + query, headers=ORDINARY)
    assert told(fast) == told(ordinary)
    assert fast.headers["X-Request-Id"] != ordinary.headers["X-Request-Id"]
    assert fast.headers["Date"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/stations", "invalid_request"),
        (NEAR + "&radius=7", "invalid_request"),
        (NEAR + "&none=1", "invalid_request"),
        ("/api/v1/stations?longitude=2.3&latitude=48.8&datum=gcj02", "position_outside_country"),
        ("/api/v1/stations?near=nowhere-at-all", "place_not_found"),
    ],
)
async def test_what_is_refused_is_refused_the_ordinary_way(http: Http, path: str, code: str) -> None:
    reply = await http("GET", path)
    assert reply.code == code
    assert reply.json["requestId"] == reply.headers["X-Request-Id"]


async def test_an_answer_has_its_line_in_the_log_and_its_place_in_the_metrics(
    http: Http, access_log: io.StringIO
) -> None:
    reply = await http("GET", NEAR)
    await http("GET", "/healthz")
    line = next(one for one in access_log.getvalue().splitlines() if reply.headers["X-Request-Id"] in one)
    assert '"handler":"StationsHandler","method":"GET","status":200' in line
    assert "113.62" not in line


class Connection:
    """A connection that keeps what is written."""

    context = None

    def __init__(self) -> None:
        self.written: list[Any] = []

    def write_headers(self, *given: object) -> None:
        self.written.append(given)

    def finish(self) -> None:
        self.written.append("end")


def ask(handler: type[StationsHandler], service: Service) -> tuple[bool, Connection, list[Finished]]:
    connection, noted = Connection(), list[Finished]()
    path = FastPath(handler, service.services, noted.append)
    line = RequestStartLine("GET", NEAR, "HTTP/1.1")
    request = HTTPServerRequest(start_line=line, headers=HTTPHeaders(Host="x"), connection=connection)  # type: ignore[arg-type]  # as far as it is used
    request.remote_ip = "192.0.2.1"
    return path.answer(request), connection, noted


async def test_an_answer_is_written_and_noted_once(service: Service) -> None:
    is_answered, connection, noted = ask(StationsHandler, service)
    assert (is_answered, len(connection.written), len(noted)) == (True, 2, 1)


async def test_a_bug_is_logged_and_left_to_the_ordinary_way(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(StationsHandler):
        @classmethod
        def at_once(cls, services: object, query: object) -> bytes | None:
            raise KeyError

    with caplog.at_level(logging.ERROR):
        is_answered, connection, noted = ask(Broken, service)
    assert (is_answered, connection.written, noted) == (False, [], [])
    assert [record.message for record in caplog.records] == ["fast_path_failed"]


async def test_a_refusal_is_left_to_the_ordinary_way_without_a_word(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(StationsHandler):
        @classmethod
        def at_once(cls, services: object, query: object) -> bytes | None:
            raise Refusal

    assert not ask(Refusing, service)[0]
    assert caplog.records == []


async def test_a_route_without_a_query_or_with_shared_limits_has_no_fast_path(service: Service) -> None:
    class Waiting(StationsHandler):
        limits = (PerAddress(1, shared=True),)

    for handler, words in ((MeHandler, "no GET with a query"), (Waiting, "must be waited for")):
        with pytest.raises(TypeError, match=words):
            FastPath(handler, service.services, lambda _: None)
