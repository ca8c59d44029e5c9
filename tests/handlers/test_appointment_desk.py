"""Officers and security administrators appoint people, through HTTP."""

import asyncio
import secrets
from typing import Any

import pytest

from models.appointments import Role
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

PATH = "/api/v1/staff/appointments"


class Place:
    """A city and a district of a test, and somebody known by name and phone."""

    def __init__(self, http: Http, make: Factory, city: str, district: str) -> None:
        self._http = http
        self._make = make
        self.city = city
        self.district = district

    async def someone(self) -> tuple[Someone, dict[str, Any]]:
        phone = f"100{secrets.randbelow(10**8):08}"
        someone = await self._make.member(name="王小明", phone=phone)
        return someone, {"name": "王小明", "phone": phone, "role": "officer", "organisation": self.district}

    async def appoint(self, headers: dict[str, str], body: object, key: str = "") -> Reply:
        return await self._http(
            "POST", PATH, body, headers={**headers, "Idempotency-Key": key or secrets.token_hex(8)}
        )


@pytest.fixture
async def place(http: Http, make: Factory) -> Place:
    city = await make.organisation()
    return Place(http, make, city, await make.organisation(city))


async def test_an_officer_appoints_below_and_the_appointed_one_may_act_at_once(
    http: Http, make: Factory, place: Place, service: Service
) -> None:
    officer, headers = await make.console("officer", place.city)
    someone, body = await place.someone()
    made = await place.appoint(headers, body)
    assert made.status == 201, made.body
    assert (made.json["person"], made.json["role"]) == (someone.person, "officer")
    (held,) = service.world.appointments.list_of(someone.person)
    assert (held.organisation, held.made_by) == (place.district, officer.person)
    rows = (await http("GET", PATH, headers=headers)).json["list"]
    row = next(one for one in rows if one["id"] == held.id)
    assert (row["name"], row["tier"], row["isMineToEnd"]) == ("王*明", "district", True)
    await service.world.auditing.work()
    entries = await service.world.auditing.audit._store.list_({"object": held.id}, sort="order")
    assert [(entry.action, entry.actor) for entry in entries] == [("appointment_made", officer.person)]
    ended = await http("DELETE", f"{PATH}/{held.id}", headers=headers)
    assert (ended.status, service.world.appointments.list_of(someone.person)) == (204, [])
    again = await http("DELETE", f"{PATH}/{held.id}", headers=headers)
    assert (again.status, again.code) == (404, "appointment_not_found")


@pytest.mark.parametrize(
    ("actor", "role", "where", "status"),
    [
        ("officer", "officer", "district", 201),
        ("officer", "officer", "city", 403),
        ("officer", "station_staff", "city", 201),
        ("officer", "system_admin", "district", 403),
        ("security_admin", "officer", "city", 201),
        ("security_admin", "system_admin", "city", 201),
        ("system_admin", "officer", "district", 403),
        ("audit_admin", "officer", "district", 403),
    ],
)
async def test_each_gives_what_is_theirs_to_give(
    make: Factory, place: Place, actor: Role, role: str, where: str, status: int
) -> None:
    _, headers = await make.console(actor, place.city)
    _, body = await place.someone()
    reply = await place.appoint(headers, {**body, "role": role, "organisation": getattr(place, where)})
    assert reply.status == status, reply.body


@pytest.mark.parametrize("role", ["audit_admin", "security_admin", "scanner"])
async def test_the_watchers_are_appointed_by_the_command_alone(
    make: Factory, place: Place, role: str
) -> None:
    _, headers = await make.console("security_admin", place.city)
    _, body = await place.someone()
    reply = await place.appoint(headers, {**body, "role": role})
    assert (reply.status, reply.json["details"]["field"]) == (400, "body.role")


async def test_three_powers_stay_with_three_people(make: Factory, place: Place) -> None:
    _, headers = await make.console("security_admin", place.city)
    someone, body = await place.someone()
    await make.appoint(someone.person, role="audit_admin", organisation=place.city)
    reply = await place.appoint(headers, {**body, "role": "system_admin"})
    assert (reply.status, reply.code) == (409, "powers_must_be_separate")


async def test_what_is_elsewhere_looks_like_what_is_not_there(
    http: Http, make: Factory, place: Place
) -> None:
    _, headers = await make.console("officer", place.city)
    _, body = await place.someone()
    elsewhere = await make.organisation()
    for organisation in (elsewhere, "0000000000000000"):
        reply = await place.appoint(headers, {**body, "organisation": organisation})
        assert (reply.status, reply.code) == (404, "organisation_not_found")
    held = await make.appoint((await make.member()).person, organisation=elsewhere)
    reply = await http("DELETE", f"{PATH}/{held.id}", headers=headers)
    assert (reply.status, reply.code) == (404, "appointment_not_found")
    assert held.id not in {row["id"] for row in (await http("GET", PATH, headers=headers)).json["list"]}


async def test_two_officers_at_once_appoint_somebody_once(make: Factory, place: Place) -> None:
    _, one = await make.console("officer", place.city)
    _, other = await make.console("officer", place.city)
    _, body = await place.someone()
    replies = await asyncio.gather(place.appoint(one, body), place.appoint(other, body))
    assert sorted(reply.status for reply in replies) == [201, 409]
    assert next(reply for reply in replies if reply.status == 409).code == "already_appointed"


