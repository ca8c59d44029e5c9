"""Background work: mirrors are refreshed, signals heard, the audit sealed, and what is over is removed.

Every step may run twice or not at all for an hour; a dead engine only makes it late. Work is never cancelled
in the middle of a driver call, after which PyMongo 4.20 may hang for ever: `stop` lets each step end.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from models.claims import CLAIMS_DUE
from models.memberships import MEMBERSHIPS_CHANGED
from models.messages import MESSAGES_DUE, Sender
from models.pushes import PUSHES_DUE
from models.roster_jobs import IMPORTS_DUE
from models.station_ratings import RATINGS_DUE
from models.station_tickets import TICKETS_DUE
from models.store import EngineUnavailable
from server.app import World
from server.folder import CannotStart

POLL_SECONDS = 1.0
# What a signal announces is looked for this often besides, should one get lost.
DUE_SECONDS = 3.0
SWEEP_SECONDS = 3600.0
AUDIT_SECONDS = 5.0
VISITS_SECONDS = 5.0
COUNTS_SECONDS = 300.0
REPORTS_SECONDS = 60.0

log = logging.getLogger("union.workers")


class Workers:
    """The background tasks of one process."""

    def __init__(self, world: World, sender: Sender, check: Callable[[], Awaitable[None]]) -> None:
        """`check` raises CannotStart for a database that this program must not touch."""
        self._world = world
        self._sender = sender
        self._check = check
        self._tasks: list[asyncio.Task[None]] = []
        self._hearing: asyncio.Task[None] | None = None
        self._wakes: list[asyncio.Event] = []
        self._stopping = False

    def start(self) -> None:
        """Begin: prepare the database first, then poll."""
        self._tasks.append(asyncio.create_task(self._run()))
        self._hearing = asyncio.create_task(self._world.signals.run())

    async def prepare(self) -> None:
        """Make the indexes and load the mirrors; EngineUnavailable if the documents are not there.

        CannotStart if the documents have a form that is not this program's.
        """
        await self._check()
        for store in self._world.stores:
            await store.create_indexes()
        for mirror in self._world.mirrors.values():
            await mirror.refresh()

    async def stop(self) -> None:
        """End the tasks once what each is doing is done."""
        self._stopping = True
        for wake in self._wakes:
            wake.set()
        if self._hearing:
            self._hearing.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self) -> None:
        """Wait for ever; CannotStart if the documents, once they answer, are not for this program."""
        running = self._tasks[0]
        await asyncio.wait({running})
        running.result()
        await asyncio.Event().wait()

    async def try_to_prepare(self) -> None:
        """Prepare, or leave it to the background while the documents are not there."""
        await _attempt("prepare", self.prepare)

    async def _run(self) -> None:
        await self._repeat("prepare", self.prepare, POLL_SECONDS, once=True)
        if self._stopping:
            return
        world = self._world
        steps = [self._repeat(word, mirror.refresh, POLL_SECONDS) for word, mirror in world.mirrors.items()]
        steps.append(self._repeat("views", world.board.work, POLL_SECONDS))
        steps.append(self._repeat(PUSHES_DUE, world.pushes.work, DUE_SECONDS))
        steps.append(self._repeat(MESSAGES_DUE, lambda: world.messages.work(self._sender), DUE_SECONDS))
        steps.append(self._repeat("visits", world.visits.evidence.work, VISITS_SECONDS))
        steps.append(self._repeat("visit-counts", world.visits.counts.work, COUNTS_SECONDS))
        steps.append(self._repeat("station-reports", world.visits.reports.work, REPORTS_SECONDS))
        steps.append(self._repeat(RATINGS_DUE, world.visits.ratings.work, DUE_SECONDS))
        tickets, notices = world.visits.tickets, world.station_notices
        steps.append(self._repeat(TICKETS_DUE, lambda: tickets.work(notices.tell), REPORTS_SECONDS))
        effects = world.membership_book.effects
        steps.append(self._repeat(MEMBERSHIPS_CHANGED, effects.work, DUE_SECONDS))
        steps.append(self._repeat("erasures", world.privacy.erasures.work, AUDIT_SECONDS))
        steps.append(self._repeat("withdrawals", world.privacy.withdrawals.work, AUDIT_SECONDS))
        steps.append(self._repeat("corrections", world.privacy.corrections.work, AUDIT_SECONDS))
        steps.append(self._repeat("reorganisations", world.trees.reorganisations.finish, DUE_SECONDS))
        steps.append(self._repeat("contacts", self._complete_contacts, AUDIT_SECONDS, once=True))
        steps.append(self._repeat("audit", world.auditing.work, AUDIT_SECONDS))
        steps.append(self._repeat("retention", world.privacy.retention.run, SWEEP_SECONDS))
        steps.append(self._repeat(CLAIMS_DUE, world.claiming.work, DUE_SECONDS))
        steps.append(self._repeat(IMPORTS_DUE, world.rosters.imports.work, DUE_SECONDS))
        sweeps = (
            world.trees.reorganisations.repair_paths,
            world.membership_book.stranded.work,
            world.claiming.reviews.forget_old,
            world.rosters.jobs.forget_old,
            world.visits.report_photos.forget_old,
            world.visits.photos.settle_old,
        )
        steps += [self._repeat("sweep", sweep, SWEEP_SECONDS) for sweep in sweeps]
        self._tasks += [asyncio.create_task(step) for step in steps]

    async def _complete_contacts(self) -> None:
        known = self._world.organisations.list_known()
        await self._world.trees.contacts.complete([one.id for one in known])

    async def _repeat(
        self, word: str, work: Callable[[], Awaitable[None]], seconds: float, *, once: bool = False
    ) -> None:
        """Do some work every so often, on a signal sooner; with `once` until it has succeeded."""
        wake = asyncio.Event()
        self._wakes.append(wake)
        self._world.signals.listen(word, wake.set)
        while not self._stopping:
            if await _attempt(word, work) and once:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), seconds)
            if not self._stopping:
                wake.clear()


async def _attempt(name: str, work: Callable[[], Awaitable[None]]) -> bool:
    """Do one piece of work; what fails is logged and left for the next time, but CannotStart is raised."""
    try:
        await work()
    except EngineUnavailable:
        log.warning("work_postponed", extra={"work": name})
        return False
    except CannotStart:
        raise
    except Exception:  # A worker outlives a bug in one round: the others' work must not stop with it.
        log.exception("work_failed", extra={"work": name})
        return False
    return True
