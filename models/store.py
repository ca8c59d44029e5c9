"""The store: the only code that knows documents and the driver.

One `Store` is one collection whose documents are structs of one type. It spells filters so that every
engine answers alike and from an index, and refuses the spellings that do harm on one of them, in every
environment. What each guard is for is shown, engine by engine, in `tests/models/test_engine_gaps.py`.

Promises kept here:
- every equality in a filter is written `{"$eq": value}`: the embedded engine scans on the short form;
- `$or` and its kin, and `$in` outside `_id`, are refused: the first changes foreign documents on the
  embedded engine, the second reads everything;
- lists inside a document are never edited in place: they are maps by id, written with `set`;
- a time is kept as text of one width that sorts (`~2026-07-15T01:02:03.456Z`), bytes as base64, and text
  that begins like a date behind the same mark: the embedded engine compares whatever looks like a date by
  whole seconds and by a scan, and loses the types of times, bytes and flags in some writes;
- a unique index counts a document only when it has the index's fields, so a row that no longer counts
  drops them; a field that is None is not stored at all;
- `change` answers None for a conflict of a unique index as well as for "no such document": the caller
  decides by a read, never by the None alone;
- driver errors leave as `Duplicate` or `EngineUnavailable`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct
from pymongo import ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    WTimeoutError,
)

from models.errors import Unavailable

T = TypeVar("T", bound=Struct)
Document = dict[str, Any]
Database = AsyncDatabase[Document]

RETRY_SECONDS = 2
DUPLICATE_KEY = 11000
COMPARISONS = frozenset({"$eq", "$gt", "$gte", "$lt", "$lte", "$exists"})
POINTS = frozenset({"$eq", "$in"})
MARK = "~"
# One reply for most lists: an engine that lends its cursors may lose a sorted one between two replies.
REPLY_DOCUMENTS = 10_000
_begins_like_a_date = re.compile(r"\s*\d{2,4}[-/]\d{2}[-/]\d{2}").match
_is_path = re.compile(r'[^.$\[\]"\\\0]+(\.[^.$\[\]"\\\0]+)*').fullmatch


class Duplicate(Exception):
    """A document with this id, or with these unique fields, exists already."""


class EngineUnavailable(Unavailable):
    """The document engine does not answer; what a write did is unknown, so ask again with the same id."""

    code = "engine_unavailable"
    message = "数据服务暂时不可用，请稍后再试"


class UnsafeFilter(TypeError):
    """A filter or update that one of the engines answers wrongly or slowly: a bug of the caller."""


class Index(Struct, frozen=True):
    """An index: field names in order, a leading `-` for descending; never `_id`, which has its own."""

    fields: tuple[str, ...]
    unique: bool = False

    def __post_init__(self) -> None:
        if "_id" in self.names:
            raise UnsafeFilter("an index that holds _id makes the embedded engine refuse every insert")

    @property
    def names(self) -> list[str]:
        """The field names without their direction."""
        return [name.lstrip("-") for name in self.fields]


class Collection(Struct, Generic[T], frozen=True):
    """A collection's name, the struct that its documents are, and its indexes."""

    name: str
    kind: type[T]
    indexes: tuple[Index, ...] = ()


class _Translated:
    """Turns the driver's errors into ours; a class, because it stands on every hot path."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, DuplicateKeyError):
            raise Duplicate("a document with these unique fields exists") from error
        if isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError) or _is_transient(error):
            raise EngineUnavailable(retryAfter=RETRY_SECONDS) from error


TRANSLATED = _Translated()


def _is_transient(error: BaseException | None) -> bool:
    """Say whether an engine's refusal is about its own state (locked, conflicting, shutting down)."""
    codes = {11600, 11602, 91, 112, 189, 10107}
    return isinstance(error, OperationFailure) and (error.code in codes or "database is locked" in str(error))


def spell(where: Mapping[str, Any]) -> Document:
    """Return the filter as every engine understands it; UnsafeFilter for what one of them gets wrong."""
    spelled: Document = {}
    for field, value in where.items():
        if field.startswith("$"):
            raise UnsafeFilter(f"{field} is refused: the embedded engine drops the fields beside it")
        if not isinstance(value, Mapping):
            spelled[field] = {"$eq": _scalar(field, value)}
        elif value and COMPARISONS.issuperset(value):
            spelled[field] = {operator: _scalar(field, operand) for operator, operand in value.items()}
        elif field == "_id" and set(value) == {"$in"}:
            spelled[field] = {"$in": [_scalar(field, key) for key in value["$in"]]}
        else:
            raise UnsafeFilter(f"{field}: only comparisons, and $in on _id alone")
    return spelled


def _scalar(field: str, value: Any) -> Any:
    if isinstance(kept := keep(value), dict | list):
        raise UnsafeFilter(f"{field}: engines differ on what equals a list or a document")
    return kept


