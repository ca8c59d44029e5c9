"""The header `Idempotency-Key`, which a POST that creates something bears, so that it can be sent again."""

from handlers.base import Handler
from models.errors import Invalid
from models.membership_desk import Request, Route

IDEMPOTENCY_KEY = "Idempotency-Key"
LONGEST_KEY = 128


class KeyRequired(Invalid):
    """What creates something must bear a key, so that the request can be sent again."""

    code = "idempotency_key_required"
    message = "请求缺少 Idempotency-Key"


def read_key(handler: Handler) -> str:
    """Return the key of a request; KeyRequired without one of a usable length."""
    key = handler.request.headers.get(IDEMPOTENCY_KEY, "")
    if not 1 <= len(key) <= LONGEST_KEY:
        raise KeyRequired
    return key


def read_request(handler: Handler, route: Route) -> Request:
    """Return what names a change of a membership: its route, key and body. KeyRequired."""
    return Request(route, read_key(handler), handler.request.body)
