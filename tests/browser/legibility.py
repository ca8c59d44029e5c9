"""Whether a page can be read and hit by everybody: small screens, large text, contrast, targets (适老化)."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.screens import Screens

if TYPE_CHECKING:
    from playwright.async_api import Page

PHONE_SIZE, DESK_SIZE = (390, 844), (1280, 860)

# Below it rows of tables are cards, whose cells bear the names of their columns.
PHONE_WIDTH = 640
LEAST_CONTRAST = 4.5
LEAST_TARGET = 44
LARGE_TEXT = "document.documentElement.style.fontSize = '140%'"

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# Tables of which a part, often the button that one came for, lies beside the screen.
SLIDING_TABLES = """() => Array.from(document.querySelectorAll(".sheet"))
  .filter((sheet) => sheet.scrollWidth > sheet.clientWidth)
  .map((sheet) => `${sheet.scrollWidth} px in ${sheet.clientWidth}: ${sheet.querySelector("th").textContent}`)
"""

SMALL_TARGETS = """(least) => Array.from(document.querySelectorAll("button, a, input, select"))
  .filter((target) => target.checkVisibility())
  .filter((target) => target.getBoundingClientRect().height < least - 0.5)
  .map((target) => target.outerHTML)"""

# WCAG 2's contrast of each visible text with the first opaque colour behind it.
FAINT_TEXTS = """(least) => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const luminance = (colour) => {
    const [red, green, blue] = parts(colour).map((value) => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    const isOpaque = parts(colour).length === 3;
    return isOpaque || !element.parentElement ? colour : behind(element.parentElement);
  };
  const contrast = (element) => {
    const pair = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
  };
  const isText = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "";
  return Array.from(document.querySelectorAll("body *"))
    .filter((element) => element.checkVisibility())
    .filter((element) => Array.from(element.childNodes).some((node) => isText(node)))
    .filter((element) => contrast(element) < least)
    .map((element) => `${contrast(element).toFixed(2)} ${element.outerHTML}`);
}"""


async def complaints(screens: Screens, page: "Page") -> list[str]:
    """Return what is wrong with a page as it stands."""
    found = []
    for width in (320, 390, 1280):
        await page.set_viewport_size({"width": width, "height": 640})
        if await page.evaluate(OVERFLOW) > 0:
            found.append(f"wider than {width} px")
        if width < PHONE_WIDTH:
            found += await page.evaluate(SLIDING_TABLES)
    found += await page.evaluate(SMALL_TARGETS, LEAST_TARGET)
    found += await page.evaluate(FAINT_TEXTS, LEAST_CONTRAST)
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.evaluate(LARGE_TEXT)
    if await page.evaluate(OVERFLOW) > 0:
        found.append("wider than 320 px in large text")
    return found


async def look(screens: Screens, page: "Page", picture: Path, size: tuple[int, int] = DESK_SIZE) -> None:
    """Keep a picture, complain of what cannot be read or hit, and leave the page in a size."""
    await page.screenshot(path=str(picture), full_page=True)
    assert await complaints(screens, page) == []
    width, height = size
    await page.set_viewport_size({"width": width, "height": height})
    await page.evaluate("document.documentElement.style.fontSize = ''")
