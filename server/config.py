"""Configuration: read once from the environment, with defaults that run.

The README's table of variables is generated from `Config` (`scripts/write_documents.py`).
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from miniprogram_api.wechat import Release
from models.addresses import read_networks
from models.subscriptions import Template

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


_is_template = re.compile("([a-z_]+):([A-Za-z0-9_-]{1,64})(:standing)?").fullmatch
_is_check_file = re.compile(r"([0-9A-Za-z_]{1,60}\.txt)=([!-+.-~-]{1,256})").fullmatch


class Links(StrEnum):
    """Which links from outside WeChat the mini program's account may have made."""

    NONE = "none"
    URL_LINK = "url_link"
    SCHEME = "scheme"


class ConfigError(Exception):
    """A variable's value cannot be used; the message names the variable and never its value."""


class Config(Struct, frozen=True, kw_only=True):
    """What the environment says. Secrets that are not set are made once and kept in `data_dir`."""

    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")] = 8888
    processes: Annotated[
        int,
        Meta(
            ge=1, le=64, description="processes that serve `PORT` together; more than one needs real engines"
        ),
    ] = 1
    metrics_port: Annotated[
        Annotated[int, Meta(ge=0, le=65535)] | None,
        Meta(
            description="port of `/metrics`, one higher for each further process; 0: free ones; empty: none"
        ),
    ] = None
    metrics_host: Annotated[str, Meta(description="address of `/metrics`, never a public one")] = "127.0.0.1"
    data_dir: Annotated[Path, Meta(description="folder for the embedded engine and for made secrets")] = Path(
        "var"
    )
    public_url: Annotated[
        str, Meta(description="what links on signs begin with; `http://HOST:PORT` when empty")
    ] = ""
    operator_name: Annotated[
        str, Meta(max_length=60, description="the union that answers for personal data, as its notice says")
    ] = "本地总工会"
    operator_contact: Annotated[
        str, Meta(max_length=120, description="how people reach it about their data: phone, address, e-mail")
    ] = "12351（工会服务热线）"
    mongodb_uri: Annotated[str, Meta(description="a real MongoDB; empty: the embedded engine")] = ""
    mongodb_database: Annotated[str, Meta(description="the database's name")] = "union_station"
    redis_url: Annotated[str, Meta(description="a real Redis; empty: inside the process")] = ""
    wechat_appid: Annotated[
        str, Meta(description="the mini program's id; empty: the simulator and the demo")
    ] = ""
    wechat_secret: Annotated[str, Meta(description="the mini program's secret")] = ""
    wechat_url: Annotated[str, Meta(description="where WeChat's server interface is")] = (
        "https://api.weixin.qq.com"
    )
    wechat_push_token: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z0-9]{3,32})?$",
            description="Token of the message push settings; empty: pushes are not taken",
        ),
    ] = ""
    wechat_push_aes_key: Annotated[
        str,
        Meta(
            pattern="^([A-Za-z0-9]{43})?$",
            description="EncodingAESKey of safe mode (recommended); empty: plain mode",
        ),
    ] = ""
    wechat_templates: Annotated[
        str,
        Meta(description="`purpose:template id` pairs divided by commas; `:standing` behind a 长期订阅 one"),
    ] = ""
    wechat_release: Annotated[
        Release, Meta(description="what codes and messages open: `release`, `trial` or `develop`")
    ] = Release.RELEASE
    wechat_station_page: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
            description="the mini program's page of a station, for 小程序码",
        ),
    ] = "pages/station/index"
    wechat_links: Annotated[
        Links,
        Meta(
            description="links by which landing pages open the mini program from other browsers, as far as "
            "WeChat allows them to the account: `url_link`, `scheme` or `none`"
        ),
    ] = Links.NONE
    wechat_check_files: Annotated[
        str,
        Meta(
            description="`name.txt=content` pairs divided by commas, by which WeChat checks domain and links"
        ),
    ] = ""
    session_keys: Annotated[
        str,
        Meta(description="`version:key` pairs divided by commas, the highest version signs; keys in base64"),
    ] = ""
    vault_keys: Annotated[str, Meta(description="`id:key` pairs, the last one seals; 32 bytes each")] = ""
    vault_index_key: Annotated[
        str, Meta(description="the key of the blind indexes, 32 bytes; never changes")
    ] = ""
    card_keys: Annotated[
        str,
        Meta(description="`id:key` or `id:key:retirement date`, the last one in use makes cards' codes"),
    ] = ""
    print_keys: Annotated[
        str,
        Meta(description="the same for printed cards' codes; empty beside set keys: no cards are printed"),
    ] = ""
    trusted_proxies: Annotated[
        str,
        Meta(description="networks whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`, with commas"),
    ] = ""
    limits: Annotated[
        bool, Meta(description="`false` lets everybody call as often as they like: only for measuring")
    ] = True

    demo: Annotated[
        bool, Meta(description="`true` lets the demo run on a configured engine; it never runs with an appid")
    ] = False

    @property
    def is_demo(self) -> bool:
        """Whether this is a demo: only ever without a real mini program."""
        return not self.wechat_appid


