"""The engines, as real processes: what is kept, restarted and refused, and that nothing hangs."""

import asyncio
import gc
import os
import shutil
import signal
import socket
import sys
import time
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from server.engines import CACHE, DOCUMENTS, Documents, Engines, open_cache, open_documents
from server.folder import DataFolderInUse
from server.loopback import HOST, bound_socket
from server.supervisor import (
    BACKOFF_SECONDS,
    LOG_BYTES,
    STEADY_SECONDS,
    Backoff,
    EmbeddedEngine,
    EngineNotStarted,
)

pytestmark = pytest.mark.engines

WRITERS = 20
# The longest that one operation may take while the engine is away.
HANG_SECONDS = 3.0

Scans = AsyncCollection[dict[str, Any]]

# A server reduced to its engines: it tells the child's process id, then the id of each acknowledged insert.
SERVER = """
import asyncio, itertools, pathlib, sys
from server.engines import open_documents

async def main():
    documents = await open_documents(None, pathlib.Path(sys.argv[1]))
    print(documents.engine.pid, flush=True)
    scans = documents.client.union_station.scans
    async def write(writer):
        for number in itertools.count():
            key = f"{writer}-{number}"
            await scans.insert_one({"_id": key})
            print(key, flush=True)
    await asyncio.gather(*(write(writer) for writer in range(10)))

asyncio.run(main())
"""


