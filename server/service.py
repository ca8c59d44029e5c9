"""One running service: everything opened, in order, and closed again in the other."""

import asyncio
import logging
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Self, TextIO

import handlers
from handlers.assets import FOLDER as ASSETS
from handlers.assets import AssetHandler
from handlers.console import ROUTES as CONSOLE_ROUTES
from handlers.demo import ROUTES as DEMO_ROUTES
from handlers.finished import Finished, Watch
from handlers.routes import ROUTES
from handlers.services import Services
from handlers.uploads import UPLOAD_LIMIT
from miniprogram_api.calls import Observe
from miniprogram_api.push import PushGate
from miniprogram_api.simulator import Simulator
from miniprogram_api.wechat import WeChat
from models.access_tokens import AccessTokenShelf
from models.addresses import read_networks
from models.clock import Now
from models.privacy_notices import Responsible
from server import measuring
from server.app import World, build_services, build_world
from server.config import Config, read_check_files
from server.demo import DemoPlatform, seed
from server.engines import Engines
from server.front import Front, Platform
from server.keys import read_keys
from server.listening import Listening
from server.logs import AccessLog
from server.long_heads import AnsweringServer
from server.metered import MeteredDatabase
from server.metrics import Metrics
from server.observer import Observer
from server.platform import MessageSender, account_of
from server.schema import check_schema
from server.site import Site
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

    def __init__(
        self, services: Services, world: World, workers: Workers, server: AnsweringServer, url: str
    ) -> None:
        self.services = services
        self.world = world
        self.url = url
        self.simulator: Simulator | None = None
        self.metrics_url: str | None = None
        self._workers = workers
        self._server = server
        self._closing = AsyncExitStack()

    @classmethod
    async def open(
        cls,
        config: Config,
        now: Now,
        access_log: TextIO,
        *,
        strict: bool = False,
        shared: Listening | None = None,
    ) -> Self:
        """Open the engines and the platform, load what is needed, and listen, on `shared` sockets if given.

        Raises ConfigError, CannotStart, or OSError for a port that is taken.
        """
        keys = read_keys(config)
        metrics = Metrics()
        async with AsyncExitStack() as closing:
            measuring.begin(metrics, closing)
            engines = await Engines.open(
                config.mongodb_uri or None, config.redis_url or None, config.data_dir
            )
            closing.push_async_callback(engines.close)
            database: Any = MeteredDatabase(engines.documents[config.mongodb_database], metrics.engine_calls)
            platform = _open_platform(config, engines, closing, now, metrics.wechat_calls.observe)
            account = platform.account
            world = build_world(engines, database, keys, now, account=account, strict=strict)
            measuring.show_engines(metrics, engines, world)
            sender = MessageSender(platform.wechat, account.release)
            workers = Workers(world, sender, partial(check_schema, database, now))
            closing.push_async_callback(workers.stop)
            await _load(world, workers, platform, now)
            metrics_url = measuring.open_port(metrics, config, shared.index if shared else 0, closing)
            listening = shared or Listening.bind(config)
            url = listening.url(config)
            front = Front(
                (config.public_url or url).rstrip("/"),
                read_networks(config.trusted_proxies),
                config.limits,
                Responsible(config.operator_name, config.operator_contact),
                read_check_files(config.wechat_check_files),
            )
            observer = Observer(config, engines, world, platform, metrics, listening.index)
            services = build_services(world, keys, platform, now, front, observer)
            measuring.show_process(metrics, services.traffic, listening.index)
            server = _make_server(services, _both(metrics.watch_request, AccessLog(access_log)))
            server.add_sockets(listening.sockets)
            workers.start()
            if platform.simulator and platform.push_target:
                await platform.simulator.state.pushes.aim(platform.push_target(url))
            service = cls(services, world, workers, server, url)
            service.simulator, service.metrics_url = platform.simulator, metrics_url
            service._closing = closing.pop_all()
            return service

    async def run_until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; raise what ended the background work, without which nobody is served."""
        stopping, working = asyncio.create_task(stop.wait()), asyncio.create_task(self._workers.wait())
        try:
            await asyncio.wait({stopping, working}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
        finally:
            stopping.cancel()
            working.cancel()

    async def close(self) -> None:
        """Stop accepting, finish what runs within ten seconds, then close everything."""
        self._server.stop()
        try:
            await asyncio.wait_for(self.services.traffic.wait_until_idle(), DRAIN_SECONDS)
        except TimeoutError:
            log.warning("requests_cut_off", extra={"requests": self.services.traffic.running})
        await self._server.close_all_connections()
        await self._closing.aclose()


async def _load(world: World, workers: Workers, platform: Platform, now: Now) -> None:
    """Load what requests stand on before the first comes; a real service may start before its documents."""
    if platform.demo:
        await workers.prepare()
        await seed(world, now)
    else:
        await workers.try_to_prepare()


def _make_server(services: Services, watch: Watch) -> AnsweringServer:
    """Return the server of all routes, those of the demo if there is one, with its limits."""
    site = Site(
        [*ROUTES, *CONSOLE_ROUTES, *(DEMO_ROUTES if services.demo else ())],
        services,
        watch,
        template_path=str(TEMPLATES),
        static_path=str(ASSETS),
        static_handler_class=AssetHandler,
        static_handler_args={"services": services},
    )
    return AnsweringServer(
        site,
        max_header_size=HEADER_LIMIT,
        max_body_size=UPLOAD_LIMIT,
        idle_connection_timeout=IDLE_SECONDS,
        body_timeout=BODY_SECONDS,
    )


def _both(measure: Watch, write: Watch) -> Watch:
    """Return what is done with a finished request: it is measured and gets its line."""

    def note(request: Finished) -> None:
        measure(request)
        write(request)

    return note


def _open_platform(
    config: Config, engines: Engines, closing: AsyncExitStack, now: Now, observe: Observe
) -> Platform:
    """Return WeChat, or the simulator with the demo that goes with it."""
    if config.is_demo:
        simulated = DemoPlatform(config, now)
        base_url = simulated.simulator.listen()
        closing.push_async_callback(simulated.simulator.close)
        shelf = AccessTokenShelf(engines.cache, simulated.appid)
        wechat = WeChat(base_url, simulated.appid, simulated.secret, shelf=shelf, observe=observe)
        platform = simulated.describe(wechat)
    else:
        shelf = AccessTokenShelf(engines.cache, config.wechat_appid)
        wechat = WeChat(
            config.wechat_url, config.wechat_appid, config.wechat_secret, shelf=shelf, observe=observe
        )
        token, aes_key = config.wechat_push_token, config.wechat_push_aes_key
        platform = Platform(
            wechat=wechat,
            account=account_of(config),
            gate=PushGate(config.wechat_appid, token, aes_key, now) if token else None,
        )
    closing.callback(wechat.close)
    return platform
