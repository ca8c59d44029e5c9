"""What lists say of a station besides: read by many words, or noted with the reason, and never guessed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.station_details import (
    BUILD_MODES,
    DETAIL_NAMES,
    ENTRIES,
    NO_DETAILS,
    NO_PREMISES,
    PREMISES_NAMES,
    DetailName,
    Premises,
    PremisesName,
    StationDetails,
    followed,
    told,
)
from models.station_imports import Note, read_stations
from models.station_sheets import EXAMPLE, HEADINGS
from models.station_words import DETAIL_COLUMNS, NEEDED, PREMISES_COLUMNS
from models.station_words import HEADINGS as WORDS
from models.stations import Station


def read(column: str, cell: str) -> tuple[Station, tuple[Note, ...]]:
    """Return the station of a list with one more column, and what is noted of it."""
    content = f'{",".join(NEEDED)},{column}\n甲,路1号,金水区,,,,,"{cell}"\n'
    result = read_stations(content.encode(), "list.csv")
    assert result.report.ignored_columns == ()
    (station,), (row,) = result.stations, result.report.rows
    return station, row.notes


def test_every_column_that_is_read_is_in_the_template() -> None:
    assert StationDetails.__struct_fields__ == DETAIL_NAMES
    assert tuple(DETAIL_COLUMNS) == DETAIL_NAMES
    assert Premises.__struct_fields__ == PREMISES_NAMES == tuple(PREMISES_COLUMNS)
    assert {*DETAIL_COLUMNS.values(), *PREMISES_COLUMNS.values()} < set(HEADINGS)
    assert set(HEADINGS) == set(WORDS.values())
    assert len(EXAMPLE) == len(HEADINGS)


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        ("别名", "暖心屋、小站;暖心屋", "aliases", ("暖心屋", "小站")),
        ("所在楼层", "1", "floor", "1层"),
        ("楼层", "负一层", "floor", "负一层"),
        ("路线", "从东门进", "way", "从东门进"),
        ("进门方式", "扫码", "entry", "scan"),
        ("门禁", "人脸识别", "entry", "face"),
        ("可容纳人数", "约12人", "capacity", 12),
        ("面积（平方米）", "30.6", "area", 31),
        ("面积", "２５㎡", "area", 25),
        ("星级", "四星级", "stars", 4),
        ("星级", "★★★", "stars", 3),
        ("驿站星级", "5", "stars", 5),
        ("停车", "可以", "parking", True),
        ("电动车停放", "否", "parking", False),
        ("联系电话", "（0371）12345678", "phone", "0371-12345678"),
        ("电话", "12351", "phone", "12351"),
        ("建设方式", "联合共建", "mode", "joint"),
        ("是否最美", "是", "finest", True),
        ("最美", "不是", "finest", False),
        *(("进门方式", words, "entry", entry) for entry, words in ENTRIES.items()),
        *(("建设方式", words, "mode", mode) for mode, words in BUILD_MODES.items()),
    ],
)
def test_a_detail_is_read_as_people_write_it(column: str, cell: str, name: DetailName, value: object) -> None:
    station, notes = read(column, cell)
    assert (getattr(station.details, name), station.listed, notes) == (value, (name,), ())


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("别名", "、".join("一二三四五六七八九"), "最多 8 个别名"),
        ("楼层", "层" * 41, "超过 40 个字"),
        ("怎么走", "走" * 121, "超过 120 个字"),
        ("进门方式", "跳窗", "不认识“跳窗”，已略过；请用：自由进出、"),
        ("容纳人数", "0", "不是 1 到 10000 的人数"),
        ("容纳人数", "10001", "不是 1 到 10000 的人数"),
        ("面积", "很大", "不是 1 到 100000 的平方米数"),
        ("面积", "0.4", "不是 1 到 100000 的平方米数"),
        ("星级", "6", "不是 1 到 5 星"),
        ("星级", "★★★★★★", "不是 1 到 5 星"),
        ("电动车停放", "看情况", "请用：是、否"),
        ("电话", "请打店里", "不是电话号码"),
        ("电话", "138 1234 5678", "个人手机号"),
        ("电话", "+86-13812345678", "个人手机号"),
        ("建设方式", "租用", "请用：自建、共建"),
        ("最美", "很美", "请用：是、否"),
    ],
)
def test_a_cell_that_cannot_be_read_is_noted_and_the_station_taken(
    column: str, cell: str, reason: str
) -> None:
    station, (note,) = read(column, cell)
    assert (station.details, station.listed, note.column) == (NO_DETAILS, (), column)
    assert reason in note.reason


def test_an_empty_cell_says_nothing() -> None:
    for column in (*DETAIL_COLUMNS.values(), *PREMISES_COLUMNS.values()):
        station, notes = read(column, " ")
        assert station.details is NO_DETAILS
        assert station.premises is NO_PREMISES
        assert (station.listed, station.listed_premises, notes) == ((), (), ())


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        ("所在单位", "杜岭街道党群服务中心", "unit", "杜岭街道党群服务中心"),
        ("承建单位", "单" * 60, "unit", "单" * 60),
        ("单位电话", "（0371）12345678", "phone", "0371-12345678"),
        ("承建单位电话", "12345", "phone", "12345"),
    ],
)
def test_the_unit_on_whose_premises_a_station_is_is_read(
    column: str, cell: str, name: PremisesName, value: str
) -> None:
    station, notes = read(column, cell)
    assert (getattr(station.premises, name), station.listed_premises, notes) == (value, (name,), ())


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("所在单位", "单" * 61, "超过 60 个字，已略过"),
        ("所在单位", "甲公司 张三 138-1234-5678", "写有个人手机号，未采用；请只填单位名称"),
        ("单位电话", "13812345678", "像是个人手机号，未采用；请填单位的电话"),
        ("单位电话", "张三", "“张三”不是电话号码，已略过"),
        ("单位电话", "0371-12345678-90123456", "不是电话号码，已略过"),
    ],
)
def test_a_person_s_number_is_not_taken_for_a_unit_and_noted(column: str, cell: str, reason: str) -> None:
    station, (note,) = read(column, cell)
    assert (station.premises, station.listed_premises, note.column) == (NO_PREMISES, (), column)
    assert reason in note.reason


def test_who_answers_for_a_unit_is_no_column() -> None:
    content = f"{','.join(NEEDED)},单位联系人,联系人\n甲,路1号,金水区,,,,,张三,李四\n"
    result = read_stations(content.encode(), "list.csv")
    assert result.report.ignored_columns == ("单位联系人", "联系人")


details = st.builds(
    StationDetails,
    aliases=st.lists(st.sampled_from("甲乙"), max_size=2).map(tuple),
    floor=st.none() | st.sampled_from(["1层", "2层"]),
    stars=st.none() | st.integers(1, 5),
    parking=st.none() | st.booleans(),
    finest=st.none() | st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(details, st.sets(st.sampled_from(DETAIL_NAMES)), details)
def test_a_list_changes_what_a_list_said_and_what_was_not_known(
    kept: StationDetails, from_lists: set[DetailName], news: StationDetails
) -> None:
    listed = tuple(name for name in told(kept) if name in from_lists)
    now, lists = followed(DETAIL_NAMES, kept, listed, news)
    for name in DETAIL_NAMES:
        before, said, after = (getattr(one, name) for one in (kept, news, now))
        is_officers = name in told(kept) and name not in listed
        expected: Any = before if is_officers or name not in told(news) else said
        assert after == expected
        assert (name in lists) == (name in listed or (name in told(news) and not is_officers))
    assert followed(DETAIL_NAMES, now, lists, news) == (now, lists)
