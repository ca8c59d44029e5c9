"""Fit for everybody: small screens, large text, enough contrast, targets that a thumb meets (适老化)."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    pass

pytestmark = pytest.mark.browser


async def test_the_first_page_leads_to_every_other_and_is_legible(screens: Screens) -> None:
    page = await screens.open("/")
    assert await complaints(screens, page) == []
    links = [await link.get_attribute("href") for link in await page.locator("main a").all()]
    assert links == ["/demo/phone", "/demo/scanner", "/console", "/api/v1/openapi.json"]
    for link in links:
        assert (await page.request.get(link or "")).ok


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
