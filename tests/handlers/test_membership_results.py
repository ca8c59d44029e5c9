"""Results reach who asked for them: consent on the phone before the decision, the message after it."""

import secrets

import pytest

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_control import tap
from models.messages import Message
from server.service import Service
from tests.factories import Factory, Http
from tests.handlers.test_claims import Desk
from tests.handlers.test_memberships import BOOK, application
from tests.handlers.waiting import until

SUBSCRIPTIONS = "/api/v1/subscriptions"
RESULT = "membership_result"


@pytest.fixture
async def desk(http: Http, make: Factory, service: Service) -> Desk:
    desk = Desk(http, make, service)
    await desk.open()
    return desk


async def agree_on_phone(http: Http, wechat: Simulator, openid: str, token: str) -> None:
    """Tap yes in WeChat's popup, and report it as the mini program does."""
    tap(wechat.state, openid, {RESULT: "accept"})
    answers = [{"templateId": RESULT, "answer": "accept"}]
    body = {"reportId": f"popup-{secrets.token_hex(8)}", "answers": answers}
    reply = await http("POST", SUBSCRIPTIONS, body, token=token)
    assert {one["purpose"]: one["credits"] for one in reply.json["items"]}[RESULT] == 1


async def wait_for_delivery(service: Service, openid: str) -> str:
    """The words that arrived on a phone."""
    account = service.world.subscriptions.account_of(openid)

    async def delivered() -> list[Message]:
        return await service.world.messages._store.list_({"account": account, "state": "delivered"})

    assert len(await until(delivered, bool)) == 1
    assert service.simulator
    sent = [one.order for one in service.simulator.state.messages.sent if one.order.touser == openid]
    assert len(sent) == 1
    return sent[0].data["phrase2"].value


async def test_whoever_applied_and_let_wechat_tell_hears_the_decision(
    desk: Desk, http: Http, make: Factory, service: Service
) -> None:
    openid = f"new-{secrets.token_hex(8)}"
    token = (await make.login(openid)).json["token"]
    assert service.simulator
    await agree_on_phone(http, service.simulator, openid, token)
    reply = await desk.send("POST", BOOK, application(desk.street), token=token)
    assert reply.status == 201, reply.body
    assert (await desk.decide(reply.json["id"], "approve")).status == 201
    await desk.settle()
    assert await wait_for_delivery(service, openid) == "入会通过"


async def test_whose_claim_an_officer_accepts_is_told_and_whose_is_dismissed_is_not(
    desk: Desk, http: Http, service: Service
) -> None:
    assert service.simulator
    for decision in ("dismiss", "accept"):
        _, who = await desk.imported()
        phone = await desk.phone("13911112222")
        assert (await desk.claim(phone, who)).code == "claim_not_matched"
        await agree_on_phone(http, service.simulator, phone.openid, phone.token)
        [row] = await desk.waiting()
        assert (await desk.decide_claim(row["id"], decision)).status == 201
        await desk.settle()
        account = service.world.subscriptions.account_of(phone.openid)
        queued = await service.world.messages.find(f"{RESULT}:claim:{row['id']}")
        assert (queued.account if queued else None) == (account if decision == "accept" else None)
    assert await wait_for_delivery(service, phone.openid) == "认领通过"
