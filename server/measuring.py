"""What a running service shows of itself: wires its parts to the metrics, and opens their port."""

import asyncio
import logging
import os
import time
from contextlib import AsyncExitStack

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from handlers.traffic import Traffic
from server.app import World
from server.config import Config
from server.engines import Engines
from server.metrics import EventCounter, Metrics
from server.metrics_port import MetricsPort

LOGGER = "union"


def show_engines(metrics: Metrics, engines: Engines, world: World) -> None:
    """Show how old this process's picture of the database is, and how often its own engine was restarted."""

    def ages() -> Metric:
        words = "Seconds since a mirror last agreed with the database"
        family = GaugeMetricFamily("union_mirror_age_seconds", words, labels=["mirror"])
        now = time.monotonic()
        for word, mirror in world.mirrors.items():
            family.add_metric([word], now - mirror.refreshed)
        return family

    def restarts() -> Metric:
        times = engines.embedded.restarts if engines.embedded else 0
        return CounterMetricFamily("union_engine_restarts", "Restarts of the embedded engine", value=times)

    metrics.ask(ages)
    metrics.ask(restarts)


def show_process(metrics: Metrics, traffic: Traffic, index: int) -> None:
    """Show which process this is and how many requests it works on."""

    def identity() -> Metric:
        family = GaugeMetricFamily("union_process", "This process", labels=["index", "pid"])
        family.add_metric([str(index), str(os.getpid())], 1)
        return family

    def running() -> Metric:
        return GaugeMetricFamily("union_requests_running", "Requests being answered", value=traffic.running)

    metrics.ask(identity)
    metrics.ask(running)


def begin(metrics: Metrics, closing: AsyncExitStack) -> None:
    """Watch the loop and the log until the service is closed."""
    counter = EventCounter(metrics)
    logging.getLogger(LOGGER).addHandler(counter)
    closing.callback(logging.getLogger(LOGGER).removeHandler, counter)
    lag = asyncio.create_task(metrics.watch_loop())
    closing.push_async_callback(_end, lag)


def open_port(metrics: Metrics, config: Config, index: int, closing: AsyncExitStack) -> str | None:
    """Open the port of one process, if there is to be one, and return its URL."""
    if config.metrics_port is None:
        return None
    number = config.metrics_port and config.metrics_port + index
    port = MetricsPort(metrics.registry(), config.metrics_host, number)
    closing.push_async_callback(port.close)
    return port.url


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
