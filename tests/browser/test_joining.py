"""Joining, claiming and transferring, walked through on the phone and on the console as people do."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from models.tables import read_records
from tests.browser.conftest import open_demo, open_screens
from tests.browser.legibility import PHONE_SIZE, complaints, look
from tests.browser.screens import Screens, follow
from tests.browser.test_console import choose_organisation, sign_in
from tests.browser.test_membership_page import open_membership

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect
CONSEQUENCES_SECONDS = 60.0
"""How long the worker may take for what follows from a decision, on a busy machine."""


async def open_union(screens: Screens, person: str) -> "Page":
    phone = await screens.open(f"/demo/phone#{person}")
    await phone.click(".tabs [data-view=union]")
    return phone


HERE, THERE = "演示街道工会服务站", "演示东街道工会服务站"


async def appoint(desk: "Page", person: str, name: str, union: str) -> None:
    """Appoint a demo person as an officer of one union."""
    await desk.goto("/console/appointments")
    await desk.click("#add")
    await desk.fill("#name", name)
    await desk.fill("#phone", f"100{sum(person.encode()):08}")
    await desk.select_option("#role", "officer")
    await choose_organisation(desk, "organisation", union)
    await desk.click("#form-fields .primary")
    await expect(desk.locator("#done")).to_have_text(f"已任命：工会工作人员，{union}")


async def open_reviews(screens: Screens, person: str, queue: str) -> "Page":
    """A queue of an officer who is none of those that the demo offers, in a browser of the officer's own."""
    desk = await screens.open("/console/sign-in")
    await desk.set_viewport_size({"width": 1280, "height": 860})
    await desk.locator("#qr").wait_for()
    await desk.evaluate(f"document.querySelector('[data-person=officer]').dataset.person = '{person}'")
    await desk.click(f"[data-person={person}]")
    await desk.wait_for_url("**/console")
    await follow(desk, "会籍审批")
    await desk.select_option("#queue", queue)
    await expect(desk.locator("#rows")).to_contain_text(f"{HERE} → {THERE}")
    return desk


async def choices(desk: "Page") -> list[str]:
    """Open the only matter of a queue: what may be decided."""
    await expect(desk.locator("#rows tr")).to_have_count(1)
    await desk.click("#rows button")
    words: list[str] = await desk.locator("#decision-choice option").all_inner_texts()
    return words[1:]


async def decide(desk: "Page", choice: str) -> None:
    await desk.select_option("#decision-choice", choice)
    await desk.click("#decision-form button[type=submit]")


async def test_a_transfer_goes_from_the_phone_by_both_unions_officers_back_to_the_phone_and_its_card(
    browser: "Browser", tmp_path: Path
) -> None:
    async with (
        open_demo(tmp_path) as url,
        open_screens(browser, url) as screens,
        open_screens(browser, url) as old_union,
        open_screens(browser, url) as new_union,
    ):
        desk = await sign_in(screens, "officer")
        await appoint(desk, "cleaner", "演示环卫工", HERE)
        await appoint(desk, "retired", "演示退休职工", THERE)
        await open_membership(desk, "演示骑手")
        await desk.click("[aria-label='更正第 1 条']")
        await desk.fill("#right-day", "2020-05-01")
        await desk.click("#correction-form .primary")
        await expect(desk.locator("#done")).to_contain_text("已更正")

        phone = await open_union(screens, "courier")
        await expect(phone.locator("#union-name")).to_have_text(HERE)
        await phone.click("#begin-transfer")
        await phone.fill("#transfer-union-text", "东街道")
        await phone.click("#transfer-union-search button")
        await phone.click("#transfer-union-list button")
        await phone.click("#confirm-yes")
        await answer_popup(phone, "#confirm-yes")
        await expect(phone.locator("#union-state")).to_have_text("会籍转移中")
        await expect(phone.locator("#result")).to_be_hidden()

        receiving = await open_reviews(new_union, "retired", "receiving")
        assert await choices(receiving) == ["退回接转"], "nothing to receive before it is released"
        releasing = await open_reviews(old_union, "cleaner", "releasing")
        assert await choices(releasing) == ["办理转出", "退回接转"]
        await decide(releasing, "release")
        await expect(releasing.locator("#done")).to_contain_text("办理转出")
        await expect(releasing.locator("#rows")).to_contain_text("（已转出）")
        await receiving.reload()
        await receiving.select_option("#queue", "receiving")
        await expect(receiving.locator("#rows")).to_contain_text("（已转出）")
        await look(new_union, receiving, tmp_path / "receiving.png")
        assert await choices(receiving) == ["接收", "退回接转"]
        await decide(receiving, "accept_transfer")
        await expect(receiving.locator("#done")).to_contain_text("接收，会籍在籍")
        await expect_arrived(phone)
        await look(screens, phone, tmp_path / "transferred.png", PHONE_SIZE)


