"""Restores: a backup of either kind into either engine, after it was compared with its manifest.

The service must be stopped. An embedded engine's files go back into a data folder as they were; everything
else is inserted document by document, and until the last one is in, a mark in the database keeps a service
from starting on half of it. Indexes are not restored: the service makes them when it starts.
"""

import asyncio
import gzip
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import bson
from pymongo import WriteConcern
from pymongo.errors import PyMongoError

from models.clock import Now
from models.documents import Document
from models.leases import LEASES
from models.migrations import META, OWN, RESTORE, Schema, is_empty
from models.store import Database
from server.backups import BSON_SUFFIX
from server.config import Config
from server.engines import Documents, open_documents
from server.folder import FolderLock
from server.manifests import BackupDamaged, BackupError, Manifest, flush, read_manifest
from server.snapshots import SUFFIX, count_documents, documents_folder

BATCH_DOCUMENTS = 500
# The embedded engine would wait for the disk after each document; a restore that is cut short is repeated.
HASTY = WriteConcern(w=1)

Reader = Callable[[str], AsyncIterator[Document]]


class TargetNotEmpty(BackupError):
    """There are documents where the backup is to go."""

    def __init__(self, database: str) -> None:
        super().__init__(f"数据库 {database} 不是空的；确定要用备份取代它，请加 --replace")


async def restore(config: Config, folder: Path, now: Now, *, is_replacing: bool = False) -> Manifest:
    """Put a backup where the configuration points and return its manifest.

    Raises BackupDamaged before anything is touched, TargetNotEmpty, BackupError for an engine that fails, and
    DataFolderInUse while a service runs on the data folder.
    """
    manifest = await asyncio.to_thread(read_manifest, folder)
    if manifest.kind == "sqlite" and not config.mongodb_uri:
        await _put_files(config, folder, manifest, is_replacing=is_replacing)
        return manifest
    try:
        async with _reader(folder, manifest) as read, _target(config) as database:
            await _insert(database, read, manifest, now, is_replacing=is_replacing)
    except PyMongoError as error:
        raise BackupError(f"恢复没有完成，数据库没有应答：{type(error).__name__}") from error
    return manifest


async def _put_files(config: Config, folder: Path, manifest: Manifest, *, is_replacing: bool) -> None:
    """Put an embedded engine's files into a data folder that no service holds."""
    lock = await FolderLock.acquire(config.data_dir, 0.0)
    try:
        await asyncio.to_thread(_replace_files, config, folder, manifest, is_replacing)
    finally:
        lock.release()


def _replace_files(config: Config, folder: Path, manifest: Manifest, is_replacing: bool) -> None:  # noqa: FBT001  # By place through the thread.
    target = documents_folder(config.data_dir)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.parent.chmod(0o700)
    own = target / f"{config.mongodb_database}{SUFFIX}"
    if own.exists() and not is_replacing and _has_documents(own):
        raise TargetNotEmpty(config.mongodb_database)
    for part in manifest.files:
        is_own = part.name == f"{manifest.database}{SUFFIX}"
        _replace_file(folder / part.name, own if is_own else target / part.name)
    flush(target)
    if count_documents(own) != manifest.documents:
        raise BackupDamaged(own.name)


def _has_documents(path: Path) -> bool:
    try:
        return any(number for name, number in count_documents(path).items() if name not in OWN)
    except sqlite3.Error:
        return True


def _replace_file(source: Path, target: Path) -> None:
    """Put a database file in another's place, together with its log: an old log would be played into it."""
    fresh = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o600)
    flush(fresh)
    for log in ("-wal", "-shm", "-journal"):
        target.with_name(target.name + log).unlink(missing_ok=True)
    fresh.replace(target)


@asynccontextmanager
async def _target(config: Config) -> AsyncIterator[Database]:
    """Open the database that the configuration names."""
    documents = await open_documents(config.mongodb_uri or None, config.data_dir)
    try:
        concern = None if config.mongodb_uri else HASTY
        yield documents.client.get_database(config.mongodb_database, write_concern=concern)
    finally:
        await documents.close()


async def _insert(
    database: Database, read: Reader, manifest: Manifest, now: Now, *, is_replacing: bool
) -> None:
    """Fill a database, its notes on itself last, and count what is there."""
    if not is_replacing and not await is_empty(database):
        raise TargetNotEmpty(database.name)
    await database.client.drop_database(database.name)
    schema = Schema(database, now)
    await schema.begin_restore()
    names = sorted(manifest.documents.keys() - {LEASES.name}, key=lambda name: (name == META.name, name))
    for name in names:
        async for documents in _batches(read(name)):
            if name == META.name and any(document["_id"] == RESTORE for document in documents):
                raise BackupError("这个备份是在一次未完成的恢复上做的，不能使用")
            await database[name].insert_many(documents, ordered=False)
    for name in names:
        # Read, not estimated: the `count` command may answer from the engine's own statistics.
        found = await database[name].count_documents({})
        if found != manifest.documents[name] + (name == META.name):
            raise BackupDamaged(f"{name} 应有 {manifest.documents[name]} 条，恢复了 {found} 条")
    await schema.end_restore()


async def _batches(documents: AsyncIterator[Document]) -> AsyncIterator[list[Document]]:
    batch: list[Document] = []
    async for document in documents:
        batch.append(document)
        if len(batch) == BATCH_DOCUMENTS:
            yield batch
            batch = []
    if batch:
        yield batch


@asynccontextmanager
async def _reader(folder: Path, manifest: Manifest) -> AsyncIterator[Reader]:
    """Open a backup for reading, a collection at a time; a snapshot is read by an engine of its own."""
    if manifest.kind == "bson":
        yield partial(_read_export, folder)
        return
    with tempfile.TemporaryDirectory() as scratch:
        target = documents_folder(Path(scratch))
        target.mkdir(mode=0o700, parents=True)
        for part in manifest.files:
            await asyncio.to_thread(shutil.copyfile, folder / part.name, target / part.name)
        documents = await open_documents(None, Path(scratch))
        try:
            yield partial(_read_snapshot, documents, manifest.database)
        finally:
            await documents.close()


async def _read_export(folder: Path, name: str) -> AsyncIterator[Document]:
    with gzip.open(folder / f"{name}{BSON_SUFFIX}", "rb") as file:
        stream: Any = file  # PyMongo's annotation knows only files of the system; it calls `read` alone.
        for document in bson.decode_file_iter(stream):
            yield document


async def _read_snapshot(documents: Documents, database: str, name: str) -> AsyncIterator[Document]:
    cursor: Any = documents.client[database][name].find({}, batch_size=BATCH_DOCUMENTS)
    async for document in cursor:
        yield document
