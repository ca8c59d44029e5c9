"""What is noted of every request that was answered: for the access log and the metrics."""

from collections.abc import Callable
from typing import NamedTuple

from tornado.web import RequestHandler


class Finished(NamedTuple):
    """A request that was answered: by the class of which handler, how, and after how many seconds."""

    handler: str
    method: str
    status: int
    seconds: float
    request_id: str
    refused_with: str | None


Watch = Callable[[Finished], None]


def finished(handler: RequestHandler) -> Finished:
    """Return what is noted of a handler's request; an error before ours began has no id."""
    request = handler.request
    return Finished(
        type(handler).__name__,
        request.method or "",
        handler.get_status(),
        request.request_time(),
        getattr(handler, "request_id", ""),
        getattr(handler, "refused_with", None),
    )
