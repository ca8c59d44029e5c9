"""Lists of stations that officers import.

An import is two steps with the same content: a check, which shows what becomes of every row and changes
nothing, and the import itself. What is imported is entered in the audit first, by the content's hash: the
entry says what was begun; running it again finishes what was cut short.
"""

import asyncio
import hashlib
from collections.abc import Container

from msgspec import Struct

from models.appointments import Appointments, Role
from models.audit import Audit, Fact
from models.hours_words import words
from models.signals import Signals
from models.station_board import STATIONS_CHANGED, StationBoard
from models.station_imports import ImportResult, Report, read_stations, with_notes
from models.station_sheets import problem_sheet, template
from models.stations import NoSuchStation, Saved, Stations, keeps_hours

OFFICERS: frozenset[Role] = frozenset({"officer"})


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
        appointments: Appointments,
        audit: Audit,
        signals: Signals,
    ) -> None:
        self._stations = stations
        self._board = board
        self._appointments = appointments
        self._audit = audit
        self._signals = signals

    async def check(self, officer: str, content: bytes, source: str) -> Imported:
        """Read a list and store nothing; NotStaff, UnreadableTable, TableTooLarge, WrongHeading."""
        self._appointments.get(officer, OFFICERS)
        result = await self._read(content, source)
        return Imported(result.report, len(result.stations), None)

    async def save(self, officer: str, content: bytes, source: str) -> Imported:
        """Read a list and store its stations; refusals as `check` has them."""
        self._appointments.get(officer, OFFICERS)
        result = await self._read(content, source)
        await self._audit.record(fact_of(officer, content, result))
        saved = await self._stations.save_import(result.stations)
        await self._signals.send(STATIONS_CHANGED)
        return Imported(result.report, len(result.stations), saved)

    async def make_template(self, officer: str) -> bytes:
        """Return the sheet to fill in, as .xlsx; NotStaff."""
        self._appointments.get(officer, OFFICERS)
        return await asyncio.to_thread(template)

    async def make_problem_sheet(self, officer: str, content: bytes, source: str) -> bytes:
        """Return as .xlsx the rows of a list that need another look; refusals as `check` has them."""
        self._appointments.get(officer, OFFICERS)
        result = await self._read(content, source)
        return await asyncio.to_thread(problem_sheet, result.report)

    async def _read(self, content: bytes, source: str) -> ImportResult:
        return await asyncio.to_thread(self._read_now, content, source)

    def _read_now(self, content: bytes, source: str) -> ImportResult:
        known = _Known(self._board)
        result = read_stations(content, source, known)
        kept = {
            listed.id: words(self._board.get(listed.id).hours)
            for listed in result.stations
            if listed.id in known and keeps_hours(self._board.get(listed.id), listed)
        }
        return with_notes(
            result, {code: f"工作人员已更正为“{hours}”，不采用" for code, hours in kept.items()}
        )
