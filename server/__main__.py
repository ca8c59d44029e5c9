"""`python -m server`: run the service until SIGINT or SIGTERM."""

import asyncio
import os
import signal
import sys

from models.clock import utc_now
from models.store import EngineUnavailable
from server.config import Config, ConfigError, read_config
from server.folder import CannotStart
from server.logs import set_up_logs
from server.service import Service


async def serve(config: Config) -> None:
    """Run the service, say where it is, and stop it cleanly."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    service = await Service.open(config, utc_now, sys.stderr)
    sys.stdout.write(_welcome(config, service.url))
    sys.stdout.flush()
    await stop.wait()
    await service.close()


def _welcome(config: Config, url: str) -> str:
    if not config.is_demo:
        return f"工会驿站已启动：{url}\n"
    return (
        f"\n工会驿站演示已启动（Ctrl-C 停止，数据保存在 {config.data_dir}/）\n"
        f"  会员手机    {url}/demo/phone     选一位演示人员：出示会员卡、找驿站、看谁扫过我\n"
        f"  扫码工作台  {url}/demo/scanner   以“演示站长”登录，扫描或粘贴会员卡的码\n"
        f"  管理后台    {url}/console        选一位演示干部或管理员，用他的手机确认登录\n"
        f"  接口文档    {url}/api/v1/openapi.json\n\n"
    )


def main() -> int:
    """Read the configuration and serve; return the process's exit status."""
    set_up_logs()
    try:
        asyncio.run(serve(read_config(os.environ)))
    except (ConfigError, CannotStart, EngineUnavailable) as error:
        sys.stderr.write(f"无法启动：{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"无法启动：{os.strerror(error.errno or 0)}（检查 HOST 和 PORT）\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
