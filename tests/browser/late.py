"""Answers in another order than the questions were asked in: a test holds requests, and answers them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

SECONDS = 15


class Held:
    """The requests of a page to some addresses, which wait until the test answers them."""

    def __init__(self, page: "Page") -> None:
        self._page = page
        self._waiting: asyncio.Queue[Route] = asyncio.Queue()

    async def get(self) -> "Route":
        """The next request that the page made."""
        return await asyncio.wait_for(self._waiting.get(), SECONDS)

    async def answer(self, route: "Route", answer: object = None, status: int = 200) -> None:
        """Answer a request, as the server does if no answer is given; the page has dealt with it by then."""
        async with self._page.expect_response(lambda response: response.request == route.request) as answered:
            if answer is None:
                await route.continue_()
            else:
                await route.fulfill(status=status, json=answer)
        await (await answered.value).finished()
        await self._page.evaluate("new Promise((resolve) => setTimeout(resolve, 0))")

    async def keep(self, route: "Route") -> None:
        """Let a request wait."""
        self._waiting.put_nowait(route)


async def hold(page: "Page", pattern: str) -> Held:
    """Hold the requests of a page to the addresses of a pattern."""
    held = Held(page)
    await page.route(pattern, held.keep)
    return held


async def answer_late(
    asked: Held,
    earlier: Callable[[], Awaitable[object]],
    later: Callable[[], Awaitable[object]],
    *,
    with_answers: tuple[object, object],
) -> None:
    """Ask twice, and answer the later question first."""
    await earlier()
    first = await asked.get()
    await later()
    await asked.answer(await asked.get(), with_answers[1])
    await asked.answer(first, with_answers[0])
