"""Joining, reviewing, transferring, leaving, correcting: each event of the book through HTTP."""

import asyncio
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from models.audit import Search
from models.cards import Card
from models.id_documents import check_digit
from models.memberships import Membership
from models.organisations import Organisation
from models.people import Particulars
from models.tables import read_records
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

BOOK = "/api/v1/memberships"
STAFF = "/api/v1/staff/memberships"

PASSPORT = {"number": "E12345678", "kind": "passport"}
Headers = dict[str, str]


def id_number(birth: str = "19900101") -> str:
    digits = f"410105{birth}{secrets.randbelow(1000):03}"
    return digits + check_digit(digits)


def random_birth() -> str:
    return f"{date(1940, 1, 1) + timedelta(days=secrets.randbelow(20_000)):%Y%m%d}"


def application(organisation: str, **fields: Any) -> dict[str, Any]:
    return {
        "name": "赵小河",
        "document": {
            "number": id_number(f"{date(1940, 1, 1) + timedelta(days=secrets.randbelow(20_000)):%Y%m%d}")
        },
        "phone": f"138{secrets.randbelow(10**8):08}",
        "organisationId": organisation,
        "workerForm": "gig",
        "gigKind": "courier",
        **fields,
    }


class Office:
    """A street below a district below a city, another district, and an officer of the first one."""

    def __init__(self, http: Http, make: Factory, service: Service) -> None:
        self.http = http
        self.make = make
        self.world = service.world

    async def open(self) -> "Office":
        make = self.make
        self.city = await make.organisation()
        self.district = await make.organisation(self.city)
        self.street = await make.organisation(self.city, self.district)
        self.elsewhere = await make.organisation(self.city)
        self.officer, self.headers = await make.console("officer", self.district)
        return self

    async def apply(self, organisation: str = "", **fields: Any) -> tuple[str, str]:
        """A newcomer's application: the person, and a token of theirs."""
        openid = f"new-{secrets.token_hex(8)}"
        token = (await self.make.login(openid)).json["token"]
        reply = await self.send("POST", BOOK, application(organisation or self.street, **fields), token=token)
        assert reply.status == 201, reply.body
        return reply.json["id"], (await self.make.login(openid)).json["token"]

    async def send(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        headers = {"Idempotency-Key": secrets.token_hex(8), **options.pop("headers", {})}
        return await self.http(method, path, body, headers=headers, **options)

    async def sign_in(self, person: str) -> Headers:
        """The headers of a new console session, as one needs after half an hour."""
        session = await self.world.sessions.open_console(person)
        cookie = f"console={self.make._service.services.tokens.issue(session)}"
        return {"Cookie": cookie, "X-Console-Request": "1"}

    async def later(self, clock: Clock, days: int) -> None:
        """Some days later, signed in again."""
        clock.advance(days=days)
        self.headers = await self.sign_in(self.officer.person)

    async def decide(self, person: str, decision: str, headers: Headers | None = None, **more: Any) -> Reply:
        body = {"decision": decision, **more}
        return await self.send("POST", f"{STAFF}/{person}/decisions", body, headers=headers or self.headers)

    async def enter(self, person: str, event: str, headers: Headers | None = None, **more: Any) -> Reply:
        body = {"event": event, **more}
        return await self.send("POST", f"{STAFF}/{person}/entries", body, headers=headers or self.headers)

    async def correct(self, person: str, **fields: Any) -> Reply:
        return await self.send("POST", f"{STAFF}/{person}/corrections", fields, headers=self.headers)

    async def member(self, organisation: str = "") -> tuple[str, str]:
        """A member who joined by applying."""
        person, token = await self.apply(organisation)
        assert (await self.decide(person, "approve")).status == 201
        return person, token

    async def settle(self) -> None:
        """Derive what follows now; the worker does so every second."""
        await self.world.membership_book.effects.work()

    async def get(self, person: str) -> Membership:
        found = await self.world.memberships.find(person)
        assert found is not None
        return found

    async def evidence(self, person: str) -> str | None:
        """What a person's name stands on, as the officer's page of the membership says."""
        file = await self.http("GET", f"{STAFF}/{person}", headers=self.headers)
        assert file.status == 200, file.body
        told: str | None = file.json["evidence"]
        return told

    async def card(self, person: str) -> Card:
        return await self.world.cards.get_of(person)

    async def figures(self, **query: str) -> tuple[int, int, int, int]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        path = f"/api/v1/staff/organisations/{self.street}/figures?{asked}"
        found = (await self.http("GET", path, headers=self.headers)).json
        return (
            found["counted"], found["retained"], found["countedCorrection"], found["retainedCorrection"],
        )  # fmt: skip


@pytest.fixture
async def office(http: Http, make: Factory, service: Service) -> Office:
    return await Office(http, make, service).open()


async def test_a_courier_joins_in_one_request_and_holds_a_card_once_approved(office: Office) -> None:
    person, token = await office.apply()
    mine = (await office.http("GET", "/api/v1/members/me", token=token)).json
    assert (mine["name"], mine["membership"]["state"]) == ("赵*河", "applied")
    assert mine["membership"]["reviewBy"] == "2026-07-21T00:00:00+08:00"
    assert (await office.http("GET", "/api/v1/card", token=token)).code == "no_card"

    queue = (await office.http("GET", f"{STAFF}?state=applied", headers=office.headers)).json
    (row,) = queue["list"]
    assert (row["id"], row["name"], row["workerForm"], row["gigKind"]) == (person, "赵*河", "gig", "courier")
    assert "*" in row["phone"]
    assert row["isOverdue"] is False
    assert queue["total"] == 1

    decided = await office.decide(person, "approve")
    assert (decided.status, decided.json["state"], decided.json["since"]) == (201, "active", "2026-07-15")
    await office.settle()
    card = await office.http("GET", "/api/v1/card", token=token)
    assert (card.status, card.json["state"]) == (200, "active")
    assert (await office.card(person)).standing == "active"
    queue = (await office.http("GET", f"{STAFF}?state=applied", headers=office.headers)).json
    assert (queue["list"], queue["total"]) == ([], 0)


async def test_a_name_that_was_only_declared_is_checked_once_an_officer_approves(office: Office) -> None:
    person, _ = await office.apply()
    assert await office.evidence(person) == "declared", "before any worker came"
    await office.settle()
    assert await office.evidence(person) == "declared"
    assert (await office.decide(person, "approve")).status == 201
    await office.settle()
    assert await office.evidence(person) == "checked_by_officer"


async def test_a_refused_application_leaves_the_name_declared_and_an_erased_name_stands_on_nothing(
    office: Office,
) -> None:
    person, token = await office.apply()
    refused = await office.decide(person, "refuse", reason="identity_unproven")
    assert refused.status == 201, refused.body
    await office.settle()
    assert await office.evidence(person) == "declared"
    erased = await office.http("DELETE", f"/api/v1/members/me?confirm={quote('注销')}", token=token)
    assert erased.status == 200, erased.body
    assert await office.evidence(person) is None


async def test_a_guest_who_applied_sees_the_application_without_logging_in_again(office: Office) -> None:
    openid = f"new-{secrets.token_hex(8)}"
    token = (await office.make.login(openid)).json["token"]
    assert (await office.http("GET", "/api/v1/members/me", token=token)).code == "not_a_member"
    await office.send("POST", BOOK, application(office.street), token=token)
    mine = await office.http("GET", "/api/v1/members/me", token=token)
    assert mine.json["membership"]["state"] == "applied"
    withdrawn = await office.http("DELETE", f"{BOOK}/application", token=token)
    assert (withdrawn.status, withdrawn.json["state"], withdrawn.json["lastEvent"]) == (
        200,
        "refused",
        "withdraw",
    )
    again = await office.http("DELETE", f"{BOOK}/application", token=token)
    assert (again.status, again.code) == (409, "application_not_pending")


async def test_the_same_application_again_gets_the_first_answer_and_another_body_is_refused(
    office: Office,
) -> None:
    token = (await office.make.login(f"new-{secrets.token_hex(8)}")).json["token"]
    headers, body = {"Idempotency-Key": secrets.token_hex(8)}, application(office.street)
    first = await office.http("POST", BOOK, body, token=token, headers=headers)
    assert first.status == 201
    person = first.json["id"]
    await office.decide(person, "approve")
    again = await office.http("POST", BOOK, body, token=token, headers=headers)
    assert (again.status, again.body) == (201, first.body)
    other = await office.http("POST", BOOK, {**body, "gigKind": "other"}, token=token, headers=headers)
    assert (other.status, other.code) == (409, "idempotency_key_reused")
    second = await office.send("POST", BOOK, body, token=token)
    assert (second.status, second.code, second.json["details"]["state"]) == (409, "already_member", "active")
    without = await office.http("POST", BOOK, body, token=token)
    assert (without.status, without.code) == (400, "idempotency_key_required")


async def test_many_applications_of_one_person_at_once_are_one(office: Office) -> None:
    token = (await office.make.login(f"new-{secrets.token_hex(8)}")).json["token"]
    body = application(office.street)
    replies = await asyncio.gather(*(office.send("POST", BOOK, body, token=token) for _ in range(8)))
    codes = sorted(reply.status for reply in replies)
    assert codes == [201] + [409] * 7
    assert {reply.code for reply in replies if reply.status == 409} == {"application_pending"}


async def test_a_document_is_one_person_s_whoever_sends_it(office: Office) -> None:
    body = application(office.street)
    tokens = [(await office.make.login(f"new-{secrets.token_hex(8)}")).json["token"] for _ in range(6)]
    replies = await asyncio.gather(*(office.send("POST", BOOK, body, token=token) for token in tokens))
    assert [reply.status for reply in replies] == [201] * 6, "nobody learns that a document is known"
    decided = [await office.decide(reply.json["id"], "approve") for reply in replies]
    assert sorted(reply.status for reply in decided) == [201] + [409] * 5
    assert {one.code for one in decided if one.status == 409} == {"document_held_by_another"}
    other = await office.send("POST", BOOK, application(office.street), token=tokens[0])
    assert (other.status, other.code) == (409, "identity_taken"), "one person has one document"


async def test_an_imported_member_s_record_is_not_to_be_had_by_applying(
    office: Office, make: Factory
) -> None:
    number = id_number()
    imported = Particulars(name="赵小河", id_document=number, phone="13800000000")
    person = await office.world.people.register(imported)
    token = (await make.login(f"thief-{secrets.token_hex(8)}")).json["token"]
    body = application(office.street, document={"number": number})
    reply = await office.send("POST", BOOK, body, token=token)
    assert (reply.status, reply.json["state"]) == (201, "applied"), "it looks like any other application"
    assert await office.world.people.list_accounts(person) == []
    refused = await office.decide(reply.json["id"], "approve")
    assert (refused.status, refused.code) == (409, "document_held_by_another")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"document": {"number": "11010519491231002Y"}}, "id_document_wrong"),
        ({"document": {"number": "110105199002300023"}}, "id_document_wrong"),
        ({"document": {"number": id_number("20200101")}}, "too_young"),
        ({"document": PASSPORT}, "birth_date_required"),
        (
            {"document": {"number": "E12345678", "kind": "passport", "birthDate": "1990-02-30"}},
            "invalid_request",
        ),
        ({"gigKind": None}, "gig_kind_required"),
        ({"workerForm": "employed"}, "gig_kind_required"),
        ({"organisationId": "NOSUCHPLACE"}, "organisation_not_open"),
        ({"phone": "12345"}, "invalid_request"),
        ({"name": "王"}, "invalid_request"),
        ({"extra": 1}, "invalid_request"),
    ],
)
async def test_an_application_that_cannot_be_is_refused_and_leaves_nothing(
    office: Office, fields: dict[str, Any], code: str
) -> None:
    openid = f"new-{secrets.token_hex(8)}"
    token = (await office.make.login(openid)).json["token"]
    reply = await office.send("POST", BOOK, application(office.street, **fields), token=token)
    assert reply.code == code
    assert 400 <= reply.status < 500
    assert await office.world.people.find_by_openid(openid) is None


