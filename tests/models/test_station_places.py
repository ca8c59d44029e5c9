"""The entrance of a listed station: in the row's datum, at the station, or the row says what is wrong."""

import pytest

from models.entrances import ENTRANCE_METRES
from models.positions import to_gcj02
from models.station_imports import ImportResult, read_stations
from models.station_words import NEEDED
from models.stations import SourcePosition

DEGREE_METRES = 111_195  # Of latitude.
HEADING = ",".join((*NEEDED, "入口经度", "入口纬度"))


def read(place: str, entrance: str, heading: str = HEADING) -> ImportResult:
    return read_stations(f"{heading}\n甲,路1号,金水区,{place},,{entrance}".encode(), "list.csv")


@pytest.mark.parametrize("heading", [HEADING, HEADING.replace("入口", "大门")])
def test_an_entrance_is_read_in_the_datum_of_its_row(heading: str) -> None:
    result = read("113.62,34.75,wgs84", "113.6202,３４.7501", heading)
    (station,) = result.stations
    assert station.entrance == to_gcj02(113.6202, 34.7501, "wgs84")
    assert station.source_entrance == SourcePosition(113.6202, 34.7501, "wgs84")
    assert station.entrance_listed
    assert (result.report.ignored_columns, result.report.rows[0].notes) == ((), ())


@pytest.mark.parametrize("place", ["113.62,34.75,gcj02", ",,"])
def test_a_row_without_an_entrance_has_none(place: str) -> None:
    (station,) = read(place, " ,").stations
    assert (station.entrance, station.source_entrance, station.entrance_listed) == (None, None, False)


@pytest.mark.parametrize(
    ("place", "entrance", "column", "reason"),
    [
        ("113.62,34.75,gcj02", "113.62,", "入口纬度", "入口经度和纬度只填了一个"),
        ("113.62,34.75,gcj02", ",34.75", "入口经度", "入口经度和纬度只填了一个"),
        ("113.62,34.75,gcj02", "东门,34.75", "入口经度", "“东门”不是以度为单位的数字"),
        ("113.62,34.75,gcj02", "113.62,1e400", "入口纬度", "“1e400”不是以度为单位的数字"),
        ("113.62,34.75,gcj02", "34.75,113.62", "入口经度", "经度和纬度可能写反了，请检查"),
        ("113.62,34.75,gcj02", "0,0", "入口经度", "位置不在中国境内，请检查经度和纬度"),
        (
            "113.62,34.75,gcj02",
            "113.63,34.75",
            "入口经度",
            "入口离驿站的位置 914 米，太远了，请检查经纬度和坐标系",
        ),
        (",,gcj02", "113.62,34.75", "入口经度", "请先填写驿站的位置，再填写入口"),
        (",,", "113.62,34.75", "坐标系", "有经纬度但没有写坐标系，无法确定位置"),
    ],
)
def test_a_row_whose_entrance_cannot_be_right_says_why(
    place: str, entrance: str, column: str, reason: str
) -> None:
    result = read(place, entrance)
    (row,) = result.report.rows
    assert (row.outcome, row.column, row.reason) == ("rejected", column, reason)
    assert result.stations == ()


@pytest.mark.parametrize(
    ("metres", "outcome"), [(ENTRANCE_METRES - 5, "station"), (ENTRANCE_METRES + 5, "rejected")]
)
def test_an_entrance_is_taken_as_far_off_as_officers_may_set_it(metres: int, outcome: str) -> None:
    result = read("113.62,34.75,gcj02", f"113.62,{34.75 + metres / DEGREE_METRES:.7f}")
    assert result.report.rows[0].outcome == outcome
