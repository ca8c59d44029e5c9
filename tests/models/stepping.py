"""A store in memory whose calls wait to be let through: a test decides who acts next, call by call."""

import types
from collections.abc import Coroutine, Generator, Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.documents import keep
from models.filters import spell
from models.store import Duplicate, Store

COMPARE: dict[str, Any] = {
    "$eq": lambda value, operand: value == operand,
    "$in": lambda value, operand: value in operand,
    "$lt": lambda value, operand: value is not None and value < operand,
    "$lte": lambda value, operand: value is not None and value <= operand,
    "$gt": lambda value, operand: value is not None and value > operand,
    "$gte": lambda value, operand: value is not None and value >= operand,
}


@types.coroutine
def _pause() -> Generator[None, None, None]:
    yield


class SteppedStore(Store[Any]):
    """Keeps structs by id and answers the filters that the store allows; each call is one step."""

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    async def insert(self, item: Struct) -> None:
        await _pause()
        if item.id in self.items:  # type: ignore[attr-defined]  # every stored struct has an id
            raise Duplicate
        self.items[item.id] = item  # type: ignore[attr-defined]  # as above

    async def find(self, key: str) -> Any:
        await _pause()
        return self.items.get(key)

    async def list_(self, where: Mapping[str, Any], sort: str | None = None, limit: int = 0) -> list[Any]:
        await _pause()
        found = [item for item in self.items.values() if _fits(item, where)]
        if sort:
            name = "id" if sort.lstrip("-") == "_id" else sort.lstrip("-")
            found.sort(key=lambda item: getattr(item, name), reverse=sort.startswith("-"))
        return found[: limit or None]

    async def count(self, where: Mapping[str, Any]) -> int:
        return len(await self.list_(where))

    async def change(
        self,
        where: Mapping[str, Any],
        values: Mapping[str, Any],
        *,
        without: Iterable[str] = (),
        plus: Mapping[str, int] | None = None,
    ) -> Any:
        await _pause()
        for key, item in self.items.items():
            if _fits(item, where):
                self.items[key] = replace(item, **values)
                return self.items[key]
        return None


def _fits(item: Struct, where: Mapping[str, Any]) -> bool:
    document = keep(item)
    return all(
        COMPARE[operator](document.get(field), operand)
        for field, comparison in spell(where).items()
        for operator, operand in comparison.items()
    )


class Stepper:
    """Runs coroutines over stepped stores, each as far as it is let."""

    def __init__(self) -> None:
        self._running: list[Coroutine[Any, Any, Any]] = []

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        self._running.append(work)

    def step(self, which: int) -> None:
        """Let one of those that run make one call; nothing when none runs."""
        if self._running:
            self._advance(self._running[which % len(self._running)])

    def kill(self, which: int) -> None:
        """End one of those that run where it stands."""
        if self._running:
            self._running.pop(which % len(self._running)).close()

    def finish(self) -> None:
        while self._running:
            self._advance(self._running[0])

    def _advance(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            work.send(None)
        except StopIteration:
            self._running.remove(work)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine over stepped stores to its end; return its answer."""
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value
