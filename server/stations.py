"""What officers do with stations, wired: hours and closures, who runs them, records, lists, the search."""

from msgspec import Struct

from models.clock import Now
from models.listed_stations import Stations
from models.membership_offices import Offices
from models.offices import Office
from models.organisations import Organisations
from models.people import People
from models.station_board import StationBoard
from models.station_changes import StationChanges
from models.station_hosts import StationHosts
from models.station_hours import StationHours
from models.station_lists import StationLists
from models.station_records import StationRecords
from models.station_search import StationSearch
from models.station_upkeep import StationUpkeep
from models.stations import Station
from models.store import Store


class StationBook(Struct, frozen=True):
    """The models that change a station, and the office that they act in."""

    office: Office
    hours: StationHours
    hosts: StationHosts
    records: StationRecords
    upkeep: StationUpkeep
    now: Now

    def offer_lists(self, stations: Stations, board: StationBoard) -> StationLists:
        """Return what imports lists."""
        return StationLists(stations, board, self.hosts, self.office)

    def offer_search(self, stations: Stations, board: StationBoard) -> StationSearch:
        """Return what finds stations for officers."""
        return StationSearch(stations, board, self.hosts, self.office.appointments, self.now)


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
    hours, upkeep = StationHours(changes, now), StationUpkeep(changes, hosts, now)
    return StationBook(office, hours, hosts, StationRecords(changes, hosts), upkeep, now)
