"""The console's pages about stations, walked through by an officer: hours, tickets, screen, visits."""

import base64
import io
import re
import secrets
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.legibility import complaints
from tests.browser.screens import AT_ONCE, Screens, follow, reload_until
from tests.browser.test_console import choose_organisation, sign_in
from tests.browser.test_kiosk import CODE, ask

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
expect = playwright.expect


OWN = {"X-Console-Request": "1"}


async def open_station(screens: Screens) -> tuple["Page", str]:
    """An officer's page of a station that no other test needs, reached by the table; and its name."""
    page = await sign_in(screens, "officer")
    name = f"时间驿站{secrets.token_hex(4)}"
    text = f"名称,地址,行政区,经度,纬度,坐标系,开放时间\n{name},路1号,测试区,113.9,34.2,gcj02,看情况\n"
    sent = {"fileName": "一站.csv", "content": base64.b64encode(text.encode()).decode()}
    answer = await page.request.post("/api/v1/staff/stations/imports", data=sent, headers=OWN)
    assert answer.ok
    await follow(page, "'驿站'")
    await page.click(f"#rows a:has-text('{name}')")
    await expect(page.locator("h1")).to_have_text(name)
    return page, name


async def report_locked(screens: Screens, code: str) -> None:
    """Two people stand before a locked door within the hour."""
    for person in ("courier", "cleaner"):
        login = (await ask(screens, "POST", "/demo/login-codes", {"person": person}))["code"]
        token = (await ask(screens, "POST", "/api/v1/sessions", {"code": login}))["token"]
        device = secrets.token_urlsafe(16)
        body = {"problem": "locked", "device": device, "words": "铁链锁着"}
        made = await ask(screens, "POST", f"/api/v1/stations/{code}/reports", body, token)
        if person == "courier":
            await send_photo(screens, f"/api/v1/reports/{made['report']}/photo?device={device}", token)


async def send_photo(screens: Screens, path: str, token: str | None = None) -> None:
    """A photo of the locked door: brown, on a grey wall."""
    content, drawn = io.BytesIO(), Image.new("RGB", (640, 480), "#9a9a94")
    drawn.paste("#6b4226", (220, 120, 420, 480))
    drawn.save(content, "JPEG")
    headers = {"Content-Type": "image/jpeg"} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = await screens.context.request.put(path, data=content.getvalue(), headers=headers)
    assert answer.ok, await answer.text()


