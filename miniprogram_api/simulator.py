"""A simulated WeChat for development and tests: the calls used so far, as faithful as we know them.

It runs inside the server (`Simulator`) or alone (`python -m miniprogram_api.simulator --port 9000`), and only
on loopback: whoever reaches it may log in as anybody. Under `/__sim/` it plays the phone and takes orders:

    POST /__sim/codes {openid?, kind}     what `wx.login` (login) or the phone button (phone) would give
    POST /__sim/faults {route, fault, times?, seconds?, body?}     the next calls of a route fail
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
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Annotated, NoReturn, TypeVar

import msgspec
from msgspec import Meta, Struct
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, Finish, RequestHandler

from miniprogram_api.simulator_platform import PLATFORM_ROUTES, UnknownRoute
from miniprogram_api.simulator_state import Call, IssuedCode, Kind, PlannedFault, State

DEMO_APPID = "wx0000000000000000"
MAX_ORDER_BYTES = 512 * 1024

log = logging.getLogger("union.wechat.simulator")
T = TypeVar("T")


class CodeOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Who gets a code of which kind; a new person when there is no openid."""

    kind: Kind
    openid: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None


class ClockOrder(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The distance from the real clock, up to a year either way."""

    offset_seconds: Annotated[float, Meta(ge=-31_536_000, le=31_536_000)]


class UnionidOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether answers carry a unionid."""

    bound: bool


class ClockAnswer(Struct, frozen=True):
    """The simulated moment."""

    now: datetime


class JournalAnswer(Struct, frozen=True, rename="camel"):
    """The latest calls, and those of them that leaked the app secret."""

    calls: Sequence[Call]
    secret_leaks: Sequence[Call]


class Problem(Struct, frozen=True):
    """Why an order is refused."""

    error: str


class ControlHandler(RequestHandler):
    """An order to the simulator, which is no part of WeChat."""

    def initialize(self, state: State) -> None:
        """Take what the simulator remembers."""
        self.state = state

    def read(self, kind: type[T]) -> T:
        """Return the order; a malformed one is answered 400 with what is wrong."""
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.refuse(str(error))

    def refuse(self, reason: str) -> NoReturn:
        """Answer 400 and stop."""
        self.reply(Problem(reason), 400)
        raise Finish

    def reply(self, answer: Struct, status: int = 200) -> None:
        """Answer as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.write(msgspec.json.encode(answer))


class CodesControl(ControlHandler):
    """The phone: makes codes."""

    def post(self) -> None:
        """Make a code."""
        order = self.read(CodeOrder)
        self.reply(self.state.codes.issue(order.openid, order.kind), 201)


class FaultsControl(ControlHandler):
    """The saboteur: plans faults."""

    def post(self) -> None:
        """Plan a fault for a route that exists."""
        order = self.read(PlannedFault)
        if order.route not in dict(PLATFORM_ROUTES):
            self.refuse(f"unknown route {order.route}")
        self.state.faults.plan(order)
        self.reply(order, 201)

    def delete(self) -> None:
        """Forget what is planned."""
        self.state.faults.clear()
        self.set_status(204)


class ClockControl(ControlHandler):
    """The clock."""

    def post(self) -> None:
        """Move it."""
        self.state.clock.set_offset(timedelta(seconds=self.read(ClockOrder).offset_seconds))
        self.reply(ClockAnswer(self.state.clock.now()))


class UnionidControl(ControlHandler):
    """The app's bond to an open-platform account."""

    def post(self) -> None:
        """Bind or unbind."""
        order = self.read(UnionidOrder)
        self.state.people.has_unionid = order.bound
        self.reply(order)


class JournalControl(ControlHandler):
    """The journal of WeChat's routes."""

    def get(self) -> None:
        """Show it."""
        journal = self.state.journal
        self.reply(JournalAnswer(journal.list_calls(), journal.list_secret_leaks()))

    def delete(self) -> None:
        """Empty it."""
        self.state.journal.clear()
        self.set_status(204)


CONTROL_ROUTES: tuple[tuple[str, type[ControlHandler]], ...] = (
    ("/__sim/codes", CodesControl),
    ("/__sim/faults", FaultsControl),
    ("/__sim/clock", ClockControl),
    ("/__sim/unionid", UnionidControl),
    ("/__sim/journal", JournalControl),
)


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
        has_unionid: bool = False,
    ) -> None:
        self.state = State(appid, secret, now, has_unionid=has_unionid)
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
        """Stop serving; calls that hang are cut."""
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
