"""The contract of an operation: what its handler's annotations promise.

`handlers/base.py` reads it off a method to decode and to answer; `openapi.py` writes it down for the people
who call us.
"""

from typing import Any, ClassVar

from msgspec import Struct


class Refused(Struct, frozen=True):
    """One refusal an operation may answer: its status, stable code and Chinese message."""

    status: int
    code: str
    message: str


class RawBody(bytes):
    """A body that is not JSON: its docstring tells callers what it must be, `media_types` in which forms."""

    media_types: ClassVar[tuple[str, ...]] = ()


class Contract(Struct, frozen=True, kw_only=True):
    """One operation: its types, the status of success, and its refusals.

    `query` is a struct or None, `body` may be a raw one, too. `reply` is a struct, a media type of ours
    (`media_type` says which), or None for an empty answer.
    """

    summary: str
    status: int
    body: type[Struct] | type[RawBody] | None
    query: type[Struct] | None
    reply: Any
    refuses: tuple[Refused, ...]


class Operation(Struct, frozen=True, kw_only=True):
    """A contract at its place: the HTTP method, the path as a template, and who may call."""

    method: str
    path: str
    noun: str
    public: bool
    contract: Contract
