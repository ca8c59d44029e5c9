"""Importing rosters through HTTP: every row's fate first, then members, once; the file is gone afterwards."""

import secrets
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from models.memberships import MembershipState
from models.people import Particulars
from models.records import Record
from models.roster_rows import HEADINGS
from models.tables import read_records
from server.service import Service
from tests.factories import Factory, Http, Reply
from tests.handlers.test_claims import Desk
from tests.handlers.test_memberships import Headers, id_number, random_birth
from tests.handlers.waiting import until

IMPORTS = "/api/v1/staff/members/imports"
HEADING = ("姓名", "身份证号", "手机号码", "所在工会", "入会时间")
CSV = {"Content-Type": "text/csv"}

Row = Sequence[str]


def csv(rows: Iterable[Row], heading: Row = HEADING) -> bytes:
    return "\n".join(",".join(cells) for cells in (heading, *rows)).encode()


def numbers(count: int) -> list[str]:
    """So many ID numbers, each another."""
    found: set[str] = set()
    while len(found) < count:
        found.add(id_number(random_birth()))
    return list(found)


class Bureau(Desk):
    """An office that imports."""

    async def open(self) -> "Bureau":
        await super().open()
        self.union = self.world.organisations.get_name(self.street)
        return self

    def row(self, **fields: str) -> Row:
        named = {
            "name": "赵小河",
            "number": id_number(random_birth()),
            "phone": f"138{secrets.randbelow(10**8):08}",
            "union": self.union,
            "since": "2020-05-01",
            **fields,
        }
        return tuple(named.values())

    async def upload(
        self, content: bytes, query: str = "", headers: Headers | None = None, **more: str
    ) -> Reply:
        sent = {**CSV, **(headers or self.headers), **more}
        return await self.http("POST", f"{IMPORTS}{query}", raw=content, headers=sent)

    async def read(self, job: str) -> dict[str, Any]:
        reply = await self.http("GET", f"{IMPORTS}/{job}", headers=self.headers)
        assert reply.status == 200, reply.body
        told: dict[str, Any] = reply.json
        return told

    async def settled(self, job: str) -> dict[str, Any]:
        """An import once nothing happens to it, the file of one that ended being gone."""
        return await until(
            lambda: self.read(job), lambda told: told["state"] == "checked" or not told["hasFile"], 60
        )

    async def check(self, content: bytes, query: str = "") -> dict[str, Any]:
        reply = await self.upload(content, query)
        assert reply.status == 201, reply.body
        return await self.settled(reply.json["id"])

    async def run(self, job: str) -> dict[str, Any]:
        reply = await self.http("POST", f"{IMPORTS}/{job}/runs", headers=self.headers)
        assert reply.status == 201, reply.body
        return await self.settled(job)

    async def load(self, content: bytes, query: str = "") -> dict[str, Any]:
        return await self.run((await self.check(content, query))["id"])

    async def members(self, organisation: str) -> int:
        return int(await self.world.memberships.count(organisation))


@pytest.fixture
async def bureau(http: Http, make: Factory, service: Service) -> Bureau:
    return await Bureau(http, make, service).open()


async def test_a_roster_of_thousands_is_checked_then_imported_and_again_changes_nothing(
    bureau: Bureau,
) -> None:
    rows = [bureau.row(number=number) for number in numbers(2000)]
    content = csv(rows)
    checked = await bureau.check(content)
    assert (checked["state"], checked["rows"], checked["counts"]) == ("checked", 2000, {"created": 2000})
    assert await bureau.members(bureau.street) == 0, "a check stores nothing"
    done = await bureau.run(checked["id"])
    assert (done["state"], done["counts"], done["hasFile"]) == ("done", {"created": 2000}, False)
    assert await bureau.members(bureau.street) == 2000
    assert await bureau.figures() == (2000, 0, 0, 0)
    again = await bureau.load(content)
    assert again["counts"] == {"unchanged": 2000}
    assert await bureau.members(bureau.street) == 2000
    assert await bureau.figures() == (2000, 0, 0, 0)


