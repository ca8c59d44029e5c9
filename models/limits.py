"""Limits: how often one person, or one address, may call one route.

A limit is declared on a handler class, or counted by it under a name of its own. It is counted inside the
process, which costs no driver call; a limit that must hold over all processes together says `shared` and is
counted in Redis, without which each process counts for itself. Counters are memory, not records: losing them
lets somebody try again sooner, and nothing else.
"""

import hashlib
import logging
import math
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.clock import Now
from models.errors import TooMany

REMEMBERED = 20_000
EXPIRY_SLACK_SECONDS = 5
# How far a sum of some thousand small numbers may be off.
ROUNDING_SECONDS = 0.01

log = logging.getLogger("union.limits")


class Limit(Struct, frozen=True):
    """At most `most` calls at once, and as many in each further `seconds`.

    Of a shared limit that `Limits.count` counts, the first `spared` calls in a process ask no Redis: a hot
    path stays as cheap as it is for whoever comes once, and each further process lets so many more pass.
    """

    most: int
    seconds: int = 60
    shared: bool = False
    spared: int = 0


class PerAddress(Limit, frozen=True):
    """A limit for each address; an IPv6 client's is its /64."""


class PerPerson(Limit, frozen=True):
    """A limit for each person who is logged in."""


COMMON = PerPerson(600)
PUBLIC = PerAddress(600)


class Granted(Struct, frozen=True):
    """How many of the calls asked for may go on, and in how many seconds more will be allowed."""

    calls: int
    retry_after: int


class LocalLimits:
    """Counts inside this process, evenly spaced (the generic cell rate algorithm, ATM Forum TM 4.1).

    One number is kept for each name: when its allowance will be whole again. Names lie in two generations;
    when the young one is full, the old one is dropped, and so memory is bounded whoever calls.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}

    def take(self, name: str, limit: Limit) -> int:
        """Count one call; return 0 if it may go on, else in how many seconds it may."""
        now = self._seconds()
        pace = limit.seconds / limit.most
        whole_at = self._young.get(name) or self._old.get(name, now)
        slack = min(pace / 2, ROUNDING_SECONDS)
        # Below now it is whole already; above what a limit can give, the clock was set back since.
        if not now <= whole_at <= now + limit.seconds + slack:
            whole_at = now
        whole_at += pace
        wait = whole_at - now - limit.seconds
        if wait > slack:
            return max(1, math.ceil(wait))
        if len(self._young) >= REMEMBERED and name not in self._young:
            self._old, self._young = self._young, {}
        self._young[name] = whole_at
        return 0

    def __len__(self) -> int:
        """Return how many names are remembered."""
        return len(self._young) + len(self._old)


class SharedLimits:
    """Counts over all processes: `limit:NAME:WINDOW`, fixed windows, kept one window and a little more.

    Losing it leaves each process to its own counting from then on: Redis may shed load, it never decides.
    `lost` counts the calls that were counted so.
    """

    def __init__(self, redis: Redis, now: Now) -> None:
        self._redis = redis
        self._now = now
        self._alone = LocalLimits(lambda: now().timestamp())
        self.lost = 0

    async def take(self, name: str, limit: Limit, calls: int = 1) -> Granted:
        """Count some calls; the first `Granted.calls` of them may go on."""
        return (await self._take_all([(name, limit)], calls))[0]

    async def take_each(self, asked: Sequence[tuple[str, Limit]]) -> int:
        """Count one call under several limits at once; return 0 if it may go on, else in how many seconds.

        One call of Redis. What one limit refuses counts under none of the others: somebody who goes on asking
        uses up nothing of an address that thousands share.
        """
        granted = await self._take_all(asked)
        refused = [one for one in granted if not one.calls]
        if not refused:
            return 0
        passed = [limited for limited, one in zip(asked, granted, strict=True) if one.calls]
        if passed:
            await self._take_all(passed, -1)
        return max(one.retry_after for one in refused)

    async def _take_all(self, asked: Sequence[tuple[str, Limit]], calls: int = 1) -> list[Granted]:
        seconds = self._now().timestamp()
        windows = [divmod(seconds, limit.seconds) for _, limit in asked]
        waits = [
            max(1, math.ceil(limit.seconds - into))
            for (_, limit), (_, into) in zip(asked, windows, strict=True)
        ]
        try:
            async with self._redis.pipeline() as pipe:
                for (name, limit), (window, _) in zip(asked, windows, strict=True):
                    key = f"limit:{name}:{int(window)}"
                    pipe.incrby(key, calls)
                    pipe.expire(key, limit.seconds + EXPIRY_SLACK_SECONDS)
                counted = [int(one) for one in (await pipe.execute())[::2]]
        except (RedisError, OSError):
            self.lost += max(0, calls)
            family = asked[0][0].partition(":")[0]
            log.warning("limit_not_shared", extra={"limit": family, "calls": calls})
            return [self._take_alone(name, limit, calls) for name, limit in asked]
        return [
            Granted(min(calls, max(0, limit.most - count + calls)), wait)
            for (_, limit), count, wait in zip(asked, counted, waits, strict=True)
        ]

    def _take_alone(self, name: str, limit: Limit, calls: int) -> Granted:
        for granted in range(calls):
            if wait := self._alone.take(name, limit):
                return Granted(granted, wait)
        return Granted(calls, 1)


class Limits:
    """What every request passes. With `is_on` false nothing is counted (only for measuring)."""

    def __init__(self, local: LocalLimits, shared: SharedLimits, *, is_on: bool = True) -> None:
        self._local = local
        self.shared = shared
        self._is_on = is_on

    def admit(
        self, route: str, limits: Sequence[Limit], person: str, address: Callable[[], str]
    ) -> Awaitable[None] | None:
        """Count a call of a route; TooMany if it is one too many.

        `person` is "" for nobody known. What is returned must be awaited: it asks for the shared limits.
        """
        if not self._is_on:
            return None
        shared: list[tuple[str, Limit]] = []
        for limit in limits:
            subject = person if isinstance(limit, PerPerson) else address()
            name = f"{route}:{subject}"
            if not subject:
                continue
            if limit.shared:
                shared.append((name, limit))
            elif wait := self._local.take(name, limit):
                raise TooMany(retryAfter=wait)
        return self._admit_shared(shared) if shared else None

    async def count(self, name: str, limit: Limit, subject: Callable[[], str]) -> None:
        """Count a call of one subject, such as an address, under a name of the caller's own; TooMany.

        What this process knows to be too many is refused without asking Redis, whose keys hold no subject.
        """
        if not self._is_on:
            return
        whole = f"{name}:{subject()}"
        if wait := self._local.take(whole, limit):
            raise TooMany(retryAfter=wait)
        if not limit.shared or (limit.spared and not self._local.take(f"spared:{whole}", _spared(limit))):
            return
        key = f"{name.partition(':')[0]}:{hashlib.sha256(whole.encode()).hexdigest()[:32]}"
        await self._admit_shared([(key, replace(limit, most=limit.most - limit.spared))])

    async def _admit_shared(self, asked: Sequence[tuple[str, Limit]]) -> None:
        if wait := await self.shared.take_each(asked):
            raise TooMany(retryAfter=wait)


def _spared(limit: Limit) -> Limit:
    """Return how many calls of a process ask no Redis."""
    return Limit(limit.spared, limit.seconds)
