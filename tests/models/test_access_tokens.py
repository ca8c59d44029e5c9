"""The shelf of the access token on the Redis under test."""

import asyncio
import secrets

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from models.access_tokens import LOCK_MILLISECONDS, AccessTokenShelf
from server.engines import Engines


@pytest.fixture
def shelf(engines: Engines) -> AccessTokenShelf:
    return AccessTokenShelf(engines.cache, f"wx{secrets.token_hex(8)}")


async def test_a_token_is_kept_for_its_time(engines: Engines, shelf: AccessTokenShelf) -> None:
    assert await shelf.get() is None
    await shelf.put("88_token", 7000)
    assert await shelf.get() == "88_token"
    assert 6990 <= await engines.cache.ttl(shelf._key) <= 7000


async def test_of_many_who_want_to_renew_one_may(shelf: AccessTokenShelf) -> None:
    assert sum(await asyncio.gather(*(shelf.lock(f"owner-{number}") for number in range(20)))) == 1


async def test_the_right_to_renew_lapses_and_is_given_back_by_its_owner_alone(
    engines: Engines, shelf: AccessTokenShelf
) -> None:
    assert await shelf.lock("one")
    assert 0 < await engines.cache.pttl(shelf._lock) <= LOCK_MILLISECONDS
    await shelf.unlock("other")
    assert not await shelf.lock("other")
    await shelf.unlock("one")
    assert await shelf.lock("other")


async def test_a_lost_redis_is_an_empty_shelf_that_anybody_may_fill() -> None:
    redis = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    shelf = AccessTokenShelf(redis, "wx1")
    await shelf.put("88_token", 7000)
    assert await shelf.get() is None
    assert await shelf.lock("one")
    assert await shelf.lock("other")
    await shelf.unlock("one")
    await redis.aclose()
