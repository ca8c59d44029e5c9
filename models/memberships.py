"""Membership (会籍): one document per person (工会会员会籍管理办法 2016).

Invariant: two active spells cannot be expressed, because the document's `_id` is the person. `version` counts
its changes; every change is written whole on condition of the version that was read.
"""

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


MEMBERSHIPS = Collection("memberships", Membership, (Index(("organisation", "state")),))


class Memberships:
    """The book of memberships."""

    def __init__(self, store: Store[Membership]) -> None:
        self._store = store

    async def find(self, person: str) -> Membership | None:
        """Return a person's membership, whatever its state."""
        return await self._store.find(person)

    async def begin(self, membership: Membership) -> Membership:
        """Enter a first spell; a person who has a membership keeps it and gets it back."""
        try:
            await self._store.insert(membership)
        except Duplicate:
            return await self._store.find(membership.person) or membership
        return membership
