"""Phone, scanner and tablet on a slow network: what was asked for before never replaces what is newer."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.late import answer_late, hold
from tests.browser.screens import Screens, scan
from tests.browser.test_kiosk import CODE, ask, staff_token
from tests.handlers.waiting import until

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.browser
expect = playwright.expect

MOMENT = "2026-07-15T09:00:00+08:00"
NOTHING: dict[str, object] = {"items": [], "next": None, "serverTime": MOMENT}


async def look_again(phone: "Page") -> None:
    """Come back to the page, as from another."""
    await phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


async def test_unions_are_those_that_were_searched_last(screens: Screens) -> None:
    def found(name: str) -> dict[str, object]:
        return {"items": [{"id": name, "name": name, "above": "", "region": ""}], "next": None}

    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=union]")
    await phone.click("#begin-transfer")
    asked = await hold(phone, "**/api/v1/organisations?*")

    async def search(code: str) -> None:
        await phone.fill("#transfer-union-text", code)
        await phone.press("#transfer-union-text", "Enter")

    await answer_late(
        asked,
        lambda: search("81AAAAAAAA"),
        lambda: search("81BBBBBBBB"),
        with_answers=(found("先"), found("后")),
    )
    await expect(phone.locator("#transfer-union-list")).to_have_text("后")


async def test_stations_are_those_that_were_asked_for_last(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    asked = await hold(phone, "**/api/v1/stations?*")
    press = phone.locator("#only-open").click
    await answer_late(asked, press, press, with_answers=(NOTHING, NOTHING))
    await expect(phone.locator("#stations-words")).to_contain_text("没有已公布位置的驿站")


async def test_a_position_that_comes_late_replaces_no_place_that_was_chosen(screens: Screens) -> None:
    await screens.context.add_init_script(
        "navigator.geolocation.getCurrentPosition = (found) => { window.found = found; }"
    )
    phone = await screens.open_phone("courier")
    await phone.click(".tabs [data-view=stations]")
    await phone.click("#locate")
    await phone.select_option("#place", index=1)
    chosen = await phone.input_value("#place")
    await phone.evaluate("found({ coords: { longitude: 113.6, latitude: 34.7 } })")
    await expect(phone.locator("#locate")).to_be_enabled()
    await expect(phone.locator("#place")).to_have_value(chosen)


async def test_more_visits_come_once_however_often_they_are_asked_for(screens: Screens) -> None:
    def visits(name: str, following: str | None) -> dict[str, object]:
        return {"items": [{"at": MOMENT, "name": name, "presence": "sign"}], "next": following}

    phone = await screens.open_phone("courier")
    asked = await hold(phone, "**/api/v1/check-ins*")
    await look_again(phone)
    await asked.answer(await asked.get(), visits("第一页", "2"))
    more = phone.locator("#visits-more").click
    second = visits("第二页", None)
    await answer_late(asked, more, more, with_answers=(second, second))
    await expect(phone.locator("#visits-list li")).to_have_count(2)


async def test_the_longer_list_of_scans_stays(screens: Screens) -> None:
    def scans(number: int) -> dict[str, object]:
        facts = {"place": "驿站", "post": "", "purpose": "identify", "outcome": "accepted", "reason": None}
        one = {**facts, "undone": None, "dayOnly": False}
        items = [{**one, "at": f"2026-07-15T09:00:{second:02}+08:00"} for second in range(number)]
        return {"items": items, "next": "more"}

    phone = await screens.open_phone("courier")
    asked = await hold(phone, "**/api/v1/card/scans?*")
    await asked.answer(await asked.get(), scans(20))
    more = phone.locator("#scans-more").click
    await answer_late(asked, more, more, with_answers=(scans(40), scans(60)))
    await expect(phone.locator("#scans-list li")).to_have_count(60)


async def test_printed_cards_are_those_of_the_last_look(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    asked = await hold(phone, "**/api/v1/card/prints")

    async def look_anew() -> None:
        await phone.click("#loss-close")
        await phone.click("#loss-open")

    one = {"number": 1, "issuedAt": MOMENT, "state": "issued"}
    answers = ({"items": [one]}, {"items": list[object]()})
    await answer_late(asked, phone.locator("#loss-open").click, look_anew, with_answers=answers)
    await expect(phone.locator("#loss-prints")).to_be_hidden()


async def test_corrections_are_those_of_the_last_look(screens: Screens) -> None:
    def asked_on(day: str) -> dict[str, object]:
        return {"items": [{"corrects": "name", "state": "open", "askedAt": day, "reason": None}]}

    phone = await screens.open_phone("courier")
    asked = await hold(phone, "**/members/me/corrections")
    look = phone.locator(".tabs [data-view=privacy]").click
    await answer_late(asked, look, look, with_answers=(asked_on("2026-07-14"), asked_on("2026-07-15")))
    await expect(phone.locator("#correct-list")).to_contain_text("2026-07-15")


async def test_the_holder_is_as_the_last_answer_says(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    asked = await hold(phone, "**/api/v1/members/me")
    await look_again(phone)
    first = await asked.get()
    member = await (await first.fetch()).json()
    await asked.answer(first, member)
    answers = ({**member, "name": "先"}, {**member, "name": "后"})
    await answer_late(asked, lambda: look_again(phone), lambda: look_again(phone), with_answers=answers)
    await expect(phone.locator("#member-name")).to_have_text("后")


async def test_the_scanner_is_at_the_station_that_was_typed_last_and_says_its_last_word(
    screens: Screens,
) -> None:
    def station(code: str, *, said: object = None) -> dict[str, object]:
        return {"code": code, "name": f"{code}站", "evidence": {"statement": said}}

    scanner = await screens.open_scanner()
    asked = await hold(scanner, "**/api/v1/stations/*")

    async def find(code: str) -> None:
        await scanner.fill("#place-code", code)
        await scanner.press("#place-code", "Enter")

    await find("AAAAAAAA")
    first = await asked.get()
    await find("BBBBBBBB")
    await asked.answer(await asked.get(), station("BBBBBBBB"))
    word = await asked.get()
    await asked.answer(first, station("AAAAAAAA"))
    await expect(scanner.locator("#place-words")).to_have_text("在BBBBBBBB站扫码")

    await scanner.click("#word summary")
    saying = await hold(scanner, "**/statement")
    said = ({"open": True, "at": MOMENT}, {"open": False, "at": MOMENT})
    opens, closes = (scanner.locator(f"#word-{state}").click for state in ("open", "closed"))
    await answer_late(saying, opens, closes, with_answers=said)
    await asked.answer(word, station("BBBBBBBB", said=said[0]))
    await expect(scanner.locator("#word-said")).to_have_text("09:00 已说明：今天不开放")


async def test_a_picture_without_a_code_is_not_told_over_a_later_scan(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    pictures = await hold(scanner, "**/api/v1/scans/picture")
    for answer, status in (({"codes": [], "others": 0}, 200), ({"code": "no", "message": "没有识别"}, 400)):
        screens.expect_refusals(400)
        await scanner.set_input_files(
            "#picture-file", {"name": "a.svg", "mimeType": "image/svg", "buffer": b"x"}
        )
        late = await pictures.get()
        await scan(scanner, "6901234567892")
        await expect(scanner.locator("#verdict.refused")).to_be_visible()
        await pictures.answer(late, answer, status=status)
        await expect(scanner.locator("#picture")).to_be_enabled()
        await expect(scanner.locator("#verdict.refused")).to_be_visible()


async def test_a_double_tap_opens_one_desk(screens: Screens) -> None:
    scanner = await screens.open("/demo/scanner")
    logins = await hold(scanner, "**/demo/login-codes")
    tap = scanner.locator("[data-person=staff]").click
    await tap()
    first = await logins.get()
    await tap()
    second = await logins.get()
    async with scanner.expect_response("**/sessions/current"):
        await logins.answer(second)
    asked: list[str] = []
    scanner.on("request", lambda request: asked.append(request.url))
    async with scanner.expect_response(re.compile("/api/v1/sessions$")):
        await logins.answer(first)
    await scanner.evaluate("fetch('/healthz').then((answer) => answer.text())")
    assert [url for url in asked if url.endswith("/sessions/current")] == []


async def test_a_camera_that_is_granted_after_the_shift_is_closed_at_once(screens: Screens) -> None:
    await screens.context.add_init_script(
        """if (navigator.mediaDevices) {
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          await new Promise((grant) => { window.grant = grant; });
          window.stream = await open(wanted);
          return window.stream;
        };
        }"""
    )
    scanner = await screens.open_scanner()
    await scanner.click("#camera")
    await expect(scanner.locator("#camera")).to_be_disabled()
    await scanner.click("#sign-out")
    await scanner.evaluate("grant()")
    ended = "window.stream !== undefined && stream.getTracks().every((track) => track.readyState === 'ended')"
    await until(lambda: scanner.evaluate(ended), bool)


async def test_a_tablet_that_was_paired_anew_hears_nothing_of_the_pairing_before(screens: Screens) -> None:
    path = f"/api/v1/staff/stations/{CODE}/screen"
    offer = await ask(screens, "POST", path, token=await staff_token(screens))
    pairing = {"pairingCode": offer["pairingCode"]}
    paired = await ask(screens, "POST", f"/api/v1/stations/{CODE}/screen/pairings", pairing)
    kiosk = await screens.context.new_page()
    keys = await hold(kiosk, "**/screen/keys")
    pairings = await hold(kiosk, "**/screen/pairings")
    await kiosk.goto(f"/kiosk/{CODE}")

    async def pair(token: str) -> None:
        await kiosk.fill("#code", "12345678")
        await kiosk.click("#pair button")
        await pairings.answer(await pairings.get(), {**paired, "token": token})
        await expect(kiosk.locator("#shown")).to_be_visible()

    async def be_online() -> None:
        await kiosk.evaluate("window.dispatchEvent(new Event('online'))")

    unpaired = {"code": "screen_not_paired", "message": "这块屏幕没有配对"}
    screens.expect_refusals(404)
    await pair("first")
    await be_online()
    late = [await keys.get()]
    await be_online()
    late.append(await keys.get())
    await be_online()
    await keys.answer(await keys.get(), unpaired, status=404)
    await expect(kiosk.locator("#pairing")).to_be_visible()
    await pair("second")
    await keys.answer(late[0], unpaired, status=404)
    await keys.answer(late[1], paired)
    await expect(kiosk.locator("#shown")).to_be_visible()
    kept = await kiosk.evaluate(
        "JSON.parse(Object.values(localStorage).find((text) => text.includes('dayKeys'))).token"
    )
    assert kept == "second"
