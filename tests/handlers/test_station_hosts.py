"""Who runs a station, and whom its tickets are told: the 站长 first, the street's officers later."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models.audit import Search
from models.messages import Message
from models.organisations import Organisation
from server.service import Service
from tests.factories import Clock, Factory, Http, Someone, change
from tests.handlers.test_check_ins import code, stations
from tests.handlers.test_station_hours import Headers, a_station
from tests.handlers.test_station_reports import _no_limits_left, _nothing_said, report, tickets

__all__ = ["_no_limits_left", "_nothing_said", "code", "stations"]

STAFF = "/api/v1/staff/stations"
Told = Callable[[Someone, str], Awaitable[Message | None]]


async def host(
    http: Http, headers: Headers, station: dict[str, Any], organisation: str | None, keeper: str | None = None
) -> Any:
    body = {"version": station["version"], "organisation": organisation, "keeper": keeper}
    return await http("PUT", f"{STAFF}/{station['code']}/organisation", body, headers=headers)


async def test_an_officer_says_who_runs_a_station(http: Http, make: Factory, service: Service) -> None:
    district = await make.organisation()
    street = await make.organisation(district)
    officer, headers = await make.console("officer", district)
    station = await a_station(http, headers)
    before = (await http("GET", f"{STAFF}/{station['code']}/organisation", headers=headers)).json
    assert (before["organisation"], before["keepers"]) == (None, 0)
    keeper = await make.member(organisation=street)
    await make.appoint(keeper.person, organisation=street)
    reply = await host(http, headers, station, street)
    assert (reply.status, reply.json["organisation"]) == (200, street)
    assert (reply.json["keepers"], reply.json["officers"]) == (1, 1)
    stale = await host(http, headers, station, None)
    assert (stale.status, stale.code) == (409, "station_changed")
    page = await service.world.auditing.audit.list_page(Search(object=station["code"]), 1, 10)
    assert [(one.actor, one.action, one.details) for one in page.rows] == [
        (officer.person, "station_host_set", {"organisation": street})
    ]


async def test_of_several_keepers_the_station_s_own_is_told_alone_until_the_appointment_ends(
    http: Http, make: Factory, service: Service
) -> None:
    street, elsewhere = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", street)
    people = [await make.member(name=name, organisation=street) for name in ("王一", "李二")]
    first, second = [await make.appoint(one.person, organisation=street) for one in people]
    stranger = await make.appoint((await make.member()).person, organisation=elsewhere)
    station = await a_station(http, headers)
    given = (await host(http, headers, station, street)).json
    assert (given["keepers"], given["keeper"]) == (2, None)
    since = "2026-07-14T12:00:05+08:00"
    assert given["choices"] == [
        {"appointment": first.id, "name": "*一", "since": since},
        {"appointment": second.id, "name": "*二", "since": since},
    ]
    for wrong in (stranger.id, "NOSUCHAPPOINTMENT"):
        refused = await host(http, headers, given, street, wrong)
        assert (refused.status, refused.code) == (404, "appointment_not_found")
    named = (await host(http, headers, given, street, second.id)).json
    assert (named["keepers"], named["keeper"]) == (1, second.id)

    hosts, stations = service.world.station_book.hosts, service.world.stations._store
    kept = await stations.find(station["code"])
    assert kept
    assert hosts.list_keepers(kept) == [people[1].person]
    entries = await service.world.auditing.audit.list_page(Search(object=station["code"]), 1, 10)
    assert {"organisation": street, "keeper": second.id} in [entry.details for entry in entries.rows]
    _, others = await make.console("officer", elsewhere)
    read = (await http("GET", f"{STAFF}/{station['code']}/organisation", headers=others)).json
    assert (read["keepers"], read["keeper"], read["choices"]) == (1, None, [])

    await service.world.appointments.end(second.id, "test")
    assert hosts.list_keepers(kept) == [people[0].person]
    over = (await http("GET", f"{STAFF}/{station['code']}/organisation", headers=headers)).json
    assert (over["keepers"], over["keeper"]) == (1, None)
    assert (await host(http, headers, named, street)).json["keeper"] is None


async def test_only_the_own_organisations_can_be_given_and_taken(http: Http, make: Factory) -> None:
    mine, other = await make.organisation(), await make.organisation()
    _, headers = await make.console("officer", mine)
    _, others = await make.console("officer", other)
    station = await a_station(http, headers)
    reply = await host(http, headers, station, other)
    assert (reply.status, reply.code) == (404, "organisation_not_found")
    given = (await host(http, headers, station, mine)).json
    refused = await host(http, others, given, other)
    assert (refused.status, refused.code) == (403, "station_of_others")
    assert (await host(http, headers, given, None)).json["organisation"] is None


async def test_a_station_is_not_given_to_an_organisation_that_has_ended(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    above = await make.organisation()
    _, headers = await make.console("officer", above)
    closed = Organisation(
        id=f"{above[:-1]}X", name="已关闭", tree="local", path=(above,), state="closed", changed=clock.now()
    )
    await service.world.organisations.put(closed)
    reply = await host(http, headers, await a_station(http, headers), closed.id)
    assert (reply.status, reply.code) == (409, "organisation_ended")


@pytest.fixture
def told(service: Service, http: Http, make: Factory, code: str) -> Told:
    """The message about the station's ticket to somebody at a tier."""

    async def find(someone: Someone, tier: str) -> Message | None:
        world = service.world
        await world.visits.tickets.work(world.station_notices.tell)
        (account,) = await world.people.list_accounts(someone.person)
        (ticket,) = await tickets(http, make, code)
        return await world.messages.find(f"station_ticket:{ticket['ticket']}:{tier}:{account}")

    return find


