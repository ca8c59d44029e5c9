"""A lost card on the phone: reported, found, given a new seed; its copies; one that staff hold back."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import PHONE_SIZE, look
from tests.browser.screens import Screens, read_code, scan
from tests.browser.test_console import sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def open_card_desk(desk: "Page", name: str) -> None:
    await desk.goto("/console/members")
    await desk.fill("#search", name)
    await desk.press("#search", "Enter")
    await expect(desk.locator("#rows tr")).to_have_count(1)
    await desk.click("#rows button:has-text('卡')")
    await expect(desk.locator("#card-facts")).to_contain_text("卡号")


async def test_a_lost_card_is_reported_found_and_at_last_reissued(browser: "Browser", tmp_path: Path) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        desk = await sign_in(screens, "officer")
        await open_card_desk(desk, "演示环卫工")
        await desk.select_option("#card-choice", "print")
        async with desk.expect_download():
            await desk.click("#card-form .primary")

        phone = await screens.open_phone("cleaner")
        old = await read_code(phone)
        await phone.click("#loss-open")
        await expect(phone.locator("#loss-prints-list")).to_contain_text("第 1 张")
        await look(screens, phone, tmp_path / "loss.png", PHONE_SIZE)
        await phone.click("#loss-report")
        await phone.click("#confirm-yes")
        await expect(phone.locator("#absent-title")).to_have_text("卡已挂失")
        await expect(phone.locator("#card-done")).to_have_text("已挂失。")
        await look(screens, phone, tmp_path / "reported.png", PHONE_SIZE)
        await phone.reload()
        await expect(phone.locator("#unfreeze")).to_have_text("找到了，解除挂失")
        await phone.click("#unfreeze")
        await phone.click("#confirm-yes")
        await phone.locator("#card-shown").wait_for()

        await phone.click("#loss-open")
        await phone.click("#loss-prints-list button")
        await phone.click("#confirm-yes")
        await expect(phone.locator("#card-done")).to_have_text("第 1 张实体卡已作废。")
        await expect(phone.locator("#loss-prints")).to_be_hidden()
        await phone.select_option("#loss-reason", "leaked")
        await expect(phone.locator("#loss-report")).to_be_hidden()
        await phone.click("#loss-reissue")
        await phone.click("#confirm-no")
        await expect(phone.locator("#loss")).to_be_visible()
        await phone.click("#loss-reissue")
        await phone.click("#confirm-yes")
        await expect(phone.locator("#card-done")).to_contain_text("以前的卡码和实体卡都已作废")
        await look(screens, phone, tmp_path / "reissued.png", PHONE_SIZE)

        scanner = await screens.open_scanner()
        await scan(scanner, old)
        await expect(scanner.locator("#verdict.refused")).to_be_visible()
        await scan(scanner, await read_code(phone))
        await expect(scanner.locator("#verdict.accepted")).to_be_visible()


async def test_a_card_that_staff_hold_back_says_so_and_offers_nothing(
    screens: Screens, tmp_path: Path
) -> None:
    desk = await sign_in(screens, "officer")
    await open_card_desk(desk, "演示站长")
    await desk.select_option("#card-reason", "misuse")
    await desk.click("#card-form .primary")
    await expect(desk.locator("#card-facts")).to_contain_text("只能由工会解冻")

    phone = await screens.open("/demo/phone#staff")
    await expect(phone.locator("#absent-title")).to_have_text("卡被工会冻结")
    await expect(phone.locator("#unfreeze")).to_be_hidden()
    await expect(phone.locator("#loss-open")).to_be_hidden()
    await look(screens, phone, tmp_path / "held.png", PHONE_SIZE)

    await desk.select_option("#card-choice", "active")
    await desk.click("#card-form .primary")
    await expect(desk.locator("#card-facts")).to_contain_text("正常")
