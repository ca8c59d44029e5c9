"""The client of WeChat's server API, on Tornado's HTTP client: typed calls, bounded in time.

Only code2Session so far. wechatpy gives the names of the error codes; its HTTP client blocks the loop and
sends an access token where none belongs, so it is not used. WeChat wants the app secret in the query of
code2Session: therefore no URL is ever logged, put into an error's text, or followed to another host.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Annotated, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Meta, Struct
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.iostream import UnsatisfiableReadError
from tornado.simple_httpclient import HTTPTimeoutError
from wechatpy.constants import WeChatErrorCode

from miniprogram_api.errors import LoginCodeInvalid, WeChatBusy, WeChatError, WeChatMisconfigured, error_of

WECHAT_URL = "https://api.weixin.qq.com"
CALL_SECONDS = 8.0
"""The whole of a call, its retries and its wait for a free connection included."""
NO_CODE = "recheck"
CONNECT_SECONDS = 3.0
ATTEMPT_SHARE = 0.95
"""An attempt ends by Tornado's own timer, just before the call's own has to cut it. Tornado's client needs
its timer even for a connection that is reset in the middle of a body: it notices nothing else."""
RETRY_DELAYS = (0.2, 0.8)
MAX_CLIENTS = 100
MAX_ANSWER_BYTES = 1024 * 1024

RID = re.compile(r"\brid: ([0-9a-f]{1,16}(?:-[0-9a-f]{1,16}){2})")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

log = logging.getLogger("union.wechat")


class Identity(Struct, frozen=True):
    """Who logged in, as WeChat knows them in this app. The session_key is dropped: nothing here needs it."""

    openid: str
    unionid: str | None


class _Answer(Struct):
    """What any answer may carry; a success often has neither (WeChat: «部分接口不会返回 errcode»)."""

    errcode: int = 0
    errmsg: str = ""


class _Session(Struct):
    """The parts of code2Session's success that we keep."""

    openid: Annotated[str, Meta(min_length=1, max_length=128)]
    unionid: Annotated[str, Meta(max_length=128)] | None = None


T = TypeVar("T")


