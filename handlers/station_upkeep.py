"""What officers keep up at a station: how many facilities, which do not work since when; consumables."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import LINE, AnyFacility, Day, RealDay, StationCode
from handlers.nearby import StationName
from handlers.station_hours import Version
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.consumables import Consumable, Want
from models.station_changes import StationChanged
from models.station_hosts import StationOfOthers
from models.station_upkeep import DayAhead, NoSuchFacility
from models.stations import FACILITIES, MOST_COUNT, Equipment, NoSuchStation, Station
from models.versions import version_of

MOST_ITEMS = 60
Count = Annotated[int, Meta(ge=1, le=MOST_COUNT, examples=[2])]
Stock = Annotated[int, Meta(ge=0, le=99_999, examples=[40])]
Item = Annotated[str, Meta(max_length=40, pattern=LINE, examples=["一次性纸杯"])]
AnyWant = Annotated[Want, Meta(examples=["low"])]


class FacilityRequest(Asked, frozen=True):
    """One facility; without `brokenSince`, a local day that is not ahead, it works."""

    facility: AnyFacility
    count: Count | None = None
    broken_since: Annotated[RealDay | None, Meta(examples=["2026-07-15"])] = None

    def read(self) -> Equipment:
        """Return what is to be known of the facility."""
        since = self.broken_since.isoformat() if self.broken_since else None
        return Equipment(facility=self.facility, count=self.count, broken_since=since)


class EquipmentRequest(Asked, frozen=True):
    """What is known of the facilities; of one that is absent nothing, and so it counts as working."""

    version: Version
    items: Annotated[list[FacilityRequest], Meta(max_length=len(FACILITIES))]


class FacilityReply(Wire, frozen=True):
    """One facility: its name, the same with what is known of it; without `brokenSince` it works."""

    facility: AnyFacility
    name: Annotated[str, Meta(examples=["微波炉"])]
    words: Annotated[str, Meta(examples=["微波炉：故障"])]
    count: Count | None
    broken_since: Annotated[Day | None, Meta(examples=[None])]


class EquipmentReply(Wire, frozen=True):
    """A station's facilities, and the version that a change has to name."""

    code: StationCode
    name: StationName
    version: Version
    items: list[FacilityReply]

    @classmethod
    def of(cls, station: Station) -> "EquipmentReply":
        """Return a station's facilities as they go on the wire."""
        return cls(
            code=station.id,
            name=station.name,
            version=version_of(station.changed),
            items=list_facilities(station),
        )


class ConsumableRequest(Asked, frozen=True):
    """One item, or one batch of it; at `least` or fewer more is needed."""

    item: Item
    stock: Stock
    least: Stock = 0
    expires: Annotated[RealDay | None, Meta(examples=["2027-01-31"], description="Its last good day")] = None

    def read(self) -> Consumable:
        """Return what is to be known of the item."""
        last = self.expires.isoformat() if self.expires else None
        return Consumable(item=self.item, stock=self.stock, least=self.least, expires=last)


class ConsumablesRequest(Asked, frozen=True):
    """All consumables of a station; what is absent is not there any more."""

    version: Version
    items: Annotated[list[ConsumableRequest], Meta(max_length=MOST_ITEMS)]


class ConsumableReply(Wire, frozen=True):
    """One item, or one batch of it, and what is wrong with it: it has expired, or runs out."""

    item: Item
    stock: Stock
    least: Stock
    expires: Annotated[Day | None, Meta(examples=["2027-01-31"])]
    wants: tuple[AnyWant, ...]


class ConsumablesReply(Wire, frozen=True):
    """A station's consumables, and the version that a change has to name."""

    code: StationCode
    name: StationName
    version: Version
    items: list[ConsumableReply]

    @classmethod
    def of(cls, station: Station, today: str) -> "ConsumablesReply":
        """Return a station's consumables as they stand on a local day."""
        return cls(
            code=station.id,
            name=station.name,
            version=version_of(station.changed),
            items=[
                ConsumableReply(
                    item=one.item,
                    stock=one.stock,
                    least=one.least,
                    expires=one.expires,
                    wants=one.wants(today),
                )
                for one in station.consumables
            ],
        )


def list_facilities(station: Station) -> list[FacilityReply]:
    """Return all facilities of a station, those that do not work among them."""
    known = {one.facility: one for one in station.equipment}
    return [_reply(known.get(name) or Equipment(facility=name)) for name in station.facilities]


def _reply(one: Equipment) -> FacilityReply:
    words = FACILITIES[one.facility]
    if one.broken_since:
        words += "：故障"
    elif one.count:
        words += f" ×{one.count}"
    return FacilityReply(
        name=FACILITIES[one.facility],
        facility=one.facility,
        words=words,
        count=one.count,
        broken_since=one.broken_since,
    )


class StationEquipmentHandler(Handler):
    """One station's facilities."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> EquipmentReply:
        """Return which facilities a station has, how many, and which do not work."""
        return EquipmentReply.of(await self.services.station_upkeep.get(self.session.subject, code))

    @endpoint(refuses=(NotStaff, NoSuchStation, StationOfOthers, NoSuchFacility, DayAhead, StationChanged))
    async def put(self, code: str, *, body: EquipmentRequest) -> EquipmentReply:
        """Say how many there are and which do not work: from then on nobody finds the station by those."""
        asked = [one.read() for one in body.items]
        upkeep = self.services.station_upkeep
        return EquipmentReply.of(await upkeep.set_equipment(self.session.subject, code, body.version, asked))


class StationConsumablesHandler(Handler):
    """One station's consumables."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> ConsumablesReply:
        """Return the consumables, and what has expired or runs out."""
        upkeep = self.services.station_upkeep
        return ConsumablesReply.of(await upkeep.get(self.session.subject, code), upkeep.today())

    @endpoint(refuses=(NotStaff, NoSuchStation, StationOfOthers, StationChanged))
    async def put(self, code: str, *, body: ConsumablesRequest) -> ConsumablesReply:
        """Say what is there."""
        upkeep, asked = self.services.station_upkeep, [one.read() for one in body.items]
        kept = await upkeep.set_consumables(self.session.subject, code, body.version, asked)
        return ConsumablesReply.of(kept, upkeep.today())


ROUTES = [
    ("/api/v1/staff/stations/{code}/equipment", StationEquipmentHandler),
    ("/api/v1/staff/stations/{code}/consumables", StationConsumablesHandler),
]