async def test_an_imported_member_claims_the_record_and_gets_a_card(bureau: Bureau) -> None:
    row = bureau.row(name="阿依古丽.买买提")
    await bureau.load(csv([row]))
    found = await bureau.http(
        "POST", "/api/v1/staff/members/searches", {"text": row[1]}, headers=bureau.headers
    )
    [listed] = found.json["list"]
    assert await bureau.evidence(listed["id"]) == "from_roster"
    who = Particulars(name="阿依古丽·买买提", id_document=row[1], phone=row[2])
    phone = await bureau.phone(row[2])
    claimed = await bureau.claim(phone, who)
    assert claimed.status == 201, claimed.body
    assert await bureau.evidence(listed["id"]) == "phone_matched"
    token = claimed.json["token"]
    mine = (await bureau.http("GET", "/api/v1/members/me", token=token)).json["membership"]
    assert (mine["organisationId"], mine["state"], mine["since"]) == (bureau.street, "active", "2020-05-01")
    await bureau.settle()
    assert (await bureau.http("GET", "/api/v1/card", token=token)).status == 200


async def test_every_row_s_fate_is_told_by_row_and_column_and_never_what_it_said(bureau: Bureau) -> None:
    good = bureau.row()
    rows = [
        good,
        bureau.row(name=""),
        bureau.row(number=id_number()[:17] + "?"),
        bureau.row(number=id_number("20200101")),
        bureau.row(phone="12345"),
        bureau.row(union="不存在的工会"),
        bureau.row(since="2020-13-01"),
        bureau.row(since="2030-01-01"),
        good,
        ("", "", "", "", ""),
        bureau.row(name="赵123"),
    ]
    checked = await bureau.check(csv(rows))
    told = {one["row"]: (one["outcome"], one["column"]) for one in checked["problems"]}
    assert told == {
        3: ("rejected", "姓名"),
        4: ("rejected", "证件号码"),
        5: ("rejected", "证件号码"),
        6: ("rejected", "手机号"),
        7: ("rejected", "所在工会"),
        8: ("rejected", "入会日期"),
        9: ("rejected", "入会日期"),
        10: ("duplicate", "证件号码"),
        12: ("rejected", "姓名"),
    }
    assert checked["counts"] == {"created": 1, "rejected": 8, "duplicate": 1, "blank": 1}
    assert good[1] not in str(checked)
    assert good[2] not in str(checked)
    sheet = await bureau.http("GET", f"{IMPORTS}/{checked['id']}/problems.xlsx", headers=bureau.headers)
    records: list[Record] = list(read_records(sheet.body))
    assert [one.cells[0] for one in records] == ["原行号", *map(str, told)]
    assert records[1].cells == ["3", "未导入", "姓名", "没有填写"]


async def test_who_is_a_member_elsewhere_is_told_and_never_moved(bureau: Bureau) -> None:
    here, mine, foreign, gone = (bureau.row() for _ in range(4))
    other = await bureau.make.organisation(bureau.city, bureau.district)
    await bureau.load(
        csv([here, bureau.row(number=mine[1], union=bureau.world.organisations.get_name(other))])
    )
    states: dict[Row, MembershipState] = {foreign: "active", gone: "left"}
    for row, state in states.items():
        person = await bureau.world.people.register(
            Particulars(name=row[0], id_document=row[1], phone=row[2])
        )
        await bureau.begin_membership(person, bureau.elsewhere, state)
    told = await bureau.load(csv([here, mine, foreign, gone]))
    assert told["counts"] == {"unchanged": 1, "elsewhere": 2, "has_membership": 1}
    reasons = [one["reason"] for one in told["problems"]]
    assert bureau.world.organisations.get_name(other) in reasons[0]
    assert "其他工会" in reasons[1]
    assert bureau.world.organisations.get_name(bureau.elsewhere) not in reasons[1]
    assert await bureau.members(bureau.street) == 1


async def test_name_and_phone_are_updated_only_if_asked_and_only_before_the_claim(bureau: Bureau) -> None:
    row = bureau.row()
    await bureau.load(csv([row]))
    changed = csv([(row[0], row[1], "13911117777", *row[3:])])
    plain = await bureau.load(changed)
    assert (plain["counts"], plain["problems"][0]["column"]) == ({"differs": 1}, "手机号")
    assert (await bureau.load(changed, "?updates=true"))["counts"] == {"updated": 1}
    assert (await bureau.load(changed, "?updates=true"))["counts"] == {"unchanged": 1}
    old = Particulars(name=row[0], id_document=row[1], phone=row[2])
    assert (await bureau.claim(await bureau.phone(row[2]), old)).code == "claim_not_matched"
    new = Particulars(name=row[0], id_document=row[1], phone="13911117777")
    assert (await bureau.claim(await bureau.phone("13911117777"), new)).status == 201
    late = await bureau.load(csv([row]), "?updates=true")
    assert (late["counts"], late["problems"][0]["reason"]) == (
        {"differs": 1}, "本人已认领，姓名和手机号不由导入更改",
    )  # fmt: skip


