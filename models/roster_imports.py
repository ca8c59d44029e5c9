"""Imports of rosters as officers begin them, and as workers carry them through, chunk by chunk.

First every row is checked and nothing stored; the officer sees what would become of each, and lets it run or
not. Both go on in the background, with progress, in memory bounded by the file's size; a worker that dies
leaves the import to the next, under a lease, at the chunk where it was. The audit holds whose import it was,
and the file by its hash, before anything is stored.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from msgspec import Struct, field

from models.appointments import Appointments
from models.audit import OPERATOR, Audit, Fact
from models.errors import Refusal
from models.ids import new_id
from models.leases import Leases
from models.member_lists import OFFICERS, NoSuchOrganisation
from models.organisations import Organisation, Organisations
from models.records import Record, TableTooLarge
from models.roster_jobs import CHUNK, ENDED, ImportJob, ImportNotReady, Jobs, NoSuchImport, Problem
from models.roster_rows import COLUMNS, RosterRow, Unions, read_row
from models.rosters import Outcomes, Rosters
from models.table_rows import Rejected, WrongHeading
from models.tables import CONTENT_BYTES, plain, read_records

ROWS = 120_000
LEASE = timedelta(minutes=1)
SHOWN_CHUNKS = 2_000
RECENT = 10
BATCH = 10


class Reading(Struct):
    """A file while it is read: where its columns are, and which documents it had."""

    records: Iterator[Record]
    unions: Unions
    today: date
    heading: Record | None = None
    columns: list[str | None] = field(default_factory=list)
    seen: dict[bytes, int] = field(default_factory=dict)
    count: int = 0

    def read(self, size: int) -> tuple[int, list[RosterRow], Outcomes]:
        """Read the next records: how many there were, the rows to take, and what became of the others.

        UnreadableTable, TableTooLarge, WrongHeading.
        """
        rows: list[RosterRow] = []
        outcomes = Outcomes(Counter(), [])
        taken = 0
        for record in islice(self.records, size):
            taken += 1
            if not record.cells:
                outcomes.counts["blank"] += record.last - record.first + 1
            elif self.heading is None:
                self.heading, self.columns = record, COLUMNS.read_heading(record.cells)
            else:
                self._take(record, rows, outcomes)
        return taken, rows, outcomes

    def _take(self, record: Record, rows: list[RosterRow], outcomes: Outcomes) -> None:
        self.count += 1
        if self.count > ROWS:
            raise TableTooLarge(f"超过 {ROWS} 行，请分成几个文件导入", limit=ROWS)
        try:
            row = read_row(
                record.first, COLUMNS.read_row(record.cells, self.columns), self.unions, self.today
            )
        except Rejected as why:
            outcomes.add(record.first, "rejected", why.column, str(why))
            return
        key = hashlib.sha256(row.document.encode()).digest()[:12]
        first = self.seen.setdefault(key, record.first)
        if first != record.first:
            outcomes.add(record.first, "duplicate", "证件号码", f"与第{first}行是同一个证件")
            return
        rows.append(row)

    def ignored(self) -> tuple[str, ...]:
        """Return the headings that mean nothing here; WrongHeading for a file without any."""
        if self.heading is None:
            raise WrongHeading("文件是空的", missing=list(COLUMNS.needed), found=[])
        cells = zip(self.heading.cells, self.columns, strict=True)
        return tuple(plain(cell)[:40] for cell, column in cells if cell.strip() and not column)


class RosterImports:
    """Begins imports, shows them, and carries them through."""

    def __init__(
        self,
        jobs: Jobs,
        rosters: Rosters,
        organisations: Organisations,
        appointments: Appointments,
        audit: Audit,
        leases: Leases,
    ) -> None:
        self._jobs = jobs
        self._rosters = rosters
        self._organisations = organisations
        self._appointments = appointments
        self._audit = audit
        self._leases = leases
        self._holder = new_id()
        self._chunk = CHUNK

    async def begin(
        self, officer: str, content: bytes, organisation: str | None, *, updates: bool
    ) -> ImportJob:
        """Take a file and let it be checked; NotStaff, NoSuchOrganisation, TableTooLarge."""
        within = {one.id for one in self._list_within(officer)}
        if organisation is not None and organisation not in within:
            raise NoSuchOrganisation
        if len(content) > CONTENT_BYTES:
            raise TableTooLarge(limit=CONTENT_BYTES)
        at = self._jobs.now()
        job = ImportJob(
            id=new_id(),
            officer=officer,
            organisation=organisation,
            updates=updates,
            content=hashlib.sha256(content).hexdigest(),
            parts=0,
            bytes_=len(content),
            state="receiving",
            begun=at,
            changed=at,
        )
        return await self._jobs.begin(job, content)

    async def get(self, officer: str, job: str) -> ImportJob:
        """Return an import of the officer's; NotStaff, NoSuchImport."""
        self._admit(officer)
        found = await self._jobs.get(job)
        if found.officer != officer:
            raise NoSuchImport
        return found

    async def list_recent(self, officer: str) -> list[ImportJob]:
        """Return the officer's last imports; NotStaff."""
        self._admit(officer)
        return await self._jobs.list_recent(officer, RECENT)

    async def list_problems(self, officer: str, job: str, most: int) -> list[Problem]:
        """Return the first problems of an import; NotStaff, NoSuchImport."""
        found = await self.get(officer, job)
        return (await self._jobs.list_problems(found, SHOWN_CHUNKS))[:most]

    async def run(self, officer: str, job: str) -> ImportJob:
        """Let a checked import run; what runs or ran is returned. NoSuchImport, ImportNotReady."""
        found = await self.get(officer, job)
        if found.state in ("running", "done"):
            return found
        if found.state != "checked":
            raise ImportNotReady(state=found.state)
        await self._audit.record(fact_of(found), f"import:{found.id}")
        begun = await self._jobs.let_work(found, state="running", started=self._jobs.now(), done=0, counts={})
        return begun or await self.get(officer, job)

    async def cancel(self, officer: str, job: str) -> ImportJob:
        """End an import that does not run, and erase its file; NoSuchImport, ImportNotReady."""
        found = await self.get(officer, job)
        if found.state in ENDED:
            return found
        if found.state == "running":
            raise ImportNotReady(state=found.state)
        return await self._jobs.end(found, "cancelled") or await self.get(officer, job)

    async def work(self) -> None:
        """Go on with every import that has something to do."""
        while jobs := [job for job in await self._jobs.list_working(BATCH) if await self._hold(job)]:
            for job in jobs:
                await self._go_on(job)
                await self._leases.give_up(_lease(job), self._holder)

    async def _go_on(self, job: ImportJob) -> None:
        if job.state in ENDED:
            await self._jobs.erase(job)
            return
        try:
            await self._carry(job)
        except Refusal as refusal:
            if refusal.code == "engine_unavailable":
                raise
            latest = await self._jobs.get(job.id)
            await self._jobs.end(latest, "failed", error=refusal.code, error_words=str(refusal))

    async def _carry(self, job: ImportJob) -> None:
        """Take an import from the chunk where it is to the end of its file."""
        unions = self._list_within(job.officer)
        within = frozenset(one.id for one in unions)
        content = await self._jobs.read_file(job)
        reading = Reading(read_records(content), Unions(unions, job.organisation), job.today)
        passed = 0
        while passed < job.done:
            taken, _, _ = await asyncio.to_thread(reading.read, min(self._chunk, job.done - passed))
            passed += taken
        current: ImportJob | None = job
        while current is not None:
            current = await self._take_chunk(current, reading, within)

    async def _take_chunk(self, job: ImportJob, reading: Reading, within: frozenset[str]) -> ImportJob | None:
        """Deal with the next rows; None when there are none, or another has come further."""
        taken, rows, outcomes = await asyncio.to_thread(reading.read, self._chunk)
        if not taken:
            await self._finish(job, reading)
            return None
        found = await self._rosters.take(job, rows, within)
        counts = Counter(job.counts) + outcomes.counts + found.counts
        problems = sorted((*outcomes.problems, *found.problems), key=lambda one: one.row)
        if problems:
            await self._jobs.put_problems(job, problems)
        if not await self._hold(job):
            return None
        return await self._jobs.change(
            job, done=job.done + taken, counts=dict(counts), rows=max(job.rows, reading.count)
        )

    async def _finish(self, job: ImportJob, reading: Reading) -> None:
        told = {"ignored": reading.ignored(), "heading_row": reading.heading.first if reading.heading else 0}
        if job.state == "running":
            await self._jobs.forget_check(job)
            await self._jobs.end(job, "done", **told)
        else:
            await self._jobs.change(job, state="checked", working=None, **told)

    async def _hold(self, job: ImportJob) -> bool:
        return await self._leases.take(_lease(job), self._holder, LEASE)

    def _admit(self, officer: str) -> None:
        """Let an officer pass, and whoever has a shell; NotStaff."""
        if officer != OPERATOR:
            self._appointments.get(officer, OFFICERS)

    def _list_within(self, officer: str) -> list[Organisation]:
        if officer == OPERATOR:
            return self._organisations.list_known()
        places = self._appointments.list_places(officer, OFFICERS)
        found = {one.id: one for place in places for one in self._organisations.list_within(place)}
        return list(found.values())


def _lease(job: ImportJob) -> str:
    return f"import:{job.id}"


def fact_of(job: ImportJob) -> Fact:
    """Return what the audit holds of an import: whose, and the file by its hash."""
    return Fact(
        actor=job.officer,
        action="member_import",
        kind="list",
        object=job.content,
        details={"import": job.id, "rows": str(job.rows), "updates": str(job.updates).lower()},
    )
