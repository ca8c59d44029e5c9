"""Who runs a station: the organisation whose 站长 and officers are told when people doubt that it is open."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Name, OrganisationId, StationCode
from handlers.nearby import StationName
from handlers.station_hours import Version
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.member_lists import NoSuchOrganisation
from models.organisation_desk import OrganisationEnded
from models.station_changes import StationChanged
from models.station_hosts import Host, StationOfOthers
from models.stations import NoSuchStation
from models.versions import version_of

AnyOrganisation = Annotated[OrganisationId | None, Meta(examples=["6Q0B8Z2J4N1TFE7M"])]
People = Annotated[int, Meta(examples=[2])]


class HostRequest(Asked, frozen=True):
    """Who is to run the station; null: nobody."""

    version: Version
    organisation: AnyOrganisation


class HostReply(Wire, frozen=True):
    """Who runs a station, and how many people are asked about it: station staff, then officers."""

    code: StationCode
    name: StationName
    version: Version
    organisation: AnyOrganisation
    organisation_name: Name
    keepers: People
    officers: People

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
            StationOfOthers,
            StationChanged,
        )
    )
    async def put(self, code: str, *, body: HostRequest) -> HostReply:
        """Say who runs a station that nobody runs, or one of the officer's own organisations."""
        hosts = self.services.station_hosts
        return HostReply.of(await hosts.set(self.session.subject, code, body.version, body.organisation))


ROUTES = [("/api/v1/staff/stations/{code}/organisation", StationHostHandler)]