async def answer_popup(phone: "Page", answer: str) -> None:
    """WeChat's popup asks for the message that tells the result."""
    await expect(phone.locator("#confirm-words")).to_contain_text("会籍办理结果")
    await phone.click(answer)


async def agree_to_result(phone: "Page") -> None:
    """Say yes later, by the button that is there while nothing is granted."""
    await phone.click("#result")
    async with phone.expect_response("**/api/v1/subscriptions") as answer:
        await answer_popup(phone, "#confirm-yes")
    granted = {one["purpose"]: one["credits"] for one in (await (await answer.value).json())["items"]}
    assert granted["membership_result"] == 1
    await expect(phone.locator("#result-words")).to_have_text("好的，有结果时会用微信通知您。")
    await expect(phone.locator("#result")).to_be_hidden()


async def expect_arrived(phone: "Page") -> None:
    """The phone and its card tell the new union, and the years that came along."""
    await phone.reload()
    await expect(phone.locator("#union-state")).to_have_text("会籍有效")
    await expect(phone.locator("#union-name")).to_have_text(THERE)
    await expect(phone.locator("#union-words")).to_have_text("会籍自 2020-05-01 起算。")
    await phone.click(".tabs [data-view=card]")
    await phone.locator("#card-shown").wait_for()
    await expect(phone.locator("#member-organisation")).to_have_text(THERE)
    await expect(phone.locator("#member-standing")).to_have_text("会籍有效")


async def approve(screens: Screens) -> None:
    """Approve the courier's application as an officer."""
    desk = await sign_in(screens, "officer")
    await follow(desk, "会籍审批")
    row = desk.locator("#rows tr", has_text="演**人").filter(has_text="外卖配送员")
    await row.locator("button").click()
    await desk.select_option("#decision-choice", "approve")
    await desk.click("#decision-form button[type=submit]")
    await expect(desk.locator("#done")).to_contain_text("批准入会")


