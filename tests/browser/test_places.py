"""Stations near a place that is typed, and of one kind, on a member's phone."""

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import Screens

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect


async def test_a_typed_place_is_where_stations_are_looked_for(screens: Screens) -> None:
    screens.expect_refusals(400, 404)
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    words, first = phone.locator("#near-words"), phone.locator("#stations-list li").first
    await phone.fill("#near-text", "花")
    await phone.press("#near-text", "Enter")
    await expect(words).to_have_text("请至少输入两个字")
    await phone.fill("#near-text", "不存在的路")
    await phone.press("#near-text", "Enter")
    await expect(words).to_contain_text("没有找到这个地方")
    await phone.fill("#near-text", "工会驿站")
    await phone.click("#near-search button")
    await expect(words).to_contain_text("有几个地方都叫这个名字，请选一个")
    assert await complaints(screens, phone) == []
    await phone.click("#near-list button:has-text('高新区')")
    await expect(words).to_be_hidden()
    await expect(phone.locator("#near-list")).to_be_hidden()
    await expect(phone.locator("#place option:checked")).to_have_text("工会驿站（高新区）")
    await expect(first).to_contain_text("0 米")
    await phone.reload()
    await expect(phone.locator("#place option:checked")).to_have_text("工会驿站（高新区）")
    await phone.fill("#near-text", "巩义")
    await phone.press("#near-text", "Enter")
    await expect(phone.locator("#place option:checked")).to_have_text("巩义市")
    await expect(first).to_contain_text("巩义")


async def test_stations_of_one_kind_alone_are_shown(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    stations = phone.locator("#stations-list li")
    await expect(stations).not_to_have_count(0)
    await phone.select_option("#kind", label="标杆型")
    await expect(stations).to_have_count(2)
    assert all("标杆型" in text for text in await stations.locator(".facilities").all_inner_texts())
    await phone.select_option("#place", index=3)
    await expect(phone.locator("#stations-words")).to_have_text("5 公里内没有这种驿站，可以改选“不限”。")
