"""The stations that can be found, as columns: one array per property, in order of their codes.

Schedules (what says when a station is open) are numbered: the stations that share one are worked out once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.grid import Vectors, Whole, cell_of, vector_of
from models.hours import Closure, Hours
from models.ids import decode
from models.stations import FACILITIES, KINDS, Facility, Station, StationKind

Describe = Callable[[Station], bytes]

Schedule = tuple[Hours, Closure | None]

FACILITY_BITS: Mapping[Facility, int] = MappingProxyType(
    {facility: 1 << place for place, facility in enumerate(FACILITIES)}
)
KIND_BITS: Mapping[StationKind | None, int] = MappingProxyType(
    {None: 0} | {kind: 1 << len(FACILITIES) + place for place, kind in enumerate(KINDS)}
)


class Columns(NamedTuple):
    """The stations that can be found; `marks` are the bits of their kind and what works there."""

    codes: Whole
    stations: NDArray[np.object_]
    faces: NDArray[np.object_]
    schedules: Whole
    cells: Whole
    vectors: Vectors
    marks: Whole

    def taken(self, rows: Whole) -> "Columns":
        """Return the columns of some rows, in their order."""
        return Columns._make(column[rows] for column in self)


class Snapshot(NamedTuple):
    """What a finder stands on; never changed once it is made."""

    stations: dict[str, Station]
    numbers: dict[Schedule, int]  # The distinct schedules, numbered.
    columns: Columns


def empty() -> Snapshot:
    """Return a snapshot of no stations."""
    return Snapshot({}, {}, _columns((), {}, lambda _: b""))


def absorbed(base: Snapshot, changed: Iterable[Station], describe: Describe) -> Snapshot:
    """Return a snapshot in which these stations stand as they are now."""
    news = {station.id: station for station in changed}
    numbers = base.numbers.copy()
    shown = [station for station in news.values() if station.position and station.state == "operating"]
    # Made in this order, what is kept of neighbours lies near in memory, and is soon read.
    shown.sort(key=lambda station: cell_of(station.position) if station.position else 0)
    fresh = _columns(shown, numbers, describe)
    kept = ~np.isin(base.columns.codes, _whole(decode(code) for code in news))
    joined = (np.concatenate((old[kept], new)) for old, new in zip(base.columns, fresh, strict=True))
    columns = Columns._make(joined)
    return Snapshot(base.stations | news, numbers, columns.taken(np.argsort(columns.codes)))


def _columns(stations: Sequence[Station], numbers: dict[Schedule, int], describe: Describe) -> Columns:
    """Return stations that have a position as columns, numbering the schedules that are new."""
    objects, faces = (np.empty(len(stations), dtype=np.object_) for _ in range(2))
    objects[:], faces[:] = stations, [describe(station) for station in stations]
    places = [station.position for station in stations if station.position]
    return Columns(
        codes=_whole(decode(station.id) for station in stations),
        stations=objects,
        faces=faces,
        schedules=_whole(
            numbers.setdefault((station.hours, station.closure), len(numbers)) for station in stations
        ),
        cells=_whole(cell_of(place) for place in places),
        vectors=np.array([vector_of(place) for place in places], dtype=np.float64).reshape(-1, 3),
        marks=_whole(
            sum(FACILITY_BITS[name] for name in set(station.working)) + KIND_BITS[station.kind]
            for station in stations
        ),
    )


def _whole(numbers: Iterable[int]) -> Whole:
    return np.fromiter(numbers, dtype=np.int64)
