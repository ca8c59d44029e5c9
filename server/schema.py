"""Whether this program may work on a database, judged by the number of its form before anything is served."""

from models.clock import Now
from models.migrations import VERSION, Schema
from models.store import Database
from server.folder import CannotStart


class SchemaNewer(CannotStart):
    """The documents have a form that a later program made."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"数据库的数据结构版本是 {version}，本程序只认识到 {VERSION}：请换用更新的程序，不要用旧程序打开"
        )


class SchemaOlder(CannotStart):
    """The documents have a form that has to be brought up first."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"数据库的数据结构版本是 {version}，本程序需要 {VERSION}：请先备份，再运行 scripts/migrate"
        )


class RestoreUnfinished(CannotStart):
    """A restore into this database began and did not end."""

    def __init__(self) -> None:
        super().__init__("数据库的恢复没有完成：请重新运行 scripts/restore --replace")


async def check_schema(database: Database, now: Now) -> None:
    """Let a database pass that is of this program's form, and stamp an empty one.

    Raises the refusals above, EngineUnavailable when the documents cannot be asked.
    """
    schema = Schema(database, now)
    if await schema.is_restoring():
        raise RestoreUnfinished
    version = await schema.find_version()
    if version is None:
        await schema.stamp(VERSION)
    elif version > VERSION:
        raise SchemaNewer(version)
    elif version < VERSION:
        raise SchemaOlder(version)
