"""The connections to the engines: which are configured, which are embedded, and which do not answer.

Documents come from the MongoDB at `MONGODB_URI`, or from an embedded engine on `DATA_DIR`. The cache (shared
limits, caches, signals between processes) is the Redis at `REDIS_URL`, or lives inside this one process. Each
call is bounded: when an engine is dead, its error comes after a second or two, where the drivers' own
defaults would wait half a minute. All of it must be opened in the loop that uses it, and after any fork.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from fakeredis import FakeAsyncRedis, FakeServer
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from server.supervisor import EmbeddedEngine

APPLICATION = "union-station"
DOCUMENTS = "documents"
CACHE = "cache"
ANSWER_SECONDS = 1.0
SILENCE = (PyMongoError, RedisError, OSError)
CACHE_SECONDS = 1.0
CACHE_HEALTH_CHECK_SECONDS = 15
# The driver makes two connections at a time, which spares a distant server but lets the first burst of
# requests wait for more than a second; on loopback a connection costs nothing.
EMBEDDED_OPTIONS: dict[str, Any] = {"directConnection": True, "retryWrites": False, "maxConnecting": 20}

DocumentClient = AsyncMongoClient[dict[str, Any]]


class Documents:
    """The client of the document engine and, when that is embedded, the engine itself."""

    def __init__(self, client: DocumentClient, engine: EmbeddedEngine | None) -> None:
        self.client = client
        self.engine = engine

    async def close(self) -> None:
        """Close the connections first, then the engine behind them."""
        try:
            await self.client.close()
        finally:
            if self.engine is not None:
                await self.engine.stop()


async def open_documents(uri: str | None, data_dir: Path) -> Documents:
    """Return the documents at `uri`, or those of an embedded engine on `data_dir` when there is none.

    The embedded engine answers when this returns; a configured one may not (`Engines.missing` tells). Raises
    `server.folder.CannotStart` for an embedded engine that cannot start, `PyMongoError` for an invalid URI.
    """
    if uri is not None:
        return Documents(_connect(uri), None)
    engine = EmbeddedEngine(data_dir)
    return Documents(_connect(await engine.start(), **EMBEDDED_OPTIONS), engine)


def open_cache(redis_url: str | None) -> Redis:
    """Return the client of the Redis at `redis_url`, or of a store inside this process when there is none.

    A call is tried again once, at once, when its connection was broken: Redis may have been restarted since
    the last one. (The driver's own default is ten times.) Raises `ValueError` for an invalid URL.
    """
    if redis_url is None:
        return FakeAsyncRedis(server=FakeServer())
    return Redis.from_url(
        redis_url,
        client_name=APPLICATION,
        socket_timeout=CACHE_SECONDS,
        socket_connect_timeout=CACHE_SECONDS,
        health_check_interval=CACHE_HEALTH_CHECK_SECONDS,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    )


class Engines:
    """All engines of a server, from `open` to `close`, or for an `async with` block."""

    def __init__(self, documents: Documents, cache: Redis, closing: AsyncExitStack) -> None:
        self.documents = documents.client
        self.embedded = documents.engine
        self.cache = cache
        self._closing = closing
        self._pinging: dict[str, asyncio.Future[object]] = {}

    @classmethod
    async def open(cls, mongodb_uri: str | None, redis_url: str | None, data_dir: Path) -> Self:
        """Open both engines, or neither; errors as `open_documents` and `open_cache` raise them."""
        async with AsyncExitStack() as closing:
            documents = await open_documents(mongodb_uri, data_dir)
            closing.push_async_callback(documents.close)
            cache = open_cache(redis_url)
            closing.push_async_callback(cache.aclose)
            return cls(documents, cache, closing.pop_all())

    async def close(self) -> None:
        """Close the cache, the documents, and the embedded engine, in this order."""
        await asyncio.gather(*self._pinging.values(), return_exceptions=True)
        await self._closing.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def missing(self) -> list[str]:
        """Return the names of what does not answer within a second: `documents`, `cache`, both or none.

        A ping that is late goes on until the driver gives it up, and is not sent again meanwhile: PyMongo
        4.20 breaks its own lock when an operation that waits for a server is cancelled.
        """
        pings: dict[str, Callable[[], Awaitable[object]]] = {
            DOCUMENTS: lambda: self.documents.admin.command("ping"),
            CACHE: self.cache.ping,
        }
        for name, ping in pings.items():
            if name not in self._pinging or self._pinging[name].done():
                self._pinging[name] = asyncio.ensure_future(ping())
        await asyncio.wait(self._pinging.values(), timeout=ANSWER_SECONDS)
        return [name for name, task in self._pinging.items() if not _is_answered(task)]


def _connect(uri: str, **options: Any) -> DocumentClient:
    return AsyncMongoClient(
        uri,
        appname=APPLICATION,
        tz_aware=True,
        serverSelectionTimeoutMS=1000,
        connectTimeoutMS=1000,
        socketTimeoutMS=5000,
        maxPoolSize=100,
        waitQueueTimeoutMS=2000,
        w="majority",
        journal=True,
        **options,
    )


def _is_answered(ping: "asyncio.Future[object]") -> bool:
    """Tell whether a ping came back; an error that is not about the connection is raised."""
    if not ping.done():
        return False
    error = ping.exception()
    if error is not None and not isinstance(error, SILENCE):
        raise error
    return error is None
