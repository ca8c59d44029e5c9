"""The codes of an organisation, and what they mean. Pure rules, no database.

统一社会信用代码: GB 32100-2015, a check digit of weights 3^i modulo 31. Industries are the twenty sections of
GB/T 4754 by number, kinds the 单位类别 of the unions' real-name system (总工办发〔2017〕14号). Regions are
行政区划代码: six digits to the county (GB/T 2260), nine to the street (GB/T 10114). No rule is published for
the 基层工会统计代码: it is taken as letters and digits.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from models.id_documents import PROVINCES

CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT = re.compile(rf"[{CREDIT_LETTERS}]{{2}}\d{{6}}[{CREDIT_LETTERS}]{{10}}", re.ASCII)
_DIVISION = re.compile(r"\d{6}(\d{3})?", re.ASCII)

Industry = Literal[
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10",
    "11", "12", "13", "14", "15", "16", "17", "18", "19", "20",
]  # fmt: skip
INDUSTRIES: Mapping[Industry, str] = MappingProxyType(
    {
        "01": "农、林、牧、渔业",
        "02": "采矿业",
        "03": "制造业",
        "04": "电力、热力、燃气及水生产和供应业",
        "05": "建筑业",
        "06": "交通运输、仓储和邮政业",
        "07": "信息传输、软件和信息技术服务业",
        "08": "批发和零售业",
        "09": "住宿和餐饮业",
        "10": "金融业",
        "11": "房地产业",
        "12": "租赁和商务服务业",
        "13": "科学研究和技术服务业",
        "14": "水利、环境和公共设施管理业",
        "15": "居民服务、修理和其他服务业",
        "16": "教育",
        "17": "卫生和社会工作",
        "18": "文化、体育和娱乐业",
        "19": "公共管理、社会保障和社会组织",
        "20": "国际组织",
    }
)

UnitKind = Literal[
    "110", "120", "130", "140", "151", "159", "161", "169", "170", "190", "200", "300", "400", "500",
    "600", "700",
]  # fmt: skip
UNIT_KINDS: Mapping[UnitKind, str] = MappingProxyType(
    {
        "110": "国有企业",
        "120": "集体企业",
        "130": "股份合作企业",
        "140": "联营企业",
        "151": "国有独资公司",
        "159": "其他有限责任公司",
        "161": "国有控股股份有限公司",
        "169": "其他股份有限公司",
        "170": "私营企业",
        "190": "其他内资企业",
        "200": "港澳台商投资企业",
        "300": "外商投资企业",
        "400": "事业单位",
        "500": "机关",
        "600": "个体经济组织",
        "700": "民办非企业单位",
    }
)

Form = Literal[
    "leading_body", "service_station", "single", "joint", "regional_federation", "trade_federation"
]
FORMS: Mapping[Form, str] = MappingProxyType(
    {
        "leading_body": "地方或产业工会领导机关",
        "service_station": "工会服务站",
        "single": "单独基层工会",
        "joint": "联合基层工会",
        "regional_federation": "区域性工会联合会",
        "trade_federation": "行业性工会联合会",
    }
)


def credit_check(first: str) -> str:
    """Return the check digit of the first 17 characters of a 统一社会信用代码."""
    total = sum(CREDIT_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(first))
    return CREDIT_LETTERS[-total % 31]


def is_credit_code(text: str) -> bool:
    """Say whether a text is a 统一社会信用代码 with its right check digit."""
    return bool(_CREDIT.fullmatch(text)) and credit_check(text[:17]) == text[17]


def is_division(text: str) -> bool:
    """Say whether a text is a 行政区划代码 of six or nine digits in a province that there is."""
    return bool(_DIVISION.fullmatch(text)) and text[:2] in PROVINCES
