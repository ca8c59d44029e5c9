"""An officer shows a station in photos, in an order, and anybody sees them behind the sign."""

from pathlib import Path

import pytest

from tests.browser.legibility import complaints
from tests.browser.screens import AT_ONCE, Screens, reload_until
from tests.browser.test_console_stations import open_station
from tests.handlers.test_station_photos import photo

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser
expect = playwright.expect


async def test_an_officer_adds_arranges_and_removes_photos_that_everybody_sees(
    screens: Screens, tmp_path: Path
) -> None:
    page, name = await open_station(screens)
    await expect(page.locator("#photos-words")).to_contain_text("最多 6 张。还没有照片")
    for subject, size in (("entrance", (640, 480)), ("inside", (300, 500))):
        await page.select_option("#photos-subject", subject)
        await page.set_input_files(
            "#photos-file", {"name": "a.png", "mimeType": "image/png", "buffer": photo(*size)}
        )
        await page.click("#photos-add")
        await expect(
            page.locator(f"#photos img[alt$={'门口' if subject == 'entrance' else '室内'}]")
        ).to_be_visible()
    screens.expect_refusals(400)
    await page.set_input_files(
        "#photos-file", {"name": "b.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    await page.click("#photos-add")
    await expect(page.locator("#photos-problem")).to_contain_text("图片")
    await page.click("[aria-label=把第\\ 2\\ 张放到最前]")
    await expect(page.locator("#photos img").first).to_have_attribute("alt", "第 1 张：室内")
    assert await complaints(screens, page) == []
    public = await screens.open(await page.get_attribute("text=公开页面", "href") or "")
    shown = public.locator(".photos img")
    first = expect(shown.first)
    await reload_until(public, lambda: first.to_have_attribute("alt", f"{name}：室内", timeout=AT_ONCE))
    await expect(shown).to_have_count(2)
    assert await complaints(screens, public) == []
    await page.screenshot(path=str(tmp_path / "console.png"), full_page=True)
    await public.screenshot(path=str(tmp_path / "landing.png"), full_page=True)
    await page.click("[aria-label=撤下第\\ 1\\ 张]")
    await expect(page.locator("#photos img")).to_have_count(1)
    await public.reload()
    await reload_until(public, lambda: expect(shown).to_have_count(1, timeout=AT_ONCE))
    await expect(shown.first).to_have_attribute("alt", f"{name}：门口")
