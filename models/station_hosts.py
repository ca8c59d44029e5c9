"""Who runs a station: an organisation, whose 站长 and officers are asked when something is wrong.

Service is city-wide: any staff may answer for any station. Who is to be told, and who sees the photos that
people send, follows from the organisation, which an officer sets for the stations of the own subtree and for
those of nobody.
"""

from typing import Literal

from msgspec import Struct

from models.appointments import SCANNERS, Appointments
from models.errors import Forbidden
from models.member_lists import NoSuchOrganisation
from models.membership_offices import Offices
from models.organisation_desk import OrganisationEnded
from models.organisations import Organisations
from models.station_changes import Change, StationChanges
from models.stations import Station


class StationOfOthers(Forbidden):
    """The station is run by an organisation that is not the officer's; `details.name` says which."""

    code = "station_of_others"
    message = "这个驿站由其他组织管理，请与该组织或上级工会联系"


class Host(Struct, frozen=True):
    """A station with who runs it, and how many people are asked: its keepers, then the officers."""

    station: Station
    name: str
    keepers: int
    officers: int


class StationHosts:
    """Says who runs stations, and sets it."""

    def __init__(
        self,
        changes: StationChanges,
        organisations: Organisations,
        appointments: Appointments,
        offices: Offices,
    ) -> None:
        self._changes = changes
        self._organisations = organisations
        self._appointments = appointments
        self._offices = offices

    async def get(self, officer: str, code: str) -> Host:
        """Return who runs a station; NotStaff, NoSuchStation."""
        return self._host(await self._changes.get(officer, code))

    async def set(self, officer: str, code: str, version: str, organisation: str | None) -> Host:
        """Say who runs a station, None: nobody.

        NotStaff, NoSuchStation, StationChanged, NoSuchOrganisation, OrganisationEnded, StationOfOthers.
        """
        station = await self._changes.get(officer, code)
        if station.organisation and not self._offices.covers(officer, station.organisation):
            raise StationOfOthers(name=self._organisations.get_name(station.organisation))
        if organisation is not None:
            self._check(officer, organisation)
        details = {"organisation": organisation} if organisation else {}
        change = Change("station_host_set", {"organisation": organisation}, details)
        return self._host(await self._changes.make(officer, code, version, change))

    def list_own(self, officer: str) -> frozenset[str]:
        """Return the organisations where somebody is an officer, and all below them. NotStaff."""
        return frozenset(self._offices.list_within(officer, None))

    def oversees(self, person: str, station: Station) -> bool:
        """Say whether a station is run where somebody is staff, or below, or by nobody. NotStaff."""
        places, host = self._appointments.list_places(person, SCANNERS), station.organisation
        return host is None or any(self._organisations.is_within(host, place) for place in places)

    def list_keepers(self, station: Station) -> list[str]:
        """Return the station staff of a station's organisation, or of the nearest one above that has some."""
        return next(iter(self._levels(station, "station_staff")), [])

    def list_officers(self, station: Station, *, is_late: bool = False) -> list[str]:
        """Return the officers of a station's organisation, or of the nearest one above that has some.

        When they are late, those of the next level above them that has some; the same where none has.
        """
        levels = self._levels(station, "officer")
        return levels[is_late and len(levels) > 1] if levels else []

    def _check(self, officer: str, organisation: str) -> None:
        known = self._organisations.find(organisation)
        if known is None or not self._offices.covers(officer, organisation):
            raise NoSuchOrganisation
        if not known.is_open:
            raise OrganisationEnded

    def _levels(self, station: Station, role: Literal["station_staff", "officer"]) -> list[list[str]]:
        """Return who holds a role, level by level, from the nearest to the station that has some."""
        places = self._organisations.list_upwards(station.organisation) if station.organisation else []
        return [held for place in places if (held := self._appointments.list_holders(place, role))]

    def _host(self, station: Station) -> Host:
        return Host(
            station,
            self._organisations.get_name(station.organisation) if station.organisation else "",
            len(self.list_keepers(station)),
            len(self.list_officers(station)),
        )
