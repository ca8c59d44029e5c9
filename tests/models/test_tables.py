"""Tables as people save them: encodings, rows that add up, and bounds."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Record, TableTooLarge, UnreadableTable
from models.tables import (
    BLANK_ROWS,
    CONTENT_BYTES,
    LINE_CHARACTERS,
    plain,
    read_records,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_the_usual_encodings_are_read(encoding: str) -> None:
    content = "名称,地址\n海宝苑,沪太路4361号\n".encode(encoding)
    assert list(read_records(content)) == [
        Record(1, 1, ["名称", "地址"]),
        Record(2, 2, ["海宝苑", "沪太路4361号"]),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_rows_are_one_record_and_rows_are_numbered_as_in_a_spreadsheet(end: str) -> None:
    content = end.join(["a,b", ",", "", '"one\ntwo",x', " ,\t", "c"]).encode()
    assert list(read_records(content)) == [
        Record(1, 1, ["a", "b"]),
        Record(2, 3, []),
        Record(4, 4, ["one\ntwo", "x"]),
        Record(5, 5, []),
        Record(6, 6, ["c"]),
    ]


def test_a_formula_stays_text() -> None:
    assert next(read_records(b"=1+1,+2,-3,@x\n")).cells == ["=1+1", "+2", "-3", "@x"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_a_million_empty_rows_are_answered_quickly_and_in_bounded_memory(end: str) -> None:
    content = ("a,b\n" + ",,,,,,\n" * 1_000_000 + ",,," + end).encode()
    tracemalloc.start()
    started = time.process_time()
    records = list(read_records(content))
    seconds, (_, most) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert records == [Record(1, 1, ["a", "b"]), Record(2, 1_000_002, [])]
    assert seconds < 2
    assert most < 10 * len(content)


def test_a_row_after_very_many_empty_ones_is_not_lost() -> None:
    content = ("a\n" + "\n" * (3 * BLANK_ROWS) + "b\n").encode()
    last = 3 * BLANK_ROWS + 2
    assert list(read_records(content)) == [
        Record(1, 1, ["a"]),
        Record(2, last - 1, []),
        Record(last, last, ["b"]),
    ]


@given(st.lists(st.sampled_from(["", ",", " , ", "x,y", '"a\n\nb",c', '""']), max_size=30))
def test_records_account_for_every_row(rows: list[str]) -> None:
    content = "".join(row + "\r\n" for row in rows).encode()
    records = list(read_records(content))
    assert [number for record in records for number in range(record.first, record.last + 1)] == list(
        range(1, len(rows) + 1)
    )
    assert sum(bool(record.cells) for record in records) == sum(row in ("x,y", '"a\n\nb",c') for row in rows)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04rest", "损坏"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        ("名称".encode("utf-16"), "UTF-16"),
        ("名称".encode("utf-16-be"), "既不是"),
        (b"a,b\n1,\x00\n", "空字符"),
        (b"\xff\xff\xff", "既不是"),
        (b'a,b\n"c"d,e\n', "第2行"),
        (b'a,b\n"never closed,e\n', "引号"),
        (b"x" * (LINE_CHARACTERS + 1), "第1行太长"),
        (b'"' + b"some text\n" * 50_000 + b'"', "无法读取"),
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableTable, match=reason):
        list(read_records(content))


def test_more_than_ten_megabytes_are_refused() -> None:
    with pytest.raises(TableTooLarge, match="10 MB") as refusal:
        list(read_records(b"\n" * (CONTENT_BYTES + 1)))
    assert refusal.value.details == {"limit": CONTENT_BYTES}


@pytest.mark.parametrize(
    ("cell", "text"),
    [("  a \n b ", "a b"), ("\ufeffa\u200bb\u202e", "ab"), ("\u3000站\u00a0", "站"), ("\u200b", "")],
)
def test_what_cannot_be_seen_is_dropped_from_a_cell(cell: str, text: str) -> None:
    assert plain(cell) == text
