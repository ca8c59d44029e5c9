"""The board of stations: this process's snapshot of them all, replaced when some change."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from models.finder import Describe, Finder, Found
from models.mirrors import Mirror
from models.positions import Position
from models.stations import Facility, NoSuchStation, Station
from models.store import Store

STATIONS_CHANGED = "stations"


class StationBoard:
    """Answers where stations are and whether they are open, without a database."""

    def __init__(self, store: Store[Station], describe: Describe) -> None:
        self._finder = Finder((), describe)
        self.mirror = Mirror(store, self._absorb)

    def nearest(
        self, position: Position, at: datetime, facilities: frozenset[Facility], limit: int, radius: int
    ) -> list[Found]:
        """Return the most useful stations within `radius` metres of a position."""
        return self._finder.nearest(position, at, facilities, limit, radius)

    def get(self, code: str) -> Station:
        """Return a station by its code, in any case; NoSuchStation otherwise."""
        station = self._finder.find(code.upper())
        if station is None:
            raise NoSuchStation
        return station

    async def _absorb(self, changed: Sequence[Station]) -> None:
        self._finder = await asyncio.to_thread(self._finder.replace, changed)
