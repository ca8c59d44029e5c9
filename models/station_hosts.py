"""Who runs a station: an organisation, whose 站长 and officers are asked when something is wrong.

Service is city-wide: any staff may answer for any station. Who is to be told, and who sees the photos that
people send, follows from the organisation, which an officer sets for the stations of the own subtree and for
those of nobody. Of several 站长 all are told, unless one is named as the station's own; once that appointment
is over, all are again. Of a station of nobody the officers of the whole city are told (市总工会).
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from models.appointments import SCANNERS, Appointment, Appointments, NoSuchAppointment, whose_turn
from models.errors import Forbidden
from models.member_lists import NoSuchOrganisation
from models.membership_offices import Offices
from models.organisation_desk import OrganisationEnded
from models.organisations import Organisation, Organisations
from models.people import People
from models.station_changes import Change, StationChanges
from models.station_tickets import Tier
from models.stations import Station
from models.vault import mask_name


class StationOfOthers(Forbidden):
    """The station is run by an organisation that is not the officer's; `details.name` says which."""

    code = "station_of_others"
    message = "这个驿站由其他组织管理，请与该组织或上级工会联系"


class Choice(Struct, frozen=True):
    """A 站长 whom an officer may name as a station's own: the appointment, the masked name, since when."""

    appointment: str
    name: str
    since: datetime


class Host(Struct, frozen=True):
    """A station with who runs it, and how many people are asked: its keepers, then the officers.

    `choices` are the keepers who may be named, and `keeper` the one who is: for the subtree's officers alone.
    """

    station: Station
    name: str
    keepers: int
    officers: int
    keeper: str | None
    choices: list[Choice]


class Running(Struct, frozen=True):
    """Who is to run a station: an organisation (None: nobody); the appointment of its own 站长, if named."""

    organisation: str | None
    keeper: str | None = None


class StationHosts:
    """Says who runs stations, and sets it."""

    def __init__(
        self,
        changes: StationChanges,
        organisations: Organisations,
        appointments: Appointments,
        offices: Offices,
        people: People,
    ) -> None:
        self._changes = changes
        self._organisations = organisations
        self._appointments = appointments
        self._offices = offices
        self._people = people

    async def get(self, officer: str, code: str) -> Host:
        """Return who runs a station; NotStaff, NoSuchStation."""
        return await self._host(officer, await self._changes.get(officer, code))

    async def get_own(self, officer: str, code: str) -> Station:
        """Return a station of the officer's subtree, or of nobody.

        NotStaff, NoSuchStation, StationOfOthers.
        """
        station = await self._changes.get(officer, code)
        if station.organisation and not self._offices.covers(officer, station.organisation):
            raise StationOfOthers(name=self._organisations.get_name(station.organisation))
        return station

    async def set(self, officer: str, code: str, version: str, running: Running) -> Host:
        """Say who runs a station.

        NotStaff, NoSuchStation, StationChanged, NoSuchOrganisation, OrganisationEnded, NoSuchAppointment,
        StationOfOthers.
        """
        station = await self.get_own(officer, code)
        if running.organisation is not None:
            self._check(officer, running.organisation)
        values = {"organisation": running.organisation, "keeper": running.keeper}
        if running.keeper and self._find_keeper(replace(station, **values)) is None:
            raise NoSuchAppointment
        details = {name: value for name, value in values.items() if value}
        made = await self._changes.make(officer, code, version, Change("station_host_set", values, details))
        return await self._host(officer, made)

    def list_own(self, officer: str) -> frozenset[str]:
        """Return the organisations where somebody is an officer, and all below them. NotStaff."""
        return frozenset(self._offices.list_within(officer, None))

    def list_unions(self, officer: str) -> list[Organisation]:
        """Return those organisations themselves. NotStaff."""
        found = map(self._organisations.find, self._offices.list_within(officer, None))
        return [one for one in found if one]

    def find_first_asked(self, station: Station) -> Tier | None:
        """Return whose a ticket of a station is first: its 站长's, the officers'; None without either."""
        if self.list_keepers(station):
            return "keeper"
        return "street" if self.list_officers(station) else None

    def oversees(self, person: str, station: Station) -> bool:
        """Say whether a station is run where somebody is staff, or below, or by nobody. NotStaff."""
        places, host = self._appointments.list_places(person, SCANNERS), station.organisation
        return host is None or any(self._organisations.is_within(host, place) for place in places)

    def list_keepers(self, station: Station) -> list[str]:
        """Return a station's own 站长; without one the station staff of its organisation.

        If it has none, those of the nearest organisation above that has some.
        """
        own = self._find_keeper(station)
        return [own.person] if own else whose_turn(self._levels(station, "station_staff"))

    def list_officers(self, station: Station, *, is_late: bool = False) -> list[str]:
        """Return the officers of a station's organisation, or of the nearest one above that has some.

        When they are late, those of the next level above them that has some; the same where none has.
        """
        return whose_turn(self._levels(station, "officer"), is_late=is_late)

    def _check(self, officer: str, organisation: str) -> None:
        known = self._organisations.find(organisation)
        if known is None or not self._offices.covers(officer, organisation):
            raise NoSuchOrganisation
        if not known.is_open:
            raise OrganisationEnded

    def _levels(self, station: Station, role: Literal["station_staff", "officer"]) -> list[list[Appointment]]:
        """Return the appointments to a role, level by level, from the nearest to the station with some."""
        if station.organisation:
            return self._appointments.list_levels(
                self._organisations.list_upwards(station.organisation), role
            )
        tops = [one.id for one in self._organisations.list_tops("local")] if role == "officer" else []
        together = [held for level in self._appointments.list_levels(tops, role) for held in level]
        return [together] if together else []

    def _find_keeper(self, station: Station) -> Appointment | None:
        """Return the appointment of a station's own 站长 while it is in force, there or above."""
        levels = self._levels(station, "station_staff") if station.keeper else []
        return next((one for held in levels for one in held if one.id == station.keeper), None)

    async def _host(self, officer: str, station: Station) -> Host:
        own, choices = self._find_keeper(station), list[Choice]()
        if is_own := self._offices.covers(officer, station.organisation):
            choices = await self._list_choices(station, own)
        return Host(
            station=station,
            name=self._organisations.get_name(station.organisation) if station.organisation else "",
            keepers=len(self.list_keepers(station)),
            officers=len(self.list_officers(station)),
            keeper=own.id if own and is_own else None,
            choices=choices,
        )

    async def _list_choices(self, station: Station, own: Appointment | None) -> list[Choice]:
        held = next(iter(self._levels(station, "station_staff")), [])
        if own and own not in held:
            held = [*held, own]
        known = await self._people.list_particulars([one.person for one in held])
        names = {person: mask_name(who.name) for person, who in known.items()}
        choices = [Choice(one.id, names.get(one.person, ""), one.since) for one in held]
        return sorted(choices, key=lambda one: (one.name, one.since, one.appointment))