@pytest.fixture
def sockets_left_by_the_driver() -> Iterator[None]:
    """Let PyMongo 4.20 leave a socket to the garbage collector: one whose connect its `close` cancels.

    Only the client of a dead engine is likely to be connecting just when it is closed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition that no event announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # Other processes set no event here.
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def scans_of(documents: Documents) -> Scans:
    return documents.client["union_station"]["scans"]


async def keys_in(scans: Scans) -> set[str]:
    return {document["_id"] async for document in scans.find({})}


def has_restarted(engine: EmbeddedEngine, times: int) -> bool:
    return engine.restarts == times and engine.running


def pid_of(engine: EmbeddedEngine | None) -> int:
    assert engine is not None
    assert engine.pid is not None
    return engine.pid


@asynccontextmanager
async def opened(data_dir: Path) -> AsyncIterator[Documents]:
    documents = await open_documents(None, data_dir)
    try:
        yield documents
    finally:
        await documents.close()


@asynccontextmanager
async def redis_server(port: int, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a Redis that keeps nothing; the block ends it, and waits here until it is gone."""
    server = await asyncio.create_subprocess_exec(
        *("redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(folder)),
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield server
    except BaseException:
        server.kill()
        raise
    finally:
        await server.wait()


def accepts(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0


class Load:
    """Concurrent inserts that go on through failures, and note what was acknowledged and the slowest."""

    def __init__(self, scans: Scans) -> None:
        self._scans = scans
        self._is_over = False
        self.acknowledged: set[str] = set()
        self.failures = 0
        self.slowest = 0.0

    async def run(self) -> None:
        await asyncio.gather(*(self._write(writer) for writer in range(WRITERS)))

    async def goes_on(self) -> None:
        """Wait until each writer had the time for some more inserts."""
        enough = len(self.acknowledged) + 5 * WRITERS
        await until(lambda: len(self.acknowledged) > enough)

    def end(self) -> None:
        self._is_over = True

    async def _write(self, writer: int) -> None:
        number = 0
        while not self._is_over:
            key, number, begun = f"{writer}-{number}", number + 1, time.monotonic()
            try:
                await self._scans.insert_one({"_id": key})
                self.acknowledged.add(key)
            except PyMongoError:
                self.failures += 1
            self.slowest = max(self.slowest, time.monotonic() - begun)


async def test_documents_are_kept_over_a_stop_and_a_new_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as documents:
        await scans_of(documents).insert_one({"_id": "first"})
    async with opened(tmp_path) as documents:
        await scans_of(documents).insert_one({"_id": "second"})
        assert await keys_in(scans_of(documents)) == {"first", "second"}


async def test_same_engine_starts_again_after_a_stop(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    await engine.start()
    await engine.stop()
    await engine.start()
    assert engine.running
    await engine.stop()
    await engine.stop()
    assert not engine.running


async def test_killed_engine_comes_back_on_its_port_with_every_acknowledged_insert(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as documents:
        engine = documents.engine
        assert engine is not None
        load = Load(scans_of(documents))
        running = asyncio.create_task(load.run())
        for kills in (1, 2):
            await load.goes_on()
            os.kill(pid_of(engine), signal.SIGKILL)
            await until(partial(has_restarted, engine, kills))
        await load.goes_on()
        load.end()
        await running
        assert load.failures > 0
        assert load.slowest < HANG_SECONDS
        assert load.acknowledged <= await keys_in(scans_of(documents))
    events = [record for record in caplog.records if record.msg == "engine_restarted"]
    assert [vars(event)["exit_code"] for event in events] == [-signal.SIGKILL] * 2


@pytest.mark.usefixtures("sockets_left_by_the_driver")
async def test_operation_on_a_dead_engine_fails_within_two_seconds(tmp_path: Path) -> None:
    async with opened(tmp_path) as documents:
        scans = scans_of(documents)
        await scans.insert_one({"_id": "before"})
        assert documents.engine is not None
        await documents.engine.stop()
        operations: list[Callable[[], Any]] = [
            lambda: scans.insert_one({"_id": "after"}),
            lambda: scans.find_one({"_id": "before"}),
        ]
        for operation in operations:
            begun = time.monotonic()
            with pytest.raises(PyMongoError):
                await operation()
            assert time.monotonic() - begun < 2.0


async def test_second_owner_of_a_data_folder_is_refused_with_its_path(tmp_path: Path) -> None:
    async with opened(tmp_path) as documents:
        second = EmbeddedEngine(tmp_path, lock_seconds=0.1)
        with pytest.raises(DataFolderInUse, match="数据目录正被另一个服务进程使用") as refusal:
            await second.start()
        assert str(tmp_path) in str(refusal.value)
        assert not second.running
        await scans_of(documents).insert_one({"_id": "the first owner goes on"})


async def test_new_owner_waits_for_the_former_one_to_end(tmp_path: Path) -> None:
    former = EmbeddedEngine(tmp_path)
    await former.start()
    new = EmbeddedEngine(tmp_path)
    waiting = asyncio.create_task(new.start())
    await asyncio.wait([waiting], timeout=0.1)
    assert not waiting.done()
    await former.stop()
    await waiting
    assert new.running
    await new.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="another process's environment is not told here")
async def test_engine_is_given_none_of_the_server_s_secrets(tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(tmp_path)),
        env={**os.environ, "VAULT_KEYS": "1:secret"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    child = int(await server.stdout.readline())
    given = await asyncio.to_thread(Path(f"/proc/{child}/environ").read_bytes)
    server.kill()
    await server.communicate()
    await until(lambda: not is_alive(child))
    assert b"PATH=" in given
    assert b"VAULT_KEYS" not in given


async def test_killed_server_leaves_no_orphan_and_loses_no_acknowledged_insert(tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    child = int(await server.stdout.readline())
    acknowledged = {await server.stdout.readline() for _ in range(50)}
    assert is_alive(child)
    server.kill()
    acknowledged |= {line async for line in server.stdout if line.endswith(b"\n")}
    await server.wait()
    # The new start gets the lock only when the former child, which shares it, has closed its files.
    async with opened(tmp_path) as documents:
        assert {line.decode().strip() for line in acknowledged} <= await keys_in(scans_of(documents))
        assert pid_of(documents.engine) != child


async def test_stop_ends_the_child_and_removes_its_pid_file(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path)
    await engine.start()
    pid = pid_of(engine)
    assert (tmp_path / "engine" / "engine.pid").read_text() == f"{pid}\n"
    await engine.stop()
    assert not is_alive(pid)
    assert not (tmp_path / "engine" / "engine.pid").exists()
    assert not list((tmp_path / "engine" / "documents").glob("*-wal"))
    assert engine.restarts == 0


async def test_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path, stop_seconds=0.1)
    await engine.start()
    pid = pid_of(engine)
    os.kill(pid, signal.SIGSTOP)
    await engine.stop()
    assert not is_alive(pid)


async def test_ctrl_c_does_not_reach_the_child(tmp_path: Path) -> None:
    async with opened(tmp_path) as documents:
        pid = pid_of(documents.engine)
        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(pid, signal.SIGINT)
        await scans_of(documents).insert_one({"_id": "still here"})
        assert pid_of(documents.engine) == pid


async def test_only_the_owner_can_enter_the_engines_folder(tmp_path: Path) -> None:
    (tmp_path / "engine").mkdir(mode=0o755)
    async with opened(tmp_path) as documents:
        await scans_of(documents).insert_one({"_id": "a secret"})
        files = [path for path in (tmp_path / "engine").rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"engine.log", "engine.pid", "union_station.db"}
        assert {path.stat().st_mode & 0o077 for path in [tmp_path / "engine", *files]} == {0}


async def test_log_that_has_grown_is_put_aside_at_a_start(tmp_path: Path) -> None:
    log = tmp_path / "engine" / "engine.log"
    log.parent.mkdir()
    log.write_bytes(b"." * LOG_BYTES)
    async with opened(tmp_path):
        assert log.stat().st_size < LOG_BYTES
    async with opened(tmp_path):
        assert (log.parent / "engine.log.1").stat().st_size == LOG_BYTES


async def test_log_holds_no_document(tmp_path: Path) -> None:
    async with opened(tmp_path) as documents:
        await scans_of(documents).insert_one({"_id": "private"})
        with pytest.raises(PyMongoError):
            await scans_of(documents).insert_one({"_id": "private"})
        await documents.client["union_station"].command("count", "scans", query={"_id": {"$eq": "private"}})
    assert "private" not in (tmp_path / "engine" / "engine.log").read_text()


async def test_engine_that_cannot_open_its_files_is_reported_with_its_log(tmp_path: Path) -> None:
    (tmp_path / "engine" / "documents").mkdir(parents=True)
    (tmp_path / "engine" / "documents" / "admin.db").write_bytes(b"not a database" * 1000)
    engine = EmbeddedEngine(tmp_path)
    with pytest.raises(EngineNotStarted, match=r"内置数据库未能启动，原因见 .*engine\.log"):
        await engine.start()
    assert "not a database" in (tmp_path / "engine" / "engine.log").read_text()
    (tmp_path / "engine" / "documents" / "admin.db").unlink()
    await engine.start()
    await engine.stop()


async def test_engine_whose_restart_fails_is_tried_again_until_it_works(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as documents:
        engine, admin = documents.engine, tmp_path / "engine" / "documents" / "admin.db"
        assert engine is not None
        os.kill(pid_of(engine), signal.SIGSTOP)
        for path in admin.parent.glob("admin.db*"):
            path.unlink()
        admin.write_bytes(b"not a database" * 1000)
        os.kill(pid_of(engine), signal.SIGKILL)
        await until(lambda: any(record.msg == "engine_not_restarted" for record in caplog.records))
        assert not engine.running
        assert engine.pid is None
        admin.unlink()
        await until(lambda: engine.running)
        assert engine.restarts == 1


async def test_cancelled_start_leaves_neither_child_nor_lock(tmp_path: Path) -> None:
    starting = asyncio.create_task(EmbeddedEngine(tmp_path).start())
    await until((tmp_path / "engine" / "engine.log").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    engine = EmbeddedEngine(tmp_path, lock_seconds=0.0)
    await engine.start()
    await engine.stop()


def test_first_restart_comes_at_once_and_the_last_ones_every_two_seconds() -> None:
    backoff = Backoff()
    assert [backoff.delay(1.0) for _ in BACKOFF_SECONDS] == list(BACKOFF_SECONDS)
    assert backoff.delay(0.0) == 2.0
    assert backoff.delay(STEADY_SECONDS) == 0.0
    assert backoff.delay(0.0) == 0.25


def test_reserved_port_is_bound_a_second_time_but_refuses_connections() -> None:
    with bound_socket(0) as reservation, bound_socket(reservation.getsockname()[1]) as second:
        assert second.getsockname() == reservation.getsockname()


@pytest.mark.usefixtures("sockets_left_by_the_driver")
async def test_dead_document_engine_is_named_as_missing(tmp_path: Path) -> None:
    async with await Engines.open(None, None, tmp_path) as engines:
        assert await engines.missing() == []
        assert engines.embedded is not None
        await engines.embedded.stop()
        assert await engines.missing() == [DOCUMENTS]


@pytest.mark.usefixtures("sockets_left_by_the_driver")
async def test_engine_that_hangs_is_named_as_missing_within_two_seconds(tmp_path: Path) -> None:
    async with await Engines.open(None, None, tmp_path) as engines:
        pid = pid_of(engines.embedded)
        os.kill(pid, signal.SIGSTOP)
        begun = time.monotonic()
        assert await engines.missing() == [DOCUMENTS]
        assert time.monotonic() - begun < 2.0
        os.kill(pid, signal.SIGCONT)


async def test_dead_cache_is_named_as_missing_and_its_calls_fail_within_two_seconds(tmp_path: Path) -> None:
    with bound_socket(0) as closed:
        url = f"redis://{HOST}:{closed.getsockname()[1]}/0"
        async with await Engines.open(None, url, tmp_path) as engines:
            assert await engines.missing() == [CACHE]
            begun = time.monotonic()
            with pytest.raises(RedisError):
                await engines.cache.get("limit")
            assert time.monotonic() - begun < 2.0


async def test_cache_that_hangs_fails_within_two_seconds() -> None:
    with bound_socket(0) as silent:
        silent.listen()
        cache = open_cache(f"redis://{HOST}:{silent.getsockname()[1]}/0")
        begun = time.monotonic()
        with pytest.raises(RedisError):
            await cache.get("limit")
        assert time.monotonic() - begun < 2.0
        await cache.aclose()


async def test_embedded_caches_share_nothing() -> None:
    one, other = open_cache(None), open_cache(None)
    await one.set("limit", "1", ex=60)
    assert await one.get("limit") == b"1"
    assert await other.get("limit") is None
    await one.aclose()
    await other.aclose()


async def test_engines_that_cannot_all_be_opened_leave_none_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Redis URL"):
        await Engines.open(None, "not a URL", tmp_path)
    async with await Engines.open(None, None, tmp_path) as engines:
        assert await engines.missing() == []


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="no redis-server on this machine")
async def test_call_after_a_restart_of_redis_succeeds(tmp_path: Path) -> None:
    with bound_socket(0) as free:
        port = free.getsockname()[1]
    cache = open_cache(f"redis://{HOST}:{port}/0")
    for life in range(2):
        async with redis_server(port, tmp_path) as server:
            await until(lambda: accepts(port))
            assert await cache.incr("limit") == 1, life
            server.terminate()
    await cache.aclose()


@pytest.mark.skipif("MONGODB_URI" not in os.environ, reason="MONGODB_URI names no engine")
async def test_configured_documents_answer_without_an_embedded_engine(tmp_path: Path) -> None:
    async with await Engines.open(os.environ["MONGODB_URI"], None, tmp_path) as engines:
        assert engines.embedded is None
        assert await engines.missing() == []
        scans = engines.documents["union_station_engines"]["scans"]
        await scans.insert_one({"key": "value"})
        await scans.drop()
    assert not (tmp_path / "engine").exists()
