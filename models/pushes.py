"""What WeChat pushed to us: kept once under its own name, answered at once, worked later.

Invariants: the `_id` is the blind index of the push's name, so that WeChat's repetition of it is the same
document; what it says lies sealed; `due` is there while it is to be worked. An effect may run twice and says
whether it is done; one that is not is tried again, up to a day. Events that nobody here knows are kept and
counted like the others. Everything goes after thirty days.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec import Struct, field

from models.clock import Now
from models.filters import Index
from models.privacy_notices import kept
from models.signals import Signals
from models.store import Collection, Duplicate, Store
from models.vault import Vault

PUSHES_DUE = "pushes"
BATCH = 50
LEASE = timedelta(seconds=30)
TRIES = 20
LONGEST_PAUSE = timedelta(hours=1)
KEPT = kept("pushes")

log = logging.getLogger("union.pushes")


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of an event's list."""

    template: str
    status: str = ""
    message: str = ""
    error: str = ""


class Event(Struct, frozen=True, kw_only=True):
    """A push as it is worked: an event's name or a message's type, whom it is about, what it lists.

    `appid` is the app that it speaks of, where it names one.
    """

    kind: str
    openid: str
    appid: str = ""
    entries: tuple[Entry, ...] = ()
    content: dict[str, Any] = field(default_factory=dict)


class Push(Struct, frozen=True, kw_only=True):
    """A push as it is kept, and whose; `outcome` is a static word once it is worked."""

    id: str = field(name="_id")
    kind: str
    account: str = ""
    event: bytes
    received: datetime
    due: datetime | None = None
    tries: int = 0
    outcome: str | None = None


class Effects(Protocol):
    """What follows from events. Every effect may run twice under the same push."""

    async def apply(self, push: str, event: Event) -> str | None:
        """Do what follows and say in a static word what it was, or return None: not yet."""


PUSHES = Collection(
    "pushes", Push, (Index(("due",)), Index(("kind",)), Index(("received",)), Index(("account",)))
)


class Pushes:
    """Keeps pushes and works them."""

    def __init__(
        self, store: Store[Push], vault: Vault, signals: Signals, effects: Effects, now: Now
    ) -> None:
        self._store = store
        self._vault = vault
        self._signals = signals
        self._effects = effects
        self._now = now

    async def keep(self, name: str, event: Event) -> None:
        """Keep a push to be worked; a name that is there already is the same push."""
        key, at = self._vault.blind("push", name), self._now()
        text = msgspec.json.encode(event).decode()
        sealed = self._vault.seal("pushes", key, "event", text)
        account = self._vault.blind("openid", event.openid) if event.openid else ""
        push = Push(id=key, kind=event.kind, account=account, event=sealed, received=at, due=at)
        try:
            await self._store.insert(push)
        except Duplicate:
            return
        await self._signals.send(PUSHES_DUE)

    async def count(self, kind: str) -> int:
        """Return how many pushes of a kind are kept."""
        return await self._store.count({"kind": kind})

    async def count_due(self) -> int:
        """Return how many pushes wait to be worked."""
        return await self._store.count({"due": {"$lte": self._now()}})

    async def work(self) -> None:
        """Work every push that is due; any number of workers may do so."""
        due = await self._store.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH)
        for push in due:
            where = {"_id": push.id, "due": push.due}
            mine = await self._store.change(where, {"due": self._now() + LEASE}, plus={"tries": 1})
            if mine is not None:
                await self._work(mine)

    async def forget_old(self) -> int:
        """Remove what came a month ago; return how much."""
        return await self._store.delete({"received": {"$lt": self._now() - KEPT}})

    async def _work(self, push: Push) -> None:
        text = self._vault.open("pushes", push.id, "event", push.event)
        outcome = await self._effects.apply(push.id, msgspec.json.decode(text, type=Event))
        where = {"_id": push.id, "due": push.due}
        if outcome is None and push.tries >= TRIES:
            log.error("push_given_up", extra={"kind": push.kind})
            outcome = "given_up"
        if outcome is None:
            pause = min(timedelta(seconds=1 << min(push.tries, 12)), LONGEST_PAUSE)
            await self._store.change(where, {"due": self._now() + pause})
        else:
            await self._store.change(where, {"due": None, "outcome": outcome})
