"""`scripts/backup FOLDER [--keys FILE]`: back up what the configuration points at; the service may run."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from models.clock import utc_now
from server.backups import back_up
from server.config import Config, ConfigError, read_config
from server.keys import find_secrets, write_secrets
from server.manifests import BackupError, read_manifest


def main() -> int:
    """Make a backup, say what is in it; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/backup", description="备份数据库（服务可以继续运行）")
    parser.add_argument("folder", type=Path, help="备份放在哪个目录下（每次新建一个子目录）")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="另把密钥写到这个文件，请与备份分开保管")
    arguments = parser.parse_args()
    try:
        config = read_config(os.environ)
        if arguments.keys:
            check_apart(arguments.keys, arguments.folder)
        folder = asyncio.run(back_up(config, arguments.folder, utc_now))
        manifest = read_manifest(folder)
        if arguments.keys:
            save_keys(config, arguments.keys)
    except (BackupError, ConfigError, OSError) as error:
        print(f"没有备份：{error}", file=sys.stderr)
        return 1
    print(f"已备份到 {folder}（{manifest.kind}，共 {sum(manifest.documents.values())} 条）")
    for name, number in manifest.documents.items():
        print(f"  {name}: {number}")
    print(f"恢复时需要的密钥：{'、'.join(manifest.keys) or '无'}（不在备份里）")
    return 0


def check_apart(keys: Path, folder: Path) -> None:
    """Refuse to put the keys where the backups are, or over a file: BackupError."""
    if keys.resolve().is_relative_to(folder.resolve()):
        raise BackupError("密钥不能放在备份目录里")
    if keys.exists():
        raise BackupError(f"{keys} 已存在")


def save_keys(config: Config, path: Path) -> None:
    """Write the secrets to a file that only its owner can read; BackupError when there are none."""
    secrets = find_secrets(config)
    if secrets is None:
        raise BackupError("没有密钥可写")
    write_secrets(path, secrets)


if __name__ == "__main__":
    sys.exit(main())
