"""All routes, as path templates, and the pattern of each path parameter."""

import re

from handlers import (
    accounts,
    appointment_desk,
    audit,
    card_desk,
    card_life,
    cards,
    check_files,
    check_ins,
    claims,
    consents,
    corrections,
    device_desk,
    devices,
    districts,
    exports,
    finder,
    health,
    member_lists,
    members,
    membership_desk,
    membership_figures,
    membership_reviews,
    memberships,
    openapi,
    organisation_contacts,
    organisation_desk,
    organisations,
    own_visits,
    prints,
    privacy_notices,
    pushes,
    reorganisations,
    roster_imports,
    scan_pictures,
    scans,
    screens,
    security,
    sessions,
    sign_ins,
    station_hosts,
    station_hours,
    station_lists,
    station_photos,
    station_ratings,
    station_records,
    station_reports,
    station_tickets,
    station_upkeep,
    stations,
    subscriptions,
    system,
    wxacodes,
)
from handlers.base import Handler, find_contract
from miniprogram_api.contract import Operation

Route = tuple[str, type[Handler]]

METHODS = ("GET", "POST", "PUT", "DELETE")
PARAMETERS = {
    "code": "[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{8}",
    "person": "[0-9A-HJKMNP-TV-Z]{16}",
    "signIn": "[0-9A-HJKMNP-TV-Z]{16}",
    "scanId": "[0-9A-Za-z_-]{8,64}",
    "appointment": "[0-9A-Za-z-]{1,40}",
    "number": "[1-9][0-9]?",
    "correction": "[0-9a-f]{32}",
    "report": "[0-9a-f]{32}",
    "photo": "[0-9A-HJKMNP-TV-Z]{32}",
    "ticket": "[0-9A-HJKMNP-TV-Z]{8}-[a-z_]{4,20}-[0-9a-f]{8,16}",
    "roster": "[0-9A-HJKMNP-TV-Z]{16}",
    "claim": "[0-9a-f]{32}",
    "organisation": "[0-9A-Za-z_-]{1,40}",
    "district": "[^/.?#]{1,180}",
    "device": "[0-9A-HJKMNP-TV-Z]{16}",
    "linked": "[0-9A-Za-z_-]{1,40}",
    "checkFile": r"[0-9A-Za-z_]{1,64}\.txt",
}

NOUNS: list[Route] = [
    *finder.ROUTES,
    *stations.ROUTES,
    *check_ins.ROUTES,
    *own_visits.ROUTES,
    *screens.ROUTES,
    *station_ratings.ROUTES,
    *station_reports.ROUTES,
    *station_tickets.ROUTES,
    *districts.ROUTES,
    *cards.ROUTES,
    *card_life.ROUTES,
    *card_desk.ROUTES,
    *prints.ROUTES,
    *scans.ROUTES,
    *scan_pictures.ROUTES,
    *sessions.ROUTES,
    *members.ROUTES,
    *memberships.ROUTES,
    *claims.ROUTES,
    *membership_reviews.ROUTES,
    *membership_desk.ROUTES,
    *membership_figures.ROUTES,
    *organisations.ROUTES,
    *privacy_notices.ROUTES,
    *consents.ROUTES,
    *exports.ROUTES,
    *corrections.ROUTES,
    *organisation_desk.ROUTES,
    *organisation_contacts.ROUTES,
    *reorganisations.ROUTES,
    *appointment_desk.ROUTES,
    *devices.ROUTES,
    *device_desk.ROUTES,
    *sign_ins.ROUTES,
    *accounts.ROUTES,
    *member_lists.ROUTES,
    *roster_imports.ROUTES,
    *station_lists.ROUTES,
    *station_hours.ROUTES,
    *station_records.ROUTES,
    *station_upkeep.ROUTES,
    *station_photos.ROUTES,
    *station_hosts.ROUTES,
    *audit.ROUTES,
    *system.ROUTES,
    *security.ROUTES,
    *subscriptions.ROUTES,
    *wxacodes.ROUTES,
    *pushes.ROUTES,
    *health.ROUTES,
    *check_files.ROUTES,
]


def to_pattern(path: str) -> str:
    """Return the regular expression of a path template such as `/s/{code}`."""
    return re.sub(r"\{(\w+)\}", lambda found: f"({PARAMETERS[found[1]]})", path.replace(".", r"\."))


def list_operations(routes: list[Route]) -> list[Operation]:
    """Return the contract of every method of every route."""
    return [
        Operation(
            method=method,
            path=path,
            noun=handler.__module__.rpartition(".")[2],
            public=handler.public,
            contract=contract,
        )
        for path, handler in routes
        for method in METHODS
        if (contract := find_contract(handler, method))
    ]


ROUTES: list[Route] = [*NOUNS, *openapi.describing(NOUNS, list_operations, PARAMETERS)]
