"""Looks through a whole database for what names somebody, in the open and inside seals."""

import base64
import binascii
import secrets
from collections.abc import Iterator
from typing import Any

from models.documents import MARK
from models.people import Particulars
from models.store import Database
from models.vault import BrokenSeal, Vault, mask_name


def invent_name() -> str:
    """A name whose masked form (its ends) names nobody else's either, as long as two draws of 4e8 differ."""
    first, last = (chr(0x4E00 + secrets.randbelow(0x5000)) for _ in range(2))
    return f"{first}{secrets.token_hex(4)}{last}"


def marks_of(who: Particulars, vault: Vault) -> set[str]:
    """All that names somebody: the texts themselves, their blind indexes, the masked name."""
    kinds = {"name": who.name, "id_document": who.id_document, "phone": who.phone, "openid": who.openid or ""}
    texts = {text for text in kinds.values() if text}
    return {*texts, mask_name(who.name), *(vault.blind(kind, text) for kind, text in kinds.items() if text)}


async def find_traces(database: Database, vault: Vault, marks: set[str]) -> list[str]:
    """Return where any of the marks stands, as `collection.path`."""
    found = []
    for name in await database.list_collection_names():
        for document in await database[name].find({}).to_list():
            for path, text in _texts(document):
                opened = _opened(vault, name, str(document["_id"]), path, text)
                if any(mark in one for mark in marks for one in (text, opened)):
                    found.append(f"{name}.{path}")
    return found


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield path, str(key)
            yield from _texts(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, path)
    else:
        yield path, str(value)


def _opened(vault: Vault, collection: str, document: str, path: str, text: str) -> str:
    """Return what a sealed text says, empty for one that is not sealed."""
    try:
        sealed = base64.b64decode(text.removeprefix(MARK), validate=True)
        return vault.open(collection, document.removeprefix(MARK), path.partition(".")[0], sealed)
    except (binascii.Error, ValueError, BrokenSeal):
        return ""