async def test_two_officers_at_once_decide_once_and_the_other_is_told_what(office: Office) -> None:
    _, second = await office.make.console("officer", office.street)
    for _ in range(4):
        person, _ = await office.apply()
        replies = await asyncio.gather(
            office.decide(person, "approve"),
            office.decide(person, "refuse", second, reason="not_eligible"),
        )
        assert sorted(reply.status for reply in replies) == [201, 409]
        winner, loser = sorted(replies, key=lambda reply: reply.status)
        assert loser.code == "application_not_pending"
        assert loser.json["details"]["state"] == winner.json["state"]
        assert loser.json["details"]["event"] == winner.json["lastEvent"]
        assert (await office.get(person)).version == 2


async def test_nobody_decides_on_the_own_application(office: Office) -> None:
    person, _ = await office.apply()
    await office.make.appoint(person, role="officer", organisation=office.district)
    reply = await office.decide(person, "approve", await office.sign_in(person))
    assert (reply.status, reply.code) == (403, "own_membership")
    assert (await office.get(person)).state == "applied"


async def test_what_is_outside_the_subtree_is_not_there(office: Office) -> None:
    person, _ = await office.apply(office.elsewhere)
    for reply in (
        await office.decide(person, "approve"),
        await office.enter(person, "leave", reason="requested"),
        await office.correct(person, number=1, validOn="2026-07-01"),
        await office.http("GET", f"{STAFF}/{person}", headers=office.headers),
        await office.decide("0" * 16, "approve"),
    ):
        assert (reply.status, reply.code) == (404, "member_not_found")
    listed = await office.http("GET", f"{STAFF}?organisation={office.elsewhere}", headers=office.headers)
    assert (listed.status, listed.code) == (404, "organisation_not_found")


