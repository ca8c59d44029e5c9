"""Membership (会籍): one document per person (工会会员会籍管理办法 2016).

Invariant: two active spells cannot be expressed, because the document's `_id` is the person. `version` counts
its changes; every change is written whole on condition of the version that was read.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field

from models.filters import Index
from models.store import Collection, Duplicate, Store

MembershipState = Literal["applied", "active", "transferring", "retained", "left", "expelled", "refused"]


class Membership(Struct, frozen=True, kw_only=True):
    """The current spell of a person: the organisation, the state, and since which local day."""

    person: str = field(name="_id")
    organisation: str
    state: MembershipState
    since: str
    version: int = 1
    entered: datetime


MEMBERSHIPS = Collection(
    "memberships", Membership, (Index(("organisation", "state")), Index(("organisation", "entered")))
)


class Memberships:
    """The book of memberships."""

    def __init__(self, store: Store[Membership]) -> None:
        self._store = store

    async def find(self, person: str) -> Membership | None:
        """Return a person's membership, whatever its state."""
        return await self._store.find(person)

    async def count(self, organisation: str) -> int:
        """Return how many memberships an organisation has, whatever their state."""
        return await self._store.count({"organisation": organisation})

    async def list_of(self, organisation: str, limit: int) -> list[Membership]:
        """Return an organisation's memberships, the last entered first."""
        return await self._store.list_({"organisation": organisation}, sort="-entered", limit=limit)

    async def list_by_person(self, people: Sequence[str]) -> list[Membership]:
        """Return the memberships of some people."""
        return await self._store.list_({"_id": {"$in": list(people)}}) if people else []

    async def begin(self, membership: Membership) -> Membership:
        """Enter a first spell; a person who has a membership keeps it and gets it back."""
        try:
            await self._store.insert(membership)
        except Duplicate:
            return await self._store.find(membership.person) or membership
        return membership
