"""What the head of every answer bears."""

import time
from functools import lru_cache

from tornado.httputil import format_timestamp

FIELDS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def first_fields(request_id: str) -> dict[str, str]:
    """Return the header fields that every answer bears."""
    return {**FIELDS, "Date": http_date(int(time.time())), "X-Request-Id": request_id}


@lru_cache(maxsize=1)
def http_date(second: int) -> str:
    """Return a POSIX second as the field `Date` spells it."""
    return format_timestamp(second)
