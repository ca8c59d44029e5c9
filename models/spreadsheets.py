"""Spreadsheets (.xlsx) as tables: the first visible sheet, read within bounds, row by row.

A file is measured before anything of it is parsed: how many parts, how large unpacked, how much denser
packed. Every part is then read once without building anything: a document type, and so entities, are refused.
Such a pass also finds where the sheet's content ends, so that a million empty rows cost nothing more; rows
below the last one with content are no part of the table.

Nothing is evaluated: a formula is the result that was saved with it, as people see it, or else its own text.
A merged range has its text in the first cell; the others are `COVERED`, for nobody knows what they mean.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from msgspec import Struct
from openpyxl import load_workbook
from openpyxl.utils.cell import column_index_from_string, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from models.records import COVERED, Record, TableTooLarge, UnreadableTable

PARTS = 1_000
UNPACKED_BYTES = 64_000_000
# Honest sheets pack to a tenth or a thirtieth; deflate reaches a thousandth only of what says nothing.
DENSEST = 200
SMALL_BYTES = 1_000_000
FULL_ROWS = 120_000
COLUMNS = 100
MERGED_RANGES = 1_000

_CHUNK_BYTES = 1 << 16
_ENCRYPTED = 0x1
# What openpyxl and the packages below it raise at contents that are not what their names say.
_BROKEN = (
    BadZipFile, InvalidFileException, ParseError, expat.ExpatError, zlib.error, struct.error, EOFError,
    AttributeError, IndexError, KeyError, NotImplementedError, OverflowError, TypeError, ValueError,
)  # fmt: skip

Range = tuple[int, int, int, int]


class _Extent(Struct):
    """Where a sheet's content ends, its merged ranges (columns and rows from, to), and if it has formulas."""

    row: int = 0
    column: int = 0
    full_rows: int = 0
    has_formulas: bool = False
    merged: list[Range] = []


class _Scan:
    """One pass over an XML part that builds nothing; of a sheet it learns the extent."""

    def __init__(self) -> None:
        self.extent = _Extent()
        self._row = self._column = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def read(self, part: Any, *, is_sheet: bool) -> None:
        """Read a part to its end; UnreadableTable, TableTooLarge, or an error of `_BROKEN`."""
        if is_sheet:
            self._parser.StartElementHandler = self._start
        while chunk := part.read(_CHUNK_BYTES):
            self._parser.Parse(chunk, False)  # noqa: FBT003 - expat takes nothing by name
        self._parser.Parse(b"", True)  # noqa: FBT003 - expat takes nothing by name

    def _refuse_doctype(self, *_: object) -> None:
        raise UnreadableTable("文件中有文档类型声明（DOCTYPE），不予读取")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "row":
                self._begin_row(int(attributes.get("r", self._row + 1)))
            case "c":
                place = attributes.get("r")
                letters = place.rstrip("0123456789") if place else ""
                self._column = column_index_from_string(letters) if letters else self._column + 1
            case "v" | "is":
                self._fill()
            case "f":
                self.extent.has_formulas = True
                self._fill()
            case "mergeCell":
                self._merge(attributes["ref"])

    def _begin_row(self, row: int) -> None:
        if row <= self._row:
            raise UnreadableTable(f"第{row}行出现了两次或顺序不对，请另存后再导入", row=row)
        self._row, self._column = row, 0

    def _fill(self) -> None:
        if self._row != self.extent.row:
            self.extent.full_rows += 1
        if self.extent.full_rows > FULL_ROWS:
            raise TableTooLarge(f"超过 {FULL_ROWS} 行，请分成几个文件导入", limit=FULL_ROWS)
        if self._column > COLUMNS:
            raise TableTooLarge(f"第{self._row}行超过 {COLUMNS} 列", limit=COLUMNS)
        self.extent.row = self._row
        self.extent.column = max(self.extent.column, self._column)

    def _merge(self, reference: str) -> None:
        self.extent.merged.append(range_boundaries(reference))
        if len(self.extent.merged) > MERGED_RANGES:
            raise UnreadableTable(f"合并的单元格超过 {MERGED_RANGES} 处，请取消合并后再导入")


class _Covering:
    """Marks the cells that merged ranges cover, from the first row to the last."""

    def __init__(self, extent: _Extent) -> None:
        clipped = [
            (left, top, min(right, extent.column), min(bottom, extent.row))
            for left, top, right, bottom in extent.merged
            if left <= extent.column and top <= extent.row
        ]
        area = sum((right - left + 1) * (bottom - top + 1) for left, top, right, bottom in clipped)
        if area > extent.row * extent.column:
            raise UnreadableTable("合并的单元格互相重叠，请取消合并后再导入")
        self._waiting = sorted(clipped, key=lambda one: -one[1])
        self._active: list[Range] = []

    def cover(self, row: int, cells: list[str]) -> None:
        """Mark a row's covered cells; rows come in order."""
        while self._waiting and self._waiting[-1][1] <= row:
            self._active.append(self._waiting.pop())
        if self._active:
            self._active = [one for one in self._active if one[3] >= row]
        for left, top, right, _ in self._active:
            first = left if row == top else left - 1
            cells[first:right] = [COVERED] * (right - first)


