"""One attempt at one call of WeChat's server API: bounded in time and size, read by content.

WeChat wants the app secret in the query of code2Session and the access token in that of all others: therefore
no URL is ever logged, put into an error's text, or followed to another host.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct, field
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.iostream import UnsatisfiableReadError
from tornado.simple_httpclient import HTTPTimeoutError

from miniprogram_api.errors import WeChatBusy, WeChatError, error_of

CONNECT_SECONDS = 3.0
ATTEMPT_SHARE = 0.95
"""An attempt ends by Tornado's own timer, just before the call's own has to cut it. Tornado's client needs
its timer even for a connection that is reset in the middle of a body: it notices nothing else."""
MAX_CLIENTS = 100
MAX_ANSWER_BYTES = 1024 * 1024

RID = re.compile(r"\brid: ([0-9a-f]{1,16}(?:-[0-9a-f]{1,16}){2})")
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")
Reader = Callable[[bytes], T]
"""Turns the body of a success into what it means; `UNREADABLE` errors when it cannot."""


class Ask(Struct, frozen=True, kw_only=True):
    """One call: a GET, or a POST when there is a body.

    `kinds` are the errors whose codes mean something of their own in this call.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Struct | None = None
    kinds: tuple[type[WeChatError], ...] = ()


class _Answer(Struct):
    """What any answer may carry; a success often has neither (WeChat: «部分接口不会返回 errcode»)."""

    errcode: int = 0
    errmsg: str = ""


class Transport:
    """Sends calls to one base URL."""

    def __init__(self, base_url: str, http: AsyncHTTPClient | None = None) -> None:
        """`base_url` is WeChat's or a simulator's on loopback; a given `http` is not closed here."""
        if not _is_safe_for_secrets(base_url):
            raise ValueError("WeChat's base URL must be https, or http on a loopback address")
        self._base_url = base_url.rstrip("/")
        self._owns_http = http is None
        self._http = http or AsyncHTTPClient(
            force_instance=True, max_clients=MAX_CLIENTS, max_body_size=MAX_ANSWER_BYTES
        )

    def close(self) -> None:
        """Close the HTTP client if it was made here."""
        if self._owns_http:
            self._http.close()

    async def send(self, ask: Ask, read: Reader[T], deadline: float) -> T:
        """Return what the answer means; a `WeChatError` when it is none. `deadline` is the loop's time."""
        left = deadline - asyncio.get_running_loop().time()
        remaining = max(left * ATTEMPT_SHARE, 0.001)  # Zero would mean no limit at all.
        request = HTTPRequest(
            f"{self._base_url}{ask.path}?{urlencode(ask.query)}",
            method="GET" if ask.body is None else "POST",
            headers={} if ask.body is None else {"Content-Type": "application/json"},
            body=None if ask.body is None else msgspec.json.encode(ask.body),
            connect_timeout=min(CONNECT_SECONDS, remaining),
            request_timeout=remaining,
            follow_redirects=False,
            decompress_response=False,
        )
        try:
            response = await self._http.fetch(request, raise_error=False)
        except HTTPTimeoutError as error:
            raise WeChatBusy(cause="timeout") from error
        except (ConnectionRefusedError, socket.gaierror) as error:
            raise WeChatBusy(cause="connection", reached=False) from error
        except (HTTPClientError, OSError, UnsatisfiableReadError) as error:
            raise WeChatBusy(cause="connection") from error
        return _read(response, ask, read)


def reader_of(kind: type[T]) -> Reader[T]:
    """Return the reader of a JSON answer."""
    return msgspec.json.Decoder(kind).decode


def _read(response: HTTPResponse, ask: Ask, read: Reader[T]) -> T:
    """Read by content: code2Session answers `text/plain`, and every errcode comes with status 200.

    What does not begin like a JSON object is left to the reader: a picture, or nothing good.
    """
    if response.code != 200:
        raise WeChatBusy(cause=f"http_{response.code}")
    try:
        if response.body[:64].lstrip()[:1] == b"{":
            _raise_refusal(response.body, ask)
        return read(response.body)
    except UNREADABLE as error:
        raise WeChatBusy(cause="unreadable") from error


def _raise_refusal(body: bytes, ask: Ask) -> None:
    answer = msgspec.json.decode(body, type=_Answer, strict=False)
    if answer.errcode:
        rid = RID.search(answer.errmsg)
        raise error_of(answer.errcode, rid[1] if rid else None, ask.kinds)


def _is_safe_for_secrets(base_url: str) -> bool:
    """Tell whether a secret may travel there: encrypted, or without leaving the machine."""
    parts = urlsplit(base_url)
    if parts.scheme != "http":
        return parts.scheme == "https" and bool(parts.hostname)
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
