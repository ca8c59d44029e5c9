"""What every handler shares: who is asking, decoding, the one shape of replies and errors.

A handler method is marked with `@endpoint` and declares its path parameters, `body` and `query` structs and
its reply by annotations; refusals travel by themselves and are rendered here once. A route needs a login
unless its class says `public = True`.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar

from msgspec import UNSET, UnsetType
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import HTTPError, RequestHandler

from handlers import cookies
from handlers.contracts import QueryReader, body_reader, read_contract
from handlers.heads import first_fields
from handlers.media import Html, Media
from handlers.services import Services
from handlers.wire import Wire, encode
from miniprogram_api.contract import Contract, Refused
from miniprogram_api.errors import WeChatError
from models.appointments import NotStaff
from models.devices import DeviceOnlyScans, NotADevice
from models.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Missing,
    Refusal,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from models.limits import COMMON, PUBLIC, Limit
from models.members import NotAMember
from models.sessions import Session, SessionExpired, SessionKind
from models.sign_ins import SecondFactorRequired
from models.stations import SUPERVISION_PHONE

URL_LIMIT = 2048
BODY_LIMIT = 1 << 20
BEARER = "Bearer "
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

STATUSES: dict[type, int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    Missing: 404,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
}
FAILURES: dict[int, tuple[str, str]] = {
    400: ("invalid_request", "请求内容有误"),
    404: ("not_found", "未找到"),
    405: ("method_not_allowed", "不支持这种请求方式"),
    411: ("length_required", "请求缺少长度"),
    413: ("body_too_large", "请求内容过大"),
    414: ("url_too_long", "请求地址过长"),
    415: ("unsupported_media_type", "请求内容的类型不对"),
    431: ("head_too_large", "请求头过大"),
    500: ("internal_error", "系统出错了，请稍后再试"),
}
# What a page of words alone may load.
PLAIN_PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
ANYONE: frozenset[SessionKind] = frozenset({"guest", "member", "staff", "console"})
MEMBERS: frozenset[SessionKind] = frozenset({"member", "staff"})
STAFF: frozenset[SessionKind] = frozenset({"staff", "device"})
DEVICE: frozenset[SessionKind] = frozenset({"device"})
CONSOLE: frozenset[SessionKind] = frozenset({"console"})
# Who acts for the union, from the mini program or from the console.
OFFICES: frozenset[SessionKind] = frozenset({"staff", "console"})
# What somebody is told whose session is of another kind than these.
WRONG_KIND: dict[frozenset[SessionKind], type[Refusal]] = {
    MEMBERS: NotAMember,
    STAFF: NotStaff,
    DEVICE: NotADevice,
    OFFICES: NotStaff,
    CONSOLE: SecondFactorRequired,
}

log = logging.getLogger("union.requests")

H = TypeVar("H", bound="Handler")
P = ParamSpec("P")
R = TypeVar("R")


class Problem(Wire, frozen=True):
    """Every failure."""

    code: str
    message: str
    request_id: str
    details: dict[str, Any] | UnsetType = UNSET


def status_of(kind: type[Refusal] | type[WeChatError]) -> int:
    """Return the HTTP status of a refusal."""
    if issubclass(kind, WeChatError):
        return kind.status
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def endpoint(
    status: int = 200, refuses: tuple[type[Refusal] | type[WeChatError], ...] = ()
) -> Callable[[Callable[Concatenate[H, P], Awaitable[R]]], Callable[..., Awaitable[None]]]:
    """Make a method an operation: decode what it declares, answer what it returns."""
    listed = tuple(Refused(status_of(kind), kind.code, kind.message) for kind in refuses)

    def mark(method: Callable[Concatenate[H, P], Awaitable[R]]) -> Callable[..., Awaitable[None]]:
        contract = read_contract(method, status, listed)
        body = body_reader(contract.body) if contract.body else None
        query = QueryReader(contract.query) if contract.query else None

        @wraps(method)
        async def call(self: H, *path: str) -> None:
            given: dict[str, Any] = {}
            if body:
                self.require_type(body.media_types)
                given["body"] = body.read(self.request.body)
            if query:
                given["query"] = query.read(self.request.query_arguments)
            self.reply(await method(self, *path, **given), status)  # type: ignore[arg-type]  # as declared

        call.__dict__["contract"] = contract
        return call

    return mark


class Handler(RequestHandler):
    """The base of all handlers."""

    public: ClassVar[bool] = False
    kinds: ClassVar[frozenset[SessionKind]] = MEMBERS
    # None stands for the common limits: per address on a public route, per person on every other.
    limits: ClassVar[tuple[Limit, ...] | None] = None
    session: Session

    @classmethod
    def at_once(cls, services: Services, query: Any) -> bytes | None:
        """Return the JSON that answers a GET, if it stands in memory.

        A route that overrides this has a fast path (`handlers/fast_path.py`).
        """

    def initialize(self, services: Services) -> None:
        """Take the services that the application was built with."""
        self.services = services
        self.refused_with: str | None = None
        # Here and not in `prepare`, which Tornado leaves out for a method that it does not know.
        services.traffic.begin()

    def clear(self) -> None:
        """Begin an answer with the fields that every answer bears.

        In place of Tornado's own, which checks and sets them one by one: this stands on every hot path.
        """
        self.request_id = secrets.token_hex(8)
        self._headers = HTTPHeaders(first_fields(self.request_id))
        self._write_buffer: list[bytes] = []
        self.set_status(200)

    def prepare(self) -> Awaitable[None] | None:
        """Find out who is asking, and whether too often, before the method runs."""
        if not self.public:
            self._identify()
        person = "" if self.public else self.session.subject
        limits = limits_of(type(self))
        admitted = self.services.limits.admit(type(self).__name__, limits, person, self._address)
        if not self.public and self.session.kind not in self.kinds:
            return self._turn_away(admitted)
        return admitted

    async def _turn_away(self, admitted: Awaitable[None] | None) -> None:
        """Refuse a session of the wrong kind; a guest who has become a member since must log in anew."""
        if admitted is not None:
            await admitted
        if self.kinds == MEMBERS and await self.services.sessions.is_outdated(self.session):
            raise SessionExpired
        raise DeviceOnlyScans if self.session.kind == "device" else WRONG_KIND[self.kinds]

    def _identify(self) -> None:
        header = self.request.headers.get("Authorization", "")
        if header.startswith(BEARER):
            self.session = self.services.tokens.read(header[len(BEARER) :])
            self.services.sessions.check(self.session)
        elif "console" in self.kinds:
            self.session = cookies.read(self, self.services)
        else:
            raise Unauthenticated
        self.services.devices.check(self.session)

    def _address(self) -> str:
        return address_of(self.request, self.services)

    def on_finish(self) -> None:
        """Count the request out."""
        self.services.traffic.end()

    def compute_etag(self) -> None:
        """Make no tag from a reply's bytes: where one is useful the handler knows a cheaper one."""

    def check_etag_header(self) -> bool:
        """Say whether the asker has the answer already; without a tag there is nothing to compare."""
        return "Etag" in self._headers and super().check_etag_header()

    def require_type(self, media_types: tuple[str, ...]) -> None:
        """Refuse a body that says it is of another type than these: 415."""
        kind = self.request.headers.get("Content-Type", media_types[0])
        if kind.partition(";")[0].strip().lower() not in media_types:
            raise HTTPError(415)

    def reply(self, value: object, status: int) -> None:
        """Answer with a struct as JSON, a picture, a page, or nothing."""
        self.set_status(status)
        if value is None:
            self.finish()
        elif isinstance(value, Media):
            self.set_header("Content-Type", value.media_type)
            self.finish(value if isinstance(value, str) else bytes(value))
        else:
            self.set_header("Content-Type", "application/json")
            self.finish(encode(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every failure, ours or Tornado's, in one shape."""
        error = kwargs.get("exc_info", (None, None))[1]
        details: dict[str, Any] | UnsetType = UNSET
        if isinstance(error, Refusal | WeChatError):
            status_code, code, message = status_of(type(error)), error.code, str(error)
            details = error.details or UNSET
            if "retryAfter" in error.details:
                self.set_header("Retry-After", str(error.details["retryAfter"]))
        else:
            code, message = FAILURES.get(status_code, ("request_failed", "请求失败"))
        if status_code == 405:
            self.set_header("Allow", ", ".join(one for one in METHODS if find_contract(type(self), one)))
        self.refused_with = code
        self.reply(
            Problem(code=code, message=message, request_id=self.request_id, details=details), status_code
        )

    @property
    def wants_page(self) -> bool:
        """Whether a person asks with a browser, not a program for JSON."""
        return "text/html" in self.request.headers.get("Accept", "")

    def show_missing(self, code: str, words: str) -> None:
        """Answer 404 with a page for people."""
        self.refused_with = code
        self.set_header("Content-Security-Policy", PLAIN_PAGE)
        page = self.render_string("not_found.html", words=words, phone=SUPERVISION_PHONE)
        self.reply(Html(page.decode()), 404)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log bugs once; a refusal is only a line of the access log."""
        if not isinstance(value, Refusal | WeChatError | HTTPError):
            log.error("request_failed", extra={"request_id": self.request_id}, exc_info=(typ, value, tb))


def address_of(request: HTTPServerRequest, services: Services) -> str:
    """Return the address that a request came from, past proxies that are trusted."""
    return services.addresses.of(request.remote_ip or "", request.headers.get("X-Forwarded-For"))


def limits_of(handler: type[Handler]) -> Sequence[Limit]:
    """Return the limits of a route, its own or the common ones."""
    if handler.limits is not None:
        return handler.limits
    return (PUBLIC,) if handler.public else (COMMON,)


def find_contract(handler: type[Handler], method: str) -> Contract | None:
    """Return the contract of a handler's method, if it is an operation."""
    found = getattr(getattr(handler, method.lower(), None), "contract", None)
    return found if isinstance(found, Contract) else None
