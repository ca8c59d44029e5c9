"""The events of a membership (union-domain §3.2) through HTTP, each with what people and figures see."""

import asyncio
import secrets
from typing import Any

import pytest

from models.id_documents import CHECKED, DocumentKind, check_digit
from server.service import Service
from tests.factories import Clock, Factory, Http
from tests.handlers.test_memberships import BOOK, STAFF, Headers, Office, application


class Chronicle(Office):
    """An office that looks at what an event came to."""

    async def mine(self, token: str) -> dict[str, Any]:
        mine: dict[str, Any] = (await self.http("GET", "/api/v1/members/me", token=token)).json["membership"]
        return mine

    async def sign_up(self, openid: str, body: dict[str, Any]) -> str:
        """A member who joined with a WeChat account that can log in again."""
        token = (await self.make.login(openid)).json["token"]
        person: str = (await self.send("POST", BOOK, body, token=token)).json["id"]
        assert (await self.decide(person, "approve")).status == 201
        return person

    async def log_in(self, openid: str) -> str:
        """A new token, as one needs after a month."""
        token: str = (await self.make.login(openid)).json["token"]
        return token

    async def scanned(self, person: str) -> tuple[str, str | None]:
        """What a scanner says of the card now."""
        scanner = await self.make.member(staff=True)
        scan = self.make.scan(self.make.code(await self.card(person)).text)
        seen = (await self.http("POST", "/api/v1/scans", scan, token=scanner.token)).json
        return seen["outcome"], seen["reason"]

    async def move(
        self, person: str, token: str, ground: str, way: tuple[Headers, Headers], target: str
    ) -> dict[str, Any]:
        """A transfer asked for, released by one union, accepted by the other: the last answer."""
        body = {"organisationId": target, "ground": ground}
        asked = await self.send("POST", f"{BOOK}/transfers", body, token=token)
        assert (asked.status, asked.json["state"]) == (201, "transferring")
        releasing, receiving = way
        released = await self.decide(person, "release", releasing)
        assert (released.json["isReleased"], released.json["ground"]) == (True, ground)
        accepted = await self.decide(person, "accept_transfer", receiving)
        assert accepted.status == 201, accepted.body
        answer: dict[str, Any] = accepted.json
        return answer


@pytest.fixture
async def office(http: Http, make: Factory, service: Service) -> Chronicle:
    chronicle = Chronicle(http, make, service)
    await chronicle.open()
    return chronicle


YES, EXPIRED = ("accepted", None), ("refused", "member_expired")


@pytest.mark.parametrize(
    ("event", "reason", "state", "counted", "verdict"),
    [
        ("retain", "retired", "retained", (0, 1), YES),
        ("retain", "unemployed", "retained", (0, 1), YES),
        ("retain", "military", "retained", (0, 1), YES),
        ("leave", "requested", "left", (0, 0), EXPIRED),
        ("leave", "inactive", "left", (0, 0), EXPIRED),
        ("expel", "crime", "expelled", (0, 0), EXPIRED),
    ],
)
async def test_what_a_union_enters_is_told_counted_and_seen_at_the_door(
    office: Chronicle, event: str, reason: str, state: str, counted: tuple[int, int], verdict: tuple[str, Any]
) -> None:
    person, token = await office.member()
    await office.settle()
    assert (await office.figures())[:2] == (1, 0)
    entered = await office.enter(person, event, reason=reason)
    assert (entered.status, entered.json["state"]) == (201, state)
    mine = await office.mine(token)
    assert (mine["state"], mine["lastEvent"], mine["reason"]) == (state, event, reason)
    assert (mine["joined"] is None) == (state != "retained")
    await office.settle()
    assert (await office.figures())[:2] == counted
    assert await office.scanned(person) == verdict
    (account,) = await office.world.people.list_accounts(person)
    assert await office.world.messages.find(f"membership_result:{person}:3:{account}") is not None


async def test_somebody_deemed_to_have_left_comes_back_only_by_applying(office: Chronicle) -> None:
    body, openid = application(office.street), f"new-{secrets.token_hex(8)}"
    person = await office.sign_up(openid, body)
    assert (await office.enter(person, "leave", reason="inactive")).status == 201
    for refused in (
        await office.enter(person, "resume"),
        await office.enter(person, "retain", reason="retired"),
    ):
        assert (refused.status, refused.code) == (409, "membership_state_conflict")
    again = await office.send("POST", BOOK, body, token=await office.log_in(openid))
    assert (again.status, again.json["id"], again.json["state"]) == (201, person, "applied")
    assert (await office.decide(person, "approve")).json["state"] == "active"
    await office.settle()
    assert await office.scanned(person) == YES
    assert (await office.figures())[:2] == (1, 0)


async def test_somebody_who_lost_work_is_kept_and_resumed_with_the_years(
    office: Chronicle, clock: Clock
) -> None:
    person, token = await office.member()
    await office.later(clock, 2)
    assert (await office.enter(person, "retain", reason="unemployed")).status == 201
    await office.later(clock, 20)
    assert (await office.enter(person, "resume")).json["state"] == "active"
    mine = await office.mine(token)
    assert (mine["state"], mine["since"], mine["joined"]) == ("active", "2026-08-06", "2026-07-15")
    await office.settle()
    assert (await office.figures(date="2026-08-05"))[:2] == (0, 1)
    assert (await office.figures())[:2] == (1, 0)


