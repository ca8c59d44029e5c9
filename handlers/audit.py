"""The audit as its administrator sees it in the console."""

from typing import Annotated

from msgspec import Meta, field

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Moment, PageNumber, PageSize, Total
from handlers.wire import PageQuery, Wire, local
from models.appointments import NotStaff
from models.audit import Action, Entry, Outcome, Search
from models.audit_blocks import Block
from models.audit_checks import Finding, FindingKind, Report

EntryId = Annotated[str, Meta(examples=["01K05Q9C8HZ4T7M2XW"])]
Pseudonym = Annotated[str, Meta(max_length=80, examples=["6Q0B8Z2J4N1TFE7M"])]
BlockNumber = Annotated[int, Meta(examples=[42])]
Hash = Annotated[str, Meta(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])]
Count = Annotated[int, Meta(examples=[3])]


class EntriesQuery(PageQuery, frozen=True):
    """Which page; entries of an actor, or else about a thing, or all."""

    actor: Pseudonym = ""
    object: Pseudonym = ""


class EntryRow(Wire, frozen=True):
    """One entry; `block` is the number of the block that seals it, null while none does."""

    id: EntryId
    at: Moment
    actor: Pseudonym
    action: Annotated[Action, Meta(examples=["personal_data_shown"])]
    outcome: Outcome
    kind: Annotated[str, Meta(examples=["person"])]
    object: Pseudonym
    details: Annotated[dict[str, str], Meta(examples=[{"reason": "contact"}])]
    block: BlockNumber | None

    @classmethod
    def of(cls, entry: Entry) -> "EntryRow":
        """Return an entry as it goes on the wire."""
        return cls(
            id=entry.id,
            at=local(entry.at),
            actor=entry.actor,
            action=entry.action,
            outcome=entry.outcome,
            kind=entry.kind,
            object=entry.object,
            details=entry.details,
            block=entry.block or None,
        )


class EntryTable(Wire, frozen=True):
    """A page of entries."""

    rows: list[EntryRow] = field(name="list")
    total: Total
    page: PageNumber
    page_size: PageSize


class BlockRow(Wire, frozen=True):
    """One block: when it was sealed, how many entries it holds, its hash."""

    number: BlockNumber
    at: Moment
    entries: Count
    hash: Hash

    @classmethod
    def of(cls, block: Block) -> "BlockRow":
        """Return a block as it goes on the wire."""
        return cls(number=block.number, at=local(block.at), entries=len(block.entries), hash=block.hash)


class BlocksReply(Wire, frozen=True):
    """The newest blocks, newest first, and how many there are in all."""

    items: list[BlockRow]
    total: Total


class FindingRow(Wire, frozen=True):
    """Something that is not as it was sealed."""

    kind: Annotated[FindingKind, Meta(examples=["entry_changed"])]
    block: BlockNumber | None
    entry: EntryId | None

    @classmethod
    def of(cls, finding: Finding) -> "FindingRow":
        """Return a finding as it goes on the wire."""
        return cls(kind=finding.kind, block=finding.block, entry=finding.entry)


class CheckReply(Wire, frozen=True):
    """What a check of the newest blocks found; `head` is the last block's hash, to note elsewhere."""

    first: BlockNumber
    last: BlockNumber
    head: Hash
    entries: Count
    unsealed: Count
    findings: list[FindingRow]
    server_time: Moment

    @classmethod
    def of(cls, report: Report, server_time: Moment) -> "CheckReply":
        """Return a report as it goes on the wire."""
        return cls(
            first=report.first,
            last=report.last,
            head=report.head,
            entries=report.entries,
            unsealed=len(report.unsealed),
            findings=[FindingRow.of(finding) for finding in report.findings],
            server_time=server_time,
        )


class EntriesHandler(Handler):
    """Entries of the audit."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self, *, query: EntriesQuery) -> EntryTable:
        """Return a page of entries, newest first; that I looked is the newest."""
        found = await self.services.audit_desk.list_entries(
            self.session.subject, Search(query.actor, query.object), query.page, query.page_size
        )
        return EntryTable(
            rows=[EntryRow.of(entry) for entry in found.rows],
            total=found.total,
            page=query.page,
            page_size=query.page_size,
        )


class BlocksHandler(Handler):
    """Blocks of the audit."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def get(self) -> BlocksReply:
        """Return the newest blocks."""
        found = await self.services.audit_desk.list_blocks(self.session.subject)
        return BlocksReply(items=[BlockRow.of(block) for block in found.rows], total=found.total)


class ChecksHandler(Handler):
    """Checks of the audit's seal."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff,))
    async def post(self) -> CheckReply:
        """Check the newest hundred blocks and what they seal."""
        report = await self.services.audit_desk.check(self.session.subject)
        return CheckReply.of(report, local(self.services.now()))


ROUTES = [
    ("/api/v1/staff/audit/entries", EntriesHandler),
    ("/api/v1/staff/audit/blocks", BlocksHandler),
    ("/api/v1/staff/audit/checks", ChecksHandler),
]
