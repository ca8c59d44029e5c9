"""Organisations: nodes of the two trees (地方 and 产业), held in memory by every process.

A right is role × subtree; service is city-wide, administration is subtree-bound. `code` is the employer's
统一社会信用代码 or the 基层工会统计代码, `region` the place as people name it, such as 金水区.
"""

from collections.abc import Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Literal

from msgspec import Struct, field

from models.filters import Index
from models.mirrors import Mirror
from models.store import Collection, Store


class Organisation(Struct, frozen=True, kw_only=True):
    """One union body; `path` holds its ancestors' ids from the root down."""

    id: str = field(name="_id")
    name: str
    tree: Literal["local", "industry"]
    path: tuple[str, ...] = ()
    state: Literal["active", "merged", "closed"] = "active"
    code: str = ""
    region: str = ""
    changed: datetime

    @property
    def is_open(self) -> bool:
        """Whether people may join it."""
        return self.state == "active"


ORGANISATIONS = Collection("organisations", Organisation, (Index(("changed",)),))


class Sought(Struct, frozen=True):
    """What an organisation is looked for by: a part of its name, of its place, or its whole code."""

    name: str = ""
    region: str = ""
    code: str = ""

    def fits(self, one: Organisation) -> bool:
        """Say whether an organisation has all that is given."""
        return (
            self.name in one.name and self.region in one.region and (not self.code or self.code == one.code)
        )


class Organisations:
    """The trees as this process knows them."""

    def __init__(self, store: Store[Organisation]) -> None:
        self._store = store
        self._known: dict[str, Organisation] = {}
        self.mirror = Mirror(store, self._absorb)

    def find(self, organisation: str) -> Organisation | None:
        """Return an organisation by id, if this process knows it."""
        return self._known.get(organisation)

    def get_name(self, organisation: str) -> str:
        """Return an organisation's name, or an empty text for one that is not known here yet."""
        known = self._known.get(organisation)
        return known.name if known else ""

    def is_within(self, organisation: str, root: str) -> bool:
        """Say whether an organisation is another one or below it."""
        known = self._known.get(organisation)
        return organisation == root or (known is not None and root in known.path)

    def list_within(self, root: str) -> list[Organisation]:
        """Return an organisation and all below it, each after those above it."""
        within = [one for one in self._known.values() if one.id == root or root in one.path]
        return sorted(within, key=lambda one: (*one.path, one.id))

    def find_named(self, name: str) -> list[Organisation]:
        """Return the organisations of a name."""
        return [one for one in self._known.values() if one.name == name]

    def find_open(self, organisation: str) -> Organisation | None:
        """Return an organisation that people may join, or None."""
        known = self._known.get(organisation)
        return known if known and known.is_open else None

    def search(self, sought: Sought, limit: int) -> list[Organisation]:
        """Return open organisations that have what is sought, the shortest names first."""
        found = [one for one in self._known.values() if one.is_open and sought.fits(one)]
        return nsmallest(limit, found, key=lambda one: (one.name != sought.name, len(one.name), one.name))

    async def put(self, organisation: Organisation) -> None:
        """Store an organisation whole and know it here at once."""
        await self._store.put(organisation)
        self._absorb([organisation])

    def _absorb(self, changed: Sequence[Organisation]) -> None:
        self._known.update((organisation.id, organisation) for organisation in changed)