async def test_a_refusal_needs_a_reason_that_the_applicant_is_told(office: Office) -> None:
    person, token = await office.apply()
    without = await office.decide(person, "refuse")
    assert (without.status, without.code) == (400, "reason_required")
    assert "identity_unproven" in without.json["details"]["allowed"]
    assert (await office.decide(person, "refuse", reason="identity_unproven")).json["state"] == "refused"
    mine = (await office.http("GET", "/api/v1/members/me", token=token)).json["membership"]
    assert (mine["state"], mine["reason"], mine["reviewBy"]) == ("refused", "identity_unproven", None)
    await office.settle()
    assert (await office.http("GET", "/api/v1/card", token=token)).code == "no_card"


async def test_a_transfer_goes_in_one_step_from_the_releasing_to_the_receiving_union(
    office: Office, clock: Clock
) -> None:
    person, token = await office.member()
    itself = await office.send("POST", f"{BOOK}/transfers", {"organisationId": office.street}, token=token)
    assert (itself.status, itself.code) == (400, "transfer_to_itself")
    await office.later(clock, 1)
    _, receiving = await office.make.console("officer", office.elsewhere)
    asked = await office.send("POST", f"{BOOK}/transfers", {"organisationId": office.elsewhere}, token=token)
    assert (asked.json["state"], asked.json["targetId"]) == ("transferring", office.elsewhere)
    second = await office.send("POST", f"{BOOK}/transfers", {"organisationId": office.city}, token=token)
    assert (second.status, second.code) == (409, "transfer_pending")

    await office.settle()
    scanner = await office.make.member(staff=True)
    card = await office.card(person)
    scan = office.make.scan(office.make.code(card).text)
    seen = await office.http("POST", "/api/v1/scans", scan, token=scanner.token)
    assert seen.json["outcome"] == "accepted", "the right goes on while the membership travels"

    coming = (await office.http("GET", f"{STAFF}?state=receiving", headers=receiving)).json
    assert [(row["id"], row["isReleased"]) for row in coming["list"]] == [(person, False)]
    early = await office.decide(person, "accept_transfer", receiving)
    assert (early.status, early.code) == (409, "transfer_not_released")
    wrong = await office.decide(person, "release", receiving)
    assert (wrong.status, wrong.code) == (403, "wrong_side_of_transfer")
    assert (await office.decide(person, "accept_transfer")).code == "wrong_side_of_transfer"
    assert (await office.decide(person, "release")).status == 201
    going = (await office.http("GET", f"{STAFF}?state=releasing", headers=office.headers)).json
    assert [(row["id"], row["isReleased"]) for row in going["list"]] == [(person, True)]

    replies = await asyncio.gather(
        office.decide(person, "accept_transfer", receiving),
        office.decide(person, "refuse_transfer", reason="incomplete"),
    )
    assert sorted(reply.status for reply in replies) == [201, 409]
    held = await office.get(person)
    assert held.state == "active"
    assert held.organisation in (office.elsewhere, office.street)
    assert held.target is None
    told = next(reply for reply in replies if reply.status == 409)
    assert told.code == "transfer_not_pending"
    await office.settle()
    assert (await office.card(person)).standing == "active"


