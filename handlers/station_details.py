"""The optional part of a station's record: how to get in, how large it is, its stars, its phone."""

from typing import Annotated

from msgspec import Meta

from handlers.fields import END, LINE
from handlers.wire import Asked, Wire
from models.station_details import Entry, StationDetails

Alias = Annotated[str, Meta(max_length=60, pattern=LINE, examples=["杜岭暖心屋"])]
Aliases = Annotated[tuple[Alias, ...], Meta(max_length=8, examples=[["杜岭暖心屋"]])]
Floor = Annotated[str, Meta(max_length=40, pattern=LINE, examples=["1层"])]
Way = Annotated[str, Meta(max_length=120, pattern=LINE, examples=["从东门进，右手第二间"])]
AnyEntry = Annotated[Entry, Meta(examples=["open"], description="How the door opens")]
Capacity = Annotated[int, Meta(ge=1, le=10_000, examples=[12], description="People")]
Area = Annotated[int, Meta(ge=1, le=100_000, examples=[25], description="Square metres")]
Stars = Annotated[int, Meta(ge=1, le=5, examples=[4])]
Parking = Annotated[bool, Meta(examples=[True], description="E-bikes may be left there")]
Phone = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9][0-9-]{{4,19}}{END}",
        examples=["0371-12345678"],
        description="The station's own phone",
    ),
]


class DetailsRequest(Asked, frozen=True):
    """The whole optional part; what is absent is not known."""

    aliases: Aliases = ()
    floor: Floor | None = None
    way: Way | None = None
    entry: AnyEntry | None = None
    capacity: Capacity | None = None
    area: Area | None = None
    stars: Stars | None = None
    parking: Parking | None = None
    phone: Phone | None = None

    def read(self) -> StationDetails:
        """Return what the record is to say."""
        return StationDetails(
            aliases=tuple(dict.fromkeys(self.aliases)),
            floor=self.floor,
            way=self.way,
            entry=self.entry,
            capacity=self.capacity,
            area=self.area,
            stars=self.stars,
            parking=self.parking,
            phone=self.phone,
        )


class DetailsReply(Wire, frozen=True):
    """The optional part; null is not known."""

    aliases: Aliases
    floor: Floor | None
    way: Way | None
    entry: AnyEntry | None
    capacity: Capacity | None
    area: Area | None
    stars: Stars | None
    parking: Parking | None
    phone: Phone | None

    @classmethod
    def of(cls, details: StationDetails) -> "DetailsReply":
        """Return the optional part as it goes on the wire."""
        return cls(
            aliases=details.aliases,
            floor=details.floor,
            way=details.way,
            entry=details.entry,
            capacity=details.capacity,
            area=details.area,
            stars=details.stars,
            parking=details.parking,
            phone=details.phone,
        )
