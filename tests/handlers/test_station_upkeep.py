"""Officers say which facilities work: nobody finds a station by a broken one, and its page says so."""

import base64
import secrets
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from models.stations import FACILITIES, station_code
from tests.factories import Factory, Http, Reply
from tests.handlers.test_station_hours import STAFF, Headers, shown
from tests.handlers.test_station_records import put as put_record
from tests.handlers.test_station_records import record_of
from tests.handlers.waiting import until

HERE = "longitude=104.5&latitude=30.5&datum=gcj02"


async def an_equipped_station(http: Http, headers: Headers, facilities: str = "饮水、微波炉、厕所") -> str:
    """Import a station with facilities, where no other test looks; return its code."""
    name = f"站{secrets.token_hex(6)}"
    text = "名称,地址,行政区,经度,纬度,坐标系,开放时间,设施\n"
    text += f"{name},路1号,设施区,104.5,30.5,gcj02,,{facilities}\n"
    sent = {"fileName": "一站.csv", "content": base64.b64encode(text.encode()).decode()}
    assert (await http("POST", f"{STAFF}/imports", sent, headers=headers)).status == 201
    return station_code("设施区", name)


async def part_of(part: str, http: Http, headers: Headers, code: str) -> dict[str, Any]:
    reply = await http("GET", f"{STAFF}/{code}/{part}", headers=headers)
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


async def put_part(
    part: str, http: Http, headers: Headers, seen: dict[str, Any], *items: dict[str, Any]
) -> Reply:
    body = {"version": seen["version"], "items": list(items)}
    return await http("PUT", f"{STAFF}/{seen['code']}/{part}", body, headers=headers)


equipment_of, put = partial(part_of, "equipment"), partial(put_part, "equipment")
consumables_of, stock = partial(part_of, "consumables"), partial(put_part, "consumables")


async def found_by(http: Http, facility: str) -> dict[str, list[str]]:
    """Return the stations near here that are found by a facility, and what each is said to have."""
    reply = await http("GET", f"/api/v1/stations?{HERE}&facilities={facility}&limit=100")
    return {one["code"]: one["facilities"] for one in reply.json["items"]}


