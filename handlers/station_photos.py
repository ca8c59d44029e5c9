"""Photos of stations: officers add, arrange and remove them, everybody sees them."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import END, StationCode
from handlers.media import Jpeg
from handlers.services import Services
from handlers.station_hours import Version
from handlers.uploads import Picture, UploadHandler
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.limits import PerPerson
from models.photos import PhotosBusy
from models.picture_heads import PictureTooLarge, UnreadablePicture, UnsupportedPicture
from models.station_changes import StationChanged
from models.station_hosts import StationOfOthers
from models.station_photos import (
    MOST_PHOTOS,
    SUBJECTS,
    Album,
    AlbumFull,
    AlbumPhoto,
    NoSuchStationPhoto,
    Subject,
)
from models.stations import NoSuchStation

# An address never shows another picture; one that was removed is gone from every cache after a week.
CACHE_SECONDS = 7 * 86_400

PhotoName = Annotated[
    str, Meta(pattern=rf"^[0-9A-HJKMNP-TV-Z]{{32}}{END}", examples=["6Q0B8Z2J4N1TFE7M6Q0B8Z2J4N1TFE7M"])
]
AnySubject = Annotated[Subject, Meta(examples=["entrance"], description="What the photo shows")]
Pixels = Annotated[int, Meta(examples=[768])]


class StationPhotoReply(Wire, frozen=True):
    """A photo: where it is (a JPEG, for ever the same), what it shows, its size in pixels."""

    photo: PhotoName
    url: Annotated[
        str,
        Meta(examples=["https://station.example/api/v1/station-photos/6Q0B8Z2J4N1TFE7M6Q0B8Z2J4N1TFE7M"]),
    ]
    subject: AnySubject
    words: Annotated[str, Meta(examples=["门口"])]
    width: Pixels
    height: Pixels

    @classmethod
    def of(cls, one: AlbumPhoto, site: str) -> "StationPhotoReply":
        """Return a photo as it goes on the wire; `site` begins its address, nothing for a path alone."""
        return cls(
            photo=one.photo,
            url=f"{site}/api/v1/station-photos/{one.photo}",
            subject=one.subject,
            words=SUBJECTS[one.subject],
            width=one.width,
            height=one.height,
        )


class AlbumReply(Wire, frozen=True):
    """A station's photos in their order, and how many there may be."""

    code: StationCode
    version: Version
    most: Annotated[int, Meta(examples=[MOST_PHOTOS])]
    photos: list[StationPhotoReply]

    @classmethod
    def of(cls, album: Album, site: str) -> "AlbumReply":
        """Return an album as it goes on the wire."""
        photos = [StationPhotoReply.of(one, site) for one in album.photos]
        return cls(code=album.id, version=album.version, most=MOST_PHOTOS, photos=photos)


def list_photos(services: Services, station: str, site: str) -> list[StationPhotoReply]:
    """Return what a station shows; their addresses begin with `site`, nothing for paths alone."""
    return [StationPhotoReply.of(one, site) for one in services.visits.photos.list_of(station)]


class PlacedPhoto(Asked, frozen=True):
    """A photo of the album, and what it shows."""

    photo: PhotoName
    subject: AnySubject


class AlbumRequest(Asked, frozen=True):
    """The whole album as it is to be: a photo that is left out is removed."""

    version: Version
    photos: Annotated[list[PlacedPhoto], Meta(max_length=MOST_PHOTOS)]


class PhotoAdded(Asked, frozen=True):
    """What the photo shows."""

    subject: AnySubject


class StationAlbumHandler(Handler):
    """The photos of one station."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchStation, StationOfOthers))
    async def get(self, code: str) -> AlbumReply:
        """Return a station's photos, and the version that a change has to name."""
        album = await self.services.visits.photos.get(self.session.subject, code)
        return AlbumReply.of(album, self.services.public_url)

    @endpoint(refuses=(NotStaff, NoSuchStation, StationOfOthers, StationChanged, NoSuchStationPhoto))
    async def put(self, code: str, *, body: AlbumRequest) -> AlbumReply:
        """Arrange the photos of a station of the own subtree, or of nobody; those left out are removed."""
        wanted = [(one.photo, one.subject) for one in body.photos]
        photos = self.services.visits.photos
        album = await photos.arrange(self.session.subject, code, body.version, wanted)
        return AlbumReply.of(album, self.services.public_url)


class StationPhotosHandler(UploadHandler):
    """New photos of one station."""

    kinds = CONSOLE
    limits = (PerPerson(60),)

    @endpoint(
        201,
        refuses=(
            NotStaff,
            NoSuchStation,
            StationOfOthers,
            AlbumFull,
            UnsupportedPicture,
            UnreadablePicture,
            PictureTooLarge,
            PhotosBusy,
        ),
    )
    async def post(self, code: str, *, body: Picture, query: PhotoAdded) -> AlbumReply:
        """Add a photo behind the others; the same one again is the same photo."""
        services, me = self.services, self.session.subject
        album = await services.visits.photos.add(me, code, query.subject, body, services.photos)
        return AlbumReply.of(album, services.public_url)


class StationPhotoHandler(Handler):
    """One photo, for everybody."""

    public = True
    tag = ""

    @endpoint(refuses=(NoSuchStationPhoto,))
    async def get(self, photo: str) -> Jpeg:
        """Return a photo that a station shows; its address is its tag."""
        picture = await self.services.visits.photos.get_picture(photo)
        self.tag = f'"{photo}"'
        self.set_header("Cache-Control", f"public, max-age={CACHE_SECONDS}, immutable")
        return Jpeg(picture)

    def set_etag_header(self) -> None:
        """Tag the answer, which Tornado then turns into a 304 for who has it."""
        if self.tag:
            self.set_header("ETag", self.tag)


ROUTES = [
    ("/api/v1/staff/stations/{code}/album", StationAlbumHandler),
    ("/api/v1/staff/stations/{code}/photos", StationPhotosHandler),
    ("/api/v1/station-photos/{photo}", StationPhotoHandler),
]
