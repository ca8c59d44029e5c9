"""The store: the only code that knows documents and the driver.

One `Store` is one collection whose documents are structs of one type (`models/documents.py`). It spells
filters so that every engine answers alike and from an index, and refuses the spellings that do harm on one of
them, in every environment (`models/filters.py`). What each guard is for is shown, engine by engine, in
`tests/models/test_engine_gaps.py`.

Promises kept here:
- lists inside a document are never edited in place: they are maps by id, written with `change`;
- a unique index counts only documents that have its fields;
- `change` answers None for a conflict of a unique index as well as for "no such document": the caller
  decides by a read, never by the None alone;
- a write that the engine undid for a conflict is made again;
- driver errors leave as `Duplicate` or `EngineUnavailable`.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from functools import partial
from random import SystemRandom
from typing import Any, Generic, TypeVar

from msgspec import Struct
from pymongo import IndexModel, ReturnDocument, errors
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase

from models.documents import Document, UnsafeFilter, keep, to_document, to_struct
from models.errors import Unavailable
from models.filters import Index, is_served, spell

T = TypeVar("T", bound=Struct)
R = TypeVar("R")
Database = AsyncDatabase[Document]

RETRY_SECONDS = 2
DUPLICATE_KEY = 11000
# Of MongoDB: a time limit passed (50, 64), shutting down, a conflict of writes, no longer the primary.
STATE_CODES = frozenset({50, 64, 91, 112, 189, 10107, 11600, 11602})
# The engine undid a write since it met another's; it may be asked again. A deadlock is 112 in some replies of
# DocumentDB, and in others 2, which is the code of a value refused: there only the words tell. So they do of
# first documents that make their collections at once.
WRITE_CONFLICT = 112
UNDONE = ("deadlock detected", "Unable to create the specified collection")
ATTEMPTS = 7
# The pause before another attempt is of a length by chance, at most this, doubled with each attempt.
PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.8
AT_ONCE = nullcontext()
_chance = SystemRandom()
# One reply for most lists: an engine that lends its cursors may lose a sorted one between two replies.
REPLY_DOCUMENTS = 10_000
_is_path = re.compile(r'[^.$\[\]"\\\0-\x1f]+(\.[^.$\[\]"\\\0-\x1f]+)*').fullmatch


class Duplicate(Exception):
    """A document with this id, or with these unique fields, exists already."""


class EngineUnavailable(Unavailable):
    """The document engine does not answer; what a write did is unknown, so ask again with the same id."""

    code = "engine_unavailable"
    message = "数据服务暂时不可用，请稍后再试"


class Collection(Struct, Generic[T], frozen=True):
    """A collection's name, the struct that its documents are, and its indexes."""

    name: str
    kind: type[T]
    indexes: tuple[Index, ...] = ()


