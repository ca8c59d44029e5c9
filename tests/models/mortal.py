"""A process that dies at a chosen write, over a real store: for tests of what the next one finishes."""

from collections.abc import Awaitable, Callable
from typing import Any

from models.store import Collection, Database, Store


class Crash(Exception):
    """The process ended here."""


class Life:
    """A process that ends before its n-th write, or right after it; afterwards it writes nothing more."""

    def __init__(self, ends_at: int = -1, *, after: bool = False) -> None:
        self.writes = 0
        self._ends_at = ends_at
        self._after = after

    async def write(self, work: Callable[[], Awaitable[Any]]) -> Any:
        number, self.writes = self.writes, self.writes + 1
        is_last = number == self._ends_at
        if 0 <= self._ends_at < number or (is_last and not self._after):
            raise Crash
        answer = await work()
        if is_last:
            raise Crash
        return answer


class Mortal(Store[Any]):
    """A store of a process that may end at any write."""

    def __init__(self, database: Database, collection: Collection[Any], life: Life) -> None:
        super().__init__(database, collection, strict=True)
        self._life = life

    async def insert(self, item: Any) -> None:
        await self._life.write(lambda: Store.insert(self, item))

    async def insert_many(self, items: Any) -> Any:
        return await self._life.write(lambda: Store.insert_many(self, items))

    async def change(self, *args: Any, **options: Any) -> Any:
        return await self._life.write(lambda: Store.change(self, *args, **options))
