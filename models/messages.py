"""Subscription messages: an outbox, from which each message goes out once or visibly not at all.

    queued → claimed → sending → sent → delivered
                                      ↘ failed

Invariants: the `_id` is the caller's name for the fact that the message is about, so that one fact is told
once; every step is one write on condition of the state and of the number of the attempt, so that any number
of workers may work; `turn` is there while a message to the account is under way or of unknown fate, and a
unique index on it lets one through at a time: WeChat wants that (43108), and its event names a message by an
id that is lost with the answer, so that only a single one can be told. A worker that dies before `sending`
leaves a message that goes out later; after it, one of unknown fate, as does an answer that got lost: those
are never sent again, but settled by WeChat's event, or failed when none comes. A message's words lie sealed,
and only until its fate is known.
"""

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct, field

from models.clock import Now
from models.filters import Index
from models.message_fields import check_fields
from models.privacy_notices import kept
from models.signals import Signals
from models.store import Collection, Duplicate, Store
from models.subscriptions import Subscriptions
from models.vault import Vault

MESSAGES_DUE = "messages"
BATCH = 20
CLAIM = timedelta(seconds=30)
"""How long a worker may take for one message; a call of WeChat takes at most eight seconds."""
GRACE = timedelta(minutes=10)
"""How long an unknown fate waits for WeChat's event."""
ONE_AT_A_TIME = timedelta(seconds=1)
LIFE = timedelta(days=1)
LONGEST_PAUSE = timedelta(hours=1)
KEPT = kept("messages")

State = Literal["queued", "claimed", "sending", "unknown", "sent", "delivered", "failed"]
Fate = Literal["accepted", "not_granted", "refused", "two_at_once", "not_sent", "unknown"]
_is_id = re.compile(r"[0-9A-Za-z_:-]{1,120}").fullmatch

log = logging.getLogger("union.messages")


class Outcome(Struct, frozen=True):
    """What became of one attempt: `message` is WeChat's id, `reason` a static word for the record.

    `not_sent` is surely not sent and may be tried again, `refused` surely not sent and never will be.
    """

    fate: Fate
    reason: str = ""
    message: str | None = None


class Sender(Protocol):
    """Sends one message to one WeChat account. It raises nothing: what went wrong is an outcome."""

    async def send(self, openid: str, template: str, page: str, fields: Mapping[str, str]) -> Outcome:
        """Send it."""


class Message(Struct, frozen=True, kw_only=True):
    """One message. `due` is there while something is to be done, `words` while it may still be sent."""

    id: str = field(name="_id")
    account: str
    template: str
    page: str
    words: bytes | None = None
    state: State = "queued"
    attempts: int = 0
    due: datetime | None = None
    turn: str | None = None
    wechat_id: str | None = None
    reason: str | None = None
    queued: datetime


MESSAGES = Collection(
    "messages",
    Message,
    (
        Index(("due",)),
        Index(("turn",), unique=True),
        Index(("wechat_id",)),
        Index(("account", "state")),
        Index(("state",)),
        Index(("queued",)),
    ),
)

LAPSED: Mapping[State, tuple[State, str | None]] = MappingProxyType(
    {"claimed": ("queued", None), "sending": ("unknown", None), "unknown": ("failed", "outcome_unknown")}
)
"""What a message becomes that stood still in a state until its `due`, and why."""