async def test_a_member_s_years_outlive_a_transfer_and_end_with_leaving(office: Office, clock: Clock) -> None:
    person, token = await office.member()

    async def mine() -> tuple[str, str, str | None]:
        held = (await office.http("GET", "/api/v1/members/me", token=token)).json["membership"]
        return held["state"], held["since"], held["joined"]

    assert await mine() == ("active", "2026-07-15", "2026-07-15")
    await office.later(clock, 3)
    body = {"organisationId": office.elsewhere}
    assert (await office.send("POST", f"{BOOK}/transfers", body, token=token)).status == 201
    assert await mine() == ("transferring", "2026-07-18", "2026-07-15")
    assert (await office.decide(person, "release")).status == 201
    _, receiving = await office.make.console("officer", office.elsewhere)
    assert (await office.decide(person, "accept_transfer", receiving)).status == 201
    assert await mine() == ("active", "2026-07-18", "2026-07-15")
    export = await office.http("POST", "/api/v1/staff/members/exports", {}, headers=receiving)
    rows = [record.cells for record in read_records(export.body)]
    days = [rows[0].index(heading) for heading in ("起始日期", "入会日期")]
    assert ["2026-07-18", "2026-07-15"] in [[row[day] for day in days] for row in rows[1:]]
    await office.http("DELETE", f"{BOOK}/current", token=token)
    assert await mine() == ("left", "2026-07-18", None)


