"""Imports of rosters while they go on: the file, sealed and in parts, and how far it has come.

The file lies in the database, sealed, until the import ends, in whatever way; then its parts are removed. It
is never written to a disk in the open. `done` counts the records that were dealt with: whoever goes on after
a crash begins behind them. What is wrong with rows is kept by number and column, without what they said.
"""

import zlib
from datetime import date, datetime, timedelta
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.clock import LOCAL, Now
from models.errors import Conflict, Missing
from models.filters import Index
from models.ids import new_id
from models.signals import Signals
from models.store import Collection, Store
from models.vault import Vault

IMPORTS_DUE = "roster_imports"
CHUNK = 500
"""So many rows are dealt with at a time."""
CHUNK_APART = timedelta(milliseconds=1)
PART_BYTES = 192 * 1024
KEPT = timedelta(days=30)
UNCONFIRMED_KEPT = timedelta(days=1)

JobState = Literal["receiving", "checking", "checked", "running", "done", "failed", "cancelled"]
Outcome = Literal[
    "created",
    "unchanged",
    "updated",
    "differs",
    "elsewhere",
    "has_membership",
    "duplicate",
    "rejected",
    "blank",
]
WORKING: frozenset[JobState] = frozenset({"checking", "running"})
ENDED: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})


class NoSuchImport(Missing):
    """There is no such import, or it is another officer's."""

    code = "import_not_found"
    message = "没有这次导入"


class ImportNotReady(Conflict):
    """The import is not checked, or is over; `details.state` says which."""

    code = "import_not_ready"
    message = "这次导入还在检查，或已经结束"


class ImportJob(Struct, frozen=True, kw_only=True):
    """One import: whose, of which file by its hash, and how far it has come.

    `working` is present while a worker has something to do. `started` is when it was let run: its day is the
    import's, for however long it runs and whoever finishes it.
    """

    id: str = field(name="_id")
    officer: str
    organisation: str | None = None
    updates: bool = False
    content: str
    parts: int
    bytes_: int = field(name="bytes")
    state: JobState
    rows: int = 0
    done: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    heading_row: int = 0
    ignored: tuple[str, ...] = ()
    error: str | None = None
    error_words: str | None = None
    begun: datetime
    started: datetime | None = None
    changed: datetime
    working: str | None = None
    has_file: bool = True

    @property
    def today(self) -> date:
        """The local day of the import; while it is checked, the one on which it was begun."""
        return (self.started or self.begun).astimezone(LOCAL).date()

    @property
    def entered(self) -> datetime:
        """When the next chunk's rows are entered: made from the import alone, the same again after a crash.

        Later chunks are later by their place, so that not all of a city has one moment.
        """
        return (self.started or self.begun) + self.done // CHUNK * CHUNK_APART


class Part(Struct, frozen=True, kw_only=True):
    """A part of a file, compressed and sealed."""

    id: str = field(name="_id")
    job: str
    content: bytes


class Problem(Struct, frozen=True):
    """What is to be said of a row."""

    row: int
    outcome: Outcome
    column: str
    reason: str


class ProblemSheet(Struct, frozen=True, kw_only=True):
    """The problems of one chunk of rows, in one phase of the import."""

    id: str = field(name="_id")
    job: str
    order: int
    problems: dict[str, Problem] = field(default_factory=dict)


IMPORT_JOBS = Collection(
    "roster_imports", ImportJob, (Index(("officer", "begun")), Index(("working",)), Index(("changed",)))
)
IMPORT_PARTS = Collection("roster_parts", Part, (Index(("job",)),))
IMPORT_PROBLEMS = Collection("roster_problems", ProblemSheet, (Index(("job", "order")),))


