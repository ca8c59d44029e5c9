"""Rows of a roster (会员名册), read into people and memberships (总工办发〔2017〕14号, 实名制).

Nothing is guessed: a wrong check digit, an impossible date, somebody under sixteen, or a union that is not
the officer's is told by row and column. Pure reading: no database; the unions are given.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, TypeVar

from msgspec import Struct

from models.errors import Refusal
from models.id_documents import KINDS, DocumentKind, WrongDocument, read_document
from models.membership_rules import FIRST_DAY
from models.memberships import GigKind, WorkerForm
from models.organisations import Organisation
from models.stations import folded
from models.table_rows import Columns, Rejected, by_word

NAME_CHARACTERS = 60
ALIASES = 3

NEEDED = ("姓名", "证件号码", "手机号")
HEADINGS: Mapping[str, str] = by_word(
    {
        "姓名": "姓名 名字 会员姓名 职工姓名 name",
        "证件类型": "证件类型 证件种类 证件名称 idtype",
        "证件号码": "证件号码 证件号 身份证号 身份证号码 身份证 公民身份号码 idnumber",
        "出生日期": "出生日期 出生年月日 生日 birthdate",
        "手机号": "手机号 手机号码 手机 联系电话 联系方式 移动电话 电话 phone mobile",
        "所在工会": "所在工会 工会名称 所属工会 工会组织 基层工会 单位名称 所在单位 organisation",
        "工会代码": "工会代码 工会编码 统一社会信用代码 单位代码 组织代码 组织机构代码 基层工会统计代码 code",
        "会籍状态": "会籍状态 会籍状况 会籍情况 会籍 会员状态 membershipstate",
        "入会日期": "入会日期 入会时间 入会年月日 joindate",
        "用工形式": "用工形式 就业形式 用工性质 workerform",
        "新就业形态": "新就业形态 新就业形态类型 职业类别 群体类型 gigkind",
        "会员证号": "会员证号 会员卡号 工会会员证号 工会卡号 旧卡号 京卡号 cardnumber",
    }
)
COLUMNS = Columns(NEEDED, HEADINGS)

KIND_WORDS: Mapping[str, DocumentKind] = by_word(
    {
        "resident": f"{KINDS['resident']} 身份证 二代身份证 二代证",
        "residence_permit": f"{KINDS['residence_permit']} 港澳台居住证 居住证",
        "foreigner_permit": f"{KINDS['foreigner_permit']} 外国人永居证 永久居留证",
        "hk_macau_permit": f"{KINDS['hk_macau_permit']} 回乡证 港澳通行证",
        "taiwan_permit": f"{KINDS['taiwan_permit']} 台胞证",
        "passport": f"{KINDS['passport']} 外国护照 中国护照",
    }
)
Enrolment = Literal["active", "retained", "retired", "unemployed", "military"]
"""The state that a roster gives a membership; why it is retained (保留会籍, §3.2), where the word says so."""
STATE_WORDS: Mapping[str, Enrolment] = by_word(
    {
        "active": "有效 在籍 正常",
        "retained": "保留 保留会籍 会籍保留 已保留",
        "retired": "退休 已退休 离退休 离休",
        "unemployed": "失业",
        "military": "服兵役 参军 入伍",
    }
)
FORM_WORDS: Mapping[str, WorkerForm] = by_word(
    {
        "employed": "劳动合同 合同制 单位职工 在职 正式职工 全日制",
        "dispatched": "劳务派遣 派遣",
        "part_time": "非全日制 兼职 临时工 灵活就业",
        "gig": "新就业形态 平台用工 平台就业",
    }
)
GIG_WORDS: Mapping[str, GigKind] = by_word(
    {
        "truck_driver": "货车司机 卡车司机",
        "ride_hailing_driver": "网约车司机 网约车驾驶员 网约车",
        "courier": "快递员 快递小哥 快递",
        "food_delivery": "外卖配送员 网约配送员 外卖骑手 送餐员 骑手 外卖",
        "domestic_worker": "家政服务员 家政",
        "care_worker": "护工护理员 护工 护理员",
        "estate_agent": "房产中介员 房产中介",
        "security_guard": "保安员 保安",
        "shop_informer": "商场信息员",
        "other": "其他 其它",
    }
)

_PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?", re.ASCII)
_ALIAS = re.compile(r"[0-9A-Za-z-]{4,40}", re.ASCII)
_CUT_OFF = re.compile(r"\d{15}000", re.ASCII)
_DOTS = re.compile("[·•・‧．.∙⋅]")
_NAME = re.compile(r"[^\d\s!-/:-@\[-`{-~][^\d!-&(-,/:-@\[-`{-~]*")

T = TypeVar("T", bound=str)


class RosterRow(Struct, frozen=True):
    """A row that can be taken: who, and which membership; `enrolment` is None where the row says no state."""

    number: int
    name: str
    document: str
    phone: str
    organisation: str
    enrolment: Enrolment | None
    since: str
    worker_form: WorkerForm | None
    gig_kind: GigKind | None
    aliases: tuple[str, ...]


class Unions:
    """The unions that an officer may import into, by name and by code."""

    def __init__(self, unions: Sequence[Organisation], default: str | None) -> None:
        self._by_name: dict[str, list[str]] = {}
        self._by_code: dict[str, list[str]] = {}
        self._default = default
        for one in unions:
            if one.is_open:
                self._by_name.setdefault(folded(one.name), []).append(one.id)
                if one.code:
                    self._by_code.setdefault(folded(one.code), []).append(one.id)

    def find(self, name: str, code: str) -> str:
        """Return the union that a row names; Rejected."""
        if not name and not code:
            if self._default is None:
                raise Rejected("所在工会", "没有填写所在工会或工会代码")
            return self._default
        column, found = "所在工会", self._by_name.get(folded(name), [])
        if code:
            coded = self._by_code.get(folded(code), [])
            column, found = "工会代码", [one for one in coded if not name or one in found] or coded
        if not found:
            raise Rejected(column, "没有这个工会、已撤并，或不在您的管理范围内")
        if len(found) > 1:
            raise Rejected(column, "有多个同名工会，请填写工会代码")
        return found[0]


def spelled_name(text: str) -> str:
    """Return a name as it is kept: without spaces, the dot in names of minorities spelled one way."""
    return _DOTS.sub("·", "".join(text.split()))


def read_row(number: int, named: Mapping[str, str], unions: Unions, today: date) -> RosterRow:
    """Return what a row says of a member; Rejected."""
    form, gig = _work(named)
    return RosterRow(
        number=number,
        name=_name(named["姓名"]),
        document=_document(named, today),
        phone=_phone(named["手机号"]),
        organisation=unions.find(named["所在工会"], named["工会代码"]),
        enrolment=_enrolment(named["会籍状态"]),
        since=_since(named["入会日期"], today),
        worker_form=form,
        gig_kind=gig,
        aliases=_aliases(named["会员证号"]),
    )


def _name(text: str) -> str:
    name = spelled_name(text)
    if not name:
        raise Rejected("姓名", "没有填写")
    if not 2 <= len(name) <= NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise Rejected("姓名", "不像姓名，请核对")
    return name


def _document(named: Mapping[str, str], today: date) -> str:
    number = named["证件号码"]
    if not number:
        raise Rejected("证件号码", "没有填写")
    kind = KIND_WORDS.get(folded(named["证件类型"])) if named["证件类型"] else "resident"
    if kind is None:
        raise Rejected("证件类型", f"不认识“{named['证件类型'][:20]}”")
    born = _day("出生日期", named["出生日期"]) if named["出生日期"] else None
    try:
        return read_document(kind, number, born, today).key
    except WrongDocument as refusal:
        raise Rejected("证件号码", _wrong(number, refusal)) from refusal
    except Refusal as refusal:
        column = "出生日期" if refusal.code == "birth_date_required" else "证件号码"
        raise Rejected(column, str(refusal)) from refusal


def _wrong(number: str, refusal: WrongDocument) -> str:
    if _CUT_OFF.fullmatch(number):
        return "末三位是 000，像被表格当成数字截断了：请把这一列设为文本后重新填写"
    reasons = {"form": "位数或格式不对", "region": "地区码不对", "check_digit": "校验位不对"}
    return reasons.get(str(refusal.details["reason"]), "出生日期不对，或与所填的出生日期不符")


def _phone(text: str) -> str:
    number = re.sub(r"^\+?86(?=1)", "", re.sub(r"[\s-]", "", text))
    if not number:
        raise Rejected("手机号", "没有填写")
    if not _PHONE.fullmatch(number):
        raise Rejected("手机号", "不是 11 位手机号")
    return number


def _day(column: str, text: str) -> date:
    found = _DAY.fullmatch(text.partition(" ")[0])
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise Rejected(column, f"“{text[:20]}”不是日期，请写成 2020-05-01")


def _enrolment(text: str) -> Enrolment | None:
    found = STATE_WORDS.get(folded(text))
    if text and found is None:
        raise Rejected("会籍状态", f"“{text[:20]}”不能导入：只导入有效的和保留会籍的会员，退会的请勿列入")
    return found


def _since(text: str, today: date) -> str:
    if not text:
        return today.isoformat()
    day = _day("入会日期", text)
    if not FIRST_DAY <= day.isoformat() <= today.isoformat():
        raise Rejected("入会日期", f"早于 {FIRST_DAY} 或晚于今天")
    return day.isoformat()


def _work(named: Mapping[str, str]) -> tuple[WorkerForm | None, GigKind | None]:
    form = _word("用工形式", named["用工形式"], FORM_WORDS)
    gig = _word("新就业形态", named["新就业形态"], GIG_WORDS)
    if gig and form not in (None, "gig"):
        raise Rejected("新就业形态", "只有新就业形态劳动者填写，与用工形式不符")
    return ("gig" if gig else form), gig


def _word(column: str, text: str, words: Mapping[str, T]) -> T | None:
    if not text:
        return None
    meaning = words.get(folded(text))
    if meaning is None:
        raise Rejected(column, f"不认识“{text[:20]}”，请按填写说明选填")
    return meaning


def _aliases(text: str) -> tuple[str, ...]:
    numbers = tuple(dict.fromkeys(one for one in re.split(r"[、,，;；/\s]+", text) if one))
    if len(numbers) > ALIASES or not all(_ALIAS.fullmatch(one) for one in numbers):
        raise Rejected("会员证号", f"最多 {ALIASES} 个，只含字母、数字和连字符")
    return numbers
