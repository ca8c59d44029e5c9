"""Attempts to sign in: five that fail lock an account's name for fifteen minutes (GB/T 22239, 身份鉴别).

An attempt is counted before it is judged, in one conditional write, so that a hundred at once are five.
Names are counted by their blind index, whether such an account exists or not, so that a lock tells nobody
which do.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

from models.clock import Now
from models.errors import TooMany
from models.filters import Index
from models.store import Collection, Duplicate, Store

LIMIT = 5
LOCKED_FOR = timedelta(minutes=15)
TRIES = 3


class SignInLocked(TooMany):
    """Too many attempts on this account failed."""

    code = "sign_in_locked"
    message = "连续失败 5 次，此账号已锁定 15 分钟"


class Attempts(Struct, frozen=True, kw_only=True):
    """The attempts on one name since the last that succeeded, and when the last was counted."""

    id: str = field(name="_id")
    failures: int
    last: datetime

    @property
    def locked_until(self) -> datetime | None:
        """When the lock ends, None without one."""
        return self.last + LOCKED_FOR if self.failures >= LIMIT else None


ATTEMPTS = Collection("sign_in_attempts", Attempts, (Index(("last",)),))


class AttemptLimit:
    """Counts attempts."""

    def __init__(self, store: Store[Attempts], now: Now) -> None:
        self._store = store
        self._now = now

    async def count(self, name: str) -> None:
        """Count an attempt before it is judged; SignInLocked when there were too many."""
        at = self._now()
        for _ in range(TRIES):
            counted = await self._store.change(
                {"_id": name, "failures": {"$lt": LIMIT}, "last": {"$gt": at - LOCKED_FOR}},
                {"last": at},
                plus={"failures": 1},
            )
            if counted or await self._begin(name, at):
                return
        raise SignInLocked(retryAfter=int(LOCKED_FOR.total_seconds()))

    async def list_recent(self, most: int) -> list[Attempts]:
        """Return the names whose last attempts failed within the time that a lock lasts, newest first."""
        return await self._store.list_({"last": {"$gt": self._now() - LOCKED_FOR}}, sort="-last", limit=most)

    async def forget(self, name: str) -> None:
        """Begin anew: an attempt succeeded."""
        await self._store.delete({"_id": name})

    async def forget_old(self) -> int:
        """Remove what does not count any more; return how much."""
        return await self._store.delete({"last": {"$lte": self._now() - LOCKED_FOR}})

    async def _begin(self, name: str, at: datetime) -> bool:
        """Count the first attempt of a row; False when another came first, SignInLocked while locked."""
        found = await self._store.find(name)
        if found is None:
            try:
                await self._store.insert(Attempts(id=name, failures=1, last=at))
            except Duplicate:
                return False
            return True
        ends = found.last + LOCKED_FOR
        if ends > at and found.failures >= LIMIT:
            raise SignInLocked(retryAfter=max(1, round((ends - at).total_seconds())))
        if ends > at:
            return False
        again = await self._store.change({"_id": name, "last": found.last}, {"failures": 1, "last": at})
        return again is not None
