"""A demo in a process of its own, on loopback, and how much memory it has taken."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from scripts.benchmarks.engine import Engine
from scripts.benchmarks.pipes import END_SECONDS, LAST_LINES, ChildFailed

HOST = "127.0.0.1"
START_SECONDS = 60.0

_URL = re.compile(rf"http://{re.escape(HOST)}:\d+")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class Demo:
    """A demo that has said where it is."""

    def __init__(self, process: Process, url: str) -> None:
        self.url = url
        self._pid = process.pid

    @property
    def peak_megabytes(self) -> float:
        """The most memory that the server's process has had (VmHWM, as Linux keeps it), in MB."""
        status = Path(f"/proc/{self._pid}/status")
        found = _PEAK.search(status.read_text()) if status.exists() else None
        if found is None:
            raise ChildFailed("the server ended:")
        return int(found[1]) / 1024


@asynccontextmanager
async def opened_demo(engine: Engine, folder: Path) -> AsyncIterator[Demo]:
    """Have a demo on an engine for a block; the process that was started is ended after it. ChildFailed."""
    own = {
        "HOST": HOST,
        "PORT": "0",
        "DEMO": "true",
        "DATA_DIR": str(folder / "demo"),
        "MONGODB_URI": engine.uri,
        "MONGODB_DATABASE": engine.database,
    }
    log = folder / "demo.log"
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server"),
            env=os.environ | own,
            stdout=PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    try:
        yield Demo(process, await _address(process))
    except ChildFailed as error:
        last = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        raise ChildFailed("\n".join((str(error), *last))) from error
    finally:
        await _end(process)


async def _address(process: Process) -> str:
    if process.stdout is not None:
        async with asyncio.timeout(START_SECONDS):
            while line := await process.stdout.readline():
                if found := _URL.search(line.decode()):
                    return found[0]
    raise ChildFailed("the server ended:")


async def _end(process: Process) -> None:
    """Ask the process to end, and end it by force if it does not."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
