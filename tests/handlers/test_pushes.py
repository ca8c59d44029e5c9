"""WeChat's pushes through the real door: kept once, answered at once, worked, obeyed."""

import secrets
from collections.abc import AsyncIterator

import msgspec
import pytest
from msgspec.structs import replace

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_control import tap
from miniprogram_api.simulator_pushes import Push, Target
from models.vault import Vault
from server.service import Service
from tests.factories import Factory, Http, Someone
from tests.handlers.waiting import until

TEMPLATE = "event_reminder"


@pytest.fixture
async def wechat(service: Service) -> AsyncIterator[Simulator]:
    """The service's simulated WeChat, pushing encrypted JSON, whatever a test made of it."""
    assert service.simulator
    target = service.simulator.state.pushes._target
    yield service.simulator
    service.simulator.state.pushes._target = target


def event(openid: str, kind: str, **more: str | int) -> Push:
    """An event about somebody, one of its kind."""
    mark = secrets.randbelow(10**9)
    return Push({"ToUserName": "gh_1", "FromUserName": openid, "CreateTime": mark, "MsgType": "event",
                 "Event": kind, **more})  # fmt: skip


async def credits_of(http: Http, token: str) -> int:
    reply = await http("GET", "/api/v1/subscriptions", token=token)
    return int(next(item["credits"] for item in reply.json["items"] if item["purpose"] == TEMPLATE))


@pytest.mark.parametrize("mode", ["safe", "mixed"])
@pytest.mark.parametrize("dress", ["json", "xml"])
async def test_an_event_is_taken_in_every_dress_and_worked(
    http: Http, make: Factory, wechat: Simulator, mode: str, dress: str
) -> None:
    someone = await make.member()
    pushes = wechat.state.pushes
    assert pushes._target
    changed = msgspec.structs.replace(pushes._target, mode=mode, format=dress)
    assert await pushes.aim(changed)
    tap(wechat.state, someone.openid, {TEMPLATE: "accept"})
    await pushes.wait_until_idle()
    assert (pushes.deliveries[-1].taken, pushes.deliveries[-1].tries) == (True, 1)
    await until(lambda: credits_of(http, someone.token), lambda left: left == 1)


async def test_a_repeated_push_is_kept_once(service: Service, make: Factory, wechat: Simulator) -> None:
    kind = f"repeated_{secrets.token_hex(4)}"
    push = event("oSomebody", kind)
    for _ in range(3):
        wechat.state.pushes.push(push)
    wechat.state.pushes.push(event("oSomebody", kind))
    await wechat.state.pushes.wait_until_idle()
    assert all(delivery.taken for delivery in wechat.state.pushes.deliveries[-4:])
    assert await service.world.pushes.count(kind) == 2


async def test_an_event_that_nobody_knows_is_kept_sealed_and_done_with(
    service: Service, wechat: Simulator
) -> None:
    kind = f"unknown_{secrets.token_hex(4)}"
    wechat.state.pushes.push(event("oVerySecretOpenid", kind))
    await wechat.state.pushes.wait_until_idle()
    store = service.world.pushes._store
    (kept,) = await until(
        lambda: store.list_({"kind": kind}), lambda found: bool(found) and found[0].due is None
    )
    assert kept.outcome == "not_used"
    raw = await store._documents.find_one({"_id": kept.id})
    assert "oVerySecretOpenid" not in str(raw)


@pytest.mark.parametrize("kind", ["user_authorization_revoke", "user_authorization_cancellation"])
async def test_who_withdraws_the_authorisation_is_forgotten(
    service: Service, http: Http, make: Factory, wechat: Simulator, kind: str
) -> None:
    someone, other = await make.member(), await make.member()
    for one in (someone, other):
        tap(wechat.state, one.openid, {TEMPLATE: "accept"})
        await until(lambda token=one.token: credits_of(http, token), lambda left: left == 1)  # type: ignore[misc]  # the loop's own
    subject = service.world.people.subject_of(someone.openid)
    consents = service.world.privacy.consents._store
    first = await consents.find(f"{someone.person}:notice")
    assert first is not None
    await consents.insert(replace(first, id=f"{subject}:notice", subject=subject))
    wechat.state.pushes.push(event("oPlatform", kind, OpenID=someone.openid, RevokeInfo="8"))

    async def status(one: Someone) -> int:
        return (await http("GET", "/api/v1/sessions/current", token=one.token)).status

    await until(lambda: status(someone), lambda status: status == 401)
    account = service.world.subscriptions.account_of(someone.openid)
    ledgers = service.world.subscriptions._store
    await until(lambda: ledgers.list_({"account": account}), lambda found: not found)
    await until(lambda: service.world.people.find_by_openid(someone.openid), lambda person: person is None)
    assert await consents.list_({"subject": subject}) == []
    again = await make.login(someone.openid)
    assert (again.status, again.json["kind"]) == (201, "guest")
    assert await status(other) == 200
    assert await credits_of(http, other.token) == 1


async def test_a_withdrawal_from_another_app_is_not_obeyed(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    push = event("oPlatform", "user_authorization_revoke", OpenID=someone.openid, AppID="wx-other")
    wechat.state.pushes.push(push)
    await wechat.state.pushes.wait_until_idle()
    store = service.world.pushes._store
    await until(
        lambda: store.list_({"kind": "user_authorization_revoke"}),
        lambda found: all(one.due is None for one in found),
    )
    assert (await http("GET", "/api/v1/sessions/current", token=someone.token)).status == 200


async def test_a_push_that_is_not_wechat_s_is_refused(http: Http) -> None:
    for query in (
        "timestamp=1784088005&nonce=1",
        f"timestamp=1784088005&nonce=1&signature={'0' * 40}&msg_signature={'0' * 40}&new_in_2027=1",
    ):
        for raw in (b"{}", b"<xml/>", b'{"Encrypt":"AAAA"}', b"", b"\xff"):
            reply = await http("POST", f"/wechat/push?{query}", raw=raw, headers={"Content-Type": "text/xml"})
            assert (reply.status, reply.code) == (403, "push_refused")
    reply = await http("GET", f"/wechat/push?timestamp=1784088005&nonce=1&signature={'0' * 40}&echostr=1")
    assert (reply.status, reply.code) == (403, "push_refused")
    reply = await http("POST", "/wechat/push", raw=b"{}")
    assert (reply.status, reply.code) == (400, "invalid_request")


async def test_a_push_is_refused_once_it_is_old(http: Http, wechat: Simulator, make: Factory) -> None:
    pushes = wechat.state.pushes
    wechat.state.clock.set_offset(-make._clock.at.resolution * 301 * 10**6)
    try:
        assert isinstance(pushes._target, Target)
        assert not await pushes.aim(pushes._target)
    finally:
        wechat.state.clock.set_offset(make._clock.at.resolution * 0)


async def test_old_pushes_are_removed(service: Service, wechat: Simulator, make: Factory) -> None:
    kind = f"old_{secrets.token_hex(4)}"
    wechat.state.pushes.push(event("oSomebody", kind))
    await wechat.state.pushes.wait_until_idle()
    make._clock.advance(days=31)
    await service.world.pushes.forget_old()
    assert await service.world.pushes.count(kind) == 0


def test_a_push_s_name_says_nothing_of_its_person() -> None:
    vault = Vault({"1": b"k" * 32}, b"i" * 32)
    assert "oLi" not in vault.blind("push", "event:oLi:1:x:0")
