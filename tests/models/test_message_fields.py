"""What the fields of subscription messages may hold."""

import pytest

from models.message_fields import RULES, FieldBroken, check_fields

TAKEN = {
    "thing": ["一" * 20, "a", "送清凉：第 3 批（已到）"],
    "number": ["0", "1" * 32, "3.14"],
    "letter": ["Z" * 32],
    "symbol": ["!?#%&"],
    "character_string": ["A-1/b_2.c", "~" * 32],
    "time": ["15:01", "2019年10月1日 15:01", "2019-10-01 15:01~2019-10-01 17:30", "9:05:59"],
    "date": ["2019年10月1日", "2019年10月", "10月1日", "2019-10-01 15:01", "2019/10/01", "10.1~10.8"],
    "amount": ["￥100", "0.50元", "$1234567890.99"],
    "phone_number": ["+86-0766-66888866", "12351"],
    "car_number": ["粤A8Z888挂"],
    "name": ["王小明", "阿" * 10, "W" * 20, "Li 小明"],
    "phrase": ["已发放", "一二三四五"],
    "enum": ["男"],
}
REFUSED = {
    "thing": ["", "一" * 21, "a\nb", "a\r", "a\u2028"],
    "number": ["", "1" * 33, "1,000", "-", "1.", "٣"],
    "letter": ["a1", "a" * 33],
    "symbol": ["!!!!!!", "a"],
    "character_string": ["有", "a b", "x" * 33],
    "time": ["25:00", "15:60", "15点", "15:01 下午", "", "15:01~"],
    "date": ["昨天", "2019", "20191001", "2019年"],
    "amount": ["12345678901", "100 元", "一百", "¥"],
    "phone_number": ["1" * 18, "电话", ""],
    "car_number": ["粤A8Z888888"],
    "name": ["阿" * 11, "W" * 21, "小W" * 6, "张三1"],
    "phrase": ["一二三四五六", "ok", ""],
    "enum": ["", "一\n二"],
}


def test_every_rule_is_tried_both_ways() -> None:
    assert TAKEN.keys() == REFUSED.keys() == RULES.keys()


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in TAKEN for text in TAKEN[kind]])
def test_what_wechat_takes_passes(kind: str, text: str) -> None:
    check_fields({f"{kind}1": text})


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in REFUSED for text in REFUSED[kind]])
def test_what_wechat_refuses_is_named_and_not_shown(kind: str, text: str) -> None:
    with pytest.raises(FieldBroken) as caught:
        check_fields({"thing9": "好", f"{kind}12": text})
    assert str(caught.value) == f"{kind}12"


@pytest.mark.parametrize("name", ["thing", "thing0001", "unknown1", "Thing1", "thing1.value", "1thing", ""])
def test_a_field_of_no_kind_is_refused(name: str) -> None:
    with pytest.raises(FieldBroken):
        check_fields({name: "好"})
