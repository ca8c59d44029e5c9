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

from nx_27017.handler import NeoSQLiteHandler
from nx_27017.server import handle_client

from server.loopback import READY, bound_socket

BACKLOG = 256
# A statement that runs on may not hold the files for ever: SQLite undoes what was not committed.
END_SECONDS = 4.0


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
    handler = NeoSQLiteHandler(data_dir=str(arguments.data_dir))
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


async def _serve(handler: NeoSQLiteHandler, port: int) -> None:
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
