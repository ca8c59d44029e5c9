"""Claiming an imported record: who proves it has it, who does not learns nothing, staff see why."""

import asyncio
import secrets
from copy import copy
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from msgspec import Struct
from msgspec.structs import replace

from miniprogram_api.simulator_state import Kind
from models.claims import ClaimNotMatched
from models.clock import local_day
from models.memberships import Membership, MembershipState
from models.people import Particulars
from models.store import Database
from server.engines import Engines
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply
from tests.handlers.test_memberships import BOOK, Headers, Office, application, id_number, random_birth
from tests.handlers.waiting import until
from tests.models import test_applications as applications

CLAIMS = "/api/v1/members/claims"
STAFF = "/api/v1/staff/claims"


class Phone(Struct, frozen=True):
    """Somebody's phone, logged in as nobody that the union knows."""

    openid: str
    token: str


class Desk(Office):
    """An office whose union has imported people."""

    def __init__(self, http: Http, make: Factory, service: Service) -> None:
        super().__init__(http, make, service)
        assert service.simulator
        self.simulator = service.simulator

    async def imported(self, organisation: str = "", name: str = "赵小河") -> tuple[str, Particulars]:
        """A person of a roster: the id, and what names them."""
        who = Particulars(
            name=name, id_document=id_number(random_birth()), phone=f"138{secrets.randbelow(10**8):08}"
        )
        person = await self.world.people.register(who)
        await self.begin_membership(person, organisation or self.street)
        return person, who

    async def begin_membership(
        self, person: str, organisation: str, state: MembershipState = "active"
    ) -> None:
        at = self.make._clock.now()
        await self.world.memberships.begin(
            Membership(person=person, organisation=organisation, state=state, since=local_day(at), entered=at)
        )

    async def phone(self, number: str) -> Phone:
        openid = f"claim-{secrets.token_hex(8)}"
        self.simulator.state.people.phones[openid] = number
        return Phone(openid, (await self.make.login(openid)).json["token"])

    async def claim(self, phone: Phone, who: Particulars, **other: Any) -> Reply:
        code = self.simulator.issue_code(phone.openid, Kind.PHONE).code
        body = {"name": who.name, "idDocument": who.id_document, "phoneCode": code, **other}
        return await self.http("POST", CLAIMS, body, token=phone.token)

    async def waiting(self, headers: Headers | None = None) -> list[dict[str, Any]]:
        reply = await self.http("GET", STAFF, headers=headers or self.headers)
        assert reply.status == 200, reply.body
        rows: list[dict[str, Any]] = reply.json["list"]
        return rows

    async def decide_claim(self, claim: str, decision: str, headers: Headers | None = None) -> Reply:
        path = f"{STAFF}/{claim}/decisions"
        return await self.http("POST", path, {"decision": decision}, headers=headers or self.headers)

    async def settle(self) -> None:
        await self.world.claiming.work()
        await super().settle()


@pytest.fixture
async def desk(http: Http, make: Factory, service: Service) -> Desk:
    desk = Desk(http, make, service)
    await desk.open()
    return desk


async def test_an_imported_person_claims_the_record_in_one_step_and_has_a_card(desk: Desk) -> None:
    person, who = await desk.imported()
    assert await desk.evidence(person) == "from_roster", "a list says so, and nobody checked it"
    phone = await desk.phone(who.phone)
    reply = await desk.claim(phone, who)
    assert (reply.status, reply.json["kind"]) == (201, "member"), reply.body
    assert await desk.evidence(person) == "phone_matched"
    token = reply.json["token"]
    mine = (await desk.http("GET", "/api/v1/members/me", token=token)).json
    assert (mine["id"], mine["name"], mine["membership"]["state"]) == (person, "赵*河", "active")

    await until(lambda: desk.http("GET", "/api/v1/card", token=token), lambda card: card.status == 200)
    again = await desk.make.login(phone.openid)
    assert (again.json["kind"], again.json["member"]["id"]) == ("member", person)
    await desk.settle()
    assert await desk.world.auditing.audit._store.find(f"claim:{person}") is not None
    held = await desk.world.claiming.claims._people.find(person)
    assert held is not None
    assert (held.state, held.evidence, held.claim, held.claiming) == ("claimed", "phone_matched", None, None)


def exported(reply: Reply) -> list[dict[str, str]]:
    assert reply.status == 200, reply.body
    found: list[dict[str, str]] = next(
        part["rows"] for part in reply.json["parts"] if part["collection"] == "claim_reviews"
    )
    return found


