"""Pictures that WeChat judges: sent to the simulated one, its event through our door, the verdict kept."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from miniprogram_api.simulator import Simulator
from models.media_checks import Verdict
from server.service import Service
from tests.factories import Clock, Factory
from tests.handlers.test_pushes import event
from tests.handlers.waiting import until


@pytest.fixture
async def wechat(service: Service) -> AsyncIterator[Simulator]:
    """The service's simulated WeChat, which judges at once."""
    assert service.simulator
    state = service.simulator.state
    before, target = state.media_seconds, state.pushes._target
    state.media_seconds = 0.0
    yield service.simulator
    state.media_seconds, state.pushes._target = before, target


async def submit(service: Service, make: Factory, url: str) -> str:
    someone = await make.member()
    services = service.services
    check = await services.media_checks.submit(services.picture_judge, someone.openid, "comment", url)
    assert check is not None
    return check


@pytest.mark.parametrize("dress", ["json", "xml"])
@pytest.mark.parametrize(
    ("word", "verdict"), [("", "pass"), ("[review]", "review"), ("[risky]", "risky"), ("[lost]", "not_read")]
)
async def test_the_verdict_on_a_picture_is_kept_under_its_check(
    service: Service, make: Factory, wechat: Simulator, dress: str, word: str, verdict: Verdict
) -> None:
    pushes = wechat.state.pushes
    assert pushes._target
    assert await pushes.aim(msgspec.structs.replace(pushes._target, format=dress))
    check = await submit(service, make, f"https://x.example/{word}.jpg")
    await until(lambda: service.services.media_checks.find_verdict(check), lambda found: found == verdict)


async def test_there_is_no_verdict_before_wechat_s_event(
    service: Service, make: Factory, wechat: Simulator
) -> None:
    wechat.state.pushes._target = None
    check = await submit(service, make, "https://x.example/1.jpg")
    assert await service.services.media_checks.find_verdict(check) is None
    assert await service.services.media_checks.find_verdict("0-0-0") is None


async def test_a_verdict_that_comes_before_its_submission_s_answer_is_kept(service: Service) -> None:
    class Late:
        """Answers when the event has been worked already."""

        async def ask(self, openid: str, place: str, url: str) -> str:
            await service.world.media_checks.settle("trace-early", "risky")
            return "trace-early"

    checks = service.world.media_checks
    assert await checks.submit(Late(), "o", "comment", "https://x.example/1.jpg") == "trace-early"
    assert await checks.find_verdict("trace-early") == "risky"


async def test_the_first_verdict_counts_however_many_come_at_once(service: Service) -> None:
    checks = service.world.media_checks
    await checks.settle("trace-first", "risky")
    await asyncio.gather(*(checks.settle("trace-first", "pass") for _ in range(5)))
    assert await checks.find_verdict("trace-first") == "risky"


async def test_a_verdict_that_cannot_be_read_settles_nothing(service: Service, wechat: Simulator) -> None:
    for more in ({}, {"trace_id": "trace-odd", "errcode": "many"}):
        wechat.state.pushes.push(event("oPlatform", "wxa_media_check", **more))
    await wechat.state.pushes.wait_until_idle()
    store = service.world.pushes._store
    await until(
        lambda: store.list_({"kind": "wxa_media_check"}),
        lambda found: [push.outcome for push in found].count("unreadable") == 2,
    )
    assert await service.world.media_checks.find_verdict("trace-odd") is None


async def test_a_check_that_wechat_does_not_take_is_none(service: Service) -> None:
    class Away:
        """Takes nothing."""

        async def ask(self, openid: str, place: str, url: str) -> None:
            return None

    assert await service.world.media_checks.submit(Away(), "o", "comment", "https://x.example/1.jpg") is None


async def test_old_checks_are_removed(service: Service, clock: Clock) -> None:
    checks = service.world.media_checks
    await checks.settle("trace-old", "pass")
    clock.advance(days=31)
    await checks.forget_old()
    assert await checks.find_verdict("trace-old") is None
