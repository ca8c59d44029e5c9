"""Uploads: bodies larger than others may be. Who sends one is decided before any of it is kept."""

from tornado.web import stream_request_body

from handlers.base import Handler
from handlers.services import Services
from miniprogram_api.contract import RawBody
from models.errors import Refusal
from models.photos import PHOTO_BYTES

UPLOAD_LIMIT = PHOTO_BYTES


class Picture(RawBody):
    """A picture that does not move: at most 10 MB, and 25 million pixels (JPEG) or 12.5 (PNG, WebP)."""

    media_types = ("image/jpeg", "image/png", "image/webp")


class RosterFile(RawBody):
    """A roster: CSV in UTF-8 or GBK, or .xlsx; at most 10 MB."""

    media_types = (
        "text/csv",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.ms-excel",
        "application/octet-stream",
    )


@stream_request_body
class UploadHandler(Handler):
    """A handler whose bodies may have `UPLOAD_LIMIT` bytes.

    Somebody who may not call, or calls too often, is refused when the body has passed by, dropped as it came:
    an answer in the middle of it would be lost with the connection that it ends (RFC 9112 §9.6).
    """

    def initialize(self, services: Services) -> None:
        """Take the services; the body is yet to come."""
        super().initialize(services)
        self._refusal: Refusal | None = None
        self._parts: list[bytes] = []
        self._missing = int(self.request.headers.get("Content-Length", "0"))

    async def prepare(self) -> None:
        """Find out who is asking, and how often, while the body waits."""
        try:
            admitted = super().prepare()
            if admitted is not None:
                await admitted
        except Refusal as refusal:
            # Only what takes a body asks for its type, and so for the refusal.
            if self.request.method != "POST":
                raise
            self._refusal = refusal

    def data_received(self, chunk: bytes) -> None:
        """Keep what came of the body, unless it is refused already."""
        self._missing -= len(chunk)
        if self._refusal:
            return
        self._parts.append(chunk)
        if not self._missing:
            self.request.body = b"".join(self._parts)
            self._parts.clear()

    def require_type(self, media_types: tuple[str, ...]) -> None:
        """Refuse whom `prepare` found to be refused, then a body of another type."""
        if self._refusal:
            raise self._refusal
        super().require_type(media_types)
