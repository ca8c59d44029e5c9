"""Fit for everybody: small screens, large text, enough contrast, targets that a thumb meets (适老化)."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.screens import Screens

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser

LEAST_CONTRAST = 4.5
LEAST_TARGET = 44
LARGE_TEXT = "document.documentElement.style.fontSize = '140%'"

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SMALL_TARGETS = """(least) => Array.from(document.querySelectorAll("button, a, input, select"))
  .filter((target) => target.checkVisibility())
  .filter((target) => target.getBoundingClientRect().height < least - 0.5)
  .map((target) => target.outerHTML)"""

# WCAG 2's contrast of each visible text with the first opaque colour behind it.
FAINT_TEXTS = """(least) => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [red, green, blue] = parts(colour).map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    const isOpaque = parts(colour).length === 3;
    return isOpaque || !element.parentElement ? colour : behind(element.parentElement);
  };
  const contrast = (element) => {
    const pair = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
  return Array.from(document.querySelectorAll("body *"))
    .filter((element) => element.checkVisibility())
    .filter((element) => Array.from(element.childNodes).some((node) => isText(node)))
    .filter((element) => contrast(element) < least)
    .map((element) => `${contrast(element).toFixed(2)} ${element.outerHTML}`);
}"""


async def complaints(screens: Screens, page: "Page") -> list[str]:
    """Return what is wrong with a page as it stands."""
    found = []
    for width in (320, 390, 1280):
        await page.set_viewport_size({"width": width, "height": 640})
        if await page.evaluate(OVERFLOW) > 0:
            found.append(f"wider than {width} px")
    found += await page.evaluate(SMALL_TARGETS, LEAST_TARGET)
    found += await page.evaluate(FAINT_TEXTS, LEAST_CONTRAST)
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.evaluate(LARGE_TEXT)
    if await page.evaluate(OVERFLOW) > 0:
        found.append("wider than 320 px in large text")
    return found


@pytest.mark.parametrize("view", ["card", "stations"])
async def test_a_member_s_phone_is_legible(screens: Screens, view: str) -> None:
    page = await screens.open_phone("courier")
    await page.click(f".tabs [data-view={view}]")
    await page.locator("#stations-list li").first.wait_for(state="attached")
    assert await complaints(screens, page) == []


async def test_a_frozen_card_and_its_question_are_legible(screens: Screens) -> None:
    page = await screens.open_phone("retired")
    await page.click("#freeze")
    assert await complaints(screens, page) == []
    await page.click("#confirm-yes")
    await page.locator("#unfreeze").click()
    await page.click("#confirm-yes")
    await page.locator("#card-shown").wait_for()


@pytest.mark.parametrize("code", ["", "6901234567892"])
async def test_a_scanner_is_legible(screens: Screens, code: str) -> None:
    page = await screens.open_scanner()
    if code:
        await page.fill("#code", code)
        await page.press("#code", "Enter")
        await page.locator("#verdict.refused").wait_for()
    assert await complaints(screens, page) == []


async def test_an_accepted_card_is_legible(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    page = await screens.open_scanner()
    await page.fill("#code", await phone.inner_text("#code-text"))
    await page.press("#code", "Enter")
    await page.locator("#verdict.accepted").wait_for()
    assert await complaints(screens, page) == []


async def test_the_choice_of_people_is_legible(screens: Screens) -> None:
    for path in ("/demo/phone", "/demo/scanner"):
        assert await complaints(screens, await screens.open(path)) == []


async def test_every_station_s_page_is_legible(screens: Screens) -> None:
    phone = await screens.open("/demo/phone#courier")
    await phone.click(".tabs [data-view=stations]")
    links = phone.locator("#stations-list a")
    await links.first.wait_for()
    for link in await links.all():
        page = await screens.open(await link.get_attribute("href") or "")
        assert await complaints(screens, page) == []
        await page.close()
