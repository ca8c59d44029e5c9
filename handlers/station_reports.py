"""Reports: anybody says that a station is locked or broken, with a photo if they like; the 站长 answers."""

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from handlers.base import OFFICES, Handler, endpoint
from handlers.check_ins import Device, VisitorHandler
from handlers.evidence import AnyProblem, MarkReply
from handlers.fields import LINE, AnyFacility, Moment, StationCode
from handlers.media import Jpeg
from handlers.uploads import Picture, UploadHandler
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.errors import Unauthenticated
from models.evidence import PROBLEM_WORDS, Problem
from models.limits import Limit, PerAddress
from models.photos import PhotosBusy
from models.picture_heads import PictureTooLarge, UnreadablePicture, UnsupportedPicture
from models.report_photos import NoSuchPhoto, PhotoNotAllowed, PhotoTooLate
from models.sessions import SessionExpired
from models.station_hosts import StationOfOthers
from models.station_reports import NoSuchReport, Received, ReportRead, Said
from models.station_tickets import Tier
from models.station_upkeep import NoSuchFacility
from models.stations import FACILITIES, SUPERVISION_PHONE, Facility, NoSuchStation
from models.text_checks import Decision, TextNotAllowed, judge_text

# In an hour: of one address at one station, of one device anywhere, and of one problem at one station in all,
# once two people's word of it stands: nobody, with however many devices, can use up what a report needs that
# would still change something. All processes count together, or a flood would have each one's share.
FROM_ADDRESS = Limit(5, seconds=3600, shared=True)
FROM_DEVICE = Limit(10, seconds=3600, shared=True)
AT_STATION = Limit(40, seconds=3600, shared=True)

# What a second person is told, by who is asked to look.
DOUBTED: Mapping[Tier | None, str] = {
    "keeper": "谢谢，已通知站长核实",
    "street": "谢谢，已通知工会工作人员核实",
    None: "谢谢，已标为待核实",
}

ReportId = Annotated[str, Meta(examples=["5f3c9a1e7b2d4f60815a3c9e7b2d4f60"])]
Words = Annotated[str, Meta(examples=["卷帘门拉下来了，没有人"])]


WordsGiven = Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE, examples=["热不了饭，灯也不亮"])]


class ReportRequest(Asked, frozen=True):
    """What is wrong, in a few words if you like; no name is needed.

    `facility`, with the problem `facility_broken`, is what does not work.
    """

    problem: Annotated[Problem, Meta(examples=["facility_broken"])]
    device: Device
    facility: Annotated[Facility | None, Meta(examples=["microwave"])] = None
    words: WordsGiven | None = None

    def __post_init__(self) -> None:
        """Refuse a facility with a problem that is not of one."""
        if self.facility and self.problem != "facility_broken":
            raise ValueError("Expected the problem `facility_broken` in field `facility`")


class ReportReply(Wire, frozen=True):
    """A report as it was taken, and what the station's pin says now."""

    report: ReportId
    station: StationCode
    problem: AnyProblem
    at: Moment
    mark: MarkReply | None
    message: Annotated[str, Meta(examples=["谢谢，已在地图上标出"])]
    next_step: Annotated[str, Meta(examples=["一小时内可以补一张照片；急事请拨打 12351"])]

    @classmethod
    def of(cls, received: Received) -> "ReportReply":
        """Return what was received as it goes on the wire."""
        report, mark = received.report, received.mark
        is_doubtful = mark is not None and mark.state == "doubtful"
        return cls(
            report=report.id,
            station=report.station,
            problem=report.problem,
            at=local(report.at),
            mark=MarkReply.of(mark) if mark else None,
            message=DOUBTED[received.asked] if is_doubtful else "谢谢，已在地图上标出",
            next_step=f"一小时内可以补一张照片；急事请拨打 {SUPERVISION_PHONE}",
        )


class PhotoQuery(Asked, frozen=True):
    """The device that sent the report."""

    device: Device


class PhotoReply(Wire, frozen=True):
    """A photo was kept with its report."""

    report: ReportId


class StaffReportReply(Wire, frozen=True):
    """A report as the 站长 reads it; `held` words were not passed by WeChat yet.

    `hasPhoto` says that there is a photo which the reader may see.
    """

    report: ReportId
    problem: AnyProblem
    problem_words: Annotated[str, Meta(examples=["有设施坏了"])]
    facility: AnyFacility | None
    facility_words: Annotated[str | None, Meta(examples=["微波炉"])]
    words: Words
    held: Annotated[bool, Meta(examples=[True])]
    has_photo: Annotated[bool, Meta(examples=[False])]
    at: Moment

    @classmethod
    def of(cls, read: ReportRead) -> "StaffReportReply":
        """Return a report without anything that could name its reporter."""
        report = read.report
        return cls(
            report=report.id,
            problem=report.problem,
            problem_words=PROBLEM_WORDS[report.problem],
            facility=report.facility,
            facility_words=FACILITIES[report.facility] if report.facility else None,
            words=read.words,
            held=report.held,
            has_photo=read.has_photo,
            at=local(report.at),
        )


