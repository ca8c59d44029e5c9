"""Stations as an officer sees them in the console: the table, and imports with a report of every row."""

from typing import Annotated
from urllib.parse import quote

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import LINE, Moment, PageNumber, PageSize, StationCode, Total
from handlers.media import Xlsx
from handlers.nearby import Address, District, HoursWords, StationName
from handlers.wire import Asked, PageQuery, Wire, local
from models.appointments import NotStaff
from models.hours_words import words
from models.listed_stations import Saved
from models.records import TableTooLarge, UnreadableTable
from models.station_imports import Outcome, Row
from models.station_lists import Imported
from models.station_search import Lack, Question, list_lacks
from models.stations import Station, StationState
from models.table_rows import WrongHeading

# A request's body is a megabyte at most, and base64 makes four letters of three bytes.
LIST_BYTES = 700_000

Number = Annotated[int, Meta(examples=[2])]
Words = Annotated[str, Meta(examples=["没有填写"])]
Column = Annotated[str, Meta(examples=["开放时间"])]


class StationsQuery(PageQuery, frozen=True):
    """Which page, and of which stations: all, those with some words, those that lack something, my own."""

    text: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=60,
                pattern=LINE,
                examples=["杜岭街"],
                description="Words that code, name, alias, address or district hold, each of them",
            ),
        ]
        | None
    ) = None
    lacking: (
        Annotated[
            Lack,
            Meta(
                examples=["supplies"],
                description="Only those with a broken facility; with consumables expired or running out",
            ),
        ]
        | None
    ) = None
    own: Annotated[
        bool, Meta(examples=[False], description="Only stations run by my organisations and those below")
    ] = False


class StationRow(Wire, frozen=True):
    """One station."""

    code: StationCode
    name: StationName
    district: District
    address: Address
    state: StationState
    hours: HoursWords
    has_position: bool
    lacks: Annotated[list[Lack], Meta(examples=[["supplies"]])]
    changed_at: Moment

    @classmethod
    def of(cls, station: Station, today: str) -> "StationRow":
        """Return a station as it goes on the wire on a local day."""
        return cls(
            code=station.id,
            name=station.name,
            district=station.district,
            address=station.address,
            state=station.state,
            hours=words(station.hours),
            has_position=station.position is not None,
            lacks=list_lacks(station, today),
            changed_at=local(station.changed),
        )


class StationTable(Wire, frozen=True):
    """A page of stations."""

    rows: list[StationRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class StationListRequest(Asked, frozen=True):
    """A list as published: the file's name, and its content (.xlsx, or CSV in UTF-8 or GBK) in base64."""

    file_name: Annotated[str, Meta(min_length=1, max_length=200, examples=["驿站.csv"])]
    content: Annotated[bytes, Meta(max_length=LIST_BYTES, examples=["5ZCN56ew"])]


class NoteReply(Wire, frozen=True):
    """What could not be taken over from a row that became a station all the same."""

    column: Column
    reason: Words


class RowReply(Wire, frozen=True):
    """What became of a row, or of a run of blank ones from `row` to `last`."""

    row: Number
    last: Number
    outcome: Annotated[Outcome, Meta(examples=["station"])]
    name: StationName
    column: Column | None
    reason: Words | None
    notes: list[NoteReply]

    @classmethod
    def of(cls, row: Row) -> "RowReply":
        """Return a row of a report as it goes on the wire."""
        return cls(
            row=row.row,
            last=row.last,
            outcome=row.outcome,
            name=row.name,
            column=row.column,
            reason=row.reason,
            notes=[NoteReply(column=note.column, reason=note.reason) for note in row.notes],
        )


class SavedReply(Wire, frozen=True):
    """What an import did to the stations that are kept."""

    created: Number
    updated: Number
    unchanged: Number
    hours_kept: Annotated[Number, Meta(description="Whose hours an officer has set otherwise")]

    @classmethod
    def of(cls, saved: Saved) -> "SavedReply":
        """Return what was done as it goes on the wire."""
        return cls(
            created=saved.created,
            updated=saved.updated,
            unchanged=saved.unchanged,
            hours_kept=saved.hours_kept,
        )


class StationListReply(Wire, frozen=True):
    """What became of every row; `saved` is null for a check, which stores nothing."""

    stations: Number
    heading_row: Number
    ignored_columns: Annotated[list[str], Meta(examples=[["备注"]])]
    rows: list[RowReply]
    counts: Annotated[dict[Outcome, int], Meta(examples=[{"station": 1}])]
    saved: SavedReply | None

    @classmethod
    def of(cls, imported: Imported) -> "StationListReply":
        """Return what became of a list as it goes on the wire."""
        report, saved = imported.report, imported.saved
        return cls(
            stations=imported.stations,
            heading_row=report.heading_row,
            ignored_columns=list(report.ignored_columns),
            rows=[RowReply.of(row) for row in report.rows],
            counts=dict(report.counts()),
            saved=SavedReply.of(saved) if saved else None,
        )


def saved_as(name: str) -> str:
    """Return the header by which a browser saves an answer under a name (RFC 6266, RFC 8187)."""
    return f"attachment; filename*=UTF-8''{quote(name)}"


class StationsTableHandler(Handler):
    """Stations."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: StationsQuery) -> StationTable:
        """Return a page of the stations asked for, the last changed first."""
        asked, search = Question(query.text or "", query.own, query.lacking), self.services.station_search
        found = await search.list_page(self.session.subject, asked, query.page, query.page_size)
        return StationTable(
            rows=[StationRow.of(station, search.today()) for station in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )


class StationListChecksHandler(Handler):
    """Trying a list."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, UnreadableTable, TableTooLarge, WrongHeading))
    async def post(self, *, body: StationListRequest) -> StationListReply:
        """Say what would become of every row; nothing is stored."""
        checked = await self.services.station_lists.check(self.session.subject, body.content, body.file_name)
        return StationListReply.of(checked)


class StationListsHandler(Handler):
    """Importing a list."""

    kinds = CONSOLE

    @endpoint(201, refuses=(NotStaff, UnreadableTable, TableTooLarge, WrongHeading))
    async def post(self, *, body: StationListRequest) -> StationListReply:
        """Store the stations of a list; the same list again changes nothing."""
        saved = await self.services.station_lists.save(self.session.subject, body.content, body.file_name)
        return StationListReply.of(saved)


class TemplateHandler(Handler):
    """The sheet to fill in."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> Xlsx:
        """Return an empty list with its headings, an example and notes."""
        self.set_header("Content-Disposition", saved_as("驿站导入模板.xlsx"))
        return Xlsx(await self.services.station_lists.make_template(self.session.subject))


class ProblemSheetsHandler(Handler):
    """The rows that need another look."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, UnreadableTable, TableTooLarge, WrongHeading))
    async def post(self, *, body: StationListRequest) -> Xlsx:
        """Return a sheet of the rows that are not taken, or not whole: row, column, reason."""
        self.set_header("Content-Disposition", saved_as("需要处理的行.xlsx"))
        lists = self.services.station_lists
        return Xlsx(await lists.make_problem_sheet(self.session.subject, body.content, body.file_name))


ROUTES = [
    ("/api/v1/staff/stations", StationsTableHandler),
    ("/api/v1/staff/stations/imports", StationListsHandler),
    ("/api/v1/staff/stations/imports/checks", StationListChecksHandler),
    ("/api/v1/staff/stations/imports/template.xlsx", TemplateHandler),
    ("/api/v1/staff/stations/imports/problems.xlsx", ProblemSheetsHandler),
]
