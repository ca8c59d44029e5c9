"""`scripts/migrate` as an operator runs it."""

import asyncio
import sys
from pathlib import Path

import pytest

from models.clock import utc_now
from models.migrations import VERSION, Schema
from server.engines import open_documents
from tests.untraced import plain_environment

pytestmark = pytest.mark.engines
DATABASE = "union_station"


async def run(data_dir: Path, *arguments: str) -> tuple[int, str, str]:
    plain = {
        name: value for name, value in plain_environment().items() if name not in ("MONGODB_URI", "REDIS_URL")
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.migrations", *arguments),
        env=plain | {"DATA_DIR": str(data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def version(data_dir: Path, stamp: int | None = None) -> int | None:
    documents = await open_documents(None, data_dir)
    database = documents.client[DATABASE]
    if stamp is not None:
        await Schema(database, utc_now).stamp(stamp)
    found = await Schema(database, utc_now).find_version()
    await documents.close()
    return found


async def test_documents_without_a_number_are_listed_then_brought_up_once(tmp_path: Path) -> None:
    documents = await open_documents(None, tmp_path)
    await documents.client[DATABASE]["people"].insert_one({"_id": "P1"})
    assert "数据目录正被另一个服务进程使用" in (await run(tmp_path))[2]
    await documents.close()
    status, out, err = await run(tmp_path, "--dry-run")
    assert (status, err) == (0, "")
    assert f"数据结构版本：0；本程序：{VERSION}" in out
    assert "登记数据结构的版本号" in out
    assert await version(tmp_path) == 0
    status, out, _ = await run(tmp_path)
    assert (status, f"已升级到 {VERSION}" in out) == (0, True)
    assert await version(tmp_path) == VERSION
    assert "没有要做的" in (await run(tmp_path))[1]


async def test_number_of_a_later_program_is_left_alone(tmp_path: Path) -> None:
    await version(tmp_path, stamp=VERSION + 1)
    status, _, err = await run(tmp_path)
    assert (status, f"只认识到 {VERSION}" in err) == (1, True)
    assert await version(tmp_path) == VERSION + 1