async def test_the_keeper_is_told_of_a_ticket_and_the_street_when_it_is_late(
    http: Http, make: Factory, service: Service, clock: Clock, code: str, told: Told
) -> None:
    street = service.world.board.get(code).organisation or ""
    officer, _ = await make.console("officer", street)
    keeper = await make.member(organisation=street)
    await make.appoint(keeper.person, organisation=street)
    for _ in range(2):
        await report(http, code)
    message = await told(keeper, "keeper")
    assert message is not None
    assert message.template == "station_ticket"
    assert await told(officer, "keeper") is None
    assert await told(officer, "street") is None
    clock.advance(hours=2, seconds=1)
    assert await told(officer, "street") is not None
    assert await told(keeper, "street") is None


async def test_the_district_is_told_of_a_ticket_that_is_late_at_the_street(
    http: Http, make: Factory, service: Service, clock: Clock, code: str, told: Told
) -> None:
    board = service.world.board
    before, city = board.get(code).organisation, await make.organisation()
    district = await make.organisation(city)
    street = await make.organisation(city, district)
    people = [(await make.console("officer", place))[0] for place in (street, city)]
    of_street, of_city = people
    await change(service, code, organisation=street)
    for _ in range(2):
        await report(http, code)
    # It has no 站长, whom two hours would be given first.
    assert await told(of_street, "street") is not None
    assert await told(of_city, "street") is None
    clock.advance(hours=23, minutes=59)
    assert await told(of_city, "district") is None
    clock.advance(minutes=1, seconds=1)
    assert await told(of_city, "district") is not None
    assert await told(of_street, "district") is None
    clock.advance(hours=24, seconds=1)
    await service.world.visits.tickets.escalate()
    (ticket,) = await tickets(http, make, code)
    assert (ticket["tierWords"], ticket["due"], ticket["state"]) == ("区县", None, "open")
    await change(service, code, organisation=before)


async def test_where_there_is_no_level_above_the_same_officers_are_told_again(
    http: Http, make: Factory, service: Service, clock: Clock, code: str, told: Told
) -> None:
    before, alone = service.world.board.get(code).organisation, await make.organisation()
    officer, _ = await make.console("officer", alone)
    await change(service, code, organisation=alone)
    for _ in range(2):
        await report(http, code)
    for tier, hours in (("street", 2), ("district", 24)):
        clock.advance(hours=hours, seconds=1)
        assert await told(officer, tier) is not None
    await change(service, code, organisation=before)


async def test_of_a_station_that_nobody_runs_the_officers_of_the_city_are_told_at_once(
    http: Http, make: Factory, service: Service, code: str, told: Told
) -> None:
    city, before = await make.organisation(), service.world.board.get(code).organisation
    officer, headers = await make.console("officer", city)
    await change(service, code, organisation=None)
    words = [(await report(http, code)).json["message"] for _ in range(2)]
    assert words == ["谢谢，已在地图上标出", "谢谢，已通知工会工作人员核实"]
    assert await told(officer, "street") is not None
    (ticket,) = await tickets(http, make, code)
    assert (ticket["tierWords"], ticket["due"]) == ("街道", "2026-07-16T12:00:05+08:00")
    seen = (await http("GET", f"{STAFF}/{code}/organisation", headers=headers)).json
    assert seen["keepers"] == 0
    assert seen["officers"] > 0
    await change(service, code, organisation=before)


async def test_a_ticket_that_is_answered_already_is_told_to_nobody(
    http: Http, make: Factory, service: Service, code: str
) -> None:
    asked: list[str] = []

    async def tell(ticket: Any) -> None:
        asked.append(ticket.id)

    world = service.world.visits.tickets
    await world.open(code, "locked", world._now(), "keeper")
    (ticket,) = await world._store.list_({"live": f"{code}:locked"})
    staff = await make.member(staff=True)
    await world.answer(staff.person, ticket.id, "not_so")
    await world._store.change({"_id": ticket.id}, {"pending": "keeper"})
    await world.work(tell)
    assert asked == []
    assert (await world._store.find(ticket.id) or ticket).pending is None
