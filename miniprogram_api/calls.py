"""Calls of WeChat's server API as a whole: within one time, with or without an access token, and noted.

What goes wrong is logged by path, errcode and `rid` alone. A token that WeChat refuses is replaced once
(40001, 40014, 42001); one that is refused again is an alarm.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from wechatpy.constants import WeChatErrorCode

from miniprogram_api.access_tokens import AccessTokens
from miniprogram_api.errors import (
    LoginCodeInvalid,
    TokenRefused,
    WeChatBusy,
    WeChatError,
    WeChatMisconfigured,
)
from miniprogram_api.transport import Ask, Reader, Transport

CALL_SECONDS = 7.5
"""The whole of a call: its token, its retries and its wait for a free connection included. With what our own
engines may take beside it, no request hangs for eight seconds."""
RETRY_DELAYS = (0.2, 0.8)

log = logging.getLogger("union.wechat")
T = TypeVar("T")
Observe = Callable[[tuple[str, str], float], None]
"""Takes a call's path and how it ended (`ok`, an errcode or a cause), and its seconds."""


def unobserved(_call: tuple[str, str], _seconds: float) -> None:
    """Take no notice of a call."""


class Calls:
    """Makes calls through a transport and remembers whether our configuration was refused."""

    def __init__(
        self,
        transport: Transport,
        sleep: Callable[[float], Awaitable[None]],
        call_seconds: float,
        observe: Observe = unobserved,
    ) -> None:
        self._transport = transport
        self._sleep = sleep
        self._call_seconds = call_seconds
        self._observe = observe
        self.misconfiguration: str | None = None

    async def plain(self, ask: Ask, read: Reader[T]) -> T:
        """Make a call that takes no access token, again while WeChat says that it is busy."""
        try:
            answer = await self._within(self._deadline(), ask, read, RETRY_DELAYS)
        except WeChatError as error:
            self._note(ask.path, error)
            raise
        self.misconfiguration = None
        return answer

    async def with_token(
        self, tokens: AccessTokens, ask: Ask, read: Reader[T], delays: Sequence[float] = RETRY_DELAYS
    ) -> T:
        """Make a call with the access token. `delays` are the waits before each try while WeChat is busy."""
        deadline = self._deadline()
        try:
            token = await self._token(tokens, None, deadline)
            try:
                return await self._within(deadline, _bearing(ask, token), read, delays)
            except TokenRefused as error:
                self._note(ask.path, error)
            token = await self._token(tokens, token, deadline)
            return await self._within(deadline, _bearing(ask, token), read, delays)
        except WeChatError as error:
            self._note(ask.path, error)
            if isinstance(error, TokenRefused):
                log.error("wechat_token_refused_again", extra={"path": ask.path, "rid": error.rid})  # noqa: TRY400  # The answer has no traceback worth keeping.
            raise

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._call_seconds

    async def _token(self, tokens: AccessTokens, refused: str | None, deadline: float) -> str:
        """Return a token; an error says that the call itself was not sent."""
        try:
            async with asyncio.timeout_at(deadline):
                return await tokens.get(refused)
        except TimeoutError as error:
            raise WeChatBusy(cause="no_token_in_time", reached=False) from error
        except WeChatError as error:
            raise error.before_sending() from error

    async def _within(self, deadline: float, ask: Ask, read: Reader[T], delays: Sequence[float]) -> T:
        """Make the tries of one call, and note how it ended and how long it took."""
        outcome, begun = "cancelled", asyncio.get_running_loop().time()
        try:
            answer = await self._try(deadline, ask, read, delays)
            outcome = "ok"
        except WeChatError as error:
            outcome = error.cause if error.errcode is None else str(error.errcode)
            raise
        finally:
            self._observe((ask.path, outcome), asyncio.get_running_loop().time() - begun)
        return answer

    async def _try(self, deadline: float, ask: Ask, read: Reader[T], delays: Sequence[float]) -> T:
        """Try, and try again while WeChat says that it is busy, until the time is up."""
        try:
            async with asyncio.timeout_at(deadline):
                for delay in delays:
                    try:
                        return await self._transport.send(ask, read, deadline)
                    except WeChatBusy as error:
                        if error.errcode != WeChatErrorCode.SYSTEM_BUSY:
                            raise
                    await self._sleep(delay)
                return await self._transport.send(ask, read, deadline)
        except TimeoutError as error:
            raise WeChatBusy(cause="timeout") from error

    def _note(self, path: str, error: WeChatError) -> None:
        facts = {"path": path, "cause": error.cause, "errcode": error.errcode, "rid": error.rid}
        if isinstance(error, WeChatMisconfigured) and error.errcode is not None:
            if error.stops_logins:
                self.misconfiguration = _describe(error.errcode)
            log.error("wechat_misconfigured", extra=facts)
        else:
            if isinstance(error, LoginCodeInvalid):  # It judged the code, so it took our credentials.
                self.misconfiguration = None
            level = logging.WARNING if error.status >= 429 else logging.INFO
            log.log(level, "wechat_call_failed", extra=facts)


def _bearing(ask: Ask, token: str) -> Ask:
    return msgspec.structs.replace(ask, query={**ask.query, "access_token": token})


def _describe(errcode: int) -> str:
    """Return a code with wechatpy's name for it, where it has one."""
    names = {int(member): member.name for member in WeChatErrorCode}
    return f"{errcode} {names.get(errcode, '')}".rstrip()
