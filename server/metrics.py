"""Metrics: what this process counts and times, as Prometheus reads it.

A measurement on a hot path is a look-up and two additions in the one loop that serves (0.2 µs; a labelled
counter of prometheus-client takes a lock and about 2 µs). That library only writes the text, when it is
asked for. A label's value is always one of few: a handler's class, a collection, a static event name.
"""

import asyncio
import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from http import HTTPMethod
from itertools import accumulate
from typing import TypeAlias

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from handlers.finished import Finished
from models.system import Timing

BOUNDS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
LAG_SECONDS = 0.25
MOST = 0.99
METHODS = frozenset(HTTPMethod)
# Each of these is an effect that a caller was not told about; they are shown from the start, as zero.
LOST_EFFECTS = ("signal_lost", "bad_code_count_lost", "token_shelf_lost")

Labels: TypeAlias = tuple[object, ...]


class Durations:
    """How often something was done and how long it took; the last label is how it ended."""

    def __init__(self, name: str, words: str, labels: tuple[str, ...], ending: str) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._ending = ending
        self._counts: dict[Labels, list[int]] = {}
        self._seconds: dict[Labels, float] = {}

    def observe(self, labels: Labels, seconds: float) -> None:
        """Note one that ended."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(BOUNDS_SECONDS) + 1)
            self._seconds[labels] = 0.0
        counts[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self._seconds[labels] += seconds

    def collect(self) -> Iterable[Metric]:
        """Return the counter by all labels and the histogram by all but the ending."""
        total = CounterMetricFamily(f"{self._name}s", self._words, labels=[*self._labels, self._ending])
        seconds = HistogramMetricFamily(f"{self._name}_duration_seconds", self._words, labels=self._labels)
        merged: dict[Labels, tuple[list[int], float]] = {}
        for labels, counts in self._counts.items():
            total.add_metric([str(label) for label in labels], sum(counts))
            before, spent = merged.get(labels[:-1], ([0] * len(counts), 0.0))
            added = [one + other for one, other in zip(before, counts, strict=True)]
            merged[labels[:-1]] = (added, spent + self._seconds[labels])
        for labels, (counts, spent) in merged.items():
            seconds.add_metric([str(label) for label in labels], _cumulated(counts), spent)
        return [total, seconds]

    def sum_up(self, has_failed: Callable[[object], bool]) -> Timing:
        """Return all of it as one; how it ended says whether it failed."""
        sums = [sum(each) for each in zip(*self._counts.values(), strict=True)]
        failed = sum(sum(counts) for labels, counts in self._counts.items() if has_failed(labels[-1]))
        return _timing(sums, sum(self._seconds.values()), failed)


class Metrics(Collector):
    """All measurements of one process, and what its parts show when they are asked."""

    def __init__(self) -> None:
        self.requests = Durations("union_request", "HTTP requests", ("handler", "method"), "status")
        self.engine_calls = Durations(
            "union_engine_call", "Calls of the document engine", ("collection", "operation"), "outcome"
        )
        self.wechat_calls = Durations("union_wechat_call", "Calls of WeChat", ("path",), "outcome")
        self._lags = [0] * (len(BOUNDS_SECONDS) + 1)
        self._lag_seconds = 0.0
        self._events: dict[str, int] = dict.fromkeys(LOST_EFFECTS, 0)
        self._asked: list[Callable[[], Metric]] = []

    def watch_request(self, request: Finished) -> None:
        """Note a finished request; a method that is nobody's standard counts as `other`."""
        method = request.method if request.method in METHODS else "other"
        self.requests.observe((request.handler, method, request.status), request.seconds)

    async def watch_loop(self) -> None:
        """Note, until cancelled, how late the loop comes to what was due."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self.note_lag(max(loop.time() - due, 0.0))

    def note_lag(self, seconds: float) -> None:
        """Note one delay of the loop."""
        self._lags[bisect_left(BOUNDS_SECONDS, seconds)] += 1
        self._lag_seconds += seconds

    def count_event(self, event: str) -> None:
        """Count a warning or an error of the log by its static name."""
        self._events[event] = self._events.get(event, 0) + 1

    def sum_up_lag(self) -> Timing:
        """Return how late the loop was."""
        return _timing(self._lags, self._lag_seconds, 0)

    def list_events(self) -> dict[str, int]:
        """Return the warnings and errors that came up, by their static names."""
        return {event: times for event, times in self._events.items() if times}

    def ask(self, write: Callable[[], Metric]) -> None:
        """Show what `write` returns whenever the metrics are read."""
        self._asked.append(write)

    def collect(self) -> Iterable[Metric]:
        """Return everything as it is now."""
        for calls in (self.requests, self.engine_calls, self.wechat_calls):
            yield from calls.collect()
        lag = HistogramMetricFamily("union_loop_lag_seconds", "How late the loop was")
        lag.add_metric([], _cumulated(self._lags), self._lag_seconds)
        yield lag
        events = CounterMetricFamily("union_events", "Warnings and errors of the log", labels=["event"])
        for event, times in self._events.items():
            events.add_metric([event], times)
        yield events
        yield from (write() for write in self._asked)

    def registry(self) -> CollectorRegistry:
        """Return these measurements with those of the process and its garbage collector."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        return registry


class EventCounter(logging.Handler):
    """Counts what the program itself logs as a warning or worse, lost effects among it."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self._metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        """Count a record by its event."""
        self._metrics.count_event(str(record.msg))


def _timing(counts: Sequence[int], seconds: float, failed: int) -> Timing:
    """Return what counts by bucket and their seconds in all say."""
    total = sum(counts)
    so_far = accumulate(counts[:-1])
    kept = (bound for bound, count in zip(BOUNDS_SECONDS, so_far, strict=False) if count >= MOST * total)
    return Timing(
        count=total,
        failed=failed,
        mean_seconds=seconds / total if total else 0.0,
        within=next(kept, None) if total else None,
    )


def _cumulated(counts: list[int]) -> list[tuple[str, float]]:
    """Return the buckets as Prometheus has them: each holds those below it, the last one all."""
    so_far, buckets = 0, []
    for bound, count in zip((*map(str, BOUNDS_SECONDS), "+Inf"), counts, strict=True):
        so_far += count
        buckets.append((bound, float(so_far)))
    return buckets
