"""Checks the audit's seal, or prints the hashes to note: `scripts/audit verify|heads`.

`verify` prints each finding and each entry that is not sealed yet as a line of JSON on standard output and
one line for people on standard error; its exit status is 1 when something is not as it was sealed. `--head
N:HASH` (any number of times) compares block N with a hash noted elsewhere, from the log's `audit_head` or a
paper: only so is a chain found out that was rebuilt whole or cut short. `heads` prints the last block of
each local day.
"""

import argparse
import asyncio
import os
import sys

import msgspec

from models.audit_checks import Report
from models.clock import local_day
from scripts.worlds import opened_world
from server.app import World
from server.config import ConfigError, read_config
from server.folder import CannotStart


def noted_head(text: str) -> tuple[int, str]:
    """Return a block's number and hash from `N:HASH`; ValueError for anything else."""
    number, _, digest = text.partition(":")
    if len(digest) != 64:
        raise ValueError(text)
    return int(number), digest.lower()


def read_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="scripts/audit", description="The seal on the audit.")
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="check blocks and entries; status 1 if something is wrong")
    verify.add_argument("--head", type=noted_head, action="append", default=[], metavar="N:HASH")
    commands.add_parser("heads", help="print the last block of each local day")
    return parser.parse_args()


def show(report: Report) -> int:
    """Print a report; return the exit status."""
    for finding in report.findings:
        print(msgspec.json.encode({"finding": finding.kind} | _place(finding.block, finding.entry)).decode())
    for entry in report.unsealed:
        print(msgspec.json.encode({"unsealed": entry}).decode())
    verdict = f"{len(report.findings)} FINDINGS" if report.findings else "no findings"
    print(
        f"audit: {report.last} blocks, {report.entries} sealed entries, {len(report.unsealed)} not sealed "
        f"yet, {verdict}; head {report.last}:{report.head}",
        file=sys.stderr,
    )
    return int(bool(report.findings))


def _place(block: int | None, entry: str | None) -> dict[str, int | str]:
    return {name: value for name, value in (("block", block), ("entry", entry)) if value is not None}


async def show_heads(world: World) -> int:
    """Print the number and hash of the last block of each local day, oldest first."""
    heads: dict[str, str] = {}
    async for block in world.auditing.blocks.walk():
        heads[local_day(block.at)] = f"{block.number}:{block.hash}"
    for day, head in heads.items():
        print(day, head)
    return 0


async def run(arguments: argparse.Namespace) -> int:
    """Open the engines that the environment names and do what is asked."""
    async with opened_world(read_config(os.environ)) as world:
        if arguments.command == "heads":
            return await show_heads(world)
        return show(await world.auditing.checks.run(heads=dict(arguments.head)))


def main() -> int:
    """Run the command; return the process's exit status, 2 when the audit could not be read."""
    arguments = read_arguments()
    try:
        return asyncio.run(run(arguments))
    except (ConfigError, CannotStart) as error:
        print(f"scripts/audit: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
