"""Correcting what is stored: the phone at once, name and ID document after an officer's check."""

import asyncio
import secrets
from typing import Any

import pytest

from miniprogram_api.simulator_state import Kind
from models.audit import Search
from models.corrections import LEASE
from models.people import Particulars
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone
from tests.handlers.test_memberships import id_number

PATH = "/api/v1/members/me/corrections"
STAFF = "/api/v1/staff/corrections"
PHONE = "/api/v1/members/me/phone"
Headers = dict[str, str]


class Desk:
    """A member of a street and the street's officer."""

    def __init__(self, http: Http, make: Factory, service: Service) -> None:
        self.http, self.make, self.world = http, make, service.world

    async def open(self) -> "Desk":
        self.place = await self.make.organisation()
        self.member = await self.make.member(name="张三丰", organisation=self.place)
        self.officer, self.headers = await self.make.console("officer", self.place)
        return self

    async def ask(self, body: dict[str, Any], key: str = "", token: str = "") -> Reply:
        headers = {"Idempotency-Key": key or secrets.token_hex(8)}
        return await self.http("POST", PATH, body, token=token or self.member.token, headers=headers)

    async def decide(self, correction: str, decision: str = "approve") -> Reply:
        path = f"{STAFF}/{correction}"
        return await self.http("PUT", path, {"decision": decision}, headers=self.headers)

    async def particulars(self) -> Particulars:
        found = await self.world.people.find_particulars(self.member.person)
        assert found is not None
        return found


@pytest.fixture
async def desk(http: Http, make: Factory, service: Service) -> Desk:
    return await Desk(http, make, service).open()


async def phone_code(service: Service, who: Someone, number: str) -> str:
    simulator = service.simulator
    assert simulator is not None
    simulator.state.people.phones[who.openid] = number
    return simulator.state.codes.issue(who.openid, Kind.PHONE).code


async def test_the_phone_is_changed_at_once_by_wechat_s_word(
    http: Http, service: Service, desk: Desk
) -> None:
    code = await phone_code(service, desk.member, "13912345678")
    reply = await http("PUT", PHONE, {"code": code}, token=desk.member.token)
    assert (reply.status, reply.json) == (200, {"phone": "139******78"})
    assert (await desk.particulars()).phone == "13912345678"
    assert desk.member.person in await service.world.people.list_by_name_or_phone("13912345678")
    again = await http("PUT", PHONE, {"code": code}, token=desk.member.token)
    assert again.code == "phone_code_invalid"
    found = await service.world.auditing.audit.list_page(Search(object=desk.member.person), 1, 5)
    assert [(one.action, one.details) for one in found.rows] == [
        ("personal_data_corrected", {"field": "phone"})
    ]


async def test_an_officer_s_correction_of_the_name_is_evidence_of_it_and_a_new_phone_is_none(
    desk: Desk, service: Service
) -> None:
    people, person = desk.world.people, desk.member.person
    await people._people.change({"_id": person}, {"evidence": "phone_matched"})
    code = await phone_code(service, desk.member, "13912345679")
    assert (await desk.http("PUT", PHONE, {"code": code}, token=desk.member.token)).status == 200
    asked = await desk.ask({"name": "张山峰"})
    assert await people.find_evidence(person) == "phone_matched"
    assert (await desk.decide(asked.json["id"])).status == 200
    assert await people.find_evidence(person) == "checked_by_officer"


async def test_an_officer_sees_the_request_and_corrects_the_name_everywhere(desk: Desk) -> None:
    asked = await desk.ask({"name": "张山峰"})
    assert (asked.status, asked.json["state"]) == (201, "open")
    table = await desk.http("GET", STAFF, headers=desk.headers)
    (row,) = table.json["list"]
    assert (row["id"], row["name"], row["corrects"]) == (asked.json["id"], "张*丰", "name")
    assert "张山峰" not in table.body.decode()
    shown = await desk.http("GET", f"{STAFF}/{row['id']}", headers=desk.headers)
    assert (shown.json["now"], shown.json["wanted"]) == ("张三丰", "张山峰")
    done = await desk.decide(row["id"])
    assert (done.status, done.json["state"]) == (200, "done")
    assert (await desk.particulars()).name == "张山峰"
    card = await desk.world.cards.get_of(desk.member.person)
    assert desk.world.cards.get_holder(card) == "张*峰"
    assert await desk.world.people.list_by_name_or_phone("张山峰")
    own = await desk.http("GET", PATH, token=desk.member.token)
    assert [(one["state"], one["reason"]) for one in own.json["items"]] == [("done", None)]
    assert (await desk.http("GET", STAFF, headers=desk.headers)).json["total"] == 0
    found = await desk.world.auditing.audit.list_page(Search(object=desk.member.person), 1, 5)
    assert {(one.action, one.actor) for one in found.rows} == {
        ("personal_data_corrected", desk.officer.person),
        ("personal_data_shown", desk.officer.person),
    }


