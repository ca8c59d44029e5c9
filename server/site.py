"""The application that Tornado runs: its routes, and what it refuses by a request's head."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.web import Application

from handlers.base import BODY_LIMIT, URL_LIMIT
from handlers.fast_path import FastDelegate, FastPath
from handlers.finished import Watch, finished
from handlers.refuse import Refuse
from handlers.routes import Route, to_pattern
from handlers.services import Services
from handlers.uploads import UPLOAD_LIMIT, UploadHandler

LENGTH_DIGITS = 20


class Site(Application):
    """A Tornado application that refuses oversized requests before a byte of their body is read."""

    def __init__(self, routes: list[Route], services: Services, watch: Watch, **settings: Any) -> None:
        """`watch` is told of each request that was answered."""
        self._services = services
        self._uploads = [
            re.compile(to_pattern(path)) for path, handler in routes if issubclass(handler, UploadHandler)
        ]
        self._fast = {
            path: FastPath(handler, services, watch) for path, handler in routes if "at_once" in vars(handler)
        }
        self._exact = {path: handler for path, handler in routes if "{" not in path}
        bound = [(to_pattern(path), handler, {"services": services}) for path, handler in routes]
        super().__init__(
            bound,
            default_handler_class=Refuse,
            default_handler_args={"services": services, "status": 404},
            log_function=lambda handler: watch(finished(handler)),
            **settings,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        """Return who answers a request, judged by its head."""
        if status := _refusal(request, self._uploads):
            refusal = {"services": self._services, "status": status}
            return self.get_handler_delegate(request, Refuse, refusal)
        if handler := self._exact.get(request.path):  # Most paths have no parameter: no pattern to try.
            ordinary = partial(self.get_handler_delegate, request, handler, {"services": self._services})
            fast = self._fast.get(request.path)
            if fast and request.method == "GET" and "Content-Length" not in request.headers:
                return FastDelegate(fast, request, ordinary)
            return ordinary()
        return super().find_handler(request, **kwargs)


def _refusal(request: HTTPServerRequest, uploads: Sequence[re.Pattern[str]]) -> int | None:
    """Return the status to refuse a request's head with, or None for a head that will do."""
    if len(request.uri or "") > URL_LIMIT:
        return 414
    if "Transfer-Encoding" in request.headers:
        return 411
    length = request.headers.get("Content-Length", "0")
    if not (length.isascii() and length.isdecimal()):
        return 400
    # Python refuses to read numbers of thousands of digits.
    if len(length) > LENGTH_DIGITS:
        return 413
    size = int(length)
    if size <= BODY_LIMIT:
        return None
    is_upload = any(upload.fullmatch(request.path) for upload in uploads)
    return None if is_upload and size <= UPLOAD_LIMIT else 413
