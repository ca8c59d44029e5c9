"""Choosing an organisation on the console: by its name or code, with the keys alone."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens
from tests.browser.test_console import choose_organisation, sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

pytestmark = pytest.mark.browser
expect = playwright.expect

ALL = "我管理的全部组织"


async def open_members(screens: Screens) -> "Page":
    page = await sign_in(screens, "officer")
    await page.goto("/console/members")
    await expect(page.locator("#rows")).to_contain_text("演示街道")
    return page


async def test_what_is_below_is_offered_and_found_by_name_or_code(screens: Screens, tmp_path: Path) -> None:
    page = await open_members(screens)
    field, found = page.locator("#organisation-text"), page.locator("#organisation-list li")
    await expect(field).to_have_attribute("placeholder", ALL)
    await field.click()
    await expect(found).to_have_count(4)
    for text in (ALL, "演示区职工服务中心", "演示东街道工会服务站"):
        await expect(page.locator("#organisation-list")).to_contain_text(text)
    await page.screenshot(path=str(tmp_path / "choice.png"))
    assert await complaints(screens, page) == []
    await page.set_viewport_size({"width": 1280, "height": 860})
    for text in ("东街", "81DEMO000000000004"):
        await field.fill(text)
        await expect(found).to_have_count(1)
        await expect(found).to_contain_text("演示东街道工会服务站")
        await expect(found).to_contain_text("演示区职工服务中心")
    await field.fill("外区没有的组织")
    await expect(page.locator(".suggestions")).to_contain_text("没有找到")


async def test_the_keys_choose_leave_and_empty_the_field(screens: Screens) -> None:
    page = await open_members(screens)
    field = page.locator("#organisation-text")
    await choose_organisation(page, "organisation", "东街")
    await expect(field).to_have_value("演示东街道工会服务站")
    await expect(page.locator("#rows")).not_to_contain_text("演示街道")
    await field.fill("职工")
    await expect(page.locator("#organisation-list li")).to_have_count(1)
    await field.press("Escape")
    await expect(field).to_have_value("演示东街道工会服务站")
    await field.fill("半")
    await field.press("Tab")
    await expect(field).to_have_value("演示东街道工会服务站")
    await field.fill("")
    await field.press("Tab")
    await expect(page.locator("#rows")).to_contain_text("演示街道")
    await field.press("ArrowUp")
    await expect(page.locator("#organisation-list li").first).to_be_visible()
    await field.press("ArrowUp")
    await expect(page.locator("[aria-selected=true]")).to_contain_text("演示街道工会服务站")
    active = await field.get_attribute("aria-activedescendant")
    assert active == await page.locator("[aria-selected=true]").get_attribute("id")


async def test_the_topmost_that_comes_late_replaces_nothing_that_was_begun(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    released = asyncio.Event()

    async def hold(route: "Route") -> None:
        await released.wait()
        await route.continue_()

    await page.route(lambda url: "/staff/organisations?" in url and "search=" not in url, hold)
    await page.goto("/console/devices")
    await page.click("#add")
    await page.fill("#organisation-text", "演示街道工会")
    await expect(page.locator("#organisation-list li")).to_have_count(1)
    released.set()
    await page.wait_for_load_state("networkidle")
    await page.press("#organisation-text", "ArrowDown")
    await page.press("#organisation-text", "Enter")
    await expect(page.locator("#organisation-text")).to_have_value("演示街道工会服务站")


async def test_figures_begin_with_the_topmost_and_the_list_below_may_be_chosen(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await page.goto("/console/figures")
    await expect(page.locator("#organisation-text")).to_have_value("演示区职工服务中心")
    await expect(page.locator("#rows")).to_contain_text("演示区职工服务中心")
    await choose_organisation(page, "organisation", "东街")
    await expect(page.locator("#rows")).to_contain_text("演示东街道工会服务站")
