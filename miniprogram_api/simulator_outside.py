"""The links from outside that the simulated WeChat made: where each leads, and until when.

Numbers are those of WeChat's pages 获取加密URLLink and 获取加密scheme码: both kinds count together.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from miniprogram_api.simulator_state import Clock, PlatformError, Quota, RandomBytes

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SHORTEST, LONGEST_DAYS = timedelta(minutes=1), 30
MOST_A_SECOND, MOST_A_DAY = 100, 500_000
TOO_OFTEN_A_SECOND, DAY_IS_OVER = 44990, 44993
AT_A_TIME, AFTER_DAYS = 0, 1


class LinkParts(Struct, frozen=True):
    """Where a link leads."""

    path: str = ""
    query: str = ""
    env_version: str = "release"


class Life(Struct, frozen=True):
    """How long a link lives, as an order says it: until a unix time, or for some days; 30 days unsaid."""

    kind: int
    time: int
    days: int


class OutsideLinks:
    """Makes links, and opens them as a phone does."""

    def __init__(self, clock: Clock, quota: Quota, random_bytes: RandomBytes) -> None:
        self._clock = clock
        self._quota = quota
        self._random_bytes = random_bytes
        self._made: dict[str, tuple[LinkParts, datetime]] = {}

    def make(self, prefix: str, parts: LinkParts, life: Life) -> str:
        """Return a new link; 44990 and 44993 for too many, 85401 for a life that WeChat does not give."""
        self._quota.count("links_second", MOST_A_SECOND, SECOND, TOO_OFTEN_A_SECOND)
        self._quota.count("links_day", MOST_A_DAY, DAY, DAY_IS_OVER)
        until = self._end(life)
        link = prefix + self._random_bytes(6).hex()
        self._made[link] = parts, until
        return link

    def open(self, link: str) -> LinkParts | None:
        """Return where a link leads now; None for one that has lapsed or never was."""
        parts, until = self._made.get(link, (None, self._clock.now()))
        return parts if self._clock.now() < until else None

    def _end(self, life: Life) -> datetime:
        now = self._clock.now()
        span = timedelta(days=LONGEST_DAYS)
        if life.kind == AFTER_DAYS:
            span = timedelta(days=life.days)
        elif life.time:
            span = timedelta(seconds=life.time - now.timestamp())
        if life.kind not in (AT_A_TIME, AFTER_DAYS) or not SHORTEST <= span <= timedelta(days=LONGEST_DAYS):
            raise PlatformError(85401, "time limit between 1min and 30 days")
        return now + span
