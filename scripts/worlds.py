"""The models over the engines that the environment names, as a command opens them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.clock import utc_now
from server.app import World, build_world
from server.config import Config
from server.engines import Engines
from server.keys import read_keys
from server.schema import check_schema


@asynccontextmanager
async def opened_world(config: Config) -> AsyncIterator[World]:
    """Open the engines and build the models, their indexes made; ConfigError, CannotStart.

    Nothing is loaded into memory yet: a command refreshes the mirrors that it needs.
    """
    keys = read_keys(config)
    async with await Engines.open(
        config.mongodb_uri or None, config.redis_url or None, config.data_dir
    ) as engines:
        database = engines.documents[config.mongodb_database]
        await check_schema(database, utc_now)
        world = build_world(engines, database, keys, utc_now)
        for store in world.stores:
            await store.create_indexes()
        yield world
