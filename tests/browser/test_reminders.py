"""Staff are asked on their phone for the messages that remind them, each by what the role gets."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import complaints
from tests.browser.screens import Screens

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.browser
expect = playwright.expect


async def test_an_officer_is_asked_until_the_next_message_is_granted(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        page = await screens.open("/demo/scanner")
        await page.click("[data-person=officer]")
        await expect(page.locator("#reminders-words")).to_contain_text("会籍审批提醒、驿站问题提醒")
        assert await complaints(screens, page) == []
        await page.click("#reminders-ask")
        await expect(page.locator("#confirm-words")).to_contain_text("会籍审批提醒")
        await page.click("#confirm-no")
        await expect(page.locator("#reminders-words")).to_contain_text("没有同意")
        await page.click("#reminders-ask")
        await page.click("#confirm-yes")
        await expect(page.locator("#reminders-words")).to_have_text("好的，下一次会用微信提醒您。")
        await expect(page.locator("#reminders-ask")).to_be_hidden()
        await page.screenshot(path=str(tmp_path / "reminders.png"))
        async with page.expect_response("**/api/v1/subscriptions") as answer:
            await page.reload()
        granted = {one["purpose"]: one["credits"] for one in (await (await answer.value).json())["items"]}
        assert (granted["membership_review"], granted["station_ticket"], granted["event_reminder"]) == (
            1,
            1,
            0,
        )
        await expect(page.locator("#desk")).to_be_visible()
        await expect(page.locator("#reminders")).to_be_hidden()


async def test_station_staff_are_asked_for_what_they_get(screens: Screens) -> None:
    page = await screens.open_scanner()
    await expect(page.locator("#reminders-words")).to_have_text("驿站问题提醒：微信每同意一次，提醒一次。")
