"""Alarms: counters of attacks on a card. One Redis key family."""

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

BAD_CODES_ALARM = 5
WINDOW_SECONDS = 3600

log = logging.getLogger("union.alarms")


class BadCodes:
    """Bad codes of one serial within the hour: `bad-code:serial`, one hour.

    Losing it forgets at most an hour's count: the alarm comes later, every refusal is stored all the same.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, serial: str) -> int:
        """Count one more bad code of a serial and raise the alarm at the fifth; return the count."""
        key = f"bad-code:{serial}"
        try:
            async with self._redis.pipeline() as pipe:
                pipe.incr(key)
                pipe.expire(key, WINDOW_SECONDS)
                count = int((await pipe.execute())[0])
        except RedisError:
            log.warning("bad_code_count_lost", extra={"serial": serial})
            return 0
        if count == BAD_CODES_ALARM:
            log.error("card_attack_suspected", extra={"serial": serial, "bad_codes": count})
        return count
