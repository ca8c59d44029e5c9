"""Officers set hours and closures; everybody sees them, with the reason and the end."""

import asyncio
import base64
import secrets
from typing import Any

from models.audit import Search
from models.stations import station_code
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.handlers.waiting import until

STAFF = "/api/v1/staff/stations"
DAILY = {
    "weekly": [{"days": ["workday"], "intervals": [{"from": "08:30", "to": "12:00"}]}],
    "holidays": {"rule": "closed"},
}
Headers = dict[str, str]


async def a_station(http: Http, headers: Headers) -> dict[str, Any]:
    """Import a station with unknown hours; return it as its form shows it."""
    name = f"站{secrets.token_hex(6)}"
    text = f"名称,地址,行政区,经度,纬度,坐标系,开放时间\n{name},路1号,时间区,113.9,34.2,gcj02,\n"
    sent = {"fileName": "一站.csv", "content": base64.b64encode(text.encode()).decode()}
    assert (await http("POST", f"{STAFF}/imports", sent, headers=headers)).status == 201
    reply = await http("GET", f"{STAFF}/{station_code('时间区', name)}/hours", headers=headers)
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


async def put(http: Http, headers: Headers, station: dict[str, Any], what: str, **body: Any) -> Reply:
    sent = {"version": station["version"], **body}
    return await http("PUT", f"{STAFF}/{station['code']}/{what}", sent, headers=headers)


async def shown(http: Http, code: str) -> dict[str, Any]:
    found: dict[str, Any] = (await http("GET", f"/api/v1/stations/{code}")).json
    return found


async def test_an_officer_corrects_hours_and_everybody_sees_them(
    http: Http, make: Factory, service: Service
) -> None:
    officer, headers = await make.console("officer")
    station = await a_station(http, headers)
    assert (station["kind"], station["hours"], station["open"]["state"]) == ("unknown", None, "unknown")
    reply = await put(http, headers, station, "hours", hours=DAILY)
    assert (reply.status, reply.json["words"]) == (200, "工作日 08:30-12:00；节假日休息")
    assert reply.json["hours"]["weekly"][0]["intervals"] == [
        {"from": "08:30", "to": "12:00", "nextDay": False}
    ]
    assert reply.json["version"] != station["version"]

    await until(lambda: shown(http, station["code"]), lambda seen: seen.get("hours") == reply.json["words"])
    opened = (await shown(http, station["code"]))["open"]
    assert (opened["state"], opened["opensAt"]) == ("closed", "2026-07-16T08:30:00+08:00")
    page = await service.world.auditing.audit.list_page(Search(object=station["code"]), 1, 10)
    assert [(one.actor, one.action, one.details) for one in page.rows] == [
        (officer.person, "station_hours_set", {"hours": "weekly"})
    ]


