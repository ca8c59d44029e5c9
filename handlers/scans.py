"""Staff scan a card, one at a time or in number, and take a scan back."""

from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from handlers.base import STAFF, Handler, endpoint
from handlers.check_ins import CheckInReply
from handlers.contracts import NotJson, refused
from handlers.fields import LINE, CodeText, MaskedName, Moment, ScanId, StationCode
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.devices import PlaceRequired, Scanner, WrongPlace
from models.errors import Refusal
from models.judgements import Medium, Purpose, Reason, ScanOutcome
from models.limits import PerPerson
from models.memberships import MembershipState
from models.scan_batches import LARGEST_BATCH, Batch
from models.scan_visits import Settled, StationRequired
from models.scans import Attempt, NoSuchScan, ScanIdReused, Undo, UndoTooLate, Verdict
from models.stations import NoSuchStation

VERDICTS: dict[Reason | None, tuple[str, str]] = {
    None: ("有效", "请核对姓名后放行"),
    "unknown_code": ("不是有效的会员卡码", "请对方打开“互助服务卡”页面再扫一次"),
    "bad_signature": ("卡码无法验证", "请勿放行；请对方重新打开卡页，仍不行请联系上级工会"),
    "code_stale": ("卡码已过期", "请对方刷新卡页后再扫；截图无效。多次出现请校准手机时间"),
    "blocked": ("此卡已冻结", "请持卡人在小程序中解冻后再扫"),
    "revoked": ("此卡已作废", "请持卡人打开小程序换新卡"),
    "pending_approval": ("入会申请还在审核", "请持卡人等待所在工会审核"),
    "member_expired": ("会籍已终止", "请持卡人联系所在工会"),
    "clock_doubtful": ("扫码时间存疑，待复核", "请校准扫码设备的时间；这次记录由工作人员复核"),
    "typed_serial": ("卡号存在，须核对证件", "卡号是手工输入的：请核对身份证件与姓名后再放行"),
}
FOR_REVIEW: dict[Reason | None, tuple[str, str]] = {
    "bad_signature": ("卡码与登记不符，待复核", "此卡可能换发过；这次记录由工作人员复核"),
}
EARLIEST_YEAR, LATEST_YEAR = 1970, 2199
# Whoever is further off cannot be helped by arithmetic: a century, for devices that wake up in 1970.
FARTHEST_SECONDS = 3.2e9


class ScanRequest(Asked, frozen=True):
    """One scan: the text read or typed, for what, where; `scannedAt` is the scanner's own clock."""

    scan_id: ScanId
    code: CodeText
    purpose: Purpose
    station: StationCode | None = None
    scanned_at: Moment | None = None

    def __post_init__(self) -> None:
        """Refuse a year in which no clock can be, for not every reckoning works there."""
        if self.scanned_at and not EARLIEST_YEAR <= self.scanned_at.year <= LATEST_YEAR:
            raise ValueError("Expected a year from 1970 to 2199 in field `scannedAt`")

    @property
    def attempt(self) -> Attempt:
        """What is asked for."""
        return Attempt(
            scan_id=self.scan_id,
            code=self.code,
            purpose=self.purpose,
            station=self.station,
            scanned_at=self.scanned_at,
        )


RawScan = Annotated[Raw, Meta(extra_json_schema={"$ref": "#/components/schemas/ScanRequest"})]


class ScanBatchRequest(Asked, frozen=True):
    """Up to 500 scans as for one, in any order; each is read and answered by itself.

    `clockOffsetSeconds` is what the device adds to its clock to get the server's time, as last measured.
    """

    scans: Annotated[
        list[RawScan],
        Meta(
            min_length=1,
            max_length=LARGEST_BATCH,
            examples=[[{"scanId": "scan-7f3a9c21", "code": "7K3QF2A9XW", "purpose": "identify"}]],
        ),
    ]
    clock_offset_seconds: Annotated[
        float, Meta(ge=-FARTHEST_SECONDS, le=FARTHEST_SECONDS, examples=[-2.5])
    ] = 0


