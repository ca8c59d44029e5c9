"""Where a list of stations says otherwise than what is kept, and is not followed: in words for its rows."""

from collections.abc import Container, Iterator

from msgspec.structs import replace

from models.hours_words import words
from models.station_details import told
from models.station_imports import ImportResult, Note, with_notes
from models.station_words import DETAIL_COLUMNS
from models.stations import STATES, Station, keeps_hours

# The columns of the fields that officers may have set.
_COLUMNS = {"name": "名称", "address": "地址", "position": "经度", "kind": "类型", "facilities": "设施"}


def compared(result: ImportResult, kept: dict[str, Station], own: Container[str]) -> ImportResult:
    """Return a list with notes on what it does not change in the kept stations, by their code.

    `own` are the organisations of whoever imports: the state of others' stations stays.
    """
    hosts = {code: kept[code].organisation for code in result.states if code in kept}
    foreign = frozenset(code for code, host in hosts.items() if host and host not in own)
    notes = {
        one.id: tuple(_notes(kept[one.id], one, result.states, foreign))
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
    yield from _notes_on_details(kept, listed)
    if listed.id in states and listed.state != kept.state:
        if listed.id in foreign:
            yield Note("状态", "驿站由其他组织管理，不采用")
        elif "state" in kept.corrected:
            yield Note("状态", f"工作人员已改为“{STATES[kept.state]}”，不采用")
    if listed.organisation and kept.organisation not in (None, listed.organisation):
        yield Note("所属工会", "已经确定由别的组织管理，不采用；请在驿站的页面上修改")


def _notes_on_details(kept: Station, listed: Station) -> Iterator[Note]:
    theirs = set(told(kept.details)) - set(kept.listed)
    for name in told(listed.details):
        if name in theirs and getattr(kept.details, name) != getattr(listed.details, name):
            yield Note(DETAIL_COLUMNS[name], "工作人员已填写，不采用")
