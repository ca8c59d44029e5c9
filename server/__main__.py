"""`python -m server [--processes N]`: run the service until SIGINT or SIGTERM."""

import argparse
import asyncio
import os
import signal
import sys

from models.clock import utc_now
from server.config import Config, read_config
from server.logs import set_up_logs
from server.processes import Processes
from server.running import DONE, FAILED, exit_status_of
from server.service import Service


async def serve(config: Config) -> int:
    """Run the service, say where it is, and stop it cleanly; return the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await (_serve_many(config, stop) if config.processes > 1 else _serve_alone(config, stop))


async def _serve_alone(config: Config, stop: asyncio.Event) -> int:
    service = await Service.open(config, utc_now, sys.stderr)
    _say(_welcome(config, service.url))
    try:
        await service.run_until(stop)
    finally:
        await service.close()
    return DONE


async def _serve_many(config: Config, stop: asyncio.Event) -> int:
    processes = await Processes.start(config)
    _say(_welcome(config, processes.url))
    await stop.wait()
    return DONE if await processes.stop() else FAILED


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _welcome(config: Config, url: str) -> str:
    if not config.is_demo:
        many = f"（{config.processes} 个进程）" if config.processes > 1 else ""
        return f"工会驿站已启动：{url}{many}\n"
    return (
        f"\n工会驿站演示已启动（Ctrl-C 停止，数据保存在 {config.data_dir}/）\n"
        f"  会员手机    {url}/demo/phone     选一位演示人员：出示会员卡、找驿站、看谁扫过我\n"
        f"  扫码工作台  {url}/demo/scanner   以“演示站长”登录，扫描或粘贴会员卡的码\n"
        f"  管理后台    {url}/console        选一位演示干部或管理员，用他的手机确认登录\n"
        f"  接口文档    {url}/api/v1/openapi.json\n\n"
    )


def main() -> int:
    """Read the configuration and serve; return the process's exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/run", description="运行工会驿站服务，直到 Ctrl-C 或 SIGTERM"
    )
    parser.add_argument("--processes", type=int, metavar="N", help="服务进程数，须为真实引擎（同 PROCESSES）")
    arguments = parser.parse_args()
    given = {} if arguments.processes is None else {"PROCESSES": str(arguments.processes)}
    set_up_logs()
    return exit_status_of(lambda: serve(read_config(os.environ | given)))


if __name__ == "__main__":
    sys.exit(main())
