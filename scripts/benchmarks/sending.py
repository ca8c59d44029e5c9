"""Requests as bytes, and the driver calls that a floor makes for one."""

import secrets
from collections.abc import Awaitable, Callable, Iterator
from itertools import count

import msgspec

Calls = Callable[[], Awaitable[None]]


def get(target: str, token: str = "") -> bytes:
    """Return a request without a body."""
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{login}\r\n".encode()


def post(target: str, token: str, body: object, key: str = "") -> bytes:
    """Return a request with a JSON body, and an `Idempotency-Key` if there is one."""
    content = msgspec.json.encode(body)
    again = f"Idempotency-Key: {key}\r\n" if key else ""
    head = (
        f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{again}"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def new_names(start: str = "") -> Iterator[str]:
    """Yield names of one length for what a floor writes; those of two processes do not meet."""
    return (f"{start}{number:016}" for number in count(secrets.randbits(48)))
