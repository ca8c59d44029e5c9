"""The simulated WeChat's routes of subscription messages and content checks."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from miniprogram_api.simulator_messages import Order
from miniprogram_api.simulator_platform import PlatformHandler, TokenHandler
from miniprogram_api.simulator_pushes import Plain
from miniprogram_api.simulator_state import PlatformError

MINUTE = timedelta(minutes=1)
TEXT_LIMIT = 2500
VERDICTS = (("[risky]", "risky", 20006), ("[review]", "review", 21000))

LOST, NOT_FETCHED = "[lost]", -1008


class SentAnswer(Struct, frozen=True):
    """The success of subscribe/send."""

    msgid: int
    errcode: int = 0
    errmsg: str = "ok"


class TextOrder(Struct, frozen=True):
    """The body of msg_sec_check."""

    content: str = ""
    openid: str = ""
    scene: int = 0
    version: int = 1
    title: str = ""
    nickname: str = ""
    signature: str = ""


class Verdict(Struct, frozen=True):
    """What WeChat thinks of a content."""

    suggest: Literal["pass", "review", "risky"]
    label: int


class TextAnswer(Struct, frozen=True):
    """The success of msg_sec_check."""

    result: Verdict
    trace_id: str
    detail: Sequence[Verdict] = ()
    errcode: int = 0
    errmsg: str = "ok"


class MediaOrder(Struct, frozen=True):
    """The body of media_check_async."""

    media_url: str = ""
    media_type: int = 0
    openid: str = ""
    scene: int = 0
    version: int = 1


class MediaAnswer(Struct, frozen=True):
    """The success of media_check_async; the verdict is pushed."""

    trace_id: str
    errcode: int = 0
    errmsg: str = "ok"


class SubscribeSend(TokenHandler):
    """`POST /cgi-bin/message/subscribe/send`: a message for a consent; its outcome is pushed."""

    _openid = ""

    def work(self) -> Struct:
        """Send, or refuse with what is wrong first."""
        order = self.read(Order)
        if not self.state.people.knows(order.touser):
            raise PlatformError(40003, "invalid openid")
        if order.page and order.page.partition("?")[0] not in self.state.pages:
            raise PlatformError(41030, "invalid page")
        self.state.messages.begin(order.touser)
        self._openid = order.touser
        sent = self.state.messages.send(order)
        is_failing = self.state.messages.failing_deliveries > 0
        self.state.messages.failing_deliveries -= is_failing
        outcome = {
            "TemplateId": order.template_id,
            "MsgID": str(sent.id),
            "ErrorCode": "1" if is_failing else "0",
            "ErrorStatus": "system failed" if is_failing else "success",
        }
        self.state.pushes.push_event("subscribe_msg_sent_event", order.touser, {}, [outcome])
        return SentAnswer(sent.id)

    def end(self) -> None:
        """Let the next message to this person through."""
        self.state.messages.end(self._openid)


class TextCheck(TokenHandler):
    """`POST /wxa/msg_sec_check`: `[risky]` and `[review]` in a text are its verdict."""

    def work(self) -> Struct:
        """Judge."""
        self.state.quota.count("msg_sec_check", 4000, MINUTE, 44991)
        order = self.read(TextOrder)
        _check_scene(order.version, order.scene)
        _check_person(self, order.openid)
        if not 0 < len(order.content) <= TEXT_LIMIT:
            raise PlatformError(40129, "invalid args")
        verdict = _judge(" ".join((order.content, order.title, order.nickname, order.signature)))
        return TextAnswer(verdict, self.state.new_trace(), (verdict,))


class MediaCheck(TokenHandler):
    """`POST /wxa/media_check_async`: `[risky]`, `[review]`, `[lost]` in the URL are the verdict, pushed."""

    def work(self) -> Struct:
        """Take the picture's URL, and push the verdict after a while."""
        self.state.quota.count("media_check_async", 2000, MINUTE, 44991)
        order = self.read(MediaOrder)
        _check_scene(order.version, order.scene)
        _check_person(self, order.openid)
        if order.media_type not in (1, 2):
            raise PlatformError(40004, "invalid media type")
        trace, verdict = self.state.new_trace(), _judge(order.media_url)
        outcome: dict[str, Plain | Mapping[str, Plain]] = {"errcode": NOT_FETCHED}
        if LOST not in order.media_url:
            outcome = {"errcode": 0, "result": {"suggest": verdict.suggest, "label": verdict.label}}
        self.state.pushes.push_event(
            "wxa_media_check",
            order.openid,
            {"appid": self.state.appid, "trace_id": trace, "version": 2, **outcome},
            delay=self.state.media_seconds,
        )
        return MediaAnswer(trace)


def _check_scene(version: int, scene: int) -> None:
    if version != 2 or scene not in (1, 2, 3, 4):
        raise PlatformError(40129, "invalid args")


def _check_person(handler: TokenHandler, openid: str) -> None:
    people = handler.state.people
    if not people.knows(openid):
        raise PlatformError(40003, "invalid openid")
    if not people.is_recent(openid):
        raise PlatformError(61010, "code is expired")


def _judge(text: str) -> Verdict:
    for word, suggest, label in VERDICTS:
        if word in text:
            return msgspec.convert({"suggest": suggest, "label": label}, Verdict)
    return Verdict("pass", 100)


ROUTES: tuple[tuple[str, type[PlatformHandler]], ...] = (
    ("/cgi-bin/message/subscribe/send", SubscribeSend),
    ("/wxa/msg_sec_check", TextCheck),
    ("/wxa/media_check_async", MediaCheck),
)
