"""Checks the seal on the audit: blocks with each other, entries with blocks, blocks with noted heads.

Every entry says which block seals it, and so each is looked at from both sides: a block's entries must be
there, unchanged and marked with it, and what is marked with a block must be in it. Entries may be made and
sealed meanwhile: what is open is read before the last block is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Struct

from models.audit import EVERY, UNSEALED, Entry, hash_entry
from models.audit_blocks import FIRST_PREVIOUS, Block, block_id, hash_block
from models.clock import Now
from models.store import Store

# How much later than its own time an entry may come to a seal: a write that hung, clocks that differ.
LATE = timedelta(minutes=5)
NO_HEADS: Mapping[int, str] = MappingProxyType({})

FindingKind = Literal[
    "block_missing",
    "block_changed",
    "chain_broken",
    "head_differs",
    "entry_changed",
    "entry_removed",
    "entry_inserted",
    "entry_marked_wrong",
    "entry_backdated",
    "entry_unsealed_late",
    "unreadable",
    "entries_unaccounted",
]


class Finding(Struct, frozen=True, omit_defaults=True):
    """Something that is not as it was sealed: of which block, and which entry."""

    kind: FindingKind
    block: int | None = None
    entry: str | None = None


class Report(Struct, frozen=True, kw_only=True):
    """What a check found: the blocks looked at, the entries in them, what waits, and what is wrong."""

    first: int
    last: int
    head: str
    entries: int
    unsealed: tuple[str, ...]
    findings: tuple[Finding, ...]


class AuditChecks:
    """Checks the audit; it changes nothing."""

    def __init__(self, entries: Store[Entry], blocks: Store[Block], now: Now) -> None:
        self._entries = entries
        self._blocks = blocks
        self._now = now

    async def run(self, newest: int | None = None, heads: Mapping[int, str] = NO_HEADS) -> Report:
        """Check all blocks, or the `newest` ones; `heads` are hashes noted elsewhere, by number of block."""
        return await _Walk(self._entries, self._blocks, heads).run(newest, self._now() - LATE)


class _Walk:
    """One check, from the first block asked for to the last."""

    def __init__(self, entries: Store[Entry], blocks: Store[Block], heads: Mapping[int, str]) -> None:
        self._entries = entries
        self._blocks = blocks
        self._heads = heads
        self._findings: list[Finding] = []
        self._open: dict[str, Entry] = {}
        self._unmarked: set[str] = set()
        self._seen = 0
        self._is_spoilt = False

    async def run(self, newest: int | None, late: datetime) -> Report:
        total = await self._entries.count(EVERY)
        self._open = dict(await self._read({"block": UNSEALED}))
        head = await self._find_head()
        last = head.number if head else 0
        first = max(1, last - newest + 1) if newest else 1
        previous = await self._find(first - 1) if first > 1 else None
        for number in range(first, last + 1):
            previous = await self._check(number, previous, is_last=number == last)
        await self._check_outside(last)
        unsealed = [entry for name, entry in self._open.items() if name not in self._unmarked]
        for entry in unsealed:
            if entry.at < late:
                self._note("entry_unsealed_late", entry=entry.id)
        if newest is None and not self._is_spoilt and self._seen + len(self._open) < total:
            self._note("entries_unaccounted")
        return Report(
            first=first,
            last=last,
            head=head.hash if head else FIRST_PREVIOUS,
            entries=self._seen,
            unsealed=tuple(entry.id for entry in unsealed),
            findings=tuple(self._findings),
        )

    async def _check(self, number: int, previous: Block | None, *, is_last: bool) -> Block | None:
        """Check one block; return it when it can be compared with the next."""
        block, marked = await self._find(number), await self._read({"block": number}, number)
        self._forget_open(marked)
        if block is None:
            return None
        if block.number != number or hash_block(block) != block.hash:
            self._note("block_changed", number)
        before = FIRST_PREVIOUS if number == 1 else previous.hash if previous else block.previous
        if block.previous != before:
            self._note("chain_broken", number)
        if self._heads.get(number, block.hash) != block.hash:
            self._note("head_differs", number)
        await self._check_entries(block, marked, previous, is_last=is_last)
        return block

    async def _check_entries(
        self, block: Block, marked: Mapping[str, Entry], previous: Block | None, *, is_last: bool
    ) -> None:
        number = block.number
        listed = {one.entry: one.hash for one in block.entries}
        for name in marked.keys() - listed.keys():
            self._note("entry_inserted", number, name)
        absent = [name for name in listed if name not in marked]
        found = {**marked, **(await self._read({"_id": {"$in": absent}}, number) if absent else {})}
        for name, sealed_hash in listed.items():
            self._check_entry(number, name, sealed_hash, found.get(name), is_last=is_last)
            if previous and name in found and found[name].at < previous.reach - LATE:
                self._note("entry_backdated", number, name)

    def _check_entry(
        self, number: int, name: str, sealed_hash: str, entry: Entry | None, *, is_last: bool
    ) -> None:
        if entry is None:
            self._note("entry_removed", number, name)
        elif hash_entry(entry) != sealed_hash:
            self._note("entry_changed", number, name)
        elif is_last and entry.block == UNSEALED:
            self._unmarked.add(name)
        elif entry.block != number:
            self._note("entry_marked_wrong", number, name)

    async def _check_outside(self, last: int) -> None:
        """Check what claims blocks that were not looked at: newer ones that came meanwhile, or none."""
        for number in self._heads:
            if number > last:
                self._note("block_missing", number)
        outside = await self._read({"block": {"$lt": UNSEALED}})
        newer = await self._read({"block": {"$gt": last}})
        self._forget_open(outside)
        self._forget_open(newer)
        for entry in outside.values():
            self._note("entry_inserted", entry.block, entry.id)
        for number in sorted({entry.block for entry in newer.values()}):
            claiming = {name for name, entry in newer.items() if entry.block == number}
            block = await self._find(number)
            listed = {one.entry for one in block.entries} if block else claiming
            for name in claiming - listed:
                self._note("entry_inserted", number, name)

    def _forget_open(self, marked: Mapping[str, Entry]) -> None:
        """Count marked entries, and drop those that were open when the check began."""
        self._seen += len(marked)
        for name in marked:
            self._open.pop(name, None)

    async def _find(self, number: int) -> Block | None:
        """Return a block; one that is not there or is no block any more is noted."""
        try:
            block = await self._blocks.find(block_id(number))
        except msgspec.ValidationError:
            self._note("unreadable", number)
            return None
        if block is None:
            self._note("block_missing", number)
        return block

    async def _find_head(self) -> Block | None:
        try:
            blocks = await self._blocks.list_({}, sort="-_id", limit=1)
        except msgspec.ValidationError:
            self._note("unreadable")
            return None
        return blocks[0] if blocks else None

    async def _read(self, where: Mapping[str, Any], block: int | None = None) -> Mapping[str, Entry]:
        """Return the entries of a filter by id; one that is no entry any more spoils what is read with it."""
        try:
            return {entry.id: entry for entry in await self._entries.list_(where)}
        except msgspec.ValidationError:
            self._note("unreadable", block)
            self._is_spoilt = True
            return {}

    def _note(self, kind: FindingKind, block: int | None = None, entry: str | None = None) -> None:
        self._findings.append(Finding(kind, block, entry))
