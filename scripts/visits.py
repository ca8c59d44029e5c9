"""Counts the visits of past days anew: `scripts/visits [--save] [DAY …]`.

Prints each station's day whose figures are not as its visits say, as a line of JSON on standard output (a day
that is to be dropped has no visits), and one line for people on standard error; `--save` puts them right.
Without a day it takes all those whose visits are still there: the figures of older days are final. The exit
status is 0 when nothing differed or all is put right, 1 when something differs, 2 when nothing could be done.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

from models.clock import LOCAL, utc_now
from models.visit_counts import KEPT_DAYS, VisitCounts
from scripts.worlds import opened_world
from server.config import ConfigError, read_config
from server.folder import CannotStart


def local_date(text: str) -> date:
    """Return a day that is over, from `2026-07-15`; ValueError for anything else."""
    day = date.fromisoformat(text)
    if day >= utc_now().astimezone(LOCAL).date():
        raise ValueError(text)
    return day


def list_days() -> list[date]:
    """Return the days that are over and whose visits are still there, the oldest first."""
    today = utc_now().astimezone(LOCAL).date()
    return [today - timedelta(days=back) for back in range(KEPT_DAYS, 0, -1)]


async def check(counts: VisitCounts, days: Sequence[date], *, saves: bool) -> int:
    """Print what differs on some days and put it right if that is asked for; return how many figures."""
    differing = 0
    for day in days:
        for figure in await counts.difference(day.isoformat()):
            print(msgspec.json.encode(figure).decode())
            differing += 1
        if saves:
            await counts.count_day(day.isoformat())
    return differing


async def run(days: Sequence[date], *, saves: bool) -> int:
    """Open the engines that the environment names, do what is asked, and return the exit status."""
    async with opened_world(read_config(os.environ)) as world:
        differing = await check(world.visits.counts, days, saves=saves)
    done = "put right" if saves else "as they were"
    print(f"visits: {len(days)} days, {differing} figures differ, {done}", file=sys.stderr)
    return int(differing > 0 and not saves)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/visits", description="Figures of visits, counted anew.")
    parser.add_argument("days", type=local_date, nargs="*", metavar="DAY", help="such as 2026-07-15")
    parser.add_argument("--save", action="store_true", help="put right what differs")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(run(options.days or list_days(), saves=options.save))
    except (ConfigError, CannotStart) as error:
        print(f"scripts/visits: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