async def test_a_transfer_may_be_withdrawn_or_sent_back_and_the_membership_stays(office: Office) -> None:
    person, token = await office.member()
    _, receiving = await office.make.console("officer", office.elsewhere)
    body = {"organisationId": office.elsewhere}
    await office.send("POST", f"{BOOK}/transfers", body, token=token)
    gone = await office.http("DELETE", f"{BOOK}/transfers/current", token=token)
    assert (gone.json["state"], gone.json["lastEvent"]) == ("active", "withdraw_transfer")
    assert (
        await office.http("DELETE", f"{BOOK}/transfers/current", token=token)
    ).code == "transfer_not_pending"
    await office.send("POST", f"{BOOK}/transfers", body, token=token)
    back = await office.decide(person, "refuse_transfer", receiving, reason="no_such_employment")
    assert (back.status, back.json["state"], back.json["organisationId"]) == (201, "active", office.street)


async def test_an_officer_begins_a_transfer_released_and_the_residence_s_union_keeps_a_gap(
    office: Office,
) -> None:
    person, _ = await office.member()
    _, receiving = await office.make.console("officer", office.elsewhere)
    begun = await office.enter(person, "start_transfer", organisationId=office.elsewhere, ground="residence")
    assert (begun.status, begun.json["isReleased"]) == (201, True)
    kept = await office.decide(person, "accept_transfer", receiving)
    assert (kept.json["state"], kept.json["lastEvent"]) == ("active", "keep")
    assert (await office.http("GET", f"{STAFF}/{person}", headers=office.headers)).status == 404