async def test_a_station_is_not_found_by_a_broken_facility_until_it_works_again(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    code = await an_equipped_station(http, headers)
    await until(lambda: found_by(http, "microwave"), lambda found: code in found)
    broken = {"facility": "microwave", "count": 2, "brokenSince": "2026-07-14"}
    kept = await put(http, headers, await equipment_of(http, headers, code), broken)
    assert kept.status == 200
    await until(lambda: found_by(http, "microwave"), lambda found: code not in found)
    assert (await found_by(http, "water"))[code] == ["water", "toilet"]
    mended = await put(http, headers, kept.json, {"facility": "microwave", "count": 2})
    assert mended.status == 200
    found = await until(lambda: found_by(http, "microwave"), lambda found: code in found)
    assert found[code] == ["water", "microwave", "toilet"]


async def test_a_broken_facility_is_shown_as_such_on_the_public_pages(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    code = await an_equipped_station(http, headers)
    seen = await equipment_of(http, headers, code)
    assert [one["words"] for one in seen["items"]] == ["饮水", "微波炉", "厕所"]
    broken = {"facility": "microwave", "brokenSince": "2026-07-15"}
    kept = (await put(http, headers, seen, broken, {"facility": "toilet", "count": 3})).json
    assert kept == await equipment_of(http, headers, code)
    public = await until(lambda: shown(http, code), lambda one: one.get("facilities") == ["water", "toilet"])
    assert [(one["words"], one["count"], one["brokenSince"]) for one in public["equipment"]] == [
        ("饮水", None, None),
        ("微波炉：故障", None, "2026-07-15"),
        ("厕所 ×3", 3, None),
    ]
    page = (await http("GET", f"/s/{code}")).body.decode()
    assert '<li class="broken">微波炉：故障</li><li>厕所 ×3</li>' in page
    file = (await http("GET", f"/api/v1/districts/{quote('设施区')}/stations")).json
    bits = file["facilities"][file["codes"].index(code)]
    assert [name for bit, name in enumerate(file["facilityNames"]) if bits >> bit & 1] == ["water", "toilet"]


async def test_a_day_ahead_and_a_facility_that_is_not_there_are_refused(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    seen = await equipment_of(http, headers, await an_equipped_station(http, headers))
    ahead = await put(http, headers, seen, {"facility": "water", "brokenSince": "2026-07-16"})
    assert (ahead.status, ahead.code, ahead.json["details"]["facility"]) == (400, "day_ahead", "water")
    absent = await put(http, headers, seen, {"facility": "aed", "count": 1})
    assert (absent.status, absent.code) == (400, "facility_not_there")
    none = await put(http, headers, seen, {"facility": "water", "count": 0})
    assert (none.status, none.json["details"]["field"]) == (400, "body.items[0].count")
    assert await equipment_of(http, headers, seen["code"]) == seen


async def test_only_those_who_run_a_station_say_what_works_and_the_second_looks_again(
    http: Http, make: Factory
) -> None:
    mine, other = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", mine)
    _, others = await make.console("officer", other)
    seen = await equipment_of(http, headers, await an_equipped_station(http, headers))
    given = {"version": seen["version"], "organisation": mine}
    await http("PUT", f"{STAFF}/{seen['code']}/organisation", given, headers=headers)
    broken = {"facility": "water", "brokenSince": "2026-07-15"}
    assert (await put(http, headers, seen, broken)).code == "station_changed"
    now = await equipment_of(http, others, seen["code"])
    assert (await put(http, others, now, broken)).code == "station_of_others"
    assert (await put(http, headers, now, broken)).status == 200


async def test_a_facility_that_is_taken_off_the_record_comes_back_as_working(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    code = await an_equipped_station(http, headers)
    broken = {"facility": "water", "brokenSince": "2026-07-15"}
    await put(http, headers, await equipment_of(http, headers, code), broken)
    await put_record(http, headers, await record_of(http, headers, code), facilities=["toilet"])
    await put_record(http, headers, await record_of(http, headers, code), facilities=["toilet", "water"])
    items = (await equipment_of(http, headers, code))["items"]
    assert [(one["facility"], one["brokenSince"]) for one in items] == [("water", None), ("toilet", None)]


@pytest.mark.parametrize("facilities", ["、".join(FACILITIES.values()), ""])
async def test_every_facility_may_be_broken(http: Http, make: Factory, facilities: str) -> None:
    _, headers = await make.console("officer")
    seen = await equipment_of(http, headers, await an_equipped_station(http, headers, facilities))
    all_broken = [{"facility": one["facility"], "brokenSince": "2026-07-15"} for one in seen["items"]]
    kept = await put(http, headers, seen, *all_broken)
    assert [one["words"].endswith("：故障") for one in kept.json["items"]] == [True] * len(seen["items"])


async def lacking(http: Http, headers: Headers, lack: str) -> dict[str, list[str]]:
    """Return the stations that an officer finds by what they lack, and all that each lacks."""
    reply = await http("GET", f"{STAFF}?lacking={lack}&text={quote('设施区')}&pageSize=50", headers=headers)
    assert reply.status == 200
    return {one["code"]: one["lacks"] for one in reply.json["list"]}


async def test_what_has_expired_or_runs_out_is_marked(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    seen = await consumables_of(http, headers, await an_equipped_station(http, headers))
    assert seen["items"] == []
    asked = [
        {"item": "藿香正气水", "stock": 9, "expires": "2026-07-14"},
        {"item": "创可贴", "stock": 3, "least": 5, "expires": "2026-07-15"},
        {"item": "纸杯", "stock": 0, "least": 0},
        {"item": "茶叶", "stock": 6, "least": 5},
        {"item": "茶叶", "stock": 5, "least": 5, "expires": "2025-12-31"},
    ]
    kept = await stock(http, headers, seen, *asked)
    assert kept.status == 200
    assert [one["wants"] for one in kept.json["items"]] == [
        ["expired"], ["low"], ["low"], [], ["expired", "low"],
    ]  # fmt: skip
    assert [one["item"] for one in kept.json["items"]] == [one["item"] for one in asked]
    assert kept.json == await consumables_of(http, headers, seen["code"])
    assert (await stock(http, headers, kept.json)).json["items"] == []


async def test_officers_find_the_stations_that_lack_something(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    code = await an_equipped_station(http, headers)
    await until(lambda: found_by(http, "water"), lambda found: code in found)
    assert code not in await lacking(http, headers, "supplies")
    cups = {"item": "纸杯", "stock": 0}
    kept = (await stock(http, headers, await consumables_of(http, headers, code), cups)).json
    found = await until(lambda: lacking(http, headers, "supplies"), lambda found: code in found)
    assert found[code] == ["supplies"]
    await put(http, headers, kept, {"facility": "water", "brokenSince": "2026-07-15"})
    found = await until(lambda: lacking(http, headers, "repair"), lambda found: code in found)
    assert found[code] == ["repair", "supplies"]
    cups["stock"] = 50
    await stock(http, headers, await consumables_of(http, headers, code), cups)
    await until(lambda: lacking(http, headers, "supplies"), lambda found: code not in found)
    assert (await lacking(http, headers, "repair"))[code] == ["repair"]


async def test_consumables_are_their_officers_alone(http: Http, make: Factory) -> None:
    mine, other = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", mine)
    _, others = await make.console("officer", other)
    seen = await consumables_of(http, headers, await an_equipped_station(http, headers))
    given = {"version": seen["version"], "organisation": mine}
    await http("PUT", f"{STAFF}/{seen['code']}/organisation", given, headers=headers)
    cups = {"item": "杯子杯子杯子", "stock": 1}
    assert (await stock(http, headers, seen, cups)).code == "station_changed"
    now = await consumables_of(http, others, seen["code"])
    assert (await stock(http, others, now, cups)).code == "station_of_others"
    assert (await stock(http, headers, now, cups)).status == 200
    await until(lambda: found_by(http, "water"), lambda found: seen["code"] in found)
    for path in (f"/api/v1/stations/{seen['code']}", f"/s/{seen['code']}"):
        assert "杯子杯子杯子" not in (await http("GET", path)).body.decode()
    _, auditor = await make.console("audit_admin")
    refused = await http("GET", f"{STAFF}/{seen['code']}/consumables", headers=auditor)
    assert (refused.status, refused.code) == (403, "staff_not_allowed")


@pytest.mark.parametrize(
    ("field", "value"), [("item", ""), ("item", " "), ("stock", -1), ("stock", None), ("expires", "明年")]
)
async def test_a_consumable_outside_its_limits_is_refused_by_its_path(
    http: Http, make: Factory, field: str, value: object
) -> None:
    _, headers = await make.console("officer")
    seen = await consumables_of(http, headers, await an_equipped_station(http, headers))
    refused = await stock(http, headers, seen, {"item": "纸杯", "stock": 1, field: value})
    assert (refused.status, refused.json["details"]["field"]) == (400, f"body.items[0].{field}")


async def test_an_alias_is_found_by_officers_and_as_a_named_place(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    code = await an_equipped_station(http, headers)
    alias = f"别名{secrets.token_hex(4)}"
    kept = await put_record(http, headers, await record_of(http, headers, code), details={"aliases": [alias]})
    assert kept.status == 200
    near = f"/api/v1/stations?near={quote(alias)}&limit=100"
    reply = await until(lambda: http("GET", near), lambda reply: reply.status == 200)
    assert (reply.json["place"]["kind"], reply.json["place"]["name"]) == ("station", kept.json["name"])
    table = await http("GET", f"{STAFF}?text={quote(alias)}", headers=headers)
    assert [one["code"] for one in table.json["list"]] == [code]
