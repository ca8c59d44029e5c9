"""An officer keeps a station up in the console: which facilities work."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens
from tests.browser.test_console_stations import open_station

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def equip(page: "Page") -> None:
    """Say that the station has water and a microwave."""
    await expect(page.locator("#equipment-words")).to_have_text("没有登记设施，请先在基本资料里勾选。")
    await page.check("#facility-water")
    await page.check("#facility-microwave")
    await page.click("#record-form .primary")
    await expect(page.locator("#equipment-rows tr")).to_have_count(2)


async def test_an_officer_marks_a_broken_facility_and_everybody_sees_it(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await equip(page)
    await expect(page.locator("#since-microwave")).to_be_disabled()
    await page.fill("#count-water", "2")
    await page.select_option("#state-microwave", "broken")
    await page.fill("#since-microwave", "2099-01-01")
    screens.expect_refusals(400)
    await page.click("#equipment-form .primary")
    await expect(page.locator("#equipment-problem")).to_have_text("日期不能晚于今天")
    await page.fill("#since-microwave", "2026-07-01")
    await page.click("#equipment-form .primary")
    await expect(page.locator("#done")).to_have_text("已保存设施情况")
    await expect(page.locator("#equipment-words")).to_contain_text("对外公布：微波炉：故障。")
    assert await complaints(screens, page) == []
    public = await screens.open(await page.get_attribute("text=公开页面", "href") or "")
    await expect(public.locator(".facts .broken")).to_have_text("微波炉：故障")
    await expect(public.locator(".facts")).to_contain_text("饮水 ×2")
    assert await complaints(screens, public) == []
    await page.reload()
    await expect(page.locator("#since-microwave")).to_have_value("2026-07-01")
    await page.select_option("#state-microwave", "")
    await page.click("#equipment-form .primary")
    await expect(page.locator("#equipment-words")).not_to_contain_text("对外公布")
    await public.reload()
    await expect(public.locator(".facts .broken")).to_have_count(0)
