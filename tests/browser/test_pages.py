"""The demo's pages, walked through in a real browser as their users do."""

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.screens import Screens, read_code, scan

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Route

pytestmark = pytest.mark.browser
expect = playwright.expect

RANKS = ("open", "closing", "unknown", "closed")
SCANS = "**/api/v1/scans"
KEPT_DISTRICTS = (
    "(many) => Object.keys(localStorage).filter((key) => /district\\..+\\.1$/.test(key)).length === many"
)
WITHIN_FIVE_SECONDS = {"timeout": 5000}


async def answer_dialog(page: "Page", button: str) -> None:
    await page.click(f"#confirm-{button}")
    await expect(page.locator("#confirm")).to_be_hidden()


async def count_scans(phone: "Page") -> int:
    await expect(phone.locator("#scans-words")).not_to_have_text("正在读取…")
    return int(await phone.locator("#scans-list li").count())


async def test_a_scan_shows_the_masked_name_and_reaches_the_holder_within_five_seconds(
    screens: Screens,
) -> None:
    phone = await screens.open_phone("courier")
    await expect(phone.locator("#member-name")).to_have_text("演**手")
    before = await count_scans(phone)
    await scan(await screens.open_scanner(), await read_code(phone))
    scans = phone.locator("#scans-list li")
    await expect(scans).to_have_count(before + 1, **WITHIN_FIVE_SECONDS)
    await expect(scans.first).to_contain_text("演示街道工会服务站驿站工作人员 · 核对身份通过")
    await expect(phone.locator("#latest-scan")).to_contain_text("扫了您的卡")


