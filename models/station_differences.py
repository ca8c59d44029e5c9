"""Where a list of stations says otherwise than what is kept, and is not followed: in words for its rows."""

from collections.abc import Container, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from models.hours_words import words
from models.listed_stations import (
    equipment_after,
    facilities_after,
    keeps_hours,
    left_entrance,
    refused_entrance,
)
from models.station_details import DETAIL_NAMES, PREMISES_NAMES, known_of, officers_own
from models.station_imports import ImportResult, Note, with_notes
from models.station_words import DETAIL_COLUMNS, PREMISES_COLUMNS
from models.stations import FACILITIES, STATES, Station

N = TypeVar("N", bound=str)

# The columns of the fields that officers may have set.
_COLUMNS = {"name": "名称", "address": "地址", "position": "经度", "kind": "类型", "facilities": "设施"}


def compared(result: ImportResult, kept: dict[str, Station], own: Container[str]) -> ImportResult:
    """Return a list with notes on what it does not change in the kept stations, by their code.

    `own` are the organisations of whoever imports: the state of others' stations stays.
    """
    hosts = {code: kept[code].organisation for code in result.states if code in kept}
    foreign = frozenset(code for code, host in hosts.items() if host and host not in own)
    counted = "设施数量" if "设施数量" in result.columns else "设施"
    notes = {
        one.id: (
            *_notes(kept[one.id], one, result.states, foreign),
            *(Note(counted, reason) for reason in _uncounted(kept[one.id], one)),
        )
        for one in result.stations
        if one.id in kept
    }
    return replace(with_notes(result, notes), states=result.states - foreign)


def _notes(kept: Station, listed: Station, states: Container[str], foreign: Container[str]) -> Iterator[Note]:
    if keeps_hours(kept, listed):
        yield Note("开放时间", f"工作人员已更正为“{words(kept.hours)}”，不采用")
    for field, column in _COLUMNS.items():
        said = getattr(listed, field)
        if field in kept.corrected and said and said != getattr(kept, field):
            yield Note(column, "工作人员已更正，不采用")
    yield from _notes_on_entrance(kept, listed)
    yield from _notes_on_parts(kept, listed)
    if listed.id in states and listed.state != kept.state:
        if listed.id in foreign:
            yield Note("状态", "驿站由其他组织管理，不采用")
        elif "state" in kept.corrected:
            yield Note("状态", f"工作人员已改为“{STATES[kept.state]}”，不采用")
    if listed.organisation and kept.organisation not in (None, listed.organisation):
        yield Note("所属工会", "已经确定由别的组织管理，不采用；请在驿站的页面上修改")


def _notes_on_entrance(kept: Station, listed: Station) -> Iterator[Note]:
    if refused := refused_entrance(kept, listed):
        yield Note("入口经度", refused)
    if left := left_entrance(kept, listed):
        yield Note("经度", f"采用了新的位置，登记的入口没有改变：{left}")


def _notes_on_parts(kept: Station, listed: Station) -> Iterator[Note]:
    details = officers_own(DETAIL_NAMES, kept.details, kept.listed)
    yield from _notes_on_part(DETAIL_COLUMNS, details, kept.details, listed.details)
    premises = officers_own(PREMISES_NAMES, kept.premises, kept.listed_premises)
    yield from _notes_on_part(PREMISES_COLUMNS, premises, kept.premises, listed.premises)


def _notes_on_part(
    columns: Mapping[N, str], own: Container[N], kept: Struct, listed: Struct
) -> Iterator[Note]:
    for name in known_of(tuple(columns), listed):
        if name in own and getattr(kept, name) != getattr(listed, name):
            yield Note(columns[name], "工作人员已填写，不采用")


def _uncounted(kept: Station, listed: Station) -> Iterator[str]:
    """Yield why counts of a list are not taken."""
    there = facilities_after(kept, listed)
    counts = {one.facility: one.count for one in equipment_after(kept, listed)}
    for one in listed.equipment:
        label = FACILITIES[one.facility]
        if one.facility not in there:
            if one.facility not in listed.facilities:  # Else it is noted with the facilities.
                yield f"工作人员更正的设施里没有{label}，不采用"
        elif one.count and counts.get(one.facility) != one.count:
            yield f"{label}的数量工作人员已填写为 {counts[one.facility]}，不采用"
