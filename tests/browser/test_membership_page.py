"""One membership on the console: its log, entries, corrections; and the figures that follow from them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import look
from tests.browser.screens import Screens, follow
from tests.browser.test_console import choose_organisation, sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def open_membership(desk: "Page", name: str) -> None:
    await desk.goto("/console/members")
    await desk.fill("#search", name)
    await desk.press("#search", "Enter")
    await expect(desk.locator("#rows tr")).to_have_count(1)
    await desk.click("#rows a:has-text('会籍')")
    await expect(desk.locator("#rows tr").first).to_contain_text("登记会籍")


async def enter(desk: "Page", event: str, **fields: str) -> None:
    await desk.select_option("#event", event)
    for name, value in fields.items():
        await desk.fill("#valid", value) if name == "valid" else await desk.select_option(f"#{name}", value)
    await desk.click("#entry button[type=submit]")


async def expect_on_phone(screens: Screens, state: str, words: str) -> None:
    """The cleaner's own page says these of the membership."""
    phone = await screens.open_phone("cleaner")
    await phone.click(".tabs [data-view=union]")
    await expect(phone.locator("#union-state")).to_have_text(state)
    await expect(phone.locator("#union-words")).to_have_text(words)


async def test_entries_and_corrections_stand_in_the_log_and_beside_the_figures(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        desk = await sign_in(screens, "officer")
        await open_membership(desk, "演示环卫工")
        rows = desk.locator("#rows tr")
        await expect(desk.locator("#facts")).to_contain_text("演示街道工会服务站")
        await expect(desk.locator("#facts")).to_contain_text("实名依据工会核实")
        await enter(desk, "retain", reason="retired")
        await expect(desk.locator("#done")).to_have_text("已办理：办理保留会籍")
        await expect(rows.first).to_contain_text("退休")
        await expect(desk.locator("#facts")).to_contain_text("保留会籍")
        screens.expect_refusals(400)
        await enter(desk, "resume", valid="2020-01-01")
        await expect(desk.locator("#problem")).to_contain_text(re.compile("日期超出可填范围：.* 至 "))

        await desk.click("[aria-label='更正第 1 条']")
        await expect(desk.locator("#correction-kind option >> nth=1")).to_be_disabled()
        await desk.fill("#right-day", "2020-05-01")
        await desk.click("#correction-form .primary")
        await expect(desk.locator("#done")).to_have_text("已更正：第 1 条从 2020-05-01 起")
        await expect_on_phone(screens, "保留会籍", "会籍自 2020-05-01 起算。")
        await desk.click("[aria-label='更正第 2 条']")
        await desk.select_option("#correction-kind", "cancel")
        await desk.screenshot(path=str(tmp_path / "correction.png"))
        await desk.click("#correction-form .primary")
        await expect(desk.locator("#done")).to_have_text("已撤销第 2 条")
        await expect(rows).to_have_count(4)
        await expect(rows.nth(2)).to_contain_text("已撤销（第 4 条）")
        await expect(rows.nth(3)).to_contain_text("已更正为从 2020-05-01 起（第 3 条）")
        await expect(desk.locator("#facts")).to_contain_text("2020-05-01")
        await look(screens, desk, tmp_path / "membership.png")

        await follow(desk, "会籍统计")
        await desk.fill("#date", "2020-06-01")
        figures = desk.locator("#rows tr").first.locator(".number")
        async with desk.expect_response("**/figures?**"):
            await desk.click("#asked .primary")
        await expect(figures).to_have_text(["0", "+1", "1", "0", "0", "0"])
        await expect(desk.locator("#told")).to_contain_text(
            "2020-06-01 的会员数，按 2020-06-01 日终为止的登记"
        )
        await desk.click("#below")
        await expect(desk.locator("#rows")).to_contain_text("演示东街道工会服务站")
        await look(screens, desk, tmp_path / "figures.png")


async def test_an_officer_transfers_a_member_and_registers_the_transfer_on_one_page(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        desk = await sign_in(screens, "officer")
        await open_membership(desk, "演示骑手")
        await desk.select_option("#event", "start_transfer")
        await desk.fill("#target-text", "街道")
        await expect(desk.locator("#target-list")).to_have_text(re.compile("^演示东街道工会服务站"))
        await choose_organisation(desk, "target", "快递行业")
        await expect(desk.locator("#target-text")).to_have_value("演示市快递行业工会")
        await choose_organisation(desk, "target", "东街道")
        await desk.select_option("#ground", "residence")
        await look(screens, desk, tmp_path / "transfer.png")
        await desk.click("#entry button[type=submit]")
        await expect(desk.locator("#facts")).to_contain_text("已办转出，待接收")
        await enter(desk, "accept_transfer")
        await expect(desk.locator("#facts")).to_contain_text("演示东街道工会服务站")
        await expect(desk.locator("#rows tr").first).to_contain_text("接续会籍")
        await enter(desk, "leave", reason="requested")
        await expect(desk.locator("#facts")).to_contain_text("已退会")
        await expect(desk.locator("#entering")).to_be_hidden()

        await desk.goto("/console/memberships")
        await desk.click("#rows a >> nth=0")
        await expect(desk.locator("#rows tr").first).to_contain_text("申请入会")
        await expect(desk.locator("#event")).to_contain_text("不同意入会")
        await open_membership(desk, "演示干部")
        await expect(desk.locator("#facts")).to_contain_text("您本人的会籍")
        await expect(desk.locator("#entering")).to_be_hidden()
        await expect(desk.locator("[aria-label='更正第 1 条']")).to_have_count(0)
