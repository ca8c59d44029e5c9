"""The law's rights, wired: the notice, consents, export, erasure, correction, retention."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from handlers.services import Privacy
from models.check_ins import CHECK_INS
from models.clock import Now
from models.consents import CONSENTS, Consents
from models.contact_traces import ContactTraces
from models.corrections import CORRECTIONS, CorrectionBasis, Corrections
from models.erasure_steps import ErasureBasis, ErasureSteps
from models.erasures import ERASURES, Erasures
from models.exports import ExportBasis, Exports
from models.membership_offices import Offices
from models.memberships import Memberships
from models.organisation_contacts import ORGANISATION_CONTACTS
from models.own_memberships import OwnMemberships
from models.people import People
from models.person_changes import PersonChanges
from models.privacy_notices import PrivacyNotices, Responsible, kept
from models.retention import RETENTION_DAYS, Expired, OldErasures, Retention, Rule, ScanRetention
from models.sessions import Revocations
from models.station_ratings import STATION_RATINGS, RatingNames
from models.store import Collection, Store
from models.vault import Vault
from models.withdrawals import Withdrawals
from server.membership_book import Known

COLLECTIONS: tuple[Collection[Any], ...] = (CONSENTS, CORRECTIONS, ERASURES, RETENTION_DAYS)


class PrivacyParts(Struct, frozen=True, kw_only=True):
    """What one process keeps the law with."""

    consents: Consents
    exports: Exports
    erasures: Erasures
    corrections: Corrections
    retention: Retention
    withdrawals: Withdrawals

    def offer(self, responsible: Responsible) -> Privacy:
        """Return what handlers may use."""
        return Privacy(
            notices=PrivacyNotices(responsible),
            consents=self.consents,
            exports=self.exports,
            erasures=self.erasures,
            corrections=self.corrections,
        )


def build_consents(stores: dict[str, Store[Any]], people: People, now: Now) -> Consents:
    """Return the consents over stores by name, with what a withdrawal takes along."""
    return Consents(stores[CONSENTS.name], people, _withdrawals(stores, now).follow, now)


class Ending(Struct, frozen=True):
    """What ends things: memberships, sessions; what opens seals; the sweeps of other parts, by rule."""

    own_memberships: OwnMemberships
    revocations: Revocations
    vault: Vault
    sweeps: Mapping[str, Rule]


def build_privacy(
    stores: dict[str, Store[Any]], known: Known, ending: Ending, consents: Consents, now: Now
) -> PrivacyParts:
    """Return the parts over stores by name."""
    people, appointments = known.people, known.appointments
    steps = ErasureSteps(stores, _erasure_basis(stores, known, ending, now), now)
    export_basis = ExportBasis(
        people=people,
        organisations=known.organisations,
        appointments=appointments,
        consents=consents,
        contacts=_traces(stores, ending, now),
        vault=ending.vault,
    )
    rules = {**ending.sweeps, **_rules(stores, known, now)}
    return PrivacyParts(
        consents=consents,
        exports=Exports(stores, export_basis, known.audit, now),
        erasures=Erasures(stores[ERASURES.name], steps, people, appointments, now),
        corrections=Corrections(stores[CORRECTIONS.name], _correction_basis(stores, known, ending, now), now),
        retention=Retention(stores[RETENTION_DAYS.name], rules, known.audit, now),
        withdrawals=_withdrawals(stores, now),
    )


def _traces(stores: dict[str, Store[Any]], ending: Ending, now: Now) -> ContactTraces:
    return ContactTraces(stores[ORGANISATION_CONTACTS.name], stores["people"], ending.vault, now)


def _withdrawals(stores: dict[str, Store[Any]], now: Now) -> Withdrawals:
    return Withdrawals(stores[CONSENTS.name], stores[CHECK_INS.name], _rating_names(stores, now), now)


def _rating_names(stores: dict[str, Store[Any]], now: Now) -> RatingNames:
    return RatingNames(stores[STATION_RATINGS.name], now)


def _erasure_basis(stores: dict[str, Store[Any]], known: Known, ending: Ending, now: Now) -> ErasureBasis:
    return ErasureBasis(
        memberships=Memberships(stores["memberships"]),
        own_memberships=ending.own_memberships,
        people=known.people,
        contacts=_traces(stores, ending, now),
        revocations=ending.revocations,
        vault=ending.vault,
        audit=known.audit,
    )


def _correction_basis(
    stores: dict[str, Store[Any]], known: Known, ending: Ending, now: Now
) -> CorrectionBasis:
    rows, identities = stores["vault"], stores["identities"]
    return CorrectionBasis(
        people=known.people,
        memberships=Memberships(stores["memberships"]),
        changes=PersonChanges(
            stores["people"], rows, identities, stores["cards"], _traces(stores, ending, now), ending.vault
        ),
        offices=Offices(known.organisations, known.appointments),
        vault=ending.vault,
        audit=known.audit,
    )


def _rules(stores: dict[str, Store[Any]], known: Known, now: Now) -> dict[str, Rule]:
    scans = ScanRetention(stores["scans"], known.organisations, now)
    unused = Expired(stores["subscriptions"], "changed", kept("subscriptions"), now)
    decided = Expired(stores[CORRECTIONS.name], "forget_at", timedelta(), now)
    return {
        "scans": scans.cut,
        "scan_days": scans.remove,
        "station_ratings": _rating_names(stores, now).cut,
        "subscriptions": unused.remove,
        "corrections": decided.remove,
        "erasures": OldErasures(stores, now).remove,
    }
