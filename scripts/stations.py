"""Reads a list of stations as published, prints what became of each row, and stores them with `--save`.

`--template` writes a spreadsheet to fill in, `--problems` one of the rows that need another look.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from models.audit import OPERATOR
from models.errors import Refusal
from models.roster_rows import Unions
from models.station_board import STATIONS_CHANGED
from models.station_imports import ImportResult, Outcome, Row, read_stations
from models.station_lists import fact_of
from models.station_sheets import problem_sheet, template
from scripts.worlds import opened_world
from server.config import Config, ConfigError, read_config
from server.folder import CannotStart

OUTCOMES: dict[Outcome, str] = {
    "station": "驿站",
    "station_without_position": "驿站（没有位置，暂不在地图上显示）",
    "rejected": "未导入",
    "duplicate": "重复",
    "blank": "空行",
}


def line(row: Row) -> str:
    """Return what became of a row (or a run of blank ones), for people."""
    numbers = f"第{row.row}行" if row.row == row.last else f"第{row.row}–{row.last}行"
    why = f"：{row.column}，{row.reason}" if row.reason else ""
    notes = "".join(f"；{note.column}，{note.reason}" for note in row.notes)
    return f"{numbers} {OUTCOMES[row.outcome]} {row.name}{why}{notes}"


def report(result: ImportResult) -> str:
    """Return the whole report: every row, then how many of each."""
    counts = [f"{OUTCOMES[outcome]} {count}" for outcome, count in result.report.counts().items()]
    return "\n".join([*map(line, result.report.rows), "合计：" + "，".join(counts)])


async def save(config: Config, content: bytes, source: str) -> str:
    """Store the stations of a list, entered in the audit first; return the report, and what that changed.

    Refusals as `read_stations` has them.
    """
    async with opened_world(config) as world:
        await world.organisations.mirror.refresh()
        unions = Unions(world.organisations.list_known(), None)
        result = read_stations(content, source, unions=unions)
        await world.auditing.audit.record(fact_of(OPERATOR, content, result))
        saved = await world.stations.save_import(result.stations, result.states)
        await world.signals.send(STATIONS_CHANGED)
        await world.auditing.finish()
    kept = f"；保留工作人员更正的开放时间 {saved.hours_kept}" if saved.hours_kept else ""
    told = f"已保存：新增 {saved.created}，更新 {saved.updated}，不变 {saved.unchanged}{kept}"
    return f"{report(result)}\n{told}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/import_stations", description="导入驿站表（CSV 或 .xlsx）")
    parser.add_argument("file", type=Path, nargs="?", help="CSV（UTF-8 或 GBK）或 .xlsx 文件")
    parser.add_argument("--save", action="store_true", help="保存；不加则只检查")
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
        content = options.file.read_bytes()
        result = read_stations(content, options.file.name)
        if options.problems:
            options.problems.write_bytes(problem_sheet(result.report))
        if options.save:
            print(asyncio.run(save(read_config(os.environ), content, options.file.name)))
        else:
            print(report(result))
    except (Refusal, ConfigError, CannotStart, OSError) as error:
        print(f"没有导入：{error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
