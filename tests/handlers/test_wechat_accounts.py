"""One person under two openids of one unionid: recognised at login, forgotten with everything else."""

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from miniprogram_api.simulator import Simulator
from models.wechat_accounts import UNIONID
from server.service import Service
from tests.factories import Factory, Http, Someone
from tests.handlers.test_erasures import CONFIRMED
from tests.handlers.test_pushes import event
from tests.handlers.waiting import until


@pytest.fixture
def wechat(service: Service) -> Iterator[Simulator]:
    """The mini program is bound to an open platform account."""
    assert service.simulator
    people = service.simulator.state.people
    people.has_unionid = True
    yield service.simulator
    people.has_unionid = False
    people.unionids.clear()


def move(wechat: Simulator, someone: Someone) -> str:
    """The account's openid after a move to another AppID: another one of the same unionid."""
    openid, people = f"moved-{secrets.token_hex(8)}", wechat.state.people
    people.unionids[openid] = people.find_unionid(someone.openid) or ""
    return openid


async def kinds_of(service: Service, person: str) -> list[str]:
    found = await service.world.people._identities.list_({"person": person})
    return sorted(one.id.partition(":")[0] for one in found)


async def test_who_comes_by_another_openid_of_the_same_unionid_is_the_same_person(
    service: Service, make: Factory, http: Http, wechat: Simulator
) -> None:
    wechat.state.people.has_unionid = False
    someone = await make.member()
    wechat.state.people.has_unionid = True
    moved = move(wechat, someone)
    guest = await make.login(moved)
    assert guest.json["kind"] == "guest", "nobody is known by it before the first account has come"
    await make.login(someone.openid)
    for _ in range(2):
        reply = await make.login(moved)
        assert reply.json["kind"] == "member"
    me = await http("GET", "/api/v1/members/me", token=reply.json["token"])
    assert me.json["id"] == someone.person
    outdated = await http("GET", "/api/v1/card", token=guest.json["token"])
    assert (outdated.status, outdated.code) == (401, "session_expired")
    assert (await kinds_of(service, someone.person)).count("openid") == 2
    entries = await service.world.auditing.audit._store.list_({"object": someone.person}, sort="order")
    assert [one.action for one in entries].count("account_recognised") == 1


async def test_first_logins_at_once_give_one_person_each_account_once(
    service: Service, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    moved = move(wechat, someone)
    replies = await asyncio.gather(*(make.login(moved) for _ in range(5)))
    assert {one.json["kind"] for one in replies} == {"member"}
    kinds = await kinds_of(service, someone.person)
    assert (kinds.count("openid"), kinds.count("unionid")) == (2, 1)


async def test_nothing_is_kept_of_a_guest_s_unionid(
    service: Service, make: Factory, wechat: Simulator
) -> None:
    openid, people = f"guest-{secrets.token_hex(8)}", service.world.people
    assert (await make.login(openid)).json["kind"] == "guest"
    unionid = wechat.state.people.find_unionid(openid)
    assert unionid
    assert await people._identities.find(f"{UNIONID}{people._vault.blind('unionid', unionid)}") is None


async def test_the_unionid_follows_the_account_that_an_officer_gave_to_another_person(
    service: Service, make: Factory, wechat: Simulator
) -> None:
    someone, other = await make.member(), await make.member()
    moved = move(wechat, someone)
    await make.login(someone.openid)
    account = service.world.people.subject_of(someone.openid)
    await service.world.people._identities.change({"_id": account}, {"person": other.person})
    await make.login(someone.openid)
    await make.login(moved)
    assert await service.world.people.find_by_openid(moved) == other.person


@pytest.mark.parametrize("way", ["erasure", "withdrawal"])
async def test_neither_account_nor_unionid_finds_who_was_erased_or_withdrew_the_authorisation(
    service: Service, make: Factory, http: Http, wechat: Simulator, way: str
) -> None:
    someone = await make.member()
    moved = move(wechat, someone)
    token = (await make.login(someone.openid)).json["token"]
    if way == "erasure":
        reply = await http("DELETE", CONFIRMED, token=token)
        assert reply.status == 200, reply.body
    else:
        push = event("oPlatform", "user_authorization_revoke", OpenID=someone.openid, RevokeInfo="8")
        wechat.state.pushes.push(push)
    people = service.world.people
    await until(lambda: people.find_by_openid(someone.openid), lambda person: person is None)
    for openid in (moved, someone.openid):
        assert (await make.login(openid)).json["kind"] == "guest"
    assert "unionid" not in await kinds_of(service, someone.person)
