"""The parts of the audit, wired: entries, projections into it, the sealer, the checks."""

from typing import Any

from msgspec import Struct

from models import appointments, cards, devices
from models.appointments import APPOINTMENTS
from models.audit import AUDIT_ENTRIES, Audit
from models.audit_blocks import AUDIT_BLOCKS, AuditBlocks
from models.audit_checks import AuditChecks
from models.cards import CARDS
from models.clock import Now
from models.devices import DEVICES
from models.leases import LEASES, Leases
from models.projections import Projection
from models.store import Collection, Store

COLLECTIONS: tuple[Collection[Any], ...] = (AUDIT_ENTRIES, AUDIT_BLOCKS, LEASES)


class Auditing(Struct, frozen=True):
    """The audit of one process."""

    audit: Audit
    blocks: AuditBlocks
    checks: AuditChecks
    projections: tuple[Projection[Any], ...]

    async def work(self) -> None:
        """Enter what is pending, then seal; any number of processes may."""
        await self._project()
        await self.blocks.run()

    async def finish(self) -> None:
        """Do the same without asking for the lease, for a command that ends."""
        await self._project()
        await self.blocks.seal_all()

    async def _project(self) -> None:
        for projection in self.projections:
            await projection.run()


def build_auditing(stores: dict[str, Store[Any]], now: Now) -> Auditing:
    """Return the audit over stores by name."""
    entries, blocks = stores[AUDIT_ENTRIES.name], stores[AUDIT_BLOCKS.name]
    audit = Audit(entries, now)
    return Auditing(
        audit,
        AuditBlocks(entries, blocks, Leases(stores[LEASES.name], now), now),
        AuditChecks(entries, blocks, now),
        (
            Projection(stores[CARDS.name], audit, cards.facts_of),
            Projection(stores[APPOINTMENTS.name], audit, appointments.facts_of),
            Projection(stores[DEVICES.name], audit, devices.facts_of),
        ),
    )
