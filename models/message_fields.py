"""The fields of subscription messages: what each kind may hold, checked before WeChat refuses it (47003).

Limits of WeChat's page 发送订阅消息. A field's name is its kind and a number, such as `thing1`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from models.clock import LOCAL

_ANY = r"[^\x00-\x1f\x7f\x85\u2028\u2029]"  # No line breaks of any kind.
_HOUR = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}月\d{1,2}日|\d{1,2}[-/.]\d{1,2})"
_MONTH = r"(\d{4}年\d{1,2}月|\d{4}[-/.]\d{1,2})"
_TIME = rf"({_DAY} ?)?{_HOUR}"
_DATE = rf"({_DAY}( ?{_HOUR})?|{_MONTH})"

RULES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "thing": re.compile(rf"{_ANY}{{1,20}}"),
        "number": re.compile(r"(?=.{1,32}$)\d+(\.\d+)?", re.ASCII),
        "letter": re.compile(r"[A-Za-z]{1,32}"),
        "symbol": re.compile(r"[^\w\s]{1,5}"),
        "character_string": re.compile(r"[!-~]{1,32}"),
        "time": re.compile(rf"{_TIME}( ?~ ?{_TIME})?", re.ASCII),
        "date": re.compile(rf"{_DATE}( ?~ ?{_DATE})?", re.ASCII),
        "amount": re.compile(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?", re.ASCII),
        "phone_number": re.compile(r"(?=.{1,17}$)\+?[\d\-() ]+", re.ASCII),
        "car_number": re.compile(r"[A-Z0-9一-鿿]{1,8}"),
        "name": re.compile(r"[A-Za-z .]{1,20}|[A-Za-z .·一-鿿]{1,10}"),
        "phrase": re.compile(r"[一-鿿]{1,5}"),
        "enum": re.compile(rf"{_ANY}{{1,20}}"),
    }
)
_is_name = re.compile(r"([a-z_]+)[0-9]{1,3}").fullmatch


class FieldBroken(ValueError):
    """A field breaks its rule, which WeChat would refuse: a bug of whoever wrote the message."""


def check_fields(fields: Mapping[str, str]) -> None:
    """Raise FieldBroken with the name, never the text, of the first field that WeChat would not take."""
    for name, text in fields.items():
        found = _is_name(name)
        rule = RULES.get(found[1]) if found else None
        if rule is None or not rule.fullmatch(text):
            raise FieldBroken(name)


def spell(at: datetime) -> str:
    """Return a moment as a date or time field takes it, in local time."""
    return at.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