def read_sheet(content: bytes) -> Iterator[Record]:
    """Yield the records of the first visible sheet; UnreadableTable or TableTooLarge."""
    try:
        _measure(content)
        yield from _records(content)
    except _BROKEN as error:
        raise UnreadableTable("Excel 文件已损坏，无法读取；请重新另存为 .xlsx 或 CSV") from error


def shown(value: object) -> str:
    """Return a cell's value as people see it: no exponent, no midnight that nobody wrote."""
    text = "" if value is None else str(value)
    match value:
        case bool():
            text = text.upper()
        case float():
            text = format(Decimal(format(value, ".15g")), "f")
        case datetime():
            clock = "" if value.time() == time() else f" {shown(value.time())}"
            text = f"{value.date().isoformat()}{clock}"
        case time():
            text = value.strftime("%H:%M:%S" if value.second else "%H:%M")
        case timedelta():
            minutes, seconds = divmod(round(value.total_seconds()), 60)
            text = f"{minutes // 60:02d}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
    return text


def _measure(content: bytes) -> None:
    """Refuse what is too large to be a table before anything of it is unpacked, and what is hostile after."""
    with ZipFile(io.BytesIO(content)) as file:
        parts = file.infolist()
        unpacked, packed = sum(one.file_size for one in parts), sum(one.compress_size for one in parts)
        if len(parts) > PARTS or unpacked > UNPACKED_BYTES:
            raise TableTooLarge(
                f"Excel 文件展开后超过 {UNPACKED_BYTES // 1_000_000} MB，请删去多余内容或另存为 CSV",
                limit=UNPACKED_BYTES,
            )
        if unpacked > max(SMALL_BYTES, DENSEST * packed):
            raise UnreadableTable("Excel 文件压缩得异常紧密，不予读取；请另存为 CSV")
        for part in parts:
            if part.flag_bits & _ENCRYPTED or part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise UnreadableTable("Excel 文件已加密或压缩方式不明，请去掉密码后另存为 .xlsx 或 CSV")
        for part in parts:
            # A part that is no XML cannot hide an entity: a document type comes before anything else.
            with file.open(part) as opened, suppress(expat.ExpatError):
                _Scan().read(opened, is_sheet=False)


def _records(content: bytes) -> Iterator[Record]:
    values = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    place, sheet = _first_visible(values)
    scan = _Scan()
    with ZipFile(io.BytesIO(content)) as file:
        path = sheet._worksheet_path  # noqa: SLF001 - openpyxl has no public name for a sheet's part
        with file.open(path) as part:
            scan.read(part, is_sheet=True)
    extent = scan.extent
    if not extent.row:
        return
    rows = _rows(sheet, extent)
    if extent.has_formulas:
        formulas = load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        texts = _rows(formulas.worksheets[place], extent)
        rows = (_with_formulas(one, other) for one, other in zip(rows, texts, strict=True))
    yield from _gathered(rows, extent)


def _first_visible(book: Any) -> tuple[int, Any]:
    for place, sheet in enumerate(book.worksheets):
        if sheet.sheet_state == "visible":
            return place, sheet
    raise UnreadableTable("Excel 文件中没有可见的工作表")


def _rows(sheet: Any, extent: _Extent) -> Iterator[Sequence[Any]]:
    """Yield the rows up to the last with content, all of one width whatever the file says of itself."""
    sheet.reset_dimensions()
    rows: Iterator[Sequence[Any]] = sheet.iter_rows(
        min_row=1, max_row=extent.row, min_col=1, max_col=extent.column, values_only=True
    )
    return rows


def _with_formulas(values: Sequence[Any], texts: Sequence[Any]) -> list[Any]:
    """Return a row's values; a formula that was saved without a result stays its text."""
    return [
        text if value is None and text is not None else value
        for value, text in zip(values, texts, strict=True)
    ]


def _gathered(rows: Iterator[Sequence[Any]], extent: _Extent) -> Iterator[Record]:
    blank_since = number = 0
    covering = _Covering(extent)
    for number, values in enumerate(rows, 1):
        cells = [shown(value) for value in values]
        covering.cover(number, cells)
        if any(cell.strip() for cell in cells):
            if blank_since:
                yield Record(blank_since, number - 1, [])
            blank_since = 0
            yield Record(number, number, cells)
        else:
            blank_since = blank_since or number
    if blank_since:
        yield Record(blank_since, number, [])
