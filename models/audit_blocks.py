"""Audit blocks: the seal on the entries. Each holds the ids and hashes of its entries and the hash before.

Invariants: a block's `_id` is its number, so that of two sealers one writes block n and the other finds that
it is written; entries are marked as sealed after their block exists, and no block follows one whose entries
are not all marked. So whoever finds block n the last one and its entries marked, finds among the unmarked
ones only entries that no block holds. A sealer may end at any instruction: the next one marks what the last
block holds and goes on. The lease (`models/leases.py`) only spares the other processes the work.

What a seal is worth: whoever can write to the database and rebuilds the whole chain is found out only by a
head hash noted elsewhere, so each day's is logged (`audit_head`), and `scripts/audit verify --head`
compares.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from models.audit import UNSEALED, Entry, hash_entry, hash_of, spell_time
from models.clock import Now, local_day
from models.ids import new_id
from models.leases import Leases
from models.store import Collection, Duplicate, Store

LEASE = "audit_sealer"
LEASE_LASTS = timedelta(minutes=1)
BLOCK_ENTRIES = 500
NUMBER_DIGITS = 12
FIRST_PREVIOUS = "0" * 64

log = logging.getLogger("union.audit")


class Sealed(Struct, frozen=True):
    """An entry in a block: its id and the hash of its canonical form."""

    entry: str
    hash: str


class Block(Struct, frozen=True, kw_only=True):
    """One block; all entries that were there up to `reach` are in it or in one before."""

    id: str = field(name="_id")
    number: int
    previous: str
    entries: tuple[Sealed, ...]
    reach: datetime
    at: datetime
    hash: str


AUDIT_BLOCKS = Collection("audit_blocks", Block)


def block_id(number: int) -> str:
    """Return the name of a block, from 1: the number in digits of one width, so that names sort."""
    return f"{number:0{NUMBER_DIGITS}}"


def hash_block(block: Block) -> str:
    """Return the hash of all that a block says, its own hash apart."""
    pairs = [[one.entry, one.hash] for one in block.entries]
    return hash_of(block.number, block.previous, spell_time(block.reach), spell_time(block.at), pairs)


def make_block(previous: Block | None, entries: Sequence[Entry], at: datetime, *, is_full: bool) -> Block:
    """Return the block that follows another one; a full block reaches as far as its last entry."""
    number = previous.number + 1 if previous else 1
    block = Block(
        id=block_id(number),
        number=number,
        previous=previous.hash if previous else FIRST_PREVIOUS,
        entries=tuple(Sealed(entry.id, hash_entry(entry)) for entry in entries),
        reach=min(at, entries[-1].at) if is_full else at,
        at=at,
        hash="",
    )
    return replace(block, hash=hash_block(block))


class AuditBlocks:
    """Seals entries, `size` in a block at most; every process has one, the one with the lease works."""

    def __init__(
        self,
        entries: Store[Entry],
        blocks: Store[Block],
        leases: Leases,
        now: Now,
        size: int = BLOCK_ENTRIES,
    ) -> None:
        self._entries = entries
        self._blocks = blocks
        self._leases = leases
        self._now = now
        self._size = size
        self._holder = new_id()
        self._announced = ""

    async def run(self) -> None:
        """Seal what is not sealed yet, while this process holds the lease.

        What is no entry or block any more cannot be sealed: that is logged each time until it is put right.
        """
        try:
            while await self._leases.take(LEASE, self._holder, LEASE_LASTS):
                head = await self.find_head()
                self._announce(head)
                if not await self.seal(head):
                    return
        except msgspec.ValidationError:
            log.exception("audit_unreadable")

    async def seal_all(self) -> None:
        """Seal what is not sealed yet, whoever holds the lease: for a command that ends."""
        while await self.seal(await self.find_head()):
            pass

    async def find_head(self) -> Block | None:
        """Return the last block, or None before the first."""
        blocks = await self._blocks.list_({}, sort="-_id", limit=1)
        return blocks[0] if blocks else None

    async def list_newest(self, limit: int) -> list[Block]:
        """Return the last blocks, the newest first."""
        return await self._blocks.list_({}, sort="-_id", limit=limit)

    async def walk(self) -> AsyncIterator[Block]:
        """Give every block from the first to the last; ends early where one is missing."""
        number = 1
        while block := await self._blocks.find(block_id(number)):
            yield block
            number += 1

    async def count_unsealed(self) -> int:
        """Return how many entries wait for the sealer."""
        return await self._entries.count({"block": UNSEALED})

    async def seal(self, head: Block | None) -> bool:
        """Finish the block that was read as the last one and write the next; False if none was written."""
        if head:
            await self._mark(head)
        entries = await self._entries.list_({"block": UNSEALED}, sort="order", limit=self._size)
        if not entries:
            return False
        block = make_block(head, entries, self._now(), is_full=len(entries) == self._size)
        try:
            await self._blocks.insert(block)
        except Duplicate:
            return False
        await self._mark(block)
        return True

    async def _mark(self, block: Block) -> None:
        """Set the number of a block in those of its entries that lack it."""
        names = [one.entry for one in block.entries]
        found = await self._entries.list_({"_id": {"$in": names}})
        for entry in found:
            if entry.block == UNSEALED:
                await self._entries.change({"_id": entry.id, "block": UNSEALED}, {"block": block.number})

    def _announce(self, head: Block | None) -> None:
        """Log the head that a new local day finds, so that it is noted outside the database."""
        today = local_day(self._now())
        if head and self._announced != today:
            log.info("audit_head", extra={"day": local_day(head.at), "block": head.number, "hash": head.hash})
            self._announced = today