class StaffReportsReply(Wire, frozen=True):
    """The latest reports of a station, newest first."""

    items: list[StaffReportReply]


class StationReportsHandler(VisitorHandler):
    """Reports of one station."""

    limits = (PerAddress(30, seconds=600, shared=True),)

    @endpoint(201, refuses=(NoSuchStation, NoSuchFacility, TextNotAllowed, Unauthenticated, SessionExpired))
    async def post(self, code: str, *, body: ReportRequest) -> ReportReply:
        """Report what is wrong; the same again within the hour is the same report."""
        await self._admit(code, body)
        said = Said(
            problem=body.problem,
            facility=body.facility,
            words=body.words or "",
            decision=await self._decide(body.words),
            device=body.device,
            login=self.login,
            address=self._address(),
        )
        return ReportReply.of(await self.services.visits.reports.record(code, said))

    async def _admit(self, code: str, body: ReportRequest) -> None:
        """Count a report; TooMany. At the station it counts once it changes nothing any more."""
        limits, place = self.services.limits, code.upper()
        await limits.count(f"reports:{place}", FROM_ADDRESS, self._address)
        await limits.count("reports", FROM_DEVICE, lambda: body.device)
        if self.services.visits.reports.is_doubted(code, body.problem):
            await limits.count(f"reports:{place}:{body.problem}", AT_STATION, lambda: "")

    async def _decide(self, words: str | None) -> Decision:
        """Have WeChat judge the words of somebody who is logged in; an officer reads all others."""
        openid = await self.find_openid() if words else None
        return (
            await judge_text(self.services.visitors_judges.text, openid, "comment", words)
            if openid and words
            else "hold"
        )


class ReportPhotoHandler(UploadHandler, VisitorHandler):
    """The photo of one report."""

    limits = (PerAddress(20, seconds=600, shared=True),)

    @endpoint(
        refuses=(
            NoSuchReport,
            PhotoTooLate,
            UnsupportedPicture,
            UnreadablePicture,
            PictureTooLarge,
            PhotosBusy,
            Unauthenticated,
            SessionExpired,
        )
    )
    async def put(self, report: str, *, body: Picture, query: PhotoQuery) -> PhotoReply:
        """Add a photo to a report of one's own within an hour, in place of an earlier one."""
        services = self.services
        who = query.device, self.login
        photo = await services.visits.report_photos.add(report, who, body, services.photos)
        if openid := await self.find_openid():
            url = f"{services.public_url}/api/v1/report-photos/{photo.key}"
            judge = services.visitors_judges.picture
            check = await services.media_checks.submit(judge, openid, "comment", url)
            await services.visits.report_photos.note_check(photo, check)
        return PhotoReply(report=photo.id)


class PhotoForCheckHandler(Handler):
    """A photo for WeChat, which judges it."""

    public = True

    @endpoint(refuses=(NoSuchPhoto,))
    async def get(self, photo: str) -> Jpeg:
        """Return a photo within an hour of its arrival to who was given its address."""
        return Jpeg(await self.services.visits.report_photos.get_for_check(photo))


class StaffReportsHandler(Handler):
    """What was reported of one station."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, NoSuchStation))
    async def get(self, code: str) -> StaffReportsReply:
        """Return the latest reports with their words."""
        reports = await self.services.visits.reports.list_of(self.session.subject, code)
        return StaffReportsReply(items=[StaffReportReply.of(one) for one in reports])


class StaffPhotoHandler(Handler):
    """A report's photo."""

    kinds = OFFICES

    @endpoint(refuses=(NotStaff, StationOfOthers, NoSuchPhoto, PhotoNotAllowed))
    async def get(self, report: str) -> Jpeg:
        """Return the photo of a report to staff where the station is run, or above."""
        return Jpeg(await self.services.visits.report_photos.get(self.session.subject, report))


ROUTES = [
    ("/api/v1/stations/{code}/reports", StationReportsHandler),
    ("/api/v1/reports/{report}/photo", ReportPhotoHandler),
    ("/api/v1/report-photos/{photo}", PhotoForCheckHandler),
    ("/api/v1/staff/stations/{code}/reports", StaffReportsHandler),
    ("/api/v1/staff/reports/{report}/photo", StaffPhotoHandler),
]
