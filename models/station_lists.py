"""Lists of stations that officers import.

An import is two steps with the same content: a check, which shows what becomes of every row and changes
nothing, and the import itself. What is imported is entered in the audit first, by the content's hash: the
entry says what was begun; running it again finishes what was cut short.
"""

import asyncio
import hashlib
from collections.abc import Container, Sequence

from msgspec import Struct

from models.audit import Fact
from models.listed_stations import Saved, Stations
from models.member_lists import OFFICERS
from models.offices import Office
from models.organisations import Organisation
from models.roster_rows import Unions
from models.station_board import STATIONS_CHANGED, StationBoard
from models.station_differences import compared
from models.station_hosts import StationHosts
from models.station_imports import ImportResult, Report, read_stations
from models.station_sheets import problem_sheet, template
from models.stations import NoSuchStation


class Imported(Struct, frozen=True):
    """What became of a list: the report on every row, and what was stored, if it was."""

    report: Report
    stations: int
    saved: Saved | None


def fact_of(actor: str, content: bytes, result: ImportResult) -> Fact:
    """Return what the audit holds of an import: whose, and the list by its hash."""
    return Fact(
        actor=actor,
        action="station_import",
        kind="list",
        object=hashlib.sha256(content).hexdigest(),
        details={"stations": str(len(result.stations)), "rows": str(len(result.report.rows))},
    )


class _Known(Container[str]):
    """The codes of the stations on the board."""

    def __init__(self, board: StationBoard) -> None:
        self._board = board

    def __contains__(self, code: object) -> bool:
        try:
            self._board.get(str(code))
        except NoSuchStation:
            return False
        return True


class StationLists:
    """Imports lists of stations, for officers."""

    def __init__(
        self,
        stations: Stations,
        board: StationBoard,
        hosts: StationHosts,
        office: Office,
    ) -> None:
        self._stations = stations
        self._board = board
        self._hosts = hosts
        self._office = office

    async def check(self, officer: str, content: bytes, source: str) -> Imported:
        """Read a list and store nothing; NotStaff, UnreadableTable, TableTooLarge, WrongHeading."""
        self._office.appointments.get(officer, OFFICERS)
        result = await self._read(officer, content, source)
        return Imported(result.report, len(result.stations), None)

    async def save(self, officer: str, content: bytes, source: str) -> Imported:
        """Read a list and store its stations; refusals as `check` has them."""
        self._office.appointments.get(officer, OFFICERS)
        result = await self._read(officer, content, source)
        await self._office.audit.record(fact_of(officer, content, result))
        saved = await self._stations.save_import(result.stations, result.states)
        await self._office.signals.send(STATIONS_CHANGED)
        return Imported(result.report, len(result.stations), saved)

    async def make_template(self, officer: str) -> bytes:
        """Return the sheet to fill in, as .xlsx; NotStaff."""
        self._office.appointments.get(officer, OFFICERS)
        return await asyncio.to_thread(template)

    async def make_problem_sheet(self, officer: str, content: bytes, source: str) -> bytes:
        """Return as .xlsx the rows of a list that need another look; refusals as `check` has them."""
        self._office.appointments.get(officer, OFFICERS)
        result = await self._read(officer, content, source)
        return await asyncio.to_thread(problem_sheet, result.report)

    async def _read(self, officer: str, content: bytes, source: str) -> ImportResult:
        unions = self._hosts.list_unions(officer)
        return await asyncio.to_thread(self._read_now, unions, content, source)

    def _read_now(self, unions: Sequence[Organisation], content: bytes, source: str) -> ImportResult:
        result = read_stations(content, source, _Known(self._board), Unions(unions, None))
        found = (self._board.find(listed.id) for listed in result.stations)
        return compared(result, {one.id: one for one in found if one}, {one.id for one in unions})
