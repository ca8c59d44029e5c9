"""Lists as published: every row is a station or a line that says which column and why."""

import csv
import io
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Refusal
from models.hours_text import parse_hours
from models.organisations import Organisation
from models.positions import Position, metres_between, to_gcj02
from models.records import TableTooLarge
from models.roster_rows import Unions
from models.station_imports import (
    ROWS,
    ImportResult,
    Note,
    Row,
    read_stations,
)
from models.station_words import NEEDED
from models.stations import KINDS, SourcePosition, StationState, station_code
from models.table_rows import CELL_CHARACTERS, WrongHeading

DEMO = Path(__file__).parents[2] / "server" / "data" / "demo-stations.csv"
HEADING = ",".join(NEEDED)
BAOSHAN = "宝山区"
INVENTED = "演示驿站"


def as_published(*, of_baoshan: bool) -> bytes:
    """Return one of the two published files, put together again from the shipped one."""
    rows = list(csv.reader(io.StringIO(DEMO.read_text(encoding="utf-8"))))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(NEEDED)
    for name, *rest in rows[1:]:
        if not name.startswith(INVENTED) and (rest[1] == BAOSHAN) == of_baoshan:
            writer.writerow([name, *rest][: len(NEEDED)])
    return table.getvalue().encode()


def read(*rows: str, heading: str = HEADING) -> ImportResult:
    return read_stations("\n".join([heading, *rows]).encode(), "list.csv")


def read_row(row: str, heading: str = HEADING) -> Row:
    (only,) = read(row, heading=heading).report.rows
    return only


def test_the_list_of_zhengzhou_is_taken_whole() -> None:
    result = read_stations(as_published(of_baoshan=False), "zhengzhou.csv")
    assert result.report.counts() == {"station": 18, "station_without_position": 64}
    assert len(result.stations) == 82
    assert [row.row for row in result.report.rows] == list(range(2, 84))
    assert not any(row.notes for row in result.report.rows)
    kinds = [station.hours.kind for station in result.stations]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "unknown": 60,
        "weekly": 18,
        "always": 2,
        "days": 2,
    }


def test_the_list_of_baoshan_is_taken_whole() -> None:
    result = read_stations(as_published(of_baoshan=True), "baoshan.csv")
    assert result.report.counts() == {"station_without_position": 6}
    assert [station.hours.kind for station in result.stations] == ["weekly"] * 6
    assert not any(row.notes for row in result.report.rows)


def test_the_shipped_list_is_both_and_six_invented_ones_that_say_so() -> None:
    result = read_stations(DEMO.read_bytes(), DEMO.name)
    assert result.report.counts() == {"station": 24, "station_without_position": 70}
    invented = [station for station in result.stations if station.name.startswith(INVENTED)]
    assert len(invented) == 6
    assert all("演示数据" in station.address and station.facilities for station in invented)
    assert all(
        station.position and metres_between(station.position, Position(113.62, 34.75)) < 2000
        for station in invented
    )
    assert {station.kind for station in invented} == {*KINDS, None}
    assert not any(row.notes for row in result.report.rows)
    published = [station for station in result.stations if station not in invented]
    assert not any(station.facilities or station.kind for station in published)


def test_the_same_list_gives_the_same_stations() -> None:
    content = DEMO.read_bytes()
    assert read_stations(content, DEMO.name) == read_stations(content, DEMO.name)


def test_gbk_and_utf_8_give_the_same_stations() -> None:
    text = DEMO.read_text(encoding="utf-8")
    expected = read_stations(text.encode(), "a").stations
    assert read_stations(text.encode("utf-8-sig"), "a").stations == expected
    assert read_stations(text.encode("gb18030"), "a").stations == expected


def test_a_position_is_converted_and_the_published_one_kept() -> None:
    (station,) = read("甲,路1号,金水区,113.613930,34.751196,WGS-84,24小时").stations
    assert station.position == to_gcj02(113.613930, 34.751196, "wgs84")
    assert station.source_position == SourcePosition(113.613930, 34.751196, "wgs84")
    assert station.hours == parse_hours("24小时")
    assert (station.name, station.address, station.district) == ("甲", "路1号", "金水区")
    assert station.source == "list.csv"
    assert station.id == station_code("金水区", "甲")


