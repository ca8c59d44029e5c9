"""The embedded engine's inserts of many documents: one commit, durable, and all or nothing of a fault."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import BatchingHandler, EngineUndid

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
