"""A database with stations, and processes that die at one of their writes to it."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Self

import pytest

from models.appointments import Appointment, Role
from models.hours import ALWAYS
from models.ids import encode, new_id
from models.stations import Station
from server.app import World
from tests.mortal import Crash, Life
from tests.sites import Site

MOST_WRITES = 12


class StationSite(Site):
    """A database with stations that nobody runs, and somebody of the union's staff."""

    async def open(self, role: Role = "officer") -> Self:
        """Begin, with the collections' indexes there."""
        self.reader, self.officer = self.start(), new_id()
        for store in self.reader.stores:
            await store.create_indexes()
        since = self.clock.at - timedelta(days=1)
        appointment = Appointment(
            id=new_id(), person=self.officer, role=role, organisation="ORG", since=since, changed=since
        )
        await self.reader.appointments.put(appointment)
        return self

    async def make_station(self) -> str:
        """Return the code of another station, which never closes."""
        code = encode(secrets.randbelow(32**8), 8)
        station = Station(
            id=code,
            name="测试驿站",
            address="",
            district="金水区",
            hours=ALWAYS,
            source="test",
            changed=self.clock.at,
        )
        await self.reader.stations._store.insert(station)
        return code

    async def begin(self, ends_at: int = -1, *, after: bool = False) -> World:
        """A process that knows what is stored."""
        world = self.start(Life(ends_at, after=after))
        for mirror in (world.board.mirror, world.appointments.mirror, world.visits.evidence.mirror):
            await mirror.refresh()
        return world


async def died_at_each_write(
    site: StationSite,
    prepare: Callable[[str], Awaitable[None]],
    act: Callable[[World, str], Awaitable[None]],
    check: Callable[[str], Awaitable[None]],
    *,
    after: bool,
) -> int:
    """Do something at one station after another, each time cut short one write later; return the last one."""
    for ends_at in range(MOST_WRITES):
        code = await site.make_station()
        await prepare(code)
        dying, died = await site.begin(ends_at, after=after), False
        try:
            await act(dying, code)
        except Crash:
            died = True
        await check(code)
        if not died:
            return ends_at
    pytest.fail("more writes than were tried")