async def test_columns_are_found_by_meaning_and_old_card_numbers_are_one_person_s(bureau: Bureau) -> None:
    heading = ("会员卡号", "职工姓名", "公民身份号码", "联系电话", "统一社会信用代码", "职业类别", "备注")
    code = f"81{secrets.token_hex(8)}"
    union = await bureau.make.organisation(bureau.city, bureau.district)
    found = bureau.world.organisations.find(union)
    assert found is not None
    await bureau.world.organisations.put(replace(found, code=code))
    card = secrets.token_hex(6)
    rows = [
        (card, "赵小河", id_number(random_birth()), "+86 138-1234-5678", code, "骑手", "x"),
        (card, "钱大江", id_number(random_birth()), "13812345679", code.upper(), "外卖骑手", ""),
    ]
    told = await bureau.load(csv(rows, heading))
    assert (told["counts"], told["ignoredColumns"]) == ({"created": 2}, ["备注"])
    [problem] = told["problems"]
    assert (problem["row"], problem["column"]) == (3, "会员证号")
    listed = await bureau.world.memberships.list_of(union, 10)
    assert {(one.worker_form, one.gig_kind) for one in listed} == {("gig", "food_delivery")}


async def test_retained_members_come_in_as_retained_and_are_not_counted(bureau: Bureau) -> None:
    heading = (*HEADING, "会籍状态")
    words = ("", "有效", "在籍", "正常", "保留", "保留会籍", "退休", " 退 休 ")
    rows = [(*bureau.row(), word) for word in words]
    content = csv(rows, heading)
    assert (await bureau.load(content))["counts"] == {"created": 8}
    assert await bureau.figures() == (4, 4, 0, 0)
    assert [await bureau.world.memberships.count(bureau.street, one) for one in ("active", "retained")] == [
        4,
        4,
    ]
    for query in ("", "?updates=true"):
        assert (await bureau.load(content, query))["counts"] == {"unchanged": 8}
    assert await bureau.figures() == (4, 4, 0, 0)

    retired = rows[6]
    who = Particulars(name=retired[0], id_document=retired[1], phone=retired[2])
    token = (await bureau.claim(await bureau.phone(who.phone), who)).json["token"]
    mine = (await bureau.http("GET", "/api/v1/members/me", token=token)).json
    assert (mine["membership"]["state"], mine["membership"]["since"]) == ("retained", "2020-05-01")
    await bureau.settle()
    assert (await bureau.card(mine["id"])).standing == "retained"
    entry = (await bureau.get(mine["id"])).log["1"]
    assert (entry.event, entry.after.state, entry.reason) == ("enter", "retained", "retired")
    assert (await bureau.enter(mine["id"], "resume")).json["state"] == "active"


@pytest.mark.parametrize("word", ["退会", "已退会", "除名", "接转中", "下岗", "x"])
async def test_who_is_in_no_state_that_a_roster_can_bring_is_rejected_by_the_column(
    bureau: Bureau, word: str
) -> None:
    told = await bureau.check(csv([(*bureau.row(), word), (*bureau.row(), "有效")], (*HEADING, "会员状态")))
    assert told["counts"] == {"rejected": 1, "created": 1}
    [problem] = told["problems"]
    assert (problem["row"], problem["column"]) == (2, "会籍状态")
    assert word in problem["reason"]


async def test_a_state_that_differs_is_told_and_not_changed_even_if_updates_are_asked_for(
    bureau: Bureau,
) -> None:
    heading = (*HEADING, "会籍状态")
    active, retained, silent = bureau.row(), bureau.row(), bureau.row()
    await bureau.load(csv([(*active, "有效"), (*retained, "保留"), (*silent, "退休")], heading))
    turned = [(*active, "退休"), (*retained[:2], "13911117777", *retained[3:], "有效"), (*silent, "")]
    told = await bureau.load(csv(turned, heading), "?updates=true")
    assert told["counts"] == {"differs": 1, "updated": 1, "unchanged": 1}
    assert [(one["row"], one["outcome"], one["column"]) for one in told["problems"]] == [
        (2, "differs", "会籍状态"),
        (3, "differs", "会籍状态"),
    ]
    assert [one["reason"][:9] for one in told["problems"]] == ["已登记为有效，导入", "已登记为保留会籍，"]
    assert await bureau.figures() == (1, 2, 0, 0)
    assert [await bureau.world.memberships.count(bureau.street, one) for one in ("active", "retained")] == [
        1,
        2,
    ]


