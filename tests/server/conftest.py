"""What tests of whole servers are given."""

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from server.supervisor import EmbeddedEngine
from tests.server.demos import Environment
from tests.server.wire_gate import WireGate
from tests.untraced import plain_environment

URI = os.environ.get("MONGODB_URI", "")


@pytest.fixture
async def client() -> AsyncIterator[AsyncHTTPClient]:
    client = AsyncHTTPClient(force_instance=True, max_clients=200)
    yield client
    client.close()


@pytest.fixture
async def environment(tmp_path: Path) -> AsyncIterator[Environment]:
    """A data folder, or a database of its own on the configured engine."""
    database = f"test_{secrets.token_hex(6)}"
    own = {"PORT": "0", "DATA_DIR": str(tmp_path / "var"), "MONGODB_DATABASE": database, "DEMO": "true"}
    yield {**plain_environment(), **own}
    if URI:
        async with AsyncMongoClient[dict[str, Any]](URI) as driver:
            await driver.drop_database(database)


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[WireGate]:
    """A gate that is not open yet, before an embedded engine that outlives the servers behind it."""
    engine = EmbeddedEngine(tmp_path / "documents")
    gate = WireGate(await engine.start())
    yield gate
    await gate.close()
    await engine.stop()
