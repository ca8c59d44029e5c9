"""Calls that come while others are under way go together in the next: group commit, and its like for reads.

One driver call for many costs little more than one for one. Whoever comes to a free lane goes at once and
alone, as without this; a call never takes in anybody who came after it began, so that a read sees what was
written before it was asked for, and what is acknowledged is written.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")

# More than one, so that a call that hangs until its timeout holds up nobody else.
LANES = 2
MOST = 100


class Coalesced(Generic[A, B]):
    """A call for one item, or for many: `together` answers each, in their order, as `alone` answers one.

    What a call raises is raised to each of those whose call it was.
    """

    def __init__(
        self,
        alone: Callable[[A], Awaitable[B]],
        together: Callable[[Sequence[A]], Awaitable[Sequence[B]]],
    ) -> None:
        self._alone = alone
        self._together = together
        self._waiting: deque[tuple[A, asyncio.Future[B]]] = deque()
        self._under_way = 0
        # Held, since a task that nobody holds may be collected before it ends.
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: A) -> B:
        """Return the answer for one."""
        if self._under_way >= LANES:
            turn: asyncio.Future[B] = asyncio.get_running_loop().create_future()
            self._waiting.append((item, turn))
            return await turn
        self._under_way += 1
        try:
            return await self._alone(item)
        finally:
            self._hand_on()

    def _hand_on(self) -> None:
        """Give a lane that is free again to those who wait."""
        if not self._waiting:
            self._under_way -= 1
            return
        turns = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        task = asyncio.create_task(self._answer(turns))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, turns: Sequence[tuple[A, "asyncio.Future[B]"]]) -> None:
        try:
            items = [item for item, _ in turns]
            answers = [await self._alone(items[0])] if len(items) == 1 else await self._together(items)
            for (_, turn), answer in zip(turns, answers, strict=True):
                if not turn.done():
                    turn.set_result(answer)
        except Exception as error:  # Whatever it was is for those who wait, each of whom raises it.
            for _, turn in turns:
                if not turn.done():
                    turn.set_exception(error)
        finally:
            self._hand_on()
