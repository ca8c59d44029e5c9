"""Entrances, counts and premises that lists tell: as officers' pages show them, and left once corrected."""

import base64
import secrets
from typing import Any

import pytest

from models.station_words import NEEDED
from models.stations import station_code
from tests.factories import Factory, Http
from tests.handlers.test_station_hours import STAFF, Headers, shown
from tests.handlers.test_station_records import put as put_record
from tests.handlers.test_station_records import record_of
from tests.handlers.test_station_upkeep import equipment_of
from tests.handlers.test_station_upkeep import put as put_equipment
from tests.handlers.waiting import until

HEADING = ",".join((*NEEDED, "入口经度", "入口纬度", "设施数量", "所在单位", "单位电话"))
DISTRICT = "列表区"
WHOLE = "113.62,34.75,wgs84,,113.6202,34.7501,微波炉2台、充电插座×4,甲公司,0371-12345678"


async def send(http: Http, headers: Headers, name: str, row: str, place: str = "imports") -> Any:
    text = f"{HEADING}\n{name},路1号,{DISTRICT},{row}\n"
    sent = {"fileName": "驿站.csv", "content": base64.b64encode(text.encode()).decode()}
    reply = await http("POST", f"{STAFF}/{place}", sent, headers=headers)
    assert reply.status == (201 if place == "imports" else 200)
    return reply.json


async def test_a_list_fills_in_entrance_counts_and_premises_and_again_changes_nothing(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    name = f"站{secrets.token_hex(6)}"
    code = station_code(DISTRICT, name)
    checked = await send(http, headers, name, WHOLE, "imports/checks")
    assert (checked["saved"], checked["rows"][0]["notes"]) == (None, [])
    assert (await http("GET", f"{STAFF}/{code}/record", headers=headers)).status == 404
    assert (await send(http, headers, name, WHOLE))["saved"]["created"] == 1
    record = await record_of(http, headers, code)
    assert record["entrance"] == {"longitude": 113.6202, "latitude": 34.7501, "datum": "wgs84"}
    assert record["premises"] == {"unit": "甲公司", "phone": "0371-12345678"}
    assert (record["facilities"], record["corrected"]) == (["microwave", "charging"], [])
    assert (await send(http, headers, name, WHOLE))["saved"]["unchanged"] == 1
    assert await record_of(http, headers, code) == record
    public = await until(lambda: shown(http, code), lambda one: "equipment" in one)
    assert [one["words"] for one in public["equipment"]] == ["微波炉 ×2", "充电 ×4"]
    assert "甲公司" not in (await http("GET", f"/api/v1/stations/{code}")).body.decode()


async def test_what_an_officer_corrects_is_left_by_lists_and_said_to_be_so(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    name = f"站{secrets.token_hex(6)}"
    code = station_code(DISTRICT, name)
    await send(http, headers, name, WHOLE)
    moved = (await put_record(http, headers, await record_of(http, headers, code), address="路2号")).json
    assert moved["corrected"] == ["address"]
    corrected = await put_record(
        http,
        headers,
        moved,
        entrance={"longitude": 113.6203, "latitude": 34.7502, "datum": "wgs84"},
        premises={"unit": "乙公司", "phone": "0371-12345678"},
    )
    assert corrected.json["corrected"] == ["address", "entrance", "premises.unit"]
    counts = [{"facility": "microwave", "count": 3}, {"facility": "charging", "count": 4}]
    assert (
        await put_equipment(http, headers, await equipment_of(http, headers, code), *counts)
    ).status == 200

    async def notes(row: str) -> list[tuple[str, str]]:
        checked = await send(http, headers, name, row, "imports/checks")
        return [(note["column"], note["reason"]) for note in checked["rows"][0]["notes"]]

    expected = [
        ("地址", "工作人员已更正，不采用"),
        ("入口经度", "工作人员已填写，不采用"),
        ("所在单位", "工作人员已填写，不采用"),
        ("设施数量", "微波炉的数量工作人员已填写为 3，不采用"),
    ]
    other = WHOLE.replace("×4", "×6").replace("0371-12345678", "0371-87654321")
    assert await until(lambda: notes(other), lambda seen: len(seen) == 4) == expected
    assert (await send(http, headers, name, other))["saved"]["updated"] == 1
    now = await record_of(http, headers, code)
    assert now["entrance"] == corrected.json["entrance"]
    assert now["premises"] == {"unit": "乙公司", "phone": "0371-87654321"}
    items = (await equipment_of(http, headers, code))["items"]
    assert [(one["facility"], one["count"]) for one in items] == [("microwave", 3), ("charging", 6)]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("113.62,34.75,gcj02,,34.75,113.62,,,", "入口经度", "经度和纬度可能写反了"),
        ("113.62,34.75,gcj02,,113.72,34.75,,,", "入口经度", "米，太远了"),
        ("113.62,34.75,gcj02,,113.62,,,,", "入口纬度", "只填了一个"),
        ("113.62,34.75,gcj02,,١١٣,34.75,,,", "入口经度", "不是以度为单位的数字"),
        ("113.62,34.75,gcj02,,,,微波炉0台,,", "设施数量", "不是 1 到 999"),
        ("113.62,34.75,gcj02,,,,2²³⁴⁵⁶⁷⁸⁹⁰台,,", "设施数量", "不认识"),
        ("113.62,34.75,gcj02,,,,,甲,13812345678", "单位电话", "个人手机号"),
    ],
)
async def test_what_cannot_be_read_is_said_by_row_and_column(
    http: Http, make: Factory, row: str, column: str, reason: str
) -> None:
    _, headers = await make.console("officer")
    checked = await send(http, headers, f"站{secrets.token_hex(6)}", row, "imports/checks")
    (found,) = checked["rows"]
    problem = found if found["outcome"] == "rejected" else found["notes"][0]
    assert (found["row"], problem["column"]) == (2, column)
    assert reason in problem["reason"]
