"""A running demo and a headless browser to look at it with; skipped where there is no browser."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.screens import Screens

if TYPE_CHECKING:
    from playwright.async_api import Browser

    Launch = Callable[..., Awaitable[Browser]]

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
STOP_SECONDS = 20

# A busy machine is slow, and a test that waits on a condition loses nothing by waiting longer.
PATIENCE_MILLISECONDS = 15_000
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip
ENGINES = ("MONGODB_URI", "REDIS_URL", "WECHAT_APPID")


@pytest.fixture(scope="session")
async def launch() -> AsyncIterator["Launch"]:
    """Starts a browser, with more arguments than all have."""
    playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
    playwright.expect.set_options(timeout=PATIENCE_MILLISECONDS)
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)}")
    async with playwright.async_playwright() as driver:

        async def launch(*more: str) -> "Browser":
            return await driver.chromium.launch(executable_path=path, args=[*ARGUMENTS, *more])  # type: ignore[no-any-return]  # playwright may be absent

        yield launch


@pytest.fixture(scope="session")
async def browser(launch: "Launch") -> AsyncIterator["Browser"]:
    browser = await launch()
    yield browser
    await browser.close()


@pytest.fixture(scope="session")
async def url(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of the demo that most tests share."""
    async with open_demo(tmp_path_factory.mktemp("demo")) as url:
        yield url


@asynccontextmanager
async def open_demo(folder: Path) -> AsyncIterator[str]:
    """Run a demo in a process of its own, which is ended by its id, and give its address."""
    environment = {name: value for name, value in os.environ.items() if name not in ENGINES}
    environment |= {"PORT": "0", "DATA_DIR": str(folder / "var"), "PYTHONUNBUFFERED": "1"}
    with (folder / "log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "server",
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        yield await asyncio.wait_for(_address(server), START_SECONDS)
    finally:
        if server.returncode is None:
            server.terminate()
        await asyncio.wait_for(server.wait(), STOP_SECONDS)


async def _address(server: asyncio.subprocess.Process) -> str:
    assert server.stdout
    async for line in server.stdout:
        if found := re.search(r"(http://\S+)/demo/phone", line.decode()):
            return found[1]
    raise AssertionError("the server ended before it said where it is")


@asynccontextmanager
async def open_screens(browser: "Browser", url: str) -> AsyncIterator[Screens]:
    """Open such a browser at an address."""
    context = await browser.new_context(
        base_url=url, locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 390, "height": 844}
    )
    await context.grant_permissions(["clipboard-read", "clipboard-write", "camera", "geolocation"])
    screens = Screens(context)
    try:
        yield screens
    finally:
        screens.tell()
    await context.close()
    assert screens.problems == []


@pytest.fixture
async def screens(browser: "Browser", url: str) -> AsyncIterator[Screens]:
    """One browser with its own storage; what its console said must have been expected."""
    async with open_screens(browser, url) as screens:
        yield screens
