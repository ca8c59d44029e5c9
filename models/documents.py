"""Documents: the plain form in which every engine keeps and compares a struct alike.

A time is kept as text that sorts (`~2026-07-15T01:02:03.456Z`), bytes as base64, and text that begins like a
date behind the same mark: the embedded engine compares what looks like a date by whole seconds and by a scan,
and some of its writes lose the types of times, bytes and flags. A field that is None is not stored.
"""

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)
Document = dict[str, Any]

MARK = "~"
# What the embedded engine takes for a date, and the mark itself.
_needs_mark = re.compile(rf"{MARK}|\s*\d{{2,4}}[-/]\d{{2}}[-/]\d{{2}}").match


class UnsafeFilter(TypeError):
    """A filter or update that one of the engines answers wrongly or slowly: a bug of the caller."""


def keep(value: Any) -> Any:
    """Return a value in the plain form that every engine keeps and compares alike, as documents hold it."""
    return _marked(msgspec.to_builtins(value, builtin_types=(datetime,)))


def _marked(value: Any) -> Any:
    if isinstance(value, str):
        return MARK + value if _needs_mark(value) else value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnsafeFilter("a time without a zone means another moment on every machine")
        return f"{MARK}{value.astimezone(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
    if isinstance(value, dict):
        return {name: _marked(item) for name, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, (list, tuple)) else value


def _unmarked(value: Any) -> Any:
    if isinstance(value, str):
        return value.removeprefix(MARK)
    if isinstance(value, dict):
        return {name: _unmarked(item) for name, item in value.items()}
    return [_unmarked(item) for item in value] if isinstance(value, (list, tuple)) else value


def to_document(item: Struct) -> Document:
    """Return a struct as the document that is stored: fields that are None are left out."""
    return {field: value for field, value in keep(item).items() if value is not None}


def to_struct(document: Document, kind: type[T]) -> T:
    """Return a stored document as its struct; not strictly, since the embedded engine makes flags 0 and 1."""
    return msgspec.convert(_unmarked(document), kind, strict=False)
