"""Coalesced calls: each item is answered once, by a call that began after it was asked."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.coalescing import LANES, MOST, Coalesced


class Engine:
    """Answers items with their doubles, a call at a time, when a test lets it."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []
        self.turns: list[asyncio.Event] = []
        self.broken: set[int] = set()

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(tuple(items))
        self.turns.append(asyncio.Event())
        await self.turns[-1].wait()
        if self.broken & set(items):
            raise ArithmeticError(tuple(items))
        return [2 * item for item in items]

    async def alone(self, item: int) -> int:
        return (await self([item]))[0]


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def run_out(engine: Engine) -> None:
    """Let every call end, those that follow too."""
    done = 0
    while done < len(engine.turns):
        engine.turns[done].set()
        done += 1
        await settle()


async def test_whoever_finds_a_free_lane_goes_at_once_and_alone() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    asking = [asyncio.create_task(ask(item)) for item in range(LANES)]
    await settle()
    assert engine.calls == [(item,) for item in range(LANES)]
    await run_out(engine)
    assert [await one for one in asking] == [0, 2]
    later = asyncio.create_task(ask(9))
    await settle()
    assert engine.calls[-1] == (9,), "the lanes are free again"
    await run_out(engine)
    assert await later == 18


async def test_those_who_come_meanwhile_go_together_in_the_next_call() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    asking = [asyncio.create_task(ask(item)) for item in range(LANES + MOST + 5)]
    await settle()
    assert len(engine.calls) == LANES, "nobody joins a call that is under way"
    await run_out(engine)
    assert [len(call) for call in engine.calls] == [*[1] * LANES, MOST, 5]
    assert [await one for one in asking] == [2 * item for item in range(LANES + MOST + 5)]


async def test_a_call_that_hangs_holds_up_nobody_else() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    hung = asyncio.create_task(ask(0))
    others = [asyncio.create_task(ask(item)) for item in range(1, 9)]
    await settle()
    while not all(one.done() for one in others):
        for turn in engine.turns[1:]:
            turn.set()
        await settle()
    assert not hung.done()
    engine.turns[0].set()
    assert await hung == 0


async def test_a_failure_is_told_to_those_whose_call_it_was_and_to_nobody_else() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    first = [asyncio.create_task(ask(item)) for item in range(LANES + 3)]
    await settle()
    engine.broken = {LANES + 1}
    engine.turns[0].set()
    await settle()
    last = asyncio.create_task(ask(50))
    await run_out(engine)
    answers = await asyncio.gather(*first, last, return_exceptions=True)
    assert answers[:LANES] == [0, 2]
    assert all(isinstance(one, ArithmeticError) for one in answers[LANES:-1])
    assert answers[-1] == 100


async def test_a_failure_of_a_call_for_one_leaves_the_lane_free() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    engine.broken = {7}
    for _ in range(LANES + 1):
        broken = asyncio.create_task(ask(7))
        await settle()
        await run_out(engine)
        with pytest.raises(ArithmeticError):
            await broken


async def test_who_waits_no_longer_harms_nobody() -> None:
    engine = Engine()
    ask = Coalesced(engine.alone, engine)
    asking = [asyncio.create_task(ask(item)) for item in range(LANES + 3)]
    await settle()
    asking[LANES + 1].cancel()
    await settle()
    await run_out(engine)
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(answers.pop(LANES + 1), asyncio.CancelledError)
    assert answers == [0, 2, 4, 8]


@settings(deadline=None)
@given(steps=st.lists(st.one_of(st.just("ask"), st.integers(0, 30)), max_size=60))
def test_every_item_is_answered_once_by_a_call_that_began_after_it_was_asked(
    steps: list[str | int],
) -> None:
    async def live() -> None:
        engine = Engine()
        ask = Coalesced(engine.alone, engine)
        asked: list[asyncio.Task[int]] = []
        calls_before: list[int] = []
        for step in steps:
            if step == "ask":
                calls_before.append(len(engine.calls))
                asked.append(asyncio.create_task(ask(len(asked))))
            elif engine.turns:
                engine.turns[int(step) % len(engine.turns)].set()
            await settle()
        await run_out(engine)
        assert [await one for one in asked] == [2 * item for item in range(len(asked))]
        assert sorted(item for call in engine.calls for item in call) == list(range(len(asked)))
        for number, call in enumerate(engine.calls):
            assert all(calls_before[item] <= number for item in call)
            assert len(call) <= MOST

    asyncio.run(live())
