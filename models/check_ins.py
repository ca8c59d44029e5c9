"""Check-ins: visits to a station, by its sign, by its screen's code, or by staff who scan a card.

Invariants: one counted visit per visitor, station and window of four hours. A visit's `_id` is
`station:visitor:window`, so that a second insert is the same fact and answers the first one. The visitor is a
blind index over the station and the day: nobody can be followed by it from one station, or one day, to the
next. Of a member it is made from the person, whatever way the visit was shown, and with or without the
consent to movements; the visit bears the person only with it. Whoever is not logged in as a member is told
apart by the device's own random name: the same person with two devices, or before and after a login, cannot
be known for one. A phone's position is used and not kept. Thirty days after its day a visit is removed; what
stays are figures (`models/visit_counts.py`).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from models.clock import LOCAL, Now
from models.errors import Conflict, Invalid
from models.evidence import EvidenceBoard
from models.filters import Index
from models.open_now import open_now
from models.positions import Position
from models.presence import RANKS, Presence, Window, Worker, presence_at, require_not_elsewhere, window_of
from models.screen_codes import ScreenVerdict
from models.station_board import StationBoard
from models.stations import STATES, Station
from models.store import Collection, Duplicate, Store
from models.vault import Vault

HasConsent = Callable[[str, Literal["movements"]], Awaitable[bool]]


class StationClosed(Conflict):
    """Nobody can be inside now; `details.opensAt` is the next opening, if it is known."""

    code = "station_closed"
    message = "驿站现在未开放"


class ScreenCodeStale(Conflict):
    """The screen's code was right some minutes ago."""

    code = "screen_code_stale"
    message = "屏幕上的码已经换了"


class ScreenCodeWrong(Invalid):
    """The code was never shown on this station's screen, or the screen is paired no more."""

    code = "screen_code_wrong"
    message = "不是这个驿站屏幕上的码"


class WhoRequired(Invalid):
    """A visit of nobody known needs the random name of the device, to be counted once."""

    code = "device_name_required"
    message = "缺少设备编号，请更新小程序后再试"


class Screens(Protocol):
    """Judges codes of stations' screens, without a database."""

    def prove(self, station: str, code: str) -> ScreenVerdict:
        """Return what a code is worth now."""


class Arrival(Struct, frozen=True, kw_only=True):
    """Somebody says that they are at a station; `person` is who is logged in as a member."""

    person: str | None = None
    device: str | None = None
    worker: Worker | None = None
    screen_code: str | None = None
    position: Position | None = None


class Visitor(Struct, frozen=True):
    """Who is counted: `who` tells visitors apart, `person` is kept only with consent."""

    who: str
    person: str | None = None
    worker: Worker | None = None
    scan: str | None = None


class Witnesses(Struct, frozen=True):
    """What a visit is judged by: where stations are, whether they are open, what their screens show."""

    board: StationBoard
    evidence: EvidenceBoard
    screens: Screens


class CheckIn(Struct, frozen=True, kw_only=True):
    """One visit. `slot` is the `_id` again, for the index; `scan` names the staff's scan that made it."""

    id: str = field(name="_id")
    slot: str
    station: str
    day: str
    window: datetime
    presence: Presence
    at: datetime
    worker: Worker | None = None
    person: str | None = None
    scan: str | None = None


class Visit(Struct, frozen=True):
    """A visit as it counts, and whether it had been made before."""

    check_in: CheckIn
    window: Window
    is_again: bool = False


CHECK_INS = Collection("check_ins", CheckIn, (Index(("day", "slot")), Index(("person",))))


