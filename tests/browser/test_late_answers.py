"""The console on a slow network: what was asked for before never replaces what was asked for since."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import open_screens
from tests.browser.late import answer_late, hold
from tests.browser.screens import Screens
from tests.browser.test_console import sign_in

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    Open = Callable[[str], Awaitable[Screens]]

pytestmark = pytest.mark.browser
expect = playwright.expect

STATION = "/console/stations/Y5HZKXBX"
"""The demo's station that never closes."""

MOMENT = "2026-07-15T09:00:00+08:00"
TABLES = (
    ("officer", "members", "members?page=*"),
    ("officer", "memberships", "memberships?*"),
    ("officer", "claims", "claims?*"),
    ("officer", "corrections", "corrections?*"),
    ("officer", "stations", "stations?*"),
    ("officer", "organisations", "organisations?page=*"),
    ("officer", "appointments", "appointments?*"),
    ("officer", "devices", "devices?*"),
    ("security", "security", "security/appointments?*"),
    ("auditor", "audit", "audit/entries?*"),
)


@pytest.fixture(scope="module")
async def open_as(browser: "Browser", url: str) -> AsyncIterator["Open"]:
    """Opens the browser in which a demo person has signed in to the console, once for all tests."""
    async with AsyncExitStack() as stack:
        opened: dict[str, Screens] = {}

        async def open_as(person: str) -> Screens:
            if person not in opened:
                screens = await stack.enter_async_context(open_screens(browser, url))
                opened[person] = screens
                await (await sign_in(screens, person)).close()
            return opened[person]

        yield open_as


@asynccontextmanager
async def open_page(screens: Screens) -> AsyncIterator["Page"]:
    page = await screens.context.new_page()
    await page.set_viewport_size({"width": 1280, "height": 860})
    yield page
    await page.close()


@pytest.fixture
async def officer(open_as: "Open") -> AsyncIterator["Page"]:
    async with open_page(await open_as("officer")) as page:
        yield page


def table(total: int, *rows: dict[str, object]) -> dict[str, object]:
    return {"list": rows, "total": total, "page": 1, "pageSize": 20}


@pytest.mark.parametrize(("person", "name", "pattern"), TABLES)
async def test_a_table_shows_what_was_asked_for_last(
    open_as: "Open", person: str, name: str, pattern: str
) -> None:
    async with open_page(await open_as(person)) as page:
        asked = await hold(page, f"**/api/v1/staff/{pattern}")
        await page.goto(f"/console/{name}")
        await asked.answer(await asked.get(), table(100))
        turn = page.locator("#pager >> text=下一页")
        await answer_late(asked, turn.click, turn.click, with_answers=(table(200), table(300)))
        await expect(page.locator("#pager")).to_contain_text("共 300 条")


@pytest.mark.parametrize(
    ("name", "pattern", "button", "told"),
    [
        ("system", "**/staff/system", "#refresh", "version"),
        ("audit", "**/audit/checks", "#check-again", "unsealed"),
    ],
)
async def test_what_is_asked_for_again_shows_the_last_answer(
    open_as: "Open", name: str, pattern: str, button: str, told: str
) -> None:
    async with open_page(await open_as({"audit": "auditor"}.get(name, name))) as page:
        asked = await hold(page, pattern)
        await page.goto(f"/console/{name}")
        first = await asked.get()
        real = await (await first.fetch()).json()
        await asked.answer(first, real)
        ask = page.locator(button).click
        answers = ({**real, told: "先答的"}, {**real, told: "后答的"})
        await answer_late(asked, ask, ask, with_answers=answers)
        await expect(page.locator("main")).to_contain_text("后答的")


async def test_a_late_refusal_is_not_told_beside_a_later_answer(officer: "Page", open_as: "Open") -> None:
    (await open_as("officer")).expect_refusals(409)
    asked = await hold(officer, "**/staff/stations?*")
    await officer.goto("/console/stations")
    first = await asked.get()
    await officer.check("#own")
    await asked.answer(await asked.get(), table(0))
    await asked.answer(first, {"code": "late", "message": "来得太晚"}, status=409)
    await expect(officer.locator("#problem")).to_be_hidden()


