"""The simulated WeChat's own routes, with the order of its checks, its errors and its planned faults."""

import asyncio
from contextlib import suppress
from typing import ClassVar

import msgspec
from msgspec import UNSET, Struct, UnsetType
from tornado.web import HTTPError, RequestHandler

from miniprogram_api.simulator_state import Call, Fault, Kind, PlannedFault, PlatformError, State

REFUSALS = {
    Fault.BUSY: (-1, "system error"),
    Fault.BLOCKED: (40226, "code blocked"),
    Fault.MINUTE_LIMIT: (45011, "api minute-quota reach limit, must slower, retry next minute"),
}
WRONG_METHOD = {"GET": (43001, "require GET method"), "POST": (43002, "require POST method")}
HTML = "<html><body>系统维护中</body></html>"


class ErrorAnswer(Struct, frozen=True):
    """WeChat's answer to what it refuses, always with HTTP status 200."""

    errcode: int
    errmsg: str


class SessionAnswer(Struct, frozen=True):
    """The success of code2Session; it carries no errcode."""

    session_key: str
    openid: str
    unionid: str | UnsetType = UNSET


class PlatformHandler(RequestHandler):
    """One route of WeChat's: journals the call, suffers a planned fault, answers errors with a `rid`."""

    method: ClassVar[str] = "GET"
    content_type: ClassVar[str] = "application/json; encoding=utf-8"

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

    def answer(self) -> Struct:
        """Do the route's work; raise `PlatformError` for WeChat's refusals."""
        raise NotImplementedError

    async def _serve(self) -> None:
        planned = self.state.faults.take(self.request.path)
        self._record(planned)
        try:
            answer = self._work(planned)
        except PlatformError as error:
            answer = ErrorAnswer(error.errcode, f"{error.errmsg} rid: {self.state.new_rid()}")
        await self._deliver(msgspec.json.encode(answer), planned)

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

    def _work(self, planned: PlannedFault | None) -> Struct:
        if planned and planned.fault is Fault.HTTP_502:
            raise HTTPError(502)
        if planned and planned.fault in REFUSALS:
            raise PlatformError(*REFUSALS[planned.fault])
        if self.request.method != self.method:
            raise PlatformError(*WRONG_METHOD[self.method])
        return self.answer()

    async def _deliver(self, body: bytes, planned: PlannedFault | None) -> None:
        """Send the answer, or what the fault leaves of it. The work is done by now: a code is used up."""
        self.set_header("Content-Type", self.content_type)
        fault = planned.fault if planned else None
        if planned is None or fault in REFUSALS:
            self.write(body)
        elif fault is Fault.CUT:
            self.detach().close()
        elif fault is Fault.HALF_BODY:
            await self._send_half(body)
        elif fault is Fault.HANG:
            await self._gone.wait()
        elif fault is Fault.LATENCY:
            await self._linger(planned.seconds)
            self.write(body)
        else:
            self._send_disguised(body, planned)

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


class CodeToSession(PlatformHandler):
    """`GET /sns/jscode2session`: a login code against openid, session_key and perhaps unionid."""

    content_type = "text/plain"

    def answer(self) -> Struct:
        """Check app, secret, grant type and code, in this order."""
        self._require("appid", self.state.appid, (41002, "appid missing,"), (40013, "invalid appid,"))
        self._require(
            "secret", self.state.secret, (41004, "appsecret missing,"), (40125, "invalid appsecret,")
        )
        no_grant = (40002, "invalid grant_type,")
        self._require("grant_type", "authorization_code", no_grant, no_grant)
        code = self._argument("js_code")
        if not code:
            raise PlatformError(41008, "missing code,")
        openid = self.state.codes.redeem(code, Kind.LOGIN)
        people = self.state.people
        return SessionAnswer(people.session_key(openid), openid, people.find_unionid(openid) or UNSET)

    def _argument(self, name: str) -> str:
        """Return a query argument or "". Tornado's own reader logs the whole URL when one is not UTF-8."""
        return self.request.query_arguments.get(name, [b""])[-1].decode(errors="replace")

    def _require(self, name: str, right: str, missing: tuple[int, str], wrong: tuple[int, str]) -> None:
        value = self._argument(name)
        if value != right:
            raise PlatformError(*(wrong if value else missing))


class UnknownRoute(PlatformHandler):
    """Every other path: journalled, so that a secret sent to a wrong place is seen."""

    def answer(self) -> Struct:
        """Refuse."""
        raise PlatformError(40066, "invalid url")


PLATFORM_ROUTES: tuple[tuple[str, type[PlatformHandler]], ...] = (("/sns/jscode2session", CodeToSession),)
