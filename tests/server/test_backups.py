"""Backups: made under load, restored to an empty engine of either kind, served from; damage refused."""

import asyncio
import io
import itertools
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from tornado.httpclient import AsyncHTTPClient

from models.clock import utc_now
from models.migrations import META, Mark, Schema
from models.store import Store
from scripts import backups, restores
from server.backups import NothingToBackUp, back_up
from server.config import Config
from server.folder import DataFolderInUse
from server.keys import FILE, find_secrets, fingerprints, read_keys
from server.manifests import (
    DIGEST,
    MANIFEST,
    BackupDamaged,
    BackupError,
    Manifest,
    describe,
    read_manifest,
    write_manifest,
)
from server.restores import TargetNotEmpty, restore
from server.schema import RestoreUnfinished
from server.service import Service
from server.snapshots import SUFFIX, count_documents, documents_folder
from tests.factories import Clock, Factory, Http
from tests.server.harness import real_engines

pytestmark = pytest.mark.engines

KINDS = [
    pytest.param(False, id="embedded"),
    pytest.param(True, id="configured", marks=real_engines),
]
Documents = AsyncCollection[dict[str, Any]]


class Places:
    """Configurations that point at empty places, embedded or configured; what they make is removed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = itertools.count()
        self.databases: list[str] = []

    def empty(self, *, configured: bool, name: str = "") -> Config:
        self.databases.append(name or f"test_{secrets.token_hex(6)}")
        return Config(
            port=0,
            data_dir=self._folder / f"machine-{next(self._number)}",
            mongodb_uri=os.environ["MONGODB_URI"] if configured else "",
            mongodb_database=self.databases[-1],
            demo=True,
        )


@pytest.fixture
async def places(tmp_path: Path) -> AsyncIterator[Places]:
    places = Places(tmp_path)
    yield places
    if "MONGODB_URI" in os.environ:
        async with AsyncMongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
            for name in places.databases:
                await client.drop_database(name)


@pytest.fixture
async def client() -> AsyncIterator[AsyncHTTPClient]:
    client = AsyncHTTPClient(force_instance=True)
    yield client
    client.close()


class Load:
    """Concurrent inserts into a service's own engine; notes what was acknowledged."""

    def __init__(self, service: Service) -> None:
        store: Any = service.world.stores[0]
        self._documents: Documents = store._documents.database["load"]
        self._is_over = False
        self.acknowledged: set[str] = set()

    async def run(self) -> None:
        await asyncio.gather(*(self._write(writer) for writer in range(8)))

    async def goes_on(self) -> None:
        enough = len(self.acknowledged) + 40
        async with asyncio.timeout(20):
            while len(self.acknowledged) < enough:  # noqa: ASYNC110  # The writers set no event.
                await asyncio.sleep(0.01)

    def end(self) -> None:
        self._is_over = True

    async def _write(self, writer: int) -> None:
        for number in itertools.count():
            if self._is_over:
                return
            key = f"{writer}-{number}"
            await self._documents.insert_one({"_id": key, "text": "服务站" * 20, "flags": {"a": True}})
            self.acknowledged.add(key)


async def ids_of(service: Service) -> set[str]:
    store: Any = service.world.stores[0]
    found = await store._documents.database["load"].find({}, batch_size=10_000).to_list()
    return {document["_id"] for document in found}


async def open_service(config: Config) -> Service:
    return await Service.open(config, Clock().now, io.StringIO())


async def make_backup(config: Config, folder: Path, client: AsyncHTTPClient) -> tuple[Path, set[str], str]:
    """Back up a service that is being written to; what was acknowledged before, and a member's token."""
    service = await open_service(config)
    someone = await Factory(service, Http(client, service.url), Clock()).member()
    load = Load(service)
    running = asyncio.create_task(load.run())
    await load.goes_on()
    before = set(load.acknowledged)
    backup = await back_up(config, folder, utc_now)
    await load.goes_on()
    load.end()
    await running
    await service.close()
    return backup, before, someone.token


def take_keys(source: Config, target: Config) -> None:
    target.data_dir.mkdir(parents=True)
    shutil.copy(source.data_dir / FILE, target.data_dir / FILE)


