"""What is said of a station to one process is seen by the other within two seconds.

Without a configured engine two processes share an embedded one here, as in use they never do.
"""

import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from pymongo import AsyncMongoClient

from handlers.check_ins import VISITS_OF_AN_ADDRESS
from handlers.station_reports import FROM_ADDRESS
from handlers.tokens import Tokens
from miniprogram_api.simulator import DEMO_APPID, Simulator
from models.appointments import Appointment
from models.clock import utc_now
from models.hours_text import parse_hours
from models.ids import new_id
from models.organisations import Organisation
from models.positions import Position
from models.stations import Station
from server.app import build_world
from server.config import read_config
from server.engines import Engines
from server.keys import read_keys
from server.schema import check_schema
from server.supervisor import EmbeddedEngine
from tests.server.harness import SECRET, environment, real_redis, redis_server
from tests.server.several import Connection, two_processes

pytestmark = [real_redis, pytest.mark.engines]

SEEN_SECONDS = 2.0
CODE = "4E8M0R2T"
PLACE = Position(113.62, 34.75)
STATION, STAFF = f"/api/v1/stations/{CODE}", f"/api/v1/staff/stations/{CODE}"
NEARBY = f"/api/v1/stations?longitude={PLACE.longitude}&latitude={PLACE.latitude}&datum=gcj02"

Shown = dict[str, Any]


class Two(Struct):
    """A connection to each of two processes, and what an officer's console sends."""

    one: Connection
    other: Connection
    cookie: str

    async def change(self, method: str, path: str, body: Shown) -> Shown:
        """Write through the one process, as the officer."""
        sent = msgspec.json.encode(body)
        headers = {"Cookie": self.cookie, "X_Console_Request": "1"}
        status, content = await self.one.ask(method, path, body=sent, **headers)
        assert status == 200, content
        return _read(content)

    async def version(self) -> str:
        status, content = await self.one.ask("GET", f"{STAFF}/hours", Cookie=self.cookie)
        assert status == 200, content
        return str(_read(content)["version"])

    async def station(self) -> Shown:
        """The station's page, as the other process tells it."""
        return _read((await self.other.ask("GET", STATION))[1])

    async def nearby(self) -> Shown:
        """The station as the other process finds it."""
        found: Shown = _read((await self.other.ask("GET", NEARBY))[1])["items"][0]
        return found


def _read(content: bytes) -> Shown:
    found: Shown = msgspec.json.decode(content)
    return found


async def seen(ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes, within the time that is promised."""
    begun = time.monotonic()
    while not await ask():
        assert time.monotonic() - begun < SEEN_SECONDS


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[str]:
    """The configured engine's URI, or that of an embedded one."""
    if uri := os.environ.get("MONGODB_URI"):
        yield uri
        return
    engine = EmbeddedEngine(tmp_path / "engine")
    uri = await engine.start()
    yield f"{uri.rstrip('/')}/?directConnection=true&retryWrites=false"
    await engine.stop()


@pytest.fixture
async def variables(tmp_path: Path, documents: str) -> AsyncIterator[dict[str, str]]:
    """A production service's variables; the database is its own."""
    database = f"test_{secrets.token_hex(6)}"
    simulator = Simulator(DEMO_APPID, SECRET, utc_now)
    async with redis_server(tmp_path) as redis_url:
        yield environment(
            simulator.listen(), MONGODB_URI=documents, MONGODB_DATABASE=database, REDIS_URL=redis_url
        )
    await simulator.close()
    async with AsyncMongoClient[dict[str, Any]](documents) as client:
        await client.drop_database(database)


async def prepare(variables: dict[str, str]) -> str:
    """Store a station that is open day and night, and an officer; return the officer's cookie."""
    config, at = read_config(variables), utc_now()
    keys = read_keys(config)
    async with await Engines.open(config.mongodb_uri, config.redis_url, config.data_dir) as engines:
        database = engines.documents[config.mongodb_database]
        await check_schema(database, utc_now)
        world = build_world(engines, database, keys, utc_now)
        for store in world.stores:
            await store.create_indexes()
        union = Organisation(id=new_id(), name="测试工会", tree="local", changed=at)
        await world.organisations.put(union)
        officer = Appointment(
            id=new_id(),
            person=new_id(),
            role="officer",
            organisation=union.id,
            since=datetime(2026, 1, 1, tzinfo=UTC),
            changed=at,
        )
        await world.appointments.put(officer)
        hours = parse_hours("24小时")
        station = Station(
            id=CODE, name="甲站", address="", district="区", position=PLACE, hours=hours, source=""
        )
        await world.stations.save_import([station])
        session = await world.sessions.open_console(officer.person)
    return f"console={Tokens(keys.sessions, utc_now).issue(session)}"


@pytest.fixture
async def two(variables: dict[str, str]) -> AsyncIterator[Two]:
    cookie = await prepare(variables)
    async with two_processes(variables) as running:
        yield Two(await running.connect_to(0), await running.connect_to(1), cookie)


async def asked_in_turn(two: Two, times: int, path: str, **fields: str) -> list[int]:
    """Ask both processes in turn from one address, each time as another device."""
    statuses = []
    for turn in range(times):
        body = msgspec.json.encode({"device": secrets.token_hex(12), **fields})
        statuses.append((await (two.one, two.other)[turn % 2].ask("POST", f"{STATION}/{path}", body=body))[0])
    return statuses


async def test_processes_count_a_flood_from_one_address_together(two: Two) -> None:
    statuses = await asked_in_turn(two, 12, "reports", problem="other")
    assert statuses == [201] * FROM_ADDRESS.most + [429] * (12 - FROM_ADDRESS.most)
    limit = VISITS_OF_AN_ADDRESS
    statuses = await asked_in_turn(two, 2 * limit.most, "check-ins")
    assert statuses.count(201) == limit.most + limit.spared
    assert set(statuses) == {201, 429}


async def test_what_is_said_to_one_process_is_seen_by_the_other_within_two_seconds(two: Two) -> None:
    """An officer's hours, closure and word, and visitors' reports: on the page and in the finder."""
    assert ((await two.station())["open"]["state"], (await two.nearby())["open"]["state"]) == ("open",) * 2

    await two.change("PUT", f"{STAFF}/hours", {"version": await two.version(), "text": "每天 00:00-23:59"})

    async def has_other_hours() -> bool:
        return {(await two.station())["hours"], (await two.nearby())["hours"]} == {"每天 00:00-23:59"}

    await seen(has_other_hours)

    await two.change("PUT", f"{STAFF}/closure", {"version": await two.version(), "reason": "停电"})

    async def is_closed() -> bool:
        found = [(await two.station())["open"], (await two.nearby())["open"]]
        return [(one["state"], (one["reason"] or {}).get("words")) for one in found] == [
            ("closed", "停电")
        ] * 2

    await seen(is_closed)

    body = msgspec.json.encode({"problem": "locked", "device": secrets.token_hex(12)})
    status, content = await two.one.ask("POST", f"{STATION}/reports", body=body)
    assert status == 201, content

    async def is_marked() -> bool:
        page, pin = (await two.station())["evidence"]["marks"], (await two.nearby())["mark"]
        return [mark["state"] for mark in page] == ["reported"] and bool(pin) and pin["problem"] == "locked"

    await seen(is_marked)

    await two.change("PUT", f"{STAFF}/statement", {"open": False})

    async def is_said_closed() -> bool:
        said, pin = (await two.station())["evidence"]["statement"], (await two.nearby())["mark"]
        return bool(said) and not said["open"] and pin["problem"] == "closed_today"

    await seen(is_said_closed)
