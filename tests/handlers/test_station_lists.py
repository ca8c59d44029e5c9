"""Officers import lists of stations: first a check, then the import, both with a report of every row."""

import base64
import secrets
from urllib.parse import urlencode

from models.audit import Search
from models.station_imports import read_stations
from models.station_sheets import EXAMPLE
from models.stations import station_code
from models.tables import read_records
from server.service import Service
from tests.factories import Factory, Http, change
from tests.handlers.waiting import until

STATIONS = "/api/v1/staff/stations"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADING = "名称,地址,行政区,经度,纬度,坐标系,开放时间\n"


def a_list(*names: str, bad: int = 0) -> dict[str, str]:
    rows = [f"{name},中山路1号,测试区,113.6,34.7,gcj02,08:00-20:00\n" for name in names]
    rows += [f"坏行{each},中山路1号,测试区,113.6,,gcj02,\n" for each in range(bad)]
    text = HEADING + "".join(rows)
    return {"fileName": "驿站.csv", "content": base64.b64encode(text.encode()).decode()}


async def test_a_check_reports_every_row_and_stores_nothing_and_the_import_stores_them(
    http: Http, make: Factory, service: Service
) -> None:
    officer, headers = await make.console("officer")
    sent = a_list(*(f"驿站{secrets.token_hex(6)}" for _ in range(3)), bad=1)
    before = (await http("GET", STATIONS, headers=headers)).json["total"]
    checked = await http("POST", f"{STATIONS}/imports/checks", sent, headers=headers)
    assert (checked.status, checked.json["saved"]) == (200, None)
    assert checked.json["counts"] == {"station": 3, "rejected": 1}
    assert [(row["row"], row["outcome"]) for row in checked.json["rows"]][-1] == (5, "rejected")
    assert (await http("GET", STATIONS, headers=headers)).json["total"] == before

    saved = await http("POST", f"{STATIONS}/imports", sent, headers=headers)
    assert (saved.status, saved.json["saved"]) == (
        201,
        {"created": 3, "updated": 0, "unchanged": 0, "hoursKept": 0},
    )
    again = await http("POST", f"{STATIONS}/imports", sent, headers=headers)
    assert again.json["saved"] == {"created": 0, "updated": 0, "unchanged": 3, "hoursKept": 0}
    pages = [
        (await http("GET", f"{STATIONS}?pageSize=50&page={page}", headers=headers)).json
        for page in range(1, before // 50 + 3)
    ]
    assert {page["total"] for page in pages} == {before + 3}
    assert len([row for page in pages for row in page["list"] if row["district"] == "测试区"]) == 3
    page = await service.world.auditing.audit.list_page(Search(actor=officer.person), 1, 10)
    assert [entry.action for entry in page.rows] == ["station_import", "station_import"]
    assert {entry.details["stations"] for entry in page.rows} == {"3"}


async def test_what_is_no_list_is_refused_in_words(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    for content, code in (
        (b"a,b\n1,2\n", "wrong_heading"),
        (b"PK\x03\x04...", "unreadable_table"),
        (b"", "wrong_heading"),
    ):
        sent = {"fileName": "x.csv", "content": base64.b64encode(content).decode()}
        for place in ("/checks", "/problems.xlsx", ""):
            path = f"{STATIONS}/imports{place}"
            reply = await http("POST", path, sent, headers=headers)
            assert (reply.status, reply.code) == (400, code)


async def test_the_template_is_a_list_that_the_import_takes(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    template = await http("GET", f"{STATIONS}/imports/template.xlsx", headers=headers)
    assert (template.status, template.headers["Content-Type"]) == (200, SHEET)
    assert template.headers["Content-Disposition"].startswith("attachment")
    (station,) = read_stations(template.body, "template.xlsx").stations
    assert station.name == EXAMPLE[0]
    sent = {"fileName": "模板.xlsx", "content": base64.b64encode(template.body).decode()}
    checked = await http("POST", f"{STATIONS}/imports/checks", sent, headers=headers)
    assert (checked.status, checked.json["counts"]) == (200, {"station": 1})


async def test_rows_with_problems_are_given_as_a_sheet_and_nothing_is_stored(
    http: Http, make: Factory
) -> None:
    _, headers = await make.console("officer")
    before = (await http("GET", STATIONS, headers=headers)).json["total"]
    sent = a_list(f"驿站{secrets.token_hex(6)}", bad=2)
    sheet = await http("POST", f"{STATIONS}/imports/problems.xlsx", sent, headers=headers)
    assert (sheet.status, sheet.headers["Content-Type"]) == (200, SHEET)
    assert [record.cells[:4] for record in read_records(sheet.body)] == [
        ["原行号", "结果", "名称", "列"],
        ["3", "未导入", "坏行0", "纬度"],
        ["4", "未导入", "坏行1", "纬度"],
    ]
    assert (await http("GET", STATIONS, headers=headers)).json["total"] == before


async def test_a_night_that_is_not_named_is_taken_and_told_in_the_report(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    rows = "甲,路1号,测试区,,,,17:30-08:30\n乙,路1号,测试区,,,,17:30-次日08:30\n"
    sent = {"fileName": "夜.csv", "content": base64.b64encode(f"{HEADING}{rows}".encode()).decode()}
    checked = await http("POST", f"{STATIONS}/imports/checks", sent, headers=headers)
    assert checked.json["counts"] == {"station_without_position": 2}
    reason = "“17:30-08:30”按次日 08:30 结束理解，请核对"
    assert [one["notes"] for one in checked.json["rows"]] == [[{"column": "开放时间", "reason": reason}], []]
    sheet = await http("POST", f"{STATIONS}/imports/problems.xlsx", sent, headers=headers)
    assert [record.cells for record in read_records(sheet.body)][1:] == [
        ["2", "已导入，有提醒", "甲", "开放时间", reason]
    ]


async def test_only_officers_import(http: Http, make: Factory) -> None:
    _, headers = await make.console("audit_admin")
    reply = await http("POST", f"{STATIONS}/imports", a_list("甲"), headers=headers)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")
    reply = await http("POST", f"{STATIONS}/imports/problems.xlsx", a_list("甲"), headers=headers)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")
    for place in ("", "/imports/template.xlsx"):
        assert (await http("GET", STATIONS + place, headers=headers)).code == "staff_not_allowed"


async def found(http: Http, headers: dict[str, str], **asked: str) -> list[str]:
    """The names on all pages of a search."""
    names: list[str] = []
    for page in range(1, 100):
        query = urlencode({**asked, "page": page, "pageSize": 2})
        reply = await http("GET", f"{STATIONS}?{query}", headers=headers)
        assert reply.status == 200, reply.body
        names += [row["name"] for row in reply.json["list"]]
        if len(names) >= reply.json["total"]:
            return names
    raise AssertionError("the pages have no end")


async def test_stations_are_found_by_their_code_name_address_or_district(http: Http, make: Factory) -> None:
    _, headers = await make.console("officer")
    mark = secrets.token_hex(6)
    names = [f"{word}{mark}站" for word in ("东风", "西街", "南阳")]
    assert (await http("POST", f"{STATIONS}/imports", a_list(*names), headers=headers)).status == 201

    async def are_there() -> bool:
        return sorted(await found(http, headers, text=mark)) == sorted(names)

    await until(are_there, bool)
    assert await found(http, headers, text=f"东 风 {mark.upper()}") == names[:1]
    assert await found(http, headers, text=f"{mark} 西街") == names[1:2]
    code = station_code("测试区", names[2])
    assert await found(http, headers, text=code.lower()) == names[2:]
    assert set(names) <= set(await found(http, headers, text="中山路1号 测试区"))
    assert await found(http, headers, text=f"{mark}站东风") == []
    refused = await http("GET", f"{STATIONS}?text={'x' * 61}", headers=headers)
    assert (refused.status, refused.json["details"]["field"]) == (400, "query.text")


async def test_an_officer_can_look_at_the_stations_of_the_own_subtree_alone(
    http: Http, make: Factory, service: Service
) -> None:
    district = await make.organisation()
    street, elsewhere = await make.organisation(district), await make.organisation()
    _, headers = await make.console("officer", district)
    mark = secrets.token_hex(6)
    names = [f"{word}{mark}" for word in ("甲", "乙", "丙")]
    assert (await http("POST", f"{STATIONS}/imports", a_list(*names), headers=headers)).status == 201
    for name, organisation in zip(names, (street, elsewhere, None), strict=True):
        await change(service, station_code("测试区", name), organisation=organisation)
    assert await found(http, headers, own="true") == names[:1]
    assert await found(http, headers, own="true", text=mark) == names[:1]
    assert await found(http, headers, own="true", text=f"乙{mark}") == []
    _, others = await make.console("officer", elsewhere)
    assert await found(http, others, own="true", text=mark) == names[1:2]
    assert sorted(await found(http, others, text=mark)) == sorted(names)