async def test_a_row_without_a_union_goes_where_the_officer_says(bureau: Bureau) -> None:
    row = bureau.row(union="")
    assert (await bureau.check(csv([row])))["counts"] == {"rejected": 1}
    told = await bureau.load(csv([row]), f"?organisation={bureau.street}")
    assert told["counts"] == {"created": 1}
    outside = await bureau.upload(csv([row]), f"?organisation={bureau.elsewhere}")
    assert (outside.status, outside.code) == (404, "organisation_not_found")


async def test_the_file_lies_sealed_and_is_erased_when_the_import_ends_in_any_way(bureau: Bureau) -> None:
    parts = bureau.world.rosters.jobs._parts
    row = bureau.row()
    for end in ("run", "cancel", "fail"):
        content = csv([row]) if end != "fail" else csv([row], ("姓名", "电话", "a", "b", "c"))
        begun = (await bureau.upload(content)).json["id"]
        kept = await parts.list_({"job": begun})
        assert end == "fail" or kept
        assert all(row[1].encode() not in part.content for part in kept)
        checked = await bureau.settled(begun)
        if end == "run":
            assert (await bureau.run(begun))["state"] == "done"
        elif end == "cancel":
            gone = await bureau.http("DELETE", f"{IMPORTS}/{begun}", headers=bureau.headers)
            assert gone.json["state"] == "cancelled"
        else:
            assert (checked["state"], checked["error"]) == ("failed", "wrong_heading")
            assert "证件号码" in checked["errorWords"]
        await until(partial(bureau.read, begun), lambda told: not told["hasFile"])
        assert await parts.list_({"job": begun}) == []


async def test_an_import_is_its_officer_s_and_runs_only_once_checked(bureau: Bureau) -> None:
    checked = await bureau.check(csv([bureau.row()]))
    _, other = await bureau.make.console("officer", bureau.district)
    for method, path in (("GET", ""), ("POST", "/runs"), ("DELETE", ""), ("GET", "/problems.xlsx")):
        reply = await bureau.http(method, f"{IMPORTS}/{checked['id']}{path}", headers=other)
        assert (reply.status, reply.code) == (404, "import_not_found")
    await bureau.http("DELETE", f"{IMPORTS}/{checked['id']}", headers=bureau.headers)
    late = await bureau.http("POST", f"{IMPORTS}/{checked['id']}/runs", headers=bureau.headers)
    assert (late.status, late.code, late.json["details"]) == (409, "import_not_ready", {"state": "cancelled"})
    listed = await bureau.http("GET", IMPORTS, headers=bureau.headers)
    assert [one["id"] for one in listed.json["items"]] == [checked["id"]]
    _, auditor = await bureau.make.console("audit_admin", bureau.city)
    assert (await bureau.upload(csv([bureau.row()]), headers=auditor)).status == 403


async def test_the_audit_holds_an_import_before_it_runs(bureau: Bureau) -> None:
    done = await bureau.load(csv([bureau.row()]))
    entry = await bureau.world.auditing.audit._store.find(f"import:{done['id']}")
    assert entry is not None
    assert (entry.actor, entry.action, entry.details["rows"]) == (bureau.officer.person, "member_import", "1")


async def test_the_template_has_every_column(bureau: Bureau) -> None:
    sheet = await bureau.http("GET", f"{IMPORTS}/template.xlsx", headers=bureau.headers)
    first = next(iter(read_records(sheet.body)))
    assert set(first.cells) == set(HEADINGS.values())
    told = await bureau.check(sheet.body)
    assert told["counts"] == {"rejected": 1}, "the example is no member"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"PK\x03\x04rubbish", b"a,b\n1,2"])
async def test_what_is_no_roster_fails_with_a_reason(bureau: Bureau, content: bytes) -> None:
    told = await bureau.check(content)
    assert (told["state"], told["error"]) in {("failed", "unreadable_table"), ("failed", "wrong_heading")}
    assert told["errorWords"]
