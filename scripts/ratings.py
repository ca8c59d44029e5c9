"""Counts the stations' ratings anew: `scripts/ratings [--save]`.

Prints each score that is not what the ratings say, as they say, as a line of JSON on standard output, and one
line for people on standard error; `--save` puts them right. The exit status is 0 when nothing differed or all
is put right, 1 when something differs, 2 when nothing could be done.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

import msgspec

from models.station_ratings import StationRatings
from scripts.worlds import opened_world
from server.config import ConfigError, read_config
from server.folder import CannotStart


async def check(ratings: StationRatings, *, saves: bool) -> int:
    """Print what differs and put it right if that is asked for; return how many scores."""
    found = await ratings.list_differences()
    for score in found:
        print(msgspec.json.encode(score).decode())
        if saves:
            await ratings.count(score.id)
    return len(found)


async def run(*, saves: bool) -> int:
    """Open the engines that the environment names, do what is asked, and return the exit status."""
    async with opened_world(read_config(os.environ)) as world:
        differing = await check(world.visits.ratings, saves=saves)
    done = "put right" if saves else "as they were"
    print(f"ratings: {differing} scores differ, {done}", file=sys.stderr)
    return int(differing > 0 and not saves)


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/ratings", description="Scores of stations, counted anew.")
    parser.add_argument("--save", action="store_true", help="put right what differs")
    options = parser.parse_args(arguments)
    try:
        return asyncio.run(run(saves=options.save))
    except (ConfigError, CannotStart) as error:
        print(f"scripts/ratings: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
