"""The form of what is stored, as one number, and the ordered steps from each number to the next.

The number stands in the document `schema` of the collection `meta`. A program that needs no step leaves it
alone: a new field has a default, so that documents written before it can be read. A step is for what defaults
cannot say; it runs once, in order, under a lease, and must bear being cut short and run again. Programs of an
older version may be running meanwhile: first add, then move, and remove with a later version.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field

from models.clock import Now
from models.leases import LEASES, Leases
from models.store import TRANSLATED, Collection, Database, Store

SCHEMA = "schema"
RESTORE = "restore"
LEASE = "migration"
LASTING = timedelta(minutes=30)


class Mark(Struct, frozen=True, kw_only=True):
    """A note on the database as a whole: its form's number, or a restore that is not complete."""

    id: str = field(name="_id")
    version: int = 0
    changed: datetime


class Migration(Struct, frozen=True):
    """The step to a version: Chinese words for the operator, what it would do, and the doing."""

    version: int
    words: str
    plan: Callable[[Database], Awaitable[list[str]]]
    apply: Callable[[Database], Awaitable[None]]


class MigrationRunning(Exception):
    """Another process holds the lease of migrations, or took it over from this one."""


async def _plan_nothing(_: Database) -> list[str]:
    return []


async def _do_nothing(_: Database) -> None:
    return None


META = Collection("meta", Mark)
MIGRATIONS = (Migration(1, "登记数据结构的版本号，数据本身不变", _plan_nothing, _do_nothing),)
VERSION = MIGRATIONS[-1].version
OWN = frozenset({META.name, LEASES.name})


class Schema:
    """The number of one database."""

    def __init__(self, database: Database, now: Now) -> None:
        self._database = database
        self._marks = Store(database, META)
        self._now = now

    async def find_version(self) -> int | None:
        """Return the number, 0 for documents from before there was one, None for an empty database."""
        mark = await self._marks.find(SCHEMA)
        if mark is not None:
            return mark.version
        return None if await is_empty(self._database) else 0

    async def is_restoring(self) -> bool:
        """Say whether a restore into this database has begun and not ended."""
        return await self._marks.find(RESTORE) is not None

    async def begin_restore(self) -> None:
        """Note that what is here is not complete."""
        await self._marks.put(Mark(id=RESTORE, changed=self._now()))

    async def end_restore(self) -> None:
        """Note that everything is here."""
        await self._marks.delete({"_id": RESTORE})

    async def stamp(self, version: int) -> None:
        """Write the number."""
        await self._marks.put(Mark(id=SCHEMA, version=version, changed=self._now()))


async def is_empty(database: Database) -> bool:
    """Say whether a database holds no document of the program's, notes on itself apart."""
    with TRANSLATED:
        for name in await database.list_collection_names():
            if name not in OWN and not name.startswith("system."):
                document = await database[name].find_one({})
                if document is not None:
                    return False
    return True


async def migrate(
    database: Database, holder: str, now: Now, migrations: Sequence[Migration] = MIGRATIONS
) -> list[int]:
    """Do the steps that are due and return their versions; MigrationRunning if another is at it."""
    leases = Leases(Store(database, LEASES), now)
    schema = Schema(database, now)
    done = []
    await _hold(leases, holder)
    for migration in await due(database, now, migrations):
        await _hold(leases, holder)
        await migration.apply(database)
        await schema.stamp(migration.version)
        done.append(migration.version)
    await leases.give_up(LEASE, holder)
    return done


async def due(database: Database, now: Now, migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """Return the steps that a database has not had; an empty one has had none."""
    version = await Schema(database, now).find_version()
    return [migration for migration in migrations if migration.version > (version or 0)]


async def _hold(leases: Leases, holder: str) -> None:
    if not await leases.take(LEASE, holder, LASTING):
        raise MigrationRunning