class UndoQuery(Asked, frozen=True):
    """Why a scan is taken back; the holder reads it."""

    reason: Annotated[str, Meta(min_length=1, max_length=60, pattern=LINE, examples=["扫错人"])]


class HolderReply(Wire, frozen=True):
    """Whose card it is: the masked name, and the standing of the membership when scanned."""

    name: MaskedName | None
    standing: MembershipState


class UndoneReply(Wire, frozen=True):
    """When a scan was taken back, and why."""

    at: Moment
    reason: Annotated[str, Meta(examples=["扫错人"])]

    @classmethod
    def of(cls, undo: Undo) -> "UndoneReply":
        """Return what of an undo goes on the wire: never who."""
        return cls(at=local(undo.at), reason=undo.reason)


class ScanReply(Wire, frozen=True):
    """The verdict in words, and what to do next.

    `accepted`; `refused` with a reason; `needs_attention`: staff must look at a document; `review`: a scan
    made offline that could not be decided. `medium` is how the card was shown, null for what is not a card.
    `visit` follows an accepted `check_in`.
    """

    scan_id: ScanId
    outcome: ScanOutcome
    reason: Annotated[Reason | None, Meta(examples=[None])]
    medium: Annotated[Medium | None, Meta(examples=["code"])]
    message: Annotated[str, Meta(examples=["有效"])]
    next_step: Annotated[str, Meta(examples=["请核对姓名后放行"])]
    holder: HolderReply | None
    skew_seconds: Annotated[int | None, Meta(examples=[None, -60])]
    scanned_at: Moment
    received_at: Moment
    visit: CheckInReply | UnsetType = UNSET

    @classmethod
    def of(cls, scan_id: str, settled: Settled) -> "ScanReply":
        """Return what of a verdict, and of the visit that followed, goes on the wire."""
        visit = CheckInReply.of(settled.visit) if settled.visit else UNSET
        return cls(**_spelled(scan_id, settled.verdict), visit=visit)


class UndoneScanReply(ScanReply, frozen=True, kw_only=True):
    """A scan that was taken back."""

    undone: UndoneReply | None

    @classmethod
    def of(cls, scan_id: str, settled: Settled) -> "UndoneScanReply":
        """Return what of a verdict and its undoing goes on the wire."""
        undone = settled.verdict.scan.undone
        return cls(**_spelled(scan_id, settled.verdict), undone=UndoneReply.of(undone) if undone else None)


class ScanProblem(Wire, frozen=True):
    """Why a scan of a batch was not taken."""

    code: Annotated[str, Meta(examples=["invalid_request"])]
    message: Annotated[str, Meta(examples=["请求中有字段填写不正确"])]
    details: Annotated[dict[str, Any], Meta(examples=[{"field": "body.scans[0].code"}])]


class BatchItemReply(Wire, frozen=True):
    """What became of one scan: `stored` with its verdict, or `rejected` with the problem.

    `scanId` is null when it could not be read.
    """

    scan_id: Annotated[str | None, Meta(examples=["scan-7f3a9c21"])]
    status: Literal["stored", "rejected"]
    scan: ScanReply | UnsetType = UNSET
    problem: ScanProblem | UnsetType = UNSET

    @classmethod
    def of(cls, scan_id: str, result: Settled | Refusal) -> "BatchItemReply":
        """Return a result as it goes on the wire."""
        if isinstance(result, Refusal):
            return cls.rejected(scan_id, result)
        return cls(scan_id=scan_id, status="stored", scan=ScanReply.of(scan_id, result))

    @classmethod
    def rejected(cls, scan_id: str | None, refusal: Refusal) -> "BatchItemReply":
        """Return a refusal of one scan."""
        problem = ScanProblem(code=refusal.code, message=str(refusal), details=refusal.details)
        return cls(scan_id=scan_id, status="rejected", problem=problem)


class ScanBatchReply(Wire, frozen=True):
    """A result for each scan, in the order sent."""

    items: list[BatchItemReply]
    server_time: Moment


class Named(msgspec.Struct, frozen=True, rename="camel"):
    """A scan that may be broken in everything but its name."""

    scan_id: str


