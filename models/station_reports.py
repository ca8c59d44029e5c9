"""Reports of people who stand before a station: locked, nothing works, something is broken, wrong place.

Invariants: a report needs no name; one reporter's report of one problem, or of one facility that does not
work, in one hour is one document under a name made from them, so that it sent again is the same fact. The
first report marks the station at once. A second person's within the hour makes the station doubtful (待核实)
and opens a ticket; a second person is somebody with another device and another address, or another login, so
that neither one phone nor one network can do it alone. Marks and tickets are derived from the reports: a
worker that finds one `pending` derives them again. The words are for staff, the photo for those who run the
station (`station_hosts.py`) alone; the words are sealed, and neither is ever published; after thirty days
reports are removed.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from models.appointments import SCANNERS
from models.clock import Now
from models.errors import Missing
from models.evidence import (
    EVIDENCE_CHANGED,
    Evidence,
    EvidenceBoard,
    Mark,
    MarkState,
    Problem,
    answered_at,
    standing,
    stands,
)
from models.filters import Index
from models.offices import Office
from models.privacy_notices import kept
from models.station_board import StationBoard
from models.station_hosts import StationHosts, StationOfOthers
from models.station_tickets import StationTickets, Tier
from models.station_upkeep import NoSuchFacility
from models.stations import FACILITIES, Facility
from models.store import Collection, Duplicate, Store
from models.text_checks import Decision
from models.vault import Vault

TOGETHER = timedelta(hours=1)
KEPT = kept("station_reports")
BATCH = 100
MOST_LISTED = 100


class NoSuchReport(Missing):
    """There is no such report of this device or login."""

    code = "report_not_found"
    message = "没有这条反映，或已经过期"


class Said(Struct, frozen=True, kw_only=True):
    """What somebody reports. `login` is the session's subject, if any; `address` is where it comes from.

    `facility` is what does not work, where somebody says which.
    """

    problem: Problem
    facility: Facility | None = None
    words: str = ""
    decision: Decision = "hold"
    device: str
    login: str | None = None
    address: str


class StationReport(Struct, frozen=True, kw_only=True):
    """One report. `reporter` and `source` are blind indexes of who and of the address, for this station only.

    `held` words were not passed by WeChat: an officer reads them before passing them on.
    """

    id: str = field(name="_id")
    station: str
    problem: Problem
    facility: Facility | None = None
    words: bytes | None = None
    held: bool = True
    reporter: str
    source: str
    with_login: bool = False
    with_photo: bool = False
    at: datetime
    pending: str | None = None


class Received(Struct, frozen=True):
    """A report as it stands, the station's mark now, and who is asked first where that is a doubt."""

    report: StationReport
    mark: Mark | None
    asked: Tier | None


class ReportRead(Struct, frozen=True):
    """A report as the 站长 and officers read it, and whether there is a photo for the reader's eyes."""

    report: StationReport
    words: str
    has_photo: bool


class Reported(Struct, frozen=True):
    """What a report touches: where stations are, their evidence, the tickets, who runs them."""

    board: StationBoard
    evidence: EvidenceBoard
    tickets: StationTickets
    hosts: StationHosts


STATION_REPORTS = Collection(
    "station_reports", StationReport, (Index(("station", "at")), Index(("pending",)), Index(("at",)))
)


def independent(one: StationReport, other: StationReport) -> bool:
    """Say whether two reports are two people's, as far as can be known without names."""
    if one.reporter == other.reporter:
        return False
    return (one.with_login and other.with_login) or one.source != other.source


def mark_of(problem: Problem, reports: Sequence[StationReport]) -> Mark | None:
    """Return the mark that the reports of one problem make, None without any."""
    found = sorted((one for one in reports if one.problem == problem), key=lambda one: one.at)
    if not found:
        return None
    is_doubtful = any(
        independent(one, other) and other.at - one.at < TOGETHER
        for place, one in enumerate(found)
        for other in found[place + 1 :]
    )
    named = {one.facility for one in found}
    facilities = tuple(facility for facility in FACILITIES if facility in named)
    state: MarkState = "doubtful" if is_doubtful else "reported"
    return Mark(problem, state, found[0].at, found[-1].at, facilities)


def marked(evidence: Evidence, problem: Problem, reports: Sequence[StationReport], at: datetime) -> Evidence:
    """Return the evidence with the mark that the reports make; what was answered since takes no part."""
    answered = answered_at(evidence, problem)
    made = mark_of(problem, [one for one in reports if answered is None or one.at > answered])
    if made is None:
        return evidence
    before = evidence.marks.get(problem)
    if before and before.state == "doubtful" and stands(before, evidence, at):
        made = replace(made, state="doubtful", since=before.since)
    return replace(evidence, marks={**evidence.marks, problem: made})


