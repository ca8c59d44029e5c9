"""Limits through HTTP: 429 with the time to come back, counted by whom the trusted proxy names."""

import secrets

import pytest

from handlers.base import Handler, limits_of
from handlers.routes import ROUTES
from models.limits import PerAddress, PerPerson
from tests.factories import Clock, Factory, Http, Reply

STATIONS = "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02"


def address() -> str:
    """An address that no other test uses."""
    return f"2001:db8:{secrets.randbelow(65536):x}:{secrets.randbelow(65536):x}::1"


def must_wait(reply: Reply) -> int:
    assert (reply.status, reply.code) == (429, "too_many_requests")
    assert reply.json["message"] == "操作太频繁，请稍后再试"
    seconds = int(reply.headers["Retry-After"])
    assert reply.json["details"] == {"retryAfter": seconds}
    return seconds


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route[0])
def test_every_route_but_liveness_is_limited(route: tuple[str, type[Handler]]) -> None:
    path, handler = route
    limits = limits_of(handler)
    assert bool(limits) == (path != "/healthz")
    kinds = {type(limit) for limit in limits}
    assert kinds <= {PerAddress} if handler.public else not kinds or PerPerson in kinds


async def test_the_601st_look_at_the_stations_from_one_address_must_wait(http: Http, clock: Clock) -> None:
    headers = {"X-Forwarded-For": address()}
    for _ in range(600):
        assert (await http("HEAD", "/api/v1/stations", headers=headers)).status == 405
    wait = must_wait(await http("GET", STATIONS, headers=headers))
    assert (await http("GET", STATIONS, headers={"X-Forwarded-For": address()})).status == 200
    assert (await http("GET", STATIONS)).status == 200
    clock.advance(seconds=wait)
    assert (await http("GET", STATIONS, headers=headers)).status == 200


async def test_logins_are_counted_by_the_address_that_the_proxy_wrote_last(http: Http, clock: Clock) -> None:
    mine = address()
    for turn in range(120):
        headers = {"X-Forwarded-For": f"{address()}, {mine}" if turn % 2 else mine}
        assert (await http("POST", "/api/v1/sessions", {}, headers=headers)).status == 400
    wait = must_wait(await http("POST", "/api/v1/sessions", {}, headers={"X-Forwarded-For": mine}))
    assert wait == 55
    clock.advance(seconds=wait)
    assert (await http("POST", "/api/v1/sessions", {}, headers={"X-Forwarded-For": mine})).status == 400


async def test_a_person_is_counted_wherever_the_calls_come_from(http: Http, make: Factory) -> None:
    someone, other = await make.member(), await make.member()
    for _ in range(600):
        headers = {"X-Forwarded-For": address()}
        await http("HEAD", "/api/v1/card", token=someone.token, headers=headers)
    must_wait(await http("GET", "/api/v1/card", token=someone.token))
    assert (await http("GET", "/api/v1/card", token=other.token)).status == 200
    assert (await http("GET", "/api/v1/card/scans", token=someone.token)).status == 200


async def test_liveness_is_never_refused(http: Http) -> None:
    headers = {"X-Forwarded-For": address()}
    assert {(await http("GET", "/healthz", headers=headers)).status for _ in range(650)} == {200}


async def test_a_forged_header_can_be_anything(http: Http) -> None:
    for value in ("", ",,,", "x" * 5000, "1.2.3.4,", "[::1", "\u00e9", "1" * 100 + ".1.1.1"):
        assert (await http("GET", STATIONS, headers={"X-Forwarded-For": value})).status == 200
