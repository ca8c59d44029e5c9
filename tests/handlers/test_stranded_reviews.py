"""Applications and transfers whose union was merged or closed while they waited."""

import asyncio
import secrets
from typing import Any

import pytest
from msgspec.structs import replace

from models.clock import local_day
from models.memberships import Standing
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.handlers.test_memberships import BOOK, STAFF, Headers, Office, application


class Waiting(Office):
    """An office whose city reorganises what is below."""

    async def open(self) -> "Waiting":
        await super().open()
        self.unit = await self.make.organisation(self.city, self.district)
        self.above, self.chief = await self.make.console("officer", self.city)
        return self

    async def reorganise(self, organisation: str, kind: str, target: str | None = None) -> Reply:
        path = f"/api/v1/staff/organisations/{organisation}"
        version = (await self.http("GET", path, headers=self.chief)).json["version"]
        body = {"kind": kind, "target": target, "reason": "restructuring", "version": version}
        return await self.send("POST", f"{path}/reorganisations", body, headers=self.chief)

    async def merge(self, organisation: str, target: str) -> None:
        assert (await self.reorganise(organisation, "merge", target)).status == 201

    async def close(self, organisation: str) -> None:
        assert (await self.reorganise(organisation, "close")).status == 201

    async def listed(self, queue: str, headers: Headers, organisation: str) -> list[str]:
        path = f"{STAFF}?state={queue}&organisation={organisation}"
        return [row["id"] for row in (await self.http("GET", path, headers=headers)).json["list"]]

    async def mine(self, token: str) -> dict[str, Any]:
        mine: dict[str, Any] = (await self.http("GET", "/api/v1/members/me", token=token)).json["membership"]
        return mine

    async def released(self, target: str) -> tuple[str, str]:
        """A member whose transfer to a union was released."""
        person, token = await self.member()
        asked = await self.send("POST", f"{BOOK}/transfers", {"organisationId": target}, token=token)
        assert asked.status == 201, asked.body
        assert (await self.decide(person, "release")).status == 201
        return person, token

    async def is_told(self, person: str, number: int) -> bool:
        """Whether the phone was told of an entry."""
        await self.settle()
        (account,) = await self.world.people.list_accounts(person)
        return await self.world.messages.find(f"membership_result:{person}:{number}:{account}") is not None


@pytest.fixture
async def waiting(http: Http, make: Factory, service: Service) -> Waiting:
    return await Waiting(http, make, service).open()


async def test_an_application_at_a_merged_union_is_decided_by_its_successor_and_stands_there(
    waiting: Waiting,
) -> None:
    person, token = await waiting.apply(waiting.unit)
    late, _ = await waiting.apply(waiting.unit)
    await waiting.merge(waiting.unit, waiting.street)
    await waiting.merge(waiting.street, waiting.elsewhere)
    _, theirs = await waiting.make.console("officer", waiting.elsewhere)
    assert set(await waiting.listed("applied", theirs, waiting.elsewhere)) == {person, late}
    assert (await waiting.decide(person, "approve")).code == "member_not_found", "no longer this district's"
    sent = {**theirs, "Idempotency-Key": secrets.token_hex(8)}
    approved = await waiting.decide(person, "approve", sent)
    assert (approved.status, approved.json["organisationId"]) == (201, waiting.elsewhere)
    assert (await waiting.decide(person, "approve", sent)).json == approved.json
    held = await waiting.get(person)
    assert held.standing == Standing(waiting.elsewhere, "active")
    assert held.log["1"].after.organisation == waiting.unit, "what was entered stays"
    await waiting.settle()
    assert (await waiting.http("GET", "/api/v1/card", token=token)).json["state"] == "active"
    figures = f"/api/v1/staff/organisations/{waiting.elsewhere}/figures"
    assert (await waiting.http("GET", figures, headers=theirs)).json["counted"] == 2, "and the officer"
    refused = await waiting.decide(late, "refuse", theirs, reason="wrong_organisation")
    assert (refused.status, refused.json["state"]) == (201, "refused")


async def test_a_transfer_to_a_merged_union_is_accepted_by_its_successor(waiting: Waiting) -> None:
    person, _ = await waiting.released(waiting.unit)
    await waiting.merge(waiting.unit, waiting.elsewhere)
    _, theirs = await waiting.make.console("officer", waiting.elsewhere)
    assert await waiting.listed("receiving", theirs, waiting.elsewhere) == [person]
    accepted = await waiting.decide(person, "accept_transfer", theirs)
    assert (accepted.status, accepted.json["organisationId"]) == (201, waiting.elsewhere)
    assert (await waiting.get(person)).standing == Standing(waiting.elsewhere, "active")


