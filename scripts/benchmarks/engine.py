"""The engine of a benchmark: the one that MONGODB_URI names, or an embedded one on a folder of its own."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from msgspec import Struct

from server.engines import EMBEDDED_OPTIONS, open_documents
from server.supervisor import EmbeddedEngine


class Engine(Struct, frozen=True):
    """Where the documents are: a name to print, the URI, and a database that is dropped at the end."""

    name: str
    uri: str
    database: str


@asynccontextmanager
async def opened_engine(folder: Path) -> AsyncIterator[Engine]:
    """Have an engine for a block."""
    database = f"bench_{secrets.token_hex(6)}"
    configured = os.environ.get("MONGODB_URI", "")
    if configured:
        try:
            yield Engine("the engine at MONGODB_URI", configured, database)
        finally:
            documents = await open_documents(configured, folder)
            await documents.client.drop_database(database)
            await documents.close()
        return
    engine = EmbeddedEngine(folder)
    options = urlencode({name: str(value).lower() for name, value in EMBEDDED_OPTIONS.items()})
    try:
        yield Engine("the embedded engine", f"{await engine.start()}?{options}", database)
    finally:
        await engine.stop()
