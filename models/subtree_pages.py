"""Pages over many organisations: counted one by one, read only where the page lies.

Engines serve such a list from an index by organisation alone, so a page costs a count for each organisation:
a list covers a bounded number of them, and whoever has more chooses one below.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import TypeVar

from models.errors import Invalid
from models.pages import Page

MOST_ORGANISATIONS = 500
COUNTS_AT_ONCE = 20

R = TypeVar("R")


class TooManyOrganisations(Invalid):
    """The list would cover too many organisations; choose one below."""

    code = "too_many_organisations"
    message = "下级组织太多，请先选择其中一个"


async def read_page(
    organisations: Sequence[str],
    count: Callable[[str], Awaitable[int]],
    rows: Callable[[str, int], Awaitable[list[R]]],
    page: int,
    size: int,
) -> Page[R]:
    """Return a page over organisations; `rows` gives the first so many of one. TooManyOrganisations."""
    if len(organisations) > MOST_ORGANISATIONS:
        raise TooManyOrganisations(limit=MOST_ORGANISATIONS)
    counts: list[int] = []
    for start in range(0, len(organisations), COUNTS_AT_ONCE):
        some = organisations[start : start + COUNTS_AT_ONCE]
        counts += await asyncio.gather(*(count(one) for one in some))
    first, found = (page - 1) * size, list[R]()
    for one, number, end in zip(organisations, counts, accumulate(counts), strict=True):
        skip = max(0, first - (end - number))
        if skip < number and len(found) < size:
            found += (await rows(one, skip + size - len(found)))[skip:]
    return Page(found, sum(counts))