async def test_hours_in_words_are_read_or_refused_with_their_place(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    reply = await put(http, headers, station, "hours", text="周一至周五 9点至17点，看情况")
    assert (reply.status, reply.code) == (400, "wrong_hours")
    assert reply.json["details"]["field"] == "body.text"
    assert reply.json["details"]["place"] == 13
    reply = await put(http, headers, station, "hours", text="周一至周五 9点至17点")
    assert (reply.json["words"], reply.json["text"]) == ("周一至周五 09:00-17:00", "周一至周五 9点至17点")
    for nothing in ({}, {"text": "24小时", "hours": DAILY}):
        assert (await put(http, headers, reply.json, "hours", **nothing)).code == "wrong_hours"
    assert (await put(http, headers, reply.json, "hours", text="")).json["kind"] == "unknown"


async def test_words_can_be_tried_and_nothing_is_stored(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    path = f"{STAFF}/{station['code']}/hours/checks"
    text = "夏季（5月1日至9月30日）8:00-22:00；其余时间 9点至17点"
    reply = await http("POST", path, {"text": text}, headers=headers)
    assert (reply.status, reply.json["kind"], reply.json["open"]["state"]) == (200, "weekly", "open")
    assert reply.json["words"] == "夏季（5月1日至9月30日）：每天 08:00-22:00；其余时间：每天 09:00-17:00"
    night = await http("POST", path, {"text": "17:30-08:30"}, headers=headers)
    assert night.json["words"] == "每天 17:30-次日08:30"
    assert night.json["hours"]["weekly"][0]["intervals"][0]["nextDay"] is True
    refused = await http("POST", path, {"text": "24小时，看情况"}, headers=headers)
    assert (refused.code, refused.json["details"]["place"]) == ("wrong_hours", 5)
    assert (await http("GET", f"{STAFF}/{station['code']}/hours", headers=headers)).json == station


async def test_what_is_wrong_in_a_form_is_refused_by_its_path(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    for interval, path, code in (
        ({"from": "13:00", "to": "12:00"}, "to", "wrong_hours"),
        ({"from": "17:30", "to": "08:30", "nextDay": False}, "to", "wrong_hours"),
        ({"from": "11:00", "to": "13:00"}, "from", "wrong_hours"),
        ({"from": "25:00", "to": "26:00"}, "from", "invalid_request"),
        ({"from": "13:00", "to": "24:01"}, "to", "invalid_request"),
    ):
        day = {"days": ["monday"], "intervals": [{"from": "09:00", "to": "12:00"}, interval]}
        reply = await put(http, headers, station, "hours", hours={"weekly": [day]})
        assert (reply.status, reply.code) == (400, code)
        assert reply.json["details"]["field"] == f"body.hours.weekly[0].intervals[1].{path}"


async def test_of_two_officers_the_second_is_told_to_look_again(http: Http, make: Factory) -> None:
    _, first = await make.console("officer")
    _, second = await make.console("officer")
    station = await a_station(http, first)
    kept = (await put(http, first, station, "hours", hours=DAILY)).json
    stale = await put(http, second, station, "hours", text="24小时")
    assert (stale.status, stale.code) == (409, "station_changed")
    assert stale.json["details"]["version"] == kept["version"]
    again = await put(http, first, station, "hours", hours=DAILY)
    assert (again.status, again.json["version"]) == (200, kept["version"])


async def test_of_two_changes_at_once_one_is_made(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    for _ in range(5):
        texts = ("24小时", "每天 8:00-20:00", "工作日 9:00-17:00")
        replies = await asyncio.gather(
            *(put(http, headers, station, "hours", text=text) for text in texts if text != station["text"])
        )
        assert [reply.status for reply in replies].count(200) == 1
        assert {reply.code for reply in replies if reply.status != 200} == {"station_changed"}
        station = next(reply.json for reply in replies if reply.status == 200)


async def test_a_closure_says_why_and_until_when_and_ends(
    http: Http, make: Factory, clock: Clock, service: Service
) -> None:
    _, headers = await make.console("officer")
    station = (
        await put(http, headers, await a_station(http, headers), "hours", text="24小时，节假日照常")
    ).json
    end = "2026-07-16T18:00:00+08:00"
    reply = await put(http, headers, station, "closure", reason="停电检修", until=end)
    assert (reply.status, reply.json["closure"]["until"]) == (200, end)

    async def state() -> str:
        return str((await shown(http, station["code"]))["open"]["state"])

    await until(state, lambda now: now == "closed")
    opened = (await shown(http, station["code"]))["open"]
    assert opened["reason"] == {"code": "closure", "words": "停电检修", "until": end}
    assert opened["opensAt"] == end
    page = (await http("GET", f"/s/{station['code']}")).body.decode()
    assert "临时关闭：停电检修" in page
    assert "7月16日 18:00" in page
    near = (await http("GET", "/api/v1/stations?longitude=113.9&latitude=34.2&datum=gcj02&limit=100")).json
    found = next(item for item in near["items"] if item["code"] == station["code"])
    assert found["open"]["reason"]["words"] == "停电检修"
    clock.advance(hours=31)
    assert await state() == "open"
    clock.advance(hours=-31)

    for _ in range(2):
        reply = await http("DELETE", f"{STAFF}/{station['code']}/closure", headers=headers)
        assert (reply.status, reply.json["closure"], reply.json["open"]["state"]) == (200, None, "open")

    await until(state, lambda now: now == "open")
    page_of = await service.world.auditing.audit.list_page(Search(object=station["code"]), 1, 10)
    assert sorted(one.action for one in page_of.rows) == [
        "station_closed",
        "station_hours_set",
        "station_reopened",
    ]


async def test_a_closure_that_makes_no_sense_is_refused(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    for times, field in (
        ({"until": "2026-07-15T11:00:00+08:00"}, "body.until"),
        ({"since": "2026-07-18T00:00:00+08:00", "until": "2026-07-17T00:00:00+08:00"}, "body.until"),
        ({"until": "9999-12-31T23:59:59+08:00"}, "body.until"),
        ({"since": "0001-01-01T00:00:00+08:00"}, "body.since"),
    ):
        reply = await put(http, headers, station, "closure", reason="检修", **times)
        assert (reply.status, reply.code) == (400, "wrong_closure")
        assert reply.json["details"]["field"] == field
    assert (await put(http, headers, station, "closure", reason="")).code == "invalid_request"


async def test_an_import_leaves_a_closure_alone(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    closed = (await put(http, headers, station, "closure", reason="装修")).json
    text = f"名称,地址,行政区,经度,纬度,坐标系,开放时间\n{station['name']},路2号,时间区,,,,24小时\n"
    sent = {"fileName": "一站.csv", "content": base64.b64encode(text.encode()).decode()}
    saved = await http("POST", f"{STAFF}/imports", sent, headers=headers)
    assert saved.json["saved"]["updated"] == 1
    kept = (await http("GET", f"{STAFF}/{station['code']}/hours", headers=headers)).json
    assert (kept["closure"], kept["words"]) == (closed["closure"], "24小时开放")


async def test_an_import_leaves_hours_alone_that_an_officer_has_set(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    station = await a_station(http, headers)
    path = f"{STAFF}/{station['code']}/hours"

    async def send(hours: str, where: str = "imports") -> Any:
        text = f"名称,地址,行政区,经度,纬度,坐标系,开放时间\n{station['name']},路3号,时间区,,,,{hours}\n"
        sent = {"fileName": "一站.csv", "content": base64.b64encode(text.encode()).decode()}
        return (await http("POST", f"{STAFF}/{where}", sent, headers=headers)).json

    async def kept() -> Any:
        return (await http("GET", path, headers=headers)).json

    assert (await send("24小时"))["saved"]["updated"] == 1
    assert (await kept())["byOfficer"] is False
    station = await kept()
    by_hand = (await put(http, headers, station, "hours", text="每天 8:00-20:00")).json
    assert by_hand["byOfficer"] is True

    async def notes() -> list[str]:
        checked = await send("24小时", "imports/checks")
        return [note["reason"] for row in checked["rows"] for note in row["notes"]]

    assert await until(notes, bool) == ["工作人员已更正为“每天 08:00-20:00”，不采用"]
    assert (await send("24小时"))["saved"] == {"created": 0, "updated": 0, "unchanged": 1, "hoursKept": 1}
    assert (await send("每天 08:00-20:00"))["saved"]["hoursKept"] == 0
    assert await kept() == by_hand

    await put(http, headers, by_hand, "hours", text="")
    assert (await send("24小时"))["saved"] == {"created": 0, "updated": 1, "unchanged": 0, "hoursKept": 0}
    assert (await kept())["words"] == "24小时开放"


async def test_only_officers_set_hours_of_stations_that_are_there(http: Http, make: Factory) -> None:
    _, officer = await make.console("officer")
    station = await a_station(http, officer)
    _, auditor = await make.console("audit_admin")
    for reply in (
        await http("GET", f"{STAFF}/{station['code']}/hours", headers=auditor),
        await put(http, auditor, station, "hours", text="24小时"),
        await put(http, auditor, station, "closure", reason="装修"),
        await http("DELETE", f"{STAFF}/{station['code']}/closure", headers=auditor),
    ):
        assert (reply.status, reply.code) == (403, "staff_not_allowed")
    for what in ("hours", "closure"):
        body = {"text": "24小时"} if what == "hours" else {"reason": "装修"}
        reply = await put(http, officer, {"code": "00000000", "version": "0"}, what, **body)
        assert (reply.status, reply.code) == (404, "station_not_found")
