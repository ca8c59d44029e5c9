"""Spreadsheets about lists of stations: the template to fill in, and the rows that need another look."""

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from models.station_imports import Outcome, Report
from models.station_words import DETAIL_COLUMNS, NEEDED, PREMISES_COLUMNS
from models.tables import plain

HEADINGS = (
    *NEEDED,
    *("设施", "类型", "编号", "所属工会", "状态"),
    *DETAIL_COLUMNS.values(),
    *("入口经度", "入口纬度", "设施数量"),
    *PREMISES_COLUMNS.values(),
)
EXAMPLE = (
    "示例：碧沙岗街道工会驿站",
    "中原区建设西路1号",
    "中原区",
    "113.62",
    "34.75",
    "gcj02",
    "每天 08:00-20:00",
    "饮水、充电、厕所",
    "基本型",
    "",
    "",
    "开放",
    "碧沙岗暖心屋",
    "1层",
    "从东门进，右手第二间",
    "自由进出",
    "12",
    "25",
    "4",
    "是",
    "0371-12345678",
    "共建",
    "否",
    "113.6202",
    "34.7501",
    "饮水机1台、充电插座×4",
    "碧沙岗街道党群服务中心",
    "0371-12345678",
)
NOTES = (
    ("名称、地址、行政区", "必填。同一行政区内名称相同的算同一个驿站。"),
    ("经度、纬度", "以度为单位的数字，两个都填或都不填；不填的驿站暂不在地图上显示。"),
    ("坐标系", "填了经纬度就必须写：gcj02（高德、腾讯）、wgs84（GPS）或 bd09（百度）。"),
    ("开放时间", "例如：每天 08:00-20:00；周一至周五 09:00-17:30；24小时；跨过午夜的：22:00-次日06:00。"),
    ("", "节假日和季节：工作日 09:00-17:00，节假日休息；5月1日至9月30日 8:00-20:00，其余时间 9:00-17:00。"),
    ("设施", "用顿号隔开，例如：饮水、充电、厕所、微波炉2台。可以不填。"),
    ("类型", "基本型、标杆型或24小时智能化。可以不填。"),
    ("编号", "只在更新已有驿站时填写它的编号；新驿站不填。"),
    ("所属工会", "由哪个工会组织管理：名称或代码，须在您的管理范围内。已经确定的不会改变。可以不填。"),
    ("状态", "筹建中、开放、暂停开放、整改中或已退出；只有开放的能被找到。不填：新驿站为开放，已有的不变。"),
    ("别名", "人们也这样叫它；几个别名用顿号隔开。"),
    ("楼层、怎么走", "例如：1层；从东门进，右手第二间。公开显示。"),
    ("进门方式", "自由进出、由工作人员开门、扫码开门、刷身份证开门，或刷脸或其他方式开门。"),
    ("容纳人数、面积", "整数；面积以平方米计。"),
    ("星级、最美", "星级 1 到 5；最美驿站：是或否。"),
    ("电动车停放", "是或否。"),
    ("电话", "驿站的电话，公开显示；不填个人手机号，填了也不采用。"),
    ("建设方式", "自建或共建。"),
    (
        "入口经度、入口纬度",
        "进门的地方与驿站的位置不同时填写：坐标系相同，两个都填，离驿站的位置不超过 500 米。",
    ),
    (
        "设施数量",
        "例如：微波炉2台、饮水机1台、充电插座×4；每项 1 到 999。写了的就算有这项设施；也可以写在“设施”里。",
    ),
    (
        "所在单位、单位电话",
        "驿站设在哪个单位，和这个单位的电话；只给工作人员看，不填个人姓名和个人手机号。",
    ),
    ("以上各列", "可以不填；空着的不改变已有内容，工作人员填写过的不会被覆盖。"),
    ("示例行", "第一张表的第2行是示例，导入前请删去。"),
    ("注意", "请勿合并单元格；公式只取已保存的结果；只读取第一张工作表，最多 50,000 行。"),
)
OUTCOMES: dict[Outcome, str] = {"rejected": "未导入", "duplicate": "重复"}
NOTE = "已导入，有提醒"


def template() -> bytes:
    """Return the template as .xlsx: the headings with one example row, and a sheet of notes."""
    return write_sheets({"驿站": [HEADINGS, EXAMPLE], "填写说明": [("列", "说明"), *NOTES]})


def problem_sheet(report: Report) -> bytes:
    """Return as .xlsx what became of the rows that did not go through whole: original row, column, reason."""
    return write_sheets({"需要处理的行": [("原行号", "结果", "名称", "列", "原因"), *_problems(report)]})


def _problems(report: Report) -> Iterable[tuple[str, ...]]:
    for row in report.rows:
        if row.outcome in OUTCOMES:
            yield str(row.row), OUTCOMES[row.outcome], row.name, row.column or "", row.reason or ""
        for note in row.notes:
            yield str(row.row), NOTE, row.name, note.column, note.reason


def write_sheets(sheets: dict[str, Iterable[Sequence[str]]]) -> bytes:
    """Return a small workbook of text, sheet by sheet, each with a heading that stays in sight."""
    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2"
        for place in range(1, len(HEADINGS) + 1):
            sheet.column_dimensions[get_column_letter(place)].width = 24
        for number, texts in enumerate(rows):
            sheet.append([_cell(sheet, text, is_heading=number == 0) for text in texts])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cell(sheet: Any, text: str, *, is_heading: bool) -> Any:
    """Return a cell of text, which stays text even where it begins like a formula."""
    cell = WriteOnlyCell(sheet, plain(text))
    cell.data_type = "s"
    cell.font = Font(bold=is_heading)
    return cell
