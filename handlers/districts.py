"""A district's stations to take along: one file, asked for again only when it has changed."""

from typing import Annotated, cast

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.district_replies import DistrictReply
from handlers.media import Json
from handlers.wire import Asked
from models.districts import NoSuchDistrict

MAX_AGE_SECONDS = 60


def accepts_gzip(header: str) -> bool:
    """Say whether an `Accept-Encoding` names gzip and does not weigh it with nothing."""
    for coding in header.lower().split(","):
        name, _, weight = coding.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or weight == ""
    return False


class DistrictQuery(Asked, frozen=True):
    """Which part; the first says how many there are."""

    part: Annotated[int, Meta(ge=1, le=99, examples=[1])] = 1


class DistrictHandler(Handler):
    """A district's stations, to take along."""

    public = True
    tag = ""

    @endpoint(refuses=(NoSuchDistrict,))
    async def get(self, district: str, *, query: DistrictQuery) -> DistrictReply:
        """Return a district's stations with their openings of the next two weeks."""
        edition = await self.services.district_files.get(district, self.services.now())
        part = edition.find(query.part)
        self.tag = f'W/"{edition.version}"'
        self.set_header("Cache-Control", f"public, max-age={MAX_AGE_SECONDS}")
        self.set_header("Vary", "Accept-Encoding")
        if not accepts_gzip(self.request.headers.get("Accept-Encoding", "")):
            return cast(DistrictReply, Json(part.plain))
        self.set_header("Content-Encoding", "gzip")
        return cast(DistrictReply, Json(part.zipped))

    def set_etag_header(self) -> None:
        """Tag the answer, which Tornado then turns into a 304 for who has it."""
        if self.tag:
            self.set_header("ETag", self.tag)


ROUTES = [("/api/v1/districts/{district}/stations", DistrictHandler)]
