"""The number of the stored documents' form: stamped, refused, brought up once, in order, under a lease."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.leases import LEASES, Leases
from models.migrations import (
    LASTING,
    LEASE,
    META,
    MIGRATIONS,
    VERSION,
    Migration,
    MigrationRunning,
    Schema,
    due,
    is_empty,
    migrate,
)
from models.store import Database, Store
from server.engines import Engines
from server.schema import RestoreUnfinished, SchemaNewer, SchemaOlder, check_schema

AT = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)


def now() -> datetime:
    return AT


@pytest.fixture
async def fresh(engines: Engines) -> AsyncIterator[Database]:
    name = f"test_{secrets.token_hex(6)}"
    yield engines.documents[name]
    await engines.documents.drop_database(name)


class Steps:
    """Migrations that note what they did; one of them can fail in the middle."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.failing: int | None = None

    def make(self, *versions: int) -> tuple[Migration, ...]:
        return tuple(self._step(version) for version in versions)

    def _step(self, version: int) -> Migration:
        async def plan(database: Database) -> list[str]:
            return [f"改 {await database['people'].count_documents({})} 条"]

        async def apply(database: Database) -> None:
            if version == self.failing:
                raise ConnectionError
            self.done.append(version)

        return Migration(version, f"第 {version} 步", plan, apply)


async def test_empty_database_is_stamped_with_the_program_s_own_number(fresh: Database) -> None:
    await check_schema(fresh, now)
    assert await Schema(fresh, now).find_version() == VERSION
    assert await due(fresh, now) == []
    await check_schema(fresh, now)


async def test_later_number_is_refused(fresh: Database) -> None:
    await Schema(fresh, now).stamp(VERSION + 1)
    with pytest.raises(SchemaNewer, match=f"版本是 {VERSION + 1}，本程序只认识到 {VERSION}"):
        await check_schema(fresh, now)


async def test_documents_from_before_there_was_a_number_are_sent_to_the_migration_which_stamps_them(
    fresh: Database,
) -> None:
    await fresh["people"].insert_one({"_id": "P1"})
    with pytest.raises(SchemaOlder, match="scripts/migrate"):
        await check_schema(fresh, now)
    assert await migrate(fresh, "a", now) == [VERSION]
    await check_schema(fresh, now)
    assert await fresh["people"].find_one({"_id": "P1"}) == {"_id": "P1"}


async def test_database_in_the_middle_of_a_restore_is_refused(fresh: Database) -> None:
    schema = Schema(fresh, now)
    await schema.stamp(VERSION)
    await schema.begin_restore()
    with pytest.raises(RestoreUnfinished, match="scripts/restore"):
        await check_schema(fresh, now)
    await schema.end_restore()
    await check_schema(fresh, now)


async def test_notes_and_leases_alone_leave_a_database_empty(fresh: Database) -> None:
    await Schema(fresh, now).stamp(1)
    await Leases(Store(fresh, LEASES), now).take("seal", "a", LASTING)
    assert await is_empty(fresh)
    await fresh["stations"].insert_one({"_id": "S1"})
    assert not await is_empty(fresh)


async def test_steps_are_done_in_order_and_once(fresh: Database) -> None:
    await fresh["people"].insert_one({"_id": "P1"})
    steps = Steps()
    assert await migrate(fresh, "a", now, steps.make(1, 2)) == [1, 2]
    assert await migrate(fresh, "a", now, steps.make(1, 2, 3)) == [3]
    assert await migrate(fresh, "a", now, steps.make(1, 2, 3)) == []
    assert steps.done == [1, 2, 3]
    assert await Schema(fresh, now).find_version() == 3


async def test_step_that_fails_is_the_first_one_of_the_next_run(fresh: Database) -> None:
    steps = Steps()
    steps.failing = 2
    with pytest.raises(ConnectionError):
        await migrate(fresh, "a", now, steps.make(1, 2, 3))
    assert await Schema(fresh, now).find_version() == 1
    steps.failing = None
    assert await migrate(fresh, "a", now, steps.make(1, 2, 3)) == [2, 3]


async def test_only_one_of_many_migrates(fresh: Database) -> None:
    await fresh["people"].insert_one({"_id": "P1"})
    steps = Steps()
    runs = (migrate(fresh, f"process-{number}", now, steps.make(1, 2)) for number in range(8))
    results = await asyncio.gather(*runs, return_exceptions=True)
    refused = [result for result in results if isinstance(result, MigrationRunning)]
    assert [result for result in results if not isinstance(result, MigrationRunning) and result] == [[1, 2]]
    assert len(refused) + sum(result == [] for result in results) == 7
    assert steps.done == [1, 2]


async def test_migration_of_a_dead_process_is_taken_over_when_its_lease_is_over(fresh: Database) -> None:
    await Leases(Store(fresh, LEASES), now).take(LEASE, "dead", LASTING)
    with pytest.raises(MigrationRunning):
        await migrate(fresh, "b", now, Steps().make(1))
    later = AT + LASTING + timedelta(seconds=1)
    assert await migrate(fresh, "b", lambda: later, Steps().make(1)) == [1]


async def test_lease_that_was_given_up_is_free_and_a_lost_one_stays_with_its_holder(fresh: Database) -> None:
    leases = Leases(Store(fresh, LEASES), now)
    assert await leases.take("work", "a", LASTING)
    await leases.give_up("work", "b")
    assert not await leases.take("work", "b", LASTING)
    await leases.give_up("work", "a")
    assert await leases.take("work", "b", LASTING)


def test_versions_are_numbered_without_a_gap() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, VERSION + 1))
    assert META.name == "meta"


async def test_plan_reads_and_changes_nothing(fresh: Database) -> None:
    await fresh["people"].insert_one({"_id": "P1"})
    before: Any = sorted(await fresh.list_collection_names())
    [step] = await due(fresh, now, Steps().make(1))
    assert await step.plan(fresh) == ["改 1 条"]
    assert await due(fresh, now) == list(MIGRATIONS)
    assert await MIGRATIONS[0].plan(fresh) == []
    assert sorted(await fresh.list_collection_names()) == before
