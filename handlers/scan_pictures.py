"""Pictures of cards, for scanners whose browser cannot read codes."""

from typing import Annotated

from msgspec import Meta

from handlers.base import STAFF, endpoint
from handlers.fields import CodeText
from handlers.uploads import Picture, UploadHandler
from handlers.wire import Wire
from models.appointments import NotStaff
from models.limits import PerPerson
from models.photos import PhotosBusy
from models.picture_heads import PictureTooLarge, UnreadablePicture, UnsupportedPicture
from models.scan_pictures import MOST_CODES, Found


class ScanPictureReply(Wire, frozen=True):
    """Our codes in reading order, to be scanned one by one; of others only how many there are."""

    codes: Annotated[list[CodeText], Meta(max_length=MOST_CODES)]
    others: Annotated[int, Meta(examples=[0])]

    @classmethod
    def of(cls, found: Found) -> "ScanPictureReply":
        """Return what was found as it goes on the wire."""
        return cls(codes=list(found.codes), others=found.others)


class ScanPictureHandler(UploadHandler):
    """A picture of a card, or what a camera sees twice a second."""

    kinds = STAFF
    limits = (PerPerson(180),)

    @endpoint(refuses=(NotStaff, UnsupportedPicture, UnreadablePicture, PictureTooLarge, PhotosBusy))
    async def post(self, *, body: Picture) -> ScanPictureReply:
        """Read the codes in a picture; nothing of it is kept, and nothing is scanned by this."""
        self.services.devices.get_scanner(self.session.subject)
        return ScanPictureReply.of(await self.services.scan_pictures.read(body))


ROUTES = [("/api/v1/scans/picture", ScanPictureHandler)]
