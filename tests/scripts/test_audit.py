"""`scripts/audit` on a data folder, after processes that were killed at their work."""

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from models.audit import Fact
from scripts.worlds import opened_world
from server.config import Config
from tests.scripts.commands import run_command

pytestmark = pytest.mark.engines

# Enters and seals as fast as it can, until it is killed; says when the first block is written.
WORK = """
import asyncio, os, sys
from models.audit import Fact
from scripts.worlds import opened_world
from server.config import Config

async def main():
    async with opened_world(Config(data_dir=__import__("pathlib").Path(sys.argv[1]))) as world:
        auditing = world.auditing
        while True:
            fact = Fact(actor="A", action="session_ended", kind="session", object="S")
            await asyncio.gather(*(auditing.audit.record(fact) for _ in range(20)))
            await auditing.blocks.seal(await auditing.blocks.find_head())
            print("sealed", flush=True)

asyncio.run(main())
"""


async def test_what_a_killed_sealer_left_is_gone_on_with_and_verifies(tmp_path: Path) -> None:
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORK, str(tmp_path), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(3):
            assert await process.stdout.readline() == b"sealed\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
    status, out, err = await run_command("scripts.audit", tmp_path, "verify")
    assert (status, "no findings" in err) == (0, True), (out, err)
    async with opened_world(Config(data_dir=tmp_path)) as world:
        await world.auditing.work()
        report = await world.auditing.checks.run()
        assert (report.findings, report.unsealed) == ((), ())
        assert report.last >= 9


async def test_the_script_reports_findings_what_is_not_sealed_and_each_day_s_head(tmp_path: Path) -> None:
    async with opened_world(Config(data_dir=tmp_path)) as world:
        fact = Fact(actor="A", action="session_ended", kind="session", object="S")
        for name in ("first", "second"):
            await world.auditing.audit.record(fact, name)
            await world.auditing.blocks.run()
        await world.auditing.audit.record(fact, "third")
        head = await world.auditing.blocks.find_head()
        assert head is not None
    noted = f"2:{head.hash}"
    status, out, _ = await run_command("scripts.audit", tmp_path, "verify", "--head", noted)
    assert (status, out) == (0, '{"unsealed":"third"}\n')
    status, out, _ = await run_command("scripts.audit", tmp_path, "heads")
    assert (status, out.split()[-1]) == (0, noted)
    async with opened_world(Config(data_dir=tmp_path)) as world:
        entries = world.auditing.audit._store._documents
        await entries.update_one({"_id": "first"}, {"$set": {"actor": "B"}})
    status, out, err = await run_command("scripts.audit", tmp_path, "verify")
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    assert (status, lines[0]) == (1, {"finding": "entry_changed", "block": 1, "entry": "first"})
    assert "1 FINDINGS" in err
    assert err.isascii()