async def test_neither_does_the_export_tell_a_guesser_whether_the_record_exists(desk: Desk) -> None:
    _, who = await desk.imported()
    mine = await desk.phone(who.phone)
    claimed = (await desk.claim(mine, who)).json["token"]
    nobody = Particulars(name="钱大江", id_document=id_number(random_birth()), phone="")
    near, far = await desk.phone("13900000001"), await desk.phone("13900000002")
    for phone, guess in ((near, who), (far, nobody)):
        assert (await desk.claim(phone, guess)).status == 409
    export = "/api/v1/members/me/export"
    told = [exported(await desk.http("GET", export, token=phone.token)) for phone in (near, far)]
    assert told == [[], []]

    (tried,) = exported(await desk.http("GET", export, token=claimed))
    assert (tried["事项"], tried["状态"], tried["次数"]) == ("别人认领您的登记", "待核实", "1")
    assert "13900000001" not in str(tried)

    (waiting,) = await desk.waiting()
    assert (await desk.decide_claim(waiting["id"], "dismiss")).status == 201
    assert exported(await desk.http("GET", export, token=near.token)) == []


async def test_the_same_claim_again_gets_the_same_answer(desk: Desk) -> None:
    person, who = await desk.imported()
    phone = await desk.phone(who.phone)
    replies = [await desk.claim(phone, who) for _ in range(2)]
    await desk.settle()
    replies.append(await desk.claim(phone, who))
    member = Phone(phone.openid, replies[0].json["token"])
    replies.append(await desk.claim(member, who))
    assert [reply.status for reply in replies] == [201] * 4
    assert await desk.world.people.list_accounts(person)
    assert await desk.waiting() == []


async def test_whoever_does_not_match_hears_one_thing_whatever_was_wrong(desk: Desk) -> None:
    _, who = await desk.imported()
    _, other = await desk.imported()
    _, claimed = await desk.imported()
    assert (await desk.claim(await desk.phone(claimed.phone), claimed)).status == 201
    mine, stranger = await desk.phone(who.phone), await desk.phone("13900000000")
    nobody = Particulars(name="钱大江", id_document=id_number(random_birth()), phone="")
    replies = [
        await desk.claim(mine, who, name="赵大河"),
        await desk.claim(mine, who, idDocument=other.id_document),
        await desk.claim(stranger, who),
        await desk.claim(stranger, nobody),
        await desk.claim(await desk.phone(claimed.phone), claimed),
        await desk.claim(await desk.phone(other.phone), nobody),
    ]
    told = {(reply.status, reply.code, reply.json["message"], "details" in reply.json) for reply in replies}
    assert len(told) == 1
    assert replies[0].code == "claim_not_matched"


class NotedRedis(FakeAsyncRedis):
    """A Redis whose commands are noted beside the driver's calls."""

    calls: applications.Calls

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self.calls.observe(("redis", str(args[0])), 0.0)
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # The driver's.


class Counter(applications.Office):
    """An office that counts what a claim costs."""

    def __init__(self, engines: Engines, database: Database) -> None:
        noted = copy(engines)
        noted.cache = redis = NotedRedis(server=FakeServer())
        super().__init__(noted, database)
        redis.calls = self.calls

    async def imported(self) -> Particulars:
        """What names a person of a roster."""
        mark = secrets.token_hex(6)
        who = Particulars(name="赵小河", id_document=f"D-{mark}", phone=f"139-{mark}")
        person = await self.world.people.register(who)
        at = self.clock.at
        await self.world.memberships.begin(
            Membership(
                person=person, organisation=self.union, state="active", since=local_day(at), entered=at
            )
        )
        return who

    async def cost(self, guess: Particulars) -> list[list[str]]:
        """The calls of a wrong guess, and of the same one again, by an account that nobody knows."""
        account, _ = await self.greet()
        made = []
        for _ in range(2):
            with pytest.raises(ClaimNotMatched):
                await self.world.claiming.claims.claim(account, guess)
            made.append(self.calls.take())
        return made


async def test_a_wrong_guess_costs_the_same_calls_whether_the_record_exists_or_not(
    engines: Engines, database: Database
) -> None:
    office = Counter(engines, database)
    await office.open()
    claimed, who = await office.imported(), await office.imported()
    owner, _ = await office.greet()
    await office.world.claiming.claims.claim(owner, claimed)
    nobody = Particulars(name="钱大江", id_document="D-nobody", phone="139-nobody")
    of_nobody = await office.cost(nobody)
    assert "people.find_one_and_update" in of_nobody[0]
    for near in (
        replace(who, phone=nobody.phone),
        replace(who, id_document=nobody.id_document),
        replace(who, name=nobody.name),
        replace(nobody, id_document=who.id_document),
        claimed,
    ):
        assert await office.cost(near) == of_nobody


