"""Spreadsheets about rosters: the template to fill in, and the rows that need another look."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from models.roster_jobs import Outcome, Problem
from models.roster_rows import HEADINGS
from models.sheet_writer import SheetWriter
from models.station_sheets import write_sheets

COLUMNS = tuple(dict.fromkeys(HEADINGS.values()))
EXAMPLE = (
    "示例：王小明", "居民身份证", "41010519900101123X", "", "13812345678", "碧沙岗街道工会服务站", "",
    "有效", "2020-05-01", "新就业形态", "外卖配送员", "",
)  # fmt: skip
NOTES = (
    ("姓名、证件号码、手机号", "必填。证件号码一列请设为文本格式，否则会丢失末几位。"),
    (
        "证件类型",
        "不填为居民身份证；也可以是：港澳台居民居住证、外国人永久居留身份证、回乡证、台胞证、护照。",
    ),
    ("出生日期", "护照、回乡证、台胞证须填写，例如 1990-01-01；身份证不用填。"),
    ("所在工会、工会代码", "填一个即可；同名工会请填代码。都不填时导入到页面上选择的工会。"),
    (
        "会籍状态",
        "有效（或在籍、正常）、保留会籍（或保留、退休、失业、服兵役，不计入会员数）；不填为有效，写成其他的不导入。",
    ),
    ("入会日期", "会籍起算日，例如 2020-05-01；不填为导入当天。"),
    ("用工形式", "劳动合同、劳务派遣、非全日制、新就业形态；可以不填。"),
    (
        "新就业形态",
        "货车司机、网约车司机、快递员、外卖配送员、家政服务员、护工、房产中介、保安、商场信息员、其他；可以不填。",
    ),
    ("会员证号", "原有的会员证号、卡号，最多 3 个，用顿号隔开；可以不填。"),
    (
        "已有会籍的人",
        "在其他工会的不会移动；姓名或手机号不同的，只有选择“更新”且本人尚未认领时才更新。会籍状态不由导入更改：不同的会列出，请在会籍中办理。",
    ),
    ("示例行", "第一张表的第2行是示例，导入前请删去。"),
    ("注意", "请勿合并单元格；.xlsx 最多 60,000 行，CSV 最多 120,000 行，文件不超过 10 MB。"),
)
WORDS: Mapping[Outcome, str] = MappingProxyType(
    {
        "created": "新增",
        "unchanged": "无变化",
        "updated": "已更新",
        "differs": "与登记不同",
        "elsewhere": "会籍在别处",
        "has_membership": "另有会籍记录",
        "duplicate": "文件内重复",
        "rejected": "未导入",
        "blank": "空行",
    }
)


def template() -> bytes:
    """Return the template as .xlsx: the headings with one example row, and a sheet of notes."""
    return write_sheets({"会员": [COLUMNS, EXAMPLE], "填写说明": [("列", "说明"), *NOTES]})


def problem_sheet(problems: Iterable[Problem]) -> bytes:
    """Return as .xlsx the rows that need another look: original row, result, column, reason."""
    sheet = SheetWriter("需要处理的行", ("原行号", "结果", "列", "原因"))
    sheet.add((str(one.row), WORDS[one.outcome], one.column, one.reason) for one in problems)
    return sheet.close()
