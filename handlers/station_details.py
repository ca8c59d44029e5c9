"""The optional part of a station's record: how to get in, how large it is, its stars, whose roof it is."""

from typing import Annotated

from msgspec import Meta

from handlers.fields import END, LINE
from handlers.wire import Asked, Wire
from models.station_details import (
    ALIAS_LETTERS,
    ENTRIES,
    FLOOR_LETTERS,
    MOST_ALIASES,
    MOST_AREA,
    MOST_CAPACITY,
    MOST_STARS,
    UNIT_LETTERS,
    WAY_LETTERS,
    BuildMode,
    Entry,
    Premises,
    StationDetails,
)

Alias = Annotated[str, Meta(max_length=ALIAS_LETTERS, pattern=LINE, examples=["杜岭暖心屋"])]
Aliases = Annotated[tuple[Alias, ...], Meta(max_length=MOST_ALIASES, examples=[["杜岭暖心屋"]])]
Floor = Annotated[str, Meta(max_length=FLOOR_LETTERS, pattern=LINE, examples=["1层"])]
Way = Annotated[str, Meta(max_length=WAY_LETTERS, pattern=LINE, examples=["从东门进，右手第二间"])]
AnyEntry = Annotated[Entry, Meta(examples=["open"], description="How the door opens")]
Capacity = Annotated[int, Meta(ge=1, le=MOST_CAPACITY, examples=[12], description="People")]
Area = Annotated[int, Meta(ge=1, le=MOST_AREA, examples=[25], description="Square metres")]
Stars = Annotated[int, Meta(ge=1, le=MOST_STARS, examples=[4])]
Parking = Annotated[bool, Meta(examples=[True], description="E-bikes may be left there")]
Phone = Annotated[
    str,
    Meta(
        pattern=rf"^[0-9][0-9-]{{4,19}}{END}",
        examples=["0371-12345678"],
        description="The station's own phone",
    ),
]

Mode = Annotated[
    BuildMode, Meta(examples=["joint"], description="By the union alone, or with the unit on the premises")
]
Finest = Annotated[bool, Meta(examples=[True], description="Named one of the 最美")]
Unit = Annotated[str, Meta(max_length=UNIT_LETTERS, pattern=LINE, examples=["杜岭街道党群服务中心"])]
# A mobile number is a person's.
UnitPhone = Annotated[
    str,
    Meta(
        pattern=rf"^(?!1[3-9](-?[0-9]){{9}}{END})[0-9][0-9-]{{4,19}}{END}",
        examples=["0371-12345678"],
        description="The unit's own phone, no mobile number",
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
    mode: Mode | None = None
    finest: Finest | None = None

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
            mode=self.mode,
            finest=self.finest,
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
    mode: Mode | None
    finest: Finest | None

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
            mode=details.mode,
            finest=details.finest,
        )


class PremisesRequest(Asked, frozen=True):
    """The unit that has the station under its roof, and its phone; no person's name."""

    unit: Unit | None = None
    phone: UnitPhone | None = None

    def read(self) -> Premises:
        """Return what the record is to say."""
        return Premises(unit=self.unit, phone=self.phone)


class PremisesReply(Wire, frozen=True):
    """The unit that has the station under its roof, for officers alone."""

    unit: Unit | None
    phone: UnitPhone | None

    @classmethod
    def of(cls, premises: Premises) -> "PremisesReply":
        """Return the premises as they go on the wire."""
        return cls(unit=premises.unit, phone=premises.phone)


def list_ways(details: StationDetails) -> list[tuple[str, str]]:
    """Return what helps somebody who wants to go there, but for the phone: what it is of, and in words."""
    honours = ["最美驿站"] if details.finest else []
    if details.stars:
        honours.append(f"{details.stars} 星")
    parking = {None: "", True: "可以停放", False: "不能停放"}[details.parking]
    told = {
        "也叫": "、".join(details.aliases),
        "怎么走": details.way,
        "楼层": details.floor,
        "进门": ENTRIES[details.entry] if details.entry else "",
        "电动车": parking,
        "可容纳": f"{details.capacity} 人" if details.capacity else "",
        "评定": "，".join(honours),
    }
    return [(label, words) for label, words in told.items() if words]
