"""The scanner's switch between a look at who somebody is and a visit to the station, and what it counts."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens, scan
from tests.browser.test_console_stations import open_station

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
expect = playwright.expect


async def choose_station(scanner: "Page", text: str, name: str) -> None:
    await scanner.fill("#place-code", text)
    await scanner.click("#place-form button")
    await expect(scanner.locator("#place-words")).to_have_text(f"在{name}扫码")


async def test_a_scan_is_a_visit_when_staff_say_so_and_counts_once(screens: Screens) -> None:
    console, name = await open_station(screens)
    code = await console.get_attribute("#station", "data-code") or ""
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await expect(scanner.locator("#purposes")).to_be_hidden()
    await choose_station(scanner, f"https://station.example.org/s/{code.lower()}?k=0", name)
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    await expect(scanner.locator("#verdict-visit")).to_be_hidden()
    await scanner.check("[value=check_in]")
    await expect(scanner.locator("#purpose-words")).to_contain_text("同一人每四小时计一次")
    await scan(scanner, await phone.inner_text("#code-text"))
    visit = scanner.locator("#verdict.accepted #verdict-visit")
    await expect(visit).to_contain_text("已计入到访，")
    assert await complaints(screens, scanner) == []
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(visit).to_contain_text("已计过到访，")
    await scan(scanner, "6901234567892")
    await expect(scanner.locator("#verdict.refused #verdict-visit")).to_have_text("没有计入到访")
    await expect(scanner.locator("#history li").nth(2)).to_contain_text("已计入到访")
    await expect(phone.locator("#scans-list li").first).to_contain_text("驿站到访通过")
    await console.reload()
    await expect(console.locator("#visits tr")).to_have_count(1)
    await expect(console.locator("#visits")).to_contain_text("工作人员扫码 1")


async def test_a_visit_scanned_without_a_network_is_counted_when_it_is_back(screens: Screens) -> None:
    screens.expect_refusals(0)
    console, name = await open_station(screens)
    code = await console.get_attribute("#station", "data-code") or ""
    await console.close()
    phone = await screens.open_phone("cleaner")
    scanner = await screens.open_scanner()
    await choose_station(scanner, code, name)
    await scanner.check("[value=check_in]")
    text = await phone.inner_text("#code-text")
    await screens.context.set_offline(True)
    await scan(scanner, text)
    await expect(scanner.locator("#verdict.waiting #verdict-visit")).to_have_text("核验通过后计入到访")
    await scanner.check("[value=identify]")
    await screens.context.set_offline(False)
    await expect(scanner.locator("#verdict.accepted #verdict-visit")).to_contain_text("已计入到访，")


async def test_staff_say_at_their_station_that_it_is_open_or_closed_today(screens: Screens) -> None:
    console, name = await open_station(screens)
    code = await console.get_attribute("#station", "data-code") or ""
    scanner = await screens.open_scanner()
    await expect(scanner.locator("#word")).to_be_hidden()
    await choose_station(scanner, code, name)
    said = scanner.locator("#word-said")
    await expect(said).to_have_text("今天没有说明，照公布的开放时间")
    await scanner.click("#word summary")
    await scanner.click("#word-closed")
    await expect(said).to_contain_text("已说明：今天不开放")
    assert await complaints(screens, scanner) == []
    await scanner.click("#word-open")
    await expect(said).to_contain_text("已说明：今天已开门")
    await scanner.reload()
    await expect(said).to_contain_text("已说明：今天已开门")
    await console.reload()
    await expect(console.locator("#statement-words")).to_contain_text("已说明：今天已开门")


async def test_station_and_purpose_outlive_a_reload_and_end_with_the_shift(screens: Screens) -> None:
    console, name = await open_station(screens)
    code = await console.get_attribute("#station", "data-code") or ""
    scanner = await screens.open_scanner()
    screens.expect_refusals(404)
    await scanner.fill("#place-code", "00000000")
    await scanner.click("#place-form button")
    await expect(scanner.locator("#place-problem")).to_be_visible()
    await choose_station(scanner, code, name)
    await scanner.check("[value=check_in]")
    await scanner.reload()
    await expect(scanner.locator("#place-words")).to_have_text(f"在{name}扫码")
    await expect(scanner.locator("[value=check_in]")).to_be_checked()
    await scanner.click("#place-change")
    await expect(scanner.locator("#purposes")).to_be_hidden()
    await choose_station(scanner, code, name)
    await scanner.click("#sign-out")
    await scanner.locator("#sign-in").wait_for()
    await scanner.click("[data-person=staff]")
    await expect(scanner.locator("#place-form")).to_be_visible()
    await expect(scanner.locator("#purposes")).to_be_hidden()
