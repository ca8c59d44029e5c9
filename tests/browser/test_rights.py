"""Roles, places and dates on the console; a scanning device, enrolled, bound to a place, and revoked."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from models.clock import LOCAL, utc_now
from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import PHONE_SIZE, look
from tests.browser.screens import Screens, read_code, scan
from tests.browser.test_console import choose_organisation, sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect

PHONE = f"100{sum(b'cleaner'):08}"
STATION = "Y5HZKXBX"
"""The demo's station that never closes."""


def day(days: int) -> str:
    return (utc_now().astimezone(LOCAL) + timedelta(days=days)).date().isoformat()


async def register(desk: "Page", name: str, stations: str) -> str:
    """Register a device and return its one-time code."""
    await desk.goto("/console/devices")
    await desk.click("#add")
    await desk.fill("#name", name)
    await desk.fill("#stations", stations)
    await desk.press("#stations", "Tab")
    await expect(desk.locator("#stations-named")).to_contain_text("驿站")
    await desk.click("#form-fields .primary")
    await expect(desk.locator("#told-code")).to_contain_text("-")
    code = await desk.inner_text("#told-code")
    await desk.click("#told-close")
    return code


async def enrol(machine: Screens, code: str) -> "Page":
    scanner = await machine.open("/demo/scanner")
    await scanner.fill("#enrolment-code", code)
    await scanner.click("#enrolment .primary")
    await scanner.locator("#desk").wait_for()
    return scanner


async def revoke(desk: "Page", name: str) -> None:
    await desk.click(f"[aria-label='停用 {name}']")
    await desk.click("#ending-confirm")
    await expect(desk.locator("#done")).to_have_text(f"已停用：{name}")


async def test_an_appointment_to_come_is_seen_ended_and_found_again_among_those_that_are_over(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        page = await sign_in(screens, "officer")
        await page.goto("/console/appointments")
        await choose_organisation(page, "where", "演示街道工会")
        await page.click("#add")
        await expect(page.locator("#organisation-text")).to_have_value("演示街道工会服务站")
        await page.fill("#name", "演示环卫工")
        await page.fill("#phone", PHONE)
        await page.fill("#since", day(3))
        await page.fill("#until", day(10))
        await page.click("#form-fields .primary")
        await expect(page.locator("#done")).to_contain_text(f"{day(3)} 起生效")
        row = page.locator("#rows tr", has_text="演***工")
        await expect(row).to_contain_text("未开始")
        await expect(row).to_contain_text(day(10))
        await expect(page.locator("#rows")).not_to_contain_text("演示区")
        await look(screens, page, tmp_path / "appointments.png")
        await row.locator("button").click()
        await page.click("#ending-confirm")
        await expect(page.locator("#done")).to_have_text("任命已结束")
        await expect(row).to_have_count(0)
        await page.select_option("#which", "over")
        await expect(row).to_contain_text("已结束")
        await expect(row.locator("button")).to_have_count(0)

        screens.expect_refusals(403)
        await page.select_option("#which", "current")
        await page.fill("#where-text", "")
        await page.click("#add")
        await page.fill("#name", "演示环卫工")
        await page.fill("#phone", PHONE)
        await page.select_option("#role", "officer")
        await choose_organisation(page, "organisation", "演示区职工")
        await page.click("#form-fields .primary")
        await expect(page.locator("#form-problem")).to_contain_text("由上级工会或安全管理员办理")


async def test_a_device_is_enrolled_by_its_code_scans_at_its_place_and_ends_when_it_is_revoked(
    browser: "Browser", screens: Screens, url: str, tmp_path: Path
) -> None:
    desk = await sign_in(screens, "officer")
    code = await register(desk, "东门一号", STATION.lower())
    async with open_screens(browser, url) as machine:
        machine.expect_refusals(401)
        scanner = await enrol(machine, code.lower())
        await expect(scanner.locator("#staff-words")).to_contain_text("东门一号，")
        await expect(scanner.locator("#place-field")).to_be_hidden()
        await scanner.reload()
        await scanner.locator("#desk").wait_for()
        phone = await screens.open_phone("courier")
        await scan(scanner, await read_code(phone))
        await expect(scanner.locator("#verdict.accepted")).to_be_visible()
        await expect(phone.locator("#scans-list li").first).to_contain_text("扫码设备")
        await look(machine, scanner, tmp_path / "scanned.png", PHONE_SIZE)
        await revoke(desk, "东门一号")
        await scan(scanner, await read_code(phone))
        await expect(scanner.locator("#verdict.waiting")).to_be_visible()
        await scanner.reload()
        await expect(scanner.locator("#enrolment-problem")).to_contain_text("这台设备已停用或到期")
        await expect(scanner.locator("#desk")).to_be_hidden()


async def test_a_wrong_code_enrols_nothing_and_a_wrong_station_is_told_before_it_is_bound(
    screens: Screens, tmp_path: Path
) -> None:
    screens.expect_refusals(401, 404)
    scanner = await screens.open("/demo/scanner")
    await scanner.fill("#enrolment-code", "0000-0000-0000")
    await scanner.click("#enrolment .primary")
    await expect(scanner.locator("#enrolment-problem")).to_contain_text("登记码不正确")
    await look(screens, scanner, tmp_path / "enrolment.png", PHONE_SIZE)
    desk = await sign_in(screens, "officer")
    await desk.goto("/console/devices")
    await desk.click("#add")
    await desk.fill("#stations", f"{STATION} 00000000")
    await desk.press("#stations", "Tab")
    await expect(desk.locator("#stations-named")).to_contain_text("00000000：")
    await look(screens, desk, tmp_path / "device.png")


async def test_a_device_of_several_places_asks_at_which_one_it_stands(
    screens: Screens, browser: "Browser", url: str
) -> None:
    desk = await sign_in(screens, "officer")
    await desk.goto("/console/stations")
    await desk.locator("#rows .code").first.wait_for()
    codes = (await desk.locator("#rows .code").all_inner_texts())[:2]
    code = await register(desk, "流动一号", "，".join(codes))
    async with open_screens(browser, url) as machine:
        scanner = await enrol(machine, code)
        await expect(scanner.locator("#place option")).to_have_count(2)
        await scanner.select_option("#place", index=1)
        phone = await screens.open_phone("cleaner")
        await scan(scanner, await read_code(phone))
        await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    await revoke(desk, "流动一号")