async def test_officers_of_the_record_s_union_see_why_a_claim_did_not_match_and_decide(desk: Desk) -> None:
    person, who = await desk.imported()
    phone = await desk.phone("13911112222")
    guest = await desk.http("GET", "/api/v1/card", token=phone.token)
    assert (guest.status, guest.code) == (404, "not_a_member")
    assert (await desk.claim(phone, who)).code == "claim_not_matched"
    assert (await desk.claim(phone, who)).code == "claim_not_matched"
    [row] = await desk.waiting()
    assert (row["why"], row["matched"], row["differing"], row["tries"]) == (
        "mismatch", ["name", "id_document"], ["phone"], 2,
    )  # fmt: skip
    assert (row["name"], row["claimedPhone"]) == ("赵*河", "139******22")
    assert row["evidence"] == "from_roster"
    assert who.id_document not in str(row)
    assert who.phone not in str(row)

    _, elsewhere = await desk.make.console("officer", desk.elsewhere)
    assert await desk.waiting(elsewhere) == []
    foreign = await desk.decide_claim(row["id"], "accept", elsewhere)
    assert (foreign.status, foreign.code) == (404, "claim_not_found")

    accepted = await desk.decide_claim(row["id"], "accept")
    assert (accepted.status, accepted.json["state"]) == (201, "accepted"), accepted.body
    assert accepted.json["evidence"] is None, "a decision's answer is the same however often it is sent"
    assert (await desk.decide_claim(row["id"], "accept")).status == 201
    late = await desk.decide_claim(row["id"], "dismiss")
    assert (late.status, late.code) == (409, "claim_decided")
    await desk.settle()
    outdated = await desk.http("GET", "/api/v1/card", token=phone.token)
    assert (outdated.status, outdated.code) == (401, "session_expired"), "the phone logs in anew by itself"
    token = (await desk.make.login(phone.openid)).json["token"]
    assert (await desk.http("GET", "/api/v1/members/me", token=token)).json["id"] == person
    assert (await desk.http("GET", "/api/v1/card", token=token)).status == 200
    found = await desk.world.people.find_particulars(person)
    assert found is not None
    assert found.phone == "13911112222", "the phone that WeChat vouches for is the record's from now on"
    assert await desk.evidence(person) == "checked_by_officer"
    assert await desk.waiting() == []


async def test_claims_that_wait_when_a_union_is_merged_are_its_successor_s_to_judge(
    desk: Desk, make: Factory
) -> None:
    person, who = await desk.imported(desk.street)
    phone = await desk.phone("13911116666")
    assert (await desk.claim(phone, who)).code == "claim_not_matched"
    _, city = await make.console("officer", desk.city)
    successor = await make.organisation(desk.city)
    _, theirs = await make.console("officer", successor)
    assert await desk.waiting(theirs) == []
    union = (await desk.http("GET", f"/api/v1/staff/organisations/{desk.street}", headers=city)).json
    body = {
        "kind": "merge",
        "target": successor,
        "reason": "unit_merged",
        "version": union["version"],
    }
    path = f"/api/v1/staff/organisations/{desk.street}/reorganisations"
    merged = await desk.send("POST", path, body, headers=city)
    assert merged.status == 201, merged.body
    [row] = await desk.waiting(theirs)
    assert row["why"] == "mismatch"
    assert row["organisation"] == desk.world.organisations.get_name(successor)
    assert await desk.waiting() == [], "the former district has nothing to do with it any more"
    assert (await desk.decide_claim(row["id"], "accept", theirs)).status == 201
    await desk.settle()
    known = (await make.login(phone.openid)).json["member"]
    assert known["id"] == person


async def test_a_dismissed_claim_leaves_the_record_to_its_owner(desk: Desk) -> None:
    _, who = await desk.imported()
    stranger = await desk.phone("13911113333")
    await desk.claim(stranger, who)
    [row] = await desk.waiting()
    assert (await desk.decide_claim(row["id"], "dismiss")).json["state"] == "dismissed"
    await desk.claim(stranger, who)
    await desk.settle()
    assert await desk.waiting() == []
    assert (await desk.claim(await desk.phone(who.phone), who)).status == 201


async def test_five_wrong_guesses_lock_a_record_for_an_hour_and_nobody_is_told(
    desk: Desk, clock: Clock
) -> None:
    _, who = await desk.imported()
    for _ in range(5):
        wrong = await desk.claim(await desk.phone(f"139{secrets.randbelow(10**8):08}"), who)
        assert wrong.code == "claim_not_matched"
    owner = await desk.phone(who.phone)
    assert (await desk.claim(owner, who)).code == "claim_not_matched"
    assert "too_many_tries" in {row["why"] for row in await desk.waiting()}
    clock.advance(minutes=61)
    assert (await desk.claim(owner, who)).status == 201


async def test_one_account_guesses_ten_times_an_hour(desk: Desk) -> None:
    _, who = await desk.imported()
    phone = await desk.phone(who.phone)
    replies = [await desk.claim(phone, who, idDocument=id_number(random_birth())) for _ in range(11)]
    assert [reply.status for reply in replies] == [409] * 10 + [429]
    assert replies[-1].headers["Retry-After"]


