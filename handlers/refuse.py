"""The answer to a request that no handler should see."""

from typing import Any

from tornado.web import HTTPError, stream_request_body

from handlers.base import FAILURES, Handler
from handlers.services import Services


@stream_request_body
class Refuse(Handler):
    """Answers a request that no handler should see, before its body is read."""

    public = True

    def initialize(self, services: Services, status: int = 404) -> None:
        """Take the status to answer with."""
        super().initialize(services)
        self._status = status

    def prepare(self) -> None:
        """Refuse."""
        raise HTTPError(self._status)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell a person that a page is not there so on a page."""
        if status_code == 404 and self.wants_page:
            self.show_missing(FAILURES[404][0], "没有找到这个页面")
        else:
            super().write_error(status_code, **kwargs)

    def data_received(self, chunk: bytes) -> None:
        """Drop what comes of the body all the same."""
