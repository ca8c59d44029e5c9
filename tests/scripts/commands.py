"""Runs a command of `scripts/` as its user does: a process of its own, on a data folder."""

import asyncio
import sys
from pathlib import Path

from tests.untraced import plain_environment


async def run_command(module: str, folder: Path, *arguments: str) -> tuple[int | None, str, str]:
    """The exit status, and what was said on standard output and standard error."""
    environment = {**plain_environment(), "DATA_DIR": str(folder), "MONGODB_URI": "", "REDIS_URL": ""}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
