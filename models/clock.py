"""Time: aware UTC inside, Asia/Shanghai for days and on the wire."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")

Now = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment as aware UTC, cut to the milliseconds that the database keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def local_day(at: datetime) -> str:
    """Return the local date of a moment as text, such as `2026-07-15`."""
    return at.astimezone(LOCAL).date().isoformat()
