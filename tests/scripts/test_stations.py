"""`scripts/import_stations`: every row is accounted for, in words, and bad files end in one clear line."""

from pathlib import Path

import pytest

from scripts.stations import main
from server.demo import STATIONS_FILE


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
        (b"PK\x03\x04...", "Excel"),
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


def test_a_missing_file_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/nowhere/list.csv"]) == 2
    assert "没有导入" in capsys.readouterr().err
