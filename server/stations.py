"""What officers change of stations, wired: hours and closures, who runs them, records."""

from msgspec import Struct

from models.clock import Now
from models.membership_offices import Offices
from models.offices import Office
from models.organisations import Organisations
from models.people import People
from models.station_changes import StationChanges
from models.station_hosts import StationHosts
from models.station_hours import StationHours
from models.station_records import StationRecords
from models.stations import Station
from models.store import Store


class StationBook(Struct, frozen=True):
    """The models that change a station."""

    hours: StationHours
    hosts: StationHosts
    records: StationRecords


def build_station_book(
    store: Store[Station],
    office: Office,
    organisations: Organisations,
    offices: Offices,
    people: People,
    now: Now,
) -> StationBook:
    """Return the models over the stations' store."""
    changes = StationChanges(store, office, now)
    hosts = StationHosts(changes, organisations, office.appointments, offices, people)
    return StationBook(StationHours(changes, now), hosts, StationRecords(changes, hosts))