_read_scan = msgspec.json.Decoder(ScanRequest).decode
_read_name = msgspec.json.Decoder(Named).decode


class ScansHandler(Handler):
    """Scans by staff."""

    kinds = STAFF
    limits = (PerPerson(1200),)

    @endpoint(
        201, refuses=(NotStaff, ScanIdReused, WrongPlace, PlaceRequired, StationRequired, NoSuchStation)
    )
    async def post(self, *, body: ScanRequest) -> ScanReply:
        """Scan a card; a refused card is an answer too, and the same scan again gets the first answer."""
        scanner, scans = self.services.devices.get_scanner(self.session.subject), self.services.visits.scans
        settled = await scans.record(scanner.appointment, scanner.placed(body.attempt))
        return ScanReply.of(body.scan_id, settled)


class ScanBatchHandler(Handler):
    """Scans in number, from a scanner that had no network."""

    kinds = STAFF
    limits = (PerPerson(60),)

    @endpoint(refuses=(NotStaff,))
    async def post(self, *, body: ScanBatchRequest) -> ScanBatchReply:
        """Take up to 500 scans; a broken one harms no other, the same batch again gets the same results."""
        scanner = self.services.devices.get_scanner(self.session.subject)
        asked = [_read(place, raw, scanner) for place, raw in enumerate(body.scans)]
        attempts = [one for one in asked if isinstance(one, Attempt)]
        offset = timedelta(seconds=body.clock_offset_seconds)
        batch = Batch(scanner=scanner.appointment, attempts=attempts, clock_offset=offset)
        results = iter(await self.services.visits.scans.record_batch(batch))
        items = [
            BatchItemReply.of(one.scan_id, next(results)) if isinstance(one, Attempt) else one
            for one in asked
        ]
        return ScanBatchReply(items=items, server_time=local(self.services.now()))


class ScanHandler(Handler):
    """One scan of mine."""

    kinds = STAFF

    @endpoint(refuses=(NotStaff, NoSuchScan, UndoTooLate))
    async def delete(self, scanId: str, *, query: UndoQuery) -> UndoneScanReply:  # noqa: N803 - the path's spelling
        """Take back my own scan within ten minutes of its arrival; again gives the same answer."""
        scanner = self.services.devices.get_scanner(self.session.subject).appointment
        settled = await self.services.visits.scans.undo(scanner, scanId, query.reason)
        return UndoneScanReply.of(scanId, settled)


def _read(place: int, raw: Raw, scanner: Scanner) -> Attempt | BatchItemReply:
    """Return a scan of a batch, or why it cannot be taken."""
    try:
        return scanner.placed(_read_scan(raw).attempt)
    except (WrongPlace, PlaceRequired) as refusal:
        return BatchItemReply.rejected(_name(raw), refusal)
    except msgspec.ValidationError as error:
        return BatchItemReply.rejected(_name(raw), refused(error, f"body.scans[{place}]"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return BatchItemReply.rejected(_name(raw), NotJson(field=f"body.scans[{place}]"))


def _name(raw: Raw) -> str | None:
    try:
        return _read_name(raw).scan_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _spelled(scan_id: str, verdict: Verdict) -> dict[str, Any]:
    """Return the fields of a verdict as they go on the wire."""
    scan = verdict.scan
    words = FOR_REVIEW if scan.outcome == "review" and scan.reason in FOR_REVIEW else VERDICTS
    message, next_step = words[scan.reason]
    return {
        "scan_id": scan_id,
        "outcome": scan.outcome,
        "reason": scan.reason,
        "medium": scan.medium,
        "message": message,
        "next_step": next_step,
        "holder": HolderReply(name=verdict.holder, standing=scan.standing) if scan.standing else None,
        "skew_seconds": scan.skew_seconds,
        "scanned_at": local(scan.scanned_at),
        "received_at": local(scan.received_at),
    }


ROUTES = [
    ("/api/v1/scans", ScansHandler),
    ("/api/v1/scans/batch", ScanBatchHandler),
    ("/api/v1/scans/{scanId}", ScanHandler),
]
