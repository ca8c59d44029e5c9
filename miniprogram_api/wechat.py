"""The client of WeChat's server API, on Tornado's HTTP client: typed calls, bounded in time.

wechatpy gives the names of the error codes; its HTTP client blocks the loop, sends an access token where none
belongs and recurses on one that died, so it is not used.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec
from msgspec import UNSET, Struct
from tornado.httpclient import AsyncHTTPClient

from miniprogram_api import wechat_wire as wire
from miniprogram_api.access_tokens import AccessTokens, NewToken, NoShelf, TokenShelf
from miniprogram_api.calls import CALL_SECONDS, Calls, Observe, unobserved
from miniprogram_api.errors import (
    CodeNotDrawn,
    LinkNotMade,
    MessageRefused,
    PhoneCodeInvalid,
    SecretRefused,
    WeChatError,
    WriterNotSeen,
)
from miniprogram_api.transport import Ask, Transport, reader_of
from miniprogram_api.wechat_wire import MediaKind, Scene, TextVerdict

WECHAT_URL = "https://api.weixin.qq.com"
NO_CODE = "recheck"
PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"


class Identity(Struct, frozen=True):
    """Who logged in, as WeChat knows them in this app. The session_key is dropped: nothing here needs it."""

    openid: str
    unionid: str | None


class PhoneNumber(Struct, frozen=True):
    """A phone number that the person let us have: without the country's code, and that code, such as `86`."""

    number: str
    country: str


class Release(StrEnum):
    """Which version of the mini program codes and messages open."""

    RELEASE = "release"
    TRIAL = "trial"
    DEVELOP = "develop"


MESSAGE_STATES: Mapping[Release, str] = MappingProxyType(
    {Release.RELEASE: "formal", Release.TRIAL: "trial", Release.DEVELOP: "developer"}
)


