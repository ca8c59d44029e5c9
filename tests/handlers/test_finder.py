"""The search's parameters over HTTP: another moment, only open, pages, datums, named places."""

from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

from models.positions import Position, metres_between, to_gcj02
from server.service import Service
from tests.factories import Clock, Http, Reply, change

SEARCH = "/api/v1/stations?"
NEAR = SEARCH + "longitude=113.62&latitude=34.75&datum=gcj02"
WIDE = NEAR + "&radius=50000"

Item = dict[str, Any]


async def ask(http: Http, target: str) -> Reply:
    reply = await http("GET", target)
    assert reply.status == 200, reply.body
    return reply


async def items(http: Http, target: str) -> list[Item]:
    found: list[Item] = (await ask(http, target)).json["items"]
    return found


def codes(found: list[Item]) -> list[str]:
    return [item["code"] for item in found]


async def pages(http: Http, target: str) -> list[Item]:
    """Follow `next` to the end."""
    found: list[Item] = []
    following = ""
    for _ in count():
        answer = (await ask(http, target + following)).json
        found += answer["items"]
        if answer["next"] is None:
            return found
        following = f"&after={answer['next']}"
    raise AssertionError


@pytest.mark.parametrize("limit", [1, 7, 20])
async def test_pages_put_together_are_the_whole_list(http: Http, limit: int) -> None:
    whole = await items(http, WIDE + "&limit=100")
    assert len(whole) < 100
    assert await pages(http, f"{WIDE}&limit={limit}") == whole


async def test_pages_stay_in_order_while_stations_close(http: Http, clock: Clock) -> None:
    clock.advance(hours=5, minutes=27)
    whole = await items(http, WIDE + "&limit=100")
    first = (await ask(http, WIDE + "&limit=10")).json
    clock.advance(minutes=5)
    rest = await pages(http, f"{WIDE}&limit=10&after={first['next']}")
    assert codes(first["items"]) + codes(rest) == codes(whole)
    states = {item["code"]: item["open"]["state"] for item in await items(http, WIDE + "&limit=100")}
    assert states != {item["code"]: item["open"]["state"] for item in whole}
    assert all(item["open"]["state"] == states[item["code"]] for item in rest)


async def test_an_old_page_is_refused(http: Http, clock: Clock) -> None:
    following = (await ask(http, WIDE + "&limit=5")).json["next"]
    clock.advance(minutes=11)
    reply = await http("GET", f"{WIDE}&limit=5&after={following}")
    assert (reply.status, reply.code) == (400, "page_expired")


@pytest.mark.parametrize(
    "after", ["x", "0.1", "9.1.4E8M0R2T.1", "0.1.4E8M0R2T.99999999999999", "-1.1.4E8M0R2T.1"]
)
async def test_a_cursor_that_is_none_is_refused(http: Http, after: str) -> None:
    reply = await http("GET", f"{WIDE}&after={after}")
    assert (reply.status, reply.json["details"]["field"]) == (400, "query.after")


async def test_another_moment_says_what_will_be_open_then(http: Http, clock: Clock) -> None:
    reply = await ask(http, WIDE + "&limit=100&at=2026-07-16T02:00:00%2B08:00")
    assert reply.json["at"] == "2026-07-16T02:00:00+08:00"
    assert reply.json["serverTime"] == "2026-07-15T12:00:05+08:00"
    clock.advance(hours=13, minutes=59, seconds=55)
    there = await ask(http, WIDE + "&limit=100")
    assert "at" not in there.json
    assert [(item["code"], item["open"]["state"]) for item in reply.json["items"]] == [
        (item["code"], item["open"]["state"]) for item in there.json["items"]
    ]


@pytest.mark.parametrize(
    "at", ["2026-07-16T02:00:00+08:00", "2026-07-16T02:00", "2026-07-15T18:00:59Z", "2026-07-16%2002:00"]
)
async def test_a_moment_may_be_written_in_several_ways(http: Http, at: str) -> None:
    assert (await ask(http, f"{WIDE}&at={at}")).json["at"] == "2026-07-16T02:00:00+08:00"


async def test_pages_of_another_moment_belong_to_it(http: Http) -> None:
    night = WIDE + "&at=2026-07-16T02:00&limit=9"
    assert await pages(http, night) == await items(http, WIDE + "&at=2026-07-16T02:00&limit=100")
    following = (await ask(http, night)).json["next"]
    reply = await http("GET", f"{WIDE}&limit=9&at=2026-07-16T03:00&after={following}")
    assert (reply.status, reply.code) == (400, "page_expired")


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2026-07-15T11:59", "moment_outside_week"),
        ("2026-07-22T12:01", "moment_outside_week"),
        ("0001-01-01T00:00", "invalid_request"),
        ("9999-12-31T23:59-14:00", "invalid_request"),
        ("tomorrow", "invalid_request"),
        ("2026-02-30T12:00", "invalid_request"),
    ],
)
async def test_a_moment_out_of_bounds_is_refused(http: Http, at: str, code: str) -> None:
    reply = await http("GET", f"{NEAR}&at={at}")
    assert (reply.status, reply.code) == (400, code)


