"""What tests of whole processes share: a Redis, the variables of a production service, waiting."""

import asyncio
import os
import shutil
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from miniprogram_api.simulator import DEMO_APPID
from server.loopback import HOST, bound_socket

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SECRET = "0123456789abcdef"

real_engines = pytest.mark.skipif("MONGODB_URI" not in os.environ, reason="MONGODB_URI names no engine")
real_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="no redis-server on this machine"
)


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition that no event announces."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # Other processes set no event here.
            await asyncio.sleep(0.02)


async def eventually(ask: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> None:
    """Ask until the answer is yes; a new process may take long to come up on a busy machine."""
    async with asyncio.timeout(seconds):
        while not await ask():  # noqa: ASYNC110  # Other processes set no event here.
            await asyncio.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def accepts(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((HOST, port)) == 0


@asynccontextmanager
async def redis_server(folder: Path) -> AsyncIterator[str]:
    """A Redis that keeps nothing, for the block; its URL."""
    with bound_socket(0) as free:
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(
        *("redis-server", "--bind", HOST, "--port", str(port), "--save", "", "--dir", str(folder)),
        stdout=DEVNULL,
    )
    try:
        await until(lambda: accepts(port))
        yield f"redis://{HOST}:{port}/0"
    finally:
        server.terminate()
        await server.wait()


def environment(wechat_url: str, **more: str) -> dict[str, str]:
    """The variables of a production service whose WeChat is a simulator."""
    given = {
        "PORT": "0",
        "WECHAT_APPID": DEMO_APPID,
        "WECHAT_SECRET": SECRET,
        "WECHAT_URL": wechat_url,
        "SESSION_KEYS": f"1:{KEY}",
        "VAULT_KEYS": f"1:{KEY}",
        "VAULT_INDEX_KEY": KEY,
        "CARD_KEYS": f"1:{KEY}",
    }
    return os.environ | given | more


async def launch(variables: dict[str, str], *arguments: str, module: str = "server") -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), env=variables, stdout=PIPE, stderr=PIPE
    )


async def end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.communicate()
