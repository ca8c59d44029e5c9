"""`scripts/figures` on a data folder whose figures are not what its memberships say."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.clock import utc_now
from models.membership_figures import list_movements
from models.memberships import Membership
from models.organisations import Organisation
from server.app import build_world
from server.config import Config
from server.engines import Engines
from server.keys import read_keys
from server.schema import check_schema

pytestmark = pytest.mark.engines


async def run_script(folder: Path, *arguments: str) -> tuple[int | None, list[dict[str, Any]], str]:
    environment = {**os.environ, "DATA_DIR": str(folder), "MONGODB_URI": "", "REDIS_URL": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.figures", "verify", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, [msgspec.json.decode(line) for line in out.splitlines()], err.decode()


async def test_a_lost_movement_is_printed_and_put_right_only_when_asked(tmp_path: Path) -> None:
    config, at = Config(data_dir=tmp_path), utc_now()
    async with await Engines.open(None, None, tmp_path) as engines:
        database = engines.documents[config.mongodb_database]
        await check_schema(database, utc_now)
        world = build_world(engines, database, read_keys(config), utc_now)
        await world.organisations.put(Organisation(id="UNION", name="测试工会", tree="local", changed=at))
        spell = Membership(person="P1", organisation="UNION", state="active", since="2026-07-01", entered=at)
        begun = await world.memberships.begin(spell)
        await world.membership_book.effects._store.change({"_id": "P1"}, {}, without=("pending",))
    [lost] = list_movements(begun)
    for arguments, expected in (((), 1), (("--fix",), 0)):
        status, found, said = await run_script(tmp_path, *arguments)
        assert len(found) == 1, said
        [told] = found
        assert (status, told["kind"], told["movement"]) == (expected, "missing", lost.id)
        assert "1 memberships" in said
    assert (await run_script(tmp_path))[:2] == (0, [])
