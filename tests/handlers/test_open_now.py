"""Whether a station is open now, through HTTP: the API, its page and the finder say the same."""

from typing import Any
from urllib.parse import quote

import pytest

from server.service import Service
from tests.factories import Clock, Factory, Http, change
from tests.handlers.test_check_ins import NEAR, code, device, stations, visit
from tests.handlers.test_station_reports import _no_limits_left, _nothing_said, report, tickets

__all__ = ["_no_limits_left", "_nothing_said", "code", "stations"]


@pytest.fixture
def daytime(stations: list[dict[str, Any]]) -> str:
    """The code of a station that is open by day, every day."""
    return str(
        next(one["code"] for one in stations if one["open"]["until"] and one["hours"].startswith("每天"))
    )


async def say(http: Http, make: Factory, code: str, *, is_open: bool) -> None:
    staff = await make.member(staff=True)
    path = f"/api/v1/staff/stations/{code}/statement"
    assert (await http("PUT", path, {"open": is_open}, token=staff.token)).status == 200


async def openness(http: Http, code: str) -> dict[str, Any]:
    """What the station's own answer says, after the finder's has said the same."""
    own: dict[str, Any] = (await http("GET", f"/api/v1/stations/{code}")).json["open"]
    near = (await http("GET", NEAR)).json["items"]
    for one in near:
        if one["code"] == code and one["mark"]:
            assert one["open"] == own
    return own


async def banner(http: Http, code: str) -> str:
    page = (await http("GET", f"/s/{code}")).body.decode()
    return page.split('<section class="openness ')[1].split("</section>")[0]


async def test_a_station_that_two_people_doubt_is_not_called_open(
    http: Http, code: str, make: Factory, clock: Clock
) -> None:
    before = await openness(http, code)
    await report(http, code)
    assert await openness(http, code) == before, "one alone may be wrong"
    clock.advance(minutes=10)
    await report(http, code)
    now = await openness(http, code)
    assert (now["state"], now["until"]) == ("unknown", None)
    assert now["reason"] == {"code": "doubted", "words": "12:10 有人反映锁门，待核实", "until": None}
    told = await banner(http, code)
    assert told.startswith("unknown")
    assert "是否开放待核实" in told
    assert "现在开放" not in told
    assert "开放至" not in told
    assert (await visit(http, code, device=device())).status == 201, "who stands inside may say so"
    await say(http, make, code, is_open=True)
    assert (await openness(http, code))["state"] == "open"


async def test_a_station_that_its_keeper_closed_is_closed_until_tomorrow(
    http: Http, code: str, make: Factory, clock: Clock
) -> None:
    await say(http, make, code, is_open=False)
    now = await openness(http, code)
    assert (now["state"], now["until"]) == ("closed", None)
    assert now["reason"] == {
        "code": "keeper_closed",
        "words": "12:00 工作人员说今天不开放",
        "until": "2026-07-16T00:00:00+08:00",
    }
    assert now["opensAt"][:10] == "2026-07-16"
    told = await banner(http, code)
    assert told.startswith("closed")
    assert "12:00 工作人员说今天不开放" in told
    assert "7月16日" in told
    clock.advance(hours=12)
    assert (await openness(http, code))["reason"] is None


async def test_the_last_opening_is_told_after_it_was_closed_again_and_on_the_next_day(
    http: Http, code: str, make: Factory, clock: Clock
) -> None:
    async def last() -> str | None:
        told: dict[str, str | None] = (await http("GET", f"/api/v1/stations/{code}")).json["evidence"]
        return told["lastOpened"]

    assert await last() is None
    await say(http, make, code, is_open=True)
    clock.advance(minutes=30)
    await say(http, make, code, is_open=False)
    clock.advance(days=1)
    assert await last() == "2026-07-15T12:00:05+08:00"
    assert "工作人员最近一次开门 7月15日 12:00" in (await http("GET", f"/s/{code}")).body.decode()
    await report(http, code)
    await report(http, code)
    (ticket,) = await tickets(http, make, code)
    staff, path = await make.member(staff=True), f"/api/v1/staff/station-tickets/{ticket['ticket']}"
    assert (await http("PUT", path, {"answer": "opened"}, token=staff.token)).status == 200
    assert await last() == "2026-07-16T12:30:05+08:00"


