"""The processes of a benchmark talk in lines of JSON, each a struct, over their standard input and output.

A child ends when its input does, so that none outlives a benchmark that was interrupted or killed.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Self, TypeVar

import msgspec
from msgspec import Struct

LINE_BYTES = 16 << 20
END_SECONDS = 20.0
LAST_LINES = 5

S = TypeVar("S", bound=Struct)


class ChildFailed(Exception):
    """A child ended before it answered; the text holds the last lines of its log."""


class Child:
    """A module of this package as a process of its own; its standard error goes to a file."""

    def __init__(self, module: str, process: Process, log: Path) -> None:
        self.module = module
        self.pid = process.pid
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, module: str, folder: Path, name: str = "") -> Self:
        """Start `scripts.benchmarks.MODULE`; its log is `FOLDER/NAME.log`, by default the module's name."""
        log = folder / f"{name or module}.log"
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"scripts.benchmarks.{module}"),
                stdin=PIPE,
                stdout=PIPE,
                stderr=stderr,
                limit=LINE_BYTES,
                start_new_session=True,
            )
        return cls(module, process, log)

    async def ask(self, question: Struct, kind: type[S]) -> S:
        """Send a struct and return the answer; ChildFailed if the process ends instead."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ChildFailed(f"{self.module} has no pipes")
        self._process.stdin.write(msgspec.json.encode(question) + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            last = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            raise ChildFailed("\n".join((f"{self.module} ended:", *last)))
        return msgspec.json.decode(line, type=kind)

    async def end(self) -> None:
        """Close the child's input and wait for its end, which is forced after a while."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Parent:
    """The benchmark, as a child sees it."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    @classmethod
    async def connect(cls) -> Self:
        """Listen to this process's standard input."""
        reader = asyncio.StreamReader(limit=LINE_BYTES)
        protocol = asyncio.StreamReaderProtocol(reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        return cls(reader)

    async def hear(self, kind: type[S]) -> S:
        """Return the next struct that the parent sends; EOFError at the end."""
        line = await self._reader.readline()
        if not line:
            raise EOFError("the benchmark is over")
        return msgspec.json.decode(line, type=kind)

    def tell(self, answer: Struct) -> None:
        """Send a struct to the parent."""
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()

    async def wait_until_gone(self) -> None:
        """Return when the parent sends no more."""
        await self._reader.read()