async def test_only_open_leaves_out_what_is_closed_or_unknown(http: Http) -> None:
    every = await items(http, WIDE + "&limit=100")
    is_open = [item for item in every if item["open"]["state"] in ("open", "closing")]
    assert 0 < len(is_open) < len(every)
    assert await items(http, WIDE + "&limit=100&onlyOpen=true") == is_open
    assert await items(http, WIDE + "&limit=100&onlyOpen=false") == every


async def test_a_kind_that_is_asked_for_is_the_only_one_found(http: Http, service: Any) -> None:
    every = await items(http, NEAR)
    first = next(item for item in every if item["kind"] is None)
    smart = [item["code"] for item in every if item["kind"] == "smart"]
    assert codes(await items(http, NEAR + "&kind=smart")) == smart
    await change(service, first["code"], kind="smart")
    assert set(codes(await items(http, NEAR + "&kind=smart"))) == {first["code"], *smart}
    assert (await ask(http, f"/api/v1/stations/{first['code']}")).json["kind"] == "smart"
    await change(service, first["code"], kind=None)


@pytest.mark.parametrize("datum", ["wgs84", "bd09"])
async def test_positions_are_told_in_the_datum_of_the_question(http: Http, datum: Any) -> None:
    there = SEARCH + f"longitude=113.62&latitude=34.75&radius=50000&limit=100&datum={datum}"
    plain = {item["code"]: item["position"] for item in await items(http, WIDE + "&limit=100")}
    both = [item for item in await items(http, there) if item["code"] in plain]
    assert len(both) > 10
    for item in both:
        told, stored = item["position"], plain[item["code"]]
        assert (told["datum"], stored["datum"]) == (datum, "gcj02")
        back = to_gcj02(told["longitude"], told["latitude"], datum)
        assert metres_between(back, Position(stored["longitude"], stored["latitude"])) < 0.2
    one = (await ask(http, f"/api/v1/stations/{both[0]['code']}?datum={datum}")).json
    assert one["position"] == both[0]["position"]


async def test_a_district_by_its_name_stands_for_its_middle(http: Http) -> None:
    for name in ("金水区", "金水"):
        answer = (await ask(http, SEARCH + f"near={quote(name)}")).json
        assert (answer["place"]["name"], answer["place"]["kind"]) == ("金水区", "district")
        assert answer["place"]["position"]["datum"] == "gcj02"
        assert answer["items"]


async def test_a_station_by_its_name_is_found_where_it_stands(http: Http) -> None:
    station = (await items(http, NEAR))[0]
    answer = (await ask(http, SEARCH + f"near={quote(station['name'])}&datum=gcj02")).json
    assert (answer["place"]["kind"], answer["place"]["position"]) == ("station", station["position"])
    assert min(item["distanceMetres"] for item in answer["items"]) == 0


async def test_a_name_of_several_places_is_answered_with_them(http: Http) -> None:
    reply = await http("GET", SEARCH + f"near={quote('工会')}")
    assert (reply.status, reply.code) == (400, "place_ambiguous")
    candidates = reply.json["details"]["candidates"]
    assert 1 < len(candidates) <= 10
    assert len({place["district"] for place in candidates}) == len(candidates)


async def test_a_position_beside_a_name_is_checked_like_any(http: Http) -> None:
    reply = await http("GET", SEARCH + f"near={quote('金水区')}&longitude=113.62")
    assert (reply.status, reply.json["details"]["field"]) == (400, "query.latitude")
    assert (await ask(http, NEAR + f"&near={quote('金水区')}")).json["place"]["kind"] == "district"


@pytest.mark.parametrize("name", ["没有这个地方", "%20%20", "x" * 40, "某%0A某"])
async def test_a_name_of_nothing_is_refused(http: Http, name: str) -> None:
    reply = await http("GET", SEARCH + f"near={name if '%' in name else quote(name)}")
    assert (reply.status, reply.code) in {(404, "place_not_found"), (400, "invalid_request")}


async def test_a_district_whose_stations_have_no_position_says_so(http: Http, service: Service) -> None:
    districts = {one.district for one in service.world.board.stations if one.position}
    nowhere = {one.district for one in service.world.board.stations} - districts
    reply = await http("GET", SEARCH + f"near={quote(min(nowhere))}")
    assert (reply.status, reply.code) == (404, "place_not_found")
    assert (
        reply.json["message"]
        == f"这里有 {reply.json['details']['stations']} 个驿站，位置还没有公布，请拨打 12351 询问"
    )


async def test_a_question_without_a_place_says_what_is_missing(http: Http) -> None:
    reply = await http("GET", SEARCH + "limit=3")
    assert (reply.status, reply.json["details"]["field"]) == (400, "query.longitude")
