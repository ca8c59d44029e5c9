"""Officers see their own members, masked; each unmasking is entered before anything is shown."""

import secrets
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from models.appointments import ANY_ROLE, Role
from models.audit import AUDIT_ENTRIES, Search
from models.clock import local_day
from models.id_documents import DocumentKind, check_digit, document_key
from models.ids import new_id
from models.memberships import Membership
from models.people import NAMESAKES, Particulars, sealed_row
from models.person_search import NAMESAKES_READ
from models.store import EngineUnavailable, Store
from models.tables import read_records
from models.vault import mask_phone
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply

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


class Searching:
    """An officer, one of another union, and the people that they look for."""

    def __init__(self, http: Http, make: Factory, service: Service) -> None:
        self.http = http
        self.make = make
        self.world = service.world
        self.at = make._clock.now()

    async def open(self) -> "Searching":
        self.place = await self.make.organisation()
        _, self.headers = await self.make.console("officer", self.place)
        _, self.elsewhere = await self.make.console("officer", await self.make.organisation())
        return self

    async def enter(self, name: str, phone: str, document: str = "") -> str:
        """A member of the officer's union; the person."""
        document = document or f"T{secrets.token_hex(8)}"
        person = await self.world.people.register(Particulars(name=name, id_document=document, phone=phone))
        since = local_day(self.at)
        await self.world.memberships.begin(
            Membership(person=person, organisation=self.place, state="active", since=since, entered=self.at)
        )
        return person

    async def share_name(self, name: str, count: int) -> None:
        """Let so many others have a name, whose phones end in 9999."""
        claims = self.world.claiming.claims
        others = [Particulars(name=name, id_document="T", phone=f"139{n:04}9999") for n in range(count)]
        await claims._rows.insert_many(sealed_row(claims._vault, new_id(), one) for one in others)

    async def ask(self, text: str, headers: dict[str, str] | None = None) -> Reply:
        return await self.http("POST", f"{MEMBERS}/searches", {"text": text}, headers=headers or self.headers)

    async def find(self, text: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
        reply = await self.ask(text, headers)
        assert reply.status == 200, reply.body
        rows: list[dict[str, Any]] = reply.json["list"]
        assert reply.json["total"] == len(rows)
        return rows


@pytest.fixture
async def searching(http: Http, make: Factory, service: Service) -> Searching:
    return await Searching(http, make, service).open()


def number_with_x() -> str:
    """An 18-digit number whose check digit is X."""
    numbers = (f"4101051990{secrets.randbelow(12) + 1:02}01{secrets.randbelow(1000):03}" for _ in count())
    return next(f"{digits}X" for digits in numbers if check_digit(digits) == "X")


async def test_a_member_is_found_by_exactly_the_number_of_an_id_document_of_any_kind(
    searching: Searching,
) -> None:
    mark = f"{secrets.randbelow(10**8):08}"
    numbers: dict[DocumentKind, str] = {
        "resident": number_with_x(),
        "passport": f"E{mark}",
        "hk_macau_permit": f"H{mark}",
        "taiwan_permit": mark,
    }
    for kind, number in numbers.items():
        person = await searching.enter("李大海", f"139{mark}", document_key(kind, number))
        for text in (number, f" {number.lower()} ", f"{number[:4]} {number[4:]}"):
            [row] = await searching.find(text)
            assert (row["id"], row["name"], row["phone"]) == (person, "李*海", f"139******{mark[-2:]}"), text
            assert number not in str(row)
        assert await searching.find(number, searching.elsewhere) == [], "another union's"
        for wrong in (number[:-1], f"{number}0", f"Q{number[1:]}"):
            assert await searching.find(wrong) == [], wrong
    shown = document_key("passport", numbers["passport"])
    assert len(await searching.find(shown)) == 1, "as it is shown in full, with its kind"


async def test_a_number_that_documents_of_two_kinds_share_finds_both_holders(searching: Searching) -> None:
    number = f"H{secrets.randbelow(10**8):08}"
    kinds: tuple[DocumentKind, ...] = ("passport", "hk_macau_permit")
    both = [await searching.enter("李大海", "13900000000", document_key(kind, number)) for kind in kinds]
    assert sorted(row["id"] for row in await searching.find(number)) == sorted(both)


async def test_a_corrected_id_document_finds_its_holder_and_the_former_one_nobody(
    searching: Searching,
) -> None:
    former, right = number_with_x(), f"E{secrets.randbelow(10**8):08}"
    person = await searching.enter("李大海", "13900000000", former)
    changes = searching.world.privacy.corrections._basis.changes
    assert await changes.apply(person, "id_document", document_key("passport", right))
    assert [row["id"] for row in await searching.find(right)] == [person]
    assert await searching.find(former) == []


async def test_namesakes_are_told_apart_by_the_last_four_digits_of_the_phone(searching: Searching) -> None:
    name = f"李{secrets.token_hex(4)}海"
    mine, other = [await searching.enter(name, f"1390000{ending}") for ending in ("0001", "1000")]
    for text in (f"{name}0001", f" {name}  0001 ", f"{name}\u30000001"):
        [row] = await searching.find(text)
        assert (row["id"], row["name"], row["phone"]) == (mine, f"李{'*' * 8}海", "139******01"), text
    assert [row["id"] for row in await searching.find(f"{name}1000")] == [other]
    for wrong in (f"{name}0002", f"{name}001", f"{name}00001", f"{name[1:]}0001", "0001"):
        assert await searching.find(wrong) == [], wrong
    assert await searching.find(f"{name}0001", searching.elsewhere) == [], "another union's"


async def test_a_name_too_frequent_to_be_searched_by_is_found_with_the_end_of_the_phone(
    searching: Searching,
) -> None:
    name = f"王{secrets.token_hex(4)}伟"
    person = await searching.enter(name, "13900005678")
    await searching.share_name(name, NAMESAKES)
    alone = await searching.ask(name)
    assert (alone.status, alone.code) == (400, "too_many_namesakes")
    assert "后四位" in alone.json["message"]
    assert [row["id"] for row in await searching.find(f"{name}5678")] == [person]
    assert await searching.find(f"{name}5679") == []

    await searching.share_name(name, NAMESAKES_READ - NAMESAKES)
    beyond = await searching.ask(f"{name}5678")
    assert (beyond.status, beyond.code) == (400, "too_many_namesakes")
    assert "后四位" not in beyond.json["message"]
    assert [row["id"] for row in await searching.find("13900005678")] == [person]


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
