"""Screens: the tablet at a station that shows a rotating code, and how it is paired.

An officer or the 站长 has a pairing code made, eight digits that count once, for ten minutes and five tries;
the tablet types it in and gets a token and the keys of eight days, enough for a network that is cut for a
week. A new pairing, and a revocation, raise the version that the keys are made with: an older screen's codes
end as soon as the processes hear of it. Codes are judged without a database: every process mirrors the
screens.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from models.appointments import SCANNERS
from models.audit import Action, Fact
from models.cards import DayKey
from models.clock import LOCAL, Now
from models.errors import Conflict, Forbidden
from models.filters import Index
from models.masters import Masters
from models.mirrors import Mirror, take_newest
from models.offices import Office
from models.screen_codes import ScreenVerdict, check_screen, day_key, screen_key
from models.station_board import StationBoard
from models.store import Collection, Duplicate, Store

SCREENS_CHANGED = "screens"
DAYS_AHEAD = 8
PAIRING_DIGITS = 8
PAIRING_STANDS = timedelta(minutes=10)
PAIRING_TRIES = 5
TOKEN_BYTES = 24
TICK = timedelta(milliseconds=1)


class PairingRefused(Forbidden):
    """The pairing code is wrong, used, over, or was tried too often."""

    code = "pairing_refused"
    message = "配对码不对或已失效，请让站长重新生成"


class ScreenNotPaired(Forbidden):
    """This screen is not, or no longer, the station's."""

    code = "screen_not_paired"
    message = "这块屏幕的配对已失效，请让站长重新生成配对码"


class ScreenChanged(Conflict):
    """Somebody else changed the pairing in this moment."""

    code = "screen_changed"
    message = "配对刚刚被别人修改，请重试"


class Screen(Struct, frozen=True, kw_only=True, gc=False):
    """A station's screen; `token` and `pairing` are digests."""

    id: str = field(name="_id")
    version: int = 0
    token: str | None = None
    paired: datetime | None = None
    pairing: str | None = None
    pairing_until: datetime | None = None
    tries: int = 0
    changed: datetime


class Offer(Struct, frozen=True):
    """A pairing code, and until when it counts."""

    code: str
    until: datetime


class ScreenKeys(Struct, frozen=True):
    """What makes the screen's codes: today's key and those of the next days."""

    station: str
    days: tuple[DayKey, ...]


class Pairing(Struct, frozen=True):
    """A screen that was just paired."""

    token: str
    keys: ScreenKeys


SCREENS = Collection("screens", Screen, (Index(("changed",)),))


class Screens:
    """Pairs screens, gives them keys, and judges the codes that they show."""

    def __init__(
        self,
        store: Store[Screen],
        board: StationBoard,
        masters: Masters,
        office: Office,
        now: Now,
    ) -> None:
        self._store = store
        self._board = board
        self._masters = masters
        self._office = office
        self._now = now
        self._known: dict[str, Screen] = {}
        self.mirror = Mirror(store, self._absorb, now)

    def prove(self, station: str, code: str) -> ScreenVerdict:
        """Return what a code is worth now, under any master that still counts."""
        screen, at = self._known.get(station), self._now()
        if screen is None or screen.token is None:
            return "forged"
        verdicts = {
            check_screen(code, screen_key(master, station, screen.version), at)
            for master in self._masters.list_accepted(at)
        }
        return "valid" if "valid" in verdicts else "stale" if "stale" in verdicts else "forged"

    async def find(self, officer: str, code: str) -> Screen | None:
        """Return a station's screen as it is stored; NotStaff, NoSuchStation."""
        self._office.appointments.get(officer, SCANNERS)
        return await self._store.find(self._board.get(code).id)

    async def offer(self, officer: str, code: str) -> Offer:
        """Make a pairing code, in place of an earlier one; NotStaff, NoSuchStation, ScreenChanged."""
        seen, at = await self.find(officer, code), self._now()
        station = self._board.get(code).id
        digits = "".join(str(secrets.randbelow(10)) for _ in range(PAIRING_DIGITS))
        until = at + PAIRING_STANDS
        await self._record(officer, "screen_pairing_offered", station)
        if seen is None:
            await self._begin(Screen(id=station, pairing=_digest(digits), pairing_until=until, changed=at))
        else:
            await self._change(seen, {"pairing": _digest(digits), "pairing_until": until, "tries": 0})
        return Offer(digits, until)

    async def pair(self, code: str, digits: str) -> Pairing:
        """Pair a screen by its pairing code, in place of an earlier screen; PairingRefused, NoSuchStation."""
        station, at = self._board.get(code).id, self._now()
        waiting = {"_id": station, "pairing_until": {"$gt": at}, "tries": {"$lt": PAIRING_TRIES}}
        # A try is counted before it is judged, so that a hundred at once are five.
        seen = await self._store.change(waiting, {}, plus={"tries": 1})
        if seen is None or not hmac.compare_digest(seen.pairing or "", _digest(digits)):
            raise PairingRefused
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._record("screen", "screen_paired", station)
        values = {"token": _digest(token), "paired": at, "changed": max(at, seen.changed + TICK)}
        paired = await self._store.change(
            {"_id": station, "pairing": seen.pairing},
            values,
            without=("pairing", "pairing_until"),
            plus={"version": 1},
        )
        if paired is None:
            raise PairingRefused
        await self._tell(paired)
        return Pairing(token, self._keys(paired))

    async def get_keys(self, code: str, token: str) -> ScreenKeys:
        """Return the keys of a paired screen; ScreenNotPaired, NoSuchStation. One read."""
        screen = await self._store.find(self._board.get(code).id)
        if screen is None or not hmac.compare_digest(screen.token or "", _digest(token)):
            raise ScreenNotPaired
        return self._keys(screen)

    async def revoke(self, officer: str, code: str) -> None:
        """End a station's pairing; none is as good. NotStaff, NoSuchStation, ScreenChanged."""
        seen = await self.find(officer, code)
        if seen is None or not (seen.token or seen.pairing):
            return
        await self._record(officer, "screen_revoked", seen.id)
        values = {"token": None, "pairing": None, "pairing_until": None, "version": seen.version + 1}
        await self._change(seen, values)

    async def _begin(self, screen: Screen) -> None:
        try:
            await self._store.insert(screen)
        except Duplicate as error:
            raise ScreenChanged from error

    async def _change(self, seen: Screen, values: dict[str, Any]) -> None:
        changed = {**values, "changed": max(self._now(), seen.changed + TICK)}
        done = await self._store.change({"_id": seen.id, "changed": seen.changed}, changed)
        if done is None:
            raise ScreenChanged
        await self._tell(done)

    async def _tell(self, screen: Screen) -> None:
        self._absorb([screen])
        await self._office.signals.send(SCREENS_CHANGED)

    async def _record(self, actor: str, action: Action, station: str) -> None:
        await self._office.audit.record(Fact(actor=actor, action=action, kind="station", object=station))

    def _keys(self, screen: Screen) -> ScreenKeys:
        key = screen_key(self._masters.current.key, screen.id, screen.version)
        today = self._now().astimezone(LOCAL).date()
        days = [(today + timedelta(days=ahead)).isoformat() for ahead in range(DAYS_AHEAD)]
        return ScreenKeys(screen.id, tuple(DayKey(day, day_key(key, day)) for day in days))

    def _absorb(self, changed: Sequence[Screen]) -> None:
        take_newest(self._known, changed)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