async def test_a_station_that_its_keeper_opened_early_is_open_until_the_hours_say_something_new(
    http: Http, daytime: str, make: Factory, clock: Clock
) -> None:
    clock.advance(hours=16)
    assert (await openness(http, daytime))["state"] == "closed"
    await say(http, make, daytime, is_open=True)
    now = await openness(http, daytime)
    assert (now["state"], now["reason"]["words"]) == ("open", "04:00 工作人员说已开门")
    (near,) = [one for one in (await http("GET", NEAR)).json["items"] if one["code"] == daytime]
    assert near["open"] == now
    told = await banner(http, daytime)
    assert told.startswith("open")
    assert "04:00 工作人员说已开门" in told
    assert (await visit(http, daytime, device=device())).status == 201
    clock.advance(hours=19, minutes=30)
    evening = await openness(http, daytime)
    assert (evening["state"], evening["reason"]) == ("closed", None)
    assert (await visit(http, daytime, device=device())).code == "station_closed"


async def test_a_station_that_its_keeper_opened_early_is_found_among_the_open_and_is_in_the_file(
    http: Http, daytime: str, make: Factory, clock: Clock
) -> None:
    async def found(more: str) -> list[str]:
        return [str(one["code"]) for one in (await http("GET", NEAR + more)).json["items"]]

    async def taken_along() -> list[tuple[str, str]]:
        district = (await http("GET", f"/api/v1/stations/{daytime}")).json["district"]
        file = (await http("GET", f"/api/v1/districts/{quote(district)}/stations")).json
        return [(file["codes"][one["place"]], one["words"]) for one in file["opened"]]

    clock.advance(hours=16)
    assert daytime not in await found("&onlyOpen=true")
    assert (await taken_along()) == []
    behind = (await found("")).index(daytime)
    await say(http, make, daytime, is_open=True)
    assert daytime in await found("&onlyOpen=true")
    assert (await found("")).index(daytime) < behind
    assert (await taken_along()) == [(daytime, "04:00 工作人员说已开门")]
    later = "&onlyOpen=true&at=2026-07-16T04:01:00"
    assert daytime not in await found(later), "what is said holds for now alone"
    await say(http, make, daytime, is_open=False)
    assert daytime not in await found("&onlyOpen=true")
    assert (await taken_along()) == []


async def test_a_station_that_was_opened_within_a_day_or_a_month_is_set_back_by_less(
    http: Http, service: Service, code: str, make: Factory, clock: Clock
) -> None:
    async def set_back() -> int:
        await service.world.visits.evidence.work()
        clock.advance(seconds=1)
        district = (await http("GET", f"/api/v1/stations/{code}")).json["district"]
        file = (await http("GET", f"/api/v1/districts/{quote(district)}/stations")).json
        return int(file["setBacks"][file["codes"].index(code)])

    clock.advance(minutes=11)
    assert await set_back() == 80
    await say(http, make, code, is_open=True)
    clock.advance(minutes=11)
    assert await set_back() == 0
    clock.advance(days=1)
    assert await set_back() == 40
    clock.advance(days=30)
    assert await set_back() == 80


async def test_officers_are_told_of_a_station_what_everybody_is(
    http: Http, code: str, make: Factory, service: Service
) -> None:
    _, headers = await make.console("officer")

    async def told() -> tuple[str, str]:
        found = (await http("GET", f"/api/v1/staff/stations/{code}/hours", headers=headers)).json
        public = (await http("GET", f"/api/v1/stations/{code}")).json
        assert (found["open"], found["evidence"]) == (public["open"], public["evidence"])
        assert found["headline"] in await banner(http, code)
        return found["headline"], found["open"]["state"]

    assert await told() == ("现在开放", "open")
    await report(http, code)
    assert await told() == ("现在开放", "open")
    await report(http, code)
    assert await told() == ("是否开放待核实", "unknown")
    await say(http, make, code, is_open=False)
    assert await told() == ("现在未开放", "closed")
    await say(http, make, code, is_open=True)
    before = service.world.board.get(code).state
    await change(service, code, state="suspended")
    assert (await told())[0] == "暂停开放"
    await change(service, code, state=before)
