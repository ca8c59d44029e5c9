"""The embedded document engine as a supervised child process.

One child serves one data folder, on a loopback port that stays the same until the supervisor is stopped, so
that the driver's URI stays valid when a child dies and the next one takes over. Everything the child writes
lies under `DATA_DIR/engine/`, which only its owner can enter. How it ends when the server was killed is said
in `server/embedded.py`; for that, worker processes of the server must be spawned: a forked one would hold
copies of the pipe and of the lock.
"""

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import IO

from server.folder import CannotStart, FolderLock
from server.loopback import HOST, READY, bound_socket

LOCK_SECONDS = 5.0
READY_SECONDS = 15.0
STOP_SECONDS = 5.0
LOG_BYTES = 1_000_000
# A child that lived this long was well: its death is a first one again.
STEADY_SECONDS = 10.0
BACKOFF_SECONDS = (0.0, 0.25, 0.5, 1.0, 2.0)
# What the child is given of the environment: what finds a program and its libraries, and none of our secrets.
INHERITED = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ",
)  # fmt: skip

_log = logging.getLogger("union.engine")


class EngineNotStarted(CannotStart):
    """The child ended, or stayed silent for `READY_SECONDS`, before it listened."""

    def __init__(self, log_file: Path) -> None:
        super().__init__(f"内置数据库未能启动，原因见 {log_file}")


class Backoff:
    """How long to wait before each restart: not at all, then longer and longer up to two seconds."""

    def __init__(self) -> None:
        self._step = 0

    def delay(self, lived: float) -> float:
        """Return the seconds to wait after a child that lived for `lived` seconds, 0 if it never served."""
        if lived >= STEADY_SECONDS:
            self._step = 0
        delay = BACKOFF_SECONDS[self._step]
        self._step = min(self._step + 1, len(BACKOFF_SECONDS) - 1)
        return delay


class EmbeddedEngine:
    """The engine of one data folder, from `start` to `stop`; it may be started again afterwards.

    `lock_seconds` is how long to wait for a former owner that is just ending, `stop_seconds` how long a child
    may take to end before it is killed.
    """

    def __init__(
        self, data_dir: Path, *, lock_seconds: float = LOCK_SECONDS, stop_seconds: float = STOP_SECONDS
    ) -> None:
        self._data_dir = data_dir.resolve()
        self._files = self._data_dir / "engine"
        self._lock_seconds = lock_seconds
        self._stop_seconds = stop_seconds
        self._child: Process | None = None
        self._undo = AsyncExitStack()
        self._is_serving = False
        self.restarts = 0

    @property
    def running(self) -> bool:
        """Whether a child is listening now; false between a death and the end of the restart."""
        return self._is_serving

    @property
    def pid(self) -> int | None:
        """The process id of the child that is listening now."""
        return self._child.pid if self._child is not None and self._is_serving else None

    async def start(self) -> str:
        """Own the folder, start the child, keep it alive, and return its URI.

        Raises `DataFolderInUse`, `EngineNotStarted`, or `OSError` when the folder cannot be written. Whatever
        ends it early, a cancellation included, leaves neither a child nor a lock behind.
        """
        async with AsyncExitStack() as undo:
            lock = await FolderLock.acquire(self._data_dir, self._lock_seconds)
            undo.callback(lock.release)
            _make_private(self._files)
            reservation = undo.enter_context(bound_socket(0))
            port = int(reservation.getsockname()[1])
            self._child = await self._launch(port, lock)
            undo.push_async_callback(self._end_child)
            self._is_serving = True
            undo.push_async_callback(_cancel, asyncio.create_task(self._keep_alive(self._child, port, lock)))
            self._undo = undo.pop_all()
        return f"mongodb://{HOST}:{port}/"

    async def stop(self) -> None:
        """End the child with SIGTERM, or SIGKILL when it takes too long, and give up the folder."""
        await self._undo.aclose()

    async def _end_child(self) -> None:
        """End the last child; it may be dead already when this comes between a death and the restart."""
        self._is_serving = False
        if self._child is not None:
            await _end(self._child, self._stop_seconds)

    async def _keep_alive(self, child: Process, port: int, lock: FolderLock) -> None:
        """Replace the child whenever it dies, until cancelled."""
        loop, backoff = asyncio.get_running_loop(), Backoff()
        while True:
            born = loop.time()
            exit_code = await child.wait()
            self._is_serving = False
            self._child = child = await self._relaunch(port, lock, backoff, loop.time() - born)
            self._is_serving = True
            self.restarts += 1
            _log.warning("engine_restarted", extra={"exit_code": exit_code, "restarts": self.restarts})

    async def _relaunch(self, port: int, lock: FolderLock, backoff: Backoff, lived: float) -> Process:
        """Try until a child listens: a full disk or a lack of processes may pass."""
        while True:
            await asyncio.sleep(backoff.delay(lived))
            try:
                return await self._launch(port, lock)
            except (EngineNotStarted, OSError):
                _log.exception("engine_not_restarted")
                lived = 0.0

    async def _launch(self, port: int, lock: FolderLock) -> Process:
        """Start a child and wait until it listens. When it does not, none is left behind."""
        log_file = self._files / "engine.log"
        with _open_log(log_file) as log:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server.embedded"),
                *("--data-dir", str(self._files / "documents")),
                *("--pid-file", str(self._files / "engine.pid")),
                *("--port", str(port)),
                env={name: os.environ[name] for name in INHERITED if name in os.environ},
                stdin=PIPE,
                stdout=PIPE,
                stderr=log,
                pass_fds=(lock.descriptor,),
                start_new_session=True,
            )
        is_ready = False
        try:
            is_ready = await _says_ready(child)
        finally:
            if not is_ready:
                await _end(child, 0)
        if not is_ready:
            raise EngineNotStarted(log_file)
        return child


async def _says_ready(child: Process) -> bool:
    """Return whether the child reports within `READY_SECONDS` that it listens."""
    if child.stdout is None:
        return False
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await child.stdout.readline() == READY
    except TimeoutError:
        return False


async def _end(child: Process, seconds: float) -> None:
    """End a child that may have ended already: politely, and after `seconds` by force."""
    if child.returncode is not None:
        return
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                child.terminate()
                await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait for its end; what it raised besides that is raised here."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _make_private(folder: Path) -> None:
    """Make a folder that only its owner can enter, also when it was there with other rights."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)


def _open_log(path: Path) -> IO[bytes]:
    """Open the log to append to; one that has grown to `LOG_BYTES` becomes the only old one that is kept."""
    if path.exists() and path.stat().st_size >= LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
