"""The running system as its administrator sees it: what answers, what waits, what this process has counted.

Nothing here names a person. The numbers of one process are told as such: another one may have others.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct

from models.appointments import Appointments, Role
from models.audit_blocks import AuditBlocks
from models.messages import Messages
from models.pushes import Pushes

SYSTEM_ADMINISTRATORS: frozenset[Role] = frozenset({"system_admin"})
DOCUMENTS = "documents"

EngineName = Literal["documents", "cache", "wechat"]
EngineKind = Literal["embedded", "configured", "simulated"]


class Engine(Struct, frozen=True, kw_only=True):
    """Something that the service stands on, whether it answers, and what it refuses, if that is known."""

    name: EngineName
    kind: EngineKind
    answers: bool
    problem: str | None = None


class Timing(Struct, frozen=True, kw_only=True):
    """How often something was done since the process began, how often it failed, and how long it took.

    `within` is a bound in seconds that 99 of 100 kept, None when there were none or they were slower than
    all bounds.
    """

    count: int
    failed: int
    mean_seconds: float
    within: float | None


class Running(Struct, frozen=True, kw_only=True):
    """What one process says of itself.

    `mirrors` are the ages of its pictures of the database in seconds, None for one that was never loaded;
    `events` are the warnings and errors of its log by name.
    """

    version: str
    schema: int
    index: int
    processes: int
    pid: int
    uptime_seconds: float
    missing: list[str]
    engines: tuple[Engine, ...]
    engine_restarts: int
    mirrors: Mapping[str, float | None]
    requests: Timing
    engine_calls: Timing
    wechat_calls: Timing
    loop_lag: Timing
    events: Mapping[str, int]


class Queues(Struct, frozen=True):
    """What is due and not worked yet, in the whole system: pushes, messages, entries of the audit to seal."""

    pushes: int
    messages: int
    entries: int


class Watch(Protocol):
    """Watches one process from inside."""

    async def missing(self) -> list[str]:
        """Return the names of what requests stand on and is not there."""

    async def look(self) -> Running:
        """Return how the process is."""


class SystemDesk:
    """What the system administrator sees; NotStaff for everybody else."""

    def __init__(
        self,
        watch: Watch,
        pushes: Pushes,
        messages: Messages,
        blocks: AuditBlocks,
        appointments: Appointments,
    ) -> None:
        self._watch = watch
        self._pushes = pushes
        self._messages = messages
        self._blocks = blocks
        self._appointments = appointments

    async def look(self, administrator: str) -> tuple[Running, Queues | None]:
        """Return how this process is and what waits, None for that while the documents do not answer."""
        self._appointments.get(administrator, SYSTEM_ADMINISTRATORS)
        running = await self._watch.look()
        if DOCUMENTS in running.missing:
            return running, None
        return running, Queues(
            await self._pushes.count_due(),
            await self._messages.count_due(),
            await self._blocks.count_unsealed(),
        )
