"""Scans made without a network: what arrives late is judged by when it was scanned, and counts once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from models.clock import LOCAL
from tests.browser.screens import Screens, scan

playwright = pytest.importorskip("playwright.async_api", reason="playwright is not installed")

if TYPE_CHECKING:
    from playwright.async_api import Page, Request, Route

pytestmark = pytest.mark.browser
expect = playwright.expect

BATCH = "**/api/v1/scans/batch"
# Past the life of a code, which is two steps of 30 seconds.
AGE = timedelta(seconds=95)

# The code that this phone showed then, from the keys that it keeps.
CODE_AT = """async (now) => {
  const { createChains, codeAt } = window.UnionStation;
  const { keyId, serial, dayKeys } = JSON.parse(localStorage.getItem("demo.courier.unionStation.card"));
  return codeAt({ keyId, serial, dayKeys, now, chains: createChains() }).text;
}"""


async def old_code(phone: "Page") -> tuple[str, datetime]:
    """A code whose life is over, and when it was shown."""
    then = datetime.now(UTC) - AGE
    if then.astimezone(LOCAL).date() != datetime.now(LOCAL).date():
        pytest.skip("a phone holds no key of yesterday: this minute after midnight has no older code")
    return await phone.evaluate(CODE_AT, then.timestamp() * 1000), then


async def scan_three_offline(screens: Screens, scanner: "Page", phone: "Page") -> None:
    """Cut the network, and scan an old code when it was new, one that is no card's, and a fresh one."""
    code, then = await old_code(phone)
    await screens.context.set_offline(True)
    await scanner.clock.set_fixed_time(then)
    await scan(scanner, code)
    await scanner.clock.set_fixed_time(datetime.now(UTC))
    await scan(scanner, "6901234567892")
    await scan(scanner, await phone.inner_text("#code-text"))
    await expect(scanner.locator("#queue")).to_have_text("3 条扫码已存在本机，等网络恢复自动上传")
    await expect(scanner.locator("#history .mark")).to_have_text(["待上传"] * 3)


async def expect_results(scanner: "Page") -> None:
    """The latest is on top: the fresh one, what is no card, the old one."""
    await expect(scanner.locator("#history .mark")).to_have_text(["通过", "拒绝", "通过"])
    await expect(scanner.locator("#history li")).to_contain_text(["演**手", "不是有效的会员卡码", "演**手"])
    await expect(scanner.locator("#queue")).to_be_hidden()
    await expect(scanner.locator("#verdict.accepted #verdict-name")).to_have_text("演**手")
    assert await scanner.evaluate("Object.keys(localStorage).filter((key) => key.includes('waiting'))") == []


async def test_a_code_that_is_past_its_life_when_scanned_is_refused(screens: Screens) -> None:
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    await scan(scanner, (await old_code(phone))[0])
    await expect(scanner.locator("#verdict.refused #verdict-word")).to_have_text("卡码已过期")


async def test_scans_without_a_network_go_together_and_an_old_one_is_judged_by_its_time(
    screens: Screens,
) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    answered: list[Request] = []
    scanner.on(
        "response",
        lambda response: answered.append(response.request) if "/api/v1/scans" in response.url else None,
    )
    await scan_three_offline(screens, scanner, phone)
    await screens.context.set_offline(False)
    await expect_results(scanner)
    assert all(request.url.endswith("/api/v1/scans/batch") for request in answered)
    batches = [json.loads(request.post_data or "{}")["scans"] for request in answered]
    times = [one["scannedAt"] for batch in batches for one in batch]
    assert len(times) == 3
    assert times == sorted(times)


async def test_a_cut_while_the_batch_is_answered_neither_loses_nor_doubles(screens: Screens) -> None:
    screens.expect_refusals(0)
    phone = await screens.open_phone("courier")
    scanner = await screens.open_scanner()
    bodies: list[dict[str, Any]] = []
    cut, answered = asyncio.Event(), asyncio.Event()

    async def lose_the_first(route: "Route") -> None:
        bodies.append(json.loads(route.request.post_data or "{}"))
        if answered.is_set():
            await route.continue_()
            return
        assert (await route.fetch()).ok
        answered.set()
        await cut.wait()
        await route.abort()

    await scan_three_offline(screens, scanner, phone)
    before = await phone.locator("#scans-list li").count()
    await scanner.route(BATCH, lose_the_first)
    await screens.context.set_offline(False)
    await answered.wait()
    await expect(scanner.locator("#history .mark")).to_have_text(["待上传"] * 3)
    cut.set()
    await expect_results(scanner)
    lost = bodies[0]["scans"]
    assert bodies[1]["scans"][: len(lost)] == lost
    await expect(phone.locator("#scans-list li")).to_have_count(before + 2)
