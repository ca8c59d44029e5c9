"""The fast path: answers that stand in memory, without the handler that a request otherwise gets.

Half of what Tornado costs per request is the handler: its object, its task, its turn of the loop. A route
that has its answer at once (`Handler.at_once`) is answered as soon as the request's head is read. Whatever is
not plain goes the ordinary way: a query that does not fit, a limit that is reached, a name to be looked up, a
bug. So the handler alone says what is refused and how, and this says the same as it, sooner.
"""

import logging
import secrets
from collections.abc import Callable

from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest, ResponseStartLine

from handlers.base import Handler, address_of, find_contract, limits_of
from handlers.contracts import QueryReader
from handlers.finished import Finished, Watch
from handlers.heads import first_fields
from handlers.services import Services
from models.errors import Refusal

OK = ResponseStartLine("", 200, "OK")

log = logging.getLogger("union.fast_path")

Ordinary = Callable[[], HTTPMessageDelegate]


class FastPath:
    """The fast path of one route."""

    def __init__(self, handler: type[Handler], services: Services, watch: Watch) -> None:
        contract = find_contract(handler, "GET")
        if contract is None or contract.query is None:
            raise TypeError(f"{handler.__name__} has no GET with a query")
        limits = limits_of(handler)
        if any(limit.shared for limit in limits):
            raise TypeError(f"{handler.__name__} has limits that must be waited for")
        self._reader = QueryReader(contract.query)
        self._name = handler.__name__
        self._limits = limits
        self._at_once = handler.at_once
        self._services = services
        self._watch = watch

    def answer(self, request: HTTPServerRequest) -> bool:
        """Answer a GET, or do nothing and return False."""
        body, connection = self._find_answer(request), request.connection
        if body is None or connection is None:
            return False
        identity = secrets.token_hex(8)
        fields = {
            **first_fields(identity),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        connection.write_headers(OK, HTTPHeaders(fields), body)
        connection.finish()
        self._watch(Finished(self._name, "GET", 200, request.request_time(), identity, None))
        return True

    def _find_answer(self, request: HTTPServerRequest) -> bytes | None:
        try:
            query = self._reader.read(request.query_arguments)
            self._services.limits.admit(
                self._name, self._limits, "", lambda: address_of(request, self._services)
            )
            return self._at_once(self._services, query)
        except Refusal:
            return None
        except Exception:  # A bug here must not cost the answer: the ordinary way has another one.
            log.exception("fast_path_failed", extra={"handler": self._name})
            return None


class FastDelegate(HTTPMessageDelegate):
    """Takes one request: the fast path if it can, else the ordinary way."""

    def __init__(self, path: FastPath, request: HTTPServerRequest, ordinary: Ordinary) -> None:
        self._path = path
        self._request = request
        self._ordinary = ordinary

    def finish(self) -> None:
        """Answer."""
        if not self._path.answer(self._request):
            self._ordinary().finish()
