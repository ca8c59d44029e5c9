"""The service around its handlers: readiness, missing engines, draining."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tornado.httpclient import AsyncHTTPClient

from miniprogram_api.simulator import DEMO_APPID, Simulator
from server.config import Config
from server.loopback import bound_socket
from server.service import Service
from tests.factories import Clock, Http

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SECRET = "0123456789abcdef"


@pytest.fixture
async def client() -> AsyncIterator[AsyncHTTPClient]:
    client = AsyncHTTPClient(force_instance=True)
    yield client
    client.close()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    simulator = Simulator(DEMO_APPID, SECRET, Clock().now)
    yield simulator
    await simulator.close()


def production(tmp_path: Path, simulator: Simulator, secret: str = SECRET, uri: str = "") -> Config:
    return Config(
        port=0,
        data_dir=tmp_path,
        mongodb_uri=uri,
        wechat_appid=DEMO_APPID,
        wechat_secret=secret,
        wechat_url=simulator.listen(),
        session_keys=f"1:{KEY}",
        vault_keys=f"1:{KEY}",
        vault_index_key=KEY,
        card_keys=f"1:{KEY}",
    )


@pytest.mark.engines
async def test_a_real_mini_program_s_service_has_no_demo_pages(
    tmp_path: Path, client: AsyncHTTPClient, simulator: Simulator
) -> None:
    service = await Service.open(production(tmp_path, simulator), Clock().now, io.StringIO())
    http = Http(client, service.url)
    assert service.services.demo is None
    for path in ("/", "/demo/phone", "/demo/scanner", "/demo/client.js"):
        assert (await http("GET", path)).status == 404
    code = simulator.issue_code("o1").code
    assert (await http("POST", "/api/v1/sessions", {"code": code})).json["kind"] == "guest"
    await service.close()


@pytest.mark.engines
async def test_without_its_documents_a_service_lives_names_them_and_refuses_quickly(
    tmp_path: Path, client: AsyncHTTPClient, simulator: Simulator
) -> None:
    with bound_socket(0) as taken:
        uri = f"mongodb://127.0.0.1:{taken.getsockname()[1]}/?directConnection=true"
        service = await Service.open(production(tmp_path, simulator, uri=uri), Clock().now, io.StringIO())
        http = Http(client, service.url)
        assert (await http("GET", "/healthz")).status == 200
        ready = await http("GET", "/readyz")
        assert (ready.status, ready.code) == (503, "not_ready")
        assert ready.json["details"]["missing"] == ["documents", "mirrors"]
        start = time.monotonic()
        code = simulator.issue_code("o1").code
        reply = await http("POST", "/api/v1/sessions", {"code": code})
        assert (reply.status, reply.code) == (503, "engine_unavailable")
        assert reply.headers["Retry-After"] == str(reply.json["details"]["retryAfter"])
        assert time.monotonic() - start < 3
        await service.close()


@pytest.mark.engines
async def test_readiness_names_wechat_while_it_refuses_our_secret_and_forgives_by_itself(
    tmp_path: Path, client: AsyncHTTPClient, simulator: Simulator
) -> None:
    config = production(tmp_path, simulator, secret="f" * 16)
    service = await Service.open(config, Clock().now, io.StringIO())
    http = Http(client, service.url)
    code = simulator.issue_code("o1").code
    reply = await http("POST", "/api/v1/sessions", {"code": code})
    assert (reply.status, reply.code) == (503, "wechat_misconfigured")
    assert SECRET not in reply.body.decode()
    absent = ["mirrors", "wechat"]
    while absent == ["mirrors", "wechat"]:
        absent = (await http("GET", "/readyz")).json["details"]["missing"]
    assert absent == ["wechat"]
    simulator.state.secret = "f" * 16
    assert (await http("GET", "/readyz")).status == 200
    await service.close()


@pytest.mark.engines
async def test_a_service_that_closes_answers_what_it_is_working_on(
    tmp_path: Path, client: AsyncHTTPClient, simulator: Simulator
) -> None:
    service = await Service.open(production(tmp_path, simulator), Clock().now, io.StringIO())
    http = Http(client, service.url)
    code = simulator.issue_code("o1").code
    running = asyncio.create_task(http("POST", "/api/v1/sessions", {"code": code}))
    for _ in range(1000):
        if service.services.traffic.running:
            break
        await asyncio.sleep(0)
    await service.close()
    assert (await running).status == 201
    with pytest.raises(OSError, match="refused"):
        await http("GET", "/healthz")