async def test_a_courier_joins_in_three_steps_an_officer_approves_and_the_card_appears(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        screens.expect_refusals(404)
        phone = await screens.open("/demo/phone#stranger")
        await phone.click("#to-union")
        await look(screens, phone, tmp_path / "choice.png", PHONE_SIZE)
        await phone.click("#to-join")
        await phone.click("#join-next")
        await expect(phone.locator("#join-problem")).to_contain_text("请选择用工形式")
        await phone.check("text=新就业形态")
        await phone.check("text=外卖配送员")
        await look(screens, phone, tmp_path / "join-work.png", PHONE_SIZE)
        await phone.click("#join-next")
        await expect(phone.locator("#join-step")).to_have_text("第 2 步，共 3 步")
        await phone.fill("#join-union-text", "东街道")
        await phone.click("#join-union-search button")
        await look(screens, phone, tmp_path / "join-union.png", PHONE_SIZE)
        await phone.click("#join-union-list button")
        await expect(phone.locator("#join-summary")).to_have_text(
            "新就业形态（外卖配送员），加入：演示东街道工会服务站"
        )
        await phone.fill("#join-name", "演示路人")
        await phone.fill("#join-number", "110101199003070522")
        await phone.fill("#join-phone", "13812345678")
        await phone.check("#join-agrees")
        await look(screens, phone, tmp_path / "join-person.png", PHONE_SIZE)
        screens.expect_refusals(404, 400)
        await phone.click("#join-send")
        await look(screens, phone, tmp_path / "join-popup.png", PHONE_SIZE)
        await answer_popup(phone, "#confirm-no")
        await expect(phone.locator("#join-problem")).to_contain_text("证件号码不正确")
        await phone.fill("#join-number", "110101199003070521")
        await phone.click("#join-send")
        await expect(phone.locator("#union-state")).to_have_text("入会申请审核中")
        await expect(phone.locator("#union-words")).to_contain_text("前审核")
        await look(screens, phone, tmp_path / "applied.png", PHONE_SIZE)
        await agree_to_result(phone)

        await approve(screens)
        await phone.reload()
        await phone.click(".tabs [data-view=card]")
        await phone.locator("#card-shown").wait_for()
        await expect(phone.locator("#member-organisation")).to_have_text("演示东街道工会服务站")
        await look(screens, phone, tmp_path / "card.png", PHONE_SIZE)


async def test_an_imported_member_claims_the_record_then_transfers(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        screens.expect_refusals(401, 404, 409)
        phone = await open_union(screens, "imported")
        await phone.click("#to-claim")
        await phone.fill("#claim-name", "演示员工")
        await phone.fill("#claim-number", "410105199001011233")
        await phone.check("#claim-agrees")
        await phone.click("#claim-send")
        await expect(phone.locator("#claim-problem")).to_contain_text("没有匹配到可认领的会员信息")
        await phone.click("#claim-result")
        await answer_popup(phone, "#confirm-yes")
        await expect(phone.locator("#claim-result-words")).to_contain_text("好的")
        await look(screens, phone, tmp_path / "claim.png", PHONE_SIZE)
        await phone.fill("#claim-name", "演示职工")
        await phone.click("#claim-send")
        await phone.locator("#card-shown").wait_for()
        await expect(phone.locator("#member-name")).to_have_text("演**工")

        await phone.click(".tabs [data-view=union]")
        await phone.click("#begin-transfer")
        await phone.fill("#transfer-union-text", "东街道")
        await phone.click("#transfer-union-search button")
        await phone.locator("#transfer-union-list button").wait_for()
        await look(screens, phone, tmp_path / "transfer.png", PHONE_SIZE)
        await phone.click("#transfer-union-list button")
        await phone.click("#confirm-yes")
        await expect(phone.locator("#union-state")).to_have_text("会籍转移中")
        await expect(phone.locator("#union-words")).to_contain_text("演示东街道工会服务站")
        await look(screens, phone, tmp_path / "transferring.png", PHONE_SIZE)
        await phone.click("#withdraw-transfer")
        await expect(phone.locator("#union-state")).to_have_text("会籍有效")


async def test_a_member_leaves_on_the_phone_and_the_page_and_the_card_say_so(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        phone = await screens.open_phone("courier")
        await phone.click(".tabs [data-view=union]")
        await phone.click("#leave-union")
        await expect(phone.locator("#confirm-words")).to_contain_text("须重新申请入会")
        await look(screens, phone, tmp_path / "leaving.png", PHONE_SIZE)
        await phone.click("#confirm-no")
        await expect(phone.locator("#union-state")).to_have_text("会籍有效")
        await phone.click("#leave-union")
        await phone.click("#confirm-yes")
        await expect(phone.locator("#union-state")).to_have_text("已退会")
        await expect(phone.locator("#union-words")).to_have_text(
            re.compile(r"您已于 \d{4}-\d\d-\d\d 退会。可以重新申请入会。")
        )
        await expect(phone.locator("#leave-union")).to_be_hidden()
        await expect(phone.locator("#to-join")).to_be_visible()
        await look(screens, phone, tmp_path / "left.png", PHONE_SIZE)
        await phone.click(".tabs [data-view=card]")
        for _ in range(2):
            await expect(phone.locator("#absent-title")).to_have_text("会员卡已停用")
            await expect(phone.locator("#member-standing")).to_have_text("已退会")
            await expect(phone.locator("#card-shown")).to_be_hidden()
            await expect(phone.locator("#to-union")).to_be_visible()
            await phone.reload()
        await look(screens, phone, tmp_path / "left-card.png", PHONE_SIZE)


ROSTER = """姓名,身份证号,手机号,所在工会
钱大江,110101199003070521,13812340001,演示街道工会服务站
孙小山,110101199003070529,13812340002,演示街道工会服务站
"""


async def test_an_officer_imports_a_roster_sees_claims_and_exports(
    browser: "Browser", tmp_path: Path
) -> None:
    async with open_demo(tmp_path) as url, open_screens(browser, url) as screens:
        desk = await sign_in(screens, "officer")
        await follow(desk, "会员导入")
        (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8")
        await desk.set_input_files("#file", tmp_path / "roster.csv")
        await desk.click("#check")
        await expect(desk.locator("#report-words")).to_have_text("检查完毕，还没有保存：新增 1，未导入 1。")
        await expect(desk.locator("#report-rows")).to_contain_text("校验位不对")
        assert await complaints(screens, desk) == []
        await desk.click("#confirm-import")
        await expect(desk.locator("#report-words")).to_have_text("已导入：新增 1，未导入 1。")
        await desk.screenshot(path=str(tmp_path / "roster.png"), full_page=True)

        screens.expect_refusals(401, 404, 409)
        phone = await open_union(screens, "stranger")
        await phone.click("#to-claim")
        await phone.fill("#claim-name", "钱大江")
        await phone.fill("#claim-number", "110101199003070521")
        await phone.check("#claim-agrees")
        await phone.click("#claim-send")
        await expect(phone.locator("#claim-problem")).to_contain_text("没有匹配到")
        await follow(desk, "认领核实")
        await expect(desk.locator("#rows")).to_contain_text("相符：姓名、证件号码；不符：手机号")
        await expect(desk.locator("#rows")).to_contain_text("名册登记")
        assert await complaints(screens, desk) == []
        await desk.screenshot(path=str(tmp_path / "claims.png"), full_page=True)
        await desk.click("#rows button")
        await desk.click("#accept")
        await expect(desk.locator("#done")).to_contain_text("已确认是本人")
        async with asyncio.timeout(CONSEQUENCES_SECONDS):
            while await phone.text_content("#member-name") != "钱*江":
                await phone.reload()
                await phone.wait_for_timeout(1000)

        await follow(desk, "会员")
        async with desk.expect_download() as download:
            await desk.click("#export-form button")
        path = await (await download.value).path()
        names = [record.cells[0] for record in read_records(path.read_bytes())]
        assert "钱*江" in names
        assert "钱大江" not in names
