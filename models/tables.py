"""Tables as people save them: CSV in UTF-8 or GBK, or .xlsx, read within bounds, row by row.

Rows are numbered as a spreadsheet numbers them, from 1. A run of blank rows is one record, for a spreadsheet
may be saved with a million of them: after the first thousand a look ahead ends the reading when nothing but
separators is left. Cells come as they are, a leading `=` or `+` too: they are text and stay text.
"""

import csv
import io
import re
from collections.abc import Iterator

from models.records import Record, TableTooLarge, UnreadableTable
from models.spreadsheets import read_sheet

CONTENT_BYTES = 10_000_000
LINE_CHARACTERS = 20_000
BLANK_ROWS = 1_000

_CONTENT = re.compile(r"[^\s,]")
_SPREADSHEET = b"PK\x03\x04"
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "这是旧版（.xls）或加了密码的 Excel 文件，请去掉密码，另存为 .xlsx 或 CSV 再导入"),
    (b"\xff\xfe", "文件是 UTF-16 编码，请另存为 UTF-8 编码的 CSV"),
    (b"\xfe\xff", "文件是 UTF-16 编码，请另存为 UTF-8 编码的 CSV"),
)


def read_records(content: bytes) -> Iterator[Record]:
    """Yield a table's records, which account for every row; UnreadableTable or TableTooLarge."""
    _bound(content)
    yield from read_sheet(content) if content.startswith(_SPREADSHEET) else _read_text(_decoded(content))


def _read_text(text: str) -> Iterator[Record]:
    lines = io.StringIO(text, newline="")
    number = blank_since = 0
    for number, cells in enumerate(_rows(lines), 1):
        if "".join(cells).strip():
            if blank_since:
                yield Record(blank_since, number - 1, [])
            blank_since = 0
            yield Record(number, number, cells)
            continue
        blank_since = blank_since or number
        if number - blank_since == BLANK_ROWS and not _CONTENT.search(text, lines.tell()):
            yield Record(blank_since, number + _lines_after(text, lines.tell()), [])
            return
    if blank_since:
        yield Record(blank_since, number, [])


def plain(cell: str) -> str:
    """Return a cell's text on one line, without what cannot be seen."""
    line = " ".join(cell.split())
    return line if line.isprintable() else "".join(letter for letter in line if letter.isprintable()).strip()


def _bound(content: bytes) -> None:
    if len(content) > CONTENT_BYTES:
        raise TableTooLarge(
            f"文件超过 {CONTENT_BYTES // 1_000_000} MB，请分成几个文件导入", limit=CONTENT_BYTES
        )


def _decoded(content: bytes) -> str:
    for mark, reason in _FOREIGN:
        if content.startswith(mark):
            raise UnreadableTable(reason)
    if b"\x00" in content:
        raise UnreadableTable("文件中有空字符，不是文本")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableTable("文件的编码既不是 UTF-8 也不是 GBK，请另存为 UTF-8 编码的 CSV")


def _rows(lines: io.StringIO) -> Iterator[list[str]]:
    reader = csv.reader(_short(lines), strict=True)
    try:
        yield from reader
    except csv.Error as error:
        line = reader.line_num
        raise UnreadableTable(f"第{line}行的引号或逗号有误，无法读取", row=line) from error


def _short(lines: io.StringIO) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_CHARACTERS:
            raise UnreadableTable(f"第{number}行太长，无法读取", row=number)
        yield line


def _lines_after(text: str, place: int) -> int:
    """Return how many lines are left from a place at the beginning of one."""
    ends = text.count("\n", place) + text.count("\r", place) - text.count("\r\n", place)
    return ends + (place < len(text) and text[-1] not in "\r\n")