@pytest.mark.parametrize(
    ("word", "datum"),
    [
        ("GCJ-02", "gcj02"),
        ("火星坐标系", "gcj02"),
        ("高德坐标", "gcj02"),
        ("gps", "wgs84"),
        ("CGCS2000", "wgs84"),
        ("BD_09", "bd09"),
        ("百度", "bd09"),
    ],
)
def test_a_datum_has_several_names(word: str, datum: str) -> None:
    (station,) = read(f"甲,路1号,金水区,113.62,34.75,{word},").stations
    assert station.source_position
    assert station.source_position.datum == datum


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (",路1号,金水区,,,,", "名称", "没有填写"),
        ("甲,,金水区,,,,", "地址", "没有填写"),
        ("甲,路1号,,,,,", "行政区", "没有填写"),
        ("甲,路1号,金水区,113.62,,gcj02,", "纬度", "只填了一个"),
        ("甲,路1号,金水区,,34.75,gcj02,", "经度", "只填了一个"),
        ("甲,路1号,金水区,113°37′,34.75,gcj02,", "经度", "不是以度为单位"),
        ("甲,路1号,金水区,nan,34.75,gcj02,", "经度", "不是以度为单位"),
        ("甲,路1号,金水区,113.62,3.4e1,gcj02,", "纬度", "不是以度为单位"),
        ("甲,路1号,金水区,113.62,34.75,,", "坐标系", "没有写坐标系"),
        ("甲,路1号,金水区,113.62,34.75,北京54,", "坐标系", "不认识“北京54”"),
        ("甲,路1号,金水区,34.75,113.62,gcj02,", "经度", "写反"),
        ("甲,路1号,金水区,0,0,gcj02,", "经度", "不在中国境内"),
        ("甲,路1号,金水区,,,,,另一个", "第8列", "逗号"),
        ("甲,路1号,金水区,,,,8:30-11:00,13:30-17:00", "第8列", "逗号"),
        ("甲" * (CELL_CHARACTERS + 1) + ",路1号,金水区,,,,", "名称", "超过500个字"),
    ],
)
def test_a_row_that_is_no_station_says_which_column_and_why(row: str, column: str, reason: str) -> None:
    found = read_row(row)
    assert (found.outcome, found.column) == ("rejected", column)
    assert found.reason
    assert reason in found.reason
    assert read(row).stations == ()


def test_a_row_without_a_position_is_a_station_not_on_the_map() -> None:
    (station,) = read("甲,路1号,金水区").stations
    assert station.position is None
    assert station.source_position is None
    assert read_row("甲,路1号,金水区").outcome == "station_without_position"


def test_coordinates_in_wide_digits_are_read() -> None:
    (station,) = read("甲,路1号,金水区,１１３．６２,34.75,gcj02,").stations
    assert station.position == Position(113.62, 34.75)


def test_unreadable_hours_are_unknown_and_noted() -> None:
    result = read("甲,路1号,金水区,,,,看门大爷在就开")
    (station,) = result.stations
    assert station.hours.kind == "unknown"
    assert station.hours_text == "看门大爷在就开"
    assert result.report.rows[0].notes == (
        Note("开放时间", "看不懂“看门大爷在就开”（第1个字起），按未公布处理"),
    )


@pytest.mark.parametrize(
    ("text", "nights"),
    [
        ("17:30-08:30", ["“17:30-08:30”按次日 08:30 结束理解，请核对"]),
        ("晚上10点至8点", None),
        ("22点-14点", ["“22点-14点”按次日 14:00 结束理解，请核对"]),
        ("晚10早6", []),
        ("18点到晚上0点30分", []),
        ("夜间22:00-0:30", []),
        ("早22点-6点", ["“早22点-6点”按次日 06:00 结束理解，请核对"]),
        (
            "工作日 22：00～6：00；周六 22:00-6:00，周日22:00-05:00",
            [
                "“22:00~6:00”按次日 06:00 结束理解，请核对",
                "“22:00-6:00”按次日 06:00 结束理解，请核对",
                "“22:00-05:00”按次日 05:00 结束理解，请核对",
            ],
        ),
        (
            "周一 22:00-06:00，周二 22:00-06:00",
            ["“22:00-06:00”按次日 06:00 结束理解，请核对"],
        ),
        ("17:30-次日08:30", []),
        ("17:30至第二天8:30", []),
        ("22:00-凌晨2:00", []),
        ("晚上10点至早上6点", []),
        ("18:00-24:00", []),
        ("18:00-00:00", []),
        ("24小时", []),
        ("", []),
        ("暂无", []),
    ],
)
def test_hours_taken_to_end_on_the_next_day_are_taken_and_noted(text: str, nights: list[str] | None) -> None:
    result = read(f"甲,路1号,金水区,,,,{text}")
    if nights is None:
        assert result.stations[0].hours.kind == "unknown"
    else:
        assert result.stations[0].hours == parse_hours(text)
        assert result.report.rows[0].notes == tuple(Note("开放时间", reason) for reason in nights)