class Messages:
    """Queues messages and works them."""

    def __init__(
        self,
        store: Store[Message],
        subscriptions: Subscriptions,
        vault: Vault,
        signals: Signals,
        now: Now,
    ) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._vault = vault
        self._signals = signals
        self._now = now

    async def queue(
        self, name: str, account: str, purpose: str, page: str, fields: Mapping[str, str]
    ) -> None:
        """Queue a message about a fact, once by its name; FieldBroken for words that WeChat refuses.

        A purpose for which the site has no template fails at once, and visibly.
        """
        if not _is_id(name):
            raise ValueError("a message's name is made of letters, digits, - _ and :")
        check_fields(fields)
        at = self._now()
        template = self._subscriptions.find_template(purpose)
        message = Message(
            id=name,
            account=account,
            template=template.id if template else "",
            page=page,
            words=self._seal(name, fields) if template else None,
            state="queued" if template else "failed",
            reason=None if template else "no_template",
            due=at if template else None,
            queued=at,
        )
        try:
            await self._store.insert(message)
        except Duplicate:
            return
        await self._signals.send(MESSAGES_DUE)

    async def find(self, name: str) -> Message | None:
        """Return a message by its name."""
        return await self._store.find(name)

    async def count(self, state: State) -> int:
        """Return how many messages are in a state."""
        return await self._store.count({"state": state})

    async def count_due(self) -> int:
        """Return how many messages wait for their next step."""
        return await self._store.count({"due": {"$lte": self._now()}})

    async def work(self, sender: Sender) -> None:
        """Take every message that is due one step on."""
        due = await self._store.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH)
        ends = await asyncio.gather(*(self._step(message, sender) for message in due), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def settle(self, account: str, template: str, wechat_id: str, error: str) -> bool:
        """Take WeChat's word on a message's delivery; False if its sender has not finished writing."""
        under_way = await self._list(account, template, "sending")
        found = await self._store.find_one({"wechat_id": wechat_id}) if wechat_id else None
        if found is None and under_way:
            return False
        for message in [found] if found else await self._list(account, template, "unknown"):
            if error in ("", "0"):
                await self._end(message, "delivered", wechat_id=wechat_id)
            else:
                await self._end(message, "failed", wechat_id=wechat_id, reason="not_delivered")
        return True

    async def forget_old(self) -> int:
        """Remove messages whose fate is a month old; return how much."""
        return await self._store.delete({"queued": {"$lt": self._now() - KEPT}})

    def _seal(self, name: str, fields: Mapping[str, str]) -> bytes:
        return self._vault.seal("messages", name, "words", msgspec.json.encode(dict(fields)).decode())

    async def _step(self, message: Message, sender: Sender) -> None:
        if message.state == "queued":
            await self._send(message, sender)
        elif message.state in LAPSED:
            state, reason = LAPSED[message.state]
            if state == "failed":
                await self._end(message, "failed", reason=reason)
            else:
                is_unknown = state == "unknown"
                due = self._now() + (GRACE if is_unknown else timedelta())
                await self._move(message, state, due=due, turn=message.turn if is_unknown else None)

    async def _send(self, queued: Message, sender: Sender) -> None:
        if self._now() >= queued.queued + LIFE:
            await self._give_up(queued, "expired")
            return
        until = self._now() + CLAIM
        message = await self._move(queued, "claimed", due=until, turn=queued.account, plus={"attempts": 1})
        if message is None or message.words is None:  # Another worker has it, or its account has its turn.
            await self._move(queued, "queued", due=self._now() + ONE_AT_A_TIME)
            return
        openid = await self._subscriptions.spend(message.account, message.template, message.id)
        if openid is None:
            await self._end(message, "failed", reason="not_granted")
            return
        sending = await self._move(message, "sending")
        if sending is None:
            return
        text = self._vault.open("messages", message.id, "words", message.words)
        fields = msgspec.json.decode(text, type=dict[str, str])
        await self._record(sending, await sender.send(openid, message.template, message.page, fields))

    async def _record(self, message: Message, outcome: Outcome) -> None:
        """Write down what became of an attempt; the ledger first, since its steps are the repeatable ones."""
        if outcome.fate == "accepted":
            await self._end(message, "sent", wechat_id=outcome.message)
        elif outcome.fate == "unknown":
            await self._move(message, "unknown", due=self._now() + GRACE)
        elif outcome.fate == "not_granted":
            await self._subscriptions.exhaust(message.account, message.template)
            await self._end(message, "failed", reason=outcome.reason)
        elif outcome.fate == "refused":
            await self._give_up(message, outcome.reason)
        else:
            pause = ONE_AT_A_TIME if outcome.fate == "two_at_once" else pause_after(message.attempts)
            await self._move(message, "queued", due=self._now() + pause, turn=None, reason=outcome.reason)

    async def _give_up(self, message: Message, reason: str) -> None:
        """Fail a message that was surely not sent, and give its credit back."""
        await self._subscriptions.restore(message.account, message.template, message.id)
        await self._end(message, "failed", reason=reason)

    async def _end(self, message: Message, state: State, **values: Any) -> None:
        """Write a message's fate and drop its words."""
        values = {"due": None, "turn": None, "words": None, "reason": None, **values}
        ended = await self._move(message, state, **values)
        if ended and state == "failed":
            log.warning("message_failed", extra={"template": ended.template, "reason": ended.reason})

    async def _move(
        self, message: Message, state: State, *, plus: Mapping[str, int] | None = None, **values: Any
    ) -> Message | None:
        """Take a message into a state unless somebody else has moved it since it was read."""
        where = {"_id": message.id, "state": message.state, "attempts": message.attempts}
        return await self._store.change(where, {"state": state, **values}, plus=plus)

    async def _list(self, account: str, template: str, state: State) -> Sequence[Message]:
        found = await self._store.list_({"account": account, "state": state})
        return sorted((one for one in found if one.template == template), key=lambda one: one.queued)


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait before the next attempt: 10 s, 20 s, and so on up to an hour."""
    return min(timedelta(seconds=5 << min(attempts, 12)), LONGEST_PAUSE)
