"""The access token that processes share: one renewal at a time, and what happens when it dies."""

import asyncio
from datetime import timedelta

import pytest

from miniprogram_api.errors import (
    PhoneCodeInvalid,
    SecretRefused,
    TokenRefused,
    WeChatBusy,
    WeChatError,
    WeChatMisconfigured,
    WeChatQuotaSpent,
)
from miniprogram_api.simulator_state import Fault, Kind
from miniprogram_api.wechat import PhoneNumber, WeChat
from tests.miniprogram_api.conftest import APPID, World

STABLE = "/cgi-bin/stable_token"
PHONE = "/wxa/business/getuserphonenumber"
OPENID = "oTest-li-wei"


async def ask(world: World, wechat: WeChat) -> PhoneNumber:
    """Make a call that needs a token."""
    return await wechat.get_phone_number(world.simulator.issue_code(OPENID, Kind.PHONE).code)


class Shelf:
    """A shelf whose lock another process holds for so many tries; then it puts its token there, or dies."""

    def __init__(self, held: int = 0, token: str | None = None) -> None:
        self.held = held
        self.token: str | None = None
        self.owners: list[str] = []
        self._coming = token

    async def get(self) -> str | None:
        return self.token

    async def put(self, token: str, seconds: int, /) -> None:
        self.token = token

    async def lock(self, owner: str, /) -> bool:
        self.held -= 1
        if self.held == 0:
            self.token = self._coming
        if self.held < 0:
            self.owners.append(owner)
        return self.held < 0

    async def unlock(self, owner: str, /) -> None:
        self.owners.remove(owner)


async def test_many_calls_of_three_processes_at_once_renew_the_token_once(world: World) -> None:
    processes = [world.process(sleep=asyncio.sleep) for _ in range(3)]
    await asyncio.gather(*(ask(world, processes[number % 3]) for number in range(30)))
    assert world.calls(STABLE) == 1
    assert world.calls(PHONE) == 30


async def test_a_token_is_kept_shorter_than_it_lives(world: World) -> None:
    await ask(world, world.process())
    assert 6990 <= await world.redis.ttl(f"wechat:token:{APPID}") <= 7000
    assert not await world.redis.exists(f"wechat:token:{APPID}:lock")


async def test_no_token_is_ever_forced_and_no_secret_is_in_a_query(world: World) -> None:
    wechat = world.process()
    for _ in range(3):
        await ask(world, wechat)
        world.simulator.state.tokens.kill()
    assert world.simulator.state.tokens._forced is None
    assert world.simulator.state.journal.list_secret_leaks() == []


@pytest.mark.parametrize("how", ["killed", "aged", "malformed"])
async def test_a_token_that_wechat_refuses_is_replaced_and_the_call_succeeds(world: World, how: str) -> None:
    wechat = world.process()
    await ask(world, wechat)
    if how == "killed":
        world.simulator.state.tokens.kill()
    elif how == "aged":
        world.simulator.state.clock.set_offset(timedelta(hours=3))
    else:
        await world.redis.set(f"wechat:token:{APPID}", "malformed")
    assert (await ask(world, wechat)).country == "86"
    assert world.calls(STABLE) == 2


async def test_a_token_that_another_process_renewed_is_used_without_asking(world: World) -> None:
    one, other = world.process(), world.process()
    await ask(world, one)
    dead = await world.shelf.get()
    world.simulator.state.tokens.kill()
    await ask(world, one)
    assert await other._tokens.get(dead) == await world.shelf.get() != dead
    assert world.calls(STABLE) == 2


