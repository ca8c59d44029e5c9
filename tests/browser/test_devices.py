"""What pages do with a machine's parts: camera, loudspeaker, storage; and how their files are sent."""

import json

import pytest

from tests.browser.screens import Screens, scan

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser
expect = playwright.expect

# A browser that reads QR codes by itself; Chromium has that on phones only. It sees what the test holds up.
DETECTOR = """
window.inView = [];
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return window.inView.map((rawValue) => ({ rawValue })); }
};
"""

# A loudspeaker that writes down what it plays, in hertz.
LOUDSPEAKER = """
window.played = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (when) {
  window.played.push(this.frequency.value);
  return start.call(this, when);
};
"""


SAY_OPENNESS = """async (cases) => {
  const { opennessWords } = await import("/static/words.js");
  return cases.map(([open, now]) => opennessWords(open, now));
}"""


async def test_a_code_that_stays_before_the_camera_is_one_scan(screens: Screens) -> None:
    await screens.context.add_init_script(DETECTOR)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await scanner.click("#camera")
    await expect(scanner.locator("#preview")).to_be_visible()
    code = await phone.inner_text("#code-text")
    await scanner.evaluate("(code) => { window.inView = [code]; }", code)
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    await scanner.evaluate("() => { window.inView = [...window.inView, 'https://example.org/']; }")
    await expect(scanner.locator("#verdict.refused")).to_be_visible()
    await expect(scanner.locator("#history li")).to_have_count(2)
    await scanner.click("#camera")
    await expect(scanner.locator("#preview")).to_be_hidden()


async def test_without_a_camera_the_page_says_how_else_to_scan(screens: Screens) -> None:
    await screens.context.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {})")
    scanner = await screens.open_scanner()
    await expect(scanner.locator("#camera-words")).to_contain_text("请用扫码枪、从图片识别，或粘贴卡码")
    await expect(scanner.locator("#camera")).to_be_hidden()


async def test_yes_and_no_sound_different_and_can_be_silenced(screens: Screens) -> None:
    await screens.context.add_init_script(LOUDSPEAKER)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    yes = await scanner.evaluate("window.played.splice(0)")
    await scan(scanner, "6901234567892")
    await expect(scanner.locator("#verdict.refused")).to_be_visible()
    no = await scanner.evaluate("window.played.splice(0)")
    assert yes
    assert no
    assert not set(yes) & set(no)
    await scanner.click("#sound")
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(scanner.locator("#verdict.accepted")).to_be_visible()
    assert await scanner.evaluate("window.played") == []
    await scanner.reload()
    await expect(scanner.locator("#sound")).to_have_text("声音：关")


async def test_a_reload_keeps_the_shift_and_signing_out_ends_it(screens: Screens) -> None:
    scanner = await screens.open_scanner()
    await scan(scanner, "6901234567892")
    await expect(scanner.locator("#history li")).to_have_count(1)
    await scanner.reload()
    await expect(scanner.locator("#history li")).to_have_count(1)
    await scanner.click("#sign-out")
    await scanner.locator("#sign-in").wait_for()
    await scanner.click("[data-person=staff]")
    await scanner.locator("#desk").wait_for()
    await expect(scanner.locator("#history li")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("/static/phone.js", "text/javascript; charset=UTF-8", "no-cache"),
        ("/static/style.css?v=1", "text/css; charset=UTF-8", "public, max-age=31536000, immutable"),
        ("/static/icon.svg", "image/svg+xml", "no-cache"),
    ],
)
async def test_a_file_says_what_it_is_and_how_long_it_lasts(
    screens: Screens, path: str, media_type: str, caching: str
) -> None:
    answer = await screens.context.request.get(path)
    headers = answer.headers
    assert (answer.status, headers["content-type"], headers["cache-control"]) == (200, media_type, caching)
    assert headers["x-content-type-options"] == "nosniff"
    again = await screens.context.request.get(path, headers={"If-Modified-Since": headers["last-modified"]})
    assert again.status == 304


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/%2e%2e/base.py", "/static/"])
async def test_a_file_that_is_not_there_is_refused_in_the_one_shape(screens: Screens, path: str) -> None:
    answer = await screens.context.request.get(path)
    assert answer.status in {403, 404}
    assert set(json.loads(await answer.text())) == {"code", "message", "requestId"}


# State, until when, from when again and perhaps why; the time of the server; and the words.
OPENNESS: tuple[tuple[tuple[str | None, ...], str, str], ...] = (
    (("open", None, None), "2026-07-15T14:00", "24 小时开放"),
    (("open", "2026-07-15T18:30", None), "2026-07-15T14:00", "开放至 18:30"),
    (("open", "2026-07-16T02:00", None), "2026-07-15T22:00", "开放至 明天 02:00"),
    (("closing", "2026-07-15T18:30", None), "2026-07-15T18:20", "即将关门，18:30 止"),
    (("closed", None, "2026-07-16T08:00"), "2026-07-15T22:00", "明天 08:00 开门"),
    (("closed", None, "2026-07-15T08:00"), "2026-07-15T06:00", "08:00 开门"),
    (("closed", None, "2026-07-20T09:00"), "2026-07-17T18:00", "周一 09:00 开门"),
    (("closed", None, None), "2026-07-18T12:00", "今天不开放"),
    (("unknown", None, None), "2026-07-15T14:00", "未公布开放时间"),
    (("closed", None, "2026-10-08T09:00", "国庆节休息"), "2026-10-05T12:00", "国庆节休息，周四 09:00 开门"),
    (("closed", None, None, "装修"), "2026-10-05T12:00", "装修，今天不开放"),
    (("unknown", None, None, "国庆节是否开放未公布"), "2026-10-05T12:00", "国庆节是否开放未公布"),
)


async def test_openness_is_said_in_words(screens: Screens) -> None:
    page = await screens.open("/demo/phone")
    asked = [
        (
            {
                "state": openness[0],
                "until": moment(openness[1]),
                "opensAt": moment(openness[2]),
                "reason": {"words": openness[3]} if len(openness) > 3 else None,
            },
            moment(now),
        )
        for openness, now, _ in OPENNESS
    ]
    said = await page.evaluate(SAY_OPENNESS, asked)
    assert said == [words for _, _, words in OPENNESS]


def moment(minute: str | None) -> str | None:
    return f"{minute}:00.000000+08:00" if minute else None