@pytest.mark.parametrize("to_configured", KINDS)
@pytest.mark.parametrize("from_configured", KINDS)
async def test_everything_acknowledged_before_a_backup_is_there_after_its_restore_and_a_service_answers(
    places: Places, client: AsyncHTTPClient, tmp_path: Path, *, from_configured: bool, to_configured: bool
) -> None:
    source = places.empty(configured=from_configured)
    backup, before, token = await make_backup(source, tmp_path / "backups", client)
    target = places.empty(configured=to_configured)
    take_keys(source, target)
    manifest = await restore(target, backup, utc_now)
    assert manifest.database == source.mongodb_database
    assert manifest.documents["load"] >= len(before)
    service = await open_service(target)
    http = Http(client, service.url)
    assert before <= await ids_of(service)
    assert (await http("GET", "/readyz")).status == 200
    assert (await http("GET", "/api/v1/card", token=token)).status == 200
    assert (await http("GET", "/api/v1/members/me", token=token)).json["name"] == "测**工"
    await service.close()


@pytest.fixture
async def small(places: Places, tmp_path: Path) -> tuple[Config, Path]:
    """A stopped embedded service with one document more than the demo's, and its backup."""
    config = places.empty(configured=False)
    await (await open_service(config)).close()
    return config, await back_up(config, tmp_path / "backups", utc_now)


@pytest.mark.parametrize("configured", KINDS)
async def test_target_with_documents_is_refused_unless_it_is_to_be_replaced(
    places: Places, small: tuple[Config, Path], *, configured: bool
) -> None:
    source, backup = small
    target = places.empty(configured=configured)
    take_keys(source, target)
    service = await open_service(target)
    load = Load(service)
    running = asyncio.create_task(load.run())
    await load.goes_on()
    load.end()
    await running
    await service.close()
    with pytest.raises(TargetNotEmpty, match="--replace"):
        await restore(target, backup, utc_now)
    await restore(target, backup, utc_now, is_replacing=True)
    service = await open_service(target)
    assert await ids_of(service) == set()
    await service.close()


async def test_folder_that_a_service_holds_is_refused(small: tuple[Config, Path]) -> None:
    config, backup = small
    service = await open_service(config)
    with pytest.raises(DataFolderInUse):
        await restore(config, backup, utc_now, is_replacing=True)
    await service.close()


async def test_old_log_of_a_killed_engine_is_not_played_into_restored_files(
    small: tuple[Config, Path],
) -> None:
    config, backup = small
    own = documents_folder(config.data_dir) / f"{config.mongodb_database}{SUFFIX}"
    own.with_name(own.name + "-wal").write_bytes(b"of another life")
    manifest = await restore(config, backup, utc_now, is_replacing=True)
    assert count_documents(own) == manifest.documents


def damage_manifest(backup: Path) -> None:
    path = backup / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"sqlite"', b'"bson"  '))


def truncate_file(backup: Path) -> None:
    path = next(backup.glob(f"test_*{SUFFIX}"))
    path.write_bytes(path.read_bytes()[:-1])


