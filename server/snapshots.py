"""The embedded engine's files, copied while it runs: SQLite's own online backup, checked and counted."""

import sqlite3
from contextlib import closing
from pathlib import Path

WAIT_SECONDS = 30.0
SUFFIX = ".db"
# A collection is a table with these two columns; what else is in a file is the engine's own.
COLLECTIONS = (
    "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_master.name) WHERE name = '_id')"
    " AND EXISTS (SELECT 1 FROM pragma_table_info(sqlite_master.name) WHERE name = 'data')"
    " ORDER BY name"
)


def documents_folder(data_dir: Path) -> Path:
    """Return where the embedded engine of a data folder keeps its databases."""
    return data_dir / "engine" / "documents"


def list_databases(data_dir: Path) -> list[Path]:
    """Return the files of the embedded engine's databases."""
    return sorted(documents_folder(data_dir).glob(f"*{SUFFIX}"))


def take_snapshot(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant into one file without a log beside it.

    Whoever writes to it goes on; what was committed before the call is in the copy. sqlite3.Error if it is no
    sound database.
    """
    target.touch(mode=0o600, exist_ok=False)
    with closing(_open(source)) as live, closing(_open(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        check_soundness(copy)


def check_soundness(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError unless a database holds together."""
    [(verdict,)] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def count_documents(path: Path) -> dict[str, int]:
    """Return how many documents each collection of a database file holds."""
    with closing(_open(path)) as connection:
        names = [name for (name,) in connection.execute(COLLECTIONS)]
        counts = {}
        for name in names:
            quoted = name.replace('"', '""')
            [(number,)] = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608  # A table's name.
            counts[name] = number
    return counts


def _open(path: Path) -> sqlite3.Connection:
    """Open a database that exists."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=WAIT_SECONDS)
