"""Secrets: from the environment, or in a demo made once and kept in `DATA_DIR/secrets.json`, mode 600."""

import base64
import binascii
import os
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from models.card_codes import Master
from server.config import Config, ConfigError

KEY_BYTES = 32
FILE = "secrets.json"

T = TypeVar("T")


class Keys(Struct, frozen=True):
    """All secrets of the program, ready to use."""

    sessions: dict[int, bytes]
    vault: dict[str, bytes]
    vault_index: bytes
    cards: tuple[Master, ...]
    prints: tuple[Master, ...]


class Made(Struct, frozen=True):
    """Secrets made for a data folder, spelled as in the environment."""

    session_keys: str
    vault_keys: str
    vault_index_key: str
    card_keys: str
    print_keys: str = ""


def read_keys(config: Config) -> Keys:
    """Return the secrets; ConfigError for one that cannot be used, or is missing in production."""
    named = (config.session_keys, config.vault_keys, config.vault_index_key, config.card_keys)
    if all(named):
        return _keys(Made(*named, config.print_keys))
    if any(named) or not config.is_demo:
        raise ConfigError("SESSION_KEYS、VAULT_KEYS、VAULT_INDEX_KEY、CARD_KEYS 必须一起设置")
    return _keys(_made_once(config.data_dir))


def _keys(text: Made) -> Keys:
    return Keys(
        sessions=_read("SESSION_KEYS", lambda: {int(name): key for name, key in _pairs(text.session_keys)}),
        vault=_read("VAULT_KEYS", lambda: dict(_pairs(text.vault_keys))),
        vault_index=_read("VAULT_INDEX_KEY", lambda: _key(text.vault_index_key)),
        cards=_read("CARD_KEYS", lambda: _masters(text.card_keys)),
        prints=_read("PRINT_KEYS", lambda: _masters(text.print_keys)) if text.print_keys else (),
    )


def _read(name: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, binascii.Error, IndexError) as error:
        raise ConfigError(f"{name} 的格式不对") from error


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError("a key has 32 bytes")
    return key


def _pairs(text: str) -> list[tuple[str, bytes]]:
    pairs = [part.strip().split(":") for part in text.split(",")]
    return [(pair[0], _key(pair[1])) for pair in pairs]


def _masters(text: str) -> tuple[Master, ...]:
    masters = []
    for part in text.split(","):
        key_id, key, *retired = part.strip().split(":")
        masters.append(Master(key_id, _key(key), date.fromisoformat(retired[0]) if retired else None))
    if all(master.retired for master in masters):
        raise ValueError("one master must be in use")
    return tuple(masters)


def _made_once(data_dir: Path) -> Made:
    path = data_dir / FILE
    if path.exists():
        made = msgspec.json.decode(path.read_bytes(), type=Made)
        if made.print_keys:
            return made
        # The folder is from before there were printed cards.
        made = msgspec.structs.replace(made, print_keys=f"1:{_new_key()}")
    else:
        made = Made(f"1:{_new_key()}", f"1:{_new_key()}", _new_key(), f"1:{_new_key()}", f"1:{_new_key()}")
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = data_dir / f"{FILE}.{os.getpid()}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
        os.fsync(file.fileno())
    part.rename(path)
    return made


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
