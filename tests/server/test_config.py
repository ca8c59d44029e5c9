import json
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.subscriptions import Template
from server.config import Config, ConfigError, read_check_files, read_config, read_templates
from server.keys import read_keys

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
NAMED: dict[str, Any] = {
    "session_keys": f"1:{KEY}",
    "vault_keys": f"a:{KEY}",
    "vault_index_key": KEY,
    "card_keys": f"1:{KEY}",
}


def test_nothing_set_means_a_demo_on_this_machine() -> None:
    config = read_config({})
    assert (config.host, config.port, config.data_dir, config.is_demo) == (
        "127.0.0.1",
        8888,
        Path("var"),
        True,
    )


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert read_config({"PORT": " ", "MONGODB_URI": ""}) == Config()


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"PORT": "many"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"DEMO": "perhaps"}, "DEMO"),
        ({"WECHAT_APPID": "wx1"}, "WECHAT_SECRET"),
        ({"MONGODB_URI": "mongodb://db/"}, "WECHAT_APPID"),
        ({"HOST": "0.0.0.0"}, "HOST"),
        ({"TRUSTED_PROXIES": "10.0.0.0/33"}, "TRUSTED_PROXIES"),
        ({"TRUSTED_PROXIES": "proxy"}, "TRUSTED_PROXIES"),
        ({"LIMITS": "some"}, "LIMITS"),
        ({"WECHAT_PUSH_TOKEN": "a b"}, "WECHAT_PUSH_TOKEN"),
        ({"WECHAT_PUSH_TOKEN": "abc", "WECHAT_PUSH_AES_KEY": "A" * 42}, "WECHAT_PUSH_AES_KEY"),
        ({"WECHAT_PUSH_AES_KEY": "A" * 43}, "WECHAT_PUSH_TOKEN"),
        ({"WECHAT_TEMPLATES": "event_reminder"}, "WECHAT_TEMPLATES"),
        ({"WECHAT_TEMPLATES": "a:T1,b:T1"}, "WECHAT_TEMPLATES"),
        ({"WECHAT_TEMPLATES": "a:T1:for ever"}, "WECHAT_TEMPLATES"),
        ({"WECHAT_CHECK_FILES": "k3JxQ0a9Zp.txt"}, "WECHAT_CHECK_FILES"),
        ({"WECHAT_CHECK_FILES": "../k3.txt=a"}, "WECHAT_CHECK_FILES"),
        ({"WECHAT_CHECK_FILES": "k3.html=a"}, "WECHAT_CHECK_FILES"),
        ({"WECHAT_CHECK_FILES": "k3.txt=a,k3.txt=b"}, "WECHAT_CHECK_FILES"),
        ({"WECHAT_CHECK_FILES": "k3.txt=" + "a" * 257}, "WECHAT_CHECK_FILES"),
        ({"WECHAT_RELEASE": "beta"}, "WECHAT_RELEASE"),
        ({"WECHAT_STATION_PAGE": "/pages/a"}, "WECHAT_STATION_PAGE"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(environment: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read_config(environment)


def test_templates_are_named_by_purpose_and_may_last() -> None:
    config = read_config({"WECHAT_TEMPLATES": "event_reminder:T-1, duty:T-2:standing"})
    assert read_templates(config.wechat_templates) == (
        Template("event_reminder", "T-1"),
        Template("duty", "T-2", is_standing=True),
    )
    assert read_templates("") == ()


def test_a_demo_never_happens_by_accident() -> None:
    real = {"WECHAT_APPID": "wx1", "WECHAT_SECRET": "s", "MONGODB_URI": "mongodb://db/", "HOST": "0.0.0.0"}
    assert not read_config(real).is_demo
    assert read_config({"MONGODB_URI": "mongodb://db/", "DEMO": "true"}).is_demo


def test_a_secret_s_value_is_not_in_the_error() -> None:
    with pytest.raises(ConfigError) as raised:
        read_keys(Config(**{**NAMED, "card_keys": "1:not-base64!"}))
    assert "CARD_KEYS" in str(raised.value)
    assert "not-base64" not in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        {"session_keys": KEY},
        {"session_keys": f"x:{KEY}"},
        {"vault_keys": "a:c2hvcnQ="},
        {"vault_index_key": "c2hvcnQ="},
        {"card_keys": f"1:{KEY}:2026-07-15"},
        {"card_keys": f"1:{KEY}:yesterday"},
        {"card_keys": f"!:{KEY}"},
        {"print_keys": "1:c2hvcnQ="},
        {"print_keys": f"1:{KEY}:2026-07-15"},
    ],
)
def test_keys_of_the_wrong_form_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        read_keys(Config(**{**NAMED, **change}))


def test_a_retired_card_key_keeps_its_last_day() -> None:
    keys = read_keys(Config(**{**NAMED, "card_keys": f"1:{KEY}:2026-07-15,2:{KEY}"}))
    assert [(master.id, master.retired) for master in keys.cards] == [("1", date(2026, 7, 15)), ("2", None)]


def test_keys_are_set_together_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_keys(Config(data_dir=tmp_path, session_keys=f"1:{KEY}"))
    with pytest.raises(ConfigError):
        read_keys(Config(data_dir=tmp_path, wechat_appid="wx1", wechat_secret="s"))
    assert list(tmp_path.iterdir()) == []


def test_a_demo_s_keys_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "var")
    first = read_keys(config)
    path = config.data_dir / "secrets.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(config) == first
    assert len(set(json.loads(path.read_text()).values())) == 5


def test_a_folder_from_before_there_were_printed_cards_gets_their_key_and_keeps_the_others(
    tmp_path: Path,
) -> None:
    config = Config(data_dir=tmp_path)
    first = read_keys(config)
    path = tmp_path / "secrets.json"
    secrets = json.loads(path.read_text())
    del secrets["print_keys"]
    path.write_text(json.dumps(secrets))
    second = read_keys(config)
    assert (second.cards, second.vault, second.sessions) == (first.cards, first.vault, first.sessions)
    assert [master.id for master in second.prints] == ["1"]
    assert read_keys(config) == second


def test_a_site_may_do_without_printed_cards() -> None:
    assert read_keys(Config(**NAMED)).prints == ()
    keys = read_keys(Config(**NAMED, print_keys=f"1:{KEY}"))
    assert [master.id for master in keys.prints] == ["1"]


def test_the_proxies_that_are_trusted_are_networks_with_commas() -> None:
    assert read_config({"TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32"}).trusted_proxies


def test_check_files_are_read_by_name() -> None:
    assert read_check_files("") == {}
    read = read_check_files("k3JxQ0a9Zp.txt=5d41402a, MP_verify_aB3.txt=aB-3==")
    assert read == {"k3JxQ0a9Zp.txt": "5d41402a", "MP_verify_aB3.txt": "aB-3=="}
