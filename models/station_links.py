"""Links that open a station in the mini program from outside WeChat, as WeChat made them.

Invariants: one document per station and destination. Whoever writes into it that the link is being asked for
is the only one who asks, among all processes, until `again`; a link is kept until shortly before WeChat lets
it lapse. A page never waits longer than `PATIENCE_SECONDS` for one, and after a failure nobody asks for
`PAUSE`: what WeChat refuses is the account or the page, never one station. Who finds no link does without.
"""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct, field

from models.clock import Now
from models.store import Collection, Duplicate, EngineUnavailable, Store

LIFE_DAYS = 30
"""As long as WeChat lets a link live at most (错误码 85401)."""
KEPT = timedelta(days=LIFE_DAYS - 1)
"""A page that lies open for hours must not hold a link that is over."""
PATIENCE_SECONDS = 1.5
PAUSE = timedelta(minutes=1)
# Another process asks just now, and is done within a second.
SOON = timedelta(seconds=5)


class LinkMaker(Protocol):
    """Lets WeChat make links to the mini program's page of stations."""

    @property
    def destination(self) -> str:
        """All that a link depends on besides the query: its kind, the page, the version."""

    async def make(self, query: str, days: int) -> str | None:
        """Return a link that lives so many days, None when there is none to be had."""


class StationLink(Struct, frozen=True, kw_only=True):
    """A link, good until `until`; without one, nobody asks for it before `again`."""

    id: str = field(name="_id")
    again: datetime
    link: str | None = None
    until: datetime | None = None


class Known(Struct, frozen=True):
    """What this process knows of a station until some moment: a link, or that there is none now."""

    link: str | None
    until: datetime


STATION_LINKS = Collection("station_links", StationLink)


class StationLinks:
    """Gives out links, and has those made that are not there."""

    def __init__(self, store: Store[StationLink], now: Now) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, Known] = {}
        self._paused_until: datetime | None = None

    async def find(self, code: str, maker: LinkMaker) -> str | None:
        """Return the link to a station, None if there is none now; the query is `s=CODE`. It never raises."""
        at = self._now()
        known = self._known.get(code)
        if known and at < known.until:
            return known.link
        if self._paused_until and at < self._paused_until:
            return None
        # Whoever comes while this one waits does not.
        self._known[code] = Known(None, at + SOON)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await self._get(code, maker, at)
        except (TimeoutError, EngineUnavailable):
            found = self._pause(at)
        self._known[code] = found
        return found.link

    async def _get(self, code: str, maker: LinkMaker, at: datetime) -> Known:
        key = hashlib.sha256(f"{maker.destination}\n{code}".encode()).hexdigest()
        kept = await self._store.find(key)
        if kept and kept.link and kept.until and at < kept.until:
            return Known(kept.link, kept.until)
        if not await self._claim(key, kept, at):
            return Known(None, at + SOON)
        link = await maker.make(f"s={code}", LIFE_DAYS)
        if link is None:
            return self._pause(at)
        until = at + KEPT
        await self._store.change({"_id": key}, {"link": link, "until": until})
        return Known(link, until)

    async def _claim(self, key: str, kept: StationLink | None, at: datetime) -> bool:
        """Say whether it is ours to ask: of many who write that they do, one does."""
        again = at + PAUSE
        if kept is None:
            try:
                await self._store.insert(StationLink(id=key, again=again))
            except Duplicate:
                return False
            return True
        if at < kept.again:
            return False
        return await self._store.change({"_id": key, "again": kept.again}, {"again": again}) is not None

    def _pause(self, at: datetime) -> Known:
        self._paused_until = at + PAUSE
        return Known(None, at + PAUSE)
