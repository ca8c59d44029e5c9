"""The embedded document engine's own process: `python -m server.embedded`.

It serves MongoDB's wire protocol on loopback, from SQLite files: one per logical database. The supervisor
(`server/supervisor.py`) starts and restarts it. It is ended by SIGTERM, or by the end of its standard input:
the parent holds the other end of that pipe and never writes to it, so that a parent that was killed closes it
too, and no orphan keeps the files.

The `nx-27017` command itself is not used, only its server: the command writes statements with their
contents to its log, exits from inside a signal handler, and leaves its databases open.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Any

from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import handle_client

from server.loopback import READY, bound_socket

BACKLOG = 256
# A statement that runs on may not hold the files for ever: SQLite undoes what was not committed.
END_SECONDS = 4.0

Reply = tuple[int, dict[str, Any]]


class EngineUndid(Exception):
    """SQLite undid a transaction by itself, as when the disk is full: nothing of it is stored."""


class BatchingHandler(NeoSQLiteHandler):  # type: ignore[misc]  # the engine has no annotations
    """The engine's handler, with the documents of one insert committed together.

    By itself it commits, and so waits for the disk, once per document: an import of 100,000 people waited
    half a million times. A document that exists already is refused alone, the others stay, as before.
    """

    def handle_insert(self, msg: dict[str, Any]) -> Reply:
        """Insert the documents of a message and answer it; of a crash in between nothing is left."""
        body = next((part for kind, part in msg["sections"] if kind == "body"), None)
        if not body or "insert" not in body or _count_documents(msg["sections"]) < 2:
            return self._insert(msg)
        name = body.get("$db", "test")
        with self._lock_for(name):
            database = self.get_database(name)
            # How durable a commit is can only be said outside of a transaction.
            self._apply_write_concern(database, name, body.get("writeConcern"))
            connection = database.db
            if connection.in_transaction:
                return self._insert(msg)
            connection.execute("BEGIN IMMEDIATE")
            try:
                answer = self._insert(msg)
                if not connection.in_transaction:
                    raise EngineUndid(f"{body['insert']}: SQLite undid the insert")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return answer

    def _insert(self, msg: dict[str, Any]) -> Reply:
        answer: Reply = super().handle_insert(msg)
        return answer


def _count_documents(sections: list[tuple[str, Any]]) -> int:
    """Return how many documents an insert brings, in its body or beside it."""
    return sum(len(part.get("documents", ())) for kind, part in sections if kind in ("body", "payload"))


def main() -> None:
    """Serve until told to end, then finish the statements at hand and close the databases."""
    arguments = _read_arguments()
    os.umask(0o077)
    # Ctrl-C in a terminal is meant for the server, which still needs us for its last requests.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Below WARNING the engine logs statements, and so people's data.
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # SQLite's temporary files hold people's data as well.
    os.environ["SQLITE_TMPDIR"] = str(arguments.data_dir)
    handler = BatchingHandler(data_dir=str(arguments.data_dir))
    arguments.pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    try:
        # This returns only when every statement's thread has ended: closing the databases is safe then.
        asyncio.run(_serve(handler, arguments.port))
    finally:
        handler.close_all()
        arguments.pid_file.unlink(missing_ok=True)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="server.embedded", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid-file", type=Path, required=True)
    return parser.parse_args()


async def _serve(handler: BatchingHandler, port: int) -> None:
    """Listen, say so once on standard output, and return when the end is asked for."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    server = await asyncio.start_server(
        partial(handle_client, handler=handler), sock=bound_socket(port), backlog=BACKLOG
    )
    os.write(sys.stdout.fileno(), READY)
    # Nobody reads that pipe any more: whatever is printed from now on belongs into the log.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    await ended.wait()
    loop.remove_reader(sys.stdin.fileno())
    deadline = threading.Timer(END_SECONDS, os._exit, args=(1,))
    deadline.daemon = True
    deadline.start()
    server.close()


if __name__ == "__main__":
    main()
