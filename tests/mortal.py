"""A database of a process that dies at one of its writes: before it, or right after it."""

from typing import Any

WRITES = frozenset({"insert_one", "insert_many", "replace_one", "find_one_and_update", "delete_many"})


class Crash(Exception):
    """The process ended here."""


class Life:
    """How long a process writes: it ends at its n-th write, and writes nothing more."""

    def __init__(self, ends_at: int = -1, *, after: bool = False) -> None:
        self.writes = 0
        self._ends_at = ends_at
        self._after = after

    async def write(self, call: Any, *args: Any, **options: Any) -> Any:
        number, self.writes = self.writes, self.writes + 1
        is_last = number == self._ends_at
        if 0 <= self._ends_at < number or (is_last and not self._after):
            raise Crash
        answer = await call(*args, **options)
        if is_last:
            raise Crash
        return answer


class MortalDatabase:
    """The database as such a process has it."""

    def __init__(self, database: Any, life: Life) -> None:
        self._database = database
        self._life = life

    def __getitem__(self, name: str) -> "MortalCollection":
        return MortalCollection(self._database[name], self._life)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


class MortalCollection:
    """A collection of it."""

    def __init__(self, collection: Any, life: Life) -> None:
        self._collection = collection
        self._life = life

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._collection, name)
        if name not in WRITES:
            return call

        async def write(*args: Any, **options: Any) -> Any:
            return await self._life.write(call, *args, **options)

        return write
