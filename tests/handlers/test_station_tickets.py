"""Tickets through HTTP: whose are listed, page by page, and which answers fit what was reported."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from models.station_tickets import Ticket
from server.service import Service
from tests.factories import Clock, Factory, Http, change
from tests.handlers.test_check_ins import code, stations
from tests.handlers.test_station_reports import (
    TICKETS,
    _no_limits_left,
    _nothing_said,
    marks,
    report,
    tickets,
)

__all__ = ["_no_limits_left", "_nothing_said", "code", "stations"]


class Streets(Struct):
    """A city and two of its streets, with the stations that they run, and one of nobody."""

    city: str
    one: str
    other: str
    of_one: str
    of_other: str
    of_nobody: str


@pytest.fixture
async def streets(
    make: Factory, service: Service, clock: Clock, stations: list[dict[str, Any]]
) -> AsyncIterator[Streets]:
    """Nobody's station has the oldest ticket, that of the first street the latest."""
    city = await make.organisation()
    one, other = [await make.organisation(city) for _ in range(2)]
    codes = [station["code"] for station in stations[:3]]
    before = [service.world.board.get(station).organisation for station in codes]
    for station, organisation in zip(codes, (one, other, None), strict=True):
        await change(service, station, organisation=organisation)
    for station in reversed(codes):
        await service.world.visits.tickets.open(station, "locked", clock.now(), "keeper")
        clock.advance(minutes=1)
    yield Streets(city, one, other, *codes)
    for station, organisation in zip(codes, before, strict=True):
        await change(service, station, organisation=organisation)


async def listed(http: Http, headers: dict[str, str], more: str = "") -> tuple[list[str], int]:
    """The stations of a page of tickets, and the number of tickets of all pages."""
    table = (await http("GET", f"{TICKETS}?{more}", headers=headers)).json
    return [ticket["station"] for ticket in table["list"]], table["total"]


async def test_an_officer_sees_the_own_street_s_tickets_before_older_ones_of_nobody_and_no_other_street_s(
    http: Http, make: Factory, streets: Streets
) -> None:
    _, headers = await make.console("officer", streets.one)
    assert await listed(http, headers) == ([streets.of_one, streets.of_nobody], 2)
    _, headers = await make.console("officer", streets.other)
    assert await listed(http, headers) == ([streets.of_other, streets.of_nobody], 2)


async def test_an_officer_above_sees_both_streets_tickets_the_oldest_first(
    http: Http, make: Factory, streets: Streets
) -> None:
    _, headers = await make.console("officer", streets.city)
    assert await listed(http, headers) == ([streets.of_other, streets.of_one, streets.of_nobody], 3)


async def test_anybody_of_the_staff_may_see_the_whole_city_s_the_oldest_first(
    http: Http, make: Factory, streets: Streets
) -> None:
    _, headers = await make.console("officer", streets.one)
    every = [streets.of_nobody, streets.of_other, streets.of_one]
    assert await listed(http, headers, "own=false") == (every, 3)


async def test_a_street_s_tickets_are_its_own_again_as_soon_as_it_runs_the_station(
    http: Http, make: Factory, service: Service, streets: Streets
) -> None:
    _, headers = await make.console("officer", streets.one)
    await change(service, streets.of_nobody, organisation=streets.one)
    assert await listed(http, headers) == ([streets.of_nobody, streets.of_one], 2)


@pytest.mark.parametrize("own", ["true", "false"])
async def test_a_hundred_old_tickets_of_a_station_of_nobody_hide_nothing(
    http: Http, make: Factory, service: Service, clock: Clock, streets: Streets, own: str
) -> None:
    _, headers = await make.console("officer", streets.one)
    opened = clock.now() - timedelta(days=9)
    old = [
        Ticket(id=f"OLD-{number}", station=streets.of_nobody, problem="other", opened=opened)
        for number in range(100)
    ]
    await service.world.visits.tickets._store.insert_many(old)
    found, total = list[str](), {"true": 102, "false": 103}[own]
    for page, rows in (1, 50), (2, 50), (3, total - 100), (4, 0):
        some, counted = await listed(http, headers, f"own={own}&page={page}&pageSize=50")
        assert (len(some), counted) == (rows, total)
        found += some
    assert found.count(streets.of_nobody) == 101
    assert found.index(streets.of_one) == (0 if own == "true" else total - 1)


