"""Pictures that members send, judged by WeChat some minutes later (media_check_async, wxa_media_check).

Invariants: a check is one document under WeChat's trace id, made by whichever comes first, the submission's
answer or the verdict's event; a verdict is written once and stays. A picture whose check has no verdict, or
none that passes it, is for a person to look at.
"""

from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct, field

from models.clock import Now
from models.filters import Index
from models.privacy_notices import kept
from models.store import Collection, Duplicate, Store
from models.text_checks import Place

KEPT = kept("media_checks")

Verdict = Literal["pass", "review", "risky", "not_read"]
"""`not_read`: WeChat could not fetch or read the picture."""


class PictureJudge(Protocol):
    """Has WeChat judge a picture."""

    async def ask(self, openid: str, place: Place, url: str) -> str | None:
        """Return the trace id of a check, None when there is none; the sender must be here now."""


class MediaCheck(Struct, frozen=True, kw_only=True):
    """One check under its trace id, and what WeChat thinks, once it has said so."""

    id: str = field(name="_id")
    begun: datetime
    verdict: Verdict | None = None


MEDIA_CHECKS = Collection("media_checks", MediaCheck, (Index(("begun",)),))


class MediaChecks:
    """Has pictures judged and remembers the verdicts."""

    def __init__(self, store: Store[MediaCheck], now: Now) -> None:
        self._store = store
        self._now = now

    async def submit(self, judge: PictureJudge, openid: str, place: Place, url: str) -> str | None:
        """Have a picture judged; return the check's id, None when WeChat takes none: a person must look."""
        trace = await judge.ask(openid, place, url)
        if trace is not None:
            await self._begin(trace)
        return trace

    async def find_verdict(self, check: str) -> Verdict | None:
        """Return what WeChat thinks, None while it has not said."""
        found = await self._store.find(check)
        return found.verdict if found else None

    async def settle(self, trace: str, verdict: Verdict) -> None:
        """Take WeChat's verdict; the first one counts."""
        await self._begin(trace)
        await self._store.change({"_id": trace, "verdict": {"$exists": False}}, {"verdict": verdict})

    async def forget_old(self) -> int:
        """Remove what was begun a month ago; return how much."""
        return await self._store.delete({"begun": {"$lt": self._now() - KEPT}})

    async def _begin(self, trace: str) -> None:
        try:
            await self._store.insert(MediaCheck(id=trace, begun=self._now()))
        except Duplicate:
            return