class WeChat:
    """WeChat's server API for one mini program. Made in the loop that uses it."""

    def __init__(
        self,
        base_url: str,
        appid: str,
        secret: str,
        *,
        http: AsyncHTTPClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        call_seconds: float = CALL_SECONDS,
    ) -> None:
        """`base_url` is `WECHAT_URL` or a simulator on loopback; a given `http` is not closed here."""
        if not _is_safe_for_secrets(base_url):
            raise ValueError("WeChat's base URL must be https, or http on a loopback address")
        self._base_url = base_url.rstrip("/")
        self._appid = appid
        self._secret = secret
        self._owns_http = http is None
        self._http = http or _new_http()
        self._sleep = sleep
        self._call_seconds = call_seconds
        self._misconfiguration: str | None = None

    @property
    def misconfigured(self) -> bool:
        """Whether the last word on our configuration was a refusal; any success clears it."""
        return self._misconfiguration is not None

    @property
    def misconfiguration(self) -> str | None:
        """The refusal for readiness and operators, such as `40125 INVALID_APP_SECRET`, or None."""
        return self._misconfiguration

    def close(self) -> None:
        """Close the HTTP client if it was made here."""
        if self._owns_http:
            self._http.close()

    async def code_to_session(self, code: str) -> Identity:
        """Turn a login code of `wx.login` (one use, 5 minutes) into the person's identity.

        Raises the errors of `miniprogram_api/errors.py`. After a time-out the code may be used up, so
        the client calls `wx.login` again instead of sending the same code.
        """
        query = {
            "appid": self._appid,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        session = await self._call("/sns/jscode2session", query, _Session)
        return Identity(openid=session.openid, unionid=session.unionid or None)

    async def recheck(self) -> None:
        """Ask again whether our credentials are taken, by a login code that cannot exist.

        Readiness calls it while they were refused; otherwise no login might ever come to clear that.
        """
        with contextlib.suppress(WeChatError):
            await self.code_to_session(NO_CODE)

    async def _call(self, path: str, query: Mapping[str, str], kind: type[T]) -> T:
        """Return WeChat's answer as a `kind`; remember and log what went wrong."""
        try:
            answer = await self._within_time(path, query, kind)
        except WeChatError as error:
            self._note(path, error)
            raise
        self._misconfiguration = None
        return answer

    async def _within_time(self, path: str, query: Mapping[str, str], kind: type[T]) -> T:
        """Try, and try again while WeChat says that it is busy, until the time is up."""
        deadline = asyncio.get_running_loop().time() + self._call_seconds
        try:
            async with asyncio.timeout_at(deadline):
                for delay in RETRY_DELAYS:
                    try:
                        return await self._attempt(path, query, kind, deadline)
                    except WeChatBusy as error:
                        if error.errcode != WeChatErrorCode.SYSTEM_BUSY:
                            raise
                    await self._sleep(delay)
                return await self._attempt(path, query, kind, deadline)
        except TimeoutError as error:
            raise WeChatBusy(cause="timeout") from error

    async def _attempt(self, path: str, query: Mapping[str, str], kind: type[T], deadline: float) -> T:
        left = deadline - asyncio.get_running_loop().time()
        remaining = max(left * ATTEMPT_SHARE, 0.001)  # Zero would mean no limit at all.
        request = HTTPRequest(
            f"{self._base_url}{path}?{urlencode(query)}",
            connect_timeout=min(CONNECT_SECONDS, remaining),
            request_timeout=remaining,
            follow_redirects=False,
            decompress_response=False,
        )
        try:
            response = await self._http.fetch(request, raise_error=False)
        except HTTPTimeoutError as error:
            raise WeChatBusy(cause="timeout") from error
        except (HTTPClientError, OSError, UnsatisfiableReadError) as error:
            raise WeChatBusy(cause="connection") from error
        return _read(response, kind)

    def _note(self, path: str, error: WeChatError) -> None:
        facts = {"path": path, "cause": error.cause, "errcode": error.errcode, "rid": error.rid}
        if isinstance(error, WeChatMisconfigured) and error.errcode is not None:
            self._misconfiguration = _describe(error.errcode)
            log.error("wechat_misconfigured", extra=facts)
        else:
            if isinstance(error, LoginCodeInvalid):  # It judged the code, so it took our credentials.
                self._misconfiguration = None
            level = logging.WARNING if error.status >= 429 else logging.INFO
            log.log(level, "wechat_call_failed", extra=facts)


def _read(response: HTTPResponse, kind: type[T]) -> T:
    """Decode by content: code2Session answers `text/plain`, and every errcode comes with status 200."""
    if response.code != 200:
        raise WeChatBusy(cause=f"http_{response.code}")
    try:
        answer = msgspec.json.decode(response.body, type=_Answer, strict=False)
        if answer.errcode:
            rid = RID.search(answer.errmsg)
            raise error_of(answer.errcode, rid[1] if rid else None)
        return msgspec.json.decode(response.body, type=kind)
    except UNREADABLE as error:
        raise WeChatBusy(cause="unreadable") from error


def _describe(errcode: int) -> str:
    """Return a code with wechatpy's name for it, where it has one."""
    names = {int(member): member.name for member in WeChatErrorCode}
    return f"{errcode} {names.get(errcode, '')}".rstrip()


def _is_safe_for_secrets(base_url: str) -> bool:
    """Tell whether a secret may travel there: encrypted, or without leaving the machine."""
    parts = urlsplit(base_url)
    if parts.scheme != "http":
        return parts.scheme == "https" and bool(parts.hostname)
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False


def _new_http() -> AsyncHTTPClient:
    return AsyncHTTPClient(force_instance=True, max_clients=MAX_CLIENTS, max_body_size=MAX_ANSWER_BYTES)