async def test_figures_of_a_past_question_neither_replace_nor_join_those_of_the_last(officer: "Page") -> None:
    def figures(name: str) -> dict[str, object]:
        counts = {"counted": 1, "countedCorrection": 0, "retained": 0, "retainedCorrection": 0}
        return {"organisation": name, "date": "2026-07-15", "asOf": "2026-07-15", **counts}

    asked = await hold(officer, "**/figures?*")
    below = await hold(officer, "**/staff/organisations?above=*&page=1&pageSize=50")
    await officer.goto("/console/figures")
    await asked.answer(await asked.get(), figures("起初"))
    ask = officer.locator("#asked .primary").click
    await answer_late(asked, ask, ask, with_answers=(figures("先问的"), figures("后问的")))
    rows = officer.locator("#rows tr")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("后问的")

    await officer.click("#below")
    listed = await below.get()
    await ask()
    await asked.answer(await asked.get(), figures("最后问的"))
    await below.answer(listed, table(1, {"id": "below"}))
    await expect(rows).to_have_text(["最后问的101000"])
    await officer.click("#below")
    await below.answer(await below.get(), table(1, {"id": "below"}))
    await asked.answer(await asked.get(), figures("下级"))
    await expect(rows).to_have_count(2)


async def test_one_organisations_particulars_come_not_after_anothers(officer: "Page") -> None:
    await officer.goto("/console/organisations")
    await officer.click("[aria-label='查看 演示区职工服务中心 的下级']")
    await expect(officer.locator("#detail-name")).to_have_text("演示区职工服务中心")
    asked = await hold(officer, "**/staff/organisations/*")
    street, east = (
        officer.locator(f"[aria-label='查看 {name}工会服务站 的详情']") for name in ("演示街道", "演示东街道")
    )
    await answer_late(asked, street.click, east.click, with_answers=(None, None))
    await expect(officer.locator("#detail-name")).to_have_text("演示东街道工会服务站")


async def test_one_unions_contacts_do_not_come_into_anothers_dialog(officer: "Page") -> None:
    def contacts(chair: str, version: str) -> dict[str, str]:
        return {"chair": chair, "contact": "", "phone": "", "version": version}

    asked = await hold(officer, "**/contacts")
    await officer.goto("/console/organisations")
    await officer.click("[aria-label='查看 演示区职工服务中心 的详情']")

    async def leave_and_open_again() -> None:
        await officer.click("#people-cancel")
        await officer.click("#contacts")

    opens = officer.locator("#contacts").click
    await answer_late(
        asked, opens, leave_and_open_again, with_answers=(contacts("", ""), contacts("王*", "v"))
    )
    await expect(officer.locator("#chair")).to_have_value("王*")
    await expect(officer.locator("#people-save")).to_be_disabled()


async def test_one_members_card_does_not_come_into_anothers_dialog(officer: "Page") -> None:
    def card(serial: str) -> dict[str, object]:
        return {"serial": serial, "state": "active", "isHeld": False, "events": [], "prints": []}

    await officer.goto("/console/members")
    cards = officer.locator("#rows button:text-is('卡')")

    async def leave_and_open_the_next() -> None:
        await officer.click("#card-close")
        await cards.nth(1).click()

    asked = await hold(officer, "**/staff/members/*/card")
    answers = (card("AAAAABBBBB"), card("CCCCCDDDDD"))
    await answer_late(asked, cards.first.click, leave_and_open_the_next, with_answers=answers)
    await expect(officer.locator("#card-facts")).to_contain_text("CCCCC-DDDDD")


async def test_a_members_full_particulars_are_not_shown_once_the_dialog_was_left(officer: "Page") -> None:
    asked = await hold(officer, "**/unmaskings")
    await officer.goto("/console/members")
    await officer.locator("#rows button:text-is('查看')").first.click()
    await officer.select_option("#reason", index=1)
    await officer.click("#unmask-form .primary")
    late = await asked.get()
    await officer.click("#unmask-cancel")
    await expect(officer.locator("#unmask")).to_be_hidden()
    await asked.answer(late, {"name": "甲", "idDocument": "1", "phone": "2"})
    await expect(officer.locator("#unmasked")).to_be_hidden()
    await expect(officer.locator("#full-name")).to_have_text("")


