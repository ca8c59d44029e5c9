"""The console's pages, walked through in a real browser as an officer and an auditor do."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from models.tables import read_records
from server.demo import IMPORTED_CARD_NUMBER
from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import complaints
from tests.browser.screens import Screens, follow

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Route

pytestmark = pytest.mark.browser
expect = playwright.expect

LIST = """名称,地址,行政区,经度,纬度,坐标系,开放时间,备注
浏览器测试驿站,中山路1号,测试区,113.6,34.7,gcj02,08:00-20:00,x
没有纬度的驿站,中山路2号,测试区,113.6,,gcj02,,
"""


async def sign_in(screens: Screens, person: str) -> "Page":
    """Sign in as a demo person confirms on the phone."""
    page = await screens.open("/console/sign-in")
    await page.set_viewport_size({"width": 1280, "height": 860})
    await page.locator("#qr").wait_for()
    await page.click(f"[data-person={person}]")
    await page.wait_for_url("**/console")
    return page


async def choose_organisation(page: "Page", field: str, text: str) -> None:
    """Type what is suggested, and take it with the keys."""
    await page.fill(f"#{field}-text", text)
    await expect(page.locator(f"#{field}-list li")).to_have_count(1)
    await page.press(f"#{field}-text", "ArrowDown")
    await page.press(f"#{field}-text", "Enter")
    await expect(page.locator(f"#{field}-list")).to_be_hidden()


async def saved_rows(page: "Page", button: str) -> list[str]:
    """The first cells of the sheet that a button saves."""
    async with page.expect_download() as download:
        await page.click(button)
    path = await (await download.value).path()
    return [record.cells[0] for record in read_records(path.read_bytes())]


async def test_who_is_not_signed_in_sees_the_sign_in_and_who_signs_out_again(screens: Screens) -> None:
    page = await screens.open("/console/members")
    await expect(page).to_have_url(f"{page.url.partition('/console')[0]}/console/sign-in")
    page = await sign_in(screens, "officer")
    links = "会员 会籍审批 会籍统计 认领核实 会员导入 信息更正 组织 任命 设备 驿站 驿站问题"
    await expect(page.locator(".links a")).to_have_text(links.split())
    await page.click("#sign-out")
    await page.wait_for_url("**/console/sign-in")
    await page.goto("/console")
    await page.wait_for_url("**/console/sign-in")


async def test_station_staff_cannot_confirm(screens: Screens) -> None:
    screens.expect_refusals(403)
    page = await screens.open("/console/sign-in")
    await page.locator("#qr").wait_for()
    await page.evaluate("document.querySelector('[data-person=officer]').dataset.person = 'staff'")
    await page.click("[data-person=staff]")
    await expect(page.locator("#demo-problem")).to_contain_text("没有有效的工作人员授权")


async def test_a_wrong_password_is_told_and_the_code_is_asked_again(screens: Screens) -> None:
    screens.expect_refusals(401)
    page = await screens.open("/console/sign-in")
    await page.fill("#account", "nobody")
    await page.fill("#password", "something")
    await page.fill("#one-time-code", "123456")
    await page.click("#password-form button")
    await expect(page.locator("#password-problem")).to_have_text("账号、密码或动态码不正确")
    assert await page.input_value("#one-time-code") == ""


async def test_a_member_is_found_and_shown_with_a_reason_that_the_auditor_sees(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await follow(page, "会员")
    await expect(page.locator("#rows")).to_contain_text("演**手")
    assert "演示骑手" not in await page.inner_text("#rows")
    await page.fill("#search", "演示骑手")
    await page.press("#search", "Enter")
    await expect(page.locator("#rows tr")).to_have_count(1)
    await page.click("#rows button")
    await page.click("#unmask-form .primary")
    await expect(page.locator("#unmasked")).to_be_hidden()
    await page.select_option("#reason", "contact")
    await page.click("#unmask-form .primary")
    await expect(page.locator("#full-name")).to_have_text("演示骑手")
    await page.click("#unmask-close")
    await expect(page.locator("#full-name")).to_have_text("")
    await page.click("#sign-out")
    await page.wait_for_url("**/console/sign-in")

    audit = await sign_in(screens, "auditor")
    await follow(audit, "审计")
    await expect(audit.locator("#check-words")).to_contain_text("完好")
    await expect(audit.locator("#rows")).to_contain_text("查看个人信息")
    await expect(audit.locator("#rows")).to_contain_text("事由 联系本人")
    assert "演示" not in await audit.inner_text("#rows")


async def test_a_list_is_checked_row_by_row_and_then_imported(screens: Screens, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    page = await sign_in(screens, "officer")
    await page.goto("/console/stations")
    await page.set_input_files("#file", file)
    await page.click("#import-form button")
    await expect(page.locator("#report-words")).to_contain_text(
        "还没有保存。驿站 1，不导入 1。未采用的列：备注"
    )
    await expect(page.locator("#report-rows tr")).to_have_count(2)
    await page.check("#only-problems")
    await expect(page.locator("#report-rows")).to_have_text("3不导入没有纬度的驿站纬度：经度和纬度只填了一个")
    assert await saved_rows(page, "#problem-sheet") == ["原行号", "3"]
    await page.click("#confirm-import")
    await expect(page.locator("#report-words")).to_contain_text("已导入：新增 1")
    assert await saved_rows(page, "#problem-sheet") == ["原行号", "3"]
    await expect(page.locator("#rows tr").first).to_contain_text("浏览器测试驿站")


async def test_a_station_is_found_by_a_part_of_its_name_among_all_or_the_own(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await page.goto("/console/stations")
    await page.fill("#search", "杜岭")
    await page.press("#search", "Enter")
    rows = page.locator("#rows tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("金水区")
    code, name = await rows.locator("td").nth(0).inner_text(), await rows.locator("td").nth(1).inner_text()
    await page.fill("#search", code.lower())
    await page.click("#search-form button")
    await expect(rows.locator("td").nth(1)).to_have_text(name)
    await page.fill("#search", "没有这样的驿站")
    await page.click("#search-form button")
    await expect(page.locator("#rows")).to_have_text("没有找到这样的驿站")
    await page.fill("#search", "")
    await page.check("#own")
    await expect(page.locator("#rows a").first).to_be_visible()
    assert await complaints(screens, page) == []


async def test_the_template_can_be_filled_in_and_imported(screens: Screens, tmp_path: Path) -> None:
    page = await sign_in(screens, "officer")
    await page.goto("/console/stations")
    async with page.expect_download() as download:
        await page.click("text=下载导入模板")
    template = await download.value
    assert template.suggested_filename == "驿站导入模板.xlsx"
    await template.save_as(tmp_path / "filled.xlsx")
    await page.set_input_files("#file", tmp_path / "filled.xlsx")
    await page.click("#import-form button")
    await expect(page.locator("#report-words")).to_contain_text("还没有保存。驿站 1")
    await expect(page.locator("#problem-sheet")).to_be_hidden()


async def test_a_list_that_is_too_large_is_told_before_it_is_sent(screens: Screens, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(b"x" * 700_001)
    page = await sign_in(screens, "officer")
    await page.goto("/console/stations")
    await page.set_input_files("#file", file)
    await page.click("#import-form button")
    await expect(page.locator("#import-problem")).to_have_text("文件超过 700 KB，请分成几个文件导入")


async def test_what_is_no_list_is_told_in_words(screens: Screens, tmp_path: Path) -> None:
    screens.expect_refusals(400)
    file = tmp_path / "list.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    page = await sign_in(screens, "officer")
    await page.goto("/console/stations")
    await page.set_input_files("#file", file)
    await page.click("#import-form button")
    await expect(page.locator("#import-problem")).to_contain_text("表头缺少")


async def test_the_system_administrator_sees_how_the_service_is(screens: Screens) -> None:
    page = await sign_in(screens, "system")
    await expect(page.locator(".links a")).to_have_text(["运行"])
    await page.click(".doors a")
    await expect(page.locator("#ready-words")).to_have_text("就绪")
    await expect(page.locator("#engines tr")).to_have_text(["数据库内置正常", "缓存内置正常", "微信模拟正常"])
    await expect(page.locator("#queues tr")).to_have_count(3)
    counted = page.locator("#counts tr").first.locator("td").nth(1)
    before = int(await counted.inner_text())
    await page.click("#refresh")
    await expect(counted).not_to_have_text(str(before))
    assert int(await counted.inner_text()) > before


async def test_the_security_administrator_signs_somebody_out_and_ends_an_appointment(
    browser: "Browser", tmp_path: Path
) -> None:
    async with (
        open_demo(tmp_path) as url,
        open_screens(browser, url) as others,
        open_screens(browser, url) as screens,
    ):
        officer, page = await sign_in(others, "officer"), await sign_in(screens, "security")
        await page.click(".doors >> text=安全")
        await page.locator("#rows tr", has_text="工会工作人员").locator("text=登录状态").click()
        await expect(page.locator("#sessions-rows")).to_contain_text("管理后台")
        await page.click("#sessions-end")
        await expect(page.locator("#sessions-rows")).to_have_text("没有登录")
        await page.click("#sessions-close")
        await officer.goto("/console/members")
        await officer.wait_for_url("**/console/sign-in")

        staff = page.locator("#rows tr", has_text="驿站工作人员")
        await staff.locator("text=结束任命").click()
        await page.click("#ending-cancel")
        await expect(staff).to_have_count(1)
        await staff.locator("text=结束任命").click()
        await expect(page.locator("#ending-whose")).to_contain_text("驿站工作人员，演示街道工会服务站")
        await page.click("#ending-confirm")
        await expect(staff).to_have_count(0)
        for protected in ("审计管理员", "安全管理员"):
            row = page.locator("#rows tr", has_text=protected)
            await expect(row.locator("button")).to_have_text(["登录状态"])


async def test_failed_sign_ins_are_seen_by_the_security_administrator(screens: Screens) -> None:
    screens.expect_refusals(401)
    page = await screens.open("/console/sign-in")
    await page.fill("#account", "somebody")
    await page.fill("#password", "something")
    await page.fill("#one-time-code", "123456")
    await page.click("#password-form button")
    await expect(page.locator("#password-problem")).to_be_visible()
    page = await sign_in(screens, "security")
    await page.goto("/console/security")
    await expect(page.locator("#failures")).to_contain_text("没有这个账号")


async def test_the_console_is_legible_on_every_screen(screens: Screens) -> None:
    found = {}
    for path in ("/console/sign-in", "/console/enrolment"):
        page = await screens.open(path)
        found[path] = await complaints(screens, page)
    page = await sign_in(screens, "officer")
    for path in ("/console", "/console/members", "/console/stations", "/console/audit"):
        screens.expect_refusals(403)
        await page.goto(path)
        found[path] = await complaints(screens, page)
    await page.click("#sign-out")
    await page.wait_for_url("**/console/sign-in")
    page = await sign_in(screens, "auditor")
    await page.goto("/console/audit")
    await expect(page.locator("#check-words")).to_contain_text("完好")
    found["/console/audit, seen"] = await complaints(screens, page)
    for person in ("system", "security"):
        await page.click("#sign-out")
        await page.wait_for_url("**/console/sign-in")
        page = await sign_in(screens, person)
        await page.goto(f"/console/{person}")
        await page.locator("tbody tr").first.wait_for()
        found[f"/console/{person}, seen"] = await complaints(screens, page)
    await page.locator("#rows button").first.click()
    await page.locator("#sessions-rows tr").first.wait_for()
    found["/console/security, sessions"] = await complaints(screens, page)
    assert {path: problems for path, problems in found.items() if problems} == {}


async def test_an_application_is_approved_and_another_refused_with_a_reason(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await follow(page, "会籍审批")
    rows = page.locator("#rows tr")
    await expect(rows).to_have_count(4)
    await expect(page.locator("#rows")).to_contain_text("新就业形态 · 货车司机")
    assert await complaints(screens, page) == []
    await page.click("[aria-label='办理 演****机 的事项']")
    await page.select_option("#decision-choice", "approve")
    await expect(page.locator("#decision-reason")).to_be_hidden()
    await page.click("#decision-form .primary")
    await expect(page.locator("#done")).to_contain_text("批准入会")
    await expect(rows).to_have_count(3)
    await page.click("[aria-label='办理 演**工 的事项']")
    await page.select_option("#decision-choice", "refuse")
    await page.click("#decision-form .primary")
    await expect(page.locator("#decision")).to_be_visible()
    await page.select_option("#decision-reason", "no_such_employment")
    await page.click("#decision-form .primary")
    await expect(rows).to_have_count(2)
    await page.select_option("#queue", "receiving")
    await expect(page.locator("#rows")).to_contain_text("没有等待办理的事项")


async def test_an_officer_makes_a_union_changes_it_and_merges_it(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await follow(page, "组织")
    await page.click("[aria-label='查看 演示区职工服务中心 的下级']")
    await expect(page.locator("#detail-name")).to_have_text("演示区职工服务中心")
    await page.click("#add")
    await page.fill("#name", "演示快递联合工会")
    await page.fill("#credit-code", "81410105MC1234567A")
    await page.select_option("#unit-form", "joint")
    await page.fill("#term-begins", "2024-05-01")
    screens.expect_refusals(400)
    await page.click("#form-fields .primary")
    await expect(page.locator("#form-problem")).to_contain_text("统一社会信用代码有误")
    await page.fill("#credit-code", "")
    await page.click("#form-fields .primary")
    await expect(page.locator("#done")).to_have_text("已新建：演示快递联合工会")
    await expect(page.locator("#detail-name")).to_have_text("演示快递联合工会")
    await expect(page.locator("#facts")).to_contain_text("2024-05-01 起 5 年，到 2029-05-01")
    await page.click("#contacts")
    await page.fill("#chair", "李建国")
    await page.click("#people-save")
    await expect(page.locator("#people")).to_be_hidden()
    await page.click("#contacts")
    await expect(page.locator("#chair")).to_have_value("李*国")
    await page.click("#people-open")
    await expect(page.locator("#chair")).to_have_value("李建国")
    await page.click("#people-cancel")
    await page.click("#edit")
    await page.fill("#name", "演示骑手联合工会")
    await page.click("#form-fields .primary")
    await expect(page.locator("#facts")).to_contain_text("演示快递联合工会（到 ")
    await page.click("#reorganise")
    await page.select_option("#act-kind", "merge")
    await choose_organisation(page, "act-mine", "演示东街道")
    await page.click("#act-form .primary")
    await expect(page.locator("#done")).to_contain_text("已办理，编号")
    await expect(page.locator("#facts")).to_contain_text("演示东街道工会服务站 接续")
    assert await complaints(screens, page) == []


async def test_an_officer_appoints_station_staff_and_ends_it(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await follow(page, "任命")
    await expect(page.locator("#rows")).to_contain_text("工会工作人员（区县）")
    await page.click("#add")
    await page.fill("#name", "演示环卫工")
    await page.fill("#phone", "10099999999")
    await choose_organisation(page, "organisation", "演示街道工会")
    screens.expect_refusals(404)
    await page.click("#form-fields .primary")
    await expect(page.locator("#form-problem")).to_contain_text("没有找到姓名和手机号都相符的人")
    await page.fill("#phone", f"100{sum(b'cleaner'):08}")
    await page.click("#form-fields .primary")
    await expect(page.locator("#done")).to_have_text("已任命：驿站工作人员，演示街道工会服务站")
    assert await complaints(screens, page) == []
    await page.click("[aria-label='结束 演***工 的任命']")
    await page.click("#ending-confirm")
    await expect(page.locator("#done")).to_have_text("任命已结束")
    await expect(page.locator("[aria-label='结束 演***工 的任命']")).to_have_count(0)


async def test_an_officer_registers_a_device_which_scans_until_it_is_revoked(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await follow(page, "设备")
    await page.click("#add")
    await page.fill("#name", "东门一号")
    await choose_organisation(page, "organisation", "演示街道工会")
    await page.click("#form-fields .primary")
    await expect(page.locator("#told-code")).to_have_text(re.compile("-"))
    code = await page.inner_text("#told-code")
    body = {"code": code, "installation": "browser-test-device"}
    enrolled = await page.request.post("/api/v1/devices", data=body)
    token = (await enrolled.json())["token"]
    await page.click("#told-close")
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await page.request.get("/api/v1/devices/current", headers=bearer)).status == 200
    await page.reload()
    await expect(page.locator("#rows")).to_contain_text("使用中")
    assert await complaints(screens, page) == []
    await page.click("[aria-label='停用 东门一号']")
    await page.click("#ending-confirm")
    await expect(page.locator("#done")).to_have_text("已停用：东门一号")
    await expect(page.locator("#rows")).to_contain_text("已停用")
    assert (await page.request.get("/api/v1/devices/current", headers=bearer)).status == 401


async def test_a_member_is_found_by_the_number_of_the_old_card_in_any_case(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await page.goto("/console/members")
    await page.fill("#search", IMPORTED_CARD_NUMBER.lower())
    await page.press("#search", "Enter")
    await expect(page.locator("#rows tr")).to_have_count(1)
    await expect(page.locator("#rows")).to_contain_text("演**工")
    await page.fill("#search", IMPORTED_CARD_NUMBER[:-1])
    await page.press("#search", "Enter")
    await expect(page.locator("#rows")).to_contain_text("没有这样的会员")


async def test_an_officer_freezes_reissues_and_prints_a_member_s_card(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await page.goto("/console/members")
    await page.fill("#search", "演示退休职工")
    await page.click("#search-form button >> nth=0")
    await page.click("[aria-label='办理 演****工 的卡']")
    await expect(page.locator("#card-facts")).to_contain_text("正常")
    await page.click("#card-form .primary")
    await expect(page.locator("#card-facts")).to_contain_text("工会冻结（遗失）")
    await page.select_option("#card-choice", "reissue")
    await page.click("#card-form .primary")
    await expect(page.locator("#card-facts")).to_contain_text("工会换发（遗失）")
    await page.select_option("#card-choice", "print")
    async with page.expect_download() as download:
        await page.click("#card-form .primary")
    path = await (await download.value).path()
    assert path.read_bytes().startswith(b"%PDF-")
    await expect(page.locator("#card-facts")).to_contain_text("1 张有效")
    assert await complaints(screens, page) == []


async def test_a_page_that_finds_an_engine_away_for_a_moment_asks_again(screens: Screens) -> None:
    screens.expect_refusals(503)
    page = await sign_in(screens, "officer")
    refused = 0

    async def refuse_once(route: "Route") -> None:
        nonlocal refused
        refused += 1
        await (
            route.fulfill(status=503, json={"code": "engine_unavailable"})
            if refused == 1
            else route.continue_()
        )

    await page.route("**/api/v1/staff/members?*", refuse_once)
    await follow(page, "会员")
    await expect(page.locator("#rows")).to_contain_text("演**手")
    assert refused == 2


async def test_a_late_answer_to_an_earlier_question_is_not_shown_over_a_search(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    held: list[Route] = []

    async def hold(route: "Route") -> None:
        held.append(route)

    await page.route("**/api/v1/staff/members?*", hold)
    await follow(page, "会员")
    await page.fill("#search", "演示骑手")
    await page.press("#search", "Enter")
    await expect(page.locator("#rows tr")).to_have_count(1)
    async with page.expect_response("**/api/v1/staff/members?*") as late:
        await held[0].continue_()
    await (await late.value).finished()
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 0))")
    await expect(page.locator("#rows tr")).to_have_count(1)


async def test_a_form_sent_before_its_script_has_come_waits_where_it_is(screens: Screens) -> None:
    page = await sign_in(screens, "officer")
    await page.route("**/console_members.js*", lambda route: route.abort())
    screens.expect_refusals(0)
    await page.goto("/console/members")
    await page.fill("#search", "演示骑手")
    await page.press("#search", "Enter")
    assert await page.input_value("#search") == "演示骑手"
    assert page.url.endswith("/console/members")
