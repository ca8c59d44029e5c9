"""What WeChat pushes to our server: whether it is from WeChat, and what it says.

Rules of WeChat's page 消息推送. With an AES key only encrypted pushes are taken, since the signature of a
plain one does not cover its body. wechatpy makes the signatures and opens the envelope; the comparison is
ours, in constant time, and so is the reading: wechatpy's wants XML where JSON is pushed.
"""

import hashlib
import hmac
import logging
import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner

from miniprogram_api.errors import WeChatError
from miniprogram_api.xml_messages import Content, NotAMessage, read_xml

BODY_LIMIT = 64 << 10
"""Bytes. WeChat's messages are a few hundred; a customer's text has at most 2,048 characters."""
WINDOW_SECONDS = 300
"""How far a push's time may be from ours; its repetitions come within fifteen seconds."""
BROKEN = (WeChatException, ValueError, IndexError, struct.error)
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError, NotAMessage)

log = logging.getLogger("union.wechat")


class PushRefused(WeChatError):
    """The push is not WeChat's, or too old, or nothing that we can read."""

    code = "push_refused"
    message = "推送未通过校验"
    status = 403


class Signed(Struct, frozen=True, kw_only=True):
    """What the query of a push says about it."""

    timestamp: str
    nonce: str
    signature: str = ""
    msg_signature: str = ""


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of an event's list: the popup's and the settings' have a status, the outcome's the rest."""

    template: str
    status: str = ""
    message: str = ""
    error: str = ""


class Pushed(Struct, frozen=True, kw_only=True):
    """A message or event. `key` is the same when it is pushed again, `openid` is whom it is about.

    `appid` is the app that an event speaks of, where it names one; `content` is all of it.
    """

    kind: str
    key: str
    openid: str
    appid: str
    entries: tuple[Entry, ...]
    content: Content


class PushGate:
    """Lets in what WeChat pushes to one mini program."""

    def __init__(self, appid: str, token: str, aes_key: str, now: Callable[[], datetime]) -> None:
        """`aes_key` has 43 characters, or none in plain mode."""
        self._token = token
        self._crypto = WeChatCrypto(token, aes_key, appid) if aes_key else None
        self._now = now

    def check_echo(self, signed: Signed, echo: str) -> str:
        """Return the text that WeChat wants back when the server's address is set; PushRefused."""
        self._check(signed, signed.signature)
        return echo

    def read(self, signed: Signed, body: bytes) -> Pushed:
        """Return what was pushed; PushRefused."""
        if len(body) > BODY_LIMIT:
            raise _refused("size")
        try:
            content = _parse(body.decode())
            if self._crypto is None:
                self._check(signed, signed.signature)
            else:
                content = _parse(self._open(signed, content))
            return _understand(content)
        except UNREADABLE as error:
            raise _refused("unreadable") from error

    def _check(self, signed: Signed, signature: str, *more: str) -> None:
        """Compare a signature (SHA-1 of the token and what it covers, sorted) and the time."""
        signer = WeChatSigner()
        signer.add_data(self._token, signed.timestamp, signed.nonce, *more)
        if not hmac.compare_digest(signer.signature.encode(), signature.encode()):
            raise _refused("signature")
        moment = int(signed.timestamp) if signed.timestamp.isdecimal() else 0
        if abs(self._now().timestamp() - moment) > WINDOW_SECONDS:
            raise _refused("time")

    def _open(self, signed: Signed, envelope: Content) -> str:
        """Return the clear text of an envelope that is WeChat's and for our app."""
        sealed = envelope.get("Encrypt")
        if self._crypto is None or not isinstance(sealed, str):
            raise _refused("not_encrypted")
        self._check(signed, signed.msg_signature, sealed)
        try:
            clear: str = self._crypto.decrypt_message(
                {"Encrypt": sealed}, signed.msg_signature, signed.timestamp, signed.nonce
            )
        except BROKEN as error:
            raise _refused("envelope") from error
        return clear


def _refused(cause: str) -> PushRefused:
    log.info("push_refused", extra={"cause": cause})
    return PushRefused(cause=cause)


def _parse(text: str) -> Content:
    if text.lstrip()[:1] == "<":
        return read_xml(text)
    return msgspec.json.decode(text, type=dict[str, Any])


def _understand(content: Content) -> Pushed:
    """Read what a push says, whichever dress it wears: numbers may be texts, a list of one its entry."""
    event = _text(content, "Event")
    kind = event or _text(content, "MsgType")
    sender, at = _text(content, "FromUserName"), _text(content, "CreateTime")
    if not kind or not sender:
        raise NotAMessage("neither a message nor an event")
    message = _text(content, "MsgId")
    plain = msgspec.json.encode(content, order="deterministic")
    # The documented name of an event is sender and second; two may share both, so it has a digest as well.
    digest = hashlib.sha256(plain).hexdigest()[:16]
    return Pushed(
        kind=kind[:64],
        key=f"message:{message}" if message else f"event:{sender}:{at}:{event}:{digest}",
        openid=_text(content, "OpenID") or sender,
        appid=_text(content, "AppID"),
        entries=tuple(_entry(one) for one in _list(content)),
        content=content,
    )


def _list(content: Content) -> Sequence[Content]:
    """Return the entries of a push: XML nests them under the event's name, JSON makes one entry an object."""
    nests = [value for value in content.values() if isinstance(value, dict) and "List" in value]
    listed = content.get("List") or (nests[0]["List"] if nests else [])
    entries = listed if isinstance(listed, list) else [listed]
    return [entry for entry in entries if isinstance(entry, dict)]


def _entry(entry: Content) -> Entry:
    return Entry(
        template=_text(entry, "TemplateId"),
        status=_text(entry, "SubscribeStatusString"),
        message=_text(entry, "MsgID"),
        error=_text(entry, "ErrorCode"),
    )


def _text(content: Content, name: str) -> str:
    value = content.get(name, "")
    return str(value) if isinstance(value, str | int) else ""
