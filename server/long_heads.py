"""Request heads that are too long: refused with 431 (RFC 6585 §5), where Tornado hangs up in silence."""

import secrets
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream, UnsatisfiableReadError

from handlers.base import FAILURES, Problem
from handlers.heads import first_fields
from handlers.wire import encode

STATUS = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


class AnsweringServer(HTTPServer):
    """An HTTP server without TLS that answers a head of more than `max_header_size`, and then hangs up."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection."""
        sizes = {"max_buffer_size": stream.max_buffer_size, "read_chunk_size": stream.read_chunk_size}
        super().handle_stream(_AnsweringStream(stream.socket, **sizes), address)


class _AnsweringStream(IOStream):
    def close(self, exc_info: Any = False) -> None:  # noqa: FBT002  # as streams have it
        """Close; where no end of a head was found, say why first."""
        if isinstance(exc_info, UnsatisfiableReadError) and not self.closed():
            # As much as goes out at once: nobody is waited for who sends too much.
            with suppress(OSError):
                self.write_to_fd(memoryview(_refusal()))
        super().close(exc_info)


def _refusal() -> bytes:
    code, message = FAILURES[STATUS]
    identity = secrets.token_hex(8)
    body = encode(Problem(code=code, message=message, request_id=identity))
    fields = {
        **first_fields(identity),
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
    }
    head = [f"HTTP/1.1 {STATUS.value} {STATUS.phrase}", *map(": ".join, fields.items()), "", ""]
    return "\r\n".join(head).encode() + body