async def test_a_transfer_to_what_was_merged_into_the_own_union_ends_there(waiting: Waiting) -> None:
    person, _ = await waiting.released(waiting.unit)
    await waiting.merge(waiting.unit, waiting.street)
    assert (await waiting.decide(person, "accept_transfer")).status == 201
    assert (await waiting.get(person)).standing == Standing(waiting.street, "active")


async def test_a_merged_union_s_transfer_goes_on_from_its_successor(waiting: Waiting) -> None:
    person, token = await waiting.member(waiting.unit)
    body = {"organisationId": waiting.elsewhere}
    assert (await waiting.send("POST", f"{BOOK}/transfers", body, token=token)).status == 201
    await waiting.merge(waiting.unit, waiting.street)
    assert (await waiting.decide(person, "release")).status == 201
    assert (await waiting.decide(person, "accept_transfer", waiting.chief)).status == 201
    assert (await waiting.get(person)).standing == Standing(waiting.elsewhere, "active")


async def test_whoever_applied_at_a_union_that_is_closed_is_told_and_applies_elsewhere(
    waiting: Waiting,
) -> None:
    openid = f"new-{secrets.token_hex(8)}"
    body = application(waiting.unit)
    guest = (await waiting.make.login(openid)).json["token"]
    person = (await waiting.send("POST", BOOK, body, token=guest)).json["id"]
    token = (await waiting.make.login(openid)).json["token"]
    await waiting.close(waiting.unit)
    mine = await waiting.mine(token)
    assert (mine["state"], mine["lastEvent"], mine["reason"], mine["reviewBy"]) == (
        "refused", "refuse", "organisation_closed", None,
    )  # fmt: skip
    assert await waiting.is_told(person, 2)
    assert await waiting.listed("applied", waiting.headers, waiting.district) == []
    assert (await waiting.decide(person, "approve")).code == "application_not_pending"
    again = await waiting.send("POST", BOOK, {**body, "organisationId": waiting.street}, token=token)
    assert (again.status, again.json["state"]) == (201, "applied")
    assert (await waiting.decide(person, "approve")).status == 201
    assert (await waiting.mine(token))["organisationId"] == waiting.street


async def test_a_transfer_to_a_union_that_is_closed_comes_back_and_the_person_goes_elsewhere(
    waiting: Waiting,
) -> None:
    person, token = await waiting.released(waiting.unit)
    await waiting.close(waiting.unit)
    mine = await waiting.mine(token)
    assert (mine["state"], mine["organisationId"], mine["reason"]) == (
        "active", waiting.street, "organisation_closed",
    )  # fmt: skip
    assert await waiting.is_told(person, (await waiting.get(person)).version)
    body = {"organisationId": waiting.elsewhere}
    assert (await waiting.send("POST", f"{BOOK}/transfers", body, token=token)).status == 201


async def test_what_waits_at_a_union_whose_successor_is_closed_is_sent_back_too(waiting: Waiting) -> None:
    _, token = await waiting.apply(waiting.unit)
    await waiting.merge(waiting.unit, waiting.elsewhere)
    await waiting.close(waiting.elsewhere)
    assert (await waiting.mine(token))["reason"] == "organisation_closed"


async def test_an_officer_and_a_closing_at_once_decide_once(waiting: Waiting) -> None:
    people = [await waiting.apply(waiting.unit) for _ in range(3)]
    *decided, closed = await asyncio.gather(
        *(waiting.decide(person, "refuse", reason="incomplete") for person, _ in people),
        waiting.reorganise(waiting.unit, "close"),
    )
    assert closed.status == 201
    for (person, _), reply in zip(people, decided, strict=True):
        held = await waiting.get(person)
        assert (held.state, held.version) == ("refused", 2)
        assert (reply.status, held.log["2"].reason) in ((201, "incomplete"), (409, "organisation_closed"))


async def test_what_came_in_the_moment_of_the_closing_may_be_withdrawn_and_is_found_by_the_sweep(
    waiting: Waiting, clock: Clock
) -> None:
    """As if a process that had not heard of the closing had let two applications pass."""
    _, first = await waiting.apply(waiting.unit)
    person, second = await waiting.apply(waiting.unit)
    known = waiting.world.organisations.find(waiting.unit)
    assert known
    closed = replace(known, state="closed", ended=local_day(clock.at), taken=None, changed=clock.at)
    await waiting.world.organisations.put(closed)
    gone = await waiting.http("DELETE", f"{BOOK}/application", token=first)
    assert (gone.json["state"], gone.json["lastEvent"]) == ("refused", "withdraw")
    assert (await waiting.mine(second))["state"] == "applied"
    for _ in range(2):
        await waiting.world.membership_book.stranded.work()
        mine = await waiting.mine(second)
        assert (mine["state"], mine["reason"]) == ("refused", "organisation_closed")
    assert (await waiting.get(person)).version == 2