async def test_guesses_at_once_are_as_few_as_one_after_the_other_and_all_counted(desk: Desk) -> None:
    person, who = await desk.imported()
    phone = await desk.phone(who.phone)
    guesses = [id_number(random_birth()) for _ in range(25)]
    replies = await asyncio.gather(*(desk.claim(phone, who, idDocument=guess) for guess in guesses))
    assert sorted(reply.status for reply in replies) == [409] * 10 + [429] * 15
    kept = await desk.world.claiming.claims._people.find(person)
    assert kept is not None
    assert kept.tries == 10
    assert (await desk.claim(await desk.phone(who.phone), who)).code == "claim_not_matched", "locked"


async def test_of_two_accounts_at_once_one_has_the_record(desk: Desk) -> None:
    person, who = await desk.imported()
    phones = [await desk.phone(who.phone) for _ in range(6)]
    replies = await asyncio.gather(*(desk.claim(phone, who) for phone in phones))
    assert sorted(reply.status for reply in replies) == [201] + [409] * 5
    await desk.settle()
    assert len(await desk.world.people.list_accounts(person)) == 1


async def test_an_account_that_is_known_gives_the_record_back_and_staff_are_told(desk: Desk) -> None:
    person, who = await desk.imported()
    phone = await desk.phone(who.phone)
    joined = await desk.send("POST", BOOK, application(desk.street), token=phone.token)
    assert joined.status == 201
    assert (await desk.claim(phone, who)).code == "claim_not_matched"
    [row] = await desk.waiting()
    assert (row["why"], row["differing"]) == ("account_known", [])
    assert await desk.evidence(person) == "from_roster", "as before the claim"
    assert (await desk.claim(await desk.phone(who.phone), who)).status == 201, "the owner can still have it"


async def test_an_application_with_a_registered_document_goes_to_staff_who_bind_the_account(
    desk: Desk,
) -> None:
    person, who = await desk.imported(desk.street)
    phone = await desk.phone("13911114444")
    fields = {"name": who.name, "document": {"number": who.id_document}, "phone": "13911114444"}
    applied = await desk.send("POST", BOOK, application(desk.elsewhere, **fields), token=phone.token)
    assert (applied.status, applied.json["state"]) == (201, "applied")
    await desk.settle()
    [row] = await desk.waiting()
    assert (row["why"], row["matched"]) == ("application", ["name", "id_document"])
    assert (await desk.decide_claim(row["id"], "accept")).status == 201
    await desk.settle()
    known = (await desk.make.login(phone.openid)).json["member"]
    assert (known["id"], known["membership"]["state"]) == (person, "active")
    found = await desk.world.people.find_particulars(person)
    assert found is not None
    assert found.phone == who.phone, "an applicant's phone is only said, not proven"


async def test_an_officer_does_not_decide_on_a_claim_of_the_own_record(desk: Desk) -> None:
    person, who = await desk.imported(desk.street)
    await desk.claim(await desk.phone("13911115555"), who)
    [row] = await desk.waiting()
    await desk.make.appoint(person, role="officer", organisation=desk.district)
    own = await desk.sign_in(person)
    [seen] = await desk.waiting(own)
    assert seen["isOwn"]
    reply = await desk.decide_claim(row["id"], "accept", own)
    assert (reply.status, reply.code) == (403, "own_membership")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"phoneCode": "no-such-code"}, 400, "phone_code_invalid"),
        ({"idDocument": "410105199001010000"}, 400, "id_document_wrong"),
        ({"idDocument": "E12345678", "kind": "resident"}, 400, "id_document_wrong"),
        ({"name": "赵"}, 400, "invalid_request"),
        ({"phoneCode": ""}, 400, "invalid_request"),
    ],
)
async def test_what_cannot_be_a_claim_is_refused_before_anybody_is_looked_for(
    desk: Desk, fields: dict[str, str], status: int, code: str
) -> None:
    _, who = await desk.imported()
    reply = await desk.claim(await desk.phone(who.phone), who, **fields)
    assert (reply.status, reply.code) == (status, code)


async def test_what_came_near_no_record_is_forgotten_after_a_day_and_says_nothing(
    desk: Desk, clock: Clock
) -> None:
    nobody = Particulars(name="钱大江", id_document=id_number(random_birth()), phone="13911116666")
    await desk.claim(await desk.phone(nobody.phone), nobody)
    store = desk.world.claiming.reviews._store
    kept = await store.list_({"state": "unmatched"}, sort="last")
    assert kept
    assert {desk.world.claiming.reviews.open(one).name for one in kept} == {""}
    clock.advance(days=2)
    await desk.world.claiming.reviews.forget_old()
    assert await store.list_({"state": "unmatched"}, sort="last") == []
