"""Whether the hot queries stay flat: each is timed through the store at a few rows and at many."""

import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from models.cards import CARDS, Card
from models.ids import encode, new_ordered_id
from models.scans import SCANS, Scan
from models.store import Collection, Database, Store
from scripts.benchmarks import union_growth
from scripts.benchmarks.engine import opened_engine
from scripts.benchmarks.union_growth import Town
from server.engines import open_documents

FEW = 1_000
BATCH = 1_000
# So many scans has each person; the rows grow by more people.
SCANS_EACH = 25
BEGUN = datetime(2026, 7, 1, tzinfo=UTC)


class Size(Struct, frozen=True):
    """The collections of the hot queries, with a number of rows or people."""

    rows: int
    cards: Store[Card]
    scans: Store[Scan]
    town: Town

    async def fill(self) -> None:
        """Make the indexes, then the rows."""
        await self.town.fill()
        await _fill(self.cards, (_card(row) for row in range(self.rows)))
        await _fill(self.scans, (_scan(row, f"scan:{row}") for row in range(self.rows)))


Query = Callable[[Size, int], Awaitable[object]]


def _of_town(query: union_growth.Query) -> Query:
    return lambda size, row: query(size.town, row)


# Each hot query, as a function of which row to ask for; numbers beyond the rows begin again.
QUERIES: Mapping[str, Query] = MappingProxyType(
    {
        "a card by its serial": lambda size, row: size.cards.find(_serial(row % size.rows)),
        "a card by its person": lambda size, row: size.cards.find_one({"person": _person(row % size.rows)}),
        "a card changed if active": lambda size, row: size.cards.change(
            {"person": _person(row % size.rows), "state": "active"}, {"standing": "active"}
        ),
        "a scan stored": lambda size, row: size.scans.insert(_scan(row, secrets.token_hex(8))),
        "a scan by its id": lambda size, row: size.scans.find(f"scan:{row % size.rows}"),
        "a person's last scans": lambda size, row: size.scans.list_(
            {"person": _person(row % size.rows // SCANS_EACH)}, sort="-order", limit=20
        ),
        **{name: _of_town(query) for name, query in union_growth.QUERIES.items()},
    }
)


class Growth(Struct, frozen=True):
    """One query: the median milliseconds at a few rows and at many."""

    query: str
    few: float
    many: float


async def measure(few: Size, many: Size, repeats: int) -> list[Growth]:
    """Time each query on both sizes in turns."""
    grown = []
    for name, query in QUERIES.items():
        times: tuple[list[float], list[float]] = ([], [])
        for repeat in range(repeats):
            # A step that shares no factor with the rows visits them all over.
            row = repeat * 7_919
            for size, taken in zip((few, many), times, strict=True):
                begun = perf_counter()
                await query(size, row)
                taken.append((perf_counter() - begun) * 1e3)
        grown.append(Growth(name, median(times[0]), median(times[1])))
    return grown


async def run(folder: Path, rows: int, repeats: int) -> None:
    """Fill both sizes, measure, and print the table."""
    async with opened_engine(folder) as engine:
        documents = await open_documents(engine.uri, folder)
        try:
            database = documents.client[engine.database]
            few, many = (_size(database, count) for count in (FEW, rows))
            await few.fill()
            await many.fill()
            print(f"On {engine.name}: the middle of {repeats} times, in milliseconds.\n")
            print(f"{'query':<30}{'ratio':>8}{f'{FEW} rows':>15}{f'{rows} rows':>15}")
            for one in await measure(few, many, repeats):
                print(f"{one.query:<30}{one.many / one.few:>8.2f}{one.few:>15.2f}{one.many:>15.2f}")
        finally:
            await documents.close()


def _size(database: Database, rows: int) -> Size:
    cards = Collection(f"cards_{rows}", Card, CARDS.indexes)
    scans = Collection(f"scans_{rows}", Scan, SCANS.indexes)
    return Size(rows, Store(database, cards), Store(database, scans), Town.over(database, rows))


async def _fill(store: Store[Any], items: Iterator[Struct]) -> None:
    await store.create_indexes()
    while some := list(islice(items, BATCH)):
        await store.insert_many(some)


def _serial(row: int) -> str:
    return encode(row, 10)


def _person(row: int) -> str:
    return encode(row, 16)


def _card(row: int) -> Card:
    holder = secrets.token_bytes(40)
    return Card(id=_serial(row), person=_person(row), holder=holder, standing="active", issued=BEGUN)


def _scan(row: int, name: str) -> Scan:
    """Return the scan of a row, under a name."""
    at = BEGUN + timedelta(seconds=row)
    return Scan(
        id=name,
        scanner=_person(0),
        organisation=_person(1),
        post="驿站工作人员",
        purpose="identify",
        serial=_serial(row // SCANS_EACH),
        person=_person(row // SCANS_EACH),
        outcome="accepted",
        standing="active",
        code_length=35,
        code_hash=secrets.token_hex(16),
        content_hash=secrets.token_hex(16),
        scanned_at=at,
        received_at=at,
        order=new_ordered_id(at),
    )
