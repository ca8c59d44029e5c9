"""Alarms: counters of attacks on cards."""

import logging
from collections import Counter
from collections.abc import Iterable

from msgspec import Struct
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.limits import SharedLimits

BAD_CODES_ALARM = 5
WINDOW_SECONDS = 3600

log = logging.getLogger("union.alarms")


class BadCodes:
    """Bad codes of one serial within the hour: `bad-code:serial`, one hour.

    Losing it forgets at most an hour's count: the alarm comes later, every refusal is stored all the same.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, serials: Iterable[str]) -> None:
        """Count one more bad code for each mention of a serial; the fifth of a serial raises the alarm."""
        more = Counter(serials)
        if not more:
            return
        try:
            async with self._redis.pipeline() as pipe:
                for serial, times in more.items():
                    pipe.incrby(f"bad-code:{serial}", times)
                    pipe.expire(f"bad-code:{serial}", WINDOW_SECONDS)
                counts = (await pipe.execute())[::2]
        except (RedisError, OSError):
            log.warning("bad_code_count_lost", extra={"serials": len(more)})
            return
        for (serial, times), count in zip(more.items(), counts, strict=True):
            if count - times < BAD_CODES_ALARM <= count:
                log.error("card_attack_suspected", extra={"serial": serial, "bad_codes": count})


class Guards(Struct, frozen=True):
    """What counts the misses of scanners: bad codes by card, typed serials by scanner."""

    bad_codes: BadCodes
    typed: SharedLimits
