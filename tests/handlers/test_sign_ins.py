"""Signing in to the console with two factors, and what its cookie is worth."""

import asyncio
import base64
import io
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from msgspec import Struct
from PIL import Image

from handlers.cookies import HEADER
from models.accounts import AccountTaken
from models.appointments import Role
from models.audit import Entry, Search
from models.one_time_codes import code_at, find_step, step_at
from models.passwords import Cost, Passwords
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone

OWN_PAGE = {HEADER: "1"}
PASSWORD = "crane-brick-velvet-42"


class Officer(Struct, frozen=True):
    """Somebody with an account: the name, the authenticator's secret, the enrolment code."""

    someone: Someone
    account: str
    secret: bytes
    enrolment: str


def cookie_of(reply: Reply) -> str:
    morsel = next(iter(SimpleCookie(reply.headers["Set-Cookie"]).values()))
    return f"{morsel.key}={morsel.value}"


def own_page(cookie: str) -> dict[str, str]:
    return {**OWN_PAGE, "Cookie": cookie}


async def make_officer(make: Factory, service: Service, clock: Clock, role: Role = "officer") -> Officer:
    someone = await make.member(name="测试干部")
    await make.appoint(someone.person, role=role)
    account = f"a{someone.person.lower()}"
    issued = await service.world.console.accounts.issue(account, someone.person, "operator")
    secret = base64.b32decode(parse_qs(urlsplit(issued.uri).query)["secret"][0])
    return Officer(someone, account, secret, issued.enrolment)


async def enrol(http: Http, officer: Officer, at: datetime, **other: str) -> Reply:
    body = {
        "account": officer.account,
        "enrolment": officer.enrolment,
        "password": PASSWORD,
        "oneTimeCode": code_at(officer.secret, step_at(at)),
        **other,
    }
    return await http("POST", "/api/v1/staff/enrolments", body, headers=OWN_PAGE)


async def sign_in(http: Http, officer: Officer, at: datetime, **other: str) -> Reply:
    body = {
        "account": officer.account,
        "password": PASSWORD,
        "oneTimeCode": code_at(officer.secret, step_at(at)),
        **other,
    }
    return await http("POST", "/api/v1/staff/password-sign-ins", body, headers=OWN_PAGE)


async def entries_of(service: Service, thing: str) -> list[Entry]:
    return (await service.world.auditing.audit.list_page(Search(object=thing), 1, 100)).rows


@pytest.fixture
async def officer(make: Factory, service: Service, http: Http, clock: Clock) -> Officer:
    """An officer with an account that was taken up, five minutes ago."""
    officer = await make_officer(make, service, clock)
    assert (await enrol(http, officer, clock.now())).status == 204
    clock.advance(minutes=5)
    return officer


async def test_a_phone_confirms_a_code_and_the_page_that_asked_gets_the_session(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    officer = await make_officer(make, service, clock)
    phone = (await make.login(officer.someone.openid, staff=True)).json["token"]
    asked = (await http("POST", "/api/v1/staff/sign-ins", headers=OWN_PAGE)).json
    path = f"/api/v1/staff/sign-ins/{asked['code']}"
    secret = {"secret": asked["secret"]}

    picture = await http("GET", f"{path}/qr.png")
    read = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture.body)))
    assert [one.text for one in read] == [f"UCS{asked['code']}"]
    early = await http("POST", f"{path}/session", secret, headers=OWN_PAGE)
    assert (early.status, early.code) == (409, "sign_in_not_confirmed")

    assert (await http("GET", path)).json == {"state": "pending"}
    for _ in range(2):
        assert (await http("POST", f"{path}/confirmation", token=phone)).json == {"state": "confirmed"}
    stolen = await http("POST", f"{path}/session", {"secret": "0" * 32}, headers=OWN_PAGE)
    assert (stolen.status, stolen.code) == (404, "sign_in_not_found")

    opened = await asyncio.gather(
        *(http("POST", f"{path}/session", secret, headers=OWN_PAGE) for _ in range(5))
    )
    assert sorted(reply.status for reply in opened) == [201, 409, 409, 409, 409]
    reply = next(reply for reply in opened if reply.status == 201)
    assert (reply.json["roles"], reply.json["idleMinutes"]) == (["officer"], 30)
    current = await http("GET", "/api/v1/sessions/current", headers={"Cookie": cookie_of(reply)})
    assert current.json["kind"] == "console"
    signed_in = await entries_of(service, officer.someone.person)
    assert ("console_sign_in", "success", {"way": "phone"}) in [
        (entry.action, entry.outcome, entry.details) for entry in signed_in
    ]


