"""Reads a roster of members, prints what would become of its rows, and stores them with `--save`.

`--template` writes a spreadsheet to fill in, `--problems` one of the rows that need another look.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from models.audit import OPERATOR
from models.errors import Refusal
from models.organisations import Organisations
from models.roster_jobs import ImportJob
from models.roster_sheets import WORDS, problem_sheet, template
from scripts.worlds import opened_world
from server.app import World
from server.config import Config, ConfigError, read_config
from server.folder import CannotStart

PROGRESS_SECONDS = 1.0


class NoSuchUnion(Exception):
    """No union, or more than one, has this name or code."""


def summary(job: ImportJob) -> str:
    """Return how many rows had which outcome, for people."""
    counts = [f"{words} {job.counts[outcome]}" for outcome, words in WORDS.items() if outcome in job.counts]
    return "，".join(counts) or "没有数据行"


def find_union(organisations: Organisations, text: str) -> str:
    """Return the id of the union of a name, a code or an id; NoSuchUnion."""
    found = [one.id for one in organisations.list_known() if text in (one.id, one.name, one.code)]
    if len(found) != 1:
        raise NoSuchUnion(f"没有名称或代码为“{text}”的工会，或者不止一个")
    return found[0]


async def carry(world: World, job: ImportJob) -> ImportJob:
    """Carry an import to where nothing is left to do, telling how far it is."""
    working = asyncio.create_task(world.rosters.imports.work())
    while not working.done():
        await asyncio.wait({working}, timeout=PROGRESS_SECONDS)
        print(
            f"\r已处理 {(await world.rosters.jobs.get(job.id)).done} 行", end="", file=sys.stderr, flush=True
        )
    print(file=sys.stderr)
    working.result()
    return await world.rosters.jobs.get(job.id)


async def load(config: Config, content: bytes, options: argparse.Namespace) -> int:
    """Check a roster, and store its members if that was asked for; return the exit status."""
    async with opened_world(config) as world:
        await world.organisations.mirror.refresh()
        union = find_union(world.organisations, options.union) if options.union else None
        imports = world.rosters.imports
        job = await carry(world, await imports.begin(OPERATOR, content, union, updates=options.update))
        if job.state == "checked" and options.save:
            begun = monotonic()
            job = await carry(world, await imports.run(OPERATOR, job.id))
            seconds = monotonic() - begun
            print(f"{job.rows} 行，用时 {seconds:.1f} 秒，每秒 {job.rows / max(seconds, 0.001):.0f} 行")
        if options.problems:
            found = await world.rosters.jobs.list_problems(job)
            options.problems.write_bytes(problem_sheet(found))
        if job.state == "checked":
            await imports.cancel(OPERATOR, job.id)
        await world.auditing.finish()
    if job.state == "failed":
        print(f"没有导入：{job.error_words}", file=sys.stderr)
        return 2
    print(f"{'已导入' if job.state == 'done' else '检查完毕，没有保存'}：{summary(job)}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/import_members", description="导入会员名册（CSV 或 .xlsx）"
    )
    parser.add_argument("file", type=Path, nargs="?", help="CSV（UTF-8 或 GBK）或 .xlsx 文件")
    parser.add_argument("--save", action="store_true", help="保存；不加则只检查")
    parser.add_argument("--union", help="没有写明工会的行导入到这个工会：名称、代码或编号")
    parser.add_argument("--update", action="store_true", help="更新尚未认领的人的姓名和手机号")
    parser.add_argument("--template", type=Path, metavar="FILE.xlsx", help="写出空白模板")
    parser.add_argument(
        "--problems", type=Path, metavar="FILE.xlsx", help="写出需要处理的行：原行号、列、原因"
    )
    options = parser.parse_args(arguments)
    if not options.file and not options.template:
        parser.error("请给出要导入的文件，或用 --template 写出模板")
    try:
        if options.template:
            options.template.write_bytes(template())
        if not options.file:
            return 0
        return asyncio.run(load(read_config(os.environ), options.file.read_bytes(), options))
    except (Refusal, ConfigError, CannotStart, NoSuchUnion, OSError) as error:
        print(f"没有导入：{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
