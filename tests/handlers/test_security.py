"""The security administrator ends appointments and sessions in their own organisations, and nothing else."""

from collections.abc import Sequence
from typing import Any

import pytest

from models.appointments import Role
from models.attempts import LIMIT
from models.audit import Entry, Search
from server.service import Service
from tests.factories import STREET, Clock, Factory, Http, Reply, Someone

SECURITY = "/api/v1/staff/security"
Admin = tuple[Someone, dict[str, str]]


@pytest.fixture
async def admin(make: Factory) -> Admin:
    return await make.console("security_admin")


async def entries_of(service: Service, actor: str) -> Sequence[Entry]:
    await service.world.auditing.work()
    return (await service.world.auditing.audit.list_page(Search(actor=actor), 1, 50)).rows


async def list_all(http: Http, headers: dict[str, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = len(rows) // 50 + 1
        reply = await http("GET", f"{SECURITY}/appointments?pageSize=50&page={page}", headers=headers)
        assert reply.status == 200, reply.body
        rows += reply.json["list"]
        if len(rows) >= reply.json["total"]:
            return rows


async def test_appointments_in_force_are_listed_masked_and_administrators_first(
    http: Http, make: Factory, clock: Clock, admin: Admin
) -> None:
    someone = await make.member(name="王小明", staff=True)
    lapsed = await make.appoint(someone.person, until=clock.now())
    rows = await list_all(http, admin[1])
    found = {row["id"]: row for row in rows}
    mine = next(row for row in rows if row["person"] == someone.person)
    assert (mine["name"], mine["role"], mine["organisation"]) == (
        "王*明",
        "station_staff",
        "测试街道工会服务站",
    )
    assert lapsed.id not in found
    powers = [row["role"].endswith("_admin") for row in rows]
    assert powers == sorted(powers, reverse=True)


async def test_an_ended_appointment_gives_no_right_and_names_who_ended_it(
    http: Http, make: Factory, service: Service, admin: Admin
) -> None:
    security, headers = admin
    officer, cookie = await make.console("officer")
    (held,) = service.world.appointments.list_of(officer.person)
    assert (await http("GET", "/api/v1/staff/members", headers=cookie)).status == 200
    ended = await http("DELETE", f"{SECURITY}/appointments/{held.id}", headers=headers)
    assert (ended.status, ended.body) == (204, b"")
    assert (await http("GET", "/api/v1/staff/members", headers=cookie)).code == "staff_not_allowed"
    again = await http("DELETE", f"{SECURITY}/appointments/{held.id}", headers=headers)
    assert (again.status, again.code) == (404, "appointment_not_found")
    (entry,) = await entries_of(service, security.person)
    assert (entry.action, entry.object, entry.details["person"]) == (
        "appointment_ended",
        held.id,
        officer.person,
    )


@pytest.mark.parametrize("role", ["audit_admin", "security_admin"])
async def test_the_auditor_s_and_one_s_own_appointment_are_protected(
    http: Http, make: Factory, service: Service, admin: Admin, role: Role
) -> None:
    security, headers = admin
    person = security.person if role == "security_admin" else (await make.console(role))[0].person
    (held,) = service.world.appointments.list_of(person)
    reply = await http("DELETE", f"{SECURITY}/appointments/{held.id}", headers=headers)
    assert (reply.status, reply.code) == (403, "appointment_protected")
    assert service.world.appointments.list_of(person) == [held]
    row = next(row for row in await list_all(http, headers) if row["id"] == held.id)
    assert row["isProtected"] is True


async def test_what_is_elsewhere_looks_like_what_is_not_there(http: Http, make: Factory) -> None:
    _, headers = await make.console("security_admin", await make.organisation())
    elsewhere = await make.member(staff=True)
    held = await make.appoint(elsewhere.person)
    assert [row["role"] for row in await list_all(http, headers)] == ["security_admin"]
    absent: list[tuple[Reply, Reply]] = []
    for method, place, other in (
        ("DELETE", f"appointments/{held.id}", "appointments/0000000000000000"),
        ("GET", f"people/{elsewhere.person}/sessions", "people/0000000000000000/sessions"),
        ("DELETE", f"people/{elsewhere.person}/sessions", "people/0000000000000000/sessions"),
    ):
        path, nowhere = f"{SECURITY}/{place}", f"{SECURITY}/{other}"
        absent.append(
            (await http(method, path, headers=headers), await http(method, nowhere, headers=headers))
        )
    for one, another in absent:
        assert (one.status, one.code) == (another.status, another.code) == (404, one.code)
    assert (await http("GET", "/api/v1/sessions/current", token=elsewhere.token)).status == 200


async def test_all_sessions_of_a_person_end_at_once_in_the_administrator_s_name(
    http: Http, make: Factory, service: Service, admin: Admin
) -> None:
    security, headers = admin
    officer, cookie = await make.console("officer")
    other = await make.member(staff=True)
    path = f"{SECURITY}/people/{officer.person}/sessions"
    before = await http("GET", path, headers=headers)
    assert sorted(row["kind"] for row in before.json["items"]) == ["console", "member"]
    assert (await http("DELETE", path, headers=headers)).json == {"ended": 2}
    assert (await http("GET", path, headers=headers)).json == {"items": []}
    assert (await http("DELETE", path, headers=headers)).json == {"ended": 0}
    assert (await http("GET", "/api/v1/sessions/current", token=officer.token)).code == "session_expired"
    assert (await http("GET", "/api/v1/staff/members", headers=cookie)).code == "session_expired"
    assert (await http("GET", "/api/v1/sessions/current", token=other.token)).status == 200
    entries = await entries_of(service, security.person)
    assert [entry.action for entry in entries] == ["session_ended"] * 2
    assert {entry.details["person"] for entry in entries} == {officer.person}


async def test_a_plain_member_s_sessions_are_not_the_security_administrator_s(
    http: Http, make: Factory, admin: Admin
) -> None:
    member = await make.member()
    reply = await http("DELETE", f"{SECURITY}/people/{member.person}/sessions", headers=admin[1])
    assert (reply.status, reply.code) == (404, "appointee_not_found")


async def test_failed_sign_ins_are_listed_with_their_lock_and_lapse(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    clock.advance(hours=1)
    _, headers = await make.console("security_admin")
    officer = await make.member()
    account = f"a{officer.person.lower()}"
    await service.world.console.accounts.issue(account, officer.person, "operator")
    for name, times in ((account, LIMIT), (f"nobody-{officer.person[:8].lower()}", 1)):
        for _ in range(times):
            body = {"account": name, "password": "wrong", "oneTimeCode": "123456"}
            await http("POST", "/api/v1/staff/password-sign-ins", body, headers={"X-Console-Request": "1"})
        clock.advance(seconds=1)
    shown = (await http("GET", f"{SECURITY}/failed-sign-ins", headers=headers)).json["items"]
    nobody, locked = shown[0], shown[1]
    assert (nobody["account"], nobody["person"], nobody["failures"]) == (None, None, 1)
    assert nobody["lockedUntil"] is None
    assert (locked["account"], locked["person"], locked["failures"]) == (account, officer.person, LIMIT)
    assert locked["lockedUntil"] == "2026-07-15T13:15:05+08:00"
    clock.advance(minutes=15)
    assert (await http("GET", f"{SECURITY}/failed-sign-ins", headers=headers)).json["items"] == []


async def test_nobody_else_may(http: Http, make: Factory) -> None:
    someone = await make.member(staff=True)
    held = await make.appoint(someone.person, organisation=STREET)
    for role in ("officer", "system_admin", "audit_admin"):
        _, headers = await make.console(role)
        for method, place in (
            ("GET", "appointments"),
            ("DELETE", f"appointments/{held.id}"),
            ("GET", "failed-sign-ins"),
            ("GET", f"people/{someone.person}/sessions"),
            ("DELETE", f"people/{someone.person}/sessions"),
        ):
            reply = await http(method, f"{SECURITY}/{place}", headers=headers)
            assert (reply.status, reply.code) == (403, "staff_not_allowed")
    assert (await http("GET", "/api/v1/sessions/current", token=someone.token)).status == 200
