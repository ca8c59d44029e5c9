"""What else a station's record may say: how to get in, how large it is, its stars, its phone, its premises.

None of it is needed. The details may be published; the premises are for officers alone. The phone is the
station's own, as its sign shows it (上海六有), never a person's. Where a face opens the door there is another
way in, too (人脸识别技术应用安全管理办法: it may not be the only one).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

MOST_ALIASES = 8
ALIAS_LETTERS = 60
FLOOR_LETTERS = 40
WAY_LETTERS = 120
MOST_CAPACITY = 10_000
MOST_AREA = 100_000
MOST_STARS = 5
UNIT_LETTERS = 60

Entry = Literal["open", "staff", "scan", "id_card", "face"]
ENTRIES: Mapping[Entry, str] = MappingProxyType(
    {
        "open": "自由进出",
        "staff": "由工作人员开门",
        "scan": "扫码开门",
        "id_card": "刷身份证开门",
        "face": "刷脸或其他方式开门",
    }
)


# 自建: by the union alone; 共建: with the unit on whose premises the station is.
BuildMode = Literal["own", "joint"]
BUILD_MODES: Mapping[BuildMode, str] = MappingProxyType({"own": "自建", "joint": "共建"})


class StationDetails(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The optional part of a record; None is not known.

    `way` are words from the street to the door, `capacity` people, `area` square metres, `stars` 1 to 5 by
    the district's grading, `parking` whether e-bikes may be left there, `finest` whether it was named one of
    the 最美 of the country.
    """

    aliases: tuple[str, ...] = ()
    floor: str | None = None
    way: str | None = None
    entry: Entry | None = None
    capacity: int | None = None
    area: int | None = None
    stars: int | None = None
    parking: bool | None = None
    phone: str | None = None
    mode: BuildMode | None = None
    finest: bool | None = None


class Premises(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The unit that has the station under its roof, and that unit's phone: no person's name or number."""

    unit: str | None = None
    phone: str | None = None


NO_PREMISES = Premises()
NO_DETAILS = StationDetails()

DetailName = Literal[
    "aliases",
    "floor",
    "way",
    "entry",
    "capacity",
    "area",
    "stars",
    "parking",
    "phone",
    "mode",
    "finest",
]
DETAIL_NAMES: tuple[DetailName, ...] = get_args(DetailName)


PremisesName = Literal["unit", "phone"]
PREMISES_NAMES: tuple[PremisesName, ...] = get_args(PremisesName)

N = TypeVar("N", bound=str)
S = TypeVar("S", bound=Struct)


def told(details: StationDetails) -> tuple[DetailName, ...]:
    """Return which details are known."""
    return known_of(DETAIL_NAMES, details)


def known_of(names: tuple[N, ...], of: Struct) -> tuple[N, ...]:
    """Return which of a part's fields say anything."""
    return tuple(name for name in names if getattr(of, name) not in (None, ()))


def officers_own(names: tuple[N, ...], kept: Struct, listed: tuple[N, ...]) -> frozenset[N]:
    """Return which fields of a part an officer has filled in: those that are known and not a list's."""
    return frozenset(known_of(names, kept)) - frozenset(listed)


def followed(names: tuple[N, ...], kept: S, listed: tuple[N, ...], news: S) -> tuple[S, tuple[N, ...]]:
    """Return the details, or the premises, once a list has told some, and which of them are a list's then.

    What is known and is not a list's is an officer's, and stays; what a list does not tell stays, too.
    """
    own = officers_own(names, kept, listed)
    taken = [name for name in known_of(names, news) if name not in own]
    if not taken:
        return kept, listed
    values = {name: getattr(news, name) for name in taken}
    return replace(kept, **values), tuple(name for name in names if name in {*listed, *taken})


def still_listed(names: tuple[N, ...], kept: Struct, listed: tuple[N, ...], said: Struct) -> tuple[N, ...]:
    """Return what is still a list's once an officer has said something: what the officer left as it was."""
    return tuple(name for name in names if name in listed and getattr(said, name) == getattr(kept, name))
