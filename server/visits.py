"""What happens at stations, wired: visits and their figures, screens, evidence, reports, tickets."""

from typing import Any

from msgspec import Struct

from handlers.services import Visits
from models.alarms import Guards
from models.check_ins import CHECK_INS, CheckIns, Witnesses
from models.clock import Now
from models.consents import Consents
from models.evidence import EVIDENCE, EVIDENCE_CHANGED, EvidenceBoard
from models.evidence_retention import EvidenceRetention
from models.judgements import Judge
from models.leases import Leases
from models.masters import Masters
from models.media_checks import MediaChecks
from models.mirrors import Mirror
from models.offices import Office
from models.report_photos import REPORT_PHOTOS, ReportPhotos
from models.retention import Rule
from models.scan_batches import ScanBatches
from models.scan_visits import ScanVisits
from models.scans import SCANS, Scans
from models.screens import SCREENS, SCREENS_CHANGED, Screens
from models.station_board import StationBoard
from models.station_hosts import StationHosts
from models.station_links import STATION_LINKS, StationLinks
from models.station_photos import ALBUMS_CHANGED, STATION_ALBUMS, STATION_PICTURES, Shelves, StationPhotos
from models.station_ratings import (
    SCORES_CHANGED,
    STATION_RATINGS,
    STATION_SCORES,
    Raters,
    RatingShelves,
    StationRatings,
)
from models.station_reports import STATION_REPORTS, Reported, StationReports
from models.station_tickets import STATION_TICKETS, Doubted, StationTickets
from models.store import Collection, Store
from models.vault import Vault
from models.visit_counts import VISIT_COUNTS, VISIT_DAYS, VisitCounts
from server.membership_book import Known

COLLECTIONS: tuple[Collection[Any], ...] = (
    CHECK_INS, VISIT_COUNTS, VISIT_DAYS, SCREENS, EVIDENCE, STATION_REPORTS, STATION_TICKETS, REPORT_PHOTOS,
    STATION_LINKS,
    STATION_ALBUMS, STATION_PICTURES, STATION_RATINGS, STATION_SCORES,
)  # fmt: skip


class Around(Struct, frozen=True):
    """What visits stand on."""

    board: StationBoard
    hosts: StationHosts
    scans: Scans
    known: Known
    judge: Judge
    guards: Guards
    masters: Masters
    media_checks: MediaChecks
    vault: Vault
    consents: Consents


def build(stores: dict[str, Store[Any]], around: Around, now: Now) -> Visits:
    """Return the models over stores by name."""
    known, board = around.known, around.board
    office, audit = Office(known.appointments, known.audit, known.signals), known.audit
    evidence = EvidenceBoard(stores[EVIDENCE.name], now)
    screens = Screens(stores[SCREENS.name], board, around.masters, office, now)
    visits = stores[CHECK_INS.name]
    check_ins = CheckIns(
        visits, Witnesses(board, evidence, screens), around.consents.has_consent, around.vault, now
    )
    leases = Leases(stores["leases"], now)
    counts = VisitCounts(visits, stores[VISIT_COUNTS.name], stores[VISIT_DAYS.name], audit, leases, now)
    doubted = Doubted(board, evidence, around.hosts.oversees)
    tickets = StationTickets(stores[STATION_TICKETS.name], doubted, office, now)
    reported = Reported(board, evidence, tickets, around.hosts)
    reports = StationReports(stores[STATION_REPORTS.name], reported, office, around.vault, now)
    batches = ScanBatches(stores[SCANS.name], known.cards, around.judge, around.guards, now)
    photos = stores[REPORT_PHOTOS.name]
    shelves = Shelves(stores[STATION_ALBUMS.name], stores[STATION_PICTURES.name])
    return Visits(
        check_ins=check_ins,
        counts=counts,
        scans=ScanVisits(around.scans, batches, check_ins, counts, now),
        screens=screens,
        evidence=evidence,
        reports=reports,
        tickets=tickets,
        report_photos=ReportPhotos(photos, reports, around.media_checks, now),
        links=StationLinks(stores[STATION_LINKS.name], now),
        ratings=_build_ratings(stores, around, now),
        photos=StationPhotos(shelves, around.hosts, office, now),
    )


def _build_ratings(stores: dict[str, Store[Any]], around: Around, now: Now) -> StationRatings:
    shelves = RatingShelves(stores[STATION_RATINGS.name], stores[STATION_SCORES.name], stores[CHECK_INS.name])
    raters = Raters(around.consents.has_consent, around.vault)
    return StationRatings(shelves, around.board, raters, around.known.signals, now)


def mirrors_of(visits: Visits) -> dict[str, Mirror[Any]]:
    """Return what every process holds in memory of them, by the word that signals a change."""
    return {
        SCREENS_CHANGED: visits.screens.mirror,
        EVIDENCE_CHANGED: visits.evidence.mirror,
        ALBUMS_CHANGED: visits.photos.mirror,
        SCORES_CHANGED: visits.ratings.mirror,
    }


def retention_of(visits: Visits, now: Now) -> dict[str, Rule]:
    """Return what retention cuts of visits, by rule; the visits themselves go when they are counted."""
    return {"check_ins": EvidenceRetention(visits.evidence, now).cut}
