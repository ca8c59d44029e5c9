"""Where a row of a list says that a station is, and its entrance: degrees in the datum that the row names.

Nothing is guessed: a row whose place cannot be read, or whose entrance is not at the station, is rejected,
for nobody can tell which of its numbers is wrong.
"""

import re
from collections.abc import Mapping

from models.entrances import EntranceAstray, require_near
from models.positions import Position, PositionOutsideCountry, to_gcj02
from models.station_words import DATUMS
from models.stations import SourcePosition, folded
from models.table_rows import Rejected

# Where it is in GCJ-02, and as it was published; None twice when nothing was.
Place = tuple[Position | None, SourcePosition | None]

_ENTRANCE = "入口"
_DEGREES = re.compile(r"[+-]?\d{1,3}(\.\d{1,15})?", re.ASCII)
_DATUM_FILLER = re.compile(r"[-_]|坐标系?")


def read_places(named: Mapping[str, str]) -> tuple[Place, Place]:
    """Return where a row's cells say that a station is, and where its entrance is; Rejected."""
    station, entrance = _place(named, ""), _place(named, _ENTRANCE)
    if entrance[0]:
        try:
            require_near(entrance[0], station[0])
        except EntranceAstray as refusal:
            raise Rejected(f"{_ENTRANCE}经度", str(refusal)) from refusal
    return station, entrance


def _place(named: Mapping[str, str], of: str) -> Place:
    columns = f"{of}经度", f"{of}纬度"
    if not any(named[column] for column in columns):
        return None, None
    for column in columns:
        if not named[column]:
            raise Rejected(column, f"{of}经度和纬度只填了一个")
        if not _DEGREES.fullmatch(folded(named[column])):
            raise Rejected(column, f"“{named[column][:20]}”不是以度为单位的数字")
    if not named["坐标系"]:
        raise Rejected("坐标系", "有经纬度但没有写坐标系，无法确定位置")
    datum = DATUMS.get(_DATUM_FILLER.sub("", folded(named["坐标系"])))
    if datum is None:
        raise Rejected("坐标系", f"不认识“{named['坐标系'][:20]}”，请用 gcj02、wgs84 或 bd09")
    longitude, latitude = (float(folded(named[column])) for column in columns)
    try:
        return to_gcj02(longitude, latitude, datum), SourcePosition(longitude, latitude, datum)
    except PositionOutsideCountry as refusal:
        raise Rejected(columns[0], str(refusal)) from refusal
