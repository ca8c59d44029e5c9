"""Erasure: nothing that names the person stays anywhere; the ledgers stay; a crash is made good."""

import asyncio
import secrets
from urllib.parse import quote

from msgspec.structs import replace

from models.audit import Search
from models.erasures import SETTLING
from models.vault import Vault
from server.service import Service
from tests.factories import Clock, Factory, Http, Reply, Someone
from tests.handlers.test_exports import live
from tests.traces import find_traces, marks_of

PATH = "/api/v1/members/me"
CONFIRMED = f"{PATH}?confirm={quote('注销')}"


async def marks(service: Service, someone: Someone) -> set[str]:
    who = await service.world.people.find_particulars(someone.person)
    assert who is not None
    return marks_of(replace(who, openid=someone.openid), vault_of(service))


def vault_of(service: Service) -> Vault:
    return service.world.privacy.erasures.steps._basis.vault


async def traces(service: Service, marks: set[str]) -> list[str]:
    database = service.world.stores[0]._documents.database
    return await find_traces(database, vault_of(service), marks)


async def test_without_the_word_nothing_happens_and_it_is_said_what_would(http: Http, make: Factory) -> None:
    someone = await make.member()
    for path in (PATH, f"{PATH}?confirm=yes"):
        reply = await http("DELETE", path, token=someone.token)
        assert (reply.status, reply.code) == (409, "erasure_not_confirmed")
        assert reply.json["details"]["word"] == "注销"
        assert reply.json["details"]["destroyed"]
    assert (await http("GET", PATH, token=someone.token)).status == 200


async def test_after_an_erasure_nothing_anywhere_names_the_person(
    http: Http, make: Factory, service: Service, clock: Clock
) -> None:
    someone = await live(http, make, service)
    names = await marks(service, someone)
    assert len(set(await traces(service, names))) > 5
    reply = await http("DELETE", CONFIRMED, token=someone.token)
    assert reply.status == 200
    assert reply.json["erasedAt"] == "2026-07-15T12:00:05+08:00"
    # A worker that held the card meanwhile may write its masked name once more.
    assert set(await traces(service, names)) <= {"cards.holder"}
    await service.world.membership_book.effects.work()
    clock.advance(seconds=SETTLING.total_seconds())
    await service.world.privacy.erasures.work()
    assert await traces(service, names) == []


async def test_the_ledgers_stay_under_the_pseudonym(http: Http, make: Factory, service: Service) -> None:
    someone = await live(http, make, service)
    await http("DELETE", CONFIRMED, token=someone.token)
    world = service.world
    membership = await world.memberships.find(someone.person)
    assert membership is not None
    assert membership.state == "left"
    card = await world.cards.get_of(someone.person)
    assert (card.state, world.cards.get_holder(card)) == ("revoked", "已注销")
    assert all(one.revoked for one in card.prints.values())
    assert len(await world.scans.list_of(someone.person, None, 10)) == 1
    assert await world.privacy.consents.has_consent(someone.person, "movements")
    found = await world.auditing.audit.list_page(Search(object=someone.person), 1, 50)
    assert "person_erased" in {one.action for one in found.rows}
    assert await world.people.get_name(someone.person) is None


async def test_whoever_was_erased_is_a_stranger_and_may_join_anew(
    http: Http, make: Factory, service: Service
) -> None:
    someone = await make.member()
    await http("DELETE", CONFIRMED, token=someone.token)
    gone = await http("GET", PATH, token=someone.token)
    assert (gone.status, gone.code) == (401, "session_expired")
    again = await make.login(someone.openid, agrees=False)
    assert again.json["kind"] == "guest"
    reply = await http("GET", PATH, token=again.json["token"])
    assert (reply.status, reply.code) == (404, "not_a_member")


async def test_an_old_card_is_refused_after_an_erasure(http: Http, make: Factory) -> None:
    someone, staff = await make.member(), await make.member(staff=True)
    code = make.code(someone.card).text
    await http("DELETE", CONFIRMED, token=someone.token)
    reply = await http("POST", "/api/v1/scans", make.scan(code), token=staff.token)
    assert (reply.json["outcome"], reply.json["reason"]) == ("refused", "revoked")


async def test_whoever_acts_for_the_union_hands_that_over_first(http: Http, make: Factory) -> None:
    staff = await make.member(staff=True)
    reply = await http("DELETE", CONFIRMED, token=staff.token)
    assert (reply.status, reply.code) == (409, "holds_appointment")


async def test_a_stranger_is_erased_too(http: Http, make: Factory, service: Service) -> None:
    openid = f"guest-{secrets.token_hex(8)}"
    token = (await make.login(openid)).json["token"]
    await http("DELETE", "/api/v1/sessions/current", token=(await make.login(openid)).json["token"])
    assert (await http("DELETE", CONFIRMED, token=token)).status == 200
    blind = service.world.subscriptions.account_of(openid)
    assert await traces(service, {openid, blind}) == []


async def test_two_at_once_are_one_erasure(http: Http, make: Factory, service: Service) -> None:
    someone = await make.member()
    replies: list[Reply] = await asyncio.gather(
        *(http("DELETE", CONFIRMED, token=someone.token) for _ in range(4))
    )
    assert 200 in {reply.status for reply in replies}
    assert {reply.status for reply in replies} <= {200, 401}
    found = await service.world.auditing.audit.list_page(Search(object=someone.person), 1, 50)
    assert [one.action for one in found.rows].count("person_erased") == 1
