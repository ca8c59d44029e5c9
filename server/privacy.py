"""The law's rights, wired: the notice, consents, export, erasure, correction."""

from typing import Any

from msgspec import Struct

from handlers.services import Privacy
from models.clock import Now
from models.consents import CONSENTS, Consents
from models.corrections import CORRECTIONS, CorrectionBasis, Corrections
from models.erasure_steps import ErasureBasis, ErasureSteps
from models.erasures import ERASURES, Erasures
from models.exports import ExportBasis, Exports
from models.membership_offices import Offices
from models.memberships import Memberships
from models.own_memberships import OwnMemberships
from models.person_changes import PersonChanges
from models.privacy_notices import PrivacyNotices, Responsible
from models.sessions import Revocations
from models.store import Collection, Store
from models.vault import Vault
from server.membership_book import Known

COLLECTIONS: tuple[Collection[Any], ...] = (CONSENTS, CORRECTIONS, ERASURES)


class PrivacyParts(Struct, frozen=True, kw_only=True):
    """What one process keeps the law with."""

    consents: Consents
    exports: Exports
    erasures: Erasures
    corrections: Corrections

    def offer(self, responsible: Responsible) -> Privacy:
        """Return what handlers may use."""
        return Privacy(
            notices=PrivacyNotices(responsible),
            consents=self.consents,
            exports=self.exports,
            erasures=self.erasures,
            corrections=self.corrections,
        )


def build_privacy(
    stores: dict[str, Store[Any]],
    known: Known,
    own_memberships: OwnMemberships,
    revocations: Revocations,
    vault: Vault,
    now: Now,
) -> PrivacyParts:
    """Return the parts over stores by name."""
    people, appointments, audit = known.people, known.appointments, known.audit
    memberships = Memberships(stores["memberships"])
    consents = Consents(stores[CONSENTS.name], people, now)
    export_basis = ExportBasis(
        people=people,
        organisations=known.organisations,
        appointments=appointments,
        consents=consents,
        vault=vault,
    )
    erasure_basis = ErasureBasis(
        memberships=memberships,
        own_memberships=own_memberships,
        revocations=revocations,
        vault=vault,
        audit=audit,
    )
    correction_basis = CorrectionBasis(
        people=people,
        memberships=memberships,
        changes=PersonChanges(
            stores["people"], stores["vault"], stores["identities"], stores["cards"], vault
        ),
        offices=Offices(known.organisations, appointments),
        vault=vault,
        audit=audit,
    )
    steps = ErasureSteps(stores, erasure_basis, now)
    return PrivacyParts(
        consents=consents,
        exports=Exports(stores, export_basis, audit, now),
        erasures=Erasures(stores[ERASURES.name], steps, people, appointments, now),
        corrections=Corrections(stores[CORRECTIONS.name], correction_basis, now),
    )
