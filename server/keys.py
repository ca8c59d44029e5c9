"""Secrets: from the environment, or in a demo made once and kept in `DATA_DIR/secrets.json`, mode 600."""

import base64
import binascii
import hmac
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
FINGERPRINT = b"union-station fingerprint"

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
    made = find_secrets(config)
    if made is None or not (made.print_keys or config.session_keys):
        made = _make(config.data_dir, made)
    return parse_keys(made)


def find_secrets(config: Config) -> Made | None:
    """Return the secrets as they are spelled, or None in a demo that has none yet; ConfigError as above."""
    named = (config.session_keys, config.vault_keys, config.vault_index_key, config.card_keys)
    if all(named):
        return Made(*named, config.print_keys)
    if any(named) or not config.is_demo:
        raise ConfigError("SESSION_KEYS、VAULT_KEYS、VAULT_INDEX_KEY、CARD_KEYS 必须一起设置")
    path = config.data_dir / FILE
    return msgspec.json.decode(path.read_bytes(), type=Made) if path.exists() else None


def write_secrets(path: Path, made: Made) -> None:
    """Write secrets to a new file that only its owner can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
        os.fsync(file.fileno())
    part.rename(path)


def fingerprints(keys: Keys) -> dict[str, str]:
    """Return what tells each key from others by its name (`vault:1`) and gives nothing of it away."""
    named = {f"session:{version}": key for version, key in keys.sessions.items()}
    named |= {f"vault:{name}": key for name, key in keys.vault.items()}
    named |= {f"card:{master.id}": master.key for master in keys.cards}
    named |= {f"print:{master.id}": master.key for master in keys.prints}
    named["vault_index"] = keys.vault_index
    return {name: hmac.digest(key, FINGERPRINT, "sha256")[:8].hex() for name, key in named.items()}


def parse_keys(text: Made) -> Keys:
    """Return secrets ready to use; ConfigError for one that cannot be used."""
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


def _make(data_dir: Path, present: Made | None) -> Made:
    """Make what is missing: everything, or in an older folder the key of printed cards."""
    made = present or Made(f"1:{_new_key()}", f"1:{_new_key()}", _new_key(), f"1:{_new_key()}")
    made = msgspec.structs.replace(made, print_keys=f"1:{_new_key()}")
    write_secrets(data_dir / FILE, made)
    return made


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