async def test_a_gap_is_bridged_by_a_local_union_only(office: Office) -> None:
    industrial = Organisation(
        id=secrets.token_hex(8), name="测试产业工会", tree="industry", changed=office.make._clock.now()
    )
    await office.world.organisations.put(industrial)
    _, token = await office.member()
    body = {"organisationId": industrial.id, "ground": "residence"}
    reply = await office.send("POST", f"{BOOK}/transfers", body, token=token)
    assert (reply.status, reply.code) == (400, "local_union_required")


async def test_a_membership_is_retained_and_resumed_and_kept_above_when_the_employer_closes(
    office: Office,
) -> None:
    person, _ = await office.member()
    retained = await office.enter(person, "retain", reason="military")
    assert (retained.status, retained.json["state"]) == (201, "retained")
    again = await office.enter(person, "retain", reason="military")
    assert (again.status, again.code) == (409, "membership_state_conflict")
    await office.settle()
    assert (await office.card(person)).standing == "retained"
    assert (await office.enter(person, "resume")).json["state"] == "active"
    aside = await office.enter(person, "retain", reason="employer_closed", organisationId=office.elsewhere)
    assert (aside.status, aside.code) == (409, "organisation_not_open")
    above = await office.enter(person, "retain", reason="employer_closed", organisationId=office.district)
    assert (above.json["state"], above.json["organisationId"]) == ("retained", office.district)


async def test_a_member_leaves_freely_and_an_expelled_one_s_card_no_longer_counts(office: Office) -> None:
    person, token = await office.member()
    left = await office.http("DELETE", f"{BOOK}/current", token=token)
    assert (left.status, left.json["state"]) == (200, "left")
    assert (await office.http("DELETE", f"{BOOK}/current", token=token)).code == "membership_state_conflict"

    other, _ = await office.member()
    assert (await office.enter(other, "expel", reason="crime")).json["state"] == "expelled"
    await office.settle()
    scanner = await office.make.member(staff=True)
    for one in (person, other):
        scan = office.make.scan(office.make.code(await office.card(one)).text)
        seen = await office.http("POST", "/api/v1/scans", scan, token=scanner.token)
        assert (seen.json["outcome"], seen.json["reason"]) == ("refused", "member_expired")


async def test_figures_of_a_past_day_stay_as_entered_with_the_corrections_beside_them(
    office: Office, clock: Clock
) -> None:
    first, _ = await office.member()
    await office.member()
    await office.later(clock, 2)
    _, third = await office.member()
    await office.settle()
    assert await office.figures(date="2026-07-14") == (0, 0, 0, 0)
    assert await office.figures(date="2026-07-16") == (2, 0, 0, 0)
    assert await office.figures() == (3, 0, 0, 0)

    await office.later(clock, 3)  # The 20th.
    retained = await office.enter(first, "retain", reason="retired", validOn="2026-07-16")
    assert retained.status == 201
    await office.http("DELETE", f"{BOOK}/current", token=third)
    await office.settle()
    assert await office.figures(date="2026-07-16") == (2, 0, -1, 1)
    assert await office.figures(date="2026-07-16", asOf="2026-07-20") == (1, 1, 0, 0)
    assert await office.figures(date="2026-07-19") == (3, 0, -1, 1)
    assert await office.figures() == (1, 1, 0, 0)

    await office.later(clock, 1)
    file = (await office.http("GET", f"{STAFF}/{first}", headers=office.headers)).json
    assert [(entry["event"], entry["by"]) for entry in file["entries"]] == [
        ("apply", "member"),
        ("approve", "union"),
        ("retain", "union"),
    ]
    assert {entry["organisation"] for entry in file["entries"]} == {file["membership"]["organisation"]}
    assert {entry["target"] for entry in file["entries"]} == {None}
    assert (await office.correct(first, number=3, validOn="2026-07-18")).status == 201
    await office.settle()
    assert await office.figures(date="2026-07-17") == (3, 0, 0, 0)
    assert await office.figures(date="2026-07-17", asOf="2026-07-20") == (2, 1, 1, -1)
    undone = await office.correct(first, number=3, cancels=True)
    assert (undone.status, undone.json["state"]) == (201, "active")
    await office.settle()
    assert await office.figures(date="2026-07-18") == (3, 0, 0, 0)
    assert (await office.correct(first, number=3, cancels=True)).code == "entry_not_correctable"
    assert (await office.correct(first, number=2, validOn="2026-07-30")).code == "valid_day_out_of_range"


