"""Spreadsheets as people save them, and as nobody means well: what is read is what is seen, within bounds."""

import io
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

import msgspec
import pytest
from openpyxl import Workbook

from models.records import COVERED, Record, TableTooLarge, UnreadableTable
from models.spreadsheets import MERGED_RANGES, shown
from models.tables import read_records
from tests.untraced import plain_environment

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1"/>'

apart = pytest.mark.skipif(sys.platform != "linux", reason="the most memory of a process is not told here")

# Reads a table from its standard input, and tells how; the most memory is that of the reading alone.
READER = """
import pathlib, re, sys, time
import msgspec
from models.tables import read_records

def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])

content = sys.stdin.buffer.read()
pathlib.Path("/proc/self/clear_refs").write_text("5")
before, started = kilobytes("VmRSS"), time.process_time()
records = list(read_records(content))
seconds = time.process_time() - started
print(msgspec.json.encode([records, seconds, 1024 * (kilobytes("VmHWM") - before)]).decode())
"""


def saved(book: Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def workbook(*rows: Sequence[Any], change: Callable[[Any], object] = lambda sheet: None) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    change(book.active)
    return saved(book)


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The file with a part replaced or added."""
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        new.writestr(name, part)
    return changed.getvalue()


def with_rows(rows: str, after: str = "") -> bytes:
    sheet = f"{HEAD}<sheetData>{rows}</sheetData>{after}</worksheet>"
    return with_part(workbook(["x"]), SHEET, sheet.encode())


def traced_peak(content: bytes) -> int:
    """How many bytes reading takes at once."""
    tracemalloc.start()
    with suppress(TableTooLarge):
        list(read_records(content))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def read_apart(content: bytes) -> tuple[list[Record], float, int]:
    """Read in a process of its own: the records, the seconds of CPU, and the bytes that it took at once."""
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input=content,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return msgspec.json.decode(done.stdout, type=tuple[list[Record], float, int])


def text_cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def test_a_sheet_reads_as_the_same_table_in_csv() -> None:
    rows = [["名称", "经度"], ["海宝苑", "121.4"], [], ["甲", "=1+1"]]
    content = workbook(["名称", "经度"], ["海宝苑", 121.4], [], ["甲", None], change=_keep_text)
    assert list(read_records(content)) == list(read_records("\n".join(map(",".join, rows)).encode()))


def _keep_text(sheet: Any) -> None:
    sheet["B4"] = "=1+1"
    sheet["B4"].data_type = "s"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "TRUE"),
        (12, "12"),
        (113.62, "113.62"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (1e15, "1000000000000000"),
        (date(2026, 7, 15), "2026-07-15"),
        (datetime(2026, 7, 15), "2026-07-15"),  # noqa: DTZ001 - a sheet knows no time zone
        (datetime(2026, 7, 15, 8, 30), "2026-07-15 08:30"),  # noqa: DTZ001 - a sheet knows no time zone
        (clock(8, 30), "08:30"),
        (clock(8, 30, 5), "08:30:05"),
        (timedelta(hours=26, minutes=5), "26:05"),
        ("=1+1", "=1+1"),
    ],
)
def test_a_value_is_the_text_that_people_see(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_formula_is_its_saved_result_and_without_one_its_text() -> None:
    rows = f'<row r="1">{text_cell("A1", "a")}<c r="B1"><f>1+1</f><v>2</v></c><c r="C1"><f>1+1</f></c></row>'
    assert list(read_records(with_rows(rows))) == [Record(1, 1, ["a", "2", "=1+1"])]


def test_a_merged_range_has_its_text_once_and_the_rest_is_marked() -> None:
    content = workbook(["a", "b"], ["c", "d"], ["e", "f"], change=lambda sheet: sheet.merge_cells("B1:B2"))
    assert list(read_records(content)) == [
        Record(1, 1, ["a", "b"]),
        Record(2, 2, ["c", COVERED]),
        Record(3, 3, ["e", "f"]),
    ]


def test_a_hidden_first_sheet_is_not_the_table() -> None:
    book = Workbook()
    book.active.append(["hidden"])
    book.create_sheet("shown").append(["seen"])
    book.active.sheet_state = "hidden"
    assert [record.cells for record in read_records(saved(book))] == [["seen"]]


@apart
@pytest.mark.parametrize("row", ['<row r="{}"/>', '<row r="{}"><c r="A{}"/></row>'])
def test_a_million_empty_rows_are_answered_quickly_and_in_bounded_memory(row: str) -> None:
    empty = "".join(row.format(number, number) for number in range(2, 1_000_002))
    content = with_rows(f'<row r="1">{text_cell("A1", "a")}</row>{empty}')
    records, seconds, taken = read_apart(content)
    assert records == [Record(1, 1, ["a"])]
    assert seconds < 10
    assert taken < 10_000_000


@apart
def test_a_row_at_the_very_end_is_not_lost() -> None:
    content = workbook(["a"], change=lambda sheet: sheet.cell(1_048_576, 1, "z"))
    assert read_apart(content)[0] == [
        Record(1, 1, ["a"]),
        Record(2, 1_048_575, []),
        Record(1_048_576, 1_048_576, ["z"]),
    ]


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    content = with_part(workbook(["x"]), SHEET, b"<x>" + b" " * 70_000_000)
    with pytest.raises(TableTooLarge, match="64 MB"):
        list(read_records(content))
    assert traced_peak(content) < 5_000_000


def test_what_is_packed_too_densely_is_refused() -> None:
    with pytest.raises(UnreadableTable, match="紧密"):
        list(read_records(with_part(workbook(["x"]), "xl/media/a.bin", bytes(20_000_000))))


def test_too_many_parts_are_refused() -> None:
    content = io.BytesIO(workbook(["x"]))
    with zipfile.ZipFile(content, "a") as file:
        for number in range(1_000):
            file.writestr(f"xl/{number}.xml", "<x/>")
    with pytest.raises(TableTooLarge):
        list(read_records(content.getvalue()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("name", [SHEET, "xl/sharedStrings.xml", "xl/media/picture.png"])
def test_a_document_type_is_refused_in_any_part_and_encoding(name: str, encoding: str) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    part = f'<?xml version="1.0" encoding="{encoding}"?>{bomb}'.encode(encoding)
    with pytest.raises(UnreadableTable, match="DOCTYPE"):
        list(read_records(with_part(workbook(["x"]), name, part)))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04rest", "损坏"),
        (workbook(["x"])[:-200], "损坏"),
        (with_part(workbook(["x"]), SHEET, b"<worksheet><sheetData>"), "损坏"),
        (with_part(workbook(["x"]), "xl/workbook.xml", b"<x/>"), "."),
        (with_rows('<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>'), "顺序"),
        (with_rows('<row r="1"><c r="A1" t="s"><v>99</v></c></row>'), "损坏"),
        (with_rows('<row r="1"><c r="ZZZZZ1"><v>1</v></c></row>'), "损坏"),
        (
            with_rows(
                f'<row r="1">{text_cell("A1", "a")}</row>',
                "<mergeCells>" + '<mergeCell ref="A1:B2"/>' * (MERGED_RANGES + 1) + "</mergeCells>",
            ),
            "合并",
        ),
        (
            with_rows(
                f'<row r="1">{text_cell("A1", "a")}</row>',
                "<mergeCells>" + '<mergeCell ref="A1:B2"/>' * 2 + "</mergeCells>",
            ),
            "重叠",
        ),
        (b"\xd0\xcf\x11\xe0rest", "密码"),
    ],
)
def test_what_is_no_sheet_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableTable, match=words):
        list(read_records(content))


def test_more_columns_than_a_table_has_are_refused() -> None:
    with pytest.raises(TableTooLarge, match="列"):
        list(read_records(workbook(["a"], change=lambda sheet: sheet.cell(1, 16_384, "z"))))
