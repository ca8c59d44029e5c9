import io
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import zxingcpp
from PIL import Image

from handlers.nearby import StationsReply
from handlers.pictures import draw_sign
from tests.factories import Clock, Http

SWAPPED = "经度和纬度可能写反了，请检查"
NEAR = "/api/v1/stations?longitude=113.62&latitude=34.75&datum=gcj02"


async def near(http: Http, query: str = "") -> list[dict[str, Any]]:
    reply = await http("GET", NEAR + query)
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def test_stations_are_found_without_a_login_the_open_ones_first(http: Http) -> None:
    items = await near(http, "&radius=50000&limit=100")
    assert len(items) >= 10
    ranks = [("open", "closing", "unknown", "closed").index(item["open"]["state"]) for item in items]
    assert ranks == sorted(ranks)
    for rank in set(ranks):
        metres = [item["distanceMetres"] for item, at in zip(items, ranks, strict=True) if at == rank]
        assert metres == sorted(metres)


async def test_the_list_is_exactly_what_its_type_says(http: Http) -> None:
    reply = await http("GET", NEAR + "&radius=50000&limit=100")
    answer = msgspec.json.decode(reply.body, type=StationsReply)
    assert len(answer.items) >= 10
    assert msgspec.json.decode(msgspec.json.encode(answer)) == reply.json


async def test_a_station_with_unknown_hours_is_not_called_open(http: Http) -> None:
    items = await near(http, "&radius=50000&limit=100")
    unknown = [
        item for item in items if item["hours"] == "开放时间未公布" or item["open"]["state"] == "unknown"
    ]
    assert unknown
    assert all(item["open"]["state"] == "unknown" for item in unknown)


async def test_a_station_says_until_when_it_is_open(http: Http, clock: Clock) -> None:
    items = await near(http)
    timed = [item for item in items if item["open"]["state"] == "open" and item["open"]["until"]]
    assert timed
    assert all(item["open"]["until"].endswith("+08:00") for item in timed)


async def test_at_night_other_stations_lead(http: Http, clock: Clock) -> None:
    noon = [item["code"] for item in await near(http)]
    clock.advance(hours=11)
    assert [item["code"] for item in await near(http)] != noon


async def test_the_facilities_asked_for_are_all_there(http: Http) -> None:
    every = await near(http, "&radius=50000")
    items = await near(http, "&radius=50000&facilities=water,microwave")
    assert 0 < len(items) < len(every)
    assert all({"water", "microwave"} <= set(item["facilities"]) for item in items)


async def test_the_same_place_in_another_datum_finds_the_same_stations(http: Http) -> None:
    places = [
        ("113.62", "34.75", "gcj02"),
        ("113.613930", "34.751196", "wgs84"),
        ("113.626504", "34.756119", "bd09"),
    ]
    answers = []
    for longitude, latitude, datum in places:
        reply = await http("GET", f"/api/v1/stations?longitude={longitude}&latitude={latitude}&datum={datum}")
        answers.append([(item["code"], item["distanceMetres"]) for item in reply.json["items"]])
    for other in answers[1:]:
        assert [code for code, _ in other] == [code for code, _ in answers[0]]
        assert all(abs(a[1] - b[1]) < 30 for a, b in zip(answers[0], other, strict=True))


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("longitude=113.6&latitude=34.7", "invalid_request", "query.datum"),
        ("longitude=113.6&latitude=34.7&datum=mars", "invalid_request", "query.datum"),
        ("longitude=999&latitude=34.7&datum=gcj02", "invalid_request", "query.longitude"),
        ("longitude=nan&latitude=34.7&datum=gcj02", "invalid_request", "query.longitude"),
        ("longitude=113.6&latitude=181&datum=gcj02", "invalid_request", "query.latitude"),
        ("longitude=113.6&latitude=-180.1&datum=gcj02", "invalid_request", "query.latitude"),
        ("longitude=113.6&latitude=inf&datum=gcj02", "invalid_request", "query.latitude"),
        ("longitude=113.6&latitude=34.7&datum=gcj02&limit=0", "invalid_request", "query.limit"),
        ("longitude=113.6&latitude=34.7&datum=gcj02&limit=101", "invalid_request", "query.limit"),
        ("longitude=113.6&latitude=34.7&datum=gcj02&radius=9e9", "invalid_request", "query.radius"),
        (
            "longitude=113.6&latitude=34.7&datum=gcj02&facilities=sauna",
            "invalid_request",
            "query.facilities[0]",
        ),
        ("longitude=113.6&latitude=34.7&datum=gcj02&facilities=", "invalid_request", "query.facilities[0]"),
    ],
)
async def test_an_impossible_question_is_refused_by_field(
    http: Http, query: str, code: str, field: str
) -> None:
    reply = await http("GET", f"/api/v1/stations?{query}")
    assert (reply.status, reply.code) == (400, code)
    assert reply.json["details"]["field"] == field


