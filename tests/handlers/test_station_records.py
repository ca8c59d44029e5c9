"""Officers correct a station's record; couriers find what it says at once, and nobody's list undoes it."""

import asyncio
import base64
import html
from typing import Any
from urllib.parse import quote

import pytest

from models.audit import Search
from models.positions import to_gcj02
from server.service import Service
from tests.factories import Factory, Http, Reply
from tests.handlers.test_station_hours import STAFF, Headers, a_station, shown
from tests.handlers.waiting import until

FIELDS = (
    "name",
    "address",
    "position",
    "entrance",
    "kind",
    "facilities",
    "details",
    "premises",
    "state",
)


async def record_of(http: Http, headers: Headers, code: str) -> dict[str, Any]:
    reply = await http("GET", f"{STAFF}/{code}/record", headers=headers)
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


async def put(http: Http, headers: Headers, record: dict[str, Any], **changes: Any) -> Reply:
    body = {"version": record["version"], **{name: record[name] for name in FIELDS}, **changes}
    return await http("PUT", f"{STAFF}/{record['code']}/record", body, headers=headers)


async def a_record(http: Http, headers: Headers) -> dict[str, Any]:
    """Import a station that no other test needs; return its record."""
    return await record_of(http, headers, (await a_station(http, headers))["code"])


async def near(http: Http, longitude: float, latitude: float) -> set[str]:
    """Return the codes of the stations that a courier finds at a place."""
    reply = await http("GET", f"/api/v1/stations?longitude={longitude}&latitude={latitude}&datum=gcj02")
    return {one["code"] for one in reply.json["items"]}


async def test_an_officer_corrects_a_record_and_couriers_see_it(
    http: Http, make: Factory, service: Service
) -> None:
    officer, headers = await make.console("officer")
    before = await a_record(http, headers)
    assert (before["state"], before["kind"], before["facilities"]) == ("operating", None, [])
    assert before["position"] == {"longitude": 113.9, "latitude": 34.2, "datum": "gcj02"}
    place = {"longitude": 110.61, "latitude": 33.11, "datum": "wgs84"}
    values = {
        "name": before["name"] + "改",
        "address": "路2号",
        "position": place,
        "kind": "smart",
        "facilities": ["microwave", "water", "water"],
    }
    reply = await put(http, headers, before, **values)
    assert reply.status == 200
    assert {name: reply.json[name] for name in values} == {**values, "facilities": ["water", "microwave"]}
    assert reply.json["version"] != before["version"]
    assert reply.json["corrected"] == ["address", "facilities", "kind", "name", "position"]
    seen = await until(lambda: shown(http, before["code"]), lambda one: one.get("address") == "路2号")
    there = to_gcj02(110.61, 33.11, "wgs84")
    assert seen["position"] == {"longitude": there.longitude, "latitude": there.latitude, "datum": "gcj02"}
    assert (seen["kind"], seen["facilities"]) == ("smart", ["water", "microwave"])
    assert before["code"] in await near(http, there.longitude, there.latitude)
    page = await service.world.auditing.audit.list_page(Search(object=before["code"]), 1, 10)
    assert [(one.actor, one.action, one.details) for one in page.rows] == [
        (
            officer.person,
            "station_record_set",
            {"fields": "name,address,position,kind,facilities"},
        )
    ]


@pytest.mark.parametrize("state", ["planned", "suspended", "rectifying", "retired"])
async def test_a_station_that_does_not_operate_is_not_found_and_its_page_says_so(
    http: Http, make: Factory, state: str
) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    moved = (await put(http, headers, before, position={**before["position"], "longitude": 100.5})).json
    await until(lambda: near(http, 100.5, 34.2), lambda codes: before["code"] in codes)
    ended = (await put(http, headers, moved, state=state)).json
    await until(lambda: near(http, 100.5, 34.2), lambda codes: before["code"] not in codes)
    assert (await shown(http, before["code"]))["state"] == state
    assert (await put(http, headers, ended, state="operating")).status == 200
    await until(lambda: near(http, 100.5, 34.2), lambda codes: before["code"] in codes)