class WeChat:
    """WeChat's server API for one mini program. Made in the loop that uses it."""

    def __init__(  # noqa: PLR0913  # What a test replaces is named one by one.
        self,
        base_url: str,
        appid: str,
        secret: str,
        *,
        shelf: TokenShelf | None = None,
        http: AsyncHTTPClient | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        call_seconds: float = CALL_SECONDS,
        observe: Observe = unobserved,
    ) -> None:
        """`base_url` is `WECHAT_URL` or a simulator on loopback; a given `http` is not closed here.

        `shelf` is where the processes share the access token, `observe` takes each call's outcome and time.
        """
        self._transport = Transport(base_url, http)
        self._calls = Calls(self._transport, sleep, call_seconds, observe)
        self._tokens = AccessTokens(shelf or NoShelf(), self._fetch_token, sleep)
        self._appid = appid
        self._secret = secret

    @property
    def misconfigured(self) -> bool:
        """Whether the last word on our configuration was a refusal; any success clears it."""
        return self.misconfiguration is not None

    @property
    def misconfiguration(self) -> str | None:
        """The refusal for readiness and operators, such as `40125 INVALID_APP_SECRET`, or None."""
        return self._calls.misconfiguration

    def close(self) -> None:
        """Stop what runs and close the HTTP client if it was made here."""
        self._tokens.close()
        self._transport.close()

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
        session = await self._calls.plain(
            Ask(path="/sns/jscode2session", query=query), reader_of(wire.Session)
        )
        return Identity(openid=session.openid, unionid=session.unionid or None)

    async def get_phone_number(self, code: str, openid: str | None = None) -> PhoneNumber:
        """Turn a code of the phone button (one use, 5 minutes) into the number; `PhoneCodeInvalid`.

        With an openid the code must be that person's.
        """
        ask = Ask(
            path="/wxa/business/getuserphonenumber",
            body=wire.PhoneOrder(code, openid or UNSET),
            kinds=(PhoneCodeInvalid,),
        )
        found = (await self._calls.with_token(self._tokens, ask, reader_of(wire.Phone))).phone_info
        return PhoneNumber(found.number, str(found.country).lstrip("+"))

    async def send_message(
        self, openid: str, template: str, fields: Mapping[str, str], *, page: str, release: Release
    ) -> str | None:
        """Send a subscription message and return WeChat's id for it; `MessageRefused`.

        It is never repeated here: of an error that is not `is_certain` nobody knows whether it was sent.
        """
        order = wire.MessageOrder(
            touser=openid,
            template_id=template,
            data={name: wire.Value(text) for name, text in fields.items()},
            miniprogram_state=MESSAGE_STATES[release],
            page=page or UNSET,
        )
        ask = Ask(path="/cgi-bin/message/subscribe/send", body=order, kinds=(MessageRefused,))
        sent = await self._calls.with_token(self._tokens, ask, reader_of(wire.Sent), delays=())
        return None if sent.msgid is None else str(sent.msgid)

    async def draw_code(self, page: str, scene: str, *, release: Release, width: int) -> bytes:
        """Return a 小程序码 as WeChat draws it, PNG or JPEG; `CodeNotDrawn`.

        `scene` has at most 32 characters of WeChat's list, `width` is 280 to 1280 pixels.
        """
        is_released = release is Release.RELEASE
        order = wire.CodeOrder(scene, page, release.value, width, check_path=is_released)
        ask = Ask(path="/wxa/getwxacodeunlimit", body=order, kinds=(CodeNotDrawn,))
        return await self._calls.with_token(self._tokens, ask, _read_picture)

    async def make_url_link(self, page: str, query: str, *, release: Release, days: int) -> str:
        """Return an `https://` link that opens a page from outside, for at most 30 days; `LinkNotMade`.

        `query` has at most 1,024 characters. Which accounts may make links is WeChat's to say.
        """
        order = wire.LinkOrder(path=page, query=query, env_version=release.value, expire_interval=days)
        ask = Ask(path="/wxa/generate_urllink", body=order, kinds=(LinkNotMade,))
        return (await self._calls.with_token(self._tokens, ask, reader_of(wire.UrlLink))).url_link

    async def make_scheme(self, page: str, query: str, *, release: Release, days: int) -> str:
        """Return a `weixin://` link that opens a page from a web page, for at most 30 days; `LinkNotMade`."""
        jump = wire.Jump(page, query, release.value)
        order = wire.SchemeOrder(jump_wxa=jump, expire_interval=days)
        ask = Ask(path="/wxa/generatescheme", body=order, kinds=(LinkNotMade,))
        return (await self._calls.with_token(self._tokens, ask, reader_of(wire.Scheme))).openlink

    async def check_text(self, openid: str, scene: Scene, content: str, title: str = "") -> TextVerdict:
        """Return what WeChat thinks of a text of at most 2,500 characters; `WriterNotSeen`.

        Only while the writer is there: at the submission, never in a night's work.
        """
        order = wire.TextOrder(openid=openid, scene=scene, content=content, title=title or UNSET)
        ask = Ask(path="/wxa/msg_sec_check", body=order, kinds=(WriterNotSeen,))
        return (await self._calls.with_token(self._tokens, ask, reader_of(wire.Checked))).result

    async def check_picture(self, openid: str, scene: Scene, url: str) -> str:
        """Have WeChat judge a picture of at most 10 MB at a URL that it can reach; `WriterNotSeen`.

        Returns the trace id under which the verdict is pushed within half an hour (`wxa_media_check`).
        """
        order = wire.MediaOrder(openid=openid, scene=scene, media_url=url, media_type=MediaKind.PICTURE)
        ask = Ask(path="/wxa/media_check_async", body=order, kinds=(WriterNotSeen,))
        return (await self._calls.with_token(self._tokens, ask, reader_of(wire.MediaTaken))).trace_id

    async def recheck(self) -> None:
        """Ask again whether our credentials are taken, by a login code that cannot exist.

        Readiness calls it while they were refused; otherwise no login might ever come to clear that.
        """
        with contextlib.suppress(WeChatError):
            await self.code_to_session(NO_CODE)

    async def _fetch_token(self) -> NewToken:
        order = wire.TokenOrder(self._appid, self._secret)
        ask = Ask(path="/cgi-bin/stable_token", body=order, kinds=(SecretRefused,))
        return await self._calls.plain(ask, reader_of(NewToken))


def _read_picture(body: bytes) -> bytes:
    """Return a picture that begins like one; WeChat's page does not say which of the two it sends."""
    if not body.startswith((PNG, JPEG)):
        raise msgspec.DecodeError("neither PNG nor JPEG")
    return body