async def test_a_secondment_goes_there_and_back_with_one_card_and_the_years(
    office: Chronicle, clock: Clock
) -> None:
    openid = f"new-{secrets.token_hex(8)}"
    person = await office.sign_up(openid, application(office.street))
    await office.settle()
    serial = (await office.card(person)).id
    host, _ = await office.make.console("officer", office.elsewhere)
    there = (office.headers, await office.sign_in(host.person))
    token = await office.log_in(openid)
    gone = await office.move(person, token, "secondment", there, office.elsewhere)
    assert (gone["state"], gone["organisationId"], gone["lastEvent"]) == (
        "active",
        office.elsewhere,
        "accept_transfer",
    )
    await office.settle()
    assert (await office.figures())[:2] == (0, 0)
    await office.later(clock, 200)
    token = await office.log_in(openid)
    back = (await office.sign_in(host.person), office.headers)
    home = await office.move(person, token, "secondment", back, office.street)
    assert (home["state"], home["organisationId"], home["ground"]) == ("active", office.street, None)
    await office.settle()
    assert (await office.figures())[:2] == (1, 0)
    assert (await office.figures(date="2026-12-01"))[:2] == (0, 0)
    mine = await office.mine(token)
    assert (mine["since"], mine["joined"]) == ("2027-01-31", "2026-07-15")
    assert ((await office.card(person)).id, await office.scanned(person)) == (serial, YES)


async def test_the_receiving_union_alone_registers_whoever_was_released(office: Chronicle) -> None:
    person, token = await office.member()
    _, receiving = await office.make.console("officer", office.elsewhere)
    body = {"organisationId": office.elsewhere}
    assert (await office.send("POST", f"{BOOK}/transfers", body, token=token)).status == 201
    early = await office.decide(person, "accept_transfer", receiving)
    assert (early.status, early.code) == (409, "transfer_not_released")
    assert (await office.decide(person, "release")).status == 201
    accepted = await office.decide(person, "accept_transfer", receiving)
    assert (accepted.status, accepted.json["state"]) == (201, "active")
    assert accepted.json["organisationId"] == office.elsewhere
    again = await office.decide(person, "accept_transfer", receiving)
    assert (again.status, again.code) == (409, "transfer_not_pending")
    assert (await office.http("GET", f"{STAFF}/{person}", headers=office.headers)).code == "member_not_found"
    file = await office.http("GET", f"{STAFF}/{person}", headers=receiving)
    assert file.json["membership"]["organisationId"] == office.elsewhere
    mine = await office.mine(token)
    assert (mine["organisationId"], mine["targetName"]) == (office.elsewhere, "")


async def test_a_dispatched_worker_is_held_by_one_union_and_counted_once(office: Chronicle) -> None:
    _, agency = await office.make.console("officer", office.elsewhere)
    mixed = application(office.street, workerForm="dispatched")
    token = (await office.make.login(f"new-{secrets.token_hex(8)}")).json["token"]
    refused = await office.send("POST", BOOK, mixed, token=token)
    assert (refused.status, refused.code) == (400, "gig_kind_required")
    body = {**mixed, "gigKind": None}
    person = (await office.send("POST", BOOK, body, token=token)).json["id"]
    twice = {**body, "organisationId": office.elsewhere}
    pending = await office.send("POST", BOOK, twice, token=token)
    assert (pending.status, pending.code) == (409, "application_pending")
    (row,) = (await office.http("GET", f"{STAFF}?state=applied", headers=office.headers)).json["list"]
    assert (row["workerForm"], row["gigKind"]) == ("dispatched", None)
    assert (await office.decide(person, "approve")).json["state"] == "active"
    second = await office.send("POST", BOOK, twice, token=token)
    assert (second.status, second.code) == (409, "already_member")
    assert (await office.http("GET", STAFF, headers=agency)).json["total"] == 0
    await office.settle()
    assert (await office.figures())[:2] == (1, 0)


async def test_of_many_approvals_at_once_one_is_entered_and_the_others_are_told(office: Chronicle) -> None:
    officers = [office.headers] + [
        (await office.make.console("officer", office.district))[1] for _ in range(3)
    ]
    for _ in range(3):
        person, _ = await office.apply()
        replies = await asyncio.gather(*(office.decide(person, "approve", one) for one in officers))
        assert sorted(reply.status for reply in replies) == [201, 409, 409, 409]
        for reply in replies:
            if reply.status == 409:
                assert reply.code == "application_not_pending"
                told = reply.json["details"]
                assert (told["state"], told["event"]) == ("active", "approve")
        assert (await office.get(person)).version == 2
    await office.settle()
    assert (await office.figures())[:2] == (3, 0)


@pytest.mark.parametrize(
    ("kind", "prefix", "tail"),
    [
        ("passport", "E", 8),
        ("hk_macau_permit", "H", 8),
        ("taiwan_permit", "", 8),
        ("residence_permit", "81000019900101", 3),
        ("foreigner_permit", "91115619900101", 3),
    ],
)
async def test_whoever_has_another_document_joins_with_it_and_nobody_else_does(
    office: Chronicle, kind: DocumentKind, prefix: str, tail: int
) -> None:
    number = f"{prefix}{secrets.randbelow(10**tail):0{tail}}"
    number += check_digit(number) if kind in CHECKED else ""
    document = {"number": number, "kind": kind, "birthDate": "1990-01-01"}
    person, token = await office.apply(document=document)
    approved = await office.decide(person, "approve")
    assert (approved.status, approved.json["state"]) == (201, "active")
    await office.settle()
    assert await office.scanned(person) == YES
    assert (await office.mine(token))["joined"] == "2026-07-15"
    typed = f"{number[:4].lower()} {number[4:].lower()}"
    other, _ = await office.apply(document={**document, "number": typed})
    refused = await office.decide(other, "approve")
    assert (refused.status, refused.code) == (409, "document_held_by_another")
