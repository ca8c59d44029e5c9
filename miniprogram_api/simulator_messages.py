"""The simulated WeChat's subscription messages: templates, what people granted, and what was sent to them.

The field rules are those of WeChat's page 发送订阅消息, written down apart from those of the program.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from miniprogram_api.simulator_state import PlatformError

FIELD_RULES: Mapping[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"(?=.{1,32}$)[0-9]+(\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[!-~]{1,32}"),
    "time": re.compile(r"(?=.*[0-9]{1,2}:[0-9]{2}).{1,50}"),
    "date": re.compile(r"(?=.*[0-9]+[年月/.-][0-9]+).{1,50}"),
    "amount": re.compile(r"[¥￥$€£]?[0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": re.compile(r"[0-9+\-() ]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[A-Za-z .]{1,20}|.{1,10}"),
    "phrase": re.compile(r"[一-鿿]{1,5}"),
    "enum": re.compile(r".{1,20}"),
}
SENSITIVE = "[risky]"
FIRST_MESSAGE_ID = 1_700_827_132_819_554_304

Tap = Literal["accept", "reject", "ban"]
TemplateId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class Template(Struct, frozen=True, forbid_unknown_fields=True):
    """A template of the app: its fields, such as `thing1`, and whether one consent lasts."""

    id: TemplateId
    fields: Sequence[Annotated[str, Meta(pattern="^[a-z_]+[0-9]+$")]]
    standing: bool = False


class Value(Struct, frozen=True):
    """One field of a message."""

    value: str


class Order(Struct, frozen=True):
    """The body of subscribe/send."""

    touser: str = ""
    template_id: str = ""
    data: Mapping[str, Value] = {}
    page: str = ""
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    lang: Literal["zh_CN", "en_US", "zh_HK", "zh_TW"] = "zh_CN"


class Sent(Struct, frozen=True):
    """A message that reached a phone."""

    id: int
    order: Order


class Messages:
    """What templates there are, who granted what, and every message that was sent."""

    def __init__(self) -> None:
        self._templates: dict[str, Template] = {}
        self._credits: dict[tuple[str, str], int] = {}
        self._standing: set[tuple[str, str]] = set()
        self._busy: set[str] = set()
        self.sent: list[Sent] = []
        self.failing_deliveries = 0
        """So many of the next messages are taken and then not delivered, which only the event tells."""

    def add_template(self, template: Template) -> None:
        """Give the app a template."""
        self._templates[template.id] = template

    def tap(self, openid: str, template: str, answer: Tap) -> None:
        """Let a person answer for a template in the popup."""
        if template not in self._templates:
            raise PlatformError(20001, "no such template")
        if answer != "accept":
            return
        if self._templates[template].standing:
            self._standing.add((openid, template))
        else:
            self._credits[openid, template] = self.credits(openid, template) + 1

    def withdraw(self, openid: str, template: str) -> None:
        """Let a person refuse a template's messages from now on, in the settings."""
        self._credits.pop((openid, template), None)
        self._standing.discard((openid, template))

    def credits(self, openid: str, template: str) -> int:
        """Return how many messages a person still grants."""
        return self._credits.get((openid, template), 0)

    def begin(self, openid: str) -> None:
        """Note that a message is under way to a person; 43108 for a second one."""
        if openid in self._busy:
            raise PlatformError(43108, "concurrent requests for the same user")
        self._busy.add(openid)

    def end(self, openid: str) -> None:
        """Note that it is over."""
        self._busy.discard(openid)

    def send(self, order: Order) -> Sent:
        """Check a message as WeChat does, use a credit up and send it."""
        template = self._templates.get(order.template_id)
        if template is None:
            raise PlatformError(40037, "invalid template_id")
        _check_fields(template, order.data)
        key = (order.touser, order.template_id)
        if key not in self._standing:
            if not self.credits(*key):
                raise PlatformError(43101, "user refuse to accept the msg")
            self._credits[key] -= 1
        sent = Sent(FIRST_MESSAGE_ID + len(self.sent), order)
        self.sent.append(sent)
        return sent


def _check_fields(template: Template, values: Mapping[str, Value]) -> None:
    for name in template.fields:
        rule = FIELD_RULES.get(name.rstrip("0123456789"))
        text = values[name].value if name in values else ""
        if rule is None or not rule.fullmatch(text):
            raise PlatformError(47003, f"argument invalid! data.{name}.value invalid")
        if SENSITIVE in text:
            raise PlatformError(45168, "sensitive content")