class StationReports:
    """Takes reports, marks stations, opens tickets."""

    def __init__(
        self, store: Store[StationReport], reported: Reported, office: Office, vault: Vault, now: Now
    ) -> None:
        self._store = store
        self._board = reported.board
        self._evidence = reported.evidence
        self._tickets = reported.tickets
        self._hosts = reported.hosts
        self._office = office
        self._vault = vault
        self._now = now

    async def record(self, code: str, said: Said) -> Received:
        """Take a report and mark the station; the same within the hour is the same report.

        NoSuchStation, NoSuchFacility.
        """
        station = self._board.get(code)
        if said.facility and said.facility not in station.facilities:
            raise NoSuchFacility(facility=said.facility)
        made = await self._find_earlier(station.id, said) or self._made(station.id, said)
        try:
            await self._store.insert(made)
        except Duplicate:
            made = await self._store.find(made.id) or made
        return await self._derive(made)

    def is_doubted(self, code: str, problem: Problem) -> bool:
        """Say whether two people's word stands, so that one more report changes nothing. NoSuchStation."""
        marks = standing(self._evidence.find(self._board.get(code).id), self._now())
        return any(mark.problem == problem and mark.state == "doubtful" for mark in marks)

    async def list_of(self, officer: str, code: str) -> list[ReportRead]:
        """Return the latest reports of a station, newest first; NotStaff, NoSuchStation."""
        self._office.appointments.get(officer, SCANNERS)
        station = self._board.get(code)
        sees = self._hosts.oversees(officer, station)
        reports = await self._store.list_({"station": station.id}, sort="-at", limit=MOST_LISTED)
        return [ReportRead(one, self._read(one), one.with_photo and sees) for one in reports]

    async def find_overseen(self, officer: str, report: str) -> StationReport | None:
        """Return a report of a station whose photos somebody may see; NotStaff, StationOfOthers."""
        self._office.appointments.get(officer, SCANNERS)
        found = await self._store.find(report)
        if found and not self._hosts.oversees(officer, self._board.get(found.station)):
            raise StationOfOthers
        return found

    async def note_photo(self, report: str) -> None:
        """Remember that a report has a photo."""
        await self._store.change({"_id": report}, {"with_photo": True})

    async def work(self) -> None:
        """Derive what a process that ended left undone, and remove what is too old."""
        for report in await self._store.list_({"pending": {"$gt": ""}}, limit=BATCH):
            await self._derive(report)
        await self._store.delete({"at": {"$lt": self._now() - KEPT}})

    async def get_own(self, report: str, device: str, login: str | None) -> StationReport:
        """Return a report that this login, or this device, made; NoSuchReport."""
        found = await self._store.find(report)
        if found is None or found.reporter != self._reporter(found.station, device, login):
            raise NoSuchReport
        return found

    async def _find_earlier(self, station: str, said: Said) -> StationReport | None:
        """Return the same report if it was made within the hour before the present one struck."""
        at = self._now()
        found = await self._store.find(self._key(station, said, at - TOGETHER))
        return found if found and at - found.at < TOGETHER else None

    def _key(self, station: str, said: Said, at: datetime) -> str:
        """Return the name of a report that is made in the hour of a moment."""
        reporter = self._reporter(station, said.device, said.login)
        hour = at.replace(minute=0, second=0, microsecond=0).isoformat()
        what = f"{said.problem}:{said.facility}" if said.facility else said.problem
        return self._vault.blind("report", f"{station}:{what}:{reporter}:{hour}")

    def _made(self, station: str, said: Said) -> StationReport:
        at = self._now()
        key = self._key(station, said, at)
        return StationReport(
            id=key,
            station=station,
            problem=said.problem,
            facility=said.facility,
            words=self._vault.seal("station_reports", key, "words", said.words) if said.words else None,
            held=said.decision == "hold",
            reporter=self._reporter(station, said.device, said.login),
            source=self._vault.blind("source", f"{station}:{said.address}"),
            with_login=said.login is not None,
            at=at,
            pending=key,
        )

    def _reporter(self, station: str, device: str, login: str | None) -> str:
        return self._vault.blind("reporter", f"{station}:{login or device}")

    def _read(self, report: StationReport) -> str:
        return self._vault.open("station_reports", report.id, "words", report.words) if report.words else ""

    async def _derive(self, report: StationReport) -> Received:
        """Bring the mark, and the ticket that it asks for, up to what is reported; as often as one likes."""
        station, problem, at = report.station, report.problem, self._now()

        async def derive(seen: Evidence) -> Evidence:
            recent = await self._store.list_({"station": station, "at": {"$gt": at - TOGETHER}}, sort="-at")
            return marked(seen, problem, recent, at)

        evidence = await self._evidence.change(station, derive)
        found, asked = evidence.marks.get(problem), None
        mark = found if found and stands(found, evidence, at) else None
        if mark and mark.state == "doubtful":
            known = self._board.find(station)
            asked = self._hosts.find_first_asked(known) if known else None
            await self._tickets.open(station, problem, mark.since, asked or "district")
        if report.pending:
            await self._store.change({"_id": report.id}, {}, without=("pending",))
        await self._office.signals.send(EVIDENCE_CHANGED)
        return Received(report, mark, asked)
