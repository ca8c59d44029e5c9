"""Organisations on the console: moved, linked with the other tree, merged, closed, as an officer does it."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import open_demo, open_screens
from tests.browser.late import hold
from tests.browser.legibility import look
from tests.browser.screens import Screens, follow
from tests.browser.test_console import choose_organisation, sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect

DISTRICT, EAST = "演示区职工服务中心", "演示东街道工会服务站"
STREET, INDUSTRY = "演示街道工会服务站", "演示市快递行业工会"
STREET_ADDRESS = "**/staff/organisations/DEMO000000000003"


async def open_district(screens: Screens) -> "Page":
    page = await sign_in(screens, "officer")
    await follow(page, "组织")
    await page.click(f"[aria-label='查看 {DISTRICT} 的下级']")
    await expect(page.locator("#detail-name")).to_have_text(DISTRICT)
    return page


async def make_below(page: "Page", name: str) -> None:
    await page.click("#add")
    await page.fill("#name", name)
    await page.click("#form-fields .primary")
    await expect(page.locator("#detail-name")).to_have_text(name)


async def begin(page: "Page", kind: str) -> None:
    await page.click("#reorganise")
    await page.select_option("#act-kind", kind)


async def send(page: "Page", done: "str | re.Pattern[str]") -> None:
    """Send what the dialog holds; the page then says what was done, and shows it."""
    await page.click("#act-form .primary")
    await expect(page.locator("#done")).to_have_text(done)
    await expect(page.locator("#act")).to_be_hidden()


async def test_a_union_is_moved_linked_with_the_other_tree_and_parted_again(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        page = await open_district(screens)
        await make_below(page, "演示物流联合工会")
        facts = page.locator("#facts")

        await begin(page, "move")
        await page.click("#act-form .primary")
        await expect(page.locator("#act-problem")).to_have_text("请选择目标组织")
        await page.fill("#act-mine-text", "快递行业")
        await expect(page.locator("#act .suggestions >> nth=0")).to_contain_text("您管理的组织里没有找到")
        await page.fill("#act-mine-text", "演示物流")
        await expect(page.locator("#act-mine-list li")).to_have_count(0)
        await choose_organisation(page, "act-mine", "东街道")
        await expect(page.locator("#act-problem")).to_be_hidden()
        await look(screens, page, tmp_path / "move.png")
        await send(page, re.compile("已办理，编号"))
        await expect(facts).to_contain_text(f"{DISTRICT} › {EAST}")
        await page.click(f"[aria-label='查看 {EAST} 的下级']")
        await expect(page.locator("#rows")).to_contain_text("演示物流联合工会")

        await page.click("[aria-label='查看 演示物流联合工会 的详情']")
        await begin(page, "guided_by")
        await choose_organisation(page, "act-any", "东街道")
        screens.expect_refusals(400, 409)
        await page.click("#act-form .primary")
        await expect(page.locator("#act-problem")).to_contain_text("另一条线")
        await choose_organisation(page, "act-any", "81DEMO000000000005")
        await look(screens, page, tmp_path / "link.png")
        await send(page, "已关联")
        await expect(facts).to_contain_text(f"业务指导：{INDUSTRY}")

        await begin(page, "unlink")
        await expect(page.locator("#act-link")).to_contain_text(f"业务指导：{INDUSTRY}")
        await look(screens, page, tmp_path / "unlink.png")
        await send(page, "已解除关联")
        await expect(facts).not_to_contain_text(INDUSTRY)
        await look(screens, page, tmp_path / "organisation.png")


async def test_a_union_is_closed_once_it_is_empty_below_and_those_above_answer_for_its_members(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        page = await open_district(screens)
        screens.expect_refusals(403, 409)
        await begin(page, "close")
        await page.click("#act-form .primary")
        await expect(page.locator("#act-problem")).to_contain_text("上级")
        await page.click("#act-cancel")

        await page.click(f"[aria-label='查看 {STREET} 的详情']")
        await expect(page.locator("#detail-name")).to_have_text(STREET)
        await make_below(page, "演示分会")
        await page.click(f"[aria-label='查看 {STREET} 的详情']")
        await expect(page.locator("#detail-name")).to_have_text(STREET)
        await begin(page, "close")
        await page.select_option("#act-reason", "too_few_members")
        await page.click("#act-form .primary")
        await expect(page.locator("#act-problem")).to_contain_text("下级")
        await look(screens, page, tmp_path / "refused.png")
        await page.click("#act-cancel")

        # The way up is there, though it comes after another one was opened.
        late = await hold(page, STREET_ADDRESS)
        await page.click(f"[aria-label='查看 {STREET} 的下级']")
        way = await late.get()
        await page.click("[aria-label='查看 演示分会 的详情']")
        await expect(page.locator("#detail-name")).to_have_text("演示分会")
        await late.answer(way)
        await page.unroute(STREET_ADDRESS)
        await expect(page.locator("#detail-name")).to_have_text("演示分会")
        await begin(page, "merge")
        await choose_organisation(page, "act-mine", "东街道")
        await send(page, re.compile("已办理，编号"))
        await expect(page.locator("#facts")).to_contain_text(f"现由{EAST} 接续")

        await page.click(f"[aria-label='到 {DISTRICT}']")
        await page.click(f"[aria-label='查看 {STREET} 的详情']")
        await expect(page.locator("#detail-name")).to_have_text(STREET)
        await begin(page, "close")
        await send(page, re.compile("已办理，编号"))
        await expect(page.locator("#facts")).to_contain_text("已关闭")
        await expect(page.locator("#reorganise")).to_be_disabled()
        await look(screens, page, tmp_path / "closed.png")

        await expect_district_answers(screens, page)


async def expect_district_answers(screens: Screens, page: "Page") -> None:
    """What waited is sent back, but for the other street's; the district is named to officers and members."""
    await follow(page, "会籍审批")
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.locator("#rows")).to_contain_text("演**员")
    await follow(page, "会员")
    await expect(page.locator("#rows")).to_contain_text(DISTRICT)
    await expect(page.locator("#rows")).not_to_contain_text(STREET)
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=union]")
    await expect(phone.locator("#union-name")).to_have_text(DISTRICT)