class Jobs:
    """Keeps imports."""

    def __init__(
        self,
        store: Store[ImportJob],
        parts: Store[Part],
        problems: Store[ProblemSheet],
        vault: Vault,
        signals: Signals,
        now: Now,
    ) -> None:
        self._store = store
        self._parts = parts
        self._problems = problems
        self._vault = vault
        self._signals = signals
        self.now = now

    async def begin(self, job: ImportJob, content: bytes) -> ImportJob:
        """Keep a file, sealed, and let a worker check it."""
        packed = zlib.compress(content, 1)
        pieces = [packed[start : start + PART_BYTES] for start in range(0, len(packed), PART_BYTES)]
        job = replace(job, parts=len(pieces), state="receiving")
        await self._store.insert(job)
        for number, piece in enumerate(pieces):
            name = f"{job.id}:{number:04}"
            sealed = self._vault.seal_bytes("roster_parts", name, "content", piece)
            await self._parts.insert(Part(id=name, job=job.id, content=sealed))
        return await self.let_work(job, state="checking") or job

    async def read_file(self, job: ImportJob) -> bytes:
        """Return the file of an import that goes on."""
        names = [f"{job.id}:{number:04}" for number in range(job.parts)]
        pieces = []
        for name in names:
            part = await self._parts.find(name)
            if part is None:
                raise NoSuchImport
            pieces.append(self._vault.open_bytes("roster_parts", name, "content", part.content))
        return zlib.decompress(b"".join(pieces))

    async def get(self, job: str) -> ImportJob:
        """Return an import; NoSuchImport."""
        found = await self._store.find(job)
        if found is None:
            raise NoSuchImport
        return found

    async def list_recent(self, officer: str, limit: int) -> list[ImportJob]:
        """Return an officer's imports, the last first."""
        return await self._store.list_({"officer": officer}, sort="-begun", limit=limit)

    async def list_working(self, limit: int) -> list[ImportJob]:
        """Return imports that a worker has to go on with."""
        return await self._store.list_({"working": {"$gt": ""}}, limit=limit)

    async def change(self, job: ImportJob, **values: object) -> ImportJob | None:
        """Take an import on, unless it has come further meanwhile: then None."""
        seen = {"_id": job.id, "state": job.state, "done": job.done}
        return await self._store.change(seen, {**values, "changed": self.now()})

    async def let_work(self, job: ImportJob, **values: object) -> ImportJob | None:
        """Take an import on as `change` does, to where a worker has something to do."""
        changed = await self.change(job, working=new_id(), **values)
        await self._signals.send(IMPORTS_DUE)
        return changed

    async def end(self, job: ImportJob, state: JobState, **values: object) -> ImportJob | None:
        """End an import and erase its file; twice is once."""
        ended = await self.change(job, state=state, working=new_id(), **values)
        return await self.erase(ended) if ended else None

    async def erase(self, job: ImportJob) -> ImportJob | None:
        """Remove the file of an import that is over."""
        await self._parts.delete({"job": job.id})
        seen = {"_id": job.id, "state": job.state}
        return await self._store.change(seen, {"has_file": False}, without=("working",))

    async def put_problems(self, job: ImportJob, problems: list[Problem]) -> None:
        """Keep what is to be said of the rows behind `done`; the same chunk again takes its own place."""
        order = job.done + (0 if job.state == "checking" else 1 << 24)
        kept = {f"{one.row:07}:{place}": one for place, one in enumerate(problems)}
        await self._problems.put(
            ProblemSheet(id=f"{job.id}:{order:09}", job=job.id, order=order, problems=kept)
        )

    async def forget_check(self, job: ImportJob) -> None:
        """Remove what the check said: the run says it again, of what it finds."""
        await self._problems.delete({"job": job.id, "order": {"$lt": 1 << 24}})

    async def list_problems(self, job: ImportJob, limit: int = 0) -> list[Problem]:
        """Return what is to be said of rows, in order, of so many chunks at most (all for 0)."""
        sheets = await self._problems.list_({"job": job.id}, sort="order", limit=limit)
        return [one for sheet in sheets for _, one in sorted(sheet.problems.items())]

    async def forget_old(self) -> None:
        """Remove imports that are long over, and the files of those that nobody confirmed."""
        at = self.now()
        for job in await self._store.list_({"changed": {"$lt": at - UNCONFIRMED_KEPT}}, sort="changed"):
            if job.state not in ENDED and job.state not in WORKING:
                await self.end(job, "cancelled")
            elif job.changed < at - KEPT:
                await self._problems.delete({"job": job.id})
                await self._parts.delete({"job": job.id})
                await self._store.delete({"_id": job.id})
