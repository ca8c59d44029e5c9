"""The scanner where a browser cannot read codes: chosen pictures, and a camera that the server looks at."""

import asyncio
import io
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from handlers.pictures import draw_code
from tests.browser.conftest import open_screens
from tests.browser.screens import Screens
from tests.models.hostile_pictures import SECRET, segments, with_everything

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Request, Route

pytestmark = pytest.mark.browser
expect = playwright.expect

PICTURES = "**/api/v1/scans/picture"
NO_EYE = "delete window.BarcodeDetector"
FRAMES = 20


async def choose(scanner: "Page", content: bytes, name: str = "picture.png", field: str = "picture") -> None:
    """Choose a picture as a person does."""
    async with scanner.expect_file_chooser() as chooser:
        await scanner.click(f"#{field}")
    await (await chooser.value).set_files({"name": name, "mimeType": "image/png", "buffer": content})


def photograph(code: bytes, size: tuple[int, int] = (1280, 960)) -> Image.Image:
    """A code that lies a little askew on a desk."""
    picture = Image.new("RGB", size, (205, 200, 190))
    card = (
        Image.open(io.BytesIO(code))
        .convert("RGB")
        .rotate(9, Image.Resampling.BICUBIC, True, None, None, "white")
    )
    picture.paste(card, (size[0] // 3, size[1] // 4))
    return picture


def written(picture: Image.Image, form: str) -> bytes:
    content = io.BytesIO()
    picture.save(content, form)
    return content.getvalue()


async def test_a_picture_is_scanned_as_any_card_is(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    code = draw_code(await phone.inner_text("#code-text"), 8)
    await choose(scanner, written(photograph(code), "PNG"))
    await expect(scanner.locator("#verdict.accepted")).to_contain_text("演**手")
    await expect(scanner.locator("#history li")).to_have_count(1)
    await choose(scanner, written(photograph(code), "PNG"))
    await expect(scanner.locator("#history li")).to_have_count(2)


async def test_two_cards_in_a_picture_are_two_scans(screens: Screens) -> None:
    codes = [await (await screens.open_phone(who)).inner_text("#code-text") for who in ("courier", "staff")]
    scanner = await screens.open_scanner()
    sheet = Image.new("RGB", (800, 400), "white")
    for across, code in enumerate(codes):
        sheet.paste(Image.open(io.BytesIO(draw_code(code, 6))), (400 * across, 20))
    await choose(scanner, written(sheet, "PNG"))
    await expect(scanner.locator("#history li .mark.good")).to_have_count(2)


async def test_a_payment_code_is_refused_and_never_told(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    sent: list[str] = []
    scanner.on("request", lambda request: sent.append(request.url))
    async with scanner.expect_response(PICTURES) as answer:
        await choose(scanner, draw_code("wxp://f2f0SECRET", 6))
    assert await (await answer.value).json() == {"codes": [], "others": 1}
    await expect(scanner.locator("#verdict.refused")).to_contain_text("不是会员卡码")
    assert not [url for url in sent if url.endswith("/api/v1/scans")]
    await expect(scanner.locator("#history li")).to_have_count(0)


async def test_a_picture_without_a_code_says_how_to_take_a_better_one(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    await choose(scanner, written(Image.new("RGB", (300, 300), "white"), "JPEG"))
    await expect(scanner.locator("#verdict.attention")).to_contain_text("没有读到码")


async def test_what_is_no_picture_is_refused_in_the_server_s_words(screens: Screens) -> None:
    screens.expect_refusals(400)
    scanner = await screens.open_scanner()
    await choose(scanner, b"<svg/>", "picture.svg")
    await expect(scanner.locator("#verdict.attention")).to_contain_text(
        "只支持 JPEG、PNG、WebP 格式的静态图片"
    )
    await expect(scanner.locator("#picture")).to_be_enabled()


async def test_a_picture_without_a_network_says_so(screens: Screens) -> None:
    screens.expect_refusals(0)
    scanner = await screens.open_scanner()
    await screens.context.set_offline(True)
    await choose(scanner, draw_code("x", 6))
    await expect(scanner.locator("#verdict.attention")).to_contain_text("网络不可用")


async def test_a_photograph_leaves_the_phone_small_and_without_its_place(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    sent: list[bytes] = []

    async def keep(route: "Route") -> None:
        sent.append(route.request.post_data_buffer or b"")
        await route.continue_()

    await scanner.route(PICTURES, keep)
    await choose(scanner, with_everything("JPEG"), "IMG_0001.jpg")
    await expect(scanner.locator("#verdict.attention")).to_contain_text("没有读到码")
    await choose(scanner, written(Image.new("RGB", (4000, 3000), "white"), "JPEG"), "IMG_0002.jpg")
    await expect(scanner.locator("#picture")).to_be_enabled()
    assert Image.open(io.BytesIO(sent[1])).size == (2400, 1800)
    assert SECRET not in sent[0]
    assert 0xE1 not in {kind for _, kind in segments(sent[0])}


async def test_a_thumb_gets_a_button_for_the_camera_of_the_phone(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    await expect(scanner.locator("#photograph")).to_be_hidden()
    assert await scanner.get_attribute("#photograph-file", "capture") == "environment"
    assert await scanner.get_attribute("#picture-file", "capture") is None


@pytest.fixture
async def print_before_the_camera(
    screens: Screens, launch: Callable[..., Awaitable["Browser"]], url: str, tmp_path: Path
) -> Any:
    """A browser without an eye of its own, whose camera sees a courier's printed card."""
    phone = await screens.open_phone("courier")
    printed = await phone.evaluate(PRINT, secrets.token_hex(8))
    frame = photograph(bytes(printed), (640, 480))
    film = tmp_path / "camera.mjpeg"
    film.write_bytes(written(frame, "JPEG") * FRAMES)
    browser = await launch(f"--use-file-for-fake-video-capture={film}")
    async with open_screens(browser, url) as others:
        await others.context.add_init_script(NO_EYE)
        yield others
    await browser.close()


PRINT = """async (key) => {
  const token = Object.entries(localStorage).find(([name]) => name.endsWith("courier.unionStation.token"))[1];
  const headers = { Authorization: `Bearer ${JSON.parse(token)}`, "Idempotency-Key": key };
  const options = { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: "{}" };
  const { number } = await (await fetch("/api/v1/card/prints", options)).json();
  const picture = await fetch(`/api/v1/card/prints/${number}/qr.png?scale=6`, { headers });
  return Array.from(new Uint8Array(await picture.arrayBuffer()));
}"""


# When the browser began to send each picture, in milliseconds.
LOOKS = """() => performance.getEntriesByType("resource")
  .filter((entry) => entry.name.endsWith("/picture")).map((entry) => entry.startTime)"""


async def test_the_server_reads_what_the_camera_sees(print_before_the_camera: Screens) -> None:
    scanner = await print_before_the_camera.open_scanner()
    underway: set[Request] = set()
    at_once = [0]

    def begin(request: "Request") -> None:
        if request.url.endswith("/picture"):
            underway.add(request)
            at_once.append(len(underway))

    def end(request: "Request") -> None:
        underway.discard(request)

    scanner.on("request", begin)
    scanner.on("requestfinished", end)
    await scanner.click("#camera")
    await expect(scanner.locator("#verdict.accepted")).to_contain_text("演**手")
    await expect(scanner.locator("#camera-words")).to_contain_text("画面不保存")
    while len(at_once) < 7:
        await scanner.wait_for_event("request")
    await scanner.click("#camera")
    looks = await scanner.evaluate(LOOKS)
    assert looks[5] - looks[0] > 5 * 450, "two a second at most"
    assert max(at_once) == 1
    await expect(scanner.locator("#history li")).to_have_count(1)


async def open_camera(screens: Screens, answer: dict[str, Any]) -> tuple["Page", list[str]]:
    """Open a camera whose frames are all answered alike, under a clock that stands still; what was asked."""
    await screens.context.add_init_script(NO_EYE)
    scanner = await screens.context.new_page()
    await scanner.clock.install()
    await scanner.goto("/demo/scanner")
    await scanner.click("[data-person=staff]")
    await scanner.locator("#desk").wait_for()
    asked: list[str] = []

    async def respond(route: "Route") -> None:
        asked.append(route.request.url)
        await route.fulfill(**answer)

    await scanner.route(PICTURES, respond)
    await scanner.clock.pause_at(await scanner.evaluate("Date.now() + 1000"))
    await scanner.click("#camera")
    await expect(scanner.locator("#preview")).to_be_visible()
    return scanner, asked


async def test_a_camera_that_asks_too_often_waits_as_long_as_it_is_told(screens: Screens) -> None:
    screens.expect_refusals(429)
    problem = {
        "code": "too_many_requests",
        "message": "操作太频繁",
        "details": {"retryAfter": 7},
        "requestId": "1",
    }
    answer = {"status": 429, "body": json.dumps(problem), "content_type": "application/json"}
    scanner, asked = await open_camera(screens, answer)
    words = scanner.locator("#camera-words")
    await scanner.clock.run_for(600)
    await expect(words).to_have_text("暂时不能识别：操作太频繁")
    before = len(asked)
    await scanner.clock.run_for(6_000)
    assert len(asked) == before
    async with scanner.expect_request(PICTURES):
        await scanner.clock.run_for(1_500)


async def test_a_camera_that_sees_nothing_for_two_minutes_is_closed(screens: Screens) -> None:
    nothing = json.dumps({"codes": [], "others": 0})
    scanner, _ = await open_camera(
        screens, {"status": 200, "body": nothing, "content_type": "application/json"}
    )
    await expect(scanner.locator("#camera-words")).to_contain_text("画面不保存")
    await scanner.clock.fast_forward(125_000)
    await expect(scanner.locator("#camera-words")).to_contain_text("摄像头已关闭")
    await expect(scanner.locator("#preview")).to_be_hidden()


async def test_a_payment_code_that_stays_before_the_camera_is_refused_once(screens: Screens) -> None:
    other = json.dumps({"codes": [], "others": 1})
    scanner, asked = await open_camera(
        screens, {"status": 200, "body": other, "content_type": "application/json"}
    )
    await scanner.evaluate("window.said = []")
    await scanner.evaluate(OBSERVE)
    async with asyncio.timeout(20):
        while len(asked) < 5:
            await scanner.clock.run_for(500)
    await expect(scanner.locator("#verdict.refused")).to_contain_text("不是会员卡码")
    assert await scanner.evaluate("window.said.length") <= 1


OBSERVE = """() => new MutationObserver(() => window.said.push(document.querySelector("#verdict").className))
  .observe(document.querySelector("#verdict"), { attributes: true })"""
