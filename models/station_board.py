"""The board of stations: this process's snapshot of them all, replaced when some change."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from models.clock import Now
from models.districts import NoSuchDistrict
from models.early_openings import Opened
from models.finder import Finder, Mark, Page, Wanted
from models.mirrors import Mirror
from models.places import NoSuchPlace, Place, Places, the_place
from models.positions import Position
from models.ranks import NOTHING_HEARD, Heard
from models.station_columns import Describe
from models.stations import SUPERVISION_PHONE, NoSuchStation, Station, folded
from models.store import Store

STATIONS_CHANGED = "stations"


class StationBoard:
    """Answers where stations are and whether they are open, without a database."""

    def __init__(self, store: Store[Station], describe: Describe, now: Now) -> None:
        self._finder = Finder((), describe)
        self._now = now
        self.generation = 0
        """Another number after each change."""
        # Only remembered: both follow from the finder.
        self._places: tuple[Finder, Places] | None = None
        self._districts: tuple[Finder, dict[str, list[Station]]] | None = None
        self.mirror = Mirror(store, self._absorb, now)

    def page(
        self, wanted: Wanted, at: datetime, after: Mark | None = None, heard: Heard = NOTHING_HEARD
    ) -> Page:
        """Return the most useful stations near a position, or those that come after a mark.

        What was heard is as of the moment that the list was begun.
        """
        if after:
            return self._finder.page(wanted, at, after, heard)
        found = self._finder.nearest(wanted, at, heard)
        return Page(found, self._finder.mark_of(found[-1], at, heard) if len(found) == wanted.limit else None)

    def list_early(self, at: datetime, heard: Heard) -> dict[str, Opened]:
        """Return the opening, by code, of all that are open now by their 站长's word alone."""
        return self._finder.list_early(at, heard)

    @property
    def stations(self) -> Iterable[Station]:
        """All stations, whatever their state."""
        return self._finder.stations

    def find(self, code: str) -> Station | None:
        """Return a station by its code, in any case, if there is one."""
        return self._finder.find(code.upper())

    def get(self, code: str) -> Station:
        """Return a station by its code, in any case; NoSuchStation otherwise."""
        station = self.find(code)
        if station is None:
            raise NoSuchStation
        return station

    def in_district(self, name: str) -> list[Station]:
        """Return the stations of a district that can be found; the first time belongs off the loop.

        NoSuchDistrict if there are none.
        """
        finder, known = self._finder, self._districts
        if known is None or known[0] is not finder:
            by_name: dict[str, list[Station]] = {}
            for station in finder.shown:
                by_name.setdefault(folded(station.district), []).append(station)
            known = self._districts = finder, by_name
        found = known[1].get(folded(name))
        if found is None:
            raise NoSuchDistrict
        return found

    async def get_place(self, name: str, here: Position | None) -> Place:
        """Return the place that a name stands for, seen from a position; NoSuchPlace, SeveralPlaces."""
        return the_place(await asyncio.to_thread(self._find_places, name), here)

    def _find_places(self, name: str) -> tuple[list[Place], bool]:
        finder, known = self._finder, self._places
        if known is None or known[0] is not finder:
            known = self._places = finder, Places(finder.stations)
        found = known[1].find(name)
        if not found[0] and (unplaced := known[1].count_unplaced(name)):
            words = f"这里有 {unplaced} 个驿站，位置还没有公布，请拨打 {SUPERVISION_PHONE} 询问"
            raise NoSuchPlace(words, stations=unplaced)
        return found

    async def work(self) -> None:
        """Make ahead, in a thread, what the questions of the next minutes stand on.

        Late or never it costs speed alone: a moment without a view is answered the slow way.
        """
        finder, at = self._finder, self._now()
        if not finder.is_prepared(at):
            await asyncio.to_thread(finder.prepare, at)

    async def _absorb(self, changed: Sequence[Station]) -> None:
        self._finder = await asyncio.to_thread(self._replaced, changed)
        self.generation += 1

    def _replaced(self, changed: Sequence[Station]) -> Finder:
        finder = self._finder.replace(changed)
        finder.prepare(self._now())
        return finder
