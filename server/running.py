"""How a process of the service runs to its end, and what its exit status says."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from models.store import EngineUnavailable
from server.config import ConfigError
from server.folder import CannotStart

DONE = 0
FAILED = 1
CANNOT_START = 2


def exit_status_of(serve: Callable[[], Awaitable[int | None]]) -> int:
    """Run a service; what keeps it from starting is one Chinese line on standard error and status 2."""

    async def run() -> int | None:
        return await serve()

    try:
        return asyncio.run(run()) or DONE
    except (ConfigError, CannotStart, EngineUnavailable) as error:
        sys.stderr.write(f"无法启动：{error}\n")
    except OSError as error:
        sys.stderr.write(f"无法启动：{os.strerror(error.errno or 0)}（检查 HOST、PORT 和 METRICS_PORT）\n")
    return CANNOT_START
