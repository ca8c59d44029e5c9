"""`scripts/audit` on a data folder, after processes that were killed at their work."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.audit import Fact
from models.clock import utc_now
from server.app import World, build_world
from server.config import Config
from server.engines import Engines
from server.keys import read_keys

pytestmark = pytest.mark.engines

# Enters and seals as fast as it can, until it is killed; says when the first block is written.
WORK = """
import asyncio, os, sys
from models.audit import Fact
from models.clock import utc_now
from server.app import build_world
from server.config import Config
from server.engines import Engines
from server.keys import read_keys

async def main():
    config = Config(data_dir=__import__("pathlib").Path(sys.argv[1]))
    async with await Engines.open(None, None, config.data_dir) as engines:
        world = build_world(engines, engines.documents[config.mongodb_database], read_keys(config), utc_now)
        auditing = world.auditing
        while True:
            fact = Fact(actor="A", action="session_ended", kind="session", object="S")
            await asyncio.gather(*(auditing.audit.record(fact) for _ in range(20)))
            await auditing.blocks.seal(await auditing.blocks.find_head())
            print("sealed", flush=True)

asyncio.run(main())
"""


@asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[tuple[World, Any]]:
    config = Config(data_dir=folder)
    async with await Engines.open(None, None, folder) as engines:
        database = engines.documents[config.mongodb_database]
        yield build_world(engines, database, read_keys(config), utc_now), database


async def run_script(folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    environment = {**os.environ, "DATA_DIR": str(folder), "MONGODB_URI": "", "REDIS_URL": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.audit", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


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
    status, out, err = await run_script(tmp_path, "verify")
    assert (status, "no findings" in err) == (0, True), (out, err)
    async with open_world(tmp_path) as (world, _):
        await world.auditing.work()
        report = await world.auditing.checks.run()
        assert (report.findings, report.unsealed) == ((), ())
        assert report.last >= 9


async def test_the_script_reports_findings_what_is_not_sealed_and_each_day_s_head(tmp_path: Path) -> None:
    async with open_world(tmp_path) as (world, database):
        fact = Fact(actor="A", action="session_ended", kind="session", object="S")
        for name in ("first", "second"):
            await world.auditing.audit.record(fact, name)
            await world.auditing.blocks.run()
        await world.auditing.audit.record(fact, "third")
        head = await world.auditing.blocks.find_head()
        assert head is not None
    noted = f"2:{head.hash}"
    status, out, _ = await run_script(tmp_path, "verify", "--head", noted)
    assert (status, out) == (0, '{"unsealed":"third"}\n')
    status, out, _ = await run_script(tmp_path, "heads")
    assert (status, out.split()[-1]) == (0, noted)
    async with open_world(tmp_path) as (_, database):
        await database.audit_entries.update_one({"_id": "first"}, {"$set": {"actor": "B"}})
    status, out, err = await run_script(tmp_path, "verify")
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    assert (status, lines[0]) == (1, {"finding": "entry_changed", "block": 1, "entry": "first"})
    assert "1 FINDINGS" in err
    assert err.isascii()
