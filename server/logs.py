"""Logs: one JSON object a line on standard error; a static event name, facts as fields.

No message text of an exception is written, and no query, header or body: they can hold a person or a secret.
"""

import asyncio
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

from handlers.finished import Finished

PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
LEVELS = {logging.WARNING: "warning", logging.ERROR: "error", logging.CRITICAL: "critical"}

encode = msgspec.json.Encoder(enc_hook=repr).encode


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: the time, level, event, and the record's extra fields."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": LEVELS.get(record.levelno, "info"),
            "event": record.msg if record.name.startswith("union") else f"library:{record.name}",
        }
        line |= {name: value for name, value in vars(record).items() if name not in PLAIN}
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__qualname__
            frames = traceback.extract_tb(record.exc_info[2])
            line["trace"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return encode(line).decode()


def set_up_logs(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send every logger's records to a stream as JSON lines."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Pillow warns of what strangers wrote into their pictures; a line of text would be none of ours.
    logging.captureWarnings(capture=True)
    for name in ("tornado.access", "pymongo", "fakeredis", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


class AccessLog:
    """One line a request, written by hand: it stands on every hot path.

    The lines of one turn of the loop are written at once, when it is over.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._second = 0
        self._stamp = ""

    def __call__(self, request: Finished) -> None:
        """Write the line of a finished request: the handler's class, never its path or query."""
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._stamp = datetime.fromtimestamp(self._second, UTC).isoformat()[:19]
        ending = f',"refused_with":"{request.refused_with}"}}\n' if request.refused_with else "}\n"
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(
            f'{{"at":"{self._stamp}.{int(now % 1 * 1000):03d}+00:00","level":"info","event":"request",'
            f'"request_id":"{request.request_id}","handler":"{request.handler}","method":"{request.method}",'
            f'"status":{request.status},"ms":{request.seconds * 1000:.1f}{ending}'
        )

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        self._stream.write("".join(lines))
