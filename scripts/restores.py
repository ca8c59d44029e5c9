"""`scripts/restore BACKUP [--replace] [--keys FILE]`: put a backup where the configuration points."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

import msgspec

from models.clock import utc_now
from server.config import Config, ConfigError, read_config
from server.folder import CannotStart
from server.keys import FILE, Made, find_secrets, fingerprints, parse_keys, write_secrets
from server.manifests import BackupError, Manifest
from server.restores import restore


def main() -> int:
    """Restore a backup, say what is missing to read it; return the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/restore", description="恢复备份（先停止服务）")
    parser.add_argument("backup", type=Path, help="scripts/backup 做的备份目录")
    parser.add_argument("--replace", action="store_true", help="取代数据库里已有的数据")
    parser.add_argument("--keys", type=Path, metavar="FILE", help="scripts/backup --keys 写的文件")
    arguments = parser.parse_args()
    try:
        config = read_config(os.environ)
        given = read_given(config, arguments.keys) if arguments.keys else None
        manifest = asyncio.run(restore(config, arguments.backup, utc_now, is_replacing=arguments.replace))
        if given:
            write_secrets(config.data_dir / FILE, given)
    except (BackupError, ConfigError, CannotStart, OSError) as error:
        print(f"没有恢复：{error}", file=sys.stderr)
        return 1
    print(f"已恢复 {manifest.made.isoformat()} 的备份，共 {sum(manifest.documents.values())} 条")
    for name in missing_keys(config, manifest):
        print(f"缺少密钥 {name}：请用环境变量或 --keys 提供，否则用它加密的内容读不出来")
    return 0


def read_given(config: Config, path: Path) -> Made:
    """Return the secrets that a file holds; BackupError if the data folder has others."""
    try:
        given = msgspec.json.decode(path.read_bytes(), type=Made)
    except msgspec.DecodeError as error:
        raise BackupError(f"{path} 不是密钥文件") from error
    present = find_secrets(config)
    if present is not None and present != given:
        raise BackupError("已经设置了另外的密钥；请先确认该用哪一套")
    return given


def missing_keys(config: Config, manifest: Manifest) -> list[str]:
    """Return the names of the keys that the backup was made with and that are not here."""
    secrets = find_secrets(config)
    here = fingerprints(parse_keys(secrets)) if secrets else {}
    return [name for name, fingerprint in manifest.keys.items() if here.get(name) != fingerprint]


if __name__ == "__main__":
    sys.exit(main())