def test_facilities_are_read_by_many_names_and_unknown_ones_noted() -> None:
    result = read(
        "甲,路1号,金水区,,,,,热水、WiFi；母婴室/卫生间 aed、秋千、热水", heading=HEADING + ",配套设施"
    )
    (station,) = result.stations
    assert station.facilities == ("water", "toilet", "wifi", "nursing", "aed")
    assert result.report.rows[0].notes == (Note("设施", "不认识“秋千”，已略过"),)


def test_the_same_name_in_the_same_district_is_one_station() -> None:
    rows = read("甲(东),路1号,金水区", "甲（东）,路2号,金 水区", "甲(东),路1号,二七区").report.rows
    assert [row.outcome for row in rows] == [
        "station_without_position",
        "duplicate",
        "station_without_position",
    ]
    assert (rows[1].column, rows[1].reason) == ("名称", "与第2行是同一个驿站")


def test_a_known_code_keeps_a_renamed_station_the_same() -> None:
    code = station_code("金水区", "旧名")
    content = f"{HEADING},编号\n新名,路1号,金水区,,,,,{code.lower()}\n甲,路2号,金水区,,,,,NO-1\n".encode()
    result = read_stations(content, "list.csv", known={code})
    assert [station.id for station in result.stations] == [code, station_code("金水区", "甲")]
    assert result.report.rows[1].notes == (Note("编号", "没有这个编号的驿站，未采用"),)


def test_a_code_that_nobody_knows_names_no_station() -> None:
    result = read("甲,路1号,金水区,,,,,20240001", heading=HEADING + ",编号")
    assert result.stations[0].id == station_code("金水区", "甲")


def test_a_formula_is_kept_as_text() -> None:
    (station,) = read("=cmd|' /C calc'!A0,@路,+区").stations
    assert (station.name, station.address, station.district) == ("=cmd|' /C calc'!A0", "@路", "+区")


def test_headings_are_known_by_several_names_in_any_order() -> None:
    result = read(
        "34.75,113.62,gcj02,甲,路1号,金水区,,张三",
        heading="lat, LNG ,坐标系统,站点名称,详细地址,区县,营业时间,联系人",
    )
    assert result.stations[0].position == Position(113.62, 34.75)
    assert result.report.ignored_columns == ("联系人",)


def test_a_wrong_heading_says_what_is_missing_and_what_is_there() -> None:
    with pytest.raises(WrongHeading, match="坐标系、开放时间，文件里是：名称、地址") as refusal:
        read("甲", heading="名称,地址,行政区,经度,纬度,备注")
    assert refusal.value.details == {
        "missing": ["坐标系", "开放时间"],
        "found": ["名称", "地址", "行政区", "经度", "纬度", "备注"],
    }


def test_a_heading_that_names_a_column_twice_is_refused() -> None:
    with pytest.raises(WrongHeading, match="重复：名称"):
        read("甲", heading=HEADING + ",站点名称")


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,,\n" * 10, b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_heading(content: bytes) -> None:
    with pytest.raises(WrongHeading, match="空的"):
        read_stations(content, "empty.csv")


def test_blank_rows_before_between_and_after_are_counted() -> None:
    result = read_stations(f"\n\n{HEADING}\n,,\n甲,路1号,金水区\n\n\n".encode(), "list.csv")
    assert result.report.heading_row == 3
    assert [(row.row, row.last, row.outcome) for row in result.report.rows] == [
        (1, 2, "blank"),
        (4, 4, "blank"),
        (5, 5, "station_without_position"),
        (6, 7, "blank"),
    ]
    assert result.report.counts() == {"blank": 5, "station_without_position": 1}


