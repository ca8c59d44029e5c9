"""What a district's file says: its stations' properties, as lists of the same length."""

from typing import Annotated

from msgspec import Meta

from handlers.evidence import MarkReply
from handlers.fields import AnyFacility, Moment
from handlers.nearby import AnyKind, District, HoursWords
from handlers.wire import Wire
from models.hours_open import State

DAYS = 14
SET_BACK = "Metres that it counts as farther now, the longer ago it was confirmed to be open"


class OpeningsReply(Wire, frozen=True):
    """What some stations' hours mean from `since` on: each state with the minute that it begins at."""

    hours: HoursWords
    states: Annotated[str, Meta(examples=["coc"], description="o: open, c: closed, u: unknown")]
    minutes: tuple[Annotated[float, Meta(examples=[300])], ...]


class SetBackReply(Wire, frozen=True):
    """Why a station, by its place in the lists, ranks no higher than `ranksAs` now, and until when.

    Its 站长 closed it for the day, or two people doubt that it is open: then it is not known until when.
    """

    place: Annotated[int, Meta(examples=[0])]
    ranks_as: Annotated[State, Meta(examples=["unknown"])]
    until: Annotated[Moment | None, Meta(examples=[None])]
    mark: MarkReply


class OpenedReply(Wire, frozen=True):
    """A station, by its place in the lists, that its 站长 opened beside its hours, and until when."""

    place: Annotated[int, Meta(examples=[0])]
    since: Moment
    until: Moment
    words: Annotated[str, Meta(examples=["07:10 工作人员说已开门"])]


class DistrictReply(Wire, frozen=True):
    """A part of a district's stations, ordered by code: their properties as lists of the same length.

    Times are told for `days` from `since`. `version` is the same in all parts of one edition, and names it:
    send it as `If-None-Match: W/"…"`. Positions are in GCJ-02.
    """

    district: District
    version: Annotated[str, Meta(examples=["3f2a9c0b71d84e65"])]
    part: Annotated[int, Meta(examples=[1])]
    parts: Annotated[int, Meta(examples=[1])]
    since: Moment
    days: Annotated[int, Meta(examples=[DAYS])]
    facility_names: tuple[AnyFacility, ...]
    kind_names: tuple[AnyKind, ...]
    schedules: list[OpeningsReply]
    codes: list[Annotated[str, Meta(examples=["4E8M0R2T"])]]
    names: list[Annotated[str, Meta(examples=["金水工会杜岭户外劳动者爱心驿站"])]]
    addresses: list[Annotated[str, Meta(examples=["郑州市金水区杜岭街28号"])]]
    longitudes: list[Annotated[float, Meta(examples=[113.62])]]
    latitudes: list[Annotated[float, Meta(examples=[34.75])]]
    schedule_of: list[Annotated[int, Meta(examples=[0], description="Its place in `schedules`")]]
    facilities: list[
        Annotated[int, Meta(examples=[5], description="What works: bits in order of `facilityNames`")]
    ]
    kinds: list[Annotated[int, Meta(examples=[-1], description="Its place in `kindNames`, or -1")]]
    set_backs: list[Annotated[int, Meta(examples=[40], description=SET_BACK)]]
    marks: list[SetBackReply]
    opened: list[OpenedReply]
