"""An officer keeps a station up in the console: which facilities work, what is used up."""

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import AT_ONCE, Screens, follow, reload_until
from tests.browser.test_console_stations import open_station
from tests.browser.test_kiosk import ask

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
    broken = expect(public.locator(".facts .broken"))
    await reload_until(public, lambda: broken.to_have_text("微波炉：故障", timeout=AT_ONCE))
    await expect(public.locator(".facts")).to_contain_text("饮水 ×2")
    assert await complaints(screens, public) == []
    await page.reload()
    await expect(page.locator("#since-microwave")).to_have_value("2026-07-01")
    await page.select_option("#state-microwave", "")
    await page.click("#equipment-form .primary")
    await expect(page.locator("#equipment-words")).not_to_contain_text("对外公布")
    await public.reload()
    await reload_until(public, lambda: broken.to_have_count(0, timeout=AT_ONCE))


async def test_an_officer_keeps_the_consumables_and_finds_the_station_by_what_it_lacks(
    screens: Screens,
) -> None:
    page, name = await open_station(screens)
    rows = page.locator("#consumables-rows tr")
    await expect(rows).to_have_text("没有登记耗材")
    for item, stock, least, last in (("纸杯", "3", "10", ""), ("藿香正气水", "20", "0", "2020-01-31")):
        await page.click("#consumables-add")
        await rows.last.locator("[aria-label=名称]").fill(item)
        await rows.last.locator("[aria-label=库存]").fill(stock)
        await rows.last.locator("[aria-label=提醒线]").fill(least)
        await rows.last.locator("[aria-label=有效期至]").fill(last)
    await page.click("#consumables-form .primary")
    await expect(page.locator("#done")).to_have_text("已保存耗材")
    await expect(page.locator("#consumables-words")).to_have_text("纸杯不足；藿香正气水已过期")
    assert await complaints(screens, page) == []
    await follow(page, "'驿站'")
    await page.select_option("#lacking", "supplies")
    row = page.locator(f"#rows tr:has-text('{name}')")
    await expect(row).to_contain_text("耗材")
    assert await complaints(screens, page) == []
    await row.locator("a").click()
    await page.click("[aria-label='删去 藿香正气水']")
    await rows.first.locator("[aria-label=库存]").fill("30")
    await page.click("#consumables-form .primary")
    await expect(page.locator("#consumables-words")).to_be_hidden()
    await expect(rows).to_have_count(1)


async def test_what_could_not_be_loaded_cannot_be_saved_as_nothing(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await expect(page.locator("#consumables-form")).to_be_visible()
    screens.expect_refusals(0)
    await page.route("**/consumables", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#consumables-problem")).to_be_visible()
    await expect(page.locator("#consumables-form")).to_be_hidden()


async def test_a_ticket_of_a_broken_facility_leads_to_where_it_is_marked(screens: Screens) -> None:
    page, name = await open_station(screens)
    await equip(page)
    code = await page.get_attribute("#station", "data-code")
    for person in ("courier", "cleaner"):
        login = (await ask(screens, "POST", "/demo/login-codes", {"person": person}))["code"]
        token = (await ask(screens, "POST", "/api/v1/sessions", {"code": login}))["token"]
        body = {"problem": "facility_broken", "facility": "microwave", "device": secrets.token_urlsafe(16)}
        await ask(screens, "POST", f"/api/v1/stations/{code}/reports", body, token)
    await follow(page, "驿站问题")
    await page.locator(f"#rows tr:has-text('{name}') button").click()
    assert await page.get_attribute("#mending-link", "href") == f"/console/stations/{code}#equipment"
    await expect(page.locator("#reports p")).to_have_count(2)
    await expect(page.locator("#reports p").first).to_contain_text("微波炉不能用")
    assert await complaints(screens, page) == []
    await page.click("#answering-cancel")
    await page.click(f"#rows a:has-text('{name}')")
    await expect(page.locator("#equipment-rows tr")).to_have_count(2)
    await expect(page.locator("#equipment")).to_be_in_viewport()