def test_a_million_empty_rows_are_counted_quickly() -> None:
    started = time.process_time()
    empty = ",,,,,,\n" * 1_000_000
    result = read_stations(f"{HEADING}\n甲,路1号,金水区\n{empty}".encode(), "list.csv")
    assert result.report.counts() == {"station_without_position": 1, "blank": 1_000_000}
    assert time.process_time() - started < 2


def test_more_rows_than_the_limit_are_refused() -> None:
    rows = "".join(f"{number},路,区\n" for number in range(ROWS + 1))
    with pytest.raises(TableTooLarge) as refusal:
        read_stations(f"{HEADING}\n{rows}".encode(), "list.csv")
    assert refusal.value.details == {"limit": ROWS}


cells = st.sampled_from(
    ["", "甲", "乙", "路1号", "金水区", "113.62", "34.75", "gcj02", "24小时", "胡言", '"', "\n", "\x07", "=1"]
)


@settings(max_examples=200)
@given(st.lists(st.lists(cells, max_size=9), max_size=12))
def test_every_row_of_any_table_is_accounted_for_once(rows: list[list[str]]) -> None:
    table = io.StringIO()
    csv.writer(table).writerows([NEEDED, *rows])
    result = read_stations(table.getvalue().encode(), "any.csv")
    numbers = [number for row in result.report.rows for number in range(row.row, row.last + 1)]
    assert numbers == list(range(2, len(rows) + 2))
    counts = result.report.counts()
    assert counts["station"] + counts["station_without_position"] == len(result.stations)
    for row in result.report.rows:
        assert (row.column is not None) == (row.outcome in ("rejected", "duplicate"))


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: f"{HEADING}\n{text}".encode()))
def test_no_content_ends_in_anything_but_a_result_or_a_refusal(content: bytes) -> None:
    try:
        result = read_stations(content, "any.csv")
    except Refusal:
        return
    assert result.report.heading_row >= 1


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("运营", "operating"),
        ("开放", "operating"),
        ("整改", "rectifying"),
        ("停用", "suspended"),
        ("筹建中", "planned"),
        ("已退出", "retired"),
    ],
)
def test_a_state_has_several_words(word: str, state: StationState) -> None:
    result = read(f"甲,路1号,金水区,,,,,{word}", heading=f"{HEADING},状态")
    assert [one.state for one in result.stations] == [state]
    assert result.states == {station_code("金水区", "甲")}
    assert result.report.ignored_columns == ()


def test_a_state_that_is_not_told_is_not_guessed_from_an_unknown_word() -> None:
    heading = f"{HEADING},运营状态"
    assert read("甲,路1号,金水区,,,,,", heading=heading).states == frozenset()
    row = read_row("甲,路1号,金水区,,,,,关了", heading=heading)
    assert (row.outcome, row.column) == ("rejected", "状态")
    assert row.reason
    assert "不认识“关了”，请用：筹建中、开放" in row.reason


@pytest.mark.parametrize(
    ("text", "found", "reason"),
    [
        ("杜岭街道工会", "A", None),
        ("4101", "A", None),
        ("同名工会", None, "有多个同名工会，请填写工会代码"),
        ("4103", "C", None),
        ("别处的工会", None, "没有这个工会、已撤并，或不在您的管理范围内"),
        ("", None, None),
    ],
)
def test_who_runs_a_station_is_read_by_name_or_code(text: str, found: str | None, reason: str | None) -> None:
    names = {"A": ("杜岭街道工会", "4101"), "B": ("同名工会", "4102"), "C": ("同名工会", "4103")}
    unions = Unions(
        [
            Organisation(
                id=key, name=name, tree="local", code=code, changed=datetime(2026, 7, 15, tzinfo=UTC)
            )
            for key, (name, code) in names.items()
        ],
        None,
    )
    content = f"{HEADING},所属工会\n甲,路1号,金水区,,,,,{text}\n".encode()
    result = read_stations(content, "list.csv", unions=unions)
    assert [one.organisation for one in result.stations] == [found]
    expected = (Note("所属工会", f"“{text}”：{reason}"),) if reason else ()
    assert result.report.rows[0].notes == expected


def test_who_runs_a_station_is_noted_where_the_unions_are_not_known() -> None:
    row = read_row("甲,路1号,金水区,,,,,杜岭街道工会", heading=f"{HEADING},所属工会")
    assert row.notes == (Note("所属工会", "保存时才核对"),)
