"""`scripts/bench` runs and prints every row; how fast anything is, is not tested."""

import asyncio
import re
import sys

import pytest

from scripts.benchmarks.growth import QUERIES
from scripts.benchmarks.paths import PATHS
from tests.untraced import plain_environment

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(sys.platform != "linux", reason="another process has no CPU clock here"),
]

LONGEST_SECONDS = 120.0


async def bench(*arguments: str) -> list[str]:
    """The lines that a small benchmark prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benchmarks", *arguments),
        env=plain_environment(),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    return said.decode().splitlines()


def ratio(lines: list[str], row: str) -> float:
    line = next(line for line in lines if line.startswith(row + " "))
    found = re.search(r"\d+\.\d\d", line.removeprefix(row))
    assert found is not None
    return float(found[0])


async def test_every_path_is_printed_beside_its_floor() -> None:
    lines = await bench(
        "--quick", "--rounds", "1", "--requests", "600", "--stations", "20000", "--members", "20"
    )
    for path in PATHS:
        assert ratio(lines, path.name) > 0
    for row in (
        "search of 2000 at noon",
        "search of 2000 at 3:00",
        "checking a card's code",
        "a card's QR picture",
        "batch of 500 scans: ",
    ):
        assert any(line.startswith(row) for line in lines)


async def test_every_query_is_printed_at_a_few_rows_and_at_many() -> None:
    lines = await bench("growth", "--quick", "--rows", "20000", "--repeats", "100")
    for query in QUERIES:
        assert ratio(lines, query) > 0


async def test_a_small_roster_goes_through_the_console_twice_and_each_stage_is_printed() -> None:
    lines = await bench("import", "--rows", "300")
    for stage in ("checked", "imported"):
        assert re.fullmatch(
            rf"{stage} +\d+\.\d +\d+  created 300", next(one for one in lines if one.startswith(stage))
        )
        assert any(re.fullmatch(rf"{stage} again +\d+\.\d +\d+  unchanged 300", one) for one in lines)
