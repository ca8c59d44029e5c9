"""小程序码 as WeChat drew them: each made once and kept, since they never expire.

Invariant: the `_id` is the hash of all that the picture depends on, so the same code is one document. Two
first requests at once may ask WeChat twice; the picture that was stored first counts.
"""

import hashlib
from datetime import datetime
from typing import Protocol

from msgspec import Struct, field

from models.clock import Now
from models.store import Collection, Duplicate, Store

WIDTH = 430
"""Pixels, WeChat's own default."""


class Drawer(Protocol):
    """Lets WeChat draw a code that opens a page with a scene, and returns it as PNG."""

    async def draw(self, page: str, scene: str, width: int) -> bytes:
        """Draw it."""


class Wxacode(Struct, frozen=True, kw_only=True):
    """One picture, and what it depends on; `release` is the version of the mini program that it opens."""

    id: str = field(name="_id")
    page: str
    scene: str
    release: str
    width: int
    picture: bytes
    made: datetime


WXACODES = Collection("wxacodes", Wxacode)


class Wxacodes:
    """Gives out codes, and has those drawn that nobody asked for yet."""

    def __init__(self, store: Store[Wxacode], station_page: str, release: str, now: Now) -> None:
        self._store = store
        self._station_page = station_page
        self._release = release
        self._now = now

    async def get_of_station(self, code: str, drawer: Drawer) -> bytes:
        """Return the PNG that opens a station's page in WeChat; its scene is `s=CODE`."""
        return await self._get(self._station_page, f"s={code}", drawer)

    async def _get(self, page: str, scene: str, drawer: Drawer) -> bytes:
        name = "\n".join((page, scene, self._release, str(WIDTH)))
        key = hashlib.sha256(name.encode()).hexdigest()
        kept = await self._store.find(key)
        if kept is None:
            kept = Wxacode(
                id=key,
                page=page,
                scene=scene,
                release=self._release,
                width=WIDTH,
                picture=await drawer.draw(page, scene, WIDTH),
                made=self._now(),
            )
            await self._keep(kept)
        return kept.picture

    async def _keep(self, code: Wxacode) -> None:
        try:
            await self._store.insert(code)
        except Duplicate:
            return