def alter_file(backup: Path) -> None:
    path = next(backup.glob(f"test_*{SUFFIX}"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def lose_file(backup: Path) -> None:
    next(backup.glob(f"test_*{SUFFIX}")).unlink()


def lose_manifest(backup: Path) -> None:
    (backup / MANIFEST).unlink()


def lose_digest(backup: Path) -> None:
    (backup / DIGEST).unlink()


def lead_outside(backup: Path) -> None:
    manifest = read_manifest(backup)
    parts = (msgspec.structs.replace(manifest.files[0], name="../outside.db"), *manifest.files[1:])
    rewrite(backup, msgspec.structs.replace(manifest, files=parts))


def rewrite(backup: Path, manifest: Manifest) -> None:
    (backup / MANIFEST).unlink()
    (backup / DIGEST).unlink()
    write_manifest(backup, manifest)


@pytest.mark.parametrize(
    "damage",
    [damage_manifest, truncate_file, alter_file, lose_file, lose_manifest, lose_digest, lead_outside],
)
async def test_damaged_backup_is_refused_before_anything_is_touched(
    places: Places, small: tuple[Config, Path], damage: Any
) -> None:
    _, backup = small
    damage(backup)
    target = places.empty(configured=False)
    with pytest.raises(BackupDamaged):
        await restore(target, backup, utc_now, is_replacing=True)
    assert not target.data_dir.exists()


async def test_backup_of_a_later_format_is_refused(places: Places, small: tuple[Config, Path]) -> None:
    _, backup = small
    rewrite(backup, msgspec.structs.replace(read_manifest(backup), format=2))
    with pytest.raises(BackupError, match="格式是 2"):
        await restore(places.empty(configured=False), backup, utc_now)


@real_engines
async def test_restore_that_lost_documents_keeps_the_service_from_starting(
    places: Places, small: tuple[Config, Path]
) -> None:
    source, backup = small
    manifest = read_manifest(backup)
    counts = manifest.documents | {"stations": manifest.documents["stations"] + 1}
    rewrite(backup, msgspec.structs.replace(manifest, documents=counts))
    target = places.empty(configured=True)
    with pytest.raises(BackupDamaged, match="stations"):
        await restore(target, backup, utc_now)
    take_keys(source, target)
    with pytest.raises(RestoreUnfinished):
        await open_service(target)
    with pytest.raises(BackupError, match="尚未完成"):
        await back_up(target, backup.parent, utc_now)
    rewrite(backup, manifest)
    await restore(target, backup, utc_now, is_replacing=True)
    await (await open_service(target)).close()


@real_engines
async def test_backup_of_half_a_restore_is_refused(places: Places, small: tuple[Config, Path]) -> None:
    _, backup = small
    half = places.empty(configured=False)
    await restore(half, backup, utc_now)
    half_service = await open_service(half)
    marks: Store[Mark] = half_service.world.stores[-2]
    schema = Schema(marks._documents.database, utc_now)
    await schema.begin_restore()
    await half_service.close()
    again = await back_up(half, backup.parent / "half", utc_now)
    assert read_manifest(again).documents[META.name] == 2
    with pytest.raises(BackupError, match="未完成"):
        await restore(places.empty(configured=True), again, utc_now)


@pytest.mark.parametrize("configured", KINDS)
async def test_place_without_documents_gives_no_backup(
    places: Places, tmp_path: Path, *, configured: bool
) -> None:
    with pytest.raises(NothingToBackUp):
        await back_up(places.empty(configured=configured), tmp_path / "backups", utc_now)
    assert list((tmp_path / "backups").iterdir()) == []


async def test_two_backups_of_one_second_do_not_mix(small: tuple[Config, Path]) -> None:
    config, backup = small
    made = read_manifest(backup).made
    with pytest.raises(BackupError, match="已存在"):
        await back_up(config, backup.parent, lambda: made)


async def test_no_key_is_in_a_backup_and_the_manifest_names_those_it_needs(
    small: tuple[Config, Path],
) -> None:
    config, backup = small
    made = find_secrets(config)
    assert made is not None
    content = b"".join(path.read_bytes() for path in backup.iterdir())
    for text in msgspec.structs.astuple(made):
        assert text.rpartition(":")[2].encode() not in content
    keys = read_manifest(backup).keys
    assert set(keys) == {"session:1", "vault:1", "card:1", "print:1", "vault_index"}
    assert keys == fingerprints(read_keys(config))
    assert backup.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in backup.iterdir())
    assert describe(backup / MANIFEST).sha256 == (backup / DIGEST).read_text().split()[0]


class Script:
    """The two commands as an operator runs them, each in a process of its own."""

    def __init__(self, config: Config) -> None:
        self._variables = os.environ | {
            "DATA_DIR": str(config.data_dir),
            "MONGODB_URI": config.mongodb_uri,
            "MONGODB_DATABASE": config.mongodb_database,
            "DEMO": "true",
        }

    async def __call__(self, module: Any, *arguments: object) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module.__name__, *map(str, arguments)),
            env=self._variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


async def test_commands_bring_a_service_with_its_keys_to_an_empty_machine(
    places: Places, tmp_path: Path
) -> None:
    source = places.empty(configured=False)
    await (await open_service(source)).close()
    run, keys, folder = Script(source), tmp_path / "keys.json", tmp_path / "backups"
    status, _, err = await run(backups, folder, "--keys", folder / "keys.json")
    assert (status, "密钥不能放在备份目录里" in err) == (1, True)
    status, out, err = await run(backups, folder, "--keys", keys)
    assert (status, err) == (0, "")
    assert "stations: " in out
    assert keys.stat().st_mode & 0o777 == 0o600
    [backup] = folder.iterdir()

    target = places.empty(configured=False)
    there = Script(target)
    status, out, _ = await there(restores, backup)
    assert (status, out.count("缺少密钥")) == (0, 5)
    status, _, err = await there(restores, backup)
    assert (status, "--replace" in err) == (1, True)
    status, out, _ = await there(restores, backup, "--replace", "--keys", keys)
    assert (status, out.count("缺少密钥")) == (0, 0)
    assert find_secrets(target) == find_secrets(source)
    await (await open_service(target)).close()
    (target.data_dir / FILE).unlink()
    read_keys(target)
    status, _, err = await there(restores, backup, "--replace", "--keys", keys)
    assert (status, "另外的密钥" in err) == (1, True)