async def test_one_persons_sessions_do_not_come_into_anothers_dialog(open_as: "Open") -> None:
    async with open_page(await open_as("security")) as page:
        await page.goto("/console/security")
        looks = page.locator("#rows button:text-is('登录状态')")

        async def leave_and_open_the_next() -> None:
            await page.click("#sessions-close")
            await looks.nth(1).click()

        asked = await hold(page, "**/people/*/sessions")
        one = {"kind": "console", "openedAt": MOMENT, "expiresAt": MOMENT}
        answers = ({"items": [one]}, {"items": list[object]()})
        await answer_late(asked, looks.first.click, leave_and_open_the_next, with_answers=answers)
        await expect(page.locator("#sessions-rows")).to_have_text("没有登录")
        await expect(page.locator("#sessions-end")).to_be_disabled()


def waiting(person: str) -> dict[str, object]:
    """Whose application waits."""
    places = {
        "organisation": "甲工会",
        "target": None,
        "isReleased": False,
        "phone": "",
        "workerForm": "employed",
    }
    clock = {"enteredAt": MOMENT, "isOverdue": False, "reviewBy": None}
    return {"id": person, "name": person, "gigKind": None, "isOwn": False, **places, **clock}


async def test_a_decision_that_is_answered_late_is_told_and_leaves_the_next_ones_dialog_open(
    officer: "Page",
) -> None:
    tables = await hold(officer, "**/staff/memberships?*")
    decisions = await hold(officer, "**/decisions")
    await officer.goto("/console/memberships")
    await tables.answer(await tables.get(), table(2, waiting("甲某"), waiting("乙某")))
    await officer.click("[aria-label='办理 甲某 的事项']")
    await officer.select_option("#decision-choice", "approve")
    await officer.click("#decision-form .primary")
    late = await decisions.get()
    await officer.click("#decision-cancel")
    await officer.click("[aria-label='办理 乙某 的事项']")
    await decisions.answer(late, {"name": "甲某", "state": "active"})
    await tables.answer(await tables.get(), table(1, waiting("乙某")))
    await expect(officer.locator("#done")).to_contain_text("甲某：")
    await expect(officer.locator("#decision")).to_be_visible()
    await expect(officer.locator("#decision-words")).to_contain_text("乙某")
    await officer.select_option("#decision-choice", "refuse")
    await officer.click("#decision-cancel")
    await expect(officer.locator("#decision")).to_be_hidden()


async def test_a_decision_that_was_sent_twice_closes_its_dialog_with_the_first_answer(
    officer: "Page", open_as: "Open"
) -> None:
    (await open_as("officer")).expect_refusals(409)
    tables = await hold(officer, "**/staff/claims?*")
    decisions = await hold(officer, "**/decisions")
    claim = {"id": "c", "claimedName": "甲某", "name": "甲某", "organisation": "甲工会", "evidence": None}
    why = {"why": "unclear", "matched": [], "differing": [], "tries": 1, "lastAt": MOMENT, "isOwn": False}
    await officer.goto("/console/claims")
    await tables.answer(await tables.get(), table(1, {**claim, **why, "claimedPhone": ""}))
    await officer.click("[aria-label='核实 甲某 的认领']")
    await officer.dblclick("#accept")
    first, second = await decisions.get(), await decisions.get()
    await decisions.answer(first, {"claimedName": "甲某", "state": "accepted"})
    await expect(officer.locator("#decision")).to_be_hidden()
    await decisions.answer(second, {"code": "decided", "message": "已经办过"}, status=409)
    await expect(officer.locator("#done")).to_contain_text("已确认是本人")
    await tables.answer(await tables.get(), table(0))


async def test_a_row_is_decided_by_the_queue_that_it_stands_in(officer: "Page") -> None:
    tables = await hold(officer, "**/staff/memberships?*")
    await officer.goto("/console/memberships")
    await tables.answer(await tables.get(), table(1, waiting("甲某")))
    await officer.select_option("#queue", "receiving")
    await officer.click("[aria-label='办理 甲某 的事项']")
    await expect(officer.locator("#decision-choice option")).to_have_text(["请选择", "批准入会", "不批准"])
    await tables.answer(await tables.get(), table(0))


