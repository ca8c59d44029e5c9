"""The simulated WeChat's pushes to our server: plain and safe mode, XML and JSON, three tries.

A push waits five seconds for its answer and then goes out again, the same one, three times in all. An answer
is nothing, `success`, or an encrypted message whose signature is right; anything else counts as none.
"""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct, field
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from wechatpy.crypto import PrpCrypto, WeChatCrypto

from miniprogram_api.simulator_state import Clock

TRIES = 3
ANSWER_SECONDS = 5.0
ACCOUNT = "gh_123456789abc"
DELIVERIES = 1000

Plain = str | int
Fields = Mapping[str, Plain | Mapping[str, Plain]]


class Target(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where pushes go and in which dress; `mixed` sends the clear text beside the encrypted one."""

    url: Annotated[str, Meta(pattern=r"^http://(127\.0\.0\.1|\[::1\]):[0-9]+/")]
    token: Annotated[str, Meta(pattern="^[A-Za-z0-9]{3,32}$")]
    aes_key: Annotated[str, Meta(pattern="^([A-Za-z0-9]{43})?$")] = ""
    mode: Literal["plain", "mixed", "safe"] = "plain"
    format: Literal["xml", "json"] = "json"

    def __post_init__(self) -> None:
        if self.mode != "plain" and not self.aes_key:
            raise ValueError("only plain mode has no key")


class Push(Struct, frozen=True, forbid_unknown_fields=True):
    """A message or event. `entries` are its list, which XML nests under `nest` and JSON calls `List`."""

    fields: Fields
    entries: Sequence[Fields] = ()
    nest: str = ""


class Delivery(Struct):
    """What became of a push: how often it was sent, and whether it was answered as WeChat asks."""

    at: datetime
    event: str
    tries: int = 0
    taken: bool = False
    statuses: list[int] = field(default_factory=list)


class Pushes:
    """Sends pushes in the background and remembers what became of them."""

    def __init__(self, appid: str, clock: Clock, answer_seconds: float) -> None:
        self._appid = appid
        self._clock = clock
        self._answer_seconds = answer_seconds
        self._target: Target | None = None
        self._http: AsyncHTTPClient | None = None
        self._running: set[asyncio.Task[None]] = set()
        self.deliveries: list[Delivery] = []

    async def aim(self, target: Target) -> bool:
        """Verify a server by an `echostr`, as the console does, and push there from now on if it passes."""
        echo = str(secrets.randbits(62))
        query = {**self._signed(target), "echostr": echo}
        response = await self._fetch(HTTPRequest(f"{target.url}?{urlencode(query)}"))
        if response is None or response.code != 200 or response.body.decode(errors="replace") != echo:
            return False
        self._target = target
        return True

    def push_event(
        self, event: str, openid: str, more: Fields, entries: Sequence[Fields] = (), delay: float = 0.0
    ) -> None:
        """Push an event about a person after a delay (s)."""
        nest = "".join(part.capitalize() for part in event.split("_"))
        common: dict[str, Plain | Mapping[str, Plain]] = {
            "ToUserName": ACCOUNT,
            "FromUserName": openid,
            "CreateTime": int(self._clock.now().timestamp()),
            "MsgType": "event",
            "Event": event,
        }
        self.push(Push({**common, **more}, entries, nest), delay)

    def push(self, push: Push, delay: float = 0.0) -> None:
        """Push a message as it is after a delay (s); nothing happens while there is no target."""
        if self._target is None:
            return
        delivery = Delivery(
            self._clock.now(), str(push.fields.get("Event") or push.fields.get("MsgType", ""))
        )
        self.deliveries = [*self.deliveries[1 - DELIVERIES :], delivery]
        task = asyncio.create_task(self._deliver(push, delivery, self._target, delay))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def wait_until_idle(self) -> None:
        """Return once every push was taken or given up."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Give up what runs."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._http is not None:
            self._http.close()

    async def _deliver(self, push: Push, delivery: Delivery, target: Target, delay: float) -> None:
        await asyncio.sleep(delay)
        loop = asyncio.get_running_loop()
        while not delivery.taken and delivery.tries < TRIES:
            delivery.tries += 1
            start = loop.time()
            response = await self._fetch(self._dress(push, target))
            delivery.statuses.append(response.code if response else 0)
            delivery.taken = response is not None and self._is_right(response, target)
            if not delivery.taken and delivery.tries < TRIES:
                await asyncio.sleep(start + self._answer_seconds - loop.time())

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse | None:
        request.request_timeout = request.connect_timeout = self._answer_seconds
        self._http = self._http or AsyncHTTPClient(force_instance=True, max_clients=50)
        with contextlib.suppress(HTTPClientError, OSError):
            return await self._http.fetch(request, raise_error=False)
        return None

    def _dress(self, push: Push, target: Target) -> HTTPRequest:
        text = _to_json(push) if target.format == "json" else _to_xml(push)
        query = self._signed(target)
        if target.mode == "plain":
            body = text
        else:
            crypto = WeChatCrypto(target.token, target.aes_key, self._appid)
            encrypted = PrpCrypto(crypto.key).encrypt(text, self._appid).decode()
            query["openid"] = str(push.fields.get("FromUserName", ""))
            query["encrypt_type"] = "aes"
            query["msg_signature"] = sign(target.token, query["timestamp"], query["nonce"], encrypted)
            cover = push.fields if target.mode == "mixed" else {"ToUserName": ACCOUNT}
            envelope = Push({**cover, "Encrypt": encrypted})
            body = _to_json(envelope) if target.format == "json" else _to_xml(envelope)
        kind = "application/json" if target.format == "json" else "text/xml"
        headers = {"Content-Type": kind, "User-Agent": "Mozilla/4.0"}
        return HTTPRequest(f"{target.url}?{urlencode(query)}", "POST", headers, body)

    def _signed(self, target: Target) -> dict[str, str]:
        timestamp, nonce = str(int(self._clock.now().timestamp())), str(secrets.randbelow(10**10))
        return {
            "signature": sign(target.token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }

    def _is_right(self, response: HTTPResponse, target: Target) -> bool:
        """Say whether WeChat takes an answer: no content, `success`, or a reply with a right signature."""
        if response.code != 200 or response.body in (b"", b"success"):
            return response.code == 200
        try:
            reply = msgspec.json.decode(response.body, type=dict[str, str | int])
            parts = (str(reply["TimeStamp"]), str(reply["Nonce"]), str(reply["Encrypt"]))
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
            return False
        return reply.get("MsgSignature") == sign(target.token, *parts)


def sign(*parts: str) -> str:
    """Return WeChat's signature of a token and what goes with it."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324  # WeChat's choice.


def _to_json(push: Push) -> str:
    """Write a push as JSON. A list of one entry is that entry itself: so it is documented."""
    entries = push.entries[0] if len(push.entries) == 1 else push.entries
    whole = {**push.fields, "List": entries} if push.entries else dict(push.fields)
    return msgspec.json.encode(whole).decode()


def _to_xml(push: Push) -> str:
    inner = _elements(push.fields)
    if push.entries:
        listed = "".join(f"<List>{_elements(entry)}</List>" for entry in push.entries)
        inner += f"<{push.nest}>{listed}</{push.nest}>"
    return f"<xml>{inner}</xml>"


def _elements(fields: Fields) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: Plain | Mapping[str, Plain]) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, int):
        return str(value)
    return f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
