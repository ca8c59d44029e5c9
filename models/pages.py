"""Pages of the console's tables: some rows, and how many there are in all."""

from typing import Generic, TypeVar

from msgspec import Struct

R = TypeVar("R")


class Page(Struct, Generic[R], frozen=True):
    """The rows of one page, and the number of rows of all pages."""

    rows: list[R]
    total: int
