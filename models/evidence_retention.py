"""The last visits to stations lose their minute after thirty days, as the visits themselves are removed.

Invariant: what the minute decided stays decided. A mark that a visit answered would stand again once that
visit lies at the beginning of its day; so the marks that count no more are removed with the minute.
"""

import asyncio
from datetime import datetime

from msgspec.structs import replace

from models.clock import Now
from models.evidence import Evidence, EvidenceBoard, Mark, standing
from models.privacy_notices import kept
from models.retention import midnight

# Looking through all stations takes some milliseconds; between two slices others have their turn.
SLICE = 1000


def without_minutes(evidence: Evidence, at: datetime) -> Evidence:
    """Return evidence without the minutes of visits that are thirty days old, itself if there are none."""
    cutoff = at - kept("check_ins")
    visited, entered = _day_of(evidence.visited, cutoff), _day_of(evidence.entered, cutoff)
    if (visited, entered) == (evidence.visited, evidence.entered):
        return evidence
    marks: dict[str, Mark] = {mark.problem: mark for mark in standing(evidence, at)}
    return replace(evidence, visited=visited, entered=entered, marks=marks)


class EvidenceRetention:
    """Takes the minutes away."""

    def __init__(self, board: EvidenceBoard, now: Now) -> None:
        self._board = board
        self._now = now

    async def cut(self) -> int:
        """Cut what is due; return of how many stations this process did so."""
        at, number = self._now(), 0
        for place, known in enumerate(self._board.list_known()):
            if place % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            if without_minutes(known, at) is not known:
                number += await self._cut(known.id, at)
        return number

    async def _cut(self, station: str, at: datetime) -> bool:
        """Cut one, unless another process has."""
        is_ours = False

        async def cut(seen: Evidence) -> Evidence:
            nonlocal is_ours
            made = without_minutes(seen, at)
            is_ours = made is not seen
            return made

        await self._board.change(station, cut)
        return is_ours


def _day_of(moment: datetime | None, cutoff: datetime) -> datetime | None:
    """Return the beginning of a moment's local day, the moment itself if it is later than `cutoff`."""
    return midnight(moment) if moment and moment <= cutoff else moment
