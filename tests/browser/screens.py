"""Pages as a test uses them: a member's phone and a scanner in one browser, and what their consoles said."""

import io
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import zxingcpp
from PIL import Image

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

logger = logging.getLogger(__name__)

REFUSED = "Failed to load resource: the server responded with a status of {}"
NOT_MODIFIED = 304
RELOADS = 20
AT_ONCE = 250
"""How long a page is waited for that says by itself all that it will ever say; milliseconds."""
DISCONNECTED = "Failed to load resource: net::ERR_"


class Screens:
    """A browser; `problems` holds errors of the consoles and of scripts that no test expected."""

    def __init__(self, context: "BrowserContext") -> None:
        self.context = context
        self.problems: list[str] = []
        self._expected: tuple[str, ...] = ()
        self._unanswered: dict[Request, str] = {}
        context.on("request", lambda request: self._unanswered.update({request: "not answered"}))
        context.on(
            "requestfailed", lambda request: self._unanswered.update({request: request.failure or "failed"})
        )
        context.on("response", self._receive)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def expect_refusals(self, *statuses: int) -> None:
        """Expect answers of these statuses, which a browser reports on its console; 0 is a lost network."""
        self._expected += tuple(REFUSED.format(status) if status else DISCONNECTED for status in statuses)

    async def open(self, path: str) -> "Page":
        """Open a page in a tab of its own."""
        page = await self.context.new_page()
        await page.goto(path)
        return page

    async def open_phone(self, person: str) -> "Page":
        """Pick a demo person on the phone's page; the card is there."""
        page = await self.open("/demo/phone")
        await page.click(f"[data-person={person}]")
        await page.locator("#card-shown").wait_for()
        return page

    async def open_scanner(self) -> "Page":
        """Sign the demo's staff in."""
        page = await self.open("/demo/scanner")
        await page.click("[data-person=staff]")
        await page.locator("#desk").wait_for()
        return page

    def tell(self) -> None:
        """Log what was refused or got no answer, for whoever reads of a test that failed."""
        for request, outcome in self._unanswered.items():
            logger.warning("%s %s: %s", request.method, request.url, outcome)

    def _receive(self, response: "Response") -> None:
        if response.ok or response.status == NOT_MODIFIED:
            self._unanswered.pop(response.request, None)
        else:
            self._unanswered[response.request] = str(response.status)

    def _hear(self, message: "ConsoleMessage") -> None:
        if message.type == "error" and not message.text.startswith(self._expected or ("\0",)):
            self.problems.append(message.text)


async def follow(page: "Page", words: str) -> None:
    """Follow a link of the console's frame; the page's scripts have run, so that its forms answer."""
    await page.click(f".links >> text={words} >> nth=0")
    await page.wait_for_load_state("load")


async def reload_until(page: "Page", expectation: Callable[[], Awaitable[None]]) -> None:
    """Load a page again until it says what was just changed: each process knows that within two seconds."""
    for _ in range(RELOADS):
        with suppress(AssertionError):
            await expectation()
            return
        await page.reload()
    await expectation()


async def read_code(page: "Page") -> str:
    """Return the code that a reader which is not ours sees on the screen; it is written there, too."""
    while True:
        await page.locator("#card-qr").scroll_into_view_if_needed()
        written = await page.inner_text("#code-text")
        picture = Image.open(io.BytesIO(await page.screenshot()))
        if written == await page.inner_text("#code-text"):
            break
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == written
    return written


async def scan(scanner: "Page", code: str) -> None:
    """Type a code as a keyboard scanner does."""
    await scanner.fill("#code", code)
    await scanner.press("#code", "Enter")
