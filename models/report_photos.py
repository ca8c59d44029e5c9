"""Photos that go with reports of stations: drawn anew, for officers' eyes, kept as long as the report.

Invariants: only a report's own reporter adds its photo, within an hour, one per report (the last counts); of
what came only the pixels are kept (`models/photos.py`). Where WeChat can be asked it judges the photo, which
it fetches by an address that nobody can guess, for an hour; what it calls risky is not shown any more.
Those see it who are staff where the station is run, or above; of a station that nobody runs any staff.
"""

from datetime import datetime, timedelta

from msgspec import Struct, field

from models.clock import Now
from models.errors import Conflict, Missing
from models.filters import Index
from models.ids import new_id
from models.media_checks import MediaChecks
from models.photos import Photos
from models.station_reports import KEPT, StationReports
from models.store import Collection, Store

SIDE = 1280
ADDED_WITHIN = timedelta(hours=1)


class NoSuchPhoto(Missing):
    """There is no such photo, or it is removed already."""

    code = "photo_not_found"
    message = "没有这张照片，或已经过期"


class PhotoTooLate(Conflict):
    """The report is more than an hour old."""

    code = "photo_too_late"
    message = "超过一小时，不能再补照片，请重新反映"


class PhotoNotAllowed(Conflict):
    """WeChat judges the photo as unlawful or offensive."""

    code = "photo_not_allowed"
    message = "这张照片没有通过内容安全检查，不予显示"


class ReportPhoto(Struct, frozen=True, kw_only=True):
    """One photo, a JPEG; `_id` is the report's, `key` is in WeChat's address, `check` WeChat's name."""

    id: str = field(name="_id")
    key: str
    picture: bytes
    at: datetime
    check: str | None = None


REPORT_PHOTOS = Collection("report_photos", ReportPhoto, (Index(("key",), unique=True), Index(("at",))))


class ReportPhotos:
    """Takes photos and shows them."""

    def __init__(
        self,
        store: Store[ReportPhoto],
        reports: StationReports,
        checks: MediaChecks,
        now: Now,
    ) -> None:
        self._store = store
        self._reports = reports
        self._checks = checks
        self._now = now

    async def add(
        self, report: str, who: tuple[str, str | None], content: bytes, photos: Photos
    ) -> ReportPhoto:
        """Keep a report's photo; `who` is device and login. NoSuchReport, PhotoTooLate, those of `clean`."""
        at, found = self._now(), await self._reports.get_own(report, *who)
        if at >= found.at + ADDED_WITHIN:
            raise PhotoTooLate
        clean = await photos.clean(content, side=SIDE)
        photo = ReportPhoto(id=found.id, key=new_id() + new_id(), picture=clean.content, at=at)
        await self._store.put(photo)
        await self._reports.note_photo(found.id)
        return photo

    async def note_check(self, photo: ReportPhoto, check: str | None) -> None:
        """Remember under which name WeChat judges a photo; a photo that was replaced since keeps its own."""
        if check:
            await self._store.change({"_id": photo.id, "key": photo.key}, {"check": check})

    async def get_for_check(self, key: str) -> bytes:
        """Return a photo to who was given its address, within the hour; NoSuchPhoto."""
        found = await self._store.find_one({"key": key})
        if found is None or self._now() >= found.at + ADDED_WITHIN:
            raise NoSuchPhoto
        return found.picture

    async def get(self, officer: str, report: str) -> bytes:
        """Return a report's photo; NotStaff, StationOfOthers, NoSuchPhoto, PhotoNotAllowed."""
        overseen = await self._reports.find_overseen(officer, report)
        found = await self._store.find(report) if overseen else None
        if found is None:
            raise NoSuchPhoto
        if found.check and await self._checks.find_verdict(found.check) == "risky":
            raise PhotoNotAllowed
        return found.picture

    async def forget_old(self) -> None:
        """Remove the photos of reports that are removed."""
        await self._store.delete({"at": {"$lt": self._now() - KEPT}})