async def test_an_id_document_is_replaced_and_finds_the_person_from_then_on(desk: Desk) -> None:
    before, number = await desk.particulars(), id_number()
    asked = await desk.ask({"document": {"number": number}})
    assert (await desk.decide(asked.json["id"])).json["state"] == "done"
    assert (await desk.particulars()).id_document == number
    people = desk.world.people
    same = Particulars(name="张三丰", id_document=number, phone="1")
    assert await people.register(same) == desk.member.person
    other = Particulars(name="张三丰", id_document=before.id_document, phone="1")
    assert await people.register(other) != desk.member.person


async def test_an_id_document_of_somebody_else_is_never_taken(desk: Desk) -> None:
    before, number = await desk.particulars(), id_number()
    await desk.world.people.register(Particulars(name="别人", id_document=number, phone="1"))
    asked = await desk.ask({"document": {"number": number}})
    done = await desk.decide(asked.json["id"])
    assert (done.json["state"], done.json["reason"]) == ("refused", "document_taken")
    assert await desk.particulars() == before


async def test_a_refusal_says_why_and_keeps_nothing_of_what_was_wanted(desk: Desk) -> None:
    asked = await desk.ask({"name": "李四"})
    refused = await desk.decide(asked.json["id"], "not_proven")
    assert (refused.json["state"], refused.json["reason"]) == ("refused", "not_proven")
    assert (await desk.particulars()).name == "张三丰"
    kept = await desk.world.privacy.corrections._store.find(asked.json["id"])
    assert kept is not None
    assert kept.wanted is None
    late = await desk.decide(asked.json["id"])
    assert (late.status, late.code, late.json["details"]) == (409, "correction_decided", {"state": "refused"})


async def test_one_request_at_a_time_and_the_same_request_is_one(desk: Desk) -> None:
    first = await desk.ask({"name": "李四"}, key="k-1")
    again = await desk.ask({"name": "李四"}, key="k-1")
    assert (first.status, again.status, first.json) == (201, 201, again.json)
    other = await desk.ask({"name": "王五"}, key="k-1")
    assert other.status == 409
    second = await desk.ask({"name": "王五"})
    assert (second.status, second.code) == (409, "correction_pending")
    document = await desk.ask({"document": {"number": id_number()}})
    assert document.status == 201


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "one_correction_at_a_time"),
        (
            {"name": "李四", "document": {"number": "E12345678", "kind": "passport"}},
            "one_correction_at_a_time",
        ),
        ({"document": {"number": "410105199001011230"}}, "id_document_wrong"),
        ({"name": "李"}, "invalid_request"),
    ],
)
async def test_a_request_that_says_nothing_right_is_refused(desk: Desk, body: Any, code: str) -> None:
    reply = await desk.ask(body)
    assert (reply.status, reply.code) == (400, code)


async def test_a_request_outside_the_subtree_is_not_there_and_nobody_decides_the_own(
    desk: Desk, make: Factory
) -> None:
    asked = await desk.ask({"name": "李四"})
    _, elsewhere = await make.console("officer", await make.organisation())
    for method, body in (("GET", None), ("PUT", {"decision": "approve"})):
        reply = await desk.http(method, f"{STAFF}/{asked.json['id']}", body, headers=elsewhere)
        assert (reply.status, reply.code) == (404, "correction_not_found")
    own = await desk.ask({"name": "李四"}, token=desk.officer.token)
    mine = await desk.decide(own.json["id"])
    assert (mine.status, mine.code) == (403, "own_correction")


async def test_two_officers_at_once_are_one_decision(desk: Desk) -> None:
    asked = await desk.ask({"name": "李四"})
    replies = await asyncio.gather(
        desk.decide(asked.json["id"]),
        desk.decide(asked.json["id"], "not_proven"),
        desk.decide(asked.json["id"]),
    )
    assert sorted(reply.status for reply in replies) == [200, 409, 409]


async def test_a_decision_that_a_crash_left_is_carried_out(desk: Desk, clock: Clock) -> None:
    asked = await desk.ask({"name": "李四光"})
    corrections = desk.world.privacy.corrections
    await corrections._store.change(
        {"_id": asked.json["id"], "state": "open"},
        {
            "state": "applying",
            "decided_by": desk.officer.person,
            "decided": clock.at,
            "due": clock.at + LEASE,
            "queue": None,
        },
    )
    clock.advance(seconds=LEASE.total_seconds())
    await corrections.work()
    await corrections.work()
    assert (await desk.particulars()).name == "李四光"
    own = await desk.http("GET", PATH, token=desk.member.token)
    assert own.json["items"][0]["state"] == "done"
