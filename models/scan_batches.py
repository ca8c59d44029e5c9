"""Batches of scans: what a scanner kept while it had no network, in any order, some of it perhaps broken.

Invariants: each scan of a batch is judged and stored as if it had come alone, so that any order and any
partition leaves the same scans; a batch sent again gets the same results. A whole batch costs one read of the
cards and one write, and one more read if some of it was stored before.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import msgspec
from msgspec import Struct

from models.alarms import Guards
from models.appointments import Appointment
from models.cards import Card, Cards
from models.clock import Now
from models.errors import Refusal, TooMany
from models.judgements import Judge, Reading, moment_of, read
from models.scans import (
    TYPED_SERIALS,
    Attempt,
    Scan,
    ScanIdReused,
    Verdict,
    content_hash,
    is_same,
    make_scan,
    name_holder,
    scan_key,
)
from models.store import Store

LARGEST_BATCH = 500
# Judging so many takes a few milliseconds; between two slices other requests have their turn.
SLICE = 50

Result = Verdict | Refusal


class Batch(Struct, frozen=True, kw_only=True):
    """Scans in the order sent, and how far the scanner's clock was behind ours when it last knew."""

    scanner: Appointment
    attempts: Sequence[Attempt]
    clock_offset: timedelta = timedelta()


class Entry(Struct, frozen=True):
    """One scan of a batch on its way: the id that it is stored under, and what was read."""

    key: str
    attempt: Attempt
    reading: Reading | None


class ScanBatches:
    """Records scans in number."""

    def __init__(self, store: Store[Scan], cards: Cards, judge: Judge, guards: Guards, now: Now) -> None:
        self._store = store
        self._cards = cards
        self._judge = judge
        self._guards = guards
        self._now = now

    async def record(self, batch: Batch) -> list[Result]:
        """Judge and store a batch; return a verdict or a refusal for each scan, in the order sent."""
        distinct: dict[str, Attempt] = {}
        for attempt in batch.attempts:
            distinct.setdefault(attempt.scan_id, attempt)
        results = await self._record_distinct(batch, list(distinct.values()))
        return [
            results[attempt.scan_id] if _is_same(attempt, distinct[attempt.scan_id]) else ScanIdReused()
            for attempt in batch.attempts
        ]

    async def _record_distinct(self, batch: Batch, attempts: Sequence[Attempt]) -> dict[str, Result]:
        entries = [Entry(scan_key(batch.scanner, one.scan_id), one, read(one.code)) for one in attempts]
        cards = await self._cards.find_many(one.reading.serial for one in entries if one.reading)
        held = await self._hold_back(batch.scanner, entries)
        made = await self._judge_all(batch, [one for one in entries if one.key not in held], cards)
        known = [made[place].id for place in await self._store.insert_many(made)]
        stored = {scan.id: scan for scan in made}
        for key in known:
            del stored[key]
        await self._guards.bad_codes.count(
            scan.serial for scan in stored.values() if scan.serial and scan.reason == "bad_signature"
        )
        if asked := [*known, *held]:
            stored |= {scan.id: scan for scan in await self._store.list_({"_id": {"$in": asked}})}
        return {
            one.attempt.scan_id: self._result(one, stored.get(one.key), cards, held.get(one.key))
            for one in entries
        }

    async def _hold_back(self, scanner: Appointment, entries: Sequence[Entry]) -> dict[str, Refusal]:
        """Return the typed serials that are too many for this minute, by key."""
        typed = [one.key for one in entries if one.reading and one.reading.medium == "typed"]
        if not typed:
            return {}
        granted = await self._guards.typed.take(f"typed-serials:{scanner.person}", TYPED_SERIALS, len(typed))
        return {key: TooMany(retryAfter=granted.retry_after) for key in typed[granted.calls :]}

    async def _judge_all(
        self, batch: Batch, entries: Sequence[Entry], cards: Mapping[str, Card]
    ) -> list[Scan]:
        at = self._now()
        made = []
        for place, one in enumerate(entries):
            if place % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            attempt, reading = one.attempt, one.reading
            when = moment_of(attempt.scanned_at, batch.clock_offset, at)
            card = cards.get(reading.serial) if reading else None
            judgement = self._judge.judge(reading, card, attempt.purpose, when)
            scan = make_scan(batch.scanner, attempt, judgement, at)
            if when.is_offline:
                offset = batch.clock_offset.total_seconds()
                scan = msgspec.structs.replace(scan, judged_at=when.at, clock_offset=offset)
            made.append(scan)
        return made

    def _result(
        self, entry: Entry, scan: Scan | None, cards: Mapping[str, Card], held: Refusal | None
    ) -> Result:
        if scan is None:
            return held or ScanIdReused()
        if not is_same(scan, entry.attempt):
            return ScanIdReused()
        card = cards.get(entry.reading.serial) if entry.reading else None
        return Verdict(scan, name_holder(scan, card, self._cards))


def _is_same(attempt: Attempt, first: Attempt) -> bool:
    return attempt is first or content_hash(attempt) == content_hash(first)
