"""The parts of importing rosters, wired."""

from typing import Any

from msgspec import Struct

from models.appointments import Appointments
from models.audit import Audit
from models.claims import Shelf
from models.clock import Now
from models.leases import LEASES, Leases
from models.membership_figures import MOVEMENTS
from models.memberships import MEMBERSHIPS
from models.organisations import Organisations
from models.roster_imports import RosterImports
from models.roster_jobs import IMPORT_JOBS, IMPORT_PARTS, IMPORT_PROBLEMS, Jobs
from models.rosters import Rosters
from models.signals import Signals
from models.store import Collection, Store

COLLECTIONS: tuple[Collection[Any], ...] = (IMPORT_JOBS, IMPORT_PARTS, IMPORT_PROBLEMS)


class Beside(Struct, frozen=True):
    """What imports stand on besides the stores."""

    organisations: Organisations
    appointments: Appointments
    audit: Audit
    signals: Signals


class RosterBook(Struct, frozen=True):
    """Imports in one process."""

    jobs: Jobs
    imports: RosterImports


def build_roster_book(stores: dict[str, Store[Any]], shelf: Shelf, beside: Beside, now: Now) -> RosterBook:
    """Return imports over stores by name."""
    parts, problems = stores[IMPORT_PARTS.name], stores[IMPORT_PROBLEMS.name]
    jobs = Jobs(stores[IMPORT_JOBS.name], parts, problems, shelf.vault, beside.signals, now)
    movements = stores[MOVEMENTS.name]
    rosters = Rosters(shelf, stores[MEMBERSHIPS.name], movements, beside.organisations)
    leases = Leases(stores[LEASES.name], now)
    imports = RosterImports(jobs, rosters, beside.organisations, beside.appointments, beside.audit, leases)
    return RosterBook(jobs, imports)
