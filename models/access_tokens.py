"""WeChat's access token, shared by all processes. One Redis key family."""

import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

LOCK_MILLISECONDS = 10_000
"""Longer than a refresh can take (`miniprogram_api/calls.py`): a lock that lapses is a dead process's."""

log = logging.getLogger("union.access_tokens")


class AccessTokenShelf:
    """The token of one app under `wechat:token:APPID`, and the right to renew it under that key and `:lock`.

    Losing it costs calls: each process then asks WeChat's `stable_token`, which gives all the same token.
    """

    def __init__(self, redis: Redis, appid: str) -> None:
        self._redis = redis
        self._key = f"wechat:token:{appid}"
        self._lock = f"{self._key}:lock"

    async def get(self) -> str | None:
        """Return the token, or None when there is none or Redis does not answer."""
        try:
            token = await self._redis.get(self._key)
        except RedisError:
            log.warning("token_shelf_lost")
            return None
        return token.decode() if isinstance(token, bytes) else token

    async def put(self, token: str, seconds: int, /) -> None:
        """Keep the token for so long."""
        try:
            await self._redis.set(self._key, token, ex=seconds)
        except RedisError:
            log.warning("token_shelf_lost")

    async def lock(self, owner: str, /) -> bool:
        """Take the right to renew for ten seconds; True also when Redis does not answer."""
        try:
            return bool(await self._redis.set(self._lock, owner, nx=True, px=LOCK_MILLISECONDS))
        except RedisError:
            log.warning("token_shelf_lost")
            return True

    async def unlock(self, owner: str, /) -> None:
        """Give the right back unless it lapsed and is another's by now."""
        try:
            async with self._redis.pipeline() as pipe:
                await pipe.watch(self._lock)
                if await pipe.get(self._lock) == owner.encode():
                    pipe.multi()  # type: ignore[no-untyped-call]  # redis-py has no annotation there
                    pipe.delete(self._lock)
                    await pipe.execute()
        except WatchError:
            return
        except RedisError:
            log.warning("token_shelf_lost")
