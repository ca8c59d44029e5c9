"""The tables that a benchmark prints."""

from collections.abc import Iterator
from statistics import median

from scripts.benchmarks.inside import Timing
from scripts.benchmarks.paths import CONNECTIONS
from scripts.benchmarks.rounds import Comparison, Round

LEGEND = f"""\
ratio     CPU seconds of the server's process per request, floor over ours: the middle one of the rounds, and
          the least and the most. It would be 1.00 if our own code cost nothing.
ours      the service as in production, its access log going to a file; only the limits per person and per
          address are off, since one scanner and one address send everything here. The stations are put
          straight into its memory, and each is written once before, as after a while of use. An application
          and a claim go to a server without workers: what follows from them is derived afterwards, by any
          process. WeChat vouches for the phone of a claim at once.
floor     a bare Tornado handler in a process of its own that makes the same driver calls through the same
          client, sends the same bytes (the status, the header fields, a body taken from ours), and does
          nothing else: one route, no access log, no login, no decoding of the request. Each request makes its
          calls by itself; ours puts those of `identify` together when they come at once, so that it may be
          ahead of its floor.
us        microseconds of the server's CPU per request.
/s, ms    requests per second, and the middle and the 99th percentile of the latency, as {CONNECTIONS} open
          connections see them (two of batches); the load and the engine run on the same machine.
at half   the same latencies of ours when requests come at half of the most that it answered in a second,
          counted from when each was due."""


def comparison_lines(comparisons: list[Comparison]) -> Iterator[str]:
    """Yield the table of the paths beside their floors."""
    yield (
        f"{'path':<26}{'ratio':>6}  {'least-most':<11}{'target':>6}  "
        f"{'us ours':>8}{'floor':>6}  {'/s ours':>8}{'floor':>6}  {'ms ours':>11}{'floor':>12}{'at half':>12}"
    )
    for one in comparisons:
        ratios, target = one.ratios, one.path.target
        yield (
            f"{one.path.name:<26}{median(ratios):>6.2f}  {f'{min(ratios):.2f}-{max(ratios):.2f}':<11}"
            f"{f'{target:.2f}' if target else '':>6}  "
            f"{_cpu(one.ours):>8.0f}{_cpu(one.floor):>6.0f}  "
            f"{_rate(one.ours):>8.0f}{_rate(one.floor):>6.0f}  "
            f"{_latency(one.ours):>11}{_latency(one.floor):>12}{_half(one):>12}"
        )


def pace_lines(comparisons: list[Comparison]) -> Iterator[str]:
    """Yield how many units a second the paths of several units work, besides the driver calls."""
    for one in comparisons:
        if one.path.pace:
            spent = median(ours.cpu - floor.cpu for ours, floor in zip(one.ours, one.floor, strict=True))
            rate = f"{one.path.units / spent:.0f}" if spent > 0 else "as many as the floor"
            yield f"{one.path.name}: {rate} a second of CPU besides the floor's (target {one.path.pace})"


def timing_lines(timings: list[Timing]) -> Iterator[str]:
    """Yield the table of what is measured inside one process."""
    yield f"{'inside the process':<28}{'us':>8}{'target':>8}"
    for one in timings:
        yield f"{one.name:<28}{one.microseconds:>8.1f}{one.target:>8.0f}"


def _half(one: Comparison) -> str:
    return f"{one.half.p50 * 1e3:.1f}/{one.half.p99 * 1e3:.1f}" if one.half else ""


def _cpu(rounds: list[Round]) -> float:
    return median(one.cpu for one in rounds) * 1e6


def _rate(rounds: list[Round]) -> float:
    return median(one.rate for one in rounds)


def _latency(rounds: list[Round]) -> str:
    return f"{median(one.p50 for one in rounds) * 1e3:.1f}/{median(one.p99 for one in rounds) * 1e3:.1f}"
