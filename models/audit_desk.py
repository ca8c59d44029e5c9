"""The auditor's desk: entries, blocks and checks, for the audit administrator; each look is entered, too."""

from models.appointments import Appointments, Role
from models.audit import Audit, Entry, Fact, Search
from models.audit_blocks import AuditBlocks, Block
from models.audit_checks import AuditChecks, Report
from models.pages import Page

AUDITORS: frozenset[Role] = frozenset({"audit_admin"})
BLOCKS_SHOWN = 20
BLOCKS_CHECKED = 100


class AuditDesk:
    """What the audit administrator sees; NotStaff for everybody else."""

    def __init__(
        self, audit: Audit, blocks: AuditBlocks, checks: AuditChecks, appointments: Appointments
    ) -> None:
        self._audit = audit
        self._blocks = blocks
        self._checks = checks
        self._appointments = appointments

    async def list_entries(self, auditor: str, search: Search, page: int, size: int) -> Page[Entry]:
        """Return a page of entries, newest first; this look is the newest."""
        await self._enter(auditor, "entries", {**search.where, "page": str(page)})
        return await self._audit.list_page(search, page, size)

    async def list_blocks(self, auditor: str) -> Page[Block]:
        """Return the newest blocks, newest first, and how many there are."""
        await self._enter(auditor, "blocks", {})
        blocks = await self._blocks.list_newest(BLOCKS_SHOWN)
        return Page(blocks, blocks[0].number if blocks else 0)

    async def check(self, auditor: str) -> Report:
        """Check the newest blocks; `scripts/audit verify` checks them all."""
        await self._enter(auditor, "check", {})
        return await self._checks.run(newest=BLOCKS_CHECKED)

    async def _enter(self, auditor: str, thing: str, details: dict[str, str]) -> None:
        self._appointments.get(auditor, AUDITORS)
        fact = Fact(actor=auditor, action="audit_viewed", kind="audit", object=thing, details=details)
        await self._audit.record(fact)