def is_served(where: Mapping[str, Any], sort: str | None, indexes: Sequence[Index]) -> bool:
    """Say whether some index begins with what a filter and sort ask for, so that nothing is scanned.

    A range of `_id` and a mere `$exists` are not served: the embedded engine reads everything for them.
    """
    order = sort.lstrip("-") if sort else None
    if "_id" in where:
        return order in (None, "_id") and _is_point(where["_id"])
    if not where and order == "_id":
        return True
    for names in (index.names for index in indexes):
        equal = 0
        while equal < len(names) and names[equal] in where and _is_point(where[names[equal]]):
            equal += 1
        following = names[equal] if equal < len(names) else None
        if order is None and (equal or _is_range(where.get(following or ""))):
            return True
        if order is not None and following == order:
            return True
    return False


def _is_point(value: Any) -> bool:
    return not isinstance(value, Mapping) or POINTS.issuperset(value)


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and not {"$exists"}.issuperset(value)


def keep(value: Any) -> Any:
    """Return a value in the plain form that every engine keeps and compares alike, as documents hold it."""
    return _each(msgspec.to_builtins(value, builtin_types=(datetime,)), _mark)


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: _each(item, change) for name, item in value.items()}
    return [_each(item, change) for item in value] if isinstance(value, list) else change(value)


def _mark(value: Any) -> Any:
    if isinstance(value, str) and (value.startswith(MARK) or _begins_like_a_date(value)):
        return MARK + value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnsafeFilter("a time without a zone means another moment on every machine")
        return f"{MARK}{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
    return value


def _unmark(value: Any) -> Any:
    return value.removeprefix(MARK) if isinstance(value, str) else value


def _directed(name: str) -> tuple[str, int]:
    return name.lstrip("-"), -1 if name.startswith("-") else 1


def to_document(item: Struct) -> Document:
    """Return a struct as the document that is stored: fields that are None are left out."""
    return {field: value for field, value in keep(item).items() if value is not None}


def to_struct(document: Document, kind: type[T]) -> T:
    """Return a stored document as its struct; not strictly, since the embedded engine makes flags 0 and 1."""
    return msgspec.convert(_each(document, _unmark), kind, strict=False)


class Store(Generic[T]):
    """One collection. With `strict` (in tests) a filter or sort that no index serves is refused."""

    def __init__(self, database: Database, collection: Collection[T], *, strict: bool = False) -> None:
        self._documents: AsyncCollection[Document] = database[collection.name]
        self._kind = collection.kind
        self._indexes = collection.indexes
        self._strict = strict

    async def create_indexes(self) -> None:
        """Make the declared indexes; making them again changes nothing."""
        with TRANSLATED:
            for index in self._indexes:
                present = {name: {"$exists": True} for name in index.names}
                only = {"unique": True, "partialFilterExpression": present} if index.unique else {}
                keys = [_directed(name) for name in index.fields]
                await self._documents.create_index(keys, background=True, **only)

    async def insert(self, item: T) -> None:
        """Store a new document; Duplicate if its id or unique fields exist."""
        with TRANSLATED:
            await self._documents.insert_one(to_document(item))

    async def insert_many(self, items: Iterable[T]) -> list[int]:
        """Store new documents, each on its own; return the places of those that existed already."""
        documents = [to_document(item) for item in items]
        if not documents:
            return []
        with TRANSLATED:
            try:
                await self._documents.insert_many(documents, ordered=False)
            except BulkWriteError as error:
                failures = (error.details or {}).get("writeErrors", [])
                if any(failure["code"] != DUPLICATE_KEY for failure in failures):
                    raise
                return sorted(failure["index"] for failure in failures)
        return []

    async def put(self, item: T) -> None:
        """Store a document whole under its id, in place of what was there."""
        document = to_document(item)
        with TRANSLATED:
            await self._documents.replace_one(spell({"_id": document["_id"]}), document, upsert=True)

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
        with TRANSLATED:
            try:
                document: Document | None = await self._documents.find_one_and_update(
                    spell(where), update, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                return None
        return None if document is None else to_struct(document, self._kind)

    async def delete(self, where: Mapping[str, Any]) -> int:
        """Remove the documents of a filter; return how many."""
        self._check(where, None)
        with TRANSLATED:
            return (await self._documents.delete_many(spell(where))).deleted_count

    async def count(self, where: Mapping[str, Any]) -> int:
        """Count the documents of a filter by the `count` command, which every engine serves by index."""
        if where:
            self._check(where, None)
        with TRANSLATED:
            answer = await self._documents.database.command("count", self._documents.name, query=spell(where))
        return int(answer["n"])

    def _check(self, where: Mapping[str, Any], sort: str | None) -> None:
        if self._strict and not is_served(where, sort, self._indexes):
            raise UnsafeFilter(f"no index of {self._documents.name} serves {sorted(where)} by {sort}")
