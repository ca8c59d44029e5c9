"""A station's tablet and the page behind its sign, walked through as the 站长 and couriers do."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp
from PIL import Image

from models.positions import Position, from_gcj02
from tests.browser.cables import Cable
from tests.browser.conftest import open_screens
from tests.browser.legibility import complaints
from tests.browser.screens import Screens
from tests.handlers.waiting import until

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = pytest.mark.browser
expect = playwright.expect

# The demo's station that never closes.
CODE = "Y5HZKXBX"
THERE = Position(113.6205, 34.7502)


async def ask(screens: Screens, method: str, path: str, body: object = None, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = await screens.context.request.fetch(path, method=method, data=body, headers=headers)
    assert answer.ok, await answer.text()
    return await answer.json()


async def staff_token(screens: Screens) -> str:
    code = (await ask(screens, "POST", "/demo/login-codes", {"person": "staff"}))["code"]
    session = await ask(screens, "POST", "/api/v1/sessions", {"code": code, "staff": True})
    return str(session["token"])


def wide(digits: str) -> str:
    """Digits as a Chinese keyboard types them."""
    return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)


async def open_kiosk(screens: Screens, typed: Callable[[str], str] = str) -> "Page":
    """A tablet that was paired as the page says."""
    offer = await ask(
        screens, "POST", f"/api/v1/staff/stations/{CODE}/screen", token=await staff_token(screens)
    )
    page = await screens.context.new_page()
    await page.clock.install()
    await page.set_viewport_size({"width": 1024, "height": 768})
    await page.goto(f"/kiosk/{CODE}")
    await page.fill("#code", typed(offer["pairingCode"]))
    await page.click("#pair button")
    await page.locator("#shown").wait_for()
    return page


async def read_link(page: "Page") -> str:
    """What a reader that is not ours sees on the tablet."""
    while True:
        written = await page.get_attribute("#picture", "data-link")
        picture = Image.open(io.BytesIO(await page.screenshot()))
        if written == await page.get_attribute("#picture", "data-link"):
            break
    (found,) = zxingcpp.read_barcodes(picture)
    assert found.text == written
    return str(written)


async def at_the_station(screens: Screens) -> None:
    longitude, latitude = from_gcj02(THERE, "wgs84")
    await screens.context.set_geolocation({"longitude": longitude, "latitude": latitude})


async def test_a_tablet_is_paired_and_its_code_is_a_check_in(screens: Screens) -> None:
    kiosk = await open_kiosk(screens)
    link = await read_link(kiosk)
    assert f"/s/{CODE}?k=" in link
    phone = await screens.open(link)
    await phone.select_option("#worker", "food_delivery")
    await phone.click("#check-in-form button")
    await expect(phone.locator("#check-in-answer")).to_contain_text("签到成功")
    await expect(phone.locator("#check-in-answer")).to_contain_text("后可以再次签到")
    await phone.click("#check-in-form button")
    await expect(phone.locator("#check-in-answer")).to_contain_text("已经签到过")


async def test_a_tablet_goes_on_through_a_network_cut(screens: Screens) -> None:
    screens.expect_refusals(0)
    kiosk = await open_kiosk(screens)
    before = await read_link(kiosk)
    await screens.context.set_offline(True)
    await kiosk.clock.run_for(31_000)
    after = await read_link(kiosk)
    assert after != before
    await kiosk.clock.run_for(600_000)
    await expect(kiosk.locator("#offline")).to_contain_text("签到码照常更新")
    await kiosk.clock.fast_forward(8 * 86_400_000)
    await expect(kiosk.locator("#offline")).to_contain_text("离线已超过一周")
    await screens.context.set_offline(False)
    phone = await screens.open(after)
    await phone.click("#check-in-form button")
    await expect(phone.locator("#check-in-answer")).to_contain_text("签到")


async def test_a_tablet_that_starts_anew_without_a_network_shows_its_codes(
    browser: "Browser", url: str
) -> None:
    cable = Cable(url)
    await cable.plug()
    async with open_screens(browser, cable.url) as screens:
        screens.expect_refusals(0)
        kiosk = await open_kiosk(screens)
        before = await read_link(kiosk)
        await until(lambda: kiosk.evaluate("caches.match(location.pathname).then(Boolean)"), bool)
        await cable.pull()
        await kiosk.reload()
        await kiosk.locator("#shown").wait_for()
        await expect(kiosk.locator("h1")).to_have_text("演示驿站·全天(虚构)")
        await expect(kiosk.locator("#offline")).to_contain_text("签到码照常更新")
        assert (await read_link(kiosk)).partition("?k=")[0] == before.partition("?k=")[0]
        assert await complaints(screens, kiosk) == []
        with pytest.raises(playwright.Error):
            await screens.open(f"/s/{CODE}")
        await cable.plug()
        await kiosk.reload()
        await kiosk.locator("#shown").wait_for()
        await expect(kiosk.locator("#offline")).to_be_hidden()
    await cable.pull()


async def test_a_tablet_that_lost_its_pairing_says_so_and_what_to_do(screens: Screens) -> None:
    screens.expect_refusals(403)
    kiosk = await open_kiosk(screens)
    await ask(screens, "DELETE", f"/api/v1/staff/stations/{CODE}/screen", token=await staff_token(screens))
    await kiosk.clock.run_for(120_000)
    await expect(kiosk.locator("#lost")).to_have_text("这块屏幕的配对已失效，请让站长重新生成配对码")
    await expect(kiosk.locator("#pairing")).to_contain_text("十分钟内在下面输入 8 位数字")
    await expect(kiosk.locator("#picture")).to_be_hidden()
    await kiosk.reload()
    await kiosk.fill("#code", "00000000")
    await kiosk.click("#pair button")
    await expect(kiosk.locator("#problem")).to_have_text("配对码不对或已失效，请让站长重新生成")


async def test_a_pairing_code_may_be_typed_in_wide_digits(screens: Screens) -> None:
    kiosk = await open_kiosk(screens, wide)
    assert f"/s/{CODE}?k=" in await read_link(kiosk)


async def test_the_sign_s_page_checks_in_by_position_or_says_how_far(screens: Screens) -> None:
    screens.expect_refusals(409)
    await screens.context.set_geolocation({"longitude": 113.9, "latitude": 34.4})
    phone = await screens.open(f"/s/{CODE}")
    await phone.click("#check-in-form button")
    await expect(phone.locator("#check-in-answer")).to_contain_text("到了再签到")
    await expect(phone.locator("#check-in-answer")).to_contain_text("米")
    await at_the_station(screens)
    async with phone.expect_response("**/check-ins") as answer:
        await phone.click("#check-in-form button")
    assert (await (await answer.value).json())["presence"] == "near"
    await expect(phone.locator("#check-in-answer.fresh")).to_contain_text("签到成功")


@pytest.mark.parametrize("mangled", ["0A1B2", "0A1B2C3D4E5F6G%20"])
async def test_a_link_whose_screen_code_is_mangled_checks_in_by_the_sign(
    screens: Screens, mangled: str
) -> None:
    await at_the_station(screens)
    phone = await screens.open(f"/s/{CODE}?k={mangled}")
    async with phone.expect_response("**/check-ins") as answer:
        await phone.click("#check-in-form button")
    assert (await (await answer.value).json())["presence"] == "near"
    await expect(phone.locator("#check-in-answer.fresh")).to_contain_text("签到成功")


async def test_a_locked_door_is_told_with_a_photo(screens: Screens) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (80, 60), "grey").save(picture, "JPEG")
    phone = await screens.open(f"/s/{CODE}")
    await phone.fill("#words", "卷帘门拉下来了")
    await phone.set_input_files(
        "#photo", files={"name": "door.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()}
    )
    await phone.click("#report-form button")
    await expect(phone.locator("#report-answer")).to_contain_text("照片已收到")
    await phone.reload()
    await expect(phone.locator(".report-mark")).to_contain_text("有人反映锁门")


async def test_a_report_whose_photo_is_refused_is_taken_and_told_so(screens: Screens) -> None:
    screens.expect_refusals(415, 400, 0)
    # Another station: one address may send few reports of each.
    near = f"longitude={THERE.longitude}&latitude={THERE.latitude}&datum=gcj02"
    code = (await ask(screens, "GET", f"/api/v1/stations?{near}"))["items"][-1]["code"]
    assert code != CODE
    phone = await screens.open(f"/s/{code}")
    answer = phone.locator("#report-answer")
    for name, kind, words in (
        ("door.gif", "image/gif", "照片没有收到：只收 JPEG、PNG、WebP 格式的照片"),
        ("door.jpg", "image/jpeg", "照片没有收到：只支持 JPEG、PNG、WebP 格式的静态图片"),
    ):
        await phone.set_input_files("#photo", {"name": name, "mimeType": kind, "buffer": b"no picture"})
        await phone.select_option("#problem", "wrong_place")
        await phone.click("#report-form button")
        await expect(answer).to_contain_text(words)
        await expect(answer).to_contain_text("谢谢")
        await expect(answer).to_contain_text("有人反映位置不对")
    assert await complaints(screens, phone) == []
    await phone.route("**/photo?*", lambda route: route.abort())
    await phone.click("#report-form button")
    await expect(answer).to_contain_text("照片没有收到：连不上网络")
    await expect(answer).to_contain_text("有人反映位置不对")


async def test_somebody_says_which_facility_does_not_work(screens: Screens) -> None:
    phone = await screens.open(f"/s/{CODE}")
    which = phone.locator("#facility")
    await expect(which).to_be_hidden()
    await phone.select_option("#problem", "facility_broken")
    words = await which.locator("option").last.inner_text()
    await which.select_option(label=words)
    assert await complaints(screens, phone) == []
    await phone.click("#report-form button")
    await expect(phone.locator("#report-answer")).to_contain_text(f"有人反映{words}不能用")
    await phone.select_option("#problem", "wrong_place")
    await expect(which).to_be_hidden()
    await phone.click("#report-form button")
    await expect(phone.locator("#report-answer")).to_contain_text("有人反映位置不对")


@pytest.mark.parametrize("path", [f"/s/{CODE}", f"/kiosk/{CODE}"])
async def test_the_pages_are_fit_for_everybody(screens: Screens, path: str) -> None:
    page = await screens.open(path)
    await page.locator("form:visible").first.wait_for()
    assert await complaints(screens, page) == []


async def test_a_paired_tablet_is_fit_for_everybody(screens: Screens) -> None:
    kiosk = await open_kiosk(screens)
    assert await complaints(screens, kiosk) == []
