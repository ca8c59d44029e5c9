"""The document engine's database, with every call counted and timed; the store notices nothing.

PyMongo's own command listener would do the same for about ten times the cost: it makes two events of each
command. What is not awaited (names, options) passes through untouched.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any

from pymongo.errors import PyMongoError

from server.metrics import Durations

Call = Callable[..., Awaitable[Any]]

OK = "ok"
CANCELLED = "cancelled"


class MeteredDatabase:
    """A database whose collections are metered; `command` is metered under the collection that it names."""

    def __init__(self, database: Any, calls: Durations) -> None:
        self._database = database
        self._calls = calls

    def __getitem__(self, name: str) -> "MeteredCollection":
        return MeteredCollection(self._database[name], self._calls, self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def command(self, operation: str, collection: str, **options: Any) -> Any:
        """Run a command on a collection."""
        call = metered(self._database.command, self._calls, collection, operation)
        return await call(operation, collection, **options)


class MeteredCollection:
    """A collection whose operations are metered, each under its driver's name."""

    def __init__(self, collection: Any, calls: Durations, database: MeteredDatabase) -> None:
        self.name: str = collection.name
        self.database = database
        self._collection = collection
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        """Wrap an operation when it is first used, and keep it."""
        found = getattr(self._collection, name)
        if iscoroutinefunction(found):
            found = metered(found, self._calls, self.name, name)
        setattr(self, name, found)
        return found

    def find(self, *args: Any, **options: Any) -> "MeteredCursor":
        """Return a cursor; the query goes out when it is read."""
        return MeteredCursor(self._collection.find(*args, **options), self)

    @cached_property
    def reading(self) -> Call:
        """Reading a cursor to its end, metered."""

        async def read(cursor: Any, length: int | None) -> Any:
            return await cursor.to_list(length)

        return metered(read, self._calls, self.name, "find")


class MeteredCursor:
    """What a query found, read to its end in one metered call."""

    def __init__(self, cursor: Any, collection: MeteredCollection) -> None:
        self._cursor = cursor
        self._collection = collection

    async def to_list(self, length: int | None = None) -> Any:
        """Return the documents."""
        return await self._collection.reading(self._cursor, length)


def metered(call: Call, calls: Durations, collection: str, operation: str) -> Call:
    """Return a call that notes how long it took and how it ended: `ok`, `cancelled`, or the error's class."""

    async def metered_call(*args: Any, **options: Any) -> Any:
        outcome, begun = CANCELLED, perf_counter()
        try:
            answer = await call(*args, **options)
            outcome = OK
        except PyMongoError as error:
            outcome = type(error).__name__
            raise
        finally:
            calls.observe((collection, operation, outcome), perf_counter() - begun)
        return answer

    return metered_call
