"""`scripts/appoint` on an empty data folder: the first administrators."""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from models.appointments import Role
from models.audit import Search
from scripts.worlds import opened_world
from server.config import Config
from tests.untraced import plain_environment

pytestmark = pytest.mark.engines


async def appoint(folder: Path, *arguments: str, typed: str = "") -> tuple[int | None, str, str]:
    environment = {**plain_environment(), "DATA_DIR": str(folder), "MONGODB_URI": "", "REDIS_URL": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scripts.appoint", *arguments, env=environment,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate(typed.encode())
    return process.returncode, out.decode(), err.decode()


async def test_the_first_administrators_are_appointed_and_no_person_twice(tmp_path: Path) -> None:
    zhang, li = "张审计\nT-1\n10000000001\n", "李系统\nT-2\n10000000002\n"
    place = ("--organisation", "测试市总工会")
    made: list[tuple[Role, str]] = [("audit_admin", zhang), ("system_admin", li)]
    status, _, err = await appoint(tmp_path, "--role", "audit_admin", *place, typed=zhang)
    assert (status, "--create" in err) == (2, True)
    for role, typed in made:
        account = role.replace("_", ".")
        status, out, err = await appoint(
            tmp_path, "--role", role, *place, "--create", "--account", account, typed=typed
        )
        assert (status, f"账号：{account}" in out, "otpauth://totp/" in out) == (0, True, True), err
    status, _, err = await appoint(tmp_path, "--role", "security_admin", *place, typed=zhang)
    assert (status, "必须由不同的人担任" in err) == (2, True)
    found = re.search("任命编号 (\\w+)", out)
    assert found is not None
    assert (await appoint(tmp_path, "--end", found[1]))[0] == 0
    assert (await appoint(tmp_path, "--end", found[1]))[0] == 2

    async with opened_world(Config(data_dir=tmp_path)) as world:
        page = await world.auditing.audit.list_page(Search(), 1, 100)
        assert sorted(entry.action for entry in page.rows) == [
            "account_issued",
            "account_issued",
            "appointment_ended",
            "appointment_made",
            "appointment_made",
        ]
        report = await world.auditing.checks.run()
        assert (report.findings, report.unsealed) == ((), ())


async def test_nobody_is_appointed_without_a_name(tmp_path: Path) -> None:
    status, _, err = await appoint(
        tmp_path, "--role", "officer", "--organisation", "甲", "--create", typed="\n"
    )
    assert (status, "没有填写姓名" in err) == (2, True)