async def test_a_token_that_is_refused_again_is_an_alarm_and_no_loop(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.plan(PHONE, Fault.ERRCODE, errcode=40001, times=10)
    with pytest.raises(TokenRefused):
        await ask(world, world.process())
    assert world.calls(PHONE) == 2
    assert "wechat_token_refused_again" in caplog.messages


async def test_without_redis_wechat_is_asked_directly(world: World) -> None:
    wechat = world.process()
    world.redis_server.connected = False
    assert (await ask(world, wechat)).country == "86"
    await ask(world, wechat)
    assert world.calls(STABLE) == 2
    world.redis_server.connected = True
    await ask(world, wechat)
    await ask(world, wechat)
    assert world.calls(STABLE) == 3


async def test_who_cannot_lock_waits_for_the_other_s_token(world: World) -> None:
    given = world.simulator.state.tokens.give_stable(forced=False).access_token
    wechat = world.process(shelf=Shelf(held=3, token=given))
    await ask(world, wechat)
    assert world.calls(STABLE) == 0


async def test_a_lock_that_lapsed_is_taken_over_and_given_back(world: World) -> None:
    shelf = Shelf(held=3)
    await ask(world, world.process(shelf=shelf))
    assert world.calls(STABLE) == 1
    assert shelf.owners == []


async def test_a_lock_is_given_back_by_its_owner_alone(world: World) -> None:
    assert await world.shelf.lock("one")
    assert not await world.shelf.lock("other")
    await world.shelf.unlock("other")
    assert not await world.shelf.lock("other")
    await world.shelf.unlock("one")
    assert await world.shelf.lock("other")


async def test_a_failed_renewal_is_heard_by_all_who_wait_and_the_next_call_tries_again(world: World) -> None:
    world.plan(STABLE, Fault.ERRCODE, errcode=45009)
    wechat = world.process()
    results = await asyncio.gather(*(ask(world, wechat) for _ in range(5)), return_exceptions=True)
    assert {type(result) for result in results} == {WeChatQuotaSpent}
    assert all(isinstance(error, WeChatError) and error.is_certain for error in results)
    assert (world.calls(STABLE), world.calls(PHONE)) == (1, 0)
    await ask(world, wechat)


async def test_a_hanging_renewal_ends_in_time_and_nothing_was_sent(world: World) -> None:
    world.plan(STABLE, Fault.HANG)
    with pytest.raises(WeChatBusy) as caught:
        await ask(world, world.process(call_seconds=0.3))
    assert caught.value.is_certain
    assert world.calls(PHONE) == 0
    await ask(world, world.process())


@pytest.mark.parametrize(("errcode", "stops"), [(40125, True), (40001, True), (40164, False), (89503, False)])
async def test_a_refused_secret_or_address_is_an_operator_s_matter(
    world: World, errcode: int, stops: bool
) -> None:
    world.plan(STABLE, Fault.ERRCODE, errcode=errcode)
    wechat = world.process()
    with pytest.raises(WeChatMisconfigured) as caught:
        await ask(world, wechat)
    assert (type(caught.value) is SecretRefused) == (errcode == 40001)
    assert wechat.misconfigured is stops
    await ask(world, wechat)
    assert not wechat.misconfigured


async def test_an_interface_that_is_not_granted_does_not_stop_logins(world: World) -> None:
    world.plan(PHONE, Fault.ERRCODE, errcode=48001)
    wechat = world.process()
    with pytest.raises(WeChatMisconfigured):
        await ask(world, wechat)
    assert not wechat.misconfigured


async def test_a_phone_code_gives_the_number_once(world: World) -> None:
    wechat = world.process()
    world.simulator.state.people.phones[OPENID] = "13912345678"
    code = world.simulator.issue_code(OPENID, Kind.PHONE).code
    assert await wechat.get_phone_number(code, OPENID) == PhoneNumber("13912345678", "86")
    with pytest.raises(PhoneCodeInvalid):
        await wechat.get_phone_number(code)


@pytest.mark.parametrize("country", ["86", 86, "+86"])
async def test_the_country_s_code_is_text_or_a_number(world: World, country: str | int) -> None:
    shown = f'"{country}"' if isinstance(country, str) else country
    body = f'{{"errcode":0,"phone_info":{{"purePhoneNumber":"13900000000","countryCode":{shown}}}}}'
    world.plan(PHONE, Fault.OTHER_BODY, body=body)
    assert await ask(world, world.process()) == PhoneNumber("13900000000", "86")


async def test_a_login_code_or_another_s_code_gives_no_number(world: World) -> None:
    wechat = world.process()
    for code, openid in (
        (world.simulator.issue_code(OPENID).code, None),
        (world.simulator.issue_code(OPENID, Kind.PHONE).code, "oOther"),
        ("made-up", None),
    ):
        with pytest.raises(PhoneCodeInvalid):
            await wechat.get_phone_number(code, openid)


async def test_busy_wechat_is_asked_for_the_number_again(world: World) -> None:
    world.plan(PHONE, Fault.BUSY, times=2)
    assert (await ask(world, world.process())).country == "86"


@pytest.mark.parametrize(
    "fault", [Fault.CUT, Fault.HALF_BODY, Fault.NOT_JSON, Fault.HTTP_502, Fault.HANG, Fault.OTHER_BODY]
)
async def test_a_broken_answer_leaves_open_what_wechat_did(world: World, fault: Fault) -> None:
    world.plan(PHONE, fault)
    with pytest.raises(WeChatBusy) as caught:
        await ask(world, world.process(call_seconds=0.5))
    assert not caught.value.is_certain
    assert world.calls(PHONE) == 1
