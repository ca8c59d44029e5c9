"""Whatever the interface's description allows, and much that it does not, is answered as described."""

import asyncio
import io
import os
import secrets
from collections.abc import AsyncIterator
from typing import Any, Literal, get_args

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from pymongo import AsyncMongoClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tornado.httpclient import AsyncHTTPClient

from handlers.openapi import describe_routes
from handlers.routes import PARAMETERS, ROUTES, list_operations
from miniprogram_api.contract import Operation
from server.config import Config
from server.service import Service
from tests.factories import Clock, Factory, Http
from tests.models.hostile_pictures import HOSTILE, make_picture
from tests.untraced import untraced

Caller = Literal["guest", "member", "staff"]
CALLERS: tuple[Caller, ...] = get_args(Caller)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 3
REQUEST_SECONDS = 20
OPERATIONS = list_operations(ROUTES)

bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
async def unlimited(
    tmp_path_factory: pytest.TempPathFactory, access_log: io.StringIO
) -> AsyncIterator[Service]:
    """A service of its own, which lets everybody call as often as they like."""
    config = Config(
        port=0,
        data_dir=tmp_path_factory.mktemp("fuzz"),
        mongodb_uri=os.environ.get("MONGODB_URI", ""),
        mongodb_database=f"test_{secrets.token_hex(6)}",
        redis_url=os.environ.get("REDIS_URL", ""),
        limits=False,
        demo=True,
    )
    service = await Service.open(config, Clock().now, access_log, strict=True)
    yield service
    await service.close()
    if config.mongodb_uri:
        async with AsyncMongoClient[dict[str, Any]](config.mongodb_uri) as client:
            await client.drop_database(config.mongodb_database)


@pytest.fixture(scope="module")
async def caller(unlimited: Service) -> AsyncIterator[Factory]:
    client = AsyncHTTPClient(force_instance=True)
    yield Factory(unlimited, Http(client, unlimited.url), Clock())
    client.close()


@pytest.fixture(scope="module")
def schema() -> Any:
    for form in ("JPEG", "PNG", "WEBP"):
        schemathesis.openapi.media_type(f"image/{form.lower()}", pictures(form))
    return schemathesis.openapi.from_dict(describe_routes(ROUTES, OPERATIONS, PARAMETERS))


def takes_anything(operation: Operation) -> bool:
    """Whether there is anything in a request that could be wrong."""
    contract = operation.contract
    return bool(contract.body or contract.query) or "{" in operation.path or not operation.public


def pictures(form: str) -> st.SearchStrategy[bytes]:
    """Whole, damaged and hostile pictures: the description cannot say what a picture is."""
    whole = make_picture(form)
    return st.one_of(
        st.just(whole),
        st.builds(
            lambda place, put: whole[:place] + put + whole[place + len(put) :],
            st.integers(0, len(whole)),
            st.binary(max_size=16),
        ),
        st.sampled_from([content for content, _ in HOSTILE.values()]),
        st.binary(max_size=64),
    )


async def token_of(make: Factory, kind: Caller) -> str:
    if kind == "guest":
        return await make.guest()
    return (await make.member(staff=kind == "staff")).token


def fuzz(described: Any, mode: GenerationMode, url: str, tokens: dict[Caller, str]) -> None:
    """Send what is generated for one operation, as each caller, and check every answer."""

    @bounded
    @given(case=described.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        for kind, token in tokens.items():
            note(f"as a {kind}")
            response = case.call(
                base_url=url,
                session=session,
                headers={"Authorization": f"Bearer {token}"},
                timeout=REQUEST_SECONDS,
                allow_redirects=False,
            )
            case.validate_response(response, checks=CHECKS)

    with requests.Session() as session:
        session.trust_env = False
        send()


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(one, mode) for one in OPERATIONS for mode in GenerationMode if mode.is_positive or takes_anything(one)],
    ids=lambda one: f"{one.method} {one.path}" if isinstance(one, Operation) else one.value,
)
async def test_an_operation_answers_every_caller_as_described(
    unlimited: Service, caller: Factory, schema: Any, operation: Operation, mode: GenerationMode
) -> None:
    described = schema[operation.path][operation.method]
    tokens = {kind: await token_of(caller, kind) for kind in CALLERS}
    await asyncio.to_thread(untraced, fuzz, described, mode, unlimited.url, tokens)
