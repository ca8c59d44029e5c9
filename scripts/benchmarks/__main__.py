"""`python -m scripts.benchmarks`: each hot path beside its floor; with `growth`, the queries as rows grow.

With `agree` the finder is compared with looking at every station; `import` takes a roster from end to end.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from scripts.benchmarks import agreement, growth, whole_import
from scripts.benchmarks.consoles import WrongOutcome
from scripts.benchmarks.engine import opened_engine
from scripts.benchmarks.inside import time_check, time_picture, time_search
from scripts.benchmarks.paths import PATHS
from scripts.benchmarks.pipes import ChildFailed
from scripts.benchmarks.roster import time_roster
from scripts.benchmarks.rounds import newcomers_of, opened_stage
from scripts.benchmarks.setting import Setting, new_key
from scripts.benchmarks.table import LEGEND, comparison_lines, pace_lines, timing_lines
from server.folder import CannotStart

QUICK = 10
SEARCHES = 10_000
ROSTER_ROWS = 20_000
HOURS = 40
PICTURES = 500


def read_arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("paths", "growth", "agree", "import"), default="paths")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to see that it runs")
    parser.add_argument("--requests", type=int, default=4_000, help="requests per round (default 4000)")
    parser.add_argument("--path", default="", help="only the paths whose names hold this text")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each server (default 5)")
    parser.add_argument("--processes", type=int, default=1, help="processes of each server (default 1)")
    parser.add_argument("--stations", type=int, default=200_000, help="stations in memory (default 200000)")
    parser.add_argument("--members", type=int, default=200, help="members with a card (default 200)")
    parser.add_argument("--rows", type=int, default=100_000, help="growth, import: rows (default 100000)")
    parser.add_argument("--repeats", type=int, default=500, help="growth: times of each query (default 500)")
    parser.add_argument(
        "--questions", type=int, default=100_000, help="agree: random questions (default 100000)"
    )
    return parser.parse_args()


async def compare(arguments: argparse.Namespace, folder: Path) -> None:
    """Measure every path and print the tables."""
    share = QUICK if arguments.quick else 1
    chosen = [number for number, path in enumerate(PATHS) if arguments.path in path.name]
    async with opened_engine(folder) as engine:
        setting = Setting(
            mongodb_uri=engine.uri,
            database=engine.database,
            folder=str(folder),
            stations=arguments.stations // share,
            members=max(1, arguments.members // share),
            keys=(new_key(), new_key(), new_key(), new_key()),
            processes=arguments.processes,
            newcomers=max(
                newcomers_of(PATHS[number], arguments.requests // share, arguments.rounds)
                for number in chosen
            ),
        )
        async with opened_stage(setting, arguments.rounds, arguments.requests // share) as stage:
            print(
                f"{setting.stations} stations, {setting.members} members, "
                f"{setting.processes} process{'es' if setting.processes > 1 else ''} of each server, "
                f"on {engine.name}\n",
                flush=True,
            )
            comparisons = [await stage.compare(number) for number in chosen]
    for line in (*comparison_lines(comparisons), *pace_lines(comparisons)):
        print(line)
    print()
    points = stage.cast.points
    for line in timing_lines(
        [
            *time_search(setting.stations, points, SEARCHES // share),
            time_check(HOURS // share),
            time_roster(ROSTER_ROWS // share),
            time_picture(PICTURES // share),
        ]
    ):
        print(line)
    print(f"\n{LEGEND}")


async def grow(arguments: argparse.Namespace, folder: Path) -> None:
    """Time the hot queries at a few rows and at many."""
    share = QUICK if arguments.quick else 1
    await growth.run(folder, arguments.rows // share, arguments.repeats // share)


async def import_roster(arguments: argparse.Namespace, folder: Path) -> None:
    """Carry a roster through a demo's console, twice."""
    share = QUICK if arguments.quick else 1
    await whole_import.run(folder, arguments.rows // share)


def main() -> int:
    """Run what was asked for; return the exit status, 1 if something did not run or came out wrong."""
    arguments = read_arguments()
    share = QUICK if arguments.quick else 1
    if arguments.what == "agree":
        return agreement.run(arguments.stations // share, arguments.questions // share)
    work = {"growth": grow, "import": import_roster}.get(arguments.what, compare)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            asyncio.run(work(arguments, Path(folder)))
    except (CannotStart, ChildFailed, WrongOutcome) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
