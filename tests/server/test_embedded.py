"""The embedded engine: inserts of many documents are one commit, all or nothing; it ends with its parent."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from server.embedded import BatchingHandler, EngineUndid
from server.loopback import HOST, READY, bound_socket

DURABLE = {"w": "majority", "j": True}
FULL = 2


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[BatchingHandler]:
    handler = BatchingHandler(data_dir=str(tmp_path))
    yield handler
    handler.close_all()


def insert(handler: BatchingHandler, *names: str, ordered: bool = False) -> dict[str, Any]:
    """Insert documents of these ids as the driver asks for it."""
    body = {"insert": "things", "$db": "union", "ordered": ordered, "writeConcern": DURABLE}
    documents = [{"_id": name} for name in names]
    sections = [("body", body), ("payload", {"documents": documents})]
    return handler.handle_insert({"request_id": 1, "sections": sections})[1]


def connection(handler: BatchingHandler) -> Any:
    return handler.get_database("union").db


def stored(handler: BatchingHandler) -> list[str]:
    return sorted(row[0] for row in connection(handler).execute("SELECT _id FROM things"))


def test_many_documents_are_one_commit_that_is_as_durable_as_was_asked_for(handler: BatchingHandler) -> None:
    statements: list[str] = []
    connection(handler).set_trace_callback(statements.append)
    assert insert(handler, *map(str, range(50)))["n"] == 50
    connection(handler).set_trace_callback(None)
    assert [one for one in statements if one.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]
    assert sum(one.startswith("INSERT INTO things") for one in statements) == 50
    assert connection(handler).execute("PRAGMA synchronous").fetchone() == (FULL,)
    assert not connection(handler).in_transaction


def test_documents_that_exist_are_refused_alone(handler: BatchingHandler) -> None:
    insert(handler, "a", "b")
    answer = insert(handler, "b", "c", "a", "d")
    assert [(one["index"], one["code"]) for one in answer["writeErrors"]] == [(0, 11000), (2, 11000)]
    assert (answer["n"], stored(handler)) == (2, ["a", "b", "c", "d"])
    answer = insert(handler, "e", "a", "f", ordered=True)
    assert (answer["n"], stored(handler)) == (1, ["a", "b", "c", "d", "e"])


def test_nothing_is_stored_or_acknowledged_of_an_insert_that_sqlite_undid(handler: BatchingHandler) -> None:
    insert(handler, "first")
    connection(handler).execute(
        "CREATE TRIGGER fault BEFORE INSERT ON things WHEN NEW._id = 'bad' "
        "BEGIN SELECT RAISE(ROLLBACK, 'full'); END"
    )
    with pytest.raises(EngineUndid):
        insert(handler, "good", "bad")
    assert stored(handler) == ["first"]
    assert insert(handler, "next", "last")["n"] == 2


@pytest.mark.engines
async def test_its_process_serves_until_its_standard_input_ends(tmp_path: Path) -> None:
    with bound_socket(0) as free:
        port = free.getsockname()[1]
    pid_file = tmp_path / "engine.pid"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server.embedded", "--port", str(port)),
        *("--data-dir", str(tmp_path / "documents"), "--pid-file", str(pid_file)),
        stdin=PIPE,
        stdout=PIPE,
    )
    assert process.stdout
    assert process.stdin
    assert await process.stdout.readline() == READY
    assert int(pid_file.read_text()) == process.pid
    async with AsyncMongoClient[dict[str, Any]](HOST, port, directConnection=True) as client:
        await client.union.things.insert_one({"_id": "a"})
        assert await client.union.things.find_one({"_id": "a"}) == {"_id": "a"}
    process.stdin.close()
    assert await process.wait() == 0
    assert not pid_file.exists()
