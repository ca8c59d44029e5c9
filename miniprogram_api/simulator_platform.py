"""What the simulated WeChat's routes share: the order of their checks, their errors, their planned faults."""

import asyncio
import socket
import struct
from contextlib import suppress
from typing import ClassVar, TypeVar

import msgspec
from msgspec import Struct
from tornado.web import HTTPError, RequestHandler

from miniprogram_api.simulator_state import Call, Fault, PlannedFault, PlatformError
from miniprogram_api.simulator_world import State

REFUSALS = {
    Fault.BUSY: (-1, "system error"),
    Fault.BLOCKED: (40226, "code blocked"),
    Fault.MINUTE_LIMIT: (45011, "api minute-quota reach limit, must slower, retry next minute"),
}
WRONG_METHOD = {"GET": (43001, "require GET method"), "POST": (43002, "require POST method")}
HTML = "<html><body>系统维护中</body></html>"

T = TypeVar("T")


class ErrorAnswer(Struct, frozen=True):
    """WeChat's answer to what it refuses, always with HTTP status 200."""

    errcode: int
    errmsg: str


class PlatformHandler(RequestHandler):
    """One route of WeChat's: journals the call, suffers a planned fault, answers errors with a `rid`."""

    method: ClassVar[str] = "GET"
    content_type = "application/json; encoding=utf-8"

    def initialize(self, state: State) -> None:
        """Take what the simulator remembers."""
        self.state = state
        self._gone = asyncio.Event()

    async def get(self) -> None:
        """Answer as WeChat does; a wrong method has its own error code."""
        await self._serve()

    async def post(self) -> None:
        """Answer as WeChat does; a wrong method has its own error code."""
        await self._serve()

    def on_connection_close(self) -> None:
        """Let a call that hangs or lingers end with its connection."""
        self._gone.set()

    def answer(self) -> Struct | bytes:
        """Do the route's work; raise `PlatformError` for WeChat's refusals."""
        raise NotImplementedError

    def end(self) -> None:
        """Hear that the call is over, however it ended."""

    def argument(self, name: str) -> str:
        """Return a query argument or "". Tornado's own reader logs the whole URL when one is not UTF-8."""
        return self.request.query_arguments.get(name, [b""])[-1].decode(errors="replace")

    def read(self, kind: type[T]) -> T:
        """Return the body; 44002 for none, 47001 for another than WeChat asks for."""
        if not self.request.body:
            raise PlatformError(44002, "empty post data")
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise PlatformError(47001, "data format error") from error

    async def _serve(self) -> None:
        planned = self.state.faults.take(self.request.path)
        self._record(planned)
        try:
            try:
                answer = self._work(planned)
            except PlatformError as error:
                self.content_type = type(self).content_type
                answer = ErrorAnswer(error.errcode, f"{error.errmsg} rid: {self.state.new_rid()}")
            body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
            await self._deliver(body, planned)
        finally:
            self.end()

    def _record(self, planned: PlannedFault | None) -> None:
        query = self.request.query_arguments
        secret = self.state.secret.encode()
        call = Call(
            at=self.state.clock.now(),
            method=self.request.method or "",
            path=self.request.path,
            query=sorted(query),
            secret_in=sorted(name for name, values in query.items() if any(secret in v for v in values)),
            fault=planned.fault if planned else None,
        )
        self.state.journal.record(call)

    def _work(self, planned: PlannedFault | None) -> Struct | bytes:
        if planned and planned.fault is Fault.HTTP_502:
            raise HTTPError(502)
        if planned and planned.fault in REFUSALS:
            raise PlatformError(*REFUSALS[planned.fault])
        if planned and planned.fault is Fault.ERRCODE:
            raise PlatformError(planned.errcode, "refused on order")
        if self.request.method != self.method:
            raise PlatformError(*WRONG_METHOD[self.method])
        return self.answer()

    async def _deliver(self, body: bytes, planned: PlannedFault | None) -> None:
        """Send the answer, or what the fault leaves of it. The work is done by now: a code is used up."""
        self.set_header("Content-Type", self.content_type)
        fault = planned.fault if planned else None
        if planned is None or fault in REFUSALS or fault is Fault.ERRCODE:
            self.write(body)
        elif fault in (Fault.CUT, Fault.RESET):
            self._cut(is_reset=fault is Fault.RESET)
        elif fault is Fault.HALF_BODY:
            await self._send_half(body)
        elif fault is Fault.HANG:
            await self._gone.wait()
        elif fault is Fault.LATENCY:
            await self._linger(planned.seconds)
            self.write(body)
        else:
            self._send_disguised(body, planned)

    def _cut(self, *, is_reset: bool) -> None:
        """Close the connection, by a reset if told so."""
        stream = self.detach()
        if is_reset:
            stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()

    async def _linger(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), seconds)

    async def _send_half(self, body: bytes) -> None:
        """Promise the whole body and close after half of it."""
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        stream = self.detach()
        await stream.write(head.encode() + body[: len(body) // 2])
        stream.close()

    def _send_disguised(self, body: bytes, planned: PlannedFault) -> None:
        if planned.fault is Fault.WRONG_CONTENT_TYPE:
            self.set_header("Content-Type", "image/jpeg")
            self.write(body)
        elif planned.fault is Fault.NOT_JSON:
            self.set_header("Content-Type", "text/html; charset=utf-8")
            self.write(HTML)
        else:
            self.write(planned.body)


class TokenHandler(PlatformHandler):
    """A route that wants an access token and, unless it says otherwise, a POST with JSON."""

    method = "POST"

    def answer(self) -> Struct | bytes:
        """Check the token, then work."""
        self.state.tokens.check(self.argument("access_token"))
        return self.work()

    def work(self) -> Struct | bytes:
        """Do the route's work; raise `PlatformError` for WeChat's refusals."""
        raise NotImplementedError


class UnknownRoute(PlatformHandler):
    """Every other path: journalled, so that a secret sent to a wrong place is seen."""

    def answer(self) -> Struct | bytes:
        """Refuse."""
        raise PlatformError(40066, "invalid url")
