"""How was it: the question after a check-in by name, answered with one tap."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import complaints
from tests.browser.test_privacy import open_privacy, switch

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def check_in(page: "Page") -> None:
    """Check in at the first station, which never closes."""
    await page.click(".tabs [data-view=stations]")
    await page.locator("#stations-list li:has(.state.open) button").first.click()


async def test_who_checked_in_by_name_is_asked_and_rates_with_one_tap(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        nameless = await open_privacy(screens, "courier")
        await check_in(nameless)
        await expect(nameless.locator("#check-in-answer")).to_contain_text("没有记名")
        await expect(nameless.locator("#rating-question")).to_be_hidden()
        page = await open_privacy(screens, "cleaner")
        await switch(page, "movements").click()
        await expect(switch(page, "movements")).to_have_text("已同意")
        await check_in(page)
        await expect(page.locator("#check-in-answer")).to_contain_text("已记在")
        question = page.locator("#rating-question")
        await expect(question).to_contain_text("好用吗")
        await page.click("[aria-label=打\\ 4\\ 分]")
        await expect(question).to_contain_text("谢谢，已评 4 分，七天内可以改")
        await expect(page.locator("[aria-label=打\\ 4\\ 分]")).to_have_attribute("aria-pressed", "true")
        await page.screenshot(path=str(tmp_path / "rating.png"))
        assert await complaints(screens, page) == []
        await page.click("[aria-label=打\\ 5\\ 分]")
        await expect(question).to_contain_text("已评 5 分")
        await expect(page.locator("[aria-label=打\\ 4\\ 分]")).to_have_attribute("aria-pressed", "false")