async def test_an_officer_corrects_hours_and_everybody_sees_them(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await expect(page.locator("#hours-words")).to_have_text("开放时间未公布（原文“看情况”看不懂）")
    await page.fill("#hours-text", "周一至周五 9点至17点，看情况")
    screens.expect_refusals(400)
    await page.click("#hours-check")
    await expect(page.locator("#hours-problem")).to_contain_text("看不懂“看情况”")
    assert await page.evaluate("window.getSelection().toString()") == "看情况"
    await page.fill("#hours-text", "夏季（5月1日至9月30日）8:00-22:00；其余时间 9点至17点；节假日休息")
    await page.click("#hours-check")
    await expect(page.locator("#hours-read")).to_contain_text(
        "意思是：夏季（5月1日至9月30日）：每天 08:00-22:00"
    )
    assert await complaints(screens, page) == []
    await page.click("#hours-form .primary")
    await expect(page.locator("#done")).to_contain_text("已公布：夏季（5月1日至9月30日）")
    await expect(page.locator("#hours-words")).to_contain_text("节假日休息")
    public = await screens.open(await page.get_attribute("text=公开页面", "href") or "")
    body = expect(public.locator("body"))
    await reload_until(public, lambda: body.to_contain_text("其余时间：每天 09:00-17:00", timeout=AT_ONCE))


async def test_an_officer_corrects_a_record_and_suspends_the_station(screens: Screens) -> None:
    page, name = await open_station(screens)
    await expect(page.locator("#record-name")).to_have_value(name)
    await expect(page.locator("#record-words")).to_contain_text("来自“一站.csv”")
    await page.fill("#record-address", "路2号院内")
    await page.check("#facility-water")
    await page.select_option("#record-kind", "model")
    await page.fill("#record-longitude", "34.2")
    await page.fill("#record-latitude", "113.9")
    screens.expect_refusals(400, 409)
    await page.click("#record-form .primary")
    await expect(page.locator("#record-problem")).to_have_text("经度和纬度可能写反了，请检查")
    await page.fill("#record-longitude", "113.95")
    await page.fill("#record-latitude", "34.25")
    other = await screens.open(page.url)
    await expect(other.locator("h1")).to_have_text(name)
    await page.click("#record-form .primary")
    await expect(page.locator("#done")).to_have_text("已保存基本资料")
    await expect(page.locator("#record-words")).to_contain_text("地址、位置、类型、设施由工作人员填写")
    assert await complaints(screens, page) == []
    await other.select_option("#record-state", "retired")
    await other.click("#record-form .primary")
    await expect(other.locator("#record-problem")).to_have_text("驿站刚刚被别人修改过，请刷新后再改")
    await page.select_option("#record-state", "suspended")
    await page.click("#record-form .primary")
    await expect(page.locator("#record-words")).to_contain_text("状态由工作人员填写")
    await page.reload()
    await expect(page.locator("#record-state")).to_have_value("suspended")
    await expect(page.locator("#facility-water")).to_be_checked()
    await expect(page.locator("#record-longitude")).to_have_value("113.95")
    public = await screens.open(await page.get_attribute("text=公开页面", "href") or "")
    body = expect(public.locator("body"))
    await reload_until(public, lambda: body.to_contain_text("暂停开放", timeout=AT_ONCE))


async def test_an_officer_adds_how_to_get_in(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await expect(page.locator("#record-words")).to_contain_text("一站.csv")
    await page.fill("#record-aliases", "暖心屋、小站")
    await page.select_option("#record-entry", "staff")
    await page.fill("#record-way", "从东门进")
    await page.fill("#record-phone", "0371-12345678")
    await page.select_option("#record-parking", "no")
    await page.fill("#record-area", "25")
    await page.select_option("#record-finest", "yes")
    await page.select_option("#record-mode", "joint")
    await page.fill("#premises-unit", "杜岭商场")
    await page.fill("#premises-phone", "0371-87654321")
    await page.fill("#record-entrance-longitude", "113.91")
    await page.fill("#record-entrance-latitude", "34.2")
    screens.expect_refusals(400)
    await page.click("#record-form .primary")
    await expect(page.locator("#record-problem")).to_contain_text("入口离驿站的位置 920 米，太远了")
    await page.fill("#record-entrance-longitude", "113.902")
    await page.click("#record-form .primary")
    await expect(page.locator("#done")).to_have_text("已保存基本资料")
    await page.reload()
    await expect(page.locator("#record-aliases")).to_have_value("暖心屋、小站")
    await expect(page.locator("#record-parking")).to_have_value("no")
    await expect(page.locator("#record-phone")).to_have_value("0371-12345678")
    await expect(page.locator("#record-area")).to_have_value("25")
    await expect(page.locator("#record-floor")).to_have_value("")
    await expect(page.locator("#record-finest")).to_have_value("yes")
    await expect(page.locator("#premises-unit")).to_have_value("杜岭商场")
    await expect(page.locator("#record-entrance-longitude")).to_have_value("113.902")
    public = await screens.open(await page.get_attribute("text=公开页面", "href") or "")
    details = expect(public.locator("dl"))
    await reload_until(public, lambda: details.to_contain_text("从东门进", timeout=AT_ONCE))
    await expect(public.locator("body")).not_to_contain_text("杜岭商场")
    assert "position=113.902,34.2&" in (await public.get_attribute("text=在高德地图中打开", "href") or "")
    assert await complaints(screens, public) == []


async def test_an_officer_closes_a_station_with_a_reason_and_opens_it_again(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await page.fill("#reason", "停电检修")
    await page.fill("#until", "2020-01-01T18:00")
    screens.expect_refusals(400)
    await page.click("#closure-form .primary")
    await expect(page.locator("#closure-problem")).to_contain_text("恢复开放的时间已经过去")
    await page.fill("#until", "")
    await page.click("#closure-form .primary")
    await expect(page.locator("#closure-words")).to_contain_text("停电检修：")
    await expect(page.locator("#now")).to_contain_text("停电检修")
    await page.reload()
    await expect(page.locator("#closure-words")).to_contain_text("恢复时间另行通知")
    await page.click("#reopen")
    await expect(page.locator("#closure-words")).to_be_hidden()


async def test_a_word_that_a_station_is_open_or_closed_today_is_public_at_once(screens: Screens) -> None:
    page, _ = await open_station(screens)
    words = page.locator("#statement-words")
    await expect(words).to_have_text("今天没有说明，照公布的开放时间。")
    await page.click("#state-closed")
    await expect(words).to_have_text(re.compile(r"^\d\d:\d\d 已说明：今天不开放。今天以此为准"))
    await expect(page.locator("#done")).to_have_text("已公布：今天不开放")
    await expect(page.locator("#now")).to_contain_text("工作人员说今天不开放")
    assert await complaints(screens, page) == []
    code = await page.get_attribute("#station", "data-code")
    public = await screens.open(f"/s/{code}")
    told = expect(public.locator("[aria-label=现场情况]"))
    await reload_until(public, lambda: told.to_contain_text("已关门", timeout=AT_ONCE))
    await page.click("#state-open")
    await expect(words).to_contain_text("已说明：今天已开门")
    await page.reload()
    await expect(words).to_contain_text("已说明：今天已开门")
    await expect(page.locator("#state-open")).to_have_attribute("aria-pressed", "true")
    await public.reload()
    await reload_until(public, lambda: told.to_contain_text("已开门", timeout=AT_ONCE))


async def test_an_officer_says_who_runs_a_station_and_goes_on_with_its_hours(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await expect(page.locator("#host-words")).to_contain_text("没有确定由谁管理")
    await choose_organisation(page, "host", "演示街道工会")
    await page.click("#host-form button")
    await expect(page.locator("#host-words")).to_contain_text("先通知站长 1 人")
    await expect(page.locator("#done")).to_have_text("已确定由演示街道工会服务站管理")
    assert await complaints(screens, page) == []
    await page.select_option("#keeper", index=1)
    name = await page.locator("#keeper option:checked").inner_text()
    await page.click("#host-form button")
    await expect(page.locator("#host-words")).to_contain_text(f"先通知本站站长 {name}，两小时后")
    await page.fill("#host-text", "")
    await page.press("#host-text", "Tab")
    await expect(page.locator("#keeper")).to_be_disabled()
    await page.reload()
    await expect(page.locator("#keeper option:checked")).to_have_text(name)
    await page.select_option("#keeper", index=0)
    await page.click("#host-form button")
    await expect(page.locator("#host-words")).to_contain_text("先通知站长 1 人")
    await page.fill("#hours-text", "24小时")
    await page.click("#hours-form .primary")
    await expect(page.locator("#done")).to_have_text("已公布：24小时开放")
    await expect(page.locator("#hours-by")).to_have_text("工作人员在此填写，导入驿站表不会改动")
    await page.reload()
    await expect(page.locator("#host-words")).to_contain_text("先通知站长 1 人")


async def test_an_officer_pairs_a_screen_and_ends_it(screens: Screens) -> None:
    page, _ = await open_station(screens)
    await expect(page.locator("#screen-words")).to_have_text("没有配对的屏幕。")
    await page.click("#screen-offer")
    await expect(page.locator("#told")).to_be_visible()
    code, kiosk_url = await page.inner_text("#told-code"), await page.inner_text("#told-url")
    assert await complaints(screens, page) == []
    await page.click("#told-close")
    await expect(page.locator("#told-code")).to_have_text("")
    await expect(page.locator("#screen-words")).to_contain_text("配对码已生成")
    kiosk = await screens.open(kiosk_url)
    await kiosk.fill("#code", code)
    await kiosk.click("#pair button")
    await kiosk.locator("#shown").wait_for()
    await page.reload()
    await expect(page.locator("#screen-words")).to_contain_text("已配对，自")
    await page.click("#screen-revoke")
    await page.click("#ending-confirm")
    await expect(page.locator("#screen-words")).to_have_text("没有配对的屏幕。")
    screens.expect_refusals(403)
    await kiosk.reload()
    await expect(kiosk.locator("#lost")).to_contain_text("配对已失效")


async def test_a_ticket_shows_its_clock_and_is_answered(screens: Screens) -> None:
    page, name = await open_station(screens)
    await report_locked(screens, await page.get_attribute("#station", "data-code") or "")
    await page.reload()
    await expect(page.locator("#marks")).to_have_text(re.compile(r"^\d\d:\d\d 有人反映锁门，待核实$"))
    await expect(page.locator("#last-visit")).to_have_text("没有")
    assert await complaints(screens, page) == []
    await page.click("#marked >> text=驿站问题")
    row = page.locator(f"#rows tr:has-text('{name}')")
    await expect(row).to_contain_text("锁门")
    # Nobody runs it: it begins with the district.
    await expect(row).to_contain_text("区县")
    await expect(row).to_contain_text("还剩 24 小时 0 分")
    assert await complaints(screens, page) == []
    await row.locator("button").click()
    await expect(page.locator("#reports")).to_contain_text("铁链锁着")
    picture = page.locator("#reports .photo img")
    await expect(picture).to_have_count(1)
    await expect(picture).to_have_js_property("naturalWidth", 640)
    assert await complaints(screens, page) == []
    await page.click("#answering-form .primary")
    await expect(page.locator("#answering")).to_be_visible()
    await expect(page.locator("#answer option")).to_have_text(
        ["请选择", "门已经打开", "今天不开放", "开放时间已更正", "情况不属实"]
    )
    await expect(page.locator("#mending")).to_have_text("公布的时间不对的，请先更正：开放时间")
    await page.select_option("#answer", "opened")
    await page.click("#answering-form .primary")
    await expect(page.locator("#done")).to_have_text(f"已处理：{name}，门已经打开")
    await expect(row).to_have_count(0)


async def test_an_officer_reads_a_single_report_that_made_no_ticket(screens: Screens) -> None:
    page, _ = await open_station(screens)
    code = await page.get_attribute("#station", "data-code") or ""
    await expect(page.locator("#reports")).to_have_text("三十天内没有人反映")
    device = secrets.token_urlsafe(16)
    body = {"problem": "other", "device": device, "words": "地上有水"}
    made = await ask(screens, "POST", f"/api/v1/stations/{code}/reports", body)
    await send_photo(screens, f"/api/v1/reports/{made['report']}/photo?device={device}")
    await page.reload()
    await page.click(".parts >> text=反映")
    row = page.locator("#reports tr")
    await expect(row).to_have_count(1)
    await expect(row).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d有问题“地上有水” 未经微信审核$"))
    await row.scroll_into_view_if_needed()
    await expect(row.locator(".photo img")).to_have_js_property("naturalWidth", 640)
    assert await complaints(screens, page) == []


async def test_an_officer_sees_the_visits_of_each_day(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    for worker in ("parcel", "sanitation"):
        body = {"device": secrets.token_urlsafe(16), "worker": worker}
        answer = await screens.context.request.post(f"/api/v1/stations/{CODE}/check-ins", data=body)
        assert answer.ok
    await page.goto(f"/console/stations/{CODE}")
    await expect(page.locator("#visits tr")).to_have_count(1)
    await expect(page.locator("#visits-words")).to_contain_text("1 天有人到访")
    await expect(page.locator("#visits")).to_contain_text("快递员 ")
    assert await complaints(screens, page) == []
    await page.select_option("#days", "7")
    await expect(page.locator("#visits")).to_contain_text("环卫工人 ")
