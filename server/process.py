"""One of several processes of a service: `python -m server.process --index I --sockets FD,FD`.

Its parent (`server/processes.py`) bound the sockets, starts it again when it dies and ends it by SIGTERM. The
parent holds the other end of its standard input and never writes to it: when that closes, the parent is gone
and this process ends too. It says `ready` once on standard output when it listens.
"""

import argparse
import asyncio
import os
import signal
import sys

from models.clock import utc_now
from server.config import Config, read_config
from server.listening import Listening
from server.logs import set_up_logs
from server.loopback import READY
from server.running import exit_status_of
from server.service import Service


def main() -> int:
    """Serve until told to end; return the process's exit status."""
    parser = argparse.ArgumentParser(prog="server.process", description=__doc__)
    parser.add_argument("--index", type=int, required=True)
    parser.add_argument("--sockets", required=True)
    arguments = parser.parse_args()
    set_up_logs()
    descriptors = [int(number) for number in arguments.sockets.split(",")]
    listening = Listening.inherit(descriptors, arguments.index)
    return exit_status_of(lambda: _serve(read_config(os.environ), listening))


async def _serve(config: Config, listening: Listening) -> None:
    """Serve on the inherited sockets until the parent says so, or is gone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin.fileno(), stop.set)
    service = await Service.open(config, utc_now, sys.stderr, shared=listening)
    os.write(sys.stdout.fileno(), READY)
    try:
        await service.run_until(stop)
    finally:
        loop.remove_reader(sys.stdin.fileno())
        await service.close()


if __name__ == "__main__":
    sys.exit(main())
