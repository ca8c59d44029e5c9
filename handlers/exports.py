"""The export of my data: for programs, and as a page that can be kept and read without any."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import Moment
from handlers.media import Html
from handlers.privacy_notices import NoticeVersion
from handlers.wire import Wire, local
from models.exports import Export, Part
from models.limits import PerPerson

A_DAY = 86_400
FEW = (PerPerson(5, seconds=A_DAY, shared=True),)
# The page has to be whole when it is kept as a file, so its few lines of style are inside.
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"


class ExportPartReply(Wire, frozen=True):
    """What one collection holds of me: rows of labels and texts."""

    collection: Annotated[str, Meta(examples=["scans"])]
    title: Annotated[str, Meta(examples=["谁扫过我的卡"])]
    rows: Annotated[list[dict[str, str]], Meta(examples=[[{"时间": "2026-07-15 12:00:05", "结果": "通过"}]])]

    @classmethod
    def of(cls, part: Part) -> "ExportPartReply":
        """Return a part as it goes on the wire."""
        return cls(collection=part.collection, title=part.title, rows=part.rows)


class ExportReply(Wire, frozen=True):
    """Everything that is stored of me, and the version of the notice that says why."""

    made_at: Moment
    notice_version: NoticeVersion
    parts: list[ExportPartReply]

    @classmethod
    def of(cls, export: Export) -> "ExportReply":
        """Return an export as it goes on the wire."""
        return cls(
            made_at=local(export.made),
            notice_version=export.notice_version,
            parts=[ExportPartReply.of(part) for part in export.parts],
        )


class ExportHandler(Handler):
    """My data, for programs."""

    kinds = ANYONE
    limits = FEW

    @endpoint()
    async def get(self) -> ExportReply:
        """Return everything that is stored of me; a few times a day."""
        self.set_header("Content-Disposition", 'attachment; filename="my-data.json"')
        return ExportReply.of(await self.services.privacy.exports.make(self.session.subject))


class ExportPageHandler(Handler):
    """My data, as a page."""

    kinds = ANYONE
    limits = FEW

    @endpoint()
    async def get(self) -> Html:
        """Return everything that is stored of me as a page to keep; a few times a day."""
        export = await self.services.privacy.exports.make(self.session.subject)
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        self.set_header("Content-Disposition", 'attachment; filename="my-data.html"')
        return Html(self.render_string("export.html", export=export).decode())


ROUTES = [
    ("/api/v1/members/me/export", ExportHandler),
    ("/api/v1/members/me/export.html", ExportPageHandler),
]
