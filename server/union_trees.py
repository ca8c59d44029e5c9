"""The trees of organisations and who serves in them, wired: desks, contacts, reorganisations."""

from typing import Any

from msgspec import Struct

from models.appointment_desk import AppointmentDesk
from models.device_desk import DeviceDesk
from models.devices import DEVICES, Devices
from models.organisation_contacts import ORGANISATION_CONTACTS, OrganisationContacts
from models.organisation_desk import OrganisationDesk, Registry
from models.organisations import ORGANISATIONS
from models.people import People
from models.reorganisations import REORGANISATIONS, Reorganisations
from models.station_board import StationBoard
from models.store import Collection, Store
from models.stranded_reviews import StrandedReviews
from models.vault import Vault

COLLECTIONS: tuple[Collection[Any], ...] = (ORGANISATIONS, ORGANISATION_CONTACTS, REORGANISATIONS, DEVICES)


class UnionTrees(Struct, frozen=True):
    """What officers do to the trees, in one process."""

    desk: OrganisationDesk
    contacts: OrganisationContacts
    reorganisations: Reorganisations
    appointment_desk: AppointmentDesk
    devices: Devices
    device_desk: DeviceDesk


def build_union_trees(
    stores: dict[str, Store[Any]],
    registry: Registry,
    people: People,
    vault: Vault,
    board: StationBoard,
    stranded: StrandedReviews,
) -> UnionTrees:
    """Return the desks over stores by name."""
    desk = OrganisationDesk(stores[ORGANISATIONS.name], registry)
    contacts = stores[ORGANISATION_CONTACTS.name]
    devices = Devices(stores[DEVICES.name], registry.appointments, registry.signals, registry.now)
    return UnionTrees(
        desk,
        OrganisationContacts(contacts, desk, vault, registry.audit, registry.now),
        Reorganisations(stores[REORGANISATIONS.name], stores[ORGANISATIONS.name], desk, registry, stranded),
        AppointmentDesk(registry.appointments, registry.organisations, people, registry.now),
        devices,
        DeviceDesk(stores[DEVICES.name], devices, registry.organisations, desk, board, registry.now),
    )
