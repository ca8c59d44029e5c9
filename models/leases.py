"""Leases: which process does a piece of background work now.

A lease saves work and decides nothing: what must exist once gets a name of its own, so that two
holders, through a stopped process or clocks that differ, cost a second try and harm nothing.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

from models.clock import Now
from models.store import Collection, Duplicate, Store


class Lease(Struct, frozen=True, kw_only=True):
    """Who holds a piece of work, and until when unless the lease is taken again."""

    id: str = field(name="_id")
    holder: str
    until: datetime


LEASES = Collection("leases", Lease)


class Leases:
    """Gives out leases; every change is conditional on what was read."""

    def __init__(self, store: Store[Lease], now: Now) -> None:
        self._store = store
        self._now = now

    async def take(self, name: str, holder: str, lasts: timedelta) -> bool:
        """Take a lease, or one's own again, for so long from now; False while another holds it."""
        at = self._now()
        held = await self._store.find(name)
        if held is None:
            return await self._begin(Lease(id=name, holder=holder, until=at + lasts))
        if held.holder != holder and held.until > at:
            return False
        seen = {"_id": name, "holder": held.holder, "until": held.until}
        return await self._store.change(seen, {"holder": holder, "until": at + lasts}) is not None

    async def _begin(self, lease: Lease) -> bool:
        try:
            await self._store.insert(lease)
        except Duplicate:
            return False
        return True

    async def give_up(self, name: str, holder: str) -> None:
        """Leave the work to others at once; a lease that was lost stays with who has it."""
        await self._store.delete({"_id": name, "holder": holder})
