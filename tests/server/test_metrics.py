"""Metrics: what is counted under which labels, and that only the private port shows it."""

import asyncio
import io
import logging
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from pymongo.errors import DuplicateKeyError
from tornado.httpclient import AsyncHTTPClient

from models.signals import Signals
from server.config import Config
from server.engines import open_cache
from server.loopback import HOST, bound_socket
from server.metered import MeteredDatabase
from server.metrics import BOUNDS_SECONDS, LOST_EFFECTS, Durations, EventCounter, Metrics
from server.metrics_port import MetricsPort
from server.service import Service
from tests.factories import Clock, Factory, Http
from tests.server.harness import eventually

ROOT = Path(__file__).parent.parent.parent
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(text: str) -> Samples:
    """The samples of a text of metrics by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def shown(metrics: Metrics) -> Samples:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(metrics)
    return read(generate_latest(registry).decode())


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


class Watched:
    """A service with a port for its metrics."""

    def __init__(self, service: Service, client: AsyncHTTPClient) -> None:
        self.service = service
        self.client = client
        self.http = Http(client, service.url)

    async def samples(self) -> Samples:
        assert self.service.metrics_url is not None
        reply = await self.client.fetch(self.service.metrics_url)
        return read(reply.body.decode())


@pytest.fixture(scope="module")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    config = Config(port=0, metrics_port=0, data_dir=tmp_path_factory.mktemp("metrics"))
    service = await Service.open(config, Clock().now, io.StringIO(), strict=True)
    client = AsyncHTTPClient(force_instance=True)
    yield Watched(service, client)
    client.close()
    await service.close()


@pytest.mark.engines
async def test_requests_are_counted_by_handler_method_and_status(watched: Watched) -> None:
    before = await watched.samples()
    await watched.http("GET", "/healthz")
    await watched.http("POST", "/healthz", raw=b"{}")
    await watched.http("GET", "/nowhere")
    after = await watched.samples()
    for labels in (
        {"handler": "HealthHandler", "method": "GET", "status": "200"},
        {"handler": "HealthHandler", "method": "POST", "status": "405"},
        {"handler": "Refuse", "method": "GET", "status": "404"},
    ):
        assert value(after, "union_requests_total", **labels) == 1 + value(
            before, "union_requests_total", **labels
        )
    timed = {"handler": "HealthHandler", "method": "GET"}
    assert value(after, "union_request_duration_seconds_count", **timed) >= 1
    assert value(after, "union_request_duration_seconds_bucket", **timed, le="+Inf") >= 1
    assert value(after, "union_request_duration_seconds_sum", **timed) > 0


@pytest.mark.engines
async def test_a_client_cannot_invent_label_values(watched: Watched) -> None:
    reader, writer = await asyncio.open_connection(HOST, int(watched.service.url.rpartition(":")[2]))
    writer.write(b"INVENTED /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()
    samples = await watched.samples()
    labels = {"handler": "HealthHandler", "method": "other", "status": "405"}
    assert value(samples, "union_requests_total", **labels) == 1
    assert "INVENTED" not in str(samples)


@pytest.mark.engines
async def test_engine_and_wechat_calls_are_counted_by_what_was_called_and_how_it_ended(
    watched: Watched,
) -> None:
    make = Factory(watched.service, watched.http, Clock())
    before = await watched.samples()
    await make.guest()
    reply = await watched.http("POST", "/api/v1/sessions", {"code": "no-such-code-0000000000000000000"})
    assert reply.status == 400
    after = await watched.samples()

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    inserted = {"collection": "sessions", "operation": "insert_one"}
    assert grown("union_engine_calls_total", **inserted, outcome="ok") == 1
    assert grown("union_engine_call_duration_seconds_count", **inserted) == 1
    assert grown("union_wechat_calls_total", path="/sns/jscode2session", outcome="ok") == 1
    assert grown("union_wechat_calls_total", path="/sns/jscode2session", outcome="40029") == 1


@pytest.mark.engines
async def test_the_loop_the_mirrors_and_the_process_are_shown(watched: Watched) -> None:

    async def is_watched() -> bool:
        return value(await watched.samples(), "union_loop_lag_seconds_count") > 0

    await eventually(is_watched)
    samples = await watched.samples()
    ages = [number for (name, _), number in samples.items() if name == "union_mirror_age_seconds"]
    assert len(ages) == len(watched.service.world.mirrors)
    assert all(0 <= age < 60 for age in ages)
    assert value(samples, "union_process", index="0", pid=str(os.getpid())) == 1
    assert value(samples, "union_requests_running") == 0
    assert value(samples, "process_resident_memory_bytes") > 0


@pytest.mark.engines
async def test_a_restart_of_the_engine_is_counted(tmp_path: Path) -> None:
    config = Config(port=0, metrics_port=0, data_dir=tmp_path)
    service = await Service.open(config, Clock().now, io.StringIO())
    client = AsyncHTTPClient(force_instance=True)
    watched = Watched(service, client)
    assert value(await watched.samples(), "union_engine_restarts_total") == 0
    os.kill(int((tmp_path / "engine" / "engine.pid").read_text()), signal.SIGKILL)

    async def is_counted() -> bool:
        return value(await watched.samples(), "union_engine_restarts_total") == 1

    await eventually(is_counted)
    client.close()
    await service.close()


@pytest.mark.engines
async def test_the_public_port_shows_no_metrics(watched: Watched) -> None:
    assert (await watched.http("GET", "/metrics")).status == 404
    assert watched.service.metrics_url is not None
    assert watched.service.metrics_url.startswith(f"http://{HOST}:")


async def test_a_reader_of_openmetrics_gets_openmetrics() -> None:
    port = MetricsPort(Metrics().registry(), HOST, 0)
    client = AsyncHTTPClient(force_instance=True)
    reply = await client.fetch(port.url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert reply.headers["Content-Type"].startswith("application/openmetrics-text")
    assert reply.body.endswith(b"# EOF\n")
    assert "Server" not in reply.headers
    client.close()
    await port.close()


def test_buckets_hold_what_is_below_them() -> None:
    calls = Durations("work", "Work", ("kind",), "outcome")
    for seconds in (0.0005, 0.001, 0.002, 99.0):
        calls.observe(("a", "ok"), seconds)
    calls.observe(("a", "failed"), 0.3)
    total, histogram = calls.collect()
    assert [(sample.labels, sample.value) for sample in total.samples] == [
        ({"kind": "a", "outcome": "ok"}, 4),
        ({"kind": "a", "outcome": "failed"}, 1),
    ]
    buckets = {sample.labels["le"]: sample.value for sample in histogram.samples if "le" in sample.labels}
    assert (buckets["0.001"], buckets["0.0025"], buckets["0.25"], buckets["0.5"]) == (2, 3, 3, 4)
    assert (buckets["10.0"], buckets["+Inf"]) == (4, 5)
    assert len(buckets) == len(BOUNDS_SECONDS) + 1


async def test_late_loop_is_noted() -> None:
    metrics = Metrics()
    metrics.note_lag(0.3)
    samples = shown(metrics)
    assert value(samples, "union_loop_lag_seconds_bucket", le="0.25") == 0
    assert value(samples, "union_loop_lag_seconds_bucket", le="0.5") == 1


async def test_lost_effects_are_shown_as_zero_and_counted_when_they_happen() -> None:
    metrics = Metrics()
    for event in LOST_EFFECTS:
        assert ("union_events_total", (("event", event),)) in shown(metrics)
    counter = EventCounter(metrics)
    logging.getLogger("union").addHandler(counter)
    with bound_socket(0) as closed:
        cache = open_cache(f"redis://{HOST}:{closed.getsockname()[1]}/0")
        await Signals(cache).send("stations")
        await cache.aclose()
    logging.getLogger("union").removeHandler(counter)
    assert value(shown(metrics), "union_events_total", event="signal_lost") == 1


def test_every_effect_that_can_be_lost_is_shown_from_the_start() -> None:
    sources = [path for folder in ("models", "handlers", "server") for path in (ROOT / folder).glob("*.py")]
    events = {
        event
        for path in sources
        for event in re.findall(r'log\.\w+\(\s*"(\w+_lost)"', path.read_text(encoding="utf-8"))
    }
    assert events == set(LOST_EFFECTS)


class FakeCollection:
    """A collection whose inserts meet the same id, and that holds two documents."""

    name = "people"
    full_name = "union.people"

    async def insert_one(self, document: dict[str, Any]) -> None:
        raise DuplicateKeyError("exists", 11000, {})

    def find(self, where: dict[str, Any]) -> "FakeCollection":
        return self

    async def to_list(self, length: int | None = None) -> list[int]:
        return [1, 2]

    async def find_one(self, where: dict[str, Any]) -> None:
        await asyncio.Event().wait()


class FakeDatabase(dict[str, Any]):
    """A database with one collection, which knows one command."""

    async def command(self, operation: str, collection: str, **options: Any) -> dict[str, Any]:
        return {"n": 2, **options}


async def test_failed_cancelled_and_listing_calls_are_told_apart() -> None:
    metrics = Metrics()
    people = MeteredDatabase(FakeDatabase(people=FakeCollection()), metrics.engine_calls)["people"]
    with pytest.raises(DuplicateKeyError):
        await people.insert_one({})
    assert await people.find({}).to_list() == [1, 2]
    assert (await people.database.command("count", "people", query={}))["n"] == 2
    assert people.full_name == "union.people"
    waiting = asyncio.create_task(people.find_one({}))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    samples = shown(metrics)
    for operation, outcome in (
        ("insert_one", "DuplicateKeyError"), ("find", "ok"), ("count", "ok"), ("find_one", "cancelled"),
    ):  # fmt: skip
        labels = {"collection": "people", "operation": operation, "outcome": outcome}
        assert value(samples, "union_engine_calls_total", **labels) == 1
