"""Organisations: nodes of the two trees (地方 and 产业), held in memory by every process.

A right is role × subtree; service is city-wide, administration is subtree-bound. `code` is the
基层工会统计代码, unique among those that are there, `region` the place as people name it, such as 金水区.

Invariants: of a stored `path` only the last, the organisation above, is authoritative; the rest is a copy
that every process derives again. A merged organisation stands below the one that took it over, and a closed
one stays below the one above it (the upper union keeps the memberships of a unit that is gone): whatever
bears the id of an ended organisation is its successor's to see and to handle, and stays as it was written.
What stood below an ended one stands below its successor.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.clock import Now
from models.filters import Index
from models.mirrors import Mirror
from models.organisation_forms import Details, FormerName, LinkKind
from models.store import Collection, Store

ORGANISATIONS_CHANGED = "organisations"
Tree = Literal["local", "industry"]
OrganisationState = Literal["active", "merged", "closed"]


class Organisation(Struct, frozen=True, kw_only=True):
    """One union body; `path` holds its ancestors' ids from the root down.

    `taken` is the code while it counts, `reorganised` the number of the last reorganisation, `links` lead to
    organisations of the other tree, `former` are names that it had.
    """

    id: str = field(name="_id")
    name: str
    tree: Tree
    path: tuple[str, ...] = ()
    state: OrganisationState = "active"
    code: str = ""
    region: str = ""
    details: Details = field(default_factory=Details)
    links: dict[str, LinkKind] = field(default_factory=dict)
    former: dict[str, FormerName] = field(default_factory=dict)
    merged_into: str | None = None
    ended: str | None = None
    reorganised: int = 0
    taken: str | None = None
    content: str | None = None
    changed: datetime

    @property
    def is_open(self) -> bool:
        """Whether people may join it."""
        return self.state == "active"

    @property
    def above(self) -> str | None:
        """The organisation that it stands below: the one above, or the one that took it over."""
        return self.merged_into or (self.path[-1] if self.path else None)


ORGANISATIONS = Collection(
    "organisations", Organisation, (Index(("changed",)), Index(("taken",), unique=True))
)


class Sought(Struct, frozen=True):
    """What an organisation is looked for by: a part of its name, of its place, or a whole code."""

    name: str = ""
    region: str = ""
    code: str = ""

    def fits(self, one: Organisation) -> bool:
        """Say whether an organisation has all that is given."""
        has_code = not self.code or self.code in (one.code, one.details.credit_code)
        return self.name in one.name and self.region in one.region and has_code


class Organisations:
    """The trees as this process knows them."""

    def __init__(self, store: Store[Organisation], now: Now) -> None:
        self._store = store
        self._stored: dict[str, Organisation] = {}
        self._known: dict[str, Organisation] = {}
        self._below: dict[str | None, set[str]] = {}
        self.mirror = Mirror(store, self._absorb, now)

    def find(self, organisation: str) -> Organisation | None:
        """Return an organisation by id, its path as it is now, if this process knows it."""
        return self._known.get(organisation)

    def find_current(self, organisation: str) -> Organisation | None:
        """Return an organisation, or for one that has ended the one that answers for it now."""
        known = self._known.get(organisation)
        if known is None or known.is_open or not known.path:
            return known
        return self._known.get(known.path[-1], known)

    def get_name(self, organisation: str) -> str:
        """Return the name of who answers for an organisation now; "" for one that is not known here yet."""
        known = self.find_current(organisation)
        return known.name if known else ""

    def get_own_name(self, organisation: str) -> str:
        """Return an organisation's own name, even after its end; "" for one that is not known here yet."""
        known = self._known.get(organisation)
        return known.name if known else ""

    def is_within(self, organisation: str, root: str) -> bool:
        """Say whether an organisation is another one or below it."""
        known = self._known.get(organisation)
        return organisation == root or (known is not None and root in known.path)

    def list_upwards(self, organisation: str) -> list[str]:
        """Return the ids of an organisation and of those above it, the nearest first."""
        known = self._known.get(organisation)
        return [organisation, *reversed(known.path if known else ())]

    def list_within(self, root: str) -> list[Organisation]:
        """Return an organisation and all below it, each after those above it."""
        found: list[Organisation] = []
        waiting = [root]
        while waiting:
            key = waiting.pop()
            if key in self._known:
                found.append(self._known[key])
            waiting += sorted(self._below.get(key, ()), reverse=True)
        return found

    def list_below(self, above: str) -> list[Organisation]:
        """Return the organisations directly below one, by name, those that have ended last."""
        found = [self._known[key] for key in self._below.get(above, ())]
        return sorted(found, key=lambda one: (not one.is_open, one.name, one.id))

    def has_open_below(self, above: str) -> bool:
        """Say whether an organisation that has not ended stands directly below one."""
        return any(self._known[key].is_open for key in self._below.get(above, ()))

    def list_tops(self, tree: Tree) -> list[Organisation]:
        """Return the organisations of a tree above which there is none, as far as they have not ended."""
        return [one for one in self._known.values() if one.tree == tree and one.is_open and one.above is None]

    def list_known(self) -> list[Organisation]:
        """Return all organisations."""
        return list(self._known.values())

    def find_named(self, name: str) -> list[Organisation]:
        """Return the organisations of a name."""
        return [one for one in self._known.values() if one.name == name]

    def find_open(self, organisation: str) -> Organisation | None:
        """Return an organisation that people may join, or None."""
        known = self._known.get(organisation)
        return known if known and known.is_open else None

    def find_answerer(self, organisation: str) -> str:
        """Return the id of the one that an organisation was merged into in the end: itself, if it never was.

        That one may have been closed since; then nobody took its place.
        """
        passed = {organisation}
        while (known := self._known.get(organisation)) and known.merged_into:
            if known.merged_into in passed:
                break
            organisation = known.merged_into
            passed.add(organisation)
        return organisation

    def search(self, sought: Sought, limit: int) -> list[Organisation]:
        """Return open organisations that have what is sought, the shortest names first."""
        found = [one for one in self._known.values() if one.is_open and sought.fits(one)]
        return nsmallest(limit, found, key=lambda one: (one.name != sought.name, len(one.name), one.name))

    async def put(self, organisation: Organisation) -> None:
        """Store an organisation whole and know it here at once."""
        await self._store.put(organisation)
        self._absorb([organisation])

    def know(self, organisation: Organisation) -> None:
        """Know an organisation here as it was just stored."""
        self._absorb([organisation])

    def list_with_stale_paths(self) -> list[tuple[Organisation, tuple[str, ...]]]:
        """Return the open organisations whose stored path is not the present one, and the present one."""
        return [
            (self._stored[one.id], one.path)
            for one in self._known.values()
            if one.is_open and self._stored[one.id].path != one.path
        ]

    def _absorb(self, changed: Sequence[Organisation]) -> None:
        """Take in what changed; the trees are built anew only when somebody may stand elsewhere now."""
        is_rebuilt = len(changed) > 1 or any(self._changes_places(one) for one in changed)
        self._stored.update((one.id, one) for one in changed)
        self._place(self._stored if is_rebuilt else [one.id for one in changed])

    def _changes_places(self, one: Organisation) -> bool:
        known = self._stored.get(one.id)
        if known is None:
            return one.id in self._below
        return (known.above, known.state) != (one.above, one.state)

    def _place(self, keys: Iterable[str]) -> None:
        """Give organisations their present paths and their places below others."""
        placed: dict[str, tuple[str, ...]] = {}
        for key in keys:
            path = self._path_of(key, placed, frozenset())
            before = self._known.get(key)
            if before:
                self._below[before.path[-1] if before.path else None].discard(key)
            self._known[key] = replace(self._stored[key], path=path)
            self._below.setdefault(path[-1] if path else None, set()).add(key)

    def _path_of(
        self, key: str, placed: dict[str, tuple[str, ...]], passed: frozenset[str]
    ) -> tuple[str, ...]:
        """Return the present path; the stored one where that leads in a circle or to what is not known."""
        if key not in placed:
            one = self._stored[key]
            above = self._standing_above(one)
            if above is None:
                placed[key] = ()
            elif above not in self._stored or above in passed or above == key:
                placed[key] = one.path
            else:
                placed[key] = (*self._path_of(above, placed, passed | {key}), above)
        return placed[key]

    def _standing_above(self, one: Organisation) -> str | None:
        """Return the nearest organisation above one that has not ended."""
        above, passed = one.above, {one.id}
        while above and above not in passed and (found := self._stored.get(above)):
            if found.is_open or found.above is None:
                break
            passed.add(above)
            above = found.above
        return above
