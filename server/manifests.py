"""What a backup consists of: its files with their digests, counted documents, and the keys that it needs.

A backup is a folder. `manifest.json` lists the others and is written last; `manifest.sha256` holds its digest
in the form of `sha256sum -c`. No key is in a backup: the manifest names those it needs, with fingerprints.
"""

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

MANIFEST = "manifest.json"
DIGEST = "manifest.sha256"
FORMAT = 1
BLOCK_BYTES = 1 << 20

Kind = Literal["sqlite", "bson"]


class BackupError(Exception):
    """A backup or a restore cannot be; its text is one Chinese line for the operator."""


class BackupDamaged(BackupError):
    """A backup is not what it was when it was made."""

    def __init__(self, what: str) -> None:
        super().__init__(f"备份不完整或被改动过：{what}")


class Part(Struct, frozen=True):
    """A file of a backup: its name in the folder, its size and digest."""

    name: str
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a backup is. `documents` counts by collection; `keys` are fingerprints by name."""

    format: int = FORMAT
    made: datetime
    kind: Kind
    database: str
    documents: dict[str, int]
    files: tuple[Part, ...]
    keys: dict[str, str]


def describe(path: Path) -> Part:
    """Return a file's name, size and digest."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return Part(path.name, size, digest.hexdigest())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Complete a backup."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
    write_durably(folder / MANIFEST, content)
    line = f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n"
    write_durably(folder / DIGEST, line.encode())


def read_manifest(folder: Path) -> Manifest:
    """Return a backup's manifest after every file was compared with it; BackupDamaged for any difference."""
    try:
        content = (folder / MANIFEST).read_bytes()
        expected = (folder / DIGEST).read_text(encoding="ascii").partition(" ")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise BackupDamaged(f"{folder} 里没有可读的 {MANIFEST} 和 {DIGEST}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise BackupDamaged(MANIFEST)
    try:
        manifest = msgspec.json.decode(content, type=Manifest)
    except msgspec.DecodeError as error:
        raise BackupDamaged(MANIFEST) from error
    if manifest.format != FORMAT:
        raise BackupError(f"备份的格式是 {manifest.format}，本程序只认识 {FORMAT}")
    for part in manifest.files:
        _compare(folder, part)
    return manifest


def _compare(folder: Path, part: Part) -> None:
    if Path(part.name).name != part.name:
        raise BackupDamaged(part.name)
    try:
        found = describe(folder / part.name)
    except OSError as error:
        raise BackupDamaged(f"缺少 {part.name}") from error
    if found != part:
        raise BackupDamaged(part.name)


def write_durably(path: Path, content: bytes) -> None:
    """Write a new private file and wait until it is on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def flush(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
