"""A running service for the tests of handlers: real HTTP, real engines, a clock that tests set."""

import io
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient

from server.config import Config, Links
from server.service import Service
from tests.factories import Clock, Factory, Http


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _same_moment(clock: Clock) -> Iterator[None]:
    clock.reset()
    yield
    clock.reset()


@pytest.fixture(scope="session")
def access_log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="session")
async def service(
    tmp_path_factory: pytest.TempPathFactory, clock: Clock, access_log: io.StringIO
) -> AsyncIterator[Service]:
    data_dir: Path = tmp_path_factory.mktemp("service")
    config = Config(
        port=0,
        data_dir=data_dir,
        mongodb_uri=os.environ.get("MONGODB_URI", ""),
        mongodb_database=f"test_{secrets.token_hex(6)}",
        redis_url=os.environ.get("REDIS_URL", ""),
        trusted_proxies="127.0.0.1",
        wechat_check_files="k3JxQ0a9Zp.txt=5d41402abc4b2a76b9719d911017c592,MP_verify_aB3.txt=aB3=",
        wechat_links=Links.URL_LINK,
        demo=True,
    )
    service = await Service.open(config, clock.now, access_log, strict=True)
    yield service
    await service.close()
    if config.mongodb_uri:
        async with AsyncMongoClient[dict[str, Any]](config.mongodb_uri) as client:
            await client.drop_database(config.mongodb_database)


@pytest.fixture(scope="session")
async def http(service: Service) -> AsyncIterator[Http]:
    client = AsyncHTTPClient(force_instance=True, max_clients=200)
    yield Http(client, service.url)
    client.close()


@pytest.fixture
def make(service: Service, http: Http, clock: Clock) -> Factory:
    return Factory(service, http, clock)
