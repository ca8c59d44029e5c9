"""Consents and the messages that they allow, from the tap on the phone to the delivery."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_control import tap
from miniprogram_api.simulator_state import Fault, PlannedFault
from miniprogram_api.wechat import Release
from models.messages import GRACE, Message
from server.platform import MessageSender
from server.service import Service
from tests.factories import Clock, Factory, Http, Someone
from tests.handlers.waiting import until

PATH = "/api/v1/subscriptions"
SEND = "/cgi-bin/message/subscribe/send"
TEMPLATE = "event_reminder"
WORDS = {"thing1": "夏送清凉", "time2": "2026年7月15日 15:01", "thing3": "请带互助服务卡"}
SETTLED = {"delivered", "failed"}


@pytest.fixture
async def wechat(service: Service) -> AsyncIterator[Simulator]:
    assert service.simulator
    yield service.simulator
    service.simulator.state.faults.clear()
    service.simulator.state.clock.set_offset(timedelta())
    service.simulator.state.messages.failing_deliveries = 0


def plan(wechat: Simulator, fault: Fault, route: str = SEND, **options: Any) -> None:
    wechat.state.faults.plan(msgspec.convert({"route": route, "fault": fault, **options}, PlannedFault))


def report(*templates: str, answer: str = "accept") -> dict[str, Any]:
    answers = [{"templateId": template, "answer": answer} for template in templates]
    return {"reportId": f"popup-{secrets.token_hex(8)}", "answers": answers}


async def credits_of(http: Http, who: Someone) -> int:
    reply = await http("GET", PATH, token=who.token)
    return int(next(item["credits"] for item in reply.json["items"] if item["templateId"] == TEMPLATE))


async def queue(service: Service, who: Someone, **words: str) -> str:
    """Queue a message as later capabilities will."""
    name, world = f"test:{secrets.token_hex(8)}", service.world
    account = world.subscriptions.account_of(who.openid)
    await world.messages.queue(name, account, TEMPLATE, "pages/station/index", {**WORDS, **words})
    return name


async def wait(service: Service, name: str, *states: str) -> Message:
    def is_there(found: Message | None) -> bool:
        return found is not None and found.state in states

    found = await until(lambda: service.world.messages.find(name), is_there)
    assert found is not None
    return found


async def grant(http: Http, wechat: Simulator, who: Someone, times: int = 1) -> None:
    """Tap on the phone, which WeChat confirms by its event."""
    for number in range(1, times + 1):
        # WeChat names an event by its second: two taps of one person in it would be one.
        wechat.state.clock.set_offset(timedelta(seconds=number))
        tap(wechat.state, who.openid, {TEMPLATE: "accept"})
        await until(lambda: credits_of(http, who), lambda found, wanted=number: found == wanted)  # type: ignore[misc]  # the loop's own


def sent_to(wechat: Simulator, who: Someone) -> int:
    return sum(one.order.touser == who.openid for one in wechat.state.messages.sent)


async def test_the_templates_to_ask_for_are_listed_for_anybody(http: Http, make: Factory) -> None:
    reply = await http("GET", PATH, token=await make.guest())
    assert reply.status == 200
    first = reply.json["items"][0]
    assert first == {"templateId": TEMPLATE, "purpose": TEMPLATE, "credits": 0, "standing": False}


async def test_a_report_is_counted_once_and_wechat_s_event_adds_nothing(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    body = report(TEMPLATE, "benefit_ready")
    for _ in range(2):
        reply = await http("POST", PATH, body, token=someone.token)
        assert [item["credits"] for item in reply.json["items"]][:2] == [1, 1]
    tap(wechat.state, someone.openid, {TEMPLATE: "accept"})
    await wechat.state.pushes.wait_until_idle()
    kept = service.world.pushes._store
    await until(
        lambda: kept.list_({"kind": "subscribe_msg_popup_event"}),
        lambda found: bool(found) and all(one.due is None for one in found),
    )
    assert await credits_of(http, someone) == 1


async def test_a_report_that_makes_no_sense_is_refused(http: Http, make: Factory) -> None:
    token = (await make.member()).token
    reply = await http("POST", PATH, report("nobody-knows-it"), token=token)
    assert (reply.status, reply.code) == (400, "template_not_found")
    for body in (report(), report(*[TEMPLATE] * 6), report(TEMPLATE, answer="maybe"), {}):
        reply = await http("POST", PATH, body, token=token)
        assert (reply.status, reply.code) == (400, "invalid_request")


async def test_a_message_is_delivered_and_its_consent_used(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone)
    message = await wait(service, await queue(service, someone), "delivered")
    sent = wechat.state.messages.sent[-1]
    assert (sent.order.touser, str(sent.id)) == (someone.openid, message.wechat_id)
    assert {key: value.value for key, value in sent.order.data.items()} == WORDS
    assert (sent.order.page, sent.order.miniprogram_state) == ("pages/station/index", "formal")
    assert await credits_of(http, someone) == 0
    assert (await wait(service, await queue(service, someone), "failed")).reason == "not_granted"


async def test_a_consent_that_wechat_does_not_know_is_gone(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    for _ in range(3):
        await http("POST", PATH, report(TEMPLATE), token=someone.token)
    assert (await wait(service, await queue(service, someone), "failed")).reason == "not_granted"
    assert await credits_of(http, someone) == 0
    assert sent_to(wechat, someone) == 0


async def test_who_turns_messages_off_gets_none(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone, times=2)
    entry = {"TemplateId": TEMPLATE, "SubscribeStatusString": "reject"}
    wechat.state.messages.withdraw(someone.openid, TEMPLATE)
    wechat.state.pushes.push_event("subscribe_msg_change_event", someone.openid, {}, [entry])
    await until(lambda: credits_of(http, someone), lambda left: left == 0)


async def test_a_delivery_that_fails_later_is_seen(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone)
    wechat.state.messages.failing_deliveries = 1
    assert (await wait(service, await queue(service, someone), "failed")).reason == "not_delivered"


async def test_several_messages_to_one_person_go_one_at_a_time(
    service: Service, http: Http, make: Factory, wechat: Simulator, clock: Clock
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone, times=3)
    plan(wechat, Fault.LATENCY, seconds=0.05, times=3)
    names = [await queue(service, someone) for _ in range(3)]

    async def states() -> set[str]:
        clock.advance(seconds=1)
        return {found.state for name in names if (found := await service.world.messages.find(name))}

    assert await until(states, lambda found: found <= SETTLED) == {"delivered"}
    assert sent_to(wechat, someone) == 3


@pytest.mark.parametrize(
    ("errcode", "reason"), [(45168, "wechat_45168"), (43107, "banned"), (40037, "wechat_40037")]
)
async def test_what_wechat_refuses_is_seen_and_leaves_the_consent(
    service: Service, http: Http, make: Factory, wechat: Simulator, errcode: int, reason: str
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone)
    plan(wechat, Fault.ERRCODE, errcode=errcode)
    assert (await wait(service, await queue(service, someone), "failed")).reason == reason
    assert await credits_of(http, someone) == 1


@pytest.mark.parametrize(("errcode", "seconds"), [(43108, 1), (-1, 10), (45009, 10), (99999, 10)])
async def test_what_wechat_takes_later_is_sent_later(
    service: Service, http: Http, make: Factory, wechat: Simulator, errcode: int, seconds: int
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone)
    plan(wechat, Fault.ERRCODE, errcode=errcode)
    name = await queue(service, someone)
    message = await until(
        lambda: service.world.messages.find(name), lambda found: found is not None and bool(found.reason)
    )
    assert message is not None
    assert (message.state, sent_to(wechat, someone)) == ("queued", 0)
    make._clock.advance(seconds=seconds)
    await wait(service, name, "delivered")
    assert sent_to(wechat, someone) == 1


async def test_a_token_that_died_delays_nothing(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone)
    wechat.state.tokens.kill()
    await wait(service, await queue(service, someone), "delivered")


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.HALF_BODY, Fault.NOT_JSON, Fault.OTHER_BODY])
async def test_an_answer_that_got_lost_is_made_good_by_the_event(
    service: Service, http: Http, make: Factory, wechat: Simulator, clock: Clock, fault: Fault
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone, times=2)
    plan(wechat, fault, body="{}")
    name = await queue(service, someone)

    async def state() -> str:
        # The event may come while the sender still writes; then its next trial is due some seconds later.
        if await service.world.pushes._store.count({"due": {"$gt": clock.now()}}):
            clock.advance(seconds=1)
        found = await service.world.messages.find(name)
        return found.state if found else ""

    await until(state, lambda found: found == "delivered")
    assert sent_to(wechat, someone) == 1


async def test_a_message_of_unknown_fate_is_never_sent_again(
    service: Service, http: Http, make: Factory, wechat: Simulator, clock: Clock
) -> None:
    someone = await make.member()
    await grant(http, wechat, someone, times=2)
    plan(wechat, Fault.HTTP_502)
    name = await queue(service, someone)
    await wait(service, name, "unknown")
    clock.advance(seconds=GRACE.total_seconds())
    assert (await wait(service, name, "failed")).reason == "outcome_unknown"
    assert sent_to(wechat, someone) == 0


async def test_workers_of_several_processes_send_each_message_once(
    service: Service, http: Http, make: Factory, wechat: Simulator
) -> None:
    people = [await make.member() for _ in range(5)]
    for one in people:
        await grant(http, wechat, one)
    before = len(wechat.state.messages.sent)
    names = [await queue(service, one) for one in people]
    sender = MessageSender(service.services.wechat, Release.RELEASE)
    await asyncio.gather(*(service.world.messages.work(sender) for _ in range(4)))
    for name in names:
        await wait(service, name, "delivered")
    assert len(wechat.state.messages.sent) == before + 5


async def test_the_demo_s_phone_answers_the_popup_as_wechat_does_and_for_its_people_alone(
    http: Http, service: Service
) -> None:
    asked = {"person": "officer", "answers": {"membership_review": "accept"}}
    assert (await http("POST", "/demo/popups", asked)).status == 204
    account = service.world.subscriptions.account_of("demo-officer")

    async def granted() -> int:
        ledger = await service.world.subscriptions._store.find(f"{account}:membership_review")
        return ledger.credits if ledger else 0

    await until(granted, lambda held: held == 1)
    reply = await http("POST", "/demo/popups", {**asked, "person": "nobody"})
    assert (reply.status, reply.code) == (404, "demo_person_not_found")