FITTING = {
    "locked": ["opened", "closed_today", "hours_corrected", "not_so"],
    "nothing_works": ["fixed", "marked_broken", "closed_today", "not_so"],
    "facility_broken": ["fixed", "marked_broken", "not_so"],
    "wrong_place": ["position_corrected", "not_so"],
    "other": ["fixed", "marked_broken", "hours_corrected", "position_corrected", "not_so"],
}


@pytest.mark.parametrize("problem", FITTING)
async def test_a_ticket_offers_the_answers_that_fit_its_problem_and_takes_no_other(
    http: Http, make: Factory, code: str, problem: str
) -> None:
    ticket, staff = await doubted(http, make, code, problem), await make.member(staff=True)
    assert ticket["answers"] == FITTING[problem]
    path = f"{TICKETS}/{ticket['ticket']}"
    for other in {one for answers in FITTING.values() for one in answers} - {*FITTING[problem]}:
        refused = await http("PUT", path, {"answer": other}, token=staff.token)
        assert (refused.status, refused.code) == (400, "answer_does_not_fit")
        assert refused.json["details"]["answers"] == FITTING[problem]
    assert await marks(http, code) == [(problem, "doubtful")]
    taken = await http("PUT", path, {"answer": FITTING[problem][0]}, token=staff.token)
    assert (taken.status, taken.json["answer"]) == (200, FITTING[problem][0])
    assert await marks(http, code) == []


async def test_that_a_locked_station_is_closed_today_is_told_everybody_until_tomorrow(
    http: Http, make: Factory, code: str, clock: Clock
) -> None:
    await answer(http, make, code, "closed_today")
    station = (await http("GET", f"/api/v1/stations/{code}")).json
    assert (station["open"]["state"], station["open"]["reason"]["code"]) == ("closed", "keeper_closed")
    assert station["evidence"]["statement"] == {"open": False, "at": "2026-07-15T12:00:05+08:00"}
    clock.advance(days=1)
    assert (await http("GET", f"/api/v1/stations/{code}")).json["open"]["state"] == "open"


async def test_the_same_answer_again_does_not_close_a_station_that_has_opened_since(
    http: Http, make: Factory, code: str
) -> None:
    path, staff = await answer(http, make, code, "closed_today"), await make.member(staff=True)
    await http("PUT", f"/api/v1/staff/stations/{code}/statement", {"open": True}, token=staff.token)
    assert (await http("PUT", path, {"answer": "closed_today"}, token=staff.token)).status == 200
    assert (await http("GET", f"/api/v1/stations/{code}")).json["open"]["state"] == "open"


async def test_that_the_door_was_opened_ends_the_word_that_it_is_closed_today(
    http: Http, make: Factory, code: str, clock: Clock
) -> None:
    await answer(http, make, code, "closed_today")
    clock.advance(hours=1, minutes=1)
    await answer(http, make, code, "opened")
    station = (await http("GET", f"/api/v1/stations/{code}")).json
    assert (station["open"]["state"], station["evidence"]["statement"]) == ("open", None)


async def doubted(http: Http, make: Factory, code: str, problem: str = "locked") -> dict[str, Any]:
    """Two people report a station; its ticket."""
    for _ in range(2):
        await report(http, code, problem)
    (ticket,) = await tickets(http, make, code)
    return ticket


async def answer(http: Http, make: Factory, code: str, found: str) -> str:
    """Two people find a station locked, and somebody answers; the ticket's address."""
    staff = await make.member(staff=True)
    path = f"{TICKETS}/{(await doubted(http, make, code))['ticket']}"
    assert (await http("PUT", path, {"answer": found}, token=staff.token)).status == 200
    return path