async def test_a_copied_code_can_be_pasted_in_the_scanner(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await phone.click("#copy-code")
    await expect(phone.locator("#copy-code")).to_have_text("已复制")
    await scanner.focus("#code")
    await scanner.keyboard.press("Control+V")
    await scanner.keyboard.press("Enter")
    await expect(scanner.locator("#verdict.accepted")).to_contain_text("有效")
    await expect(scanner.locator("#verdict-name")).to_have_text("演**手")
    await expect(scanner.locator("#verdict-step")).to_have_text("请核对姓名后放行")
    await expect(scanner.locator("#history li")).to_have_count(1)
    assert await scanner.input_value("#code") == ""


async def test_a_code_in_lower_case_and_wide_letters_is_understood(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    code = (await phone.inner_text("#code-text")).lower()
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code[:3])
    await scan(scanner, f" {wide}{code[3:20]} {code[20:]} ")
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()


async def test_a_keyboard_scanner_needs_no_focus(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await scanner.evaluate("document.activeElement.blur()")
    await scanner.keyboard.type(await phone.inner_text("#code-text"))
    await scanner.keyboard.press("Enter")
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()


async def test_a_frozen_card_is_blocked_until_its_holder_thaws_it(screens: Screens) -> None:
    phone = await screens.open_phone("cleaner")
    scanner = await screens.open_scanner()
    code = await read_code(phone)
    await phone.click("#freeze")
    await answer_dialog(phone, "no")
    await expect(phone.locator("#card-shown")).to_be_visible()
    await phone.click("#freeze")
    await answer_dialog(phone, "yes")
    await expect(phone.locator("#absent-title")).to_have_text("卡已冻结")
    await expect(phone.locator("#card-shown")).to_be_hidden()
    async with scanner.expect_response(SCANS) as answer:
        await scan(scanner, code)
    assert (await (await answer.value).json())["reason"] == "blocked"
    await expect(scanner.locator("#verdict.refused")).to_contain_text("此卡已冻结")
    await expect(phone.locator("#latest-scan")).to_contain_text("卡已冻结", **WITHIN_FIVE_SECONDS)
    await expect(phone.locator("#latest-scan")).not_to_have_class("notice fresh")
    await phone.click("#unfreeze")
    await answer_dialog(phone, "yes")
    await phone.locator("#card-shown").wait_for()
    await scan(scanner, await read_code(phone))
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    await expect(scanner.locator("#totals")).to_have_text("通过 1拒绝 1须核对 0待上传 0")


async def test_the_card_goes_on_without_a_network(screens: Screens) -> None:
    screens.expect_refusals(0)
    scanner = await screens.open_scanner()
    phone = await screens.context.new_page()
    await phone.clock.install()
    await phone.goto("/demo/phone#retired")
    await phone.locator("#card-shown").wait_for()
    before = await phone.inner_text("#code-text")
    left = int((await phone.inner_text("#countdown-words")).split()[0])
    await screens.context.set_offline(True)
    await phone.clock.run_for(left * 1000 + 500)
    await expect(phone.locator("#code-text")).not_to_have_text(before)
    after = await read_code(phone)
    await phone.clock.run_for(6000)
    await expect(phone.locator("#offline")).to_have_text("离线也可出示")
    await screens.context.set_offline(False)
    await scan(scanner, after)
    await expect(scanner.locator("#verdict.accepted")).to_contain_text("保留会籍")
    await phone.clock.run_for(6000)
    await expect(phone.locator("#offline")).to_be_hidden()


async def test_a_code_that_changed_behind_the_stations_is_there_on_the_way_back(screens: Screens) -> None:
    phone = await screens.context.new_page()
    await phone.clock.install()
    await phone.goto("/demo/phone#courier")
    await phone.locator("#card-shown").wait_for()
    await phone.click(".tabs [data-view=stations]")
    await phone.clock.run_for(31_000)
    await phone.click(".tabs [data-view=card]")
    await phone.clock.run_for(500)
    await read_code(phone)


async def test_stations_near_a_place_show_the_open_ones_first(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    states = phone.locator("#stations-list .state")
    await expect(states.first).to_have_text("24 小时开放")
    classes = [(await state.get_attribute("class") or "").split()[1] for state in await states.all()]
    ranks = [RANKS.index(name) for name in classes]
    assert ranks == sorted(ranks)
    await expect(phone.locator("#stations-list .distance").first).to_have_text("93 米")


async def test_facilities_asked_for_leave_fewer_stations(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    stations = phone.locator("#stations-list li")
    await stations.first.wait_for()
    everything = await stations.count()
    await phone.click("[data-facility=microwave]")
    await expect(stations).to_have_count(2)
    assert everything > 2
    assert all("微波炉" in text for text in await stations.locator(".facilities").all_inner_texts())
    await phone.click("[data-facility=aed]")
    await expect(phone.locator("#stations-words")).to_contain_text("没有设施都符合的驿站")


async def test_only_what_is_open_is_shown_to_who_asks_for_it(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    states = phone.locator("#stations-list .state")
    await states.first.wait_for()
    await phone.click("#only-open")
    await expect(phone.locator("#stations-words")).to_contain_text("现在都开放")
    classes = {(await state.get_attribute("class") or "").split()[1] for state in await states.all()}
    assert classes <= {"open", "closing"}


async def test_another_hour_says_what_will_be_open_then(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    await phone.locator("#when option").nth(24).wait_for(state="attached")
    for hour in (3, 12):
        await phone.select_option("#when", index=hour)
        await expect(phone.locator("#stations-words")).to_contain_text("那时开放")
    await phone.select_option("#when", index=0)
    await expect(phone.locator("#stations-words")).to_contain_text("现在开放")


async def test_without_a_network_another_place_is_answered_from_what_is_kept_and_says_so(
    screens: Screens,
) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("courier")
    words, stations = phone.locator("#stations-words"), phone.locator("#stations-list a")
    await phone.click(".tabs [data-view=stations]")
    await phone.wait_for_function(KEPT_DISTRICTS, arg=1)
    await phone.select_option("#place", index=3)
    await phone.wait_for_function(KEPT_DISTRICTS, arg=2)
    await phone.select_option("#place", index=0)
    await expect(words).to_contain_text("现在开放")
    links = [await link.get_attribute("href") for link in await stations.all()]
    await screens.context.set_offline(True)
    await phone.select_option("#place", index=3)
    await expect(words).to_contain_text(re.compile(r"没有网络，按已存的资料（\d\d:\d\d）：5 公里内"))
    assert links[0] not in [await link.get_attribute("href") for link in await stations.all()]
    await phone.select_option("#when", index=12)
    await expect(words).to_contain_text(re.compile(r"没有网络，按已存的资料（\d\d:\d\d）.*那时开放"))
    await phone.select_option("#place", index=1)
    await expect(words).to_have_text("没有网络，已存的资料里没有找到这附近的驿站，等有网络再查。")
    await expect(stations).to_have_count(0)
    await screens.context.set_offline(False)
    await expect(words).not_to_contain_text("没有网络")
    await expect(stations).not_to_have_count(0)


async def test_without_a_network_and_with_nothing_kept_no_other_place_s_list_stays(screens: Screens) -> None:
    screens.expect_refusals(0)
    await screens.context.route("**/api/v1/districts/**", lambda route: route.abort())
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    stations = phone.locator("#stations-list a")
    await stations.first.wait_for()
    await screens.context.set_offline(True)
    await phone.select_option("#place", index=3)
    await expect(phone.locator("#stations-words")).to_have_text("网络不可用，请检查网络后重试")
    await expect(stations).to_have_count(0)


async def test_more_stations_follow_those_that_are_shown(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    await screens.context.set_geolocation({"longitude": 113.3, "latitude": 34.75})
    stations = phone.locator("#stations-list a")
    await stations.first.wait_for()
    await phone.click("#locate")
    await phone.click("#stations-wider")
    await expect(stations).to_have_count(20)
    await phone.click("#stations-more")
    await expect(phone.locator("#stations-more")).to_be_hidden()
    links = [await link.get_attribute("href") for link in await stations.all()]
    assert len(links) == len(set(links)) > 20


async def test_a_place_without_stations_offers_a_wider_search(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    await screens.context.set_geolocation({"longitude": 113.9, "latitude": 34.4})
    await phone.click("#locate")
    await expect(phone.locator("#stations-words")).to_contain_text("没有已公布位置的驿站")
    await phone.click("#stations-wider")
    await expect(phone.locator("#stations-list li").first).to_contain_text("公里")


async def test_a_station_leads_to_its_own_page(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    await phone.click("#stations-list a >> nth=0")
    await expect(phone).to_have_url(re.compile(r"/s/[0-9A-Z]{8}$"))
    await expect(phone.locator(".openness.open")).to_have_text("现在开放")
    await expect(phone.locator("a[href='tel:12351']")).to_be_visible()
    link = await phone.get_attribute("a.primary", "href")
    assert link
    assert link.startswith("https://uri.amap.com/marker?position=113.6205,34.7502&name=%E6%BC%94")
    assert link.endswith("&coordinate=gaode")
    await phone.go_back()
    await expect(phone.locator("#stations-list li").first).to_be_visible()


async def test_one_report_marks_the_station_in_the_list_at_once(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    row = phone.locator("#stations-list a:has(.state.open)").first
    link = await row.get_attribute("href")
    assert link
    await phone.evaluate(
        """(code) => fetch(`/api/v1/stations/${code}/reports`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ problem: "locked", device: crypto.randomUUID() }),
        })""",
        link.rpartition("/")[2],
    )
    await phone.click("#only-open")
    await expect(phone.locator(f"#stations-list a[href='{link}'] .said")).to_contain_text("有人反映锁门")


async def test_a_stranger_is_told_why_there_is_no_card_and_still_sees_stations(screens: Screens) -> None:
    screens.expect_refusals(404)
    phone = await screens.open("/demo/phone#stranger")
    await expect(phone.locator("#absent-title")).to_have_text("还没有您的会员信息，请先认领或申请入会")
    await phone.click("#to-stations")
    await phone.locator("#stations-list li").first.wait_for()


async def test_somebody_who_is_not_staff_is_refused_in_the_server_s_words(screens: Screens) -> None:
    screens.expect_refusals(403)
    page = await screens.open("/demo/scanner")
    async with page.expect_response("**/api/v1/sessions") as answer:
        await page.click("[data-person=courier]")
    message = (await (await answer.value).json())["message"]
    await expect(page.locator("#sign-in-problem")).to_have_text(f"演示骑手：{message}")
    await expect(page.locator("#desk")).to_be_hidden()


async def test_a_scan_whose_answer_was_lost_counts_once(screens: Screens) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("staff")
    scanner = await screens.open_scanner()
    before = await count_scans(phone)
    lost: list[Request] = []

    async def lose_the_first(route: "Route") -> None:
        if lost:
            await route.continue_()
            return
        lost.append(route.request)
        await route.fetch()
        await route.abort()

    await scanner.route(SCANS, lose_the_first)
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    assert lost
    await expect(scanner.locator("#queue")).to_be_hidden()
    await expect(phone.locator("#scans-list li")).to_have_count(before + 1, **WITHIN_FIVE_SECONDS)


async def test_a_scan_without_a_network_waits_and_keeps_its_name(screens: Screens) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    sent: list[str] = []

    def note(request: "Request") -> None:
        if "/api/v1/scans" in request.url:
            body = json.loads(request.post_data or "{}")
            sent.extend(one["scanId"] for one in body.get("scans", [body]))

    scanner.on("request", note)
    code = await phone.inner_text("#code-text")
    await screens.context.set_offline(True)
    await scan(scanner, code)
    await expect(scanner.locator("#verdict.waiting")).to_contain_text("已存下，待上传")
    await expect(scanner.locator("#queue")).to_have_text("1 条扫码已存在本机，等网络恢复自动上传")
    await screens.context.set_offline(False)
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    await expect(scanner.locator("#queue")).to_be_hidden()
    await expect(scanner.locator("#history li")).to_have_count(1)
    assert len(sent) > 1
    assert len(set(sent)) == 1


async def test_a_scan_that_waits_outlives_its_page(screens: Screens) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    code = await phone.inner_text("#code-text")
    await screens.context.set_offline(True)
    await scan(scanner, code)
    await expect(scanner.locator("#queue")).to_be_visible()
    await scanner.close()
    await screens.context.set_offline(False)
    again = await screens.open_scanner()
    await expect(again.locator("#history li")).to_contain_text(["演**手通过"])
    await expect(again.locator("#queue")).to_be_hidden()