async def test_a_place_abroad_is_refused_and_a_swapped_one_gets_a_hint(http: Http) -> None:
    reply = await http("GET", "/api/v1/stations?longitude=2.35&latitude=48.85&datum=wgs84")
    assert (reply.status, reply.code) == (400, "position_outside_country")
    reply = await http("GET", "/api/v1/stations?longitude=34.75&latitude=89.62&datum=wgs84")
    assert (reply.status, reply.code) == (400, "position_outside_country")
    for latitude in ("80.62", "113.62"):
        reply = await http("GET", f"/api/v1/stations?longitude=34.75&latitude={latitude}&datum=wgs84")
        assert (reply.status, reply.code) == (400, "position_outside_country")
        assert (reply.json["message"], reply.json["details"]["swapped"]) == (SWAPPED, True)


async def test_one_station_is_found_by_its_code_in_any_case(http: Http) -> None:
    station = (await near(http))[0]
    for code in (station["code"], station["code"].lower()):
        reply = await http("GET", f"/api/v1/stations/{code}")
        assert (reply.status, reply.json["name"]) == (200, station["name"])
        assert reply.json["supervisionPhone"] == "12351"


async def test_a_code_without_a_station_is_not_found(http: Http) -> None:
    for path in ("/api/v1/stations/ZZZZZZZZ", "/s/ZZZZZZZZ", "/s/ZZZZZZZZ/sign.png"):
        reply = await http("GET", path)
        assert (reply.status, reply.code) == (404, "station_not_found")


async def test_a_sign_that_is_no_longer_known_tells_a_person_so_on_a_page(http: Http) -> None:
    for path, words in (("/s/ZZZZZZZZ", "没有找到这个驿站"), ("/s/NOPE", "没有找到这个页面")):
        reply = await http("GET", path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert (reply.status, reply.headers["Content-Type"]) == (404, "text/html; charset=UTF-8")
        page = reply.body.decode()
        assert words in page
        assert "12351" in page


async def test_the_landing_page_says_what_a_courier_needs(http: Http) -> None:
    station = (await near(http))[0]
    reply = await http("GET", f"/s/{station['code']}")
    page = reply.body.decode()
    assert reply.headers["Content-Type"].startswith("text/html")
    assert all(text in page for text in (station["name"], station["address"], station["hours"], "12351"))
    assert "现在开放" in page
    assert page.count("<script") == 1


async def test_the_landing_page_tells_the_truth_at_night(http: Http, clock: Clock) -> None:
    daytime = next(item for item in await near(http) if item["open"]["until"])
    clock.advance(hours=11)
    page = (await http("GET", f"/s/{daytime['code']}")).body.decode()
    assert "现在开放" not in page


async def test_the_sign_holds_the_plain_link(http: Http) -> None:
    station = (await near(http))[0]
    reply = await http("GET", f"/s/{station['code']}/sign.png")
    assert reply.headers["Content-Type"] == "image/png"
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(reply.body)))
    assert read is not None
    assert read.text == f"{http.url}/s/{station['code']}"


@pytest.mark.parametrize("length", [120, 500])
def test_a_sign_has_room_for_its_code_however_long_the_words(length: int) -> None:
    link = "https://station.example.org/s/4E8M0R2T"
    sign = draw_sign("站" * length, "路" * length, link, "4E8M0R2T", "PNG")
    read = zxingcpp.read_barcode(Image.open(io.BytesIO(sign)))
    assert read is not None
    assert read.text == link


async def test_the_sign_is_one_printable_a4_page(http: Http) -> None:
    station = (await near(http))[0]
    reply = await http("GET", f"/s/{station['code']}/sign.pdf")
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.body.startswith(b"%PDF-")
    assert reply.body.count(b"/Type /Page\n") == 1
    size = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", reply.body)
    assert size is not None
    assert [round(float(side) / 72 * 25.4) for side in size.groups()] == [210, 298]


async def test_a_change_of_a_station_reaches_the_finder(http: Http, clock: Clock, service: Any) -> None:
    station = (await near(http))[0]
    clock.advance(minutes=5)
    store = service.world.stations._store
    values = {"state": "suspended", "changed": clock.now()}
    await store.change({"_id": station["code"]}, values)
    await service.world.board.mirror.refresh()
    assert station["code"] not in [item["code"] for item in await near(http)]
    assert (await http("GET", f"/api/v1/stations/{station['code']}")).json["state"] == "suspended"
    page = (await http("GET", f"/s/{station['code']}")).body.decode()
    assert "暂停开放" in page
    later = clock.now() + timedelta(seconds=20)
    await store.change({"_id": station["code"]}, {"state": "operating", "changed": later})
    await service.world.board.mirror.refresh()
    assert station["code"] in [item["code"] for item in await near(http)]
