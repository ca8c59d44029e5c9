"""Lists of stations as published (CSV or .xlsx), read into stations and a report that accounts for every row.

Nothing is guessed. A row without a position is a station that is not on the map yet; a position without its
datum is refused; unreadable hours are unknown, with a note; hours that seem to run backwards end on the next
day, with a note where they do not say so; a name twice in a district is one station.
"""

from collections import Counter
from collections.abc import Container, Mapping
from functools import partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from models.facility_cells import read_facilities
from models.hours import DAY_MINUTES, UNKNOWN, Hours, UnreadableHours
from models.hours_text import parse_hours, presumed_nights
from models.hours_words import clock
from models.records import Record, TableTooLarge
from models.roster_rows import Unions
from models.station_cells import read_details, read_premises
from models.station_details import PREMISES_NAMES, known_of, told
from models.station_places import read_places
from models.station_words import HEADINGS, KIND_WORDS, NEEDED, STATE_WORDS
from models.stations import (
    STATES,
    Station,
    StationKind,
    StationState,
    folded,
    station_code,
)
from models.table_rows import Columns, Rejected, WrongHeading
from models.tables import plain, read_records

ROWS = 50_000

Outcome = Literal["station", "station_without_position", "rejected", "duplicate", "blank"]

COLUMNS = Columns(NEEDED, HEADINGS)


class Note(Struct, frozen=True):
    """What could not be taken over, or has to be checked, of a row that became a station all the same."""

    column: str
    reason: str


class Row(Struct, frozen=True, kw_only=True):
    """What became of a row, numbered as a spreadsheet does; blank rows are one entry from `row` to `last`."""

    row: int
    last: int
    outcome: Outcome
    name: str = ""
    column: str | None = None
    reason: str | None = None
    notes: tuple[Note, ...] = ()


class Report(Struct, frozen=True):
    """What became of every row except the heading's, in order."""

    source: str
    heading_row: int
    ignored_columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def counts(self) -> Counter[Outcome]:
        """Return how many rows had each outcome."""
        counts: Counter[Outcome] = Counter()
        for row in self.rows:
            counts[row.outcome] += row.last - row.row + 1
        return counts


class ImportResult(Struct, frozen=True):
    """The stations of a list, each once, the report, and in which row each station stands first.

    `states` are the codes of those whose state the list tells, `columns` those that its heading names.
    """

    stations: tuple[Station, ...]
    report: Report
    first_rows: dict[str, int] = {}
    states: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()


class _Reading:
    """A list while it is read."""

    def __init__(self, source: str, known: Container[str], unions: Unions | None) -> None:
        self._source = source
        self._known = known
        self._unions = unions
        self._states: set[str] = set()
        self._heading: Record | None = None
        self._columns: list[str | None] = []
        self._stations: dict[str, Station] = {}
        self._first_rows: dict[str, int] = {}
        self._rows: list[Row] = []
        self._count = 0

    def take(self, record: Record) -> None:
        """Take the next record: blank rows, the heading, or a station's row."""
        if not record.cells:
            self._rows.append(Row(row=record.first, last=record.last, outcome="blank"))
        elif self._heading is None:
            self._heading, self._columns = record, COLUMNS.read_heading(record.cells)
        else:
            self._count += 1
            if self._count > ROWS:
                raise TableTooLarge(f"超过 {ROWS} 行，请分成几个文件导入", limit=ROWS)
            self._rows.append(self._station_row(record))

    def result(self) -> ImportResult:
        """Return what was read; WrongHeading when nothing was."""
        if self._heading is None:
            raise WrongHeading("文件是空的", missing=list(NEEDED), found=[])
        cells = zip(self._heading.cells, self._columns, strict=True)
        ignored = tuple(plain(cell) for cell, column in cells if cell.strip() and not column)
        report = Report(self._source, self._heading.first, ignored, tuple(self._rows))
        stations = tuple(self._stations.values())
        columns = frozenset(filter(None, self._columns))
        return ImportResult(stations, report, self._first_rows, frozenset(self._states), columns)

    def _station_row(self, record: Record) -> Row:
        row = partial(Row, row=record.first, last=record.last)
        notes: list[Note] = []
        named: dict[str, str] = {}
        try:
            named = COLUMNS.read_row(record.cells, self._columns)
            station = _station(named, self._source, self._known, notes)
            host = _organisation(named["所属工会"], self._unions, notes)
        except Rejected as why:
            name = named.get("名称", "")
            return row(outcome="rejected", name=name, column=why.column, reason=str(why))
        first = self._first_rows.setdefault(station.id, record.first)
        if first != record.first:
            reason = f"与第{first}行是同一个驿站"
            return row(outcome="duplicate", name=station.name, column="名称", reason=reason)
        self._stations[station.id] = replace(station, organisation=host)
        if named["状态"]:
            self._states.add(station.id)
        outcome: Outcome = "station" if station.position else "station_without_position"
        return row(outcome=outcome, name=station.name, notes=tuple(notes))