async def test_a_request_sent_again_makes_nothing_new(make: Factory, place: Place) -> None:
    _, headers = await make.console("officer", place.city)
    _, body = await place.someone()
    replies = await asyncio.gather(*(place.appoint(headers, body, "same") for _ in range(3)))
    assert {(reply.status, reply.json["id"]) for reply in replies} == {(201, replies[0].json["id"])}
    other = await place.appoint(headers, {**body, "role": "station_staff"}, "same")
    assert (other.status, other.code) == (409, "idempotency_key_reused")


async def test_an_appointment_counts_within_its_dates_and_can_be_renewed(
    make: Factory, place: Place, service: Service, clock: Clock
) -> None:
    someone, body = await place.someone()
    _, headers = await make.console("officer", place.city)
    made = await place.appoint(headers, {**body, "since": "2026-07-16", "until": "2026-07-17"})
    assert (made.status, made.json["since"]) == (201, "2026-07-16T00:00:00+08:00")
    assert service.world.appointments.list_of(someone.person) == []
    clock.advance(days=1)
    assert len(service.world.appointments.list_of(someone.person)) == 1
    _, headers = await make.console("officer", place.city)
    assert (await place.appoint(headers, body)).code == "already_appointed"
    clock.advance(days=1)
    assert service.world.appointments.list_of(someone.person) == []
    _, headers = await make.console("officer", place.city)
    assert (await place.appoint(headers, body)).status == 201
    for wrong in ({"until": "2026-07-01"}, {"since": "2020-01-01"}, {"until": "2099-01-01"}):
        reply = await place.appoint(headers, {**body, "role": "station_staff", **wrong})
        assert (reply.status, reply.code) == (400, "wrong_appointment_dates")


async def test_the_list_says_which_are_to_come_and_those_that_are_over_stand_apart(
    http: Http, make: Factory, place: Place, clock: Clock
) -> None:
    _, headers = await make.console("officer", place.city)
    _, body = await place.someone()
    made = await place.appoint(headers, {**body, "since": "2026-07-16", "until": "2026-07-17"})
    street = await make.organisation(place.city, place.district)
    _, other = await place.someone()
    at_street = await place.appoint(headers, {**other, "organisation": street})

    async def states(**query: str) -> dict[str, str]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        rows = (await http("GET", f"{PATH}?{asked}", headers=headers)).json["list"]
        known = {made.json["id"]: "first", at_street.json["id"]: "second"}
        return {known[row["id"]]: row["state"] for row in rows if row["id"] in known}

    assert await states() == {"first": "to_come", "second": "in_force"}
    assert await states(organisation=street) == {"second": "in_force"}
    assert await states(organisation="0000000000000000") == {}
    assert await states(over="true") == {}
    clock.advance(days=2)
    _, headers = await make.console("officer", place.city)
    assert await states() == {"second": "in_force"}
    assert await states(over="true", organisation=place.district) == {"first": "over"}
    assert await states(over="true", organisation=street) == {}
    (row,) = (await http("GET", f"{PATH}?over=true", headers=headers)).json["list"]
    assert (row["until"], row["isMineToEnd"]) == ("2026-07-17T00:00:00+08:00", False)


async def test_one_to_come_can_be_ended_before_it_begins(
    http: Http, make: Factory, place: Place, service: Service, clock: Clock
) -> None:
    someone, body = await place.someone()
    _, headers = await make.console("officer", place.city)
    made = await place.appoint(headers, {**body, "since": "2026-08-01"})
    assert (await http("DELETE", f"{PATH}/{made.json['id']}", headers=headers)).status == 204
    clock.advance(days=30)
    assert service.world.appointments.list_of(someone.person) == []


async def test_nobody_appoints_or_dismisses_oneself(
    http: Http, make: Factory, place: Place, service: Service
) -> None:
    phone = f"100{secrets.randbelow(10**8):08}"
    me = await make.member(name="李四光", phone=phone)
    await make.appoint(me.person, role="officer", organisation=place.city)
    session = await service.world.sessions.open_console(me.person)
    headers = {
        "Cookie": f"console={service.services.tokens.issue(session)}",
        "X-Console-Request": "1",
    }
    body = {"name": "李四光", "phone": phone, "role": "officer", "organisation": place.district}
    reply = await place.appoint(headers, body)
    assert (reply.status, reply.code) == (409, "own_appointment")
    (held,) = service.world.appointments.list_of(me.person)
    reply = await http("DELETE", f"{PATH}/{held.id}", headers=headers)
    assert (reply.status, reply.code) == (409, "own_appointment")


async def test_who_is_not_known_by_name_and_phone_is_not_appointed(make: Factory, place: Place) -> None:
    _, headers = await make.console("officer", place.city)
    _, body = await place.someone()
    for wrong in ({"name": "王大明"}, {"phone": "10099999999"}):
        reply = await place.appoint(headers, {**body, **wrong})
        assert (reply.status, reply.code) == (404, "person_not_matched")
