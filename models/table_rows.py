"""Rows of a table by what their columns mean: headings are matched by meaning, every cell has its bounds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct

from models.errors import Invalid
from models.records import COVERED
from models.stations import folded
from models.tables import plain

CELL_CHARACTERS = 500

T = TypeVar("T", bound=str)


class WrongHeading(Invalid):
    """The first row with anything in it does not name the columns; details say what is missing and found."""

    code = "wrong_heading"
    message = "表头不对"


class Rejected(ValueError):
    """A row that cannot be taken, for one column's sake."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


class Columns(Struct, frozen=True):
    """Which columns a kind of table has: those it needs, and every word that means one."""

    needed: tuple[str, ...]
    words: Mapping[str, str]

    def read_heading(self, cells: Sequence[str]) -> list[str | None]:
        """Return which column each cell of a heading names; WrongHeading if one is missing or comes twice."""
        columns = [self.words.get(folded(cell)) for cell in cells]
        found = [plain(cell)[:CELL_CHARACTERS] for cell in cells if cell.strip()]
        missing = [name for name in self.needed if name not in columns]
        if missing:
            there = f"，文件里是：{'、'.join(found)[:CELL_CHARACTERS]}"
            raise WrongHeading(f"表头缺少：{'、'.join(missing)}{there}", missing=missing, found=found)
        twice = [name for name, count in Counter(columns).items() if name and count > 1]
        if twice:
            raise WrongHeading(f"表头重复：{'、'.join(twice)}", missing=[], found=found)
        return columns

    def read_row(self, cells: Sequence[str], columns: Sequence[str | None]) -> dict[str, str]:
        """Return a row's cells by column, the missing ones as empty; Rejected."""
        for place, cell in enumerate(cells[len(columns) :], len(columns) + 1):
            if cell.strip():
                raise Rejected(f"第{place}列", "单元格比表头多，可能有未加引号的逗号")
        named = dict.fromkeys(self.words.values(), "")
        for column, cell in zip(columns, cells, strict=False):
            if column and cell == COVERED:
                raise Rejected(column, "单元格是合并的，请取消合并并逐行填写")
            if column and len(cell) > CELL_CHARACTERS:
                raise Rejected(column, f"超过{CELL_CHARACTERS}个字")
            if column:
                named[column] = plain(cell)
        return named


def by_word(words: Mapping[T, str]) -> Mapping[str, T]:
    """Return meanings by each of the words, divided by spaces, that people use for them."""
    return MappingProxyType({word: meaning for meaning, them in words.items() for word in them.split()})
