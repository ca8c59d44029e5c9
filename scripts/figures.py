"""Makes the figures of memberships anew and compares: `scripts/figures verify [--fix]`.

Prints each movement that is not as the memberships say as a line of JSON on standard output and one line for
people on standard error. With `--fix` each is put right; without it the exit status is 1 when there is any.
"""

import argparse
import asyncio
import os
import sys

import msgspec

from models.figure_checks import Difference, FigureReport
from scripts.worlds import opened_world
from server.config import ConfigError, read_config
from server.folder import CannotStart


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="scripts/figures", description="The figures of memberships.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="compare with the memberships; status 1 if something differs")
    verify.add_argument("--fix", action="store_true", help="put right what differs")
    return parser.parse_args()


def tell(one: Difference) -> None:
    """Print a difference."""
    print(msgspec.json.encode(one).decode())


def show(report: FigureReport, *, fixed: bool) -> int:
    """Print what was compared; return the exit status."""
    found = f"{report.differences} DIFFERENCES" if report.differences else "no differences"
    done = ", put right" if report.differences and fixed else ""
    print(
        f"figures: {report.memberships} memberships, {report.movements} movements, {report.waiting} wait for "
        f"a worker, {report.unreached} of unknown organisations, {found}{done}",
        file=sys.stderr,
    )
    return int(bool(report.differences) and not fixed)


async def run(arguments: argparse.Namespace) -> int:
    """Open the engines that the environment names and compare."""
    async with opened_world(read_config(os.environ)) as world:
        await world.organisations.mirror.refresh()
        return show(
            await world.membership_book.figure_checks.run(tell, fix=arguments.fix), fixed=arguments.fix
        )


def main() -> int:
    """Run the command; return the process's exit status, 2 when the figures could not be read."""
    try:
        return asyncio.run(run(read_arguments()))
    except (ConfigError, CannotStart) as error:
        print(f"scripts/figures: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
