"""One running service: everything opened, in order, and closed again in the other."""

import asyncio
import logging
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, TextIO

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

import handlers
from handlers.assets import FOLDER as ASSETS
from handlers.assets import AssetHandler
from handlers.base import BODY_LIMIT
from handlers.console import ROUTES as CONSOLE_ROUTES
from handlers.demo import ROUTES as DEMO_ROUTES
from handlers.routes import ROUTES
from handlers.services import Services
from miniprogram_api.push import PushGate
from miniprogram_api.simulator import Simulator
from miniprogram_api.wechat import WeChat
from models.access_tokens import AccessTokenShelf
from models.addresses import read_networks
from models.clock import Now
from server.app import Front, Platform, Site, World, build_services, build_world
from server.config import Config
from server.demo import DemoPlatform, seed
from server.engines import Engines
from server.keys import read_keys
from server.logs import AccessLog
from server.platform import MessageSender, account_of
from server.workers import Workers

HEADER_LIMIT = 16 << 10
IDLE_SECONDS = 75
BODY_SECONDS = 30
DRAIN_SECONDS = 10.0
TEMPLATES = Path(handlers.__file__).parent / "templates"

log = logging.getLogger("union.service")


class Service:
    """A server that listens until it is closed; `url` is where, `world` what it stands on.

    `simulator` is the WeChat of a demo.
    """

    def __init__(self, services: Services, world: World, server: HTTPServer, url: str) -> None:
        self.services = services
        self.world = world
        self.url = url
        self.simulator: Simulator | None = None
        self._server = server
        self._closing = AsyncExitStack()

    @classmethod
    async def open(cls, config: Config, now: Now, access_log: TextIO, *, strict: bool = False) -> Self:
        """Open the engines and the platform, load what is needed, and listen.

        Raises ConfigError, CannotStart, or OSError for a port that is taken.
        """
        keys = read_keys(config)
        async with AsyncExitStack() as closing:
            engines = await Engines.open(
                config.mongodb_uri or None, config.redis_url or None, config.data_dir
            )
            closing.push_async_callback(engines.close)
            database: Any = engines.documents[config.mongodb_database]
            platform = _open_platform(config, engines, closing, now)
            account = platform.account
            world = build_world(engines, database, keys, now, account=account, strict=strict)
            workers = Workers(world, MessageSender(platform.wechat, account.release))
            closing.push_async_callback(workers.stop)
            if platform.demo:
                await workers.prepare()
                await seed(world, now)
            sockets = bind_sockets(config.port, config.host)
            url = f"http://{config.host}:{sockets[0].getsockname()[1]}"
            front = Front(
                (config.public_url or url).rstrip("/"), read_networks(config.trusted_proxies), config.limits
            )
            services = build_services(world, engines, keys, platform, now, front)
            site = Site(
                [*ROUTES, *CONSOLE_ROUTES, *(DEMO_ROUTES if platform.demo else ())],
                services,
                log_function=AccessLog(access_log),
                template_path=str(TEMPLATES),
                static_path=str(ASSETS),
                static_handler_class=AssetHandler,
                static_handler_args={"services": services},
            )
            server = HTTPServer(
                site,
                max_header_size=HEADER_LIMIT,
                max_body_size=BODY_LIMIT,
                idle_connection_timeout=IDLE_SECONDS,
                body_timeout=BODY_SECONDS,
            )
            server.add_sockets(sockets)
            workers.start()
            if platform.simulator and platform.push_target:
                await platform.simulator.state.pushes.aim(platform.push_target(url))
            service = cls(services, world, server, url)
            service.simulator = platform.simulator
            service._closing = closing.pop_all()
            return service

    async def close(self) -> None:
        """Stop accepting, finish what runs within ten seconds, then close everything."""
        self._server.stop()
        try:
            await asyncio.wait_for(self.services.traffic.wait_until_idle(), DRAIN_SECONDS)
        except TimeoutError:
            log.warning("requests_cut_off", extra={"requests": self.services.traffic.running})
        await self._server.close_all_connections()
        await self._closing.aclose()


def _open_platform(config: Config, engines: Engines, closing: AsyncExitStack, now: Now) -> Platform:
    """Return WeChat, or the simulator with the demo that goes with it."""
    if config.is_demo:
        simulated = DemoPlatform(config, now)
        base_url = simulated.simulator.listen()
        closing.push_async_callback(simulated.simulator.close)
        shelf = AccessTokenShelf(engines.cache, simulated.appid)
        wechat = WeChat(base_url, simulated.appid, simulated.secret, shelf=shelf)
        platform = simulated.describe(wechat)
    else:
        shelf = AccessTokenShelf(engines.cache, config.wechat_appid)
        wechat = WeChat(config.wechat_url, config.wechat_appid, config.wechat_secret, shelf=shelf)
        token, aes_key = config.wechat_push_token, config.wechat_push_aes_key
        platform = Platform(
            wechat=wechat,
            account=account_of(config),
            gate=PushGate(config.wechat_appid, token, aes_key, now) if token else None,
        )
    closing.callback(wechat.close)
    return platform