def with_notes(result: ImportResult, notes: Mapping[str, tuple[Note, ...]]) -> ImportResult:
    """Return what was read with more notes on some stations, by their code."""
    places = {row: code for code, row in result.first_rows.items() if code in notes}
    rows = tuple(
        replace(row, notes=(*row.notes, *notes[places[row.row]])) if row.row in places else row
        for row in result.report.rows
    )
    return replace(result, report=replace(result.report, rows=rows))


def read_stations(
    content: bytes, source: str, known: Container[str] = (), unions: Unions | None = None
) -> ImportResult:
    """Read a list as published; the same content always gives the same stations.

    A row whose 编号 is one of the `known` codes is that station, under whatever name. Its 所属工会 is one of
    the `unions`, by name or code; where they are not told it is only noted. Raises UnreadableTable
    or TableTooLarge (`models.records`), or WrongHeading, for a list that is none.
    """
    reading = _Reading(source, known, unions)
    for record in read_records(content):
        reading.take(record)
    return reading.result()


def _station(named: Mapping[str, str], source: str, known: Container[str], notes: list[Note]) -> Station:
    for column in ("名称", "地址", "行政区"):
        if not named[column]:
            raise Rejected(column, "没有填写")
    (position, published), (entrance, source_entrance) = read_places(named)
    facilities, equipment, miscounted = read_facilities(named)
    details, unread = read_details(named)
    premises, unread_premises = read_premises(named)
    notes += [Note(column, reason) for column, reason in (*miscounted, *unread, *unread_premises)]
    return Station(
        id=_code(named, known, notes),
        name=named["名称"],
        address=named["地址"],
        district=named["行政区"],
        kind=_kind(named["类型"], notes),
        position=position,
        source_position=published,
        hours=_hours(named["开放时间"], notes),
        hours_text=named["开放时间"],
        facilities=facilities,
        equipment=equipment,
        entrance=entrance,
        source_entrance=source_entrance,
        entrance_listed=entrance is not None,
        details=details,
        listed=told(details),
        premises=premises,
        listed_premises=known_of(PREMISES_NAMES, premises),
        state=_state(named["状态"]),
        source=source,
    )


def _state(text: str) -> StationState:
    state = STATE_WORDS.get(folded(text)) if text else "operating"
    if state is None:
        known = "、".join(STATES.values())
        raise Rejected("状态", f"不认识“{text[:20]}”，请用：{known}")
    return state


def _organisation(text: str, unions: Unions | None, notes: list[Note]) -> str | None:
    """Return the organisation that a name or a code stands for; a note where there is none, or several."""
    if not text:
        return None
    if unions is None:
        notes.append(Note("所属工会", "保存时才核对"))
        return None
    reason = ""
    for name, code in (("", text), (text, "")):
        try:
            return unions.find(name, code)
        except Rejected as why:
            reason = str(why)
    notes.append(Note("所属工会", f"“{text[:20]}”：{reason}"))
    return None


def _kind(text: str, notes: list[Note]) -> StationKind | None:
    kind = KIND_WORDS.get(folded(text))
    if text and kind is None:
        notes.append(Note("类型", f"不认识“{text[:20]}”，已略过"))
    return kind


def _code(named: Mapping[str, str], known: Container[str], notes: list[Note]) -> str:
    given = named["编号"].upper()
    if given and given in known:
        return given
    if given:
        notes.append(Note("编号", "没有这个编号的驿站，未采用"))
    return station_code(named["行政区"], named["名称"])


def _hours(text: str, notes: list[Note]) -> Hours:
    try:
        hours = parse_hours(text)
    except UnreadableHours as error:
        notes.append(Note("开放时间", f"{error}，按未公布处理"))
        return UNKNOWN
    for night in presumed_nights(text):
        end = clock(night.interval[1] - DAY_MINUTES)
        notes.append(Note("开放时间", f"“{night.words}”按次日 {end} 结束理解，请核对"))
    return hours
