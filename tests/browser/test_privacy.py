"""The privacy page, walked through in a real browser: switches, export, erasing, and the first question."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import complaints
from tests.browser.screens import Screens, follow
from tests.browser.test_console import sign_in
from tests.browser.test_kiosk import CODE, ask

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def open_privacy(screens: Screens, person: str) -> "Page":
    page = await screens.open(f"/demo/phone#{person}")
    await page.click(".tabs [data-view=privacy]")
    await page.locator(".switch").first.wait_for()
    return page


def switch(page: "Page", purpose: str) -> "Locator":
    return page.locator(f".switch[data-purpose={purpose}]")


async def test_each_consent_is_given_and_withdrawn_by_its_own_switch(screens: Screens) -> None:
    page = await open_privacy(screens, "courier")
    await expect(switch(page, "notice")).to_have_attribute("aria-checked", "true")
    movements = switch(page, "movements")
    await expect(movements).to_have_text("未同意")
    await movements.click()
    await expect(movements).to_have_attribute("aria-checked", "true")
    await expect(switch(page, "health")).to_have_attribute("aria-checked", "false")
    await page.reload()
    await expect(movements).to_have_text("已同意")
    await movements.click()
    await expect(movements).to_have_text("未同意")


async def test_my_visits_are_listed_while_i_consent_and_no_longer_when_i_withdraw(screens: Screens) -> None:
    page = await open_privacy(screens, "cleaner")
    await page.click(".tabs [data-view=card]")
    await expect(page.locator("#visits-words")).to_contain_text("没有记名的签到")
    await page.click(".tabs [data-view=privacy]")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("已同意")
    login = (await ask(screens, "POST", "/demo/login-codes", {"person": "cleaner"}))["code"]
    token = (await ask(screens, "POST", "/api/v1/sessions", {"code": login}))["token"]
    await ask(screens, "POST", f"/api/v1/stations/{CODE}/check-ins", {}, token)
    await page.click(".tabs [data-view=card]")
    await expect(page.locator("#visits-list li")).to_have_count(1)
    await expect(page.locator("#visits-list")).to_contain_text("扫标牌签到")
    assert await complaints(screens, page) == []
    await page.click(".tabs [data-view=privacy]")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("未同意")
    await page.click(".tabs [data-view=card]")
    await expect(page.locator("#visits-list li")).to_have_count(0)


async def test_a_member_who_consents_checks_in_by_name_at_a_station_nearby(screens: Screens) -> None:
    page = await open_privacy(screens, "retired")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("已同意")
    await page.click(".tabs [data-view=stations]")
    near = page.locator("#stations-list li:has(.state.open)").first
    name = await near.locator("strong").inner_text()
    await near.locator("button").click()
    answer = page.locator("#check-in-answer")
    await expect(answer).to_contain_text(f"{name}：签到成功，")
    await expect(answer).to_contain_text("已记在“我去过的驿站”里")
    assert await complaints(screens, page) == []
    await near.locator("button").click()
    await expect(answer).to_contain_text("已经签到过")
    await page.click(".tabs [data-view=card]")
    await expect(page.locator("#visits-list")).to_contain_text(name)
    await page.click(".tabs [data-view=privacy]")
    await switch(page, "movements").click()
    await expect(switch(page, "movements")).to_have_text("未同意")


async def test_my_data_are_shown_in_words_and_can_be_kept(screens: Screens) -> None:
    page = await open_privacy(screens, "courier")
    await page.click("#export")
    parts = page.locator("#export-parts details")
    await expect(parts.filter(has_text="姓名、证件、手机号")).to_be_visible()
    await parts.filter(has_text="姓名、证件、手机号").locator("summary").click()
    await expect(parts.filter(has_text="姓名、证件、手机号")).to_contain_text("演示骑手")
    async with page.expect_download() as download:
        await page.click("#export-file")
    path = await (await download.value).path()
    kept = json.loads(await asyncio.to_thread(path.read_text, encoding="utf-8"))
    assert {part["collection"] for part in kept["parts"]} >= {"vault", "scans", "consents"}
    async with page.expect_download() as download:
        await page.click("#export-page")
    saved = await download.value
    assert saved.suggested_filename == "我的信息.html"
    text = await asyncio.to_thread((await saved.path()).read_text, encoding="utf-8")
    assert "演示骑手" in text
    assert "谁扫过我的卡" in text


async def test_whoever_has_not_agreed_is_asked_once_and_the_stations_work_anyway(screens: Screens) -> None:
    screens.expect_refusals(404)
    page = await screens.open("/demo/phone#stranger")
    await expect(page.locator("#agree")).to_be_visible()
    assert await complaints(screens, page) == []
    await page.click("#agree-no")
    await expect(page.locator("#agree")).to_be_hidden()
    await page.reload()
    await page.click(".tabs [data-view=privacy]")
    await expect(switch(page, "notice")).to_have_text("未同意")
    await expect(page.locator("#agree")).to_be_hidden()
    await page.click(".tabs [data-view=stations]")
    await page.locator("#stations-list li").first.wait_for()


async def test_the_page_and_the_notice_are_legible(screens: Screens) -> None:
    screens.expect_refusals(409)
    page = await open_privacy(screens, "courier")
    await page.click("#erase-begin")
    await page.locator("#erase-form").wait_for()
    await page.locator("details summary").first.click()
    assert await complaints(screens, page) == []
    await page.click("#erase-cancel")
    await expect(page.locator("#erase-form")).to_be_hidden()
    assert await complaints(screens, await screens.open("/privacy")) == []


async def test_erasing_takes_the_word_and_leaves_a_stranger(browser: "Browser", tmp_path: Path) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        screens.expect_refusals(401, 404, 409)
        page = await open_privacy(screens, "cleaner")
        await page.click("#erase-begin")
        await expect(page.locator("#erase-destroyed")).to_contain_text("姓名、证件号、手机号")
        await page.fill("#erase-word", "不")
        await page.click("#erase-form [type=submit]")
        await expect(page.locator("#privacy-problem")).to_contain_text("请输入“注销”确认")
        await page.fill("#erase-word", "注销")
        await page.click("#erase-form [type=submit]")
        await expect(page.locator("#erase-done")).to_contain_text("已注销")
        await page.click(".tabs [data-view=card]")
        await expect(page.locator("#member-organisation")).to_have_text("还不是工会会员")


async def test_a_correction_goes_from_the_phone_to_an_officer_and_back(screens: Screens) -> None:
    page = await open_privacy(screens, "courier")
    await page.fill("#correct-name", "演示骑士")
    await page.click("#correct-form [type=submit]")
    await expect(page.locator("#correct-list li").first).to_contain_text("申请更正姓名：待核实")
    desk = await sign_in(screens, "officer")
    await follow(desk, "信息更正")
    await desk.click("#rows button")
    await expect(desk.locator("#now")).to_have_text("演示骑手")
    await expect(desk.locator("#wanted")).to_have_text("演示骑士")
    assert await complaints(screens, desk) == []
    await desk.select_option("#choice", "not_proven")
    await desk.click("#decision [type=submit]")
    await expect(desk.locator("#done")).to_have_text("姓名未更正")
    await expect(desk.locator("#rows")).to_contain_text("没有等待办理的更正申请")
    await page.click(".tabs [data-view=card]")
    await page.click(".tabs [data-view=privacy]")
    await expect(page.locator("#correct-list li").first).to_contain_text("未更正（未能核实）")
