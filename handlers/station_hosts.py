"""Who runs a station: the organisation whose 站长 and officers are told when people doubt that it is open."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import AppointmentId, MaskedName, Moment, Name, OrganisationId, StationCode
from handlers.nearby import StationName
from handlers.station_hours import Version
from handlers.wire import Asked, Wire, local
from models.appointments import NoSuchAppointment, NotStaff
from models.member_lists import NoSuchOrganisation
from models.organisation_desk import OrganisationEnded
from models.station_changes import StationChanged
from models.station_hosts import Host, Running, StationOfOthers
from models.stations import NoSuchStation
from models.versions import version_of

AnyOrganisation = Annotated[OrganisationId | None, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
People = Annotated[int, Meta(examples=[2])]
AnyKeeper = Annotated[AppointmentId | None, Meta(examples=[None])]


class HostRequest(Asked, frozen=True):
    """Who is to run the station, null: nobody; and whose of its 站长 it is, null: all of them are told."""

    version: Version
    organisation: AnyOrganisation
    keeper: AnyKeeper = None


class KeeperReply(Wire, frozen=True):
    """A 站长 who may be named as the station's own."""

    appointment: AppointmentId
    name: MaskedName
    since: Moment


class HostReply(Wire, frozen=True):
    """Who runs a station, and how many people are asked about it: station staff, then officers.

    `keeper` is the one of the `choices` who is named as the station's own 站长: for the subtree's officers.
    """

    code: StationCode
    name: StationName
    version: Version
    organisation: AnyOrganisation
    organisation_name: Name
    keepers: People
    officers: People
    keeper: AnyKeeper
    choices: list[KeeperReply]

    @classmethod
    def of(cls, host: Host) -> "HostReply":
        """Return who runs a station as it goes on the wire."""
        return cls(
            code=host.station.id,
            name=host.station.name,
            version=version_of(host.station.changed),
            organisation=host.station.organisation,
            organisation_name=host.name,
            keepers=host.keepers,
            officers=host.officers,
            keeper=host.keeper,
            choices=[
                KeeperReply(appointment=one.appointment, name=one.name, since=local(one.since))
                for one in host.choices
            ],
        )


class StationHostHandler(Handler):
    """Who runs one station."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> HostReply:
        """Return who runs a station."""
        return HostReply.of(await self.services.station_hosts.get(self.session.subject, code))

    @endpoint(
        refuses=(
            NotStaff,
            NoSuchStation,
            NoSuchOrganisation,
            OrganisationEnded,
            NoSuchAppointment,
            StationOfOthers,
            StationChanged,
        )
    )
    async def put(self, code: str, *, body: HostRequest) -> HostReply:
        """Say who runs a station that nobody runs, or one of the officer's own organisations."""
        hosts, running = self.services.station_hosts, Running(body.organisation, body.keeper)
        return HostReply.of(await hosts.set(self.session.subject, code, body.version, running))


ROUTES = [("/api/v1/staff/stations/{code}/organisation", StationHostHandler)]