async def test_every_change_is_entered_in_the_audit_once(office: Office) -> None:
    person, _ = await office.member()
    for _ in range(2):
        await office.settle()
    page = await office.world.auditing.audit.list_page(Search(object=person), 1, 10)
    told = [(one.actor, one.details["event"], one.details["to"]) for one in reversed(page.rows)]
    assert sorted(told) == sorted(
        [
            (person, "apply", f"applied {office.street}"),
            (office.officer.person, "approve", f"active {office.street}"),
        ]
    )


async def test_the_member_is_told_the_decision(office: Office) -> None:
    decided, _ = await office.member()
    await office.settle()
    (account,) = await office.world.people.list_accounts(decided)
    assert await office.world.messages.find(f"membership_result:{decided}:2:{account}") is not None


async def test_an_expulsion_and_its_taking_back_are_reported_to_the_level_above_but_not_to_who_entered_it(
    office: Office, make: Factory
) -> None:
    own, own_headers = await make.console("officer", office.street)
    beside, _ = await make.console("officer", office.street)
    city, _ = await make.console("officer", office.city)

    async def list_told(person: str, member: str) -> list[str]:
        (account,) = await office.world.people.list_accounts(person)
        names = [f"membership_review:{member}:{number}:above:{account}" for number in (2, 3, 4)]
        return [name for name in names if await office.world.messages.find(name) is not None]

    member, _ = await office.member()
    assert (await office.enter(member, "expel", own_headers, reason="crime")).status == 201
    assert (await office.correct(member, number=3, cancels=True)).status == 201
    for _ in range(2):
        await office.settle()
    assert len(await list_told(office.officer.person, member)) == 1, "of what the street did, not of the own"
    assert [name.split(":")[2] for name in await list_told(city.person, member)] == ["4"]
    for person in (own.person, beside.person, member):
        assert await list_told(person, member) == []


async def test_the_officer_is_reminded_of_the_last_day_and_the_level_above_when_it_is_over(
    office: Office, make: Factory, clock: Clock
) -> None:
    above, _ = await make.console("officer", office.city)
    waiting, _ = await office.apply()
    decided, _ = await office.apply()

    async def reminded(person: str, waiting: str = waiting) -> tuple[bool, bool]:
        (account,) = await office.world.people.list_accounts(person)
        names = (f"membership_review:{waiting}:1:{account}", f"membership_review:{waiting}:1:late:{account}")
        first, late = [await office.world.messages.find(name) for name in names]
        return first is not None, late is not None

    officer = office.officer.person
    await office.settle()
    assert await reminded(officer) == (False, False)
    await office.later(clock, 5)
    await office.settle()
    assert (await reminded(officer), await reminded(above.person)) == ((True, False), (False, False))
    assert (await office.get(waiting)).remind == datetime(2026, 7, 21, 1, tzinfo=UTC), "nine, the day after"
    assert (await office.decide(decided, "approve")).status == 201
    queue = (await office.http("GET", f"{STAFF}?state=applied", headers=office.headers)).json
    assert [row["isOverdue"] for row in queue["list"]] == [False]
    await office.later(clock, 1)
    for _ in range(2):
        await office.settle()
    assert (await reminded(officer), await reminded(above.person)) == ((True, False), (False, True))
    assert await reminded(above.person, decided) == (False, False)
    assert (await office.get(waiting)).remind is None
    queue = (await office.http("GET", f"{STAFF}?state=applied", headers=office.headers)).json
    assert [row["isOverdue"] for row in queue["list"]] == [True]


