"""Finding stations for officers: by what their records say, in the whole city or in the own subtree.

The search looks at the stations that the process holds in memory, and so follows a change within two seconds;
the table without any question is read from the database.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Literal

from msgspec import Struct

from models.appointments import Appointments
from models.clock import Now, local_day
from models.consumables import is_wanting
from models.listed_stations import Stations
from models.member_lists import OFFICERS
from models.pages import Page
from models.station_board import StationBoard
from models.station_hosts import StationHosts
from models.stations import Station, folded

BREAK = "\n"


# What a station lacks: a facility is broken; a consumable has expired, or runs out.
Lack = Literal["repair", "supplies"]


class Question(Struct, frozen=True):
    """Words that a station's record holds, each of them; `only_own`: it is run in the officer's subtree.

    `lacking` is what the station lacks today.
    """

    text: str = ""
    only_own: bool = False
    lacking: Lack | None = None


def list_lacks(station: Station, today: str) -> list[Lack]:
    """Return what a station lacks on a local day."""
    lacks: list[Lack] = []
    if len(station.working) < len(station.facilities):
        lacks.append("repair")
    if is_wanting(station.consumables, today):
        lacks.append("supplies")
    return lacks


class StationTexts:
    """What the records of some stations say, in one text; making one belongs off the loop, as does asking.

    The last changed come first.
    """

    def __init__(self, stations: Iterable[Station]) -> None:
        self._stations = sorted(stations, key=lambda station: (station.changed, station.id), reverse=True)
        lines = [
            BREAK.join(map(folded, (one.id, one.name, *one.details.aliases, one.address, one.district)))
            + 2 * BREAK
            for one in self._stations
        ]
        self._text = "".join(lines)
        self._ends = list(accumulate(map(len, lines)))

    def find(self, text: str, admits: Callable[[Station], bool]) -> list[Station]:
        """Return the admitted stations whose record holds every word of a text."""
        words = [folded(word) for word in text.split()]
        if not words:
            return [station for station in self._stations if admits(station)]
        rows = self._rows(words[0])
        for word in words[1:]:
            rows &= self._rows(word)
        return [self._stations[row] for row in sorted(rows) if admits(self._stations[row])]

    def _rows(self, word: str) -> set[int]:
        rows: set[int] = set()
        place = self._text.find(word)
        while place >= 0:
            row = bisect_right(self._ends, place)
            rows.add(row)
            place = self._text.find(word, self._ends[row])
        return rows


class StationSearch:
    """Lists and finds stations for officers."""

    def __init__(
        self,
        stations: Stations,
        board: StationBoard,
        hosts: StationHosts,
        appointments: Appointments,
        now: Now,
    ) -> None:
        self._stations = stations
        self._board = board
        self._hosts = hosts
        self._appointments = appointments
        self._now = now
        # Only remembered: it follows from the board.
        self._texts: tuple[int, StationTexts] | None = None

    async def list_page(self, officer: str, question: Question, page: int, size: int) -> Page[Station]:
        """Return a page of the stations asked for, the last changed first; NotStaff."""
        self._appointments.get(officer, OFFICERS)
        if question == Question():
            return await self._stations.list_page(page, size)
        own = self._hosts.list_own(officer) if question.only_own else None
        found = await asyncio.to_thread(self._find, question, own, self.today())
        return Page(found[(page - 1) * size : page * size], len(found))

    def today(self) -> str:
        """Return the local day for which it is said what stations lack."""
        return local_day(self._now())

    def _find(self, question: Question, own: frozenset[str] | None, today: str) -> list[Station]:
        generation = self._board.generation
        if self._texts is None or self._texts[0] != generation:
            self._texts = generation, StationTexts(self._board.stations)

        def admits(station: Station) -> bool:
            is_own = own is None or station.organisation in own
            return is_own and (question.lacking is None or question.lacking in list_lacks(station, today))

        return self._texts[1].find(question.text, admits)
