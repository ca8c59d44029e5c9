"""Scans that are check-ins: staff scan a card at their station, and its holder's visit counts.

Invariants: the scan is stored first, then the visit under a name of its own; the same scan sent again settles
its visit again, and so what a crash left is finished by the scanner's next try. Only an accepted scan makes a
visit; a scan that is taken back takes its visit back.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from models.appointments import Appointment
from models.check_ins import CheckIns, Visit
from models.clock import Now, local_day
from models.errors import Invalid, Refusal
from models.scan_batches import Batch, Result, ScanBatches
from models.scans import Attempt, Scan, Scans, Verdict
from models.stations import NoSuchStation
from models.visit_counts import VisitCounts


class StationRequired(Invalid):
    """A check-in is at a station."""

    code = "station_required"
    message = "签到需要驿站编号，请先选择驿站"


class Settled(Struct, frozen=True):
    """A scan's verdict, and the visit that it made or met."""

    verdict: Verdict
    visit: Visit | None = None


class ScanVisits:
    """Records scans, and the visits of those that are check-ins."""

    def __init__(
        self, scans: Scans, batches: ScanBatches, check_ins: CheckIns, counts: VisitCounts, now: Now
    ) -> None:
        self._scans = scans
        self._batches = batches
        self._check_ins = check_ins
        self._counts = counts
        self._now = now

    async def record(self, scanner: Appointment, attempt: Attempt) -> Settled:
        """Judge and store a scan, as `Scans.record` does; StationRequired, NoSuchStation."""
        self._require_station(attempt)
        return await self._settle(await self._scans.record(scanner, attempt))

    async def record_batch(self, batch: Batch) -> list[Settled | Refusal]:
        """Judge and store scans in number, as `ScanBatches.record` does."""
        refusals = {place: self._refusal(attempt) for place, attempt in enumerate(batch.attempts)}
        taken = [attempt for place, attempt in enumerate(batch.attempts) if not refusals[place]]
        results = iter(await self._batches.record(replace(batch, attempts=taken)))
        return [refusals[place] or await self._settled(next(results)) for place in refusals]

    async def undo(self, scanner: Appointment, scan_id: str, reason: str) -> Settled:
        """Take a scan back, as `Scans.undo` does, with its visit."""
        verdict = await self._scans.undo(scanner, scan_id, reason)
        scan = verdict.scan
        if _is_visit(scan) and scan.station and scan.person:
            await self._check_ins.withdraw_scan(scan.station, scan.person, scan.id, _moment(scan))
        return Settled(verdict)

    async def _settled(self, result: Result) -> Settled | Refusal:
        return result if isinstance(result, Refusal) else await self._settle(result)

    async def _settle(self, verdict: Verdict) -> Settled:
        scan = verdict.scan
        if not (_is_visit(scan) and scan.station and scan.person) or scan.undone:
            return Settled(verdict)
        at = _moment(scan)
        visit = await self._check_ins.record_scan(scan.station, scan.person, scan.id, at)
        if local_day(at) != local_day(self._now()):
            await self._counts.reopen(local_day(at))
        return Settled(verdict, visit)

    def _require_station(self, attempt: Attempt) -> None:
        if attempt.purpose == "check_in":
            if attempt.station is None:
                raise StationRequired(field="body.station")
            self._check_ins.board.get(attempt.station)

    def _refusal(self, attempt: Attempt) -> Refusal | None:
        try:
            self._require_station(attempt)
        except (StationRequired, NoSuchStation) as refusal:
            return refusal
        return None


def _is_visit(scan: Scan) -> bool:
    return scan.purpose == "check_in" and scan.outcome == "accepted"


def _moment(scan: Scan) -> datetime:
    return scan.judged_at or scan.received_at
