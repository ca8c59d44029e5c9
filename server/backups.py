"""Backups: everything in the documents' database, in a folder of its own, while the service runs.

Embedded engine: a snapshot of each database file, so the whole is of one instant. MongoDB: an export of ours
through the driver, collection by collection in the order of `_id`, as compressed BSON that `mongorestore
--gzip` reads as well. It is of no single instant: what a service wrote meanwhile may be in it or not, as
after a crash, which the service puts right by itself. A document that was acknowledged before the backup
began is in it in either case. Redis is left out: it holds nothing that matters.
"""

import asyncio
import gzip
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import bson
from pymongo.errors import PyMongoError

from models.clock import LOCAL, Now
from models.leases import LEASES
from models.migrations import OWN, RESTORE
from server.config import Config
from server.engines import open_documents
from server.keys import find_secrets, fingerprints, parse_keys
from server.manifests import BackupError, Kind, Manifest, describe, flush, write_manifest
from server.snapshots import SUFFIX, count_documents, list_databases, take_snapshot

BSON_SUFFIX = ".bson.gz"
BATCH_DOCUMENTS = 1000
COMPRESSION = 6
"""A higher level takes much longer and saves little."""

Counts = dict[str, int]


class NothingToBackUp(BackupError):
    """There is no database where the configuration points."""


async def back_up(config: Config, parent: Path, now: Now) -> Path:
    """Write a backup into a new folder under `parent` and return it; BackupError when that cannot be.

    The folder bears its name only when it is complete; what was cut short begins with a dot.
    """
    at = now()
    folder = parent / f"{config.mongodb_database}-{at.astimezone(LOCAL):%Y%m%d-%H%M%S}"
    part = _begin(parent, folder)
    try:
        await _fill(config, part, at)
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part)
        raise
    flush(parent)
    return folder


def _begin(parent: Path, folder: Path) -> Path:
    """Make the folder that a backup is written to until it is complete; BackupError if one is there."""
    part = parent / f".{folder.name}.part"
    if folder.exists():
        raise BackupError(f"{folder} 已存在")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        part.mkdir(mode=0o700)
    except FileExistsError as error:
        raise BackupError(f"{part} 已存在：另一次备份正在进行，或曾中断（可删除它）") from error
    return part


async def _fill(config: Config, folder: Path, at: datetime) -> None:
    if config.mongodb_uri:
        kind: Kind = "bson"
        documents = await _export(config, folder)
    else:
        kind = "sqlite"
        documents = await asyncio.to_thread(_copy, config, folder)
    write_manifest(folder, _manifest(config, folder, kind, documents, at))
    flush(folder)


def _manifest(config: Config, folder: Path, kind: Kind, documents: Counts, at: datetime) -> Manifest:
    secrets = find_secrets(config)
    return Manifest(
        made=at,
        kind=kind,
        database=config.mongodb_database,
        documents=documents,
        files=tuple(describe(path) for path in sorted(folder.iterdir())),
        keys=fingerprints(parse_keys(secrets)) if secrets else {},
    )


def _copy(config: Config, folder: Path) -> Counts:
    """Copy the embedded engine's databases; return the counts of the service's own."""
    sources = list_databases(config.data_dir)
    own = config.mongodb_database + SUFFIX
    if own not in [source.name for source in sources]:
        raise NothingToBackUp(f"{config.data_dir} 里没有数据库")
    try:
        for source in sources:
            take_snapshot(source, folder / source.name)
            flush(folder / source.name)
        return count_documents(folder / own)
    except sqlite3.Error as error:
        raise BackupError(f"数据库文件不能备份：{error}") from error


async def _export(config: Config, folder: Path) -> Counts:
    """Write every collection of a MongoDB database; return the counts."""
    documents = await open_documents(config.mongodb_uri, config.data_dir)
    try:
        database = documents.client[config.mongodb_database]
        names = [name for name in sorted(await database.list_collection_names()) if _is_ours(name)]
        if not names:
            raise NothingToBackUp(f"数据库 {config.mongodb_database} 是空的")
        return {name: await _export_collection(database[name], folder, name) for name in names}
    except PyMongoError as error:
        raise BackupError(f"数据库没有应答：{type(error).__name__}") from error
    finally:
        await documents.close()


def _is_ours(name: str) -> bool:
    """Say whether a collection is kept; who held a lease is over and done with."""
    return name != LEASES.name and not name.startswith("system.")


async def _export_collection(collection: Any, folder: Path, name: str) -> int:
    path, number = folder / f"{name}{BSON_SUFFIX}", 0
    path.touch(mode=0o600, exist_ok=False)
    with gzip.GzipFile(path, "wb", COMPRESSION, mtime=0) as file:
        async for document in collection.find({}, sort=[("_id", 1)], batch_size=BATCH_DOCUMENTS):
            if name in OWN and document["_id"] == RESTORE:
                raise BackupError("数据库的恢复尚未完成，不能备份")
            file.write(bson.encode(document))
            number += 1
    flush(path)
    return number
