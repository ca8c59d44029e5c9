"""A simulated WeChat for development and tests, as faithful as its documentation lets us be.

It runs inside the server (`Simulator`) or alone (`python -m miniprogram_api.simulator --port 9000`), and only
on loopback: whoever reaches it may log in as anybody. Under `/__sim/` it plays the phone and takes orders:

    POST /__sim/codes {openid?, kind, phoneNumber?}   what `wx.login` or the phone button would give
    POST /__sim/templates {id, fields, standing?}     give the app a template for subscription messages
    POST /__sim/taps {openid, template, answer}       answer in the popup of subscription messages
    GET /__sim/messages                   the subscription messages that were sent
    POST /__sim/push-target {url, token, aesKey?, mode?, format?}     verify a server and push there
    GET, POST /__sim/pushes {fields, entries?, nest?} what became of pushes; push this
    POST /__sim/pages {pages}             the pages of the released version
    DELETE /__sim/tokens                  all access tokens die
    POST /__sim/faults {route, fault, times?, seconds?, errcode?, body?}  the next calls of a route fail
    DELETE /__sim/faults                  forget what is planned
    POST /__sim/clock {offsetSeconds}     stand so far away from the real clock
    POST /__sim/unionid {bound}           whether the app is bound to an open-platform account
    GET, DELETE /__sim/journal            the calls so far, never a value of a query
"""

import argparse
import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from miniprogram_api.simulator_control import CONTROL_ROUTES, PLATFORM_ROUTES
from miniprogram_api.simulator_platform import UnknownRoute
from miniprogram_api.simulator_pushes import ANSWER_SECONDS
from miniprogram_api.simulator_state import IssuedCode, Kind
from miniprogram_api.simulator_world import State

DEMO_APPID = "wx0000000000000000"
MAX_ORDER_BYTES = 512 * 1024

log = logging.getLogger("union.wechat.simulator")


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class Simulator:
    """A WeChat of our own with one mini program in it."""

    def __init__(
        self,
        appid: str,
        secret: str,
        now: Callable[[], datetime] = utc_now,
        *,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """`answer_seconds` is how long a push waits for its answer, and so the time between its tries."""
        self.state = State(appid, secret, now, answer_seconds=answer_seconds)
        self._server: HTTPServer | None = None

    def issue_code(self, openid: str | None = None, kind: Kind = Kind.LOGIN) -> IssuedCode:
        """Do what `POST /__sim/codes` does, for a server with the simulator inside."""
        return self.state.codes.issue(openid, kind)

    def app(self) -> Application:
        """Return the simulator as a Tornado application. Its access log has no query, where secrets are."""
        parts = {"state": self.state}
        routes = [(path, handler, parts) for path, handler in (*PLATFORM_ROUTES, *CONTROL_ROUTES)]
        return Application(
            routes,
            default_handler_class=UnknownRoute,
            default_handler_args=parts,
            log_function=_log_call,
        )

    def listen(self, port: int = 0, address: str = "127.0.0.1") -> str:
        """Serve on a loopback address (port 0: any free one) in the running loop; return the base URL."""
        sockets = bind_sockets(port, loopback(address))
        self._server = HTTPServer(self.app(), max_body_size=MAX_ORDER_BYTES)
        self._server.add_sockets(sockets)
        host = f"[{address}]" if ":" in address else address
        return f"http://{host}:{sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Stop serving and pushing; calls that hang are cut."""
        await self.state.pushes.close()
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
            self._server = None


def loopback(address: str) -> str:
    """Return an IP address of this machine's loopback as it is; any other text is a ValueError."""
    if not ip_address(address).is_loopback:
        raise ValueError(f"the WeChat simulator listens on loopback only, not on {address}")
    return address


def _log_call(handler: RequestHandler) -> None:
    facts = {"path": handler.request.path, "status": handler.get_status()}
    log.debug("simulator_call", extra=facts)


async def serve(options: argparse.Namespace) -> None:
    """Run the simulator alone until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulator = Simulator(options.appid, options.secret)
    base_url = simulator.listen(options.port, options.host)
    sys.stdout.write(f"微信模拟器：{base_url}  appid={options.appid}  secret={options.secret}\n")
    sys.stdout.flush()
    await stop.wait()
    await simulator.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m miniprogram_api.simulator", description="微信服务端模拟器"
    )
    parser.add_argument("--port", type=int, default=9000, help="端口，0 为任意空闲端口")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="只能是本机回环地址")
    parser.add_argument("--appid", default=DEMO_APPID, help="小程序 appid")
    parser.add_argument("--secret", default=secrets.token_hex(16), help="小程序密钥，缺省时随机生成")
    asyncio.run(serve(parser.parse_args(arguments)))


if __name__ == "__main__":
    main()
