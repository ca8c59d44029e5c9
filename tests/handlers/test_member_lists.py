"""Officers see their own members, masked; each unmasking is entered before anything is shown."""

import secrets
from datetime import timedelta
from typing import Any

import pytest

from models.appointments import ANY_ROLE, Role
from models.audit import AUDIT_ENTRIES, Search
from models.clock import local_day
from models.memberships import Membership
from models.people import Particulars
from models.store import EngineUnavailable, Store
from models.tables import read_records
from models.vault import mask_phone
from server.service import Service
from tests.factories import Clock, Factory, Http

MEMBERS = "/api/v1/staff/members"


async def test_members_of_the_subtree_are_paged_and_masked_and_others_are_not_there(
    http: Http, make: Factory
) -> None:
    city = await make.organisation()
    district = await make.organisation(city)
    street, elsewhere = await make.organisation(city, district), await make.organisation(city)
    _, headers = await make.console("officer", district)
    inside = [await make.member(organisation=place) for place in (street, street, district)]
    outside = await make.member(organisation=elsewhere)

    pages = [
        (await http("GET", f"{MEMBERS}?page={page}&pageSize=3", headers=headers)).json for page in (1, 2, 3)
    ]
    assert [(page["total"], page["page"], page["pageSize"], len(page["list"])) for page in pages] == [
        (4, 1, 3, 3),
        (4, 2, 3, 1),
        (4, 3, 3, 0),
    ]
    rows = [row for page in pages for row in page["list"]]
    assert {one.person for one in inside} <= {row["id"] for row in rows}
    assert outside.person not in {row["id"] for row in rows}
    assert {row["name"] for row in rows} == {"测**工"}
    assert all("*" in row["phone"] for row in rows)

    below = (await http("GET", f"{MEMBERS}?organisation={street}", headers=headers)).json
    assert below["total"] == 2
    for foreign in (city, elsewhere, "NOTHING"):
        reply = await http("GET", f"{MEMBERS}?organisation={foreign}", headers=headers)
        assert (reply.status, reply.code) == (404, "organisation_not_found")


async def test_a_member_is_found_by_exactly_the_name_or_the_phone(http: Http, make: Factory) -> None:
    name, phone = f"欧阳{secrets.token_hex(6)}", f"1{secrets.randbelow(10**10):010}"
    place = await make.organisation()
    _, headers = await make.console("officer", place)
    someone = await make.member(name=name, phone=phone, organisation=place)
    await make.member(name=name, organisation=await make.organisation())
    for text in (name, phone, f" {phone} "):
        reply = await http("POST", f"{MEMBERS}/searches", {"text": text}, headers=headers)
        assert [row["id"] for row in reply.json["list"]] == [someone.person], text
    for text in (name[:-1], phone[:-1], "没有的人"):
        reply = await http("POST", f"{MEMBERS}/searches", {"text": text}, headers=headers)
        assert (reply.json["list"], reply.json["total"]) == ([], 0)


