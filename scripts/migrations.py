"""`scripts/migrate [--dry-run]`: bring the stored documents to the form of this program."""

import argparse
import asyncio
import os
import socket
import sys

from models.clock import utc_now
from models.migrations import VERSION, MigrationRunning, Schema, due, migrate
from models.store import EngineUnavailable
from server.config import Config, ConfigError, read_config
from server.engines import open_documents
from server.folder import CannotStart


def main() -> int:
    """Do what is due, or print it; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/migrate", description="把数据库升级到本程序的数据结构")
    parser.add_argument("--dry-run", action="store_true", help="只列出要做的事，不改数据")
    arguments = parser.parse_args()
    try:
        asyncio.run(run(read_config(os.environ), is_dry=arguments.dry_run))
    except MigrationRunning:
        print("没有升级：另一个进程正在升级", file=sys.stderr)
        return 1
    except (ConfigError, CannotStart, EngineUnavailable, OSError) as error:
        print(f"没有升级：{error}", file=sys.stderr)
        return 1
    return 0


async def run(config: Config, *, is_dry: bool) -> None:
    """Print where the database stands and what is due, and do it unless `is_dry`."""
    documents = await open_documents(config.mongodb_uri or None, config.data_dir)
    try:
        database = documents.client[config.mongodb_database]
        version = await Schema(database, utc_now).find_version()
        if version is not None and version > VERSION:
            raise CannotStart(f"数据结构版本是 {version}，本程序只认识到 {VERSION}")
        print(f"数据结构版本：{'空数据库' if version is None else version}；本程序：{VERSION}")
        for migration in await due(database, utc_now):
            print(f"  {migration.version}. {migration.words}")
            for line in await migration.plan(database):
                print(f"     {line}")
        if is_dry:
            print("以上没有执行（--dry-run）")
            return
        done = await migrate(database, f"{socket.gethostname()}:{os.getpid()}", utc_now)
        print(f"已升级到 {VERSION}" if done else "没有要做的")
    finally:
        await documents.close()


if __name__ == "__main__":
    sys.exit(main())