class _Translated:
    """Turns the driver's errors into ours; a class, because it stands on every hot path."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, errors.DuplicateKeyError):
            raise Duplicate("a document with these unique fields exists") from error
        if _is_passing(error):
            raise EngineUnavailable(retryAfter=RETRY_SECONDS) from error


TRANSLATED = _Translated()


def _is_passing(error: object) -> bool:
    """Say whether nothing answered, or an engine refused for its own state (locked, conflicting, ending)."""
    if isinstance(error, errors.BulkWriteError):
        details = error.details or {}
        failures = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
        others = [one for one in failures if one["code"] != DUPLICATE_KEY]
        return all(_is_of_state(one["code"], one["errmsg"]) for one in others)
    if isinstance(error, errors.OperationFailure):
        return _is_of_state(error.code, str(error))
    return isinstance(error, errors.ConnectionFailure)


def _is_of_state(code: int | None, words: str) -> bool:
    return code in STATE_CODES or _is_undone(code, words) or "database is locked" in words


def _is_undone(code: int | None, words: str) -> bool:
    return code == WRITE_CONFLICT or any(said in words for said in UNDONE)


def _failures(error: errors.BulkWriteError) -> dict[int, list[int]]:
    """Return the places of what existed already and of what was undone; the error itself for all else."""
    details = error.details or {}
    places: dict[int, list[int]] = {DUPLICATE_KEY: [], WRITE_CONFLICT: []}
    for failure in details.get("writeErrors", ()):
        code = WRITE_CONFLICT if _is_undone(failure["code"], failure["errmsg"]) else failure["code"]
        if code not in places:
            raise error
        places[code].append(failure["index"])
    if details.get("writeConcernErrors"):  # Written, but not as safely as was asked for.
        raise error
    return places


async def _pause(undone: int) -> None:
    """Wait after the attempts that were undone: the first comes at once, those after it ever later."""
    if undone:
        await asyncio.sleep(_chance.uniform(0, min(PAUSE_SECONDS * 2**undone, LONGEST_PAUSE_SECONDS)))


def _directed(name: str) -> tuple[str, int]:
    return name.lstrip("-"), -1 if name.startswith("-") else 1


def _keys_of(index: Index) -> tuple[tuple[str, int], ...]:
    return tuple(_directed(name) for name in index.fields)


def _to_model(index: Index) -> IndexModel:
    present = {name: {"$exists": True} for name in index.names}
    only: Document = {"unique": True, "partialFilterExpression": present} if index.unique else {}
    return IndexModel(_keys_of(index), **only)


class Store(Generic[T]):
    """One collection. With `strict` (in tests) a filter or sort that no index serves is refused."""

    def __init__(self, database: Database, collection: Collection[T], *, strict: bool = False) -> None:
        self._documents: AsyncCollection[Document] = database[collection.name]
        self._kind = collection.kind
        self._indexes = collection.indexes
        self._strict = strict
        self._again = asyncio.Lock()

    async def create_indexes(self) -> None:
        """Make the declared indexes that are not there yet."""
        with TRANSLATED:
            made = await self._list_indexes()
            missing = [_to_model(index) for index in self._indexes if _keys_of(index) not in made]
            if missing:
                await self._undisturbed(lambda: self._documents.create_indexes(missing))

    async def _list_indexes(self) -> set[tuple[tuple[str, int], ...]]:
        """Return the keys of the indexes that are there; a collection that is not there yet has none."""
        name = self._documents.name
        if name not in await self._documents.database.list_collection_names(filter={"name": name}):
            return set()
        return {tuple(index["key"].items()) async for index in await self._documents.list_indexes()}

    async def insert(self, item: T) -> None:
        """Store a new document; Duplicate if its id or unique fields exist."""
        document = to_document(item)
        with TRANSLATED:
            await self._undisturbed(lambda: self._documents.insert_one(document))

    async def insert_many(self, items: Iterable[T]) -> list[int]:
        """Store new documents, each on its own; return the places of those that existed already."""
        waiting = dict(enumerate(map(to_document, items)))
        existing: list[int] = []
        with TRANSLATED:
            for attempt in range(ATTEMPTS):
                if not waiting:
                    break
                await _pause(attempt)
                places, write = list(waiting), partial(self._documents.insert_many, ordered=False)
                try:
                    await self._undisturbed(partial(write, list(waiting.values())))
                    break
                except errors.BulkWriteError as error:
                    failed = _failures(error)
                    if attempt == ATTEMPTS - 1 and failed[WRITE_CONFLICT]:
                        raise
                existing += [places[place] for place in failed[DUPLICATE_KEY]]
                waiting = {places[place]: waiting[places[place]] for place in failed[WRITE_CONFLICT]}
        return sorted(existing)

    async def put(self, item: T) -> None:
        """Store a document whole under its id, in place of what was there."""
        document = to_document(item)
        where = {"_id": {"$eq": document["_id"]}}
        with TRANSLATED:
            await self._undisturbed(lambda: self._documents.replace_one(where, document, upsert=True))

    async def find(self, key: str) -> T | None:
        """Return the document with this id, or None."""
        return await self.find_one({"_id": key})

    async def find_one(self, where: Mapping[str, Any]) -> T | None:
        """Return the document that a filter names, or None."""
        self._check(where, None)
        with TRANSLATED:
            document = await self._documents.find_one(spell(where))
        return None if document is None else to_struct(document, self._kind)

    async def list_(self, where: Mapping[str, Any], sort: str | None = None, limit: int = 0) -> list[T]:
        """Return the documents of a filter, sorted by one field (`-field` for descending)."""
        self._check(where, sort)
        with TRANSLATED:
            order = [_directed(sort)] if sort else None
            cursor = self._documents.find(spell(where), sort=order, limit=limit, batch_size=REPLY_DOCUMENTS)
            documents = await cursor.to_list()
        return [to_struct(document, self._kind) for document in documents]

    async def change(
        self,
        where: Mapping[str, Any],
        values: Mapping[str, Any],
        *,
        without: Iterable[str] = (),
        plus: Mapping[str, int] | None = None,
    ) -> T | None:
        """Set, remove and add to fields of one document atomically; return it as it is afterwards.

        A value that is None removes its field. The answer None means that nothing was changed, for whatever
        reason, a conflict with a unique index included: read to learn which.
        """
        self._check(where, None)
        kept = {path: keep(value) for path, value in values.items()}
        present = {path: value for path, value in kept.items() if value is not None}
        absent = dict.fromkeys([*without, *(kept.keys() - present.keys())], "")
        update = {"$set": present, "$unset": absent, "$inc": dict(plus or {})}
        if any(not _is_path(path) for paths in update.values() for path in paths):
            raise UnsafeFilter(f"a path is names with dots between them: {sorted(kept)}")
        update = {operator: paths for operator, paths in update.items() if paths}
        document: Document | None = None
        with TRANSLATED, suppress(errors.DuplicateKeyError):
            document = await self._undisturbed(
                lambda: self._documents.find_one_and_update(
                    spell(where), update, return_document=ReturnDocument.AFTER
                )
            )
        return None if document is None else to_struct(document, self._kind)

    async def delete(self, where: Mapping[str, Any]) -> int:
        """Remove the documents of a filter; return how many."""
        self._check(where, None)
        with TRANSLATED:
            return (await self._undisturbed(lambda: self._documents.delete_many(spell(where)))).deleted_count

    async def count(self, where: Mapping[str, Any]) -> int:
        """Count the documents of a filter by the `count` command, which every engine serves by index.

        Without a filter an engine may estimate (DocumentDB does): not for decisions.
        """
        if where:
            self._check(where, None)
        with TRANSLATED:
            answer = await self._documents.database.command("count", self._documents.name, query=spell(where))
        return int(answer["n"])

    async def _undisturbed(self, write: Callable[[], Awaitable[R]]) -> R:
        """Make a write that may be repeated, again when the engine undid all of it: a conflict or a deadlock.

        Who was undone writes again after the others of this process who were: they can no longer disturb
        each other. Those of other processes come apart by chance.
        """
        for undone in range(ATTEMPTS - 1):
            try:
                async with self._again if undone else AT_ONCE:
                    return await write()
            except errors.BulkWriteError:
                raise
            except errors.OperationFailure as error:
                if not _is_undone(error.code, str(error)):
                    raise
            await _pause(undone)
        async with self._again:
            return await write()

    def _check(self, where: Mapping[str, Any], sort: str | None) -> None:
        if self._strict and not is_served(where, sort, self._indexes):
            raise UnsafeFilter(f"no index of {self._documents.name} serves {sorted(where)} by {sort}")
