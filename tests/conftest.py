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

# Of the files that share a service, this one must see its audit before another file's clock goes back.
FIRST = "handlers/test_audit.py"

# The files that take longest, the longest first. Each runs whole on one core: begun late, it would run alone.
LONGEST = (
    "handlers/test_fuzz.py",
    "models/test_membership_crashes.py",
    "server/test_backups.py",
    "browser/test_console.py",
    "server/test_crashes.py",
    "browser/test_pages.py",
    "browser/test_joining.py",
    "scripts/test_appoint.py",
    "handlers/test_scan_batches.py",
    "models/test_roster_crashes.py",
    "scripts/test_audit.py",
    "scripts/test_bench.py",
    "server/test_visit_crashes.py",
    "server/test_reorganisation_crashes.py",
    "server/test_engines.py",
    "server/test_batch_crashes.py",
    "server/test_day_of_faults.py",
)
ORDER = {name: place for place, name in enumerate((FIRST, *LONGEST))}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and mark what stands on the engines, to run it alone on others."""
    items.sort(key=lambda item: ORDER.get("/".join(item.path.parts[-2:]), len(ORDER)))
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
