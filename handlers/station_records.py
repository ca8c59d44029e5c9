"""A station's record as officers correct it: name, address, position, kind, facilities, state."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import LINE, AnyFacility, StationCode
from handlers.nearby import (
    Address,
    AnyKind,
    District,
    PositionReply,
    StationName,
    entrance_of,
    position_of,
)
from handlers.station_details import DetailsReply, DetailsRequest, PremisesReply, PremisesRequest
from handlers.station_hours import Version
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.entrances import EntranceAstray
from models.positions import Datum, PositionOutsideCountry
from models.station_changes import StationChanged
from models.station_details import PREMISES_NAMES, known_of, told
from models.station_hosts import StationOfOthers
from models.station_records import StationRecord
from models.stations import FACILITIES, NoSuchStation, SourcePosition, Station, StationState
from models.table_rows import CELL_CHARACTERS
from models.versions import version_of

AnyState = Annotated[StationState, Meta(examples=["operating"], description="Only an operating one is found")]
Place = Annotated[str, Meta(max_length=CELL_CHARACTERS, pattern=LINE, examples=["郑州市金水区杜岭街28号"])]
# Either may be as large as a longitude: the two in each other's place are told so, not refused as too large.
Degrees = Annotated[float, Meta(ge=-180, le=180, examples=[34.75])]


class PositionRequest(Asked, frozen=True):
    """A position, in the datum of the map or receiver that it was taken from."""

    longitude: Annotated[Degrees, Meta(examples=[113.62])]
    latitude: Degrees
    datum: Annotated[Datum, Meta(examples=["gcj02"])]

    def read(self) -> SourcePosition:
        """Return the position as it was taken."""
        return SourcePosition(self.longitude, self.latitude, self.datum)


class RecordRequest(Asked, frozen=True):
    """The whole record; without a position the station is not on the map.

    An `entrance` is near the position; without one people are led to the position itself.
    """

    version: Version
    name: Annotated[Place, Meta(examples=["金水工会杜岭户外劳动者爱心驿站"])]
    address: Place
    position: PositionRequest | None
    entrance: PositionRequest | None
    kind: AnyKind | None
    facilities: Annotated[list[AnyFacility], Meta(max_length=len(FACILITIES))]
    details: DetailsRequest
    premises: PremisesRequest
    state: AnyState

    def read(self) -> StationRecord:
        """Return what the record is to say."""
        place, entrance = self.position, self.entrance
        return StationRecord(
            name=self.name.strip(),
            address=self.address.strip(),
            place=place.read() if place else None,
            entrance=entrance.read() if entrance else None,
            kind=self.kind,
            facilities=self.facilities,
            details=self.details.read(),
            premises=self.premises.read(),
            state=self.state,
        )


class RecordReply(Wire, frozen=True):
    """A station's record, its places as they were taken; `corrected` are fields that officers have set."""

    code: StationCode
    name: StationName
    version: Version
    address: Address
    district: District
    position: PositionReply | None
    entrance: PositionReply | None
    kind: AnyKind | None
    facilities: list[AnyFacility]
    details: DetailsReply
    premises: PremisesReply
    state: AnyState
    source: Annotated[str, Meta(examples=["驿站.csv"], description="The list that it came with")]
    corrected: Annotated[list[str], Meta(examples=[["name"]], description="No import changes them")]

    @classmethod
    def of(cls, station: Station) -> "RecordReply":
        """Return a record as it goes on the wire."""
        source, entrance = station.source_position, station.source_entrance
        return cls(
            code=station.id,
            name=station.name,
            version=version_of(station.changed),
            address=station.address,
            district=station.district,
            position=position_of(station, source.datum if source else "gcj02"),
            entrance=entrance_of(station, entrance.datum if entrance else "gcj02"),
            kind=station.kind,
            facilities=list(station.facilities),
            details=DetailsReply.of(station.details),
            premises=PremisesReply.of(station.premises),
            state=station.state,
            source=station.source,
            corrected=[*station.corrected, *_list_filled_in(station)],
        )


def _list_filled_in(station: Station) -> list[str]:
    """Return what no list says as officers have said it, beside the fields of the record itself."""
    entrance = ["entrance"] if station.entrance and not station.entrance_listed else []
    details = [one for one in told(station.details) if one not in station.listed]
    premises = [
        f"premises.{one}"
        for one in known_of(PREMISES_NAMES, station.premises)
        if one not in station.listed_premises
    ]
    return [*entrance, *details, *premises]


class StationRecordHandler(Handler):
    """One station's record."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> RecordReply:
        """Return a station's record, and the version that a change has to name."""
        return RecordReply.of(await self.services.station_records.get(self.session.subject, code))

    @endpoint(
        refuses=(
            NotStaff,
            NoSuchStation,
            StationOfOthers,
            PositionOutsideCountry,
            EntranceAstray,
            StationChanged,
        )
    )
    async def put(self, code: str, *, body: RecordRequest) -> RecordReply:
        """Let the record of a station of the own subtree, or of nobody, say something else."""
        records, asked = self.services.station_records, body.read()
        return RecordReply.of(await records.set(self.session.subject, code, body.version, asked))


ROUTES = [("/api/v1/staff/stations/{code}/record", StationRecordHandler)]
