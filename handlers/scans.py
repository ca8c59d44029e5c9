"""Staff scan a card."""

from typing import Annotated, Literal

from msgspec import Meta

from handlers.base import STAFF, Asked, Handler, Wire, endpoint, local
from handlers.fields import CodeText, MaskedName, Moment, ScanId, StationCode
from models.appointments import NotStaff
from models.memberships import MembershipState
from models.scans import Attempt, Reason, ScanIdReused, ScanOutcome, Verdict

VERDICTS: dict[Reason | None, tuple[str, str]] = {
    None: ("有效", "请核对姓名后放行"),
    "unknown_code": ("不是有效的会员卡码", "请对方打开“互助服务卡”页面再扫一次"),
    "bad_signature": ("卡码无法验证", "请勿放行；请对方重新打开卡页，仍不行请联系上级工会"),
    "code_stale": ("卡码已过期", "请对方刷新卡页后再扫；截图无效。多次出现请校准手机时间"),
    "blocked": ("此卡已冻结", "请持卡人在小程序中解冻后再扫"),
    "revoked": ("此卡已作废", "请持卡人打开小程序换新卡"),
    "pending_approval": ("入会申请还在审核", "请持卡人等待所在工会审核"),
    "member_expired": ("会籍已终止", "请持卡人联系所在工会"),
}


class ScanRequest(Asked, frozen=True):
    """One scan: the text read, for what, where; `scannedAt` is the scanner's own clock."""

    scan_id: ScanId
    code: CodeText
    purpose: Literal["identify"]
    station: StationCode | None = None
    scanned_at: Moment | None = None


class HolderReply(Wire, frozen=True):
    """Whose card it is: the masked name, and the standing of the membership when scanned."""

    name: MaskedName | None
    standing: MembershipState


class ScanReply(Wire, frozen=True):
    """The verdict: `accepted` or `refused` with a reason, in words, and what to do next."""

    scan_id: ScanId
    outcome: ScanOutcome
    reason: Annotated[Reason | None, Meta(examples=[None])]
    message: Annotated[str, Meta(examples=["有效"])]
    next_step: Annotated[str, Meta(examples=["请核对姓名后放行"])]
    holder: HolderReply | None
    skew_seconds: Annotated[int | None, Meta(examples=[None, -60])]
    scanned_at: Moment
    received_at: Moment

    @classmethod
    def of(cls, scan_id: str, verdict: Verdict) -> "ScanReply":
        """Return what of a verdict goes on the wire."""
        scan = verdict.scan
        message, next_step = VERDICTS[scan.reason]
        return cls(
            scan_id=scan_id,
            outcome=scan.outcome,
            reason=scan.reason,
            message=message,
            next_step=next_step,
            holder=HolderReply(name=verdict.holder, standing=scan.standing) if scan.standing else None,
            skew_seconds=scan.skew_seconds,
            scanned_at=local(scan.scanned_at),
            received_at=local(scan.received_at),
        )


class ScansHandler(Handler):
    """Scans by staff."""

    kinds = STAFF

    @endpoint(201, refuses=(NotStaff, ScanIdReused))
    async def post(self, *, body: ScanRequest) -> ScanReply:
        """Scan a card; a refused card is an answer too, and the same scan again gets the first answer."""
        scanner = self.services.appointments.get(self.session.subject)
        attempt = Attempt(
            scan_id=body.scan_id,
            code=body.code,
            purpose=body.purpose,
            station=body.station,
            scanned_at=body.scanned_at,
        )
        return ScanReply.of(body.scan_id, await self.services.scans.record(scanner, attempt))


ROUTES = [("/api/v1/scans", ScansHandler)]
