"""The engines under test: those of `MONGODB_URI` and `REDIS_URL`, or the embedded ones.

One set of engines serves a whole run. Each module gets a database of its own, dropped afterwards; tests in it
keep apart by random ids, as they must on a shared Redis, which is never emptied.
"""

import os
import secrets
from collections.abc import AsyncIterator

import pytest

from models.store import Database
from server.engines import Engines

# The fixtures that open engines.
STORED = {"engines", "service", "day"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what stands on the engines, so that these tests alone can be run on others."""
    for item in items:
        if STORED & {*getattr(item, "fixturenames", ())} or item.get_closest_marker("engines"):
            item.add_marker("data")


@pytest.fixture(scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    uri, redis_url = os.environ.get("MONGODB_URI"), os.environ.get("REDIS_URL")
    async with await Engines.open(
        uri or None, redis_url or None, tmp_path_factory.mktemp("engines")
    ) as engines:
        yield engines


@pytest.fixture(scope="session")
def is_embedded(engines: Engines) -> bool:
    return engines.embedded is not None


@pytest.fixture(scope="module")
async def database(engines: Engines) -> AsyncIterator[Database]:
    name = f"test_{secrets.token_hex(6)}"
    yield engines.documents[name]
    await engines.documents.drop_database(name)