async def test_with_nobody_above_the_same_officers_are_told_that_the_time_is_over(
    office: Office, make: Factory, clock: Clock
) -> None:
    lone = await make.organisation()
    officer, _ = await make.console("officer", lone)
    waiting, _ = await office.apply(lone)
    (account,) = await office.world.people.list_accounts(officer.person)
    await office.later(clock, 6)
    for _ in range(2):
        await office.settle()
    for name in ("1", "1:late"):
        assert await office.world.messages.find(f"membership_review:{waiting}:{name}:{account}") is not None


async def test_nobody_is_reminded_of_the_own_transfer_but_the_level_above_is(
    office: Office, make: Factory, clock: Clock
) -> None:
    above, _ = await make.console("officer", office.city)
    member = await make.member(organisation=office.street)
    await make.appoint(member.person, role="officer", organisation=office.elsewhere)
    started = {"organisationId": office.elsewhere, "ground": "change_employer"}
    reply = await office.send("POST", f"{BOOK}/transfers", started, token=member.token)
    assert reply.status == 201, reply.body
    assert (await office.decide(member.person, "release")).status == 201
    await office.later(clock, 5)
    await office.settle()
    version = (await office.get(member.person)).version
    for person, is_told in ((above.person, True), (member.person, False)):
        (account,) = await office.world.people.list_accounts(person)
        name = f"membership_review:{member.person}:{version}:{account}"
        assert (await office.world.messages.find(name) is not None) == is_told


async def test_an_organisation_is_found_by_name_place_or_code_by_whoever_logged_in(
    office: Office, http: Http, make: Factory
) -> None:
    mark = secrets.token_hex(6)
    for number in range(3):
        await office.world.organisations.put(
            Organisation(
                id=f"{mark}{number}",
                name=f"甲{mark}{'分' * number}工会",
                tree="local",
                state="closed" if number == 2 else "active",
                path=(office.city,),
                code=f"8141{mark}{number}",
                region=f"乙{mark}区",
                changed=make._clock.now(),
            )
        )
    token = await make.guest()

    async def found(query: str) -> list[str]:
        reply = await http("GET", f"/api/v1/organisations?{query}", token=token)
        return [one["id"] for one in reply.json["items"]]

    assert await found(f"name={mark}") == [f"{mark}0", f"{mark}1"]
    assert await found(f"region={mark}&limit=1") == [f"{mark}0"]
    assert await found(f"code=8141{mark}1") == [f"{mark}1"]
    assert await found("name=nosuch") == []
    empty = await http("GET", "/api/v1/organisations", token=token)
    assert (empty.status, empty.code) == (400, "search_required")
    assert (await http("GET", f"/api/v1/organisations?name={mark}")).status == 401


async def test_nobody_joins_a_closed_union(office: Office, clock: Clock) -> None:
    person, _ = await office.apply()
    closed = office.world.organisations.find(office.street)
    assert closed is not None
    await office.world.organisations.put(replace(closed, state="closed", changed=clock.now()))
    reply = await office.decide(person, "approve")
    assert (reply.status, reply.code) == (409, "organisation_not_open")


async def test_only_officers_review(office: Office, make: Factory) -> None:
    person, _ = await office.apply()
    someone: Someone
    for role in ("station_staff", "system_admin"):
        someone, headers = await make.console(role)
        assert someone.person
        for reply in (
            await office.decide(person, "approve", headers),
            await office.http("GET", STAFF, headers=headers),
            await office.http("GET", f"/api/v1/staff/organisations/{office.street}/figures", headers=headers),
        ):
            assert (reply.status, reply.code) == (403, "staff_not_allowed")
