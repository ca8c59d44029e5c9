"""Batches of scans under `kill -9`: sent again, each scan has one result; none is lost, none is doubled."""

import asyncio
import os
import signal
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from models.scan_batches import LARGEST_BATCH
from models.scans import SCANS
from tests.server.conftest import URI
from tests.server.demos import Environment, Scanner, running
from tests.server.test_engines import until

pytestmark = pytest.mark.engines

SENDERS = 4

Items = list[dict[str, Any]]


class BatchScanner:
    """Staff who send the largest batches, and remember what they sent and what was answered first."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.sent: list[list[str]] = []
        self.answers: dict[int, Items] = {}

    def make_batch(self) -> int:
        """The number of a new batch."""
        self.sent.append([self.scanner.make_scan() for _ in range(LARGEST_BATCH)])
        return len(self.sent) - 1

    async def send(self, number: int) -> Items:
        """Send a batch, perhaps again."""
        scans = [self.scanner.sent[name] for name in self.sent[number]]
        http, token = self.scanner.server.http, self.scanner.staff
        reply = await http("POST", "/api/v1/scans/batch", {"scans": scans}, token=token)
        assert reply.status == 200, reply.body
        items: Items = reply.json["items"]
        self.answers.setdefault(number, items)
        return items

    async def send_until_cut_off(self) -> None:
        with suppress(OSError, HTTPClientError):
            while True:
                await self.send(self.make_batch())

    async def expect_all_kept(self) -> None:
        """Every scan of every batch has its one result, and the one that was given for it before."""
        acknowledged = dict(self.answers)
        for number, names in enumerate(self.sent):
            first, again = await self.send(number), await self.send(number)
            assert [item["scanId"] for item in first] == names
            assert {item["status"] for item in first} == {"stored"}
            assert {item["scan"]["outcome"] for item in first} == {"accepted"}
            assert first == again == acknowledged.get(number, first)
        assert await self.scanner.count_shown() == sum(map(len, self.sent))


def count_in_files(environment: Environment) -> int:
    """How many scans the embedded engine has committed, read beside it from its files."""
    folder = Path(environment["DATA_DIR"]) / "engine" / "documents"
    file = folder / f"{environment['MONGODB_DATABASE']}.db"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        (count,) = database.execute(f'SELECT count(*) FROM "{SCANS.name}"').fetchone()
    return int(count)


def kill_once_more_are_stored(environment: Environment, count: int, *processes: int) -> None:
    """Kill processes the moment that the engine has committed more scans than `count`."""
    while count_in_files(environment) <= count:
        pass
    for process in processes:
        os.kill(process, signal.SIGKILL)


async def test_batches_that_a_killed_server_left_unanswered_are_whole_once_they_are_sent_again(
    environment: Environment, client: AsyncHTTPClient
) -> None:
    async with running(environment, client) as server:
        batches = BatchScanner(await Scanner.log_in(server))
        senders = [asyncio.create_task(batches.send_until_cut_off()) for _ in range(SENDERS)]
        await until(lambda: bool(batches.answers), seconds=30)
        server.process.kill()
        await asyncio.gather(*senders)
        assert 0 < len(batches.answers) < len(batches.sent)
    async with running(environment, client) as server:
        batches.scanner.server = server
        await batches.expect_all_kept()


@pytest.mark.skipif(bool(URI), reason="the engine at MONGODB_URI is no child of the server")
async def test_a_batch_that_was_stored_as_the_engine_died_is_the_same_once_it_is_sent_again(
    environment: Environment, client: AsyncHTTPClient
) -> None:
    async with running(environment, client) as server:
        batches = BatchScanner(await Scanner.log_in(server))
        await batches.send(batches.make_batch())
        engine = server.engine
        assert engine is not None
        cut_off = asyncio.create_task(batches.send(batches.make_batch()))
        await asyncio.to_thread(
            kill_once_more_are_stored, environment, LARGEST_BATCH, server.process.pid, engine
        )
        with suppress(OSError, HTTPClientError):  # It may have been answered just before.
            await cut_off
        assert count_in_files(environment) == 2 * LARGEST_BATCH
    async with running(environment, client) as server:
        batches.scanner.server = server
        await batches.expect_all_kept()
