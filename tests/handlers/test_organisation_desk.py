"""The trees of organisations as officers keep them, through HTTP."""

import asyncio
import secrets
from typing import Any

import pytest

from models.organisation_codes import credit_check
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply

PATH = "/api/v1/staff/organisations"


class Officer:
    """An officer of a city, at a console."""

    def __init__(self, http: Http, person: str, headers: dict[str, str], city: str) -> None:
        self._http = http
        self.person = person
        self.headers = headers
        self.city = city

    async def ask(self, method: str, path: str = "", body: object = None, *, key: str = "") -> Reply:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return await self._http(method, f"{PATH}{path}", body, headers=headers)

    async def create(self, above: str, **fields: Any) -> dict[str, Any]:
        body = {"name": f"测试{secrets.token_hex(4)}", "above": above, **fields}
        reply = await self.ask("POST", body=body, key=secrets.token_hex(8))
        assert reply.status == 201, reply.body
        made: dict[str, Any] = reply.json
        return made

    async def get(self, organisation: str) -> dict[str, Any]:
        reply = await self.ask("GET", f"/{organisation}")
        assert reply.status == 200, reply.body
        found: dict[str, Any] = reply.json
        return found

    async def reorganise(self, organisation: str, kind: str, target: str | None = None, **more: Any) -> Reply:
        version = more.pop("version", None) or (await self.get(organisation))["version"]
        key = more.pop("key", secrets.token_hex(8))
        body = {"kind": kind, "target": target, "reason": "restructuring", "version": version}
        return await self.ask("POST", f"/{organisation}/reorganisations", body, key=key)

    async def below(self, above: str) -> list[str]:
        reply = await self.ask("GET", f"?above={above}&pageSize=50")
        assert reply.status == 200, reply.body
        return [row["id"] for row in reply.json["list"] if row["state"] == "active"]


@pytest.fixture
async def officer(http: Http, make: Factory) -> Officer:
    city = await make.organisation()
    someone, headers = await make.console("officer", city)
    return Officer(http, someone.person, headers, city)


async def audited(service: Service, organisation: str) -> list[str]:
    await service.world.auditing.work()
    entries = await service.world.auditing.audit._store.list_({"object": organisation}, sort="order")
    return [entry.action for entry in entries]


def credit_code() -> str:
    first = "81410105MC" + "".join(secrets.choice("0123456789") for _ in range(7))
    return first + credit_check(first)


async def test_an_organisation_is_made_below_mine_and_told_whole(officer: Officer, service: Service) -> None:
    code, credit = secrets.token_hex(5).upper(), credit_code()
    made = await officer.create(
        officer.city,
        code=code,
        creditCode=credit,
        division="410105",
        region="金水区",
        industry="06",
        kind="170",
        form="joint",
        founded="2001-05-01",
        term={"years": 3, "begins": "2024-02-29"},
        counts={"workers": 9, "members": 8, "women": 3, "migrants": 8, "countedOn": "2026-06-30"},
    )
    found = await officer.get(made["id"])
    assert found == made
    assert (found["tree"], found["tier"], found["state"]) == ("local", "district", "active")
    assert found["term"] == {"years": 3, "begins": "2024-02-29", "ends": "2027-03-01"}
    assert (found["creditCode"], found["counts"]["migrants"]) == (credit, 8)
    assert [one["id"] for one in found["path"]] == [officer.city]
    assert await officer.below(officer.city) == [made["id"]]
    assert await audited(service, made["id"]) == ["organisation_created"]
    by_code = await officer.ask("GET", f"?search={code}")
    assert [row["id"] for row in by_code.json["list"]] == [made["id"]]


