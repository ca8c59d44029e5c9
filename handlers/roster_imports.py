"""Importing rosters of members, as officers do: checked first, run with progress, the file erased after."""

import asyncio
from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Moment, OrganisationId
from handlers.media import Xlsx
from handlers.station_lists import saved_as
from handlers.uploads import RosterFile, UploadHandler
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.limits import PerPerson
from models.member_lists import OFFICERS, NoSuchOrganisation
from models.records import TableTooLarge
from models.roster_jobs import ImportJob, ImportNotReady, JobState, NoSuchImport, Outcome, Problem
from models.roster_sheets import problem_sheet, template

SHOWN = 200
ALL = 200_000

Number = Annotated[int, Meta(examples=[2])]
ImportId = Annotated[str, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
Text = Annotated[str, Meta(examples=["校验位不对"])]


class RosterQuery(Asked, frozen=True):
    """Into which union rows go that name none, and whether unclaimed records may be updated."""

    organisation: OrganisationId | None = None
    updates: bool = False


class RosterProblem(Wire, frozen=True):
    """What is to be said of a row; never what it said itself."""

    row: Number
    outcome: Annotated[Outcome, Meta(examples=["rejected"])]
    column: Annotated[str, Meta(examples=["证件号码"])]
    reason: Text

    @classmethod
    def of(cls, one: Problem) -> "RosterProblem":
        """Return a problem as it goes on the wire."""
        return cls(row=one.row, outcome=one.outcome, column=one.column, reason=one.reason)


class RosterImportReply(Wire, frozen=True):
    """An import: what it does now, how far it is, what became of its rows, the first problems."""

    id: ImportId
    state: Annotated[JobState, Meta(examples=["checked"])]
    updates: Annotated[bool, Meta(examples=[False])]
    rows: Number
    done: Number
    counts: Annotated[dict[str, int], Meta(examples=[{"created": 1}])]
    ignored_columns: Annotated[list[str], Meta(examples=[["备注"]])]
    problems: list[RosterProblem]
    error: Annotated[str | None, Meta(examples=[None])]
    error_words: Annotated[str | None, Meta(examples=[None])]
    begun_at: Moment
    has_file: Annotated[bool, Meta(examples=[True])]

    @classmethod
    def of(cls, job: ImportJob, problems: list[Problem]) -> "RosterImportReply":
        """Return an import as it goes on the wire."""
        return cls(
            id=job.id,
            state=job.state,
            updates=job.updates,
            rows=job.rows,
            done=job.done,
            counts=job.counts,
            ignored_columns=list(job.ignored),
            problems=[RosterProblem.of(one) for one in problems],
            error=job.error,
            error_words=job.error_words,
            begun_at=local(job.begun),
            has_file=job.has_file,
        )


class RosterImportsReply(Wire, frozen=True):
    """The officer's last imports, without their problems."""

    items: list[RosterImportReply]


class RosterImportsHandler(UploadHandler):
    """Importing a roster."""

    kinds = CONSOLE
    limits = (PerPerson(60),)

    @endpoint(201, refuses=(NotStaff, NoSuchOrganisation, TableTooLarge))
    async def post(self, *, body: RosterFile, query: RosterQuery) -> RosterImportReply:
        """Take a roster and begin to check it; nothing of it is stored as a member yet."""
        imports = self.services.roster_imports
        job = await imports.begin(
            self.session.subject, bytes(body), query.organisation, updates=query.updates
        )
        return RosterImportReply.of(job, [])

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> RosterImportsReply:
        """Return my last imports."""
        jobs = await self.services.roster_imports.list_recent(self.session.subject)
        return RosterImportsReply(items=[RosterImportReply.of(job, []) for job in jobs])


class RosterImportHandler(Handler):
    """One import."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchImport))
    async def get(self, roster: str) -> RosterImportReply:
        """Return how far an import is, and its first problems."""
        imports, me = self.services.roster_imports, self.session.subject
        job = await imports.get(me, roster)
        return RosterImportReply.of(job, await imports.list_problems(me, roster, SHOWN))

    @endpoint(refuses=(NotStaff, NoSuchImport, ImportNotReady))
    async def delete(self, roster: str) -> RosterImportReply:
        """End an import that does not run yet; its file is erased."""
        return RosterImportReply.of(
            await self.services.roster_imports.cancel(self.session.subject, roster), []
        )


class RosterRunsHandler(Handler):
    """Letting an import run."""

    kinds = CONSOLE

    @endpoint(201, refuses=(NotStaff, NoSuchImport, ImportNotReady))
    async def post(self, roster: str) -> RosterImportReply:
        """Store the members of a checked roster, in the background; twice is once."""
        return RosterImportReply.of(await self.services.roster_imports.run(self.session.subject, roster), [])


class RosterTemplateHandler(Handler):
    """The sheet to fill in."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> Xlsx:
        """Return an empty roster with its headings, an example and notes."""
        self.services.appointments.get(self.session.subject, OFFICERS)
        self.set_header("Content-Disposition", saved_as("会员导入模板.xlsx"))
        return Xlsx(await asyncio.to_thread(template))


class RosterProblemsHandler(Handler):
    """The rows that need another look."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchImport))
    async def get(self, roster: str) -> Xlsx:
        """Return a sheet of the rows that are not taken, or not whole: row, result, column, reason."""
        problems = await self.services.roster_imports.list_problems(self.session.subject, roster, ALL)
        self.set_header("Content-Disposition", saved_as("会员导入-需要处理的行.xlsx"))
        return Xlsx(await asyncio.to_thread(problem_sheet, problems))


ROUTES = [
    ("/api/v1/staff/members/imports", RosterImportsHandler),
    ("/api/v1/staff/members/imports/template.xlsx", RosterTemplateHandler),
    ("/api/v1/staff/members/imports/{roster}", RosterImportHandler),
    ("/api/v1/staff/members/imports/{roster}/runs", RosterRunsHandler),
    ("/api/v1/staff/members/imports/{roster}/problems.xlsx", RosterProblemsHandler),
]
