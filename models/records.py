"""Records: what a table is read into, whatever file it came in, and why it could not be."""

from typing import NamedTuple

from models.errors import Invalid

# What stands in a cell whose merged range has its text elsewhere: a character that no text has.
COVERED = "\ufdd0"


class UnreadableTable(Invalid):
    """The content is neither CSV in UTF-8 or GBK nor .xlsx; `details.row` is where reading ended."""

    code = "unreadable_table"
    message = "无法读取这个文件"


class TableTooLarge(Invalid):
    """More bytes, or more rows, than one import takes; `details.limit` is how many it does take."""

    code = "table_too_large"
    message = "文件太大，请分成几个文件导入"


class Record(NamedTuple):
    """The rows from `first` to `last`: one row with something in it, or a run of blank ones (no cells)."""

    first: int
    last: int
    cells: list[str]
