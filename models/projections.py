"""Projections: what documents say of their own changes, entered into the audit.

A document's `pending` is a new text with each change that must be entered. A projection finds such documents,
enters each of their facts under a name made from the document, and takes the `pending` that it saw away: a
change that came meanwhile has set another. Running twice, or ending anywhere and running again, enters a
fact once.
"""

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeVar

from models.audit import Audit, Fact
from models.store import Store

BATCH = 100


class Pending(Protocol):
    """A stored struct whose changes are entered; its collection has an index on `pending`."""

    @property
    def id(self) -> str:
        """The document's id."""

    @property
    def pending(self) -> str | None:
        """The name of the last change that may not be entered yet."""


P = TypeVar("P", bound=Pending)


class Projection(Generic[P]):
    """Enters the facts of one collection; `facts_of` gives all those of a document by name."""

    def __init__(self, store: Store[P], audit: Audit, facts_of: Callable[[P], Mapping[str, Fact]]) -> None:  # type: ignore[type-var]  # every Pending struct is a Struct
        self._store = store
        self._audit = audit
        self._facts_of = facts_of

    async def run(self) -> None:
        """Enter what is pending."""
        while items := await self._store.list_({"pending": {"$gt": ""}}, limit=BATCH):
            for item in items:
                await self._audit.record_named(self._facts_of(item))
                await self._store.change({"_id": item.id, "pending": item.pending}, {}, without=("pending",))
