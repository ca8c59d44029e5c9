"""What a running service enters into its audit by itself."""

import asyncio

import pytest

from models.appointments import ADMINISTRATORS, Appointment, HoldsAnotherPower, NoSuchAppointment, Role
from models.audit import Entry, Search
from models.ids import new_id
from models.store import EngineUnavailable
from server.service import Service
from tests.factories import STREET, Clock, Factory, Http

PATIENCE_SECONDS = 60.0


@pytest.fixture
def audit(service: Service) -> "Reader":
    return Reader(service)


class Reader:
    """Reads the audit after all that is pending was entered."""

    def __init__(self, service: Service) -> None:
        self._auditing = service.world.auditing

    async def of(self, thing: str) -> list[Entry]:
        await self._auditing.work()
        return (await self._auditing.audit.list_page(Search(object=thing), 1, 100)).rows

    async def actions_of(self, thing: str) -> list[tuple[str, str]]:
        return sorted((entry.action, entry.outcome) for entry in await self.of(thing))


def appointment(clock: Clock, person: str, role: Role) -> Appointment:
    at = clock.now()
    return Appointment(id=new_id(), person=person, role=role, organisation=STREET, since=at, changed=at)


async def test_each_change_of_a_card_is_entered_once(http: Http, make: Factory, audit: Reader) -> None:
    someone = await make.member()
    assert someone.card is not None
    for state in ("frozen", "frozen", "active", "frozen"):
        reply = await http("PUT", "/api/v1/card/state", {"state": state}, token=someone.token)
        assert reply.status == 200
    found = await audit.of(someone.card.id)
    assert sorted(entry.action for entry in found) == ["card_frozen", "card_frozen", "card_unfrozen"]
    assert {entry.actor for entry in found} == {someone.person}
    assert len(await audit.of(someone.card.id)) == 3


async def test_projections_at_once_enter_a_change_once(
    http: Http, make: Factory, service: Service, audit: Reader
) -> None:
    someone = await make.member()
    assert someone.card is not None
    await http("PUT", "/api/v1/card/state", {"state": "frozen"}, token=someone.token)
    await asyncio.gather(*(service.world.auditing.work() for _ in range(5)))
    assert await audit.actions_of(someone.card.id) == [("card_frozen", "success")]


async def test_a_staff_sign_in_is_entered_whether_it_succeeds_or_not(make: Factory, audit: Reader) -> None:
    staff, member = await make.member(staff=True), await make.member()
    refused = await make.login(member.openid, staff=True)
    assert (refused.status, refused.code) == (403, "staff_not_allowed")
    assert await audit.actions_of(staff.person) == [("staff_sign_in", "success")]
    assert await audit.actions_of(member.person) == [("staff_sign_in", "refused")]


async def test_the_end_of_a_session_is_entered(
    http: Http, make: Factory, service: Service, audit: Reader
) -> None:
    someone = await make.member()
    await http("DELETE", "/api/v1/sessions/current", token=someone.token)
    session = service.services.tokens.read(someone.token)
    assert await audit.actions_of(session.id) == [("session_ended", "success")]


async def test_an_appointment_is_entered_when_it_is_made_and_when_it_ends(
    make: Factory, service: Service, audit: Reader
) -> None:
    someone = await make.member()
    made = await make.appoint(someone.person)
    await service.world.appointments.end(made.id, "BOSS")
    assert await audit.actions_of(made.id) == [
        ("appointment_ended", "success"),
        ("appointment_made", "success"),
    ]
    assert {entry.actor for entry in await audit.of(made.id)} == {"operator", "BOSS"}
    with pytest.raises(NoSuchAppointment):
        await service.world.appointments.end(made.id, "BOSS")


async def test_nobody_holds_two_of_the_three_powers(make: Factory, service: Service, clock: Clock) -> None:
    someone, appointments = await make.member(), service.world.appointments
    made = await asyncio.gather(
        *(appointments.put(appointment(clock, someone.person, role)) for role in sorted(ADMINISTRATORS) * 3),
        return_exceptions=True,
    )
    assert [answer for answer in made if answer is None] == [None]
    refused = {type(answer) for answer in made if answer}
    assert refused - {EngineUnavailable} == {HoldsAnotherPower}, "an engine may undo a write time and again"
    await appointments.put(appointment(clock, someone.person, "officer"))


async def test_another_power_may_follow_one_that_has_ended_or_lapsed(
    make: Factory, service: Service, clock: Clock
) -> None:
    someone, appointments = await make.member(), service.world.appointments
    first = appointment(clock, someone.person, "audit_admin")
    await appointments.put(first)
    await appointments.end(first.id, "BOSS")
    second = appointment(clock, someone.person, "system_admin")
    await appointments.put(second)
    with pytest.raises(HoldsAnotherPower):
        await appointments.put(appointment(clock, someone.person, "audit_admin"))
    lapsing = await service.world.appointments._store.change({"_id": second.id}, {"until": clock.now()})
    assert lapsing is not None
    await appointments.put(appointment(clock, someone.person, "security_admin"))


async def test_an_administrator_may_not_scan(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    member, someone = await make.member(), await make.member()
    await service.world.appointments.put(appointment(clock, someone.person, "system_admin"))
    token = (await make.login(someone.openid, staff=True)).json["token"]
    reply = await http("POST", "/api/v1/scans", make.scan(make.code(member.card).text), token=token)
    assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_a_running_service_s_audit_verifies(service: Service) -> None:
    auditing = service.world.auditing
    async with asyncio.timeout(PATIENCE_SECONDS):
        is_sealed = False
        while not is_sealed:  # The workers enter what earlier tests began.
            await auditing.work()
            report = await auditing.checks.run()
            assert report.findings == ()
            is_sealed = report.unsealed == ()
    assert report.entries > 0


async def test_the_auditor_s_looks_are_entered_and_nobody_else_may_look(
    http: Http, make: Factory, clock: Clock
) -> None:
    auditor, headers = await make.console("audit_admin")
    await http("GET", "/api/v1/staff/audit/blocks", headers=headers)
    clock.advance(seconds=1)
    checked = await http("POST", "/api/v1/staff/audit/checks", headers=headers)
    assert (checked.status, checked.json["findings"]) == (200, [])
    clock.advance(seconds=1)
    seen = await http("GET", f"/api/v1/staff/audit/entries?actor={auditor.person}", headers=headers)
    assert [row["object"] for row in seen.json["list"]] == ["entries", "check", "blocks"]
    assert (seen.json["total"], seen.json["page"], seen.json["pageSize"]) == (3, 1, 20)
    for role in ("officer", "system_admin", "security_admin"):
        _, other = await make.console(role)
        for method, thing in (("GET", "entries"), ("GET", "blocks"), ("POST", "checks")):
            reply = await http(method, f"/api/v1/staff/audit/{thing}", headers=other)
            assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_blocks_are_shown_newest_first(http: Http, make: Factory, service: Service) -> None:
    _, headers = await make.console("audit_admin")
    for _ in range(2):
        await http("GET", "/api/v1/staff/audit/blocks", headers=headers)
        await service.world.auditing.finish()
    shown = (await http("GET", "/api/v1/staff/audit/blocks", headers=headers)).json
    numbers = [block["number"] for block in shown["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == shown["total"]
