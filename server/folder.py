"""The data folder has one owner at a time.

The owner holds an advisory lock (`flock`) on `DATA_DIR/lock`. The embedded engine inherits the open file, so
that the folder stays taken until the last process that could write to it is gone, even after the server
itself was killed. `flock` ends with the processes that hold it: a crash leaves nothing to clean up.
"""

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Self

LOCK_FILE = "lock"
POLL_SECONDS = 0.05


class CannotStart(Exception):
    """The program cannot start; its text is one Chinese line for the operator, no traceback is needed."""


class DataFolderInUse(CannotStart):
    """Another server, or the engine that it left behind, still owns the data folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"数据目录正被另一个服务进程使用：{folder}。请先停止该进程，或用 DATA_DIR 指定另一个目录。"
        )


class FolderLock:
    """The ownership of one data folder, from `acquire` to `release`."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    async def acquire(cls, folder: Path, seconds: float) -> Self:
        """Take the folder, made if absent, waiting up to `seconds` for an engine that is just ending.

        Raises `DataFolderInUse` when it is still taken then, `OSError` when it cannot be written.
        """
        descriptor = _open_lock_file(folder)
        is_held = False
        try:
            is_held = await _wait_for_lock(descriptor, seconds)
        finally:
            if not is_held:
                os.close(descriptor)
        if not is_held:
            raise DataFolderInUse(folder)
        return cls(descriptor)

    def release(self) -> None:
        """Give up our share of the lock; it ends when the engine has closed its share too."""
        os.close(self.descriptor)


def _open_lock_file(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)


async def _wait_for_lock(descriptor: int, seconds: float) -> bool:
    """Return whether the lock was got within `seconds`. A blocking `flock` could not be cancelled."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not _is_locked_by_us(descriptor):
        if asyncio.get_running_loop().time() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def _is_locked_by_us(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
