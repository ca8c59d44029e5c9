"""WeChat on texts and pictures: what is refused, what waits for an officer, who must log in again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from miniprogram_api.errors import WriterNotSeen
from miniprogram_api.simulator import Simulator
from miniprogram_api.simulator_state import Fault, PlannedFault
from miniprogram_api.wechat import WeChat
from models.text_checks import OVERLAP, PIECE, TextNotAllowed, decide, judge_text, pieces
from server.platform import PictureChecker, TextChecker

ROUTE = "/wxa/msg_sec_check"
PICTURE_ROUTE = "/wxa/media_check_async"
OPENID = "oTest-li-wei"


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator("wx1234567890abcdef", "secret")
    simulator.state.people.session_key(OPENID)
    yield simulator
    await simulator.close()


@pytest.fixture
async def wechat(simulator: Simulator) -> AsyncIterator[WeChat]:
    wechat = WeChat(simulator.listen(), simulator.state.appid, "secret", call_seconds=0.5)
    yield wechat
    wechat.close()


@pytest.fixture
def checker(wechat: WeChat) -> TextChecker:
    return TextChecker(wechat)


def plan(simulator: Simulator, fault: Fault, route: str = ROUTE, **options: Any) -> None:
    order = {"route": route, "fault": fault, **options}
    simulator.state.faults.plan(msgspec.convert(order, PlannedFault))


@pytest.mark.parametrize(("text", "decision"), [("门锁坏了", "publish"), ("门锁[review]坏了", "hold")])
async def test_a_text_is_published_or_held(checker: TextChecker, text: str, decision: str) -> None:
    assert await judge_text(checker, OPENID, "comment", text) == decision


@pytest.mark.parametrize("text", ["[risky]", "好" * (PIECE - 3) + "[risky]" + "好" * PIECE])
async def test_a_risky_text_is_refused_wherever_it_is_risky(checker: TextChecker, text: str) -> None:
    with pytest.raises(TextNotAllowed):
        await judge_text(checker, OPENID, "forum", text)


@pytest.mark.parametrize(
    "fault", [Fault.HANG, Fault.CUT, Fault.HTTP_502, Fault.NOT_JSON, Fault.ERRCODE, Fault.OTHER_BODY]
)
async def test_a_text_that_wechat_did_not_judge_waits_for_an_officer(
    simulator: Simulator, checker: TextChecker, fault: Fault
) -> None:
    plan(simulator, fault, errcode=48001, body='{"errcode":0,"result":{"suggest":"unheard-of","label":1}}')
    assert await judge_text(checker, OPENID, "log", "门锁坏了") == "hold"


async def test_a_writer_who_was_away_for_two_hours_is_asked_to_log_in(
    simulator: Simulator, checker: TextChecker
) -> None:
    simulator.state.clock.set_offset(timedelta(hours=2, seconds=1))
    with pytest.raises(WriterNotSeen):
        await judge_text(checker, OPENID, "profile", "门锁坏了")
    simulator.state.people.session_key(OPENID)
    assert await judge_text(checker, OPENID, "profile", "门锁坏了") == "publish"


@pytest.mark.parametrize("length", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_pieces_are_of_a_size_that_wechat_takes_and_miss_nothing(length: int) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(length))
    found = list(pieces(text))
    assert all(len(piece) <= PIECE for piece in found)
    assert found[0] + "".join(piece[OVERLAP:] for piece in found[1:]) == text


def test_one_doubt_is_enough_to_hold_a_text() -> None:
    assert decide(["pass", "pass"]) == "publish"
    assert decide(["pass", None]) == "hold"
    assert decide(["pass", "review"]) == "hold"
    with pytest.raises(TextNotAllowed):
        decide([None, "review", "risky"])


async def test_a_picture_is_sent_to_wechat_under_a_trace_of_its_own(
    simulator: Simulator, wechat: WeChat
) -> None:
    pictures = PictureChecker(wechat)
    traces = {await pictures.ask(OPENID, "comment", f"https://x.example/{each}.jpg") for each in range(3)}
    assert len(traces - {None}) == 3
    calls = [call for call in simulator.state.journal.list_calls() if call.path == PICTURE_ROUTE]
    assert len(calls) == 3
    assert simulator.state.journal.list_secret_leaks() == []


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.CUT, Fault.HTTP_502, Fault.NOT_JSON, Fault.OTHER_BODY])
async def test_a_picture_that_wechat_does_not_take_has_no_trace(
    simulator: Simulator, wechat: WeChat, fault: Fault
) -> None:
    plan(simulator, fault, PICTURE_ROUTE, times=3, body='{"errcode":0,"trace_id":""}')
    assert await PictureChecker(wechat).ask(OPENID, "comment", "https://x.example/1.jpg") is None


async def test_who_sends_a_picture_must_have_been_there_too(simulator: Simulator, wechat: WeChat) -> None:
    simulator.state.clock.set_offset(timedelta(hours=2, seconds=1))
    with pytest.raises(WriterNotSeen):
        await PictureChecker(wechat).ask(OPENID, "comment", "https://x.example/1.jpg")