async def test_the_same_request_again_makes_nothing_and_another_under_its_key_is_refused(
    officer: Officer,
) -> None:
    body, key = {"name": "测试工会", "above": officer.city}, secrets.token_hex(8)
    replies = await asyncio.gather(*(officer.ask("POST", body=body, key=key) for _ in range(4)))
    assert {reply.status for reply in replies} == {201}
    assert len({reply.json["id"] for reply in replies}) == 1
    other = await officer.ask("POST", body={**body, "name": "另一工会"}, key=key)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    assert (await officer.ask("POST", body=body)).code == "idempotency_key_required"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"creditCode": "81410105MC1234567A"}, "body.creditCode"),
        ({"division": "990105"}, "body.division"),
        ({"founded": "2030-01-01"}, "body.founded"),
        ({"term": {"years": 4, "begins": "2024-01-01"}}, "body.term.years"),
        (
            {"counts": {"workers": 1, "members": 2, "women": 0, "migrants": 0, "countedOn": "2026-01-01"}},
            "body.counts.members",
        ),
        (
            {"counts": {"workers": 9, "members": 2, "women": 3, "migrants": 0, "countedOn": "2026-01-01"}},
            "body.counts.women",
        ),
        ({"industry": "21"}, "body.industry"),
        ({"name": " 空"}, "body.name"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field(
    officer: Officer, fields: dict[str, Any], field: str
) -> None:
    body = {"name": "测试工会", "above": officer.city, **fields}
    reply = await officer.ask("POST", body=body, key="k")
    assert (reply.status, reply.json["details"]["field"]) == (400, field)


async def test_what_is_elsewhere_looks_like_what_is_not_there(officer: Officer, make: Factory) -> None:
    elsewhere = await make.organisation()
    body = {"name": "测试工会", "version": "1"}
    plan = {"kind": "close", "reason": "unit_closed", "version": "1"}
    for method, path, asked in (
        ("GET", "/{}", None),
        ("PUT", "/{}", body),
        ("GET", "/{}/contacts", None),
        ("PUT", "/{}/contacts", {}),
        ("POST", "/{}/contacts/unmaskings", {"reason": "contact"}),
        ("POST", "/{}/reorganisations", plan),
        ("GET", "/{}/reorganisations", None),
        ("GET", "?above={}", None),
    ):
        one = await officer.ask(method, path.format(elsewhere), asked, key="k")
        other = await officer.ask(method, path.format("0000000000000000"), asked, key="k")
        assert (one.status, one.code) == (other.status, other.code) == (404, "organisation_not_found")
    made = await officer.ask("POST", body={"name": "测试工会", "above": elsewhere}, key="k")
    assert (made.status, made.code) == (404, "organisation_not_found")


async def test_of_two_officers_who_change_at_once_one_is_told_to_look_again(officer: Officer) -> None:
    made = await officer.create(officer.city)
    bodies = [{"name": f"改名工会{mark}", "version": made["version"]} for mark in "甲乙"]
    replies = await asyncio.gather(*(officer.ask("PUT", f"/{made['id']}", body) for body in bodies))
    assert sorted(reply.status for reply in replies) == [200, 409]
    refused = next(reply for reply in replies if reply.status == 409)
    assert refused.code == "organisation_changed"
    found = await officer.get(made["id"])
    assert refused.json["details"]["version"] == found["version"]
    assert [one["name"] for one in found["formerNames"]] == [made["name"]]


async def test_the_same_change_again_is_no_conflict(officer: Officer) -> None:
    made = await officer.create(officer.city)
    body = {"name": made["name"], "region": "金水区", "version": made["version"]}
    first = await officer.ask("PUT", f"/{made['id']}", body)
    assert (await officer.ask("PUT", f"/{made['id']}", body)).json == first.json
    stale = await officer.ask("PUT", f"/{made['id']}", {**body, "region": "二七区"})
    assert (stale.status, stale.code) == (409, "organisation_changed")


async def test_a_code_belongs_to_one_organisation_until_that_ends(officer: Officer) -> None:
    code = secrets.token_hex(5).upper()
    first = await officer.create(officer.city, code=code)
    second = await officer.create(officer.city)
    body = {"name": "第二工会", "above": officer.city, "code": code}
    assert (await officer.ask("POST", body=body, key="a")).code == "organisation_code_taken"
    change = {"name": second["name"], "code": code, "version": second["version"]}
    assert (await officer.ask("PUT", f"/{second['id']}", change)).code == "organisation_code_taken"
    assert (await officer.reorganise(first["id"], "close")).status == 201
    assert (await officer.ask("PUT", f"/{second['id']}", change)).status == 200


async def test_a_link_leads_to_the_other_tree_only(officer: Officer, make: Factory, service: Service) -> None:
    industry = await make.organisation(tree="industry")
    local = await officer.create(officer.city)
    path = f"/{local['id']}/links/"
    body = {"kind": "guided_by", "version": local["version"]}
    wrong = await officer.ask("PUT", path + officer.city, body)
    assert (wrong.status, wrong.code) == (400, "wrong_organisation_link")
    linked = await officer.ask("PUT", path + industry, body)
    assert linked.status == 200, linked.body
    (link,) = linked.json["links"]
    assert (link["kind"], link["organisation"]["id"]) == ("guided_by", industry)
    ended = await officer.ask("DELETE", f"{path}{industry}?version={linked.json['version']}")
    assert ended.json["links"] == []
    assert "organisation_linked" in await audited(service, local["id"])


async def test_contacts_are_sealed_masked_and_shown_with_a_reason(officer: Officer, service: Service) -> None:
    made = await officer.create(officer.city)
    path = f"/{made['id']}/contacts"
    assert (await officer.ask("GET", path)).json == {"chair": "", "contact": "", "phone": "", "version": ""}
    body = {"chair": "李建国", "contact": "王小明", "phone": "037112351000", "version": ""}
    replies = await asyncio.gather(officer.ask("PUT", path, body), officer.ask("PUT", path, body))
    assert 200 in {reply.status for reply in replies}
    masked = (await officer.ask("GET", path)).json
    assert (masked["chair"], masked["phone"]) == ("李*国", "037*******00")
    stale = await officer.ask("PUT", path, {**body, "chair": "赵"})
    assert (stale.status, stale.code) == (409, "contacts_changed")
    full = await officer.ask("POST", f"{path}/unmaskings", {"reason": "contact"})
    assert full.json == {"chair": "李建国", "contact": "王小明", "phone": "037112351000"}
    assert "personal_data_shown" in await audited(service, made["id"])
    kept = await service.world.trees.contacts._store.find(made["id"])
    assert kept
    assert "李".encode() not in kept.chair


async def test_a_merged_union_s_members_answer_to_its_successor_and_nothing_is_rewritten(
    officer: Officer, make: Factory, http: Http, service: Service
) -> None:
    here, there = await officer.create(officer.city), await officer.create(officer.city)
    child = await officer.create(here["id"])
    member = await make.member(organisation=here["id"])
    local = await make.member()
    held = await make.appoint(local.person, role="officer", organisation=here["id"])
    _, theirs = await make.console("officer", there["id"])
    page = f"/api/v1/staff/members?organisation={there['id']}"
    assert (await http("GET", page, headers=theirs)).json["total"] == 1
    done = await officer.reorganise(here["id"], "merge", there["id"])
    assert done.status == 201, done.body
    assert (await http("GET", page, headers=theirs)).json["total"] == 2
    me = (await http("GET", "/api/v1/members/me", token=member.token)).json
    assert me["membership"]["organisationName"] == there["name"]
    kept = await service.world.memberships.find(member.person)
    assert kept
    assert kept.organisation == here["id"]
    found = await officer.get(here["id"])
    assert (found["state"], found["ended"], found["name"]) == ("merged", "2026-07-15", here["name"])
    assert found["successor"]["id"] == there["id"]
    assert await officer.below(there["id"]) == [child["id"]]
    assert service.world.appointments.find(held.id) is None
    assert "organisation_reorganised" in await audited(service, here["id"])
    for organisation in (here["id"], there["id"]):
        items = (await officer.ask("GET", f"/{organisation}/reorganisations")).json["items"]
        assert [(one["kind"], one["organisation"]["id"]) for one in items] == [("merge", here["id"])]
    change = {"name": "不能再改", "version": found["version"]}
    assert (await officer.ask("PUT", f"/{here['id']}", change)).code == "organisation_ended"


async def test_a_closed_union_s_members_are_the_upper_union_s(
    officer: Officer, make: Factory, http: Http
) -> None:
    district = await officer.create(officer.city)
    unit = await officer.create(district["id"])
    member = await make.member(organisation=unit["id"])
    refused = await officer.reorganise(district["id"], "close")
    assert (refused.status, refused.code) == (409, "organisation_has_below")
    assert (await officer.reorganise(unit["id"], "close")).status == 201
    assert (await officer.reorganise(district["id"], "close")).status == 201
    me = (await http("GET", "/api/v1/members/me", token=member.token)).json
    city = await officer.get(officer.city)
    assert me["membership"]["organisationName"] == city["name"]


async def test_a_moved_union_takes_what_is_below_along(
    officer: Officer, make: Factory, service: Service
) -> None:
    old, new = await officer.create(officer.city), await officer.create(officer.city)
    street = await officer.create(old["id"])
    unit = await officer.create(street["id"])
    assert (await officer.reorganise(street["id"], "move", new["id"])).status == 201
    assert [one["id"] for one in (await officer.get(unit["id"]))["path"]] == [
        officer.city, new["id"], street["id"],
    ]  # fmt: skip
    stored = await service.world.trees.desk._store.find(unit["id"])
    assert stored
    assert old["id"] in stored.path
    await service.world.trees.reorganisations.repair_paths()
    stored = await service.world.trees.desk._store.find(unit["id"])
    assert stored
    assert stored.path == (officer.city, new["id"], street["id"])
    again = await officer.reorganise(street["id"], "move", new["id"])
    below = await officer.reorganise(street["id"], "move", unit["id"])
    assert (again.code, below.code) == ("wrong_target", "wrong_target")
    foreign = await make.organisation(tree="industry")
    assert (await officer.reorganise(street["id"], "move", foreign)).code == "organisation_not_found"


async def test_one_s_own_organisation_is_reorganised_from_above(officer: Officer) -> None:
    reply = await officer.reorganise(officer.city, "close")
    assert (reply.status, reply.code) == (403, "own_organisation")


async def test_two_that_are_merged_into_each_other_at_once_do_not_both_end(officer: Officer) -> None:
    one, other = await officer.create(officer.city), await officer.create(officer.city)
    replies = await asyncio.gather(
        officer.reorganise(one["id"], "merge", other["id"], version=one["version"]),
        officer.reorganise(other["id"], "merge", one["id"], version=other["version"]),
    )
    assert sorted(reply.status for reply in replies) == [201, 409]
    states = {(await officer.get(each["id"]))["state"] for each in (one, other)}
    assert states == {"active", "merged"}


async def test_two_that_are_moved_below_each_other_at_once_make_no_circle(officer: Officer) -> None:
    one, other = await officer.create(officer.city), await officer.create(officer.city)
    replies = await asyncio.gather(
        officer.reorganise(one["id"], "move", other["id"], version=one["version"]),
        officer.reorganise(other["id"], "move", one["id"], version=other["version"]),
    )
    assert sorted(reply.status for reply in replies) == [201, 400]


async def test_a_reorganisation_sent_again_is_the_same_one(officer: Officer) -> None:
    one, other = await officer.create(officer.city), await officer.create(officer.city)
    sent = {"version": one["version"], "key": "again"}
    first = await officer.reorganise(one["id"], "merge", other["id"], **sent)
    again = await officer.reorganise(one["id"], "merge", other["id"], **sent)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    changed = await officer.reorganise(one["id"], "close", None, **sent)
    assert changed.code == "idempotency_key_reused"
    stale = await officer.reorganise(other["id"], "close", version="1")
    assert (stale.status, stale.code) == (409, "organisation_changed")


async def test_only_officers_keep_the_trees(http: Http, make: Factory, clock: Clock) -> None:
    for role in ("system_admin", "audit_admin"):
        _, headers = await make.console(role)
        assert (await http("GET", PATH, headers=headers)).code == "staff_not_allowed"
    _, headers = await make.console("security_admin", city := await make.organisation())
    assert (await http("GET", PATH, headers=headers)).json["total"] == 1
    body = {"name": "测试工会", "above": city}
    reply = await http("POST", PATH, body, headers={**headers, "Idempotency-Key": "k"})
    assert (reply.status, reply.code) == (403, "staff_not_allowed")
