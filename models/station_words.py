"""The words that lists of stations use, and what each means: headings, datums, facilities, kinds, entries."""

from collections.abc import Mapping
from types import MappingProxyType

from models.positions import Datum
from models.station_details import BUILD_MODES, ENTRIES, BuildMode, DetailName, Entry, PremisesName
from models.stations import FACILITIES, KINDS, STATES, Facility, StationKind, StationState, folded
from models.table_rows import by_word

NEEDED = ("名称", "地址", "行政区", "经度", "纬度", "坐标系", "开放时间")
HEADINGS: Mapping[str, str] = by_word(
    {
        "名称": "名称 名字 站名 站点名称 驿站名称 name",
        "地址": "地址 详细地址 站点地址 驿站地址 address",
        "行政区": "行政区 行政区划 区县 县区 所属区 所属区县 district",
        "经度": "经度 lng lon longitude",
        "纬度": "纬度 lat latitude",
        "坐标系": "坐标系 坐标系统 坐标类型 datum",
        "开放时间": "开放时间 营业时间 服务时间 hours",
        "设施": "设施 服务设施 配套设施 设施设备 facilities",
        "类型": "类型 类别 站点类型 驿站类型 kind",
        "编号": "编号 站点编号 驿站编号 code",
        "所属工会": "所属工会 管理工会 主管工会 管理单位 organisation",
        "状态": "状态 驿站状态 站点状态 运营状态 state",
        "别名": "别名 又名 简称 曾用名 aliases",
        "楼层": "楼层 所在楼层 floor",
        "怎么走": "怎么走 路线 进站路线 行走路线 way",
        "进门方式": "进门方式 进入方式 开门方式 门禁 entry",
        "容纳人数": "容纳人数 可容纳人数 接待能力 capacity",
        "面积": "面积 建筑面积 使用面积 驿站面积 面积(平方米) 面积(m2) area",
        "星级": "星级 驿站星级 评定星级 stars",
        "电动车停放": "电动车停放 可停电动车 能否停放电动车 停车 parking",
        "电话": "电话 驿站电话 站点电话 服务电话 联系电话 phone",
        "建设方式": "建设方式 建设模式 建站方式 mode",
        "最美": "最美 最美驿站 是否最美 是否最美驿站 finest",
        "入口经度": "入口经度 进站口经度 进门经度 大门经度 entrancelongitude entrancelng",
        "入口纬度": "入口纬度 进站口纬度 进门纬度 大门纬度 entrancelatitude entrancelat",
        "设施数量": "设施数量 设施及数量 设施设备数量 设备数量 设施清单 设备清单 equipment",
        "所在单位": "所在单位 承建单位 依托单位 场地单位 场地提供单位 设在哪个单位 unit",
        "单位电话": "单位电话 所在单位电话 承建单位电话 依托单位电话 场地单位电话 单位联系电话 unitphone",
    }
)
DETAIL_COLUMNS: Mapping[DetailName, str] = MappingProxyType(
    {
        "aliases": "别名",
        "floor": "楼层",
        "way": "怎么走",
        "entry": "进门方式",
        "capacity": "容纳人数",
        "area": "面积",
        "stars": "星级",
        "parking": "电动车停放",
        "phone": "电话",
        "mode": "建设方式",
        "finest": "最美",
    }
)
PREMISES_COLUMNS: Mapping[PremisesName, str] = MappingProxyType({"unit": "所在单位", "phone": "单位电话"})
# CGCS 2000, the national datum, differs from WGS-84 by centimetres.
_DATUM_WORDS: Mapping[Datum, str] = {"gcj02": "火星 高德 腾讯", "wgs84": "gps cgcs2000", "bd09": "百度"}
DATUMS = by_word({datum: f"{datum} {words}" for datum, words in _DATUM_WORDS.items()})
_MORE_WORDS: Mapping[Facility, str] = MappingProxyType(
    {
        "water": "饮水机 饮用水 热水 开水",
        "charging": "手机充电 充电插座 插座 插排",
        "toilet": "卫生间 洗手间",
        "medicine": "医药箱 急救箱 急救药箱 药品",
        "seats": "座椅 休息座椅",
        "books": "书籍 阅读",
        "wifi": "wi-fi 无线网",
        "battery_swap": "换电柜",
        "nursing": "母婴",
        "wheelchair": "无障碍设施 轮椅",
    }
)
FACILITY_WORDS: Mapping[str, Facility] = by_word(
    {
        facility: f"{facility} {folded(label)} {_MORE_WORDS.get(facility, '')}"
        for facility, label in FACILITIES.items()
    }
)
_MORE_KINDS: Mapping[StationKind, str] = {
    "basic": "基础型 标准型",
    "model": "标杆 示范型",
    "smart": "智能化 智能型 24小时智能型 无人值守",
}
KIND_WORDS: Mapping[str, StationKind] = by_word(
    {kind: f"{kind} {folded(label)} {_MORE_KINDS[kind]}" for kind, label in KINDS.items()}
)
# 关闭 is none of them: it may be for a day or for ever.
_MORE_STATES: Mapping[StationState, str] = {
    "planned": "筹建 在建 建设中 拟建",
    "operating": "运营 运营中 正常 正常运营 正常开放 启用 在用",
    "suspended": "暂停 暂停使用 暂停运营 停用 停运",
    "rectifying": "整改",
    "retired": "退出 撤销 已撤销 拆除 已拆除",
}
STATE_WORDS: Mapping[str, StationState] = by_word(
    {state: f"{state} {label} {_MORE_STATES[state]}" for state, label in STATES.items()}
)

_MORE_ENTRIES: Mapping[Entry, str] = {
    "open": "开放 敞开 直接进入 免费进入",
    "staff": "工作人员开门 人工 人工开门 专人",
    "scan": "扫码 扫码进入 扫二维码",
    "id_card": "刷身份证 身份证",
    "face": "刷脸 人脸识别 人脸",
}
ENTRY_WORDS: Mapping[str, Entry] = by_word(
    {entry: f"{entry} {label} {_MORE_ENTRIES[entry]}" for entry, label in ENTRIES.items()}
)
_MORE_MODES: Mapping[BuildMode, str] = {"own": "工会自建 独立建设", "joint": "联建 合建 共建共享 联合共建"}
MODE_WORDS: Mapping[str, BuildMode] = by_word(
    {mode: f"{mode} {label} {_MORE_MODES[mode]}" for mode, label in BUILD_MODES.items()}
)
_YES, _NO = (
    "是 有 能 可 可以 可以停放 可停 √ ✓ y yes true",
    "否 无 不 不是 没有 不能 不可 不可以 不能停放 × x n no false",
)
YES_NO_WORDS: Mapping[str, bool] = MappingProxyType(
    {**dict.fromkeys(_YES.split(), True), **dict.fromkeys(_NO.split(), False)}
)
