"""The files of the pages: style sheet, scripts, icons. Small, public, the same for everybody.

A link made by a template's `static_url` names the file's version, and its answer is kept for a year; what any
other link gives is asked for again each time, which costs a 304.
"""

from pathlib import Path, PurePosixPath
from typing import Any

from tornado.web import HTTPError, StaticFileHandler

from handlers.base import Handler
from handlers.services import Services

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=UTF-8",
    ".js": "text/javascript; charset=UTF-8",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class AssetHandler(Handler, StaticFileHandler):
    """Serves a file of `static/`, with the headers and the failures of every other answer."""

    public = True

    def initialize(self, services: Services, path: str = "") -> None:  # type: ignore[override]  # Tornado's gives the path alone
        """Take the services and the folder that the application was built with."""
        Handler.initialize(self, services)
        StaticFileHandler.initialize(self, path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every failure; what is outside of the folder is not there."""
        Handler.write_error(self, 404 if status_code == 403 else status_code, **kwargs)

    def get_content_type(self) -> str:
        """Return the media type by the name alone, the same on every machine; 404 for other kinds."""
        kind = MEDIA_TYPES.get(PurePosixPath(self.path).suffix)
        if kind is None:
            raise HTTPError(404)
        return kind

    def set_headers(self) -> None:
        """Say what the file is, and how long a browser may keep it."""
        super().set_headers()
        self.set_header("Cache-Control", FOR_EVER if self.get_query_argument("v", "") else ASK_AGAIN)