def read_config(environment: Mapping[str, str]) -> Config:
    """Return the configuration; ConfigError for a value that cannot be used."""
    given = {name: environment.get(name.upper(), "").strip() for name in Config.__struct_fields__}
    values = {name: text for name, text in given.items() if text}
    try:
        config = msgspec.convert(values, Config, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`").upper()
        raise ConfigError(f"{name} 的值不对") from error
    _check_proxies(config.trusted_proxies)
    if config.wechat_appid and not config.wechat_secret:
        raise ConfigError("设置了 WECHAT_APPID 就必须设置 WECHAT_SECRET")
    if config.wechat_push_aes_key and not config.wechat_push_token:
        raise ConfigError("设置了 WECHAT_PUSH_AES_KEY 就必须设置 WECHAT_PUSH_TOKEN")
    read_templates(config.wechat_templates)
    read_check_files(config.wechat_check_files)
    if config.is_demo:
        _check_demo(config)
    if config.processes > 1:
        _check_processes(config)
    return config


def _check_proxies(networks: str) -> None:
    try:
        read_networks(networks)
    except ValueError as error:
        raise ConfigError("TRUSTED_PROXIES 须为网段，用逗号隔开，例如 10.0.0.0/8") from error


def read_templates(text: str) -> tuple[Template, ...]:
    """Return the templates that WECHAT_TEMPLATES names; ConfigError for what is no such list."""
    found = [_is_template(part.strip()) for part in text.split(",")] if text else []
    templates = tuple(Template(one[1], one[2], bool(one[3])) for one in found if one)
    unique = {template.purpose for template in templates}, {template.id for template in templates}
    if any(len(found) != len(names) for names in unique):
        raise ConfigError("WECHAT_TEMPLATES 的格式不对")
    return templates


def read_check_files(text: str) -> dict[str, str]:
    """Return the contents of WECHAT_CHECK_FILES by name; ConfigError for what is no such list."""
    found = [_is_check_file(part.strip()) for part in text.split(",")] if text else []
    files = {one[1]: one[2] for one in found if one}
    if len(found) != len(files):
        raise ConfigError("WECHAT_CHECK_FILES 须为“文件名.txt=内容”，用逗号隔开")
    return files


def _check_demo(config: Config) -> None:
    """Refuse a demo that looks like a production that forgot its mini program."""
    if config.mongodb_uri and not config.demo:
        raise ConfigError("设置了 MONGODB_URI 却没有 WECHAT_APPID；若要在这个数据库上演示，请设置 DEMO=true")
    if config.host not in LOOPBACK:
        raise ConfigError("没有 WECHAT_APPID 时是演示，只能监听本机：HOST 须为 127.0.0.1 或 ::1")


def _check_processes(config: Config) -> None:
    """Refuse what only one process can have: an embedded engine, the simulator of a demo."""
    absent = [name for name in ("mongodb_uri", "redis_url") if not getattr(config, name)]
    if absent:
        names = "、".join(absent).upper()
        raise ConfigError(f"多进程（PROCESSES 大于 1）必须设置 {names}：内置引擎只能供一个进程使用")
    if config.is_demo:
        raise ConfigError("演示只能用一个进程：多进程（PROCESSES 大于 1）必须设置 WECHAT_APPID")


def _path(kind: type, text: Any) -> Any:
    """Return a path for a text; the only type here that msgspec does not know."""
    return Path(text) if kind is Path else text