async def test_a_code_is_over_after_two_minutes(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    officer = await make_officer(make, service, clock)
    phone = (await make.login(officer.someone.openid, staff=True)).json["token"]
    asked = (await http("POST", "/api/v1/staff/sign-ins", headers=OWN_PAGE)).json
    path = f"/api/v1/staff/sign-ins/{asked['code']}"
    clock.advance(minutes=2)
    for reply in (await http("GET", path), await http("POST", f"{path}/confirmation", token=phone)):
        assert (reply.status, reply.code) == (404, "sign_in_not_found")


async def test_only_staff_of_the_console_confirm_and_each_code_is_one_person_s(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    asked = (await http("POST", "/api/v1/staff/sign-ins", headers=OWN_PAGE)).json
    path = f"/api/v1/staff/sign-ins/{asked['code']}/confirmation"
    station = await make.member(staff=True)
    assert (await http("POST", path, token=station.token)).code == "staff_not_allowed"
    assert (await http("POST", path, token=(await make.member()).token)).code == "staff_not_allowed"
    officers = [await make_officer(make, service, clock) for _ in range(2)]
    first, second = [(await make.login(one.someone.openid, staff=True)).json["token"] for one in officers]
    assert (await http("POST", path, token=first)).status == 200
    assert (await http("POST", path, token=second)).code == "sign_in_taken"


async def test_password_and_one_time_code_open_a_session(
    http: Http, service: Service, officer: Officer, clock: Clock
) -> None:
    reply = await sign_in(http, officer, clock.now())
    assert reply.status == 201
    cookie = SimpleCookie(reply.headers["Set-Cookie"])["console"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    entries = await entries_of(service, officer.someone.person)
    assert {entry.action for entry in entries} >= {"account_issued", "account_enrolled", "console_sign_in"}


async def test_a_one_time_code_is_taken_once_even_by_many_at_once(
    http: Http, officer: Officer, clock: Clock
) -> None:
    replies = await asyncio.gather(*(sign_in(http, officer, clock.now()) for _ in range(4)))
    assert sorted(reply.status for reply in replies) == [201, 401, 401, 401]
    clock.advance(seconds=30)
    assert (await sign_in(http, officer, clock.now())).status == 201
    assert (await sign_in(http, officer, clock.now() - timedelta(seconds=30))).code == "sign_in_refused"


@pytest.mark.parametrize(
    "wrong",
    [{"password": "something else"}, {"oneTimeCode": "000000"}, {"account": "nobody.of.that.name"}],
)
async def test_what_is_wrong_is_not_told(
    http: Http, officer: Officer, clock: Clock, wrong: dict[str, str]
) -> None:
    reply = await sign_in(http, officer, clock.now(), **wrong)
    assert (reply.status, reply.code) == (401, "sign_in_refused")
    assert "details" not in reply.json


async def test_five_failures_lock_the_account_for_fifteen_minutes(
    http: Http, service: Service, officer: Officer, clock: Clock
) -> None:
    tries = await asyncio.gather(*(sign_in(http, officer, clock.now(), password="wrong") for _ in range(12)))
    assert sorted(reply.code for reply in tries) == ["sign_in_locked"] * 7 + ["sign_in_refused"] * 5
    reply = await sign_in(http, officer, clock.now())
    assert (reply.status, reply.code, reply.headers["Retry-After"]) == (429, "sign_in_locked", "900")
    refused = [one for one in await entries_of(service, officer.someone.person) if one.outcome == "refused"]
    assert len(refused) == 5
    clock.advance(minutes=15)
    assert (await sign_in(http, officer, clock.now())).status == 201


async def test_a_name_without_an_account_is_locked_like_any_other(
    http: Http, officer: Officer, clock: Clock
) -> None:
    name = {"account": f"x{officer.account}"}
    codes = [(await sign_in(http, officer, clock.now(), **name)).code for _ in range(6)]
    assert codes == ["sign_in_refused"] * 5 + ["sign_in_locked"]


async def test_who_succeeds_begins_anew_with_five_attempts(
    http: Http, officer: Officer, clock: Clock
) -> None:
    for _ in range(3):
        for _ in range(4):
            assert (await sign_in(http, officer, clock.now(), password="wrong")).status == 401
        clock.advance(seconds=60)
        assert (await sign_in(http, officer, clock.now())).status == 201


async def test_station_staff_have_no_console(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    officer = await make_officer(make, service, clock, role="station_staff")
    assert (await enrol(http, officer, clock.now())).status == 204
    clock.advance(minutes=1)
    reply = await sign_in(http, officer, clock.now())
    assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_an_enrolment_code_sets_one_password_once_within_a_day(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    officer = await make_officer(make, service, clock)
    assert (await sign_in(http, officer, clock.now())).code == "sign_in_refused"
    for wrong, code in (
        ({"password": "short"}, "weak_password"),
        ({"password": f"my-{officer.account}-pass"}, "weak_password"),
        ({"enrolment": "0" * 16}, "enrolment_refused"),
        ({"oneTimeCode": "000000"}, "enrolment_refused"),
    ):
        assert (await enrol(http, officer, clock.now(), **wrong)).code == code
    assert (await enrol(http, officer, clock.now())).status == 204
    assert (await enrol(http, officer, clock.now())).code == "enrolment_refused"
    late = await make_officer(make, service, clock)
    clock.advance(hours=24)
    assert (await enrol(http, late, clock.now())).code == "enrolment_refused"


async def test_an_account_issued_anew_forgets_password_and_authenticator(
    http: Http, service: Service, officer: Officer, clock: Clock
) -> None:
    accounts = service.world.console.accounts
    await accounts.issue(officer.account, officer.someone.person, "operator")
    assert (await sign_in(http, officer, clock.now())).code == "sign_in_refused"
    with pytest.raises(AccountTaken):
        await accounts.issue(officer.account, "SOMEBODYELSE0000", "operator")
    with pytest.raises(AccountTaken):
        await accounts.issue(f"second.{officer.account[:20]}", officer.someone.person, "operator")


async def test_a_console_session_ends_when_it_lies_idle_and_after_twelve_hours(
    http: Http, officer: Officer, clock: Clock
) -> None:
    async def ask(cookie: str) -> Reply:
        return await http("GET", "/api/v1/sessions/current", headers={"Cookie": cookie})

    cookie = cookie_of(await sign_in(http, officer, clock.now()))
    clock.advance(minutes=29)
    kept = await ask(cookie)
    clock.advance(minutes=2)
    again = await ask(cookie_of(kept))
    assert ((await ask(cookie)).status, again.status) == (401, 200)
    cookie = cookie_of(again)
    for _ in range(23):
        clock.advance(minutes=29)
        reply = await ask(cookie)
        assert reply.status == 200
        cookie = cookie_of(reply)
    clock.advance(minutes=29)
    assert (await ask(cookie)).code == "session_expired"


async def test_a_write_needs_the_header_that_only_our_pages_send(
    http: Http, officer: Officer, clock: Clock
) -> None:
    cookie = cookie_of(await sign_in(http, officer, clock.now()))
    forged = await http("DELETE", "/api/v1/sessions/current", headers={"Cookie": cookie})
    assert (forged.status, forged.code) == (403, "cross_site_request")
    assert (await http("GET", "/api/v1/sessions/current", headers={"Cookie": cookie})).status == 200
    ended = await http("DELETE", "/api/v1/sessions/current", headers=own_page(cookie))
    assert ended.status == 204
    assert (await http("GET", "/api/v1/sessions/current", headers={"Cookie": cookie})).status == 401


@pytest.mark.parametrize("path", ["sign-ins", "password-sign-ins", "enrolments"])
async def test_signing_in_needs_it_too(http: Http, path: str) -> None:
    bodies: dict[str, Any] = {
        "sign-ins": None,
        "password-sign-ins": {"account": "nobody", "password": "x", "oneTimeCode": "000000"},
        "enrolments": {
            "account": "nobody", "enrolment": "0" * 16, "password": "x", "oneTimeCode": "000000",
        },
    }  # fmt: skip
    reply = await http("POST", f"/api/v1/staff/{path}", bodies[path])
    assert (reply.status, reply.code) == (403, "cross_site_request")


async def test_a_cookie_s_token_is_no_bearer_token_and_the_reverse(
    http: Http, make: Factory, officer: Officer, clock: Clock
) -> None:
    cookie = cookie_of(await sign_in(http, officer, clock.now()))
    token = cookie.partition("=")[2]
    assert (await http("GET", "/api/v1/sessions/current", token=token)).status == 401
    staff = await make.member(staff=True)
    reply = await http("GET", "/api/v1/sessions/current", headers={"Cookie": f"console={staff.token}"})
    assert reply.status == 401


def test_codes_are_those_of_the_standard() -> None:
    secret = b"12345678901234567890"
    for moment, code in ((59, "94287082"), (1111111109, "07081804"), (20000000000, "65353130")):
        assert code_at(secret, moment // 30) == code[-6:]
        at = datetime.fromtimestamp(moment, tz=Clock().at.tzinfo)
        assert find_step(secret, code[-6:], at) == moment // 30
        assert find_step(secret, code[-6:], at + timedelta(seconds=60)) is None


async def test_a_kept_password_has_its_own_salt_and_keeps_its_cost() -> None:
    cheap = Passwords(Cost(log_n=4, r=8, p=1))
    kept = await cheap.keep("secret words")
    assert kept != await cheap.keep("secret words")
    assert kept.startswith("scrypt$4$8$1$")
    assert await Passwords().matches(kept, "secret words")
    assert not await cheap.matches(kept, "secret word")
    assert not await cheap.matches(None, "secret words")