async def test_a_member_is_found_by_exactly_the_number_of_the_old_card(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    place = await make.organisation()
    _, headers = await make.console("officer", place)
    _, elsewhere = await make.console("officer", await make.organisation())
    number = f"Gh-{secrets.token_hex(6)}"
    person = await service.world.people.register(
        Particulars(name="旧卡人", id_document=secrets.token_hex(8), phone="10000000008", card_number=number)
    )
    today = local_day(clock.at)
    await service.world.memberships.begin(
        Membership(person=person, organisation=place, state="active", since=today, entered=clock.at)
    )
    for text in (number, f" {number.upper()} "):
        found = (await http("POST", f"{MEMBERS}/searches", {"text": text}, headers=headers)).json
        assert [(row["id"], row["name"]) for row in found["list"]] == [(person, "旧*人")]
        assert number not in str(found)
    for text in (number[:-1], f"{number}0"):
        assert (await http("POST", f"{MEMBERS}/searches", {"text": text}, headers=headers)).json["total"] == 0
    foreign = await http("POST", f"{MEMBERS}/searches", {"text": number}, headers=elsewhere)
    assert foreign.json["list"] == [], "another union's"


async def test_personal_data_are_shown_with_a_reason_that_is_entered_first(
    http: Http, make: Factory, service: Service
) -> None:
    place = await make.organisation()
    officer, headers = await make.console("officer", place)
    someone = await make.member(name="王小明", phone="10000000009", organisation=place)
    path = f"{MEMBERS}/{someone.person}/unmaskings"
    reply = await http("POST", path, {"reason": "contact"}, headers=headers)
    assert (reply.status, reply.json["name"], reply.json["phone"]) == (201, "王小明", "10000000009")
    page = await service.world.auditing.audit.list_page(Search(object=someone.person), 1, 10)
    assert [(one.actor, one.action, one.details["reason"]) for one in page.rows] == [
        (officer.person, "personal_data_shown", "contact")
    ]
    for body in ({}, {"reason": "curiosity"}, {"reason": "contact", "why": "王小明"}):
        assert (await http("POST", path, body, headers=headers)).status == 400
    stranger = await make.member()
    for person in (stranger.person, "0" * 16):
        hidden = await http("POST", f"{MEMBERS}/{person}/unmaskings", {"reason": "contact"}, headers=headers)
        assert (hidden.status, hidden.code) == (404, "member_not_found")


class Full(Store[Any]):
    """A store that takes nothing."""

    async def insert(self, item: Any) -> None:
        raise EngineUnavailable(retryAfter=1)


async def test_nothing_is_shown_while_the_audit_takes_no_entries(make: Factory, service: Service) -> None:
    place = await make.organisation()
    officer, _ = await make.console("officer", place)
    someone = await make.member(organisation=place)
    audit = service.world.auditing.audit
    working = audit._store
    audit._store = Full(working._documents.database, AUDIT_ENTRIES)
    try:
        with pytest.raises(EngineUnavailable):
            await service.services.member_lists.unmask(officer.person, someone.person, "contact")
    finally:
        audit._store = working


@pytest.mark.parametrize("role", sorted(ANY_ROLE - {"officer"}))
async def test_only_officers_see_members(http: Http, make: Factory, role: Role) -> None:
    _, headers = await make.console(role)
    for method, path, body in (
        ("GET", MEMBERS, None),
        ("POST", f"{MEMBERS}/searches", {"text": "王小明"}),
        ("POST", f"{MEMBERS}/{'0' * 16}/unmaskings", {"reason": "contact"}),
    ):
        reply = await http(method, path, body, headers=headers)
        assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_a_session_with_one_factor_sees_no_members(http: Http, make: Factory) -> None:
    someone = await make.member()
    await make.appoint(someone.person, role="officer")
    token = (await make.login(someone.openid, staff=True)).json["token"]
    reply = await http("GET", MEMBERS, token=token)
    assert (reply.status, reply.code) == (403, "second_factor_required")


def test_a_phone_is_masked_but_for_its_ends() -> None:
    assert mask_phone("13812345678") == "138******78"
    assert mask_phone("12345") == "*****"


async def test_an_export_is_masked_unless_a_reason_is_given_and_is_audited_first(
    http: Http, make: Factory, service: Service
) -> None:
    city = await make.organisation()
    street, elsewhere = await make.organisation(city), await make.organisation()
    officer, headers = await make.console("officer", city)
    for number in range(7):
        await make.member(
            name=f"名单{'甲乙丙丁戊己庚'[number]}", organisation=street, phone=f"1381234567{number}"
        )
    await make.member(name="外人甲", organisation=elsewhere)
    path = "/api/v1/staff/members/exports"
    masked = await http("POST", path, {}, headers=headers)
    assert masked.status == 200, masked.body
    rows = [record.cells for record in read_records(masked.body)]
    assert rows[0][:3] == ["姓名", "证件号码", "手机号"]
    assert sorted(row[0] for row in rows[1:]) == sorted(
        ["名*" + "甲乙丙丁戊己庚"[n] for n in range(7)] + ["测**工"]
    )
    assert set(rows[1][1]) == {"*"}
    assert {row[rows[0].index("入会日期")] for row in rows[1:]} == {"2026-07-15"}
    without = await http("POST", path, {"unmasked": True}, headers=headers)
    assert (without.status, without.code) == (400, "export_reason_required")
    body = {"unmasked": True, "reason": "inspection", "organisationId": street}
    full = [record.cells for record in read_records((await http("POST", path, body, headers=headers)).body)]
    assert {row[0] for row in full[1:]} == {f"名单{letter}" for letter in "甲乙丙丁戊己庚"}
    assert {row[2] for row in full[1:]} == {f"1381234567{number}" for number in range(7)}
    foreign = await http("POST", path, {"organisationId": elsewhere}, headers=headers)
    assert (foreign.status, foreign.code) == (404, "organisation_not_found")
    entries = await service.world.auditing.audit._store.list_({"actor": officer.person}, sort="order")
    told = [one.details for one in entries if one.action == "member_export"]
    assert sorted(told, key=lambda one: one["rows"]) == [
        {"masked": "false", "rows": "7", "reason": "inspection"},
        {"masked": "true", "rows": "8", "reason": ""},
    ]


async def test_an_export_holds_everybody_once_however_many_were_entered_at_once(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    street = await make.organisation()
    _, headers = await make.console("officer", street)
    at = clock.now()
    store = service.world.memberships._store
    people = [f"EXPORT{number:010}" for number in range(1300)]
    for start in (0, 1200):
        entered = at - timedelta(days=start + 1)
        await store.insert_many(
            Membership(person=one, organisation=street, state="active", since="2026-01-01", entered=entered)
            for one in people[start : start + 1200]
        )
    reply = await http("POST", "/api/v1/staff/members/exports", {}, headers=headers)
    assert sum(1 for _ in read_records(reply.body)) == 1 + 1300 + 1