async def test_the_request_that_is_opened_last_is_the_one_decided(officer: "Page") -> None:
    def request(number: int) -> dict[str, object]:
        return {
            "id": f"c{number}",
            "name": f"某{number}",
            "corrects": "name",
            "organisation": "",
            "askedAt": MOMENT,
        }

    officer_tables = await hold(officer, "**/staff/corrections?*")
    asked = await hold(officer, "**/staff/corrections/*")
    await officer.goto("/console/corrections")
    await officer_tables.answer(await officer_tables.get(), table(2, request(1), request(2)))
    one, other = (officer.locator(f"[aria-label='办理 某{number} 的更正申请']") for number in (1, 2))
    answers = tuple({"id": f"c{number}", "now": f"原{number}", "wanted": f"新{number}"} for number in (1, 2))
    await answer_late(asked, one.click, other.click, with_answers=(answers[0], answers[1]))
    await expect(officer.locator("#now")).to_have_text("原2")


async def test_a_membership_is_not_replaced_by_the_one_that_was_looked_at_before(officer: "Page") -> None:
    await officer.goto("/console/members")
    links = officer.locator("#rows a:text-is('会籍')")
    first, second = [await links.nth(place).get_attribute("href") for place in (0, 1)]
    asked = await hold(officer, "**/staff/memberships/*")

    async def go_on() -> None:
        await officer.evaluate("(address) => { window.location = address }", second)

    await answer_late(asked, lambda: _go(officer, first), go_on, with_answers=(None, None))
    shown = await officer.inner_text("#name")
    await officer.reload()
    await asked.answer(await asked.get())
    await expect(officer.locator("#name")).to_have_text(shown)


async def _go(page: "Page", address: str | None) -> None:
    assert address
    await page.goto(address)


async def test_tickets_are_those_after_the_last_answer(officer: "Page") -> None:
    def ticket(name: str) -> dict[str, object]:
        what: dict[str, object] = {"problem": "dirty", "problemWords": "不干净", "tierWords": "站长"}
        what |= {"station": "S", "opened": MOMENT, "due": None}
        return {"ticket": name, "name": name, "answers": ["fixed", "not_so"], **what}

    def tickets(*names: str) -> dict[str, object]:
        rows = [ticket(name) for name in names]
        return {"list": rows, "total": len(rows), "page": 1, "pageSize": 20, "serverTime": MOMENT}

    asked = await hold(officer, "**/staff/station-tickets?page=*")
    reports = await hold(officer, "**/staff/stations/S/reports")
    answers = await hold(officer, "**/staff/station-tickets/*")
    await officer.goto("/console/station-tickets")
    await asked.answer(await asked.get(), tickets("甲站", "乙站"))

    async def settle(name: str) -> None:
        await officer.click(f"[aria-label='处理 {name} 的问题：不干净']")
        await reports.answer(await reports.get(), {"items": []})
        await officer.select_option("#answer", index=1)
        await officer.click("#answering-form .primary")
        await answers.answer(
            await answers.get(), {"name": name, "answer": await officer.input_value("#answer")}
        )

    await answer_late(
        asked, lambda: settle("甲站"), lambda: settle("乙站"), with_answers=(tickets("乙站"), tickets())
    )
    await expect(officer.locator("#rows")).to_have_text("您管理的驿站没有待处理的问题")


async def test_visits_are_of_the_days_that_were_chosen_last(officer: "Page") -> None:
    def visits(number: int) -> dict[str, Any]:
        return {
            "items": [{"day": "2026-07-15", "visits": number, "people": 1, "presence": {}, "workers": {}}]
        }

    asked = await hold(officer, "**/visits?days=*")
    await officer.goto(STATION)
    await asked.answer(await asked.get(), visits(1))

    async def choose(days: str) -> None:
        await officer.select_option("#days", days)

    await answer_late(
        asked, lambda: choose("366"), lambda: choose("7"), with_answers=(visits(366), visits(7))
    )
    await expect(officer.locator("#visits-words")).to_contain_text("共 7 人次")


async def test_the_last_word_of_the_day_is_the_one_shown(officer: "Page") -> None:
    asked = await hold(officer, "**/statement")
    await officer.goto(STATION)
    await expect(officer.locator("#statement-words")).not_to_be_empty()
    said = ({"open": True, "at": MOMENT}, {"open": False, "at": MOMENT})
    await answer_late(
        asked, officer.locator("#state-open").click, officer.locator("#state-closed").click, with_answers=said
    )
    await expect(officer.locator("#state-closed")).to_have_attribute("aria-pressed", "true")