async def test_a_position_is_checked_with_a_hint_and_can_be_taken_away(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    swapped = await put(
        http, headers, before, position={"longitude": 34.2, "latitude": 113.9, "datum": "gcj02"}
    )
    assert (swapped.status, swapped.code) == (400, "position_outside_country")
    assert swapped.json["details"]["swapped"] is True
    no_datum = await put(http, headers, before, position={"longitude": 113.9, "latitude": 34.2})
    assert (no_datum.status, no_datum.json["details"]["field"]) == (400, "body.position.datum")
    assert (await record_of(http, headers, before["code"])) == before
    off = (await put(http, headers, before, position=None)).json
    assert (off["position"], off["corrected"]) == (None, [])


async def test_of_two_officers_the_second_is_told_to_look_again(http: Http, make: Factory) -> None:
    _, first = await make.console("officer")
    _, second = await make.console("officer")
    before = await a_record(http, first)
    kept = (await put(http, first, before, state="suspended")).json
    stale = await put(http, second, before, name="别的名字")
    assert (stale.status, stale.code) == (409, "station_changed")
    assert stale.json["details"]["version"] == kept["version"]
    again = await put(http, first, before, state="suspended")
    assert (again.status, again.json["version"]) == (200, kept["version"])
    assert (await record_of(http, first, before["code"])) == kept


async def test_of_two_corrections_at_once_one_is_made(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    replies = await asyncio.gather(
        *(put(http, headers, before, address=address) for address in ("路3号", "路4号"))
    )
    assert sorted(reply.status for reply in replies) == [200, 409]
    (won,) = (reply for reply in replies if reply.status == 200)
    assert (await record_of(http, headers, before["code"])) == won.json


async def test_only_those_who_run_a_station_correct_it(http: Http, make: Factory) -> None:
    mine, other = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", mine)
    _, others = await make.console("officer", other)
    before = await a_record(http, headers)
    given = {"version": before["version"], "organisation": mine}
    assert (await http("PUT", f"{STAFF}/{before['code']}/organisation", given, headers=headers)).status == 200
    seen = await record_of(http, others, before["code"])
    refused = await put(http, others, seen, state="retired")
    assert (refused.status, refused.code) == (403, "station_of_others")
    assert (await put(http, headers, seen, state="retired")).status == 200


async def test_nobody_but_officers_reads_or_corrects_a_record(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    record = await a_record(http, headers)
    _, auditor = await make.console("audit_admin")
    for refused in (
        await http("GET", f"{STAFF}/{record['code']}/record", headers=auditor),
        await put(http, auditor, record, state="retired"),
    ):
        assert (refused.status, refused.code) == (403, "staff_not_allowed")
    missing = await http("GET", f"{STAFF}/00000000/record", headers=headers)
    assert (missing.status, missing.code) == (404, "station_not_found")


async def test_a_list_that_is_imported_again_undoes_no_correction(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    place = {"longitude": 113.5, "latitude": 34.5, "datum": "bd09"}
    kept = (await put(http, headers, before, position=place, state="suspended")).json
    text = "名称,地址,行政区,经度,纬度,坐标系,开放时间,设施\n"
    text += f"{before['name']},路9号,时间区,113.9,34.2,gcj02,,饮水\n"
    sent = {"fileName": "又来.csv", "content": base64.b64encode(text.encode()).decode()}
    saved = (await http("POST", f"{STAFF}/imports", sent, headers=headers)).json["saved"]
    assert (saved["created"], saved["updated"]) == (0, 1)
    now = await record_of(http, headers, before["code"])
    assert (now["address"], now["facilities"]) == ("路9号", ["water"])
    assert (now["position"], now["state"]) == (kept["position"], "suspended")


async def test_what_is_not_known_is_absent_and_an_officer_adds_it(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    assert before["details"] == {**dict.fromkeys(before["details"]), "aliases": []}
    details = {
        "aliases": ["暖心屋"],
        "floor": "1层",
        "way": "从东门进，右手第二间",
        "entry": "scan",
        "capacity": 12,
        "area": 25,
        "stars": 4,
        "parking": False,
        "phone": "0371-12345678",
        "mode": "joint",
        "finest": True,
    }
    kept = (await put(http, headers, before, details=details)).json
    assert (kept["details"], sorted(kept["corrected"])) == (details, sorted(details))
    assert await record_of(http, headers, before["code"]) == kept
    public = await until(lambda: shown(http, before["code"]), lambda one: one["details"]["stars"] == 4)
    assert public["details"] == details
    page = (await http("GET", f"/s/{before['code']}")).body.decode()
    for words in ("暖心屋", "1层", "从东门进，右手第二间", "扫码开门", "不能停放", "12 人", "最美驿站，4 星"):
        assert f"<dd>{words}</dd>" in page
    assert 'href="tel:0371-12345678"' in page
    emptied = (await put(http, headers, kept, details={"floor": "1层"})).json
    assert emptied["details"] == {**before["details"], "floor": "1层"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stars", 6),
        ("capacity", 0),
        ("entry", "window"),
        ("phone", "请打店里"),
        ("floor", ""),
        ("way", "从东\n门进"),
        ("parking", "yes"),
        ("aliases", ["屋"] * 9),
        ("mode", "rented"),
        ("finest", "是"),
    ],
)
async def test_a_detail_outside_its_limits_is_refused_by_its_path(
    http: Http, make: Factory, field: str, value: object
) -> None:
    _, headers = await make.console("officer")
    record = await a_record(http, headers)
    refused = await put(http, headers, record, details={field: value})
    assert (refused.status, refused.json["details"]["field"]) == (400, f"body.details.{field}")


async def send_list(http: Http, headers: Headers, heading: str, *rows: str) -> Any:
    """Import a list with more columns than those that it needs; return what became of it."""
    text = "\n".join([f"名称,地址,行政区,经度,纬度,坐标系,开放时间,{heading}", *rows])
    sent = {"fileName": "新表.csv", "content": base64.b64encode(text.encode()).decode()}
    reply = await http("POST", f"{STAFF}/imports", sent, headers=headers)
    assert reply.status == 201
    return reply.json


async def test_a_list_says_who_runs_a_station_and_its_state(
    http: Http, make: Factory, service: Service
) -> None:
    mine, other = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", mine)
    _, others = await make.console("officer", other)
    before = await a_record(http, headers)
    name, code = before["name"], before["code"]
    own, foreign = (service.world.organisations.get_name(one) for one in (mine, other))
    row = f"{name},路1号,时间区,,,,"
    refused = await send_list(http, headers, "所属工会,状态", f"{row},{foreign},整改")
    (note,) = refused["rows"][0]["notes"]
    assert (note["column"], "不在您的管理范围内" in note["reason"]) == ("所属工会", True)
    assert (await record_of(http, headers, code))["state"] == "rectifying"
    told = await send_list(http, headers, "所属工会,状态", f"{row},{own},运营")
    assert (told["rows"][0]["notes"], told["ignoredColumns"]) == ([], [])
    host = (await http("GET", f"{STAFF}/{code}/organisation", headers=headers)).json
    assert host["organisation"] == mine
    assert (await record_of(http, headers, code))["state"] == "operating"

    async def known() -> Any:
        return service.world.board.get(code).organisation

    await until(known, lambda organisation: organisation == mine)
    theirs = await send_list(http, others, "所属工会,状态", f"{row},{foreign},停用")
    assert [note["column"] for note in theirs["rows"][0]["notes"]] == ["状态", "所属工会"]
    assert (await record_of(http, headers, code))["state"] == "operating"


async def test_a_list_is_told_what_officers_have_set_and_it_does_not_change(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    await put(http, headers, before, address="路8号", kind="smart", state="suspended")
    await until(lambda: shown(http, before["code"]), lambda one: one.get("address") == "路8号")
    told = await send_list(http, headers, "类型,状态", f"{before['name']},路1号,时间区,,,,,基本型,运营")
    notes = {note["column"]: note["reason"] for note in told["rows"][0]["notes"]}
    assert notes == {
        "地址": "工作人员已更正，不采用",
        "类型": "工作人员已更正，不采用",
        "状态": "工作人员已改为“暂停开放”，不采用",
    }
    assert (told["saved"]["updated"], (await record_of(http, headers, before["code"]))["state"]) == (
        1,
        "suspended",
    )


async def test_people_are_led_to_the_entrance_where_there_is_one(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    assert before["entrance"] is None
    assert "position=113.9,34.2&" in html.unescape((await http("GET", f"/s/{before['code']}")).body.decode())
    door = {"longitude": 113.8935, "latitude": 34.2015, "datum": "wgs84"}
    kept = await put(http, headers, before, entrance=door)
    assert (kept.status, kept.json["entrance"], kept.json["position"]) == (200, door, before["position"])
    there = to_gcj02(113.8935, 34.2015, "wgs84")
    seen = await until(lambda: shown(http, before["code"]), lambda one: one["entrance"] is not None)
    assert seen["entrance"] == {"longitude": there.longitude, "latitude": there.latitude, "datum": "gcj02"}
    assert seen["position"] == before["position"]
    page = html.unescape((await http("GET", f"/s/{before['code']}")).body.decode())
    assert f"position={there.longitude},{there.latitude}&" in page
    assert (await http("GET", f"/api/v1/stations/{before['code']}?datum=wgs84")).json["entrance"] == door
    assert (await put(http, headers, kept.json, entrance=None)).json["entrance"] is None


async def test_an_entrance_that_is_not_at_the_station_is_refused(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    far = await put(http, headers, before, entrance={**before["position"], "longitude": 113.91})
    assert (far.status, far.code) == (400, "entrance_astray")
    assert (far.json["details"]["metres"], far.json["details"]["most"]) == (920, 500)
    nowhere = await put(http, headers, before, position=None, entrance=before["position"])
    assert (nowhere.status, nowhere.code) == (400, "entrance_astray")
    assert await record_of(http, headers, before["code"]) == before


async def test_the_premises_are_told_to_officers_alone(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    assert before["premises"] == {"unit": None, "phone": None}
    premises = {"unit": "时间区甲乙丙丁商场", "phone": "0371-87654321"}
    kept = (await put(http, headers, before, premises=premises, details={"floor": "9层"})).json
    assert (kept["premises"], await record_of(http, headers, before["code"])) == (premises, kept)
    await until(lambda: shown(http, before["code"]), lambda one: one["details"]["floor"] == "9层")
    place = "longitude=113.9&latitude=34.2&datum=gcj02&radius=100&limit=100"
    for path in (
        f"/api/v1/stations/{before['code']}",
        f"/s/{before['code']}",
        f"/api/v1/stations?{place}",
        f"/api/v1/districts/{quote('时间区')}/stations",
    ):
        public = await http("GET", path)
        assert public.status == 200
        for told in premises.values():
            assert told not in public.body.decode()


@pytest.mark.parametrize("phone", ["13812345678", "138-1234-5678", "张主任"])
async def test_a_mobile_number_is_no_unit_s_phone(http: Http, make: Factory, phone: str) -> None:
    _, headers = await make.console("officer")
    record = await a_record(http, headers)
    refused = await put(http, headers, record, premises={"phone": phone})
    assert (refused.status, refused.json["details"]["field"]) == (400, "body.premises.phone")


async def test_a_list_tells_details_and_leaves_those_of_officers(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    before = await a_record(http, headers)
    name, code = before["name"], before["code"]
    row = f"{name},路1号,时间区,,,,"
    heading = "楼层,星级,电动车停放,最美"
    told = await send_list(http, headers, heading, f"{row},1,四星,可以,很美")
    assert [note["column"] for note in told["rows"][0]["notes"]] == ["最美"]
    seen = await record_of(http, headers, code)
    listed = {**before["details"], "floor": "1层", "stars": 4, "parking": True}
    assert (seen["details"], seen["corrected"]) == (listed, [])
    kept = (await put(http, headers, seen, details={**listed, "stars": 5, "parking": None})).json
    assert kept["corrected"] == ["stars"]
    await until(lambda: shown(http, code), lambda one: one["details"]["stars"] == 5)
    told = await send_list(http, headers, heading, f"{row},2,三星,,")
    assert [(note["column"], note["reason"]) for note in told["rows"][0]["notes"]] == [
        ("星级", "工作人员已填写，不采用")
    ]
    now = await record_of(http, headers, code)
    assert now["details"] == {**listed, "floor": "2层", "stars": 5, "parking": None}
    again = await send_list(http, headers, heading, f"{row},2,三星,,")
    assert (again["saved"]["unchanged"], again["saved"]["updated"]) == (1, 0)
