"""How was it: the question after a check-in by name, answered with one tap."""

from pathlib import Path

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens
from tests.browser.test_privacy import open_privacy, switch

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect


async def test_who_checked_in_by_name_is_asked_and_rates_with_one_tap(
    screens: Screens, tmp_path: Path
) -> None:
    page = await open_privacy(screens, "cleaner")
    await page.click(".tabs [data-view=stations]")
    question = page.locator("#rating-question")
    near = page.locator("#stations-list li:has(.state.open) button")
    await near.first.click()
    await expect(page.locator("#check-in-answer")).to_contain_text("没有记名")
    await expect(question).to_be_hidden()
    await page.click(".tabs [data-view=privacy]")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("已同意")
    await page.click(".tabs [data-view=stations]")
    await near.nth(1).click()
    await expect(page.locator("#check-in-answer")).to_contain_text("已记在")
    await expect(question).to_contain_text("好用吗")
    await page.click("[aria-label=打\\ 4\\ 分]")
    await expect(question).to_contain_text("谢谢，已评 4 分，七天内可以改")
    await expect(page.locator("[aria-label=打\\ 4\\ 分]")).to_have_attribute("aria-pressed", "true")
    await page.screenshot(path=str(tmp_path / "rating.png"))
    assert await complaints(screens, page) == []
    await page.click("[aria-label=打\\ 5\\ 分]")
    await expect(question).to_contain_text("已评 5 分")
    await expect(page.locator("[aria-label=打\\ 4\\ 分]")).to_have_attribute("aria-pressed", "false")
    await page.click(".tabs [data-view=privacy]")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("未同意")
