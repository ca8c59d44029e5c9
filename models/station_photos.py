"""Photos of stations, for everybody: what the door, the room and the way there look like.

Nouns: a *picture* is what is stored of a photo, drawn anew (`models/photos.py`); an *album* is a station's
photos in their order, each with what it shows. There is no text with it: words are made from those.

    picture stored (pending) ── the album names it ──▶ shown ── the album leaves it out ──▶ pending ──▶ gone

Invariants: an album names at most six photos, each once, and is written whole on condition of the version
that was read. A photo is named by its station and its pixels: sent twice it is the same photo, and an address
never shows another picture. A picture is there before its album names it and until the album has left it out;
what a crash leaves is `pending`, and a sweep keeps or removes it by what the album says. Only what an album
names is served. Whoever may correct the station's record may change its album (`models/station_hosts.py`),
and each change is entered in the audit, by codes alone, before it is made. Every process holds the albums.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from models.audit import Fact
from models.clock import Now
from models.errors import Conflict, Missing
from models.filters import Index
from models.ids import encode, new_ordered_id
from models.mirrors import Mirror, take_newest
from models.offices import Office
from models.photos import Photos
from models.station_changes import StationChanged
from models.station_hosts import StationHosts
from models.stations import NEVER
from models.store import Collection, Duplicate, EngineUnavailable, Store
from models.versions import next_change, version_of

ALBUMS_CHANGED = "station_albums"
MOST_PHOTOS = 6
# The whole width of a phone, sharp; six of them cost a phone without Wi-Fi about a megabyte.
SIDE = 1024
NAME_LENGTH = 32
TRIES = 10
# So long nobody who stored a picture is still about to name it.
SETTLED_AFTER = timedelta(hours=1)

Subject = Literal["entrance", "inside", "facilities", "way"]
SUBJECTS: Mapping[Subject, str] = MappingProxyType(
    {"entrance": "门口", "inside": "室内", "facilities": "设施", "way": "怎么走"}
)


class NoSuchStationPhoto(Missing):
    """No album names this photo, or not any more."""

    code = "station_photo_not_found"
    message = "没有这张照片，或已经撤下"


class AlbumFull(Conflict):
    """The station has as many photos as it may; `details.most` is how many."""

    code = "station_photos_full"
    message = "照片已满，请先撤下一张"


class AlbumPhoto(Struct, frozen=True, gc=False):
    """One photo of an album: its name, what it shows, its size in pixels."""

    photo: str
    subject: Subject
    width: int
    height: int


class Album(Struct, frozen=True, kw_only=True, gc=False):
    """A station's photos in their order; `_id` is the station's code. Once there it stays, empty or not."""

    id: str = field(name="_id")
    photos: tuple[AlbumPhoto, ...] = ()
    changed: datetime = NEVER

    @property
    def version(self) -> str:
        """What an officer saw."""
        return version_of(self.changed)


class StationPicture(Struct, frozen=True, kw_only=True):
    """What is stored of a photo, a JPEG; `pending`, which sorts by time, is there until it is settled."""

    id: str = field(name="_id")
    station: str
    picture: bytes
    pending: str | None = None


STATION_ALBUMS = Collection("station_albums", Album, (Index(("changed",)),))
STATION_PICTURES = Collection("station_pictures", StationPicture, (Index(("pending",)),))

Placed = tuple[AlbumPhoto, ...]


class Shelves(Struct, frozen=True):
    """Where albums and pictures are stored."""

    albums: Store[Album]
    pictures: Store[StationPicture]


class StationPhotos:
    """Shows photos of stations, and lets officers add, arrange and remove them."""

    def __init__(self, shelves: Shelves, hosts: StationHosts, office: Office, now: Now) -> None:
        self._albums = shelves.albums
        self._pictures = shelves.pictures
        self._hosts = hosts
        self._office = office
        self._now = now
        self._known: dict[str, Album] = {}
        self.mirror = Mirror(self._albums, self._absorb, now)

    def list_of(self, station: str) -> Placed:
        """Return a station's photos in their order, as this process knows them. No call."""
        known = self._known.get(station)
        return known.photos if known else ()

    async def get_picture(self, photo: str) -> bytes:
        """Return a photo, a JPEG; NoSuchStationPhoto. One read, two when this process has not heard of it."""
        found = await self._pictures.find(photo)
        if found is None or not await self._is_named(found):
            raise NoSuchStationPhoto
        return found.picture

    async def get(self, officer: str, code: str) -> Album:
        """Return an album as it is stored; NotStaff, NoSuchStation, StationOfOthers."""
        return await self._find(await self._require(officer, code))

    async def add(self, officer: str, code: str, subject: Subject, content: bytes, photos: Photos) -> Album:
        """Put a photo behind the others; one that is there already stays as it is.

        NotStaff, NoSuchStation, StationOfOthers, AlbumFull, those of `clean`.
        """
        station = await self._require(officer, code)
        clean = await photos.clean(content, side=SIDE)
        name = photo_name(station, clean.content)
        added = AlbumPhoto(name, subject, clean.width, clean.height)
        seen = await self._find(station)
        if _with(seen.photos, added) == seen.photos:
            return seen
        await self._enter(officer, "station_photo_added", station, {"photo": name, "subject": subject})
        picture = StationPicture(id=name, station=station, picture=clean.content, pending=self._mark())
        await self._pictures.put(picture)
        album = await self._change(station, lambda placed: _with(placed, added))
        await self._settle(picture)
        return album

    async def arrange(
        self, officer: str, code: str, version: str, wanted: Sequence[tuple[str, Subject]]
    ) -> Album:
        """Put photos in another order or say anew what they show; what is left out is removed.

        NotStaff, NoSuchStation, StationOfOthers, StationChanged, NoSuchStationPhoto.
        """
        station = await self._require(officer, code)
        seen = await self._find(station)
        placed = _arranged(seen.photos, wanted)
        if placed == seen.photos:
            return seen
        if seen.version != version:
            raise StationChanged(version=seen.version)
        details = {str(place): f"{one.photo} {one.subject}" for place, one in enumerate(placed, 1)}
        await self._enter(officer, "station_photos_arranged", station, details)
        gone = {one.photo for one in seen.photos} - {one.photo for one in placed}
        marks = {photo: self._mark() for photo in gone}
        for photo, mark in marks.items():
            await self._pictures.change({"_id": photo}, {"pending": mark})
        made = await self._write(seen, placed)
        if made is None:
            raise StationChanged(version=(await self._find(station)).version)
        for photo, mark in marks.items():
            await self._pictures.delete({"_id": photo, "pending": mark})
        return made

    async def settle_old(self) -> None:
        """Keep or remove the pictures that a crash left pending; any number of workers may."""
        before = new_ordered_id(self._now() - SETTLED_AFTER)
        for one in await self._pictures.list_({"pending": {"$lt": before}}, sort="pending", limit=50):
            seen = {"_id": one.id, "pending": one.pending}
            if any(one.id == photo.photo for photo in (await self._find(one.station)).photos):
                await self._pictures.change(seen, {}, without=("pending",))
            else:
                await self._pictures.delete(seen)

    async def _require(self, officer: str, code: str) -> str:
        """Return the code of a station whose record the officer may correct."""
        return (await self._hosts.get_own(officer, code)).id

    async def _find(self, station: str) -> Album:
        return await self._albums.find(station) or Album(id=station)

    async def _is_named(self, picture: StationPicture) -> bool:
        known = self.list_of(picture.station)
        if any(one.photo == picture.id for one in known):
            return True
        return any(one.photo == picture.id for one in (await self._find(picture.station)).photos)

    async def _settle(self, picture: StationPicture) -> None:
        """Note that an album names a picture; one that somebody removed meanwhile is left to the sweep."""
        seen = {"_id": picture.id, "pending": picture.pending}
        if await self._pictures.change(seen, {}, without=("pending",)) is None:
            await self._pictures.put(replace(picture, pending=self._mark()))

    async def _change(self, station: str, change: Callable[[Placed], Placed]) -> Album:
        for _ in range(TRIES):
            seen = await self._find(station)
            placed = change(seen.photos)
            if placed == seen.photos:
                return seen
            made = await self._write(seen, placed)
            if made:
                return made
        raise EngineUnavailable(retryAfter=1)

    async def _write(self, seen: Album, placed: Placed) -> Album | None:
        """Write an album that is as it was seen; None if it is not."""
        made = Album(id=seen.id, photos=placed, changed=next_change(self._now(), seen.changed))
        if seen.changed == NEVER:
            try:
                await self._albums.insert(made)
            except Duplicate:
                return None
        else:
            where = {"_id": seen.id, "changed": seen.changed}
            if await self._albums.change(where, {"photos": placed, "changed": made.changed}) is None:
                return None
        self._absorb([made])
        await self._office.signals.send(ALBUMS_CHANGED)
        return made

    async def _enter(
        self,
        officer: str,
        action: Literal["station_photo_added", "station_photos_arranged"],
        station: str,
        details: dict[str, str],
    ) -> None:
        fact = Fact(actor=officer, action=action, kind="station", object=station, details=details)
        await self._office.audit.record(fact)

    def _mark(self) -> str:
        return new_ordered_id(self._now())

    def _absorb(self, changed: Sequence[Album]) -> None:
        take_newest(self._known, changed)


def photo_name(station: str, content: bytes) -> str:
    """Return a photo's name: 160 bits of SHA-256 over its station and its bytes, in Crockford's base32."""
    digest = hashlib.sha256(station.encode() + content).digest()
    return encode(int.from_bytes(digest[:20]), NAME_LENGTH)


def _with(placed: Placed, added: AlbumPhoto) -> Placed:
    """Return photos with one more; AlbumFull."""
    if any(one.photo == added.photo for one in placed):
        return placed
    if len(placed) >= MOST_PHOTOS:
        raise AlbumFull(most=MOST_PHOTOS)
    return (*placed, added)


def _arranged(placed: Placed, wanted: Sequence[tuple[str, Subject]]) -> Placed:
    """Return photos as they are wanted, each once; NoSuchStationPhoto."""
    known, subjects = {one.photo: one for one in placed}, dict(wanted)
    if subjects.keys() - known.keys():
        raise NoSuchStationPhoto
    found = ((known[photo], subject) for photo, subject in subjects.items())
    return tuple(AlbumPhoto(one.photo, subject, one.width, one.height) for one, subject in found)