class CheckIns:
    """Records visits."""

    def __init__(
        self,
        store: Store[CheckIn],
        witnesses: Witnesses,
        has_consent: HasConsent,
        vault: Vault,
        now: Now,
    ) -> None:
        self._store = store
        self.board = witnesses.board
        self._evidence = witnesses.evidence
        self._screens = witnesses.screens
        self._has_consent = has_consent
        self._vault = vault
        self._now = now

    async def record(self, code: str, arrival: Arrival) -> Visit:
        """Count a visit once per window; again answers the first. One read with a person, one write.

        NoSuchStation, StationClosed, TooFar, ScreenCodeStale, ScreenCodeWrong, WhoRequired.
        """
        at = self._now()
        station = self.board.get(code)
        self._require_open(station, at)
        presence = self._presence(station, arrival)
        if not (arrival.person or arrival.device):
            raise WhoRequired(field="body.device", nextStep="入会后登录，或带上设备编号再试")
        visitor = await self._visitor(arrival)
        return await self._count(self._made(station, at, presence, visitor))

    async def record_scan(self, code: str, person: str, scan: str, at: datetime) -> Visit:
        """Count a visit of a card's holder whom staff scanned; the same scan again is the same visit."""
        station = self.board.get(code)
        visitor = replace(await self._visitor(Arrival(person=person)), scan=scan)
        return await self._count(self._made(station, at, "staff", visitor))

    async def withdraw_scan(self, code: str, person: str, scan: str, at: datetime) -> None:
        """Take back the visit that a scan made; a visit that it did not make stays."""
        made = self._made(self.board.get(code), at, "staff", Visitor(f"person:{person}", scan=scan))
        await self._store.delete({"_id": made.id, "scan": scan})

    async def _visitor(self, arrival: Arrival) -> Visitor:
        """Return who comes: a member by one name always, so that no two ways of showing a visit are two."""
        person = arrival.person
        if person is None:
            return Visitor(f"device:{arrival.device}", worker=arrival.worker)
        consented = person if await self._has_consent(person, "movements") else None
        return Visitor(f"person:{person}", consented, arrival.worker)

    def _require_open(self, station: Station, at: datetime) -> None:
        """Let pass if the station is open, or may be."""
        if station.state != "operating":
            raise StationClosed(
                f"驿站{STATES[station.state]}", state=station.state, nextStep="请找附近开放的驿站"
            )
        now = open_now(station, self._evidence.find(station.id), at)
        if now.state == "closed":
            opens_at = now.opens_at.astimezone(LOCAL) if now.opens_at else None
            raise StationClosed(
                f"驿站现在未开放，{opens_at:%m月%d日 %H:%M} 开门" if opens_at else None,
                state="closed",
                opensAt=opens_at.isoformat() if opens_at else None,
                nextStep="如果门开着，请告诉工作人员更新开放时间；或找附近开放的驿站",
            )

    def _presence(self, station: Station, arrival: Arrival) -> Presence:
        if arrival.screen_code is None:
            return presence_at(station, arrival.position)
        verdict = self._screens.prove(station.id, arrival.screen_code)
        if verdict == "stale":
            raise ScreenCodeStale(nextStep="请再扫一次屏幕上现在的码")
        if verdict == "forged":
            raise ScreenCodeWrong(field="body.screenCode", nextStep="请扫驿站屏幕上现在的码，或扫门口的标牌")
        require_not_elsewhere(station, arrival.position)
        return "screen"

    def _made(self, station: Station, at: datetime, presence: Presence, visitor: Visitor) -> CheckIn:
        window = window_of(at)
        blind = self._vault.blind("visit", f"{station.id}:{window.day}:{visitor.who}")
        slot = f"{station.id}:{blind}:{window.name}"
        return CheckIn(
            id=slot,
            slot=slot,
            station=station.id,
            day=window.day,
            window=window.since,
            presence=presence,
            at=at,
            worker=visitor.worker,
            person=visitor.person,
            scan=visitor.scan,
        )

    async def _count(self, made: CheckIn) -> Visit:
        window = Window(made.window)
        try:
            await self._store.insert(made)
        except Duplicate:
            first = await self._raised(made)
            self._evidence.note(made.station, made.presence, made.at)
            return Visit(first, window, is_again=first.scan is None or first.scan != made.scan)
        self._evidence.note(made.station, made.presence, made.at)
        return Visit(made, window)

    async def _raised(self, made: CheckIn) -> CheckIn:
        """Return the first visit of the window; a better proof of presence than it had is entered."""
        first = await self._store.find(made.id)
        if first is None:  # Taken back in this instant: to come again is the remedy, and harmless.
            return made
        if RANKS[made.presence] <= RANKS[first.presence]:
            return first
        better = await self._store.change(
            {"_id": made.id, "presence": first.presence}, {"presence": made.presence}
        )
        return better or first
