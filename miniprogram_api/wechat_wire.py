"""The bodies of calls to WeChat's server API and of its answers, under WeChat's own names."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType


class Scene(IntEnum):
    """Where a text or a picture will stand, in WeChat's numbers."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    LOG = 4


class MediaKind(IntEnum):
    """What a file is, in WeChat's numbers."""

    AUDIO = 1
    PICTURE = 2


class TextVerdict(Struct, frozen=True):
    """What WeChat thinks of a text; `label` is 100 for nothing to say, 10001 and more for what it is."""

    suggest: Literal["pass", "review", "risky"]
    label: int


class Session(Struct):
    """The parts of code2Session's success that we keep."""

    openid: Annotated[str, Meta(min_length=1, max_length=128)]
    unionid: Annotated[str, Meta(max_length=128)] | None = None


class TokenOrder(Struct):
    """What `stable_token` asks for. Forced mode would kill the token of the other processes."""

    appid: str
    secret: str
    grant_type: str = "client_credential"
    force_refresh: bool = False


class PhoneOrder(Struct):
    """A code of the phone button; with an openid, code and person must match."""

    code: str
    openid: str | UnsetType = UNSET


class PhoneInfo(Struct, rename={"number": "purePhoneNumber", "country": "countryCode"}):
    """The parts of a phone number; the country's code is text today and was a number once."""

    number: Annotated[str, Meta(pattern="^[0-9]{5,20}$")]
    country: Annotated[int, Meta(ge=1, le=9999)] | Annotated[str, Meta(pattern=r"^\+?[0-9]{1,4}$")]


class Phone(Struct):
    """The success of getPhoneNumber."""

    phone_info: PhoneInfo


class Value(Struct):
    """One field of a subscription message."""

    value: str


class MessageOrder(Struct):
    """A subscription message to one person."""

    touser: str
    template_id: str
    data: Mapping[str, Value]
    miniprogram_state: str
    page: str | UnsetType = UNSET
    lang: str = "zh_CN"


class Sent(Struct):
    """The success of subscribe/send; without its errcode it is none."""

    errcode: int | str
    msgid: int | str | None = None


class TextOrder(Struct, kw_only=True):
    """A text to be checked by the rules of today; version 1 is no longer kept up."""

    openid: str
    scene: Scene
    content: str
    title: str | UnsetType = UNSET
    version: int = 2


class Checked(Struct):
    """The success of msg_sec_check."""

    result: TextVerdict


class MediaOrder(Struct, kw_only=True):
    """A picture or a sound, at a URL that WeChat can reach, to be checked by the rules of today."""

    openid: str
    scene: Scene
    media_url: str
    media_type: MediaKind
    version: int = 2


class MediaTaken(Struct):
    """The success of media_check_async; the verdict is pushed under the same trace id."""

    trace_id: Annotated[str, Meta(min_length=1, max_length=128)]


class LinkOrder(Struct, kw_only=True):
    """A link to a page for so many days: the body of generate_urllink."""

    path: str
    query: str
    env_version: str
    expire_interval: int
    expire_type: int = 1


class UrlLink(Struct):
    """The success of generate_urllink."""

    url_link: Annotated[str, Meta(pattern=r"^https://[!-~]+\Z", max_length=512)]


class Jump(Struct):
    """Where a scheme leads."""

    path: str
    query: str
    env_version: str


class SchemeOrder(Struct, kw_only=True):
    """A scheme to a page for so many days: the body of generatescheme."""

    jump_wxa: Jump
    expire_interval: int
    is_expire: bool = True
    expire_type: int = 1


class Scheme(Struct):
    """The success of generatescheme."""

    openlink: Annotated[str, Meta(pattern=r"^weixin://[!-~]+\Z", max_length=512)]


class CodeOrder(Struct):
    """A mini program code; `check_path` asks for a page of the released version."""

    scene: str
    page: str
    env_version: str
    width: int
    check_path: bool
