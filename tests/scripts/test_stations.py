"""`scripts/import_stations`: every row is accounted for, in words, and bad files end in one clear line."""

import asyncio
import sys
from pathlib import Path

import pytest
from openpyxl import Workbook

from models.audit import Search
from models.station_imports import read_stations
from models.station_sheets import EXAMPLE
from models.station_words import NEEDED
from models.tables import read_records
from scripts.stations import main
from scripts.worlds import opened_world
from server.config import Config
from server.demo import STATIONS_FILE
from tests.untraced import plain_environment


def test_every_row_of_the_demo_s_file_is_in_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(STATIONS_FILE)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = len(STATIONS_FILE.read_text(encoding="utf-8").splitlines()) - 1
    assert [line.split(" ")[0] for line in lines[:-1]] == [f"第{number}行" for number in range(2, rows + 2)]
    assert lines[-1].startswith("合计：")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("名称,地址\n甲,乙\n".encode(), "表头缺少：行政区"),
        (b"", "文件是空的"),
        (b"PK\x03\x04...", "损坏"),
        ("名称".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_that_is_no_list_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_a_list_in_gbk_reads_as_one_in_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(STATIONS_FILE.read_text(encoding="utf-8").encode("gbk"))
    assert main([str(path)]) == main([str(STATIONS_FILE)]) == 0
    told = capsys.readouterr().out
    half = len(told) // 2
    assert told[:half] == told[half:]


def test_the_template_is_a_list_that_can_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    assert main(["--template", str(path)]) == 0
    result = read_stations(path.read_bytes(), path.name)
    assert [station.name for station in result.stations] == [EXAMPLE[0]]
    assert result.report.ignored_columns == ()
    assert [row.notes for row in result.report.rows] == [()]


def test_rows_that_need_another_look_are_written_as_a_sheet(tmp_path: Path) -> None:
    path, problems = tmp_path / "list.csv", tmp_path / "problems.xlsx"
    heading = ",".join(NEEDED)
    path.write_text(
        f"{heading}\n\n=甲,,金水区,,,,\n乙,路1号,金水区,,,,随时\n丙,路2号,金水区,,,,每天 08:00-20:00\n"
    )
    assert main([str(path), "--problems", str(problems)]) == 0
    rows = [record.cells for record in read_records(problems.read_bytes())]
    assert [row[:4] for row in rows] == [
        ["原行号", "结果", "名称", "列"],
        ["3", "未导入", "=甲", "地址"],
        ["4", "已导入，有提醒", "乙", "开放时间"],
    ]
    assert all(row[4] for row in rows)


def test_a_covered_cell_of_a_merged_range_is_never_guessed(tmp_path: Path) -> None:
    book = Workbook()
    for row in (NEEDED, ["甲", "路1号", "金水区"], ["乙", "路2号", "金水区"]):
        book.active.append(row)
    book.active.merge_cells("C2:C3")
    book.save(tmp_path / "list.xlsx")
    rows = read_stations((tmp_path / "list.xlsx").read_bytes(), "list").report.rows
    assert [(row.outcome, row.column) for row in rows] == [
        ("station_without_position", None),
        ("rejected", "行政区"),
    ]


def test_a_missing_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nowhere/list.csv"]) == 2
    assert "没有导入" in capsys.readouterr().err


@pytest.mark.engines
async def test_what_is_saved_is_in_the_audit_as_the_operator_s_and_sealed(tmp_path: Path) -> None:
    environment = {**plain_environment(), "DATA_DIR": str(tmp_path), "MONGODB_URI": "", "REDIS_URL": ""}
    for arguments in ((), ("--save",), ("--save",)):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "scripts.stations", str(STATIONS_FILE), *arguments, env=environment,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert (process.returncode, "已保存" in out.decode()) == (0, bool(arguments))
    async with opened_world(Config(data_dir=tmp_path)) as world:
        page = await world.auditing.audit.list_page(Search(actor="operator"), 1, 10)
        assert [entry.action for entry in page.rows] == ["station_import"] * 2
        assert len({entry.object for entry in page.rows}) == 1
        report = await world.auditing.checks.run()
        assert (report.findings, report.unsealed) == ((), ())
