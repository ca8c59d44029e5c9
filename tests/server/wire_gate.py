"""A gate before the document engine that ends a server at a chosen write, which the engine keeps.

It passes the wire protocol on, message by message. The chosen write reaches the engine and is kept; its
answer does not come back, since the server is killed first: what follows in the same piece of work is never
begun. Only the cut tells of a crash, and nothing of the server knows that it is there.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import bson

from server.loopback import HOST

HEADER_BYTES = 16
OP_MSG = 2013
BODY_AT = HEADER_BYTES + 5
"""Behind the header, the flags (4 bytes) and the kind of the first section (1 byte)."""

WRITES = ("insert", "update", "delete", "findAndModify", "findandmodify")


class Write(NamedTuple):
    """One command that writes: which, and to which collection."""

    command: str
    collection: str


class Cut(NamedTuple):
    """Where a server ends: the `place`-th write to some collections, from the first one like `begins`."""

    begins: Write
    collections: frozenset[str]
    place: int
    strike: Callable[[], None]


class WireGate:
    """The gate, from `open` to `close`."""

    def __init__(self, engine_uri: str) -> None:
        self.engine_uri = engine_uri
        self._engine_port = int(engine_uri.rpartition(":")[2].partition("/")[0])
        self._cut: Cut | None = None
        self._seen = 0
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen, and return the URI of the engine behind the gate."""
        self._server = await asyncio.start_server(self._connect, HOST, 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"mongodb://{HOST}:{port}/?directConnection=true&retryWrites=false"

    async def close(self) -> None:
        """Stop listening, and drop every connection."""
        if self._server:
            self._server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def arm(self, cut: Cut) -> None:
        """End a server by `strike` where the cut says, once."""
        self._cut, self._seen = cut, 0

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine_reader, engine_writer = await asyncio.open_connection(HOST, self._engine_port)
        counted: set[int] = set()
        pumps = [
            asyncio.create_task(self._ask(reader, engine_writer, counted)),
            asyncio.create_task(self._answer(engine_reader, writer, counted)),
        ]
        self._pumps.update(pumps)
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in (engine_writer, writer):
            end.close()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._pumps.difference_update(pumps)

    async def _ask(
        self, reader: asyncio.StreamReader, engine: asyncio.StreamWriter, counted: set[int]
    ) -> None:
        """Pass requests on, and note those that the cut counts."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                message = await _read(reader)
                if self._counts(_write_of(message)):
                    counted.add(_number(message, 4))
                engine.write(message)
                await engine.drain()

    async def _answer(
        self, engine: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: set[int]
    ) -> None:
        """Pass answers on until the one that the server does not live to read."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                message = await _read(engine)
                if _number(message, 8) in counted and self._strikes():
                    return
                writer.write(message)
                await writer.drain()

    def _counts(self, write: Write | None) -> bool:
        """Say whether a write is one of those that are counted."""
        cut = self._cut
        if cut is None or write is None:
            return False
        is_first = write == cut.begins
        if not self._seen and not is_first:
            return False
        if is_first or write.collection in cut.collections:
            self._seen += 1
            return self._seen == cut.place
        return False

    def _strikes(self) -> bool:
        cut, self._cut = self._cut, None
        if cut:
            cut.strike()
        return cut is not None


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Read one message with its header."""
    head = await reader.readexactly(HEADER_BYTES)
    return head + await reader.readexactly(_number(head, 0) - HEADER_BYTES)


def _number(message: bytes, at: int) -> int:
    """Read a field of the header: 0 the length, 4 the request's number, 8 which it answers, 12 the kind."""
    return int.from_bytes(message[at : at + 4], "little")


def _write_of(message: bytes) -> Write | None:
    """Return what a message writes; None for one that writes nothing."""
    if _number(message, 12) != OP_MSG:
        return None
    length = _number(message, BODY_AT)
    command = bson.decode(message[BODY_AT : BODY_AT + length])
    name = next(iter(command))
    return Write(name, command[name]) if name in WRITES else None