async def test_what_was_asked_for_before_a_part_was_saved_does_not_undo_it(officer: "Page") -> None:
    asked = await hold(officer, "**/equipment")
    await officer.goto(STATION)
    first = await asked.get()
    real = await (await first.fetch()).json()
    items = [{"facility": "water", "name": "饮水", "words": "", "count": 1, "brokenSince": None}]
    await asked.answer(first, {**real, "items": items})
    await officer.evaluate("document.getElementById('station').dispatchEvent(new Event('record'))")
    late = await asked.get()
    await officer.fill("#count-water", "9")
    await officer.click("#equipment-form .primary")
    await asked.answer(await asked.get(), {**real, "items": [{**items[0], "count": 9}]})
    await asked.answer(late, {**real, "items": items})
    await expect(officer.locator("#done")).to_have_text("已保存设施情况")
    await expect(officer.locator("#count-water")).to_have_value("9")


async def test_the_meaning_of_hours_is_not_told_beside_other_words(officer: "Page") -> None:
    asked = await hold(officer, "**/hours/checks")
    await officer.goto(STATION)
    await expect(officer.locator("#hours-text")).not_to_have_value("")
    await officer.fill("#hours-text", "8:00-18:00")
    await officer.click("#hours-check")
    late = await asked.get()
    await officer.fill("#hours-text", "9:00-17:00")
    await asked.answer(late)
    await expect(officer.locator("#hours-read")).to_be_hidden()


async def test_the_report_of_a_list_is_not_shown_for_another_file(officer: "Page") -> None:
    def file(name: str) -> Any:
        return {"name": name, "mimeType": "text/csv", "buffer": "名称,地址\n".encode()}

    asked = await hold(officer, "**/imports/checks")
    await officer.goto("/console/stations")
    await officer.set_input_files("#file", file("甲.csv"))
    await officer.click("#check")
    late = await asked.get()
    await officer.set_input_files("#file", file("乙.csv"))
    report: dict[str, object] = {"counts": {}, "ignoredColumns": [], "saved": None, "stations": 1, "rows": []}
    await asked.answer(late, report)
    await expect(officer.locator("#report")).to_be_hidden()
    await officer.click("#check")
    await asked.answer(await asked.get(), report)
    await expect(officer.locator("#report")).to_be_visible()


async def test_an_import_that_was_begun_is_not_replaced_by_the_one_of_before(officer: "Page") -> None:
    imports = await hold(officer, "**/staff/members/imports")
    uploads = await hold(officer, "**/staff/members/imports?*")
    jobs = await hold(officer, "**/staff/members/imports/*")
    job: dict[str, object] = {
        "id": "new",
        "state": "checked",
        "counts": {},
        "ignoredColumns": [],
        "errorWords": None,
    }
    await officer.goto("/console/rosters")
    late = await imports.get()
    await officer.set_input_files("#file", {"name": "甲.csv", "mimeType": "text/csv", "buffer": b"x"})
    await officer.click("#check")
    await uploads.answer(await uploads.get(), {"id": "new"})
    await jobs.answer(await jobs.get(), {**job, "rows": 1, "done": 1, "problems": []})
    await expect(officer.locator("#problem-sheet")).to_have_attribute(
        "href", "/api/v1/staff/members/imports/new/problems.xlsx"
    )
    requests: list[str] = []
    officer.on("request", lambda request: requests.append(request.url))
    await imports.answer(late, {"items": [{"id": "old", "state": "checked"}]})
    assert requests == []


async def test_organisations_are_suggested_for_what_was_typed_last(officer: "Page", open_as: "Open") -> None:
    (await open_as("officer")).expect_refusals(409)
    await officer.goto("/console/members")
    asked = await hold(officer, "**/staff/organisations?search=*")

    async def type_in(text: str) -> None:
        await officer.fill("#organisation-text", text)

    refusals = ({"code": "late", "message": "来得太晚"}, None)
    await type_in("演示")
    late = await asked.get()
    await type_in("东街")
    await asked.answer(await asked.get())
    await expect(officer.locator("#organisation-list li")).to_have_count(1)
    await asked.answer(late, refusals[0], status=409)
    await expect(officer.locator("#organisation-list li")).to_have_count(1)
    await expect(officer.locator(".suggestions")).not_to_contain_text("来得太晚")
