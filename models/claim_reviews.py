"""Claims that did not match whole: what officers see of them, and decide.

One review per account and record. It says which of name, ID document and phone matched, and why it did not
go through; what was claimed is sealed, and shown masked. Claims that came near no record are kept without
what they said, for a day, so that they cost the same. An officer who has seen the person and the document
accepts: the account becomes the record's, whatever it was bound to before, and a phone that differed is
corrected to the one that WeChat vouches for. The decision is one write; what follows is derived from
`pending`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct, field

from models.audit import Fact
from models.clock import Now
from models.errors import Conflict, Missing
from models.filters import Index
from models.ids import new_id
from models.store import Collection, Duplicate, Store
from models.vault import Vault

KEPT = timedelta(days=90)
UNMATCHED_KEPT = timedelta(days=1)
LEAST_MATCHED = 2
NOWHERE = "-"

Matched = Literal["name", "id_document", "phone"]
Why = Literal["mismatch", "account_known", "claimed_before", "too_many_tries", "application"]
ReviewState = Literal["waiting", "accepted", "dismissed", "unmatched"]
Verdict = Literal["accept", "dismiss"]
RESULTS: Mapping[Verdict, ReviewState] = MappingProxyType({"accept": "accepted", "dismiss": "dismissed"})


class NoSuchClaim(Missing):
    """There is no such claim, or it is not for the officer's organisations."""

    code = "claim_not_found"
    message = "没有这条认领记录，或不在您的管理范围内"


class ClaimDecided(Conflict):
    """Somebody has decided; `details.state` says what."""

    code = "claim_decided"
    message = "这条认领已经处理"


class ClaimReview(Struct, frozen=True, kw_only=True):
    """A claim that waits for an officer, or is decided, or came near no record (`unmatched`)."""

    id: str = field(name="_id")
    account: str
    person: str
    organisation: str
    why: Why
    matched: tuple[Matched, ...] = ()
    name: bytes = b""
    id_document: bytes = b""
    phone: bytes = b""
    state: ReviewState
    tries: int = 1
    first: datetime
    last: datetime
    decided_by: str | None = None
    decided: datetime | None = None
    pending: str | None = None


CLAIM_REVIEWS = Collection(
    "claim_reviews",
    ClaimReview,
    (
        Index(("account",)),
        Index(("person",)),
        Index(("organisation", "state", "last")),
        Index(("state", "last")),
        Index(("pending",)),
    ),
)


class Doubt(Struct, frozen=True):
    """A claim that did not match whole: the account, the record that it may mean, and what matched."""

    account: str
    person: str | None
    organisation: str | None
    why: Why
    matched: Sequence[Matched]


class Claimed(Struct, frozen=True):
    """What was claimed, in the open: for masking only."""

    name: str
    id_document: str
    phone: str


def facts_of(review: ClaimReview) -> dict[str, Fact]:
    """Return what a decision says for the audit, by name."""
    if review.decided_by is None:
        return {}
    return {
        f"claim_review:{review.id}": Fact(
            actor=review.decided_by,
            action="claim_decided",
            kind="person",
            object=review.person,
            details={"decision": review.state, "why": review.why, "matched": " ".join(review.matched)},
        )
    }


class ClaimReviews:
    """Keeps claims that did not match whole."""

    def __init__(self, store: Store[ClaimReview], vault: Vault, now: Now) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    async def put(self, doubt: Doubt, said: Any) -> None:
        """Keep a claim for the officers, once per account and record; `said` has name, document and phone."""
        is_near = doubt.person is not None and (
            len(doubt.matched) >= LEAST_MATCHED or doubt.why == "application"
        )
        at = self._now()
        person = doubt.person if is_near and doubt.person else NOWHERE
        about = person if is_near else self._vault.blind("id_document", said.id_document)
        name = hashlib.sha256(f"{doubt.account}|{about}".encode()).hexdigest()[:32]
        sealed = {
            part: self._vault.seal("claim_reviews", name, part, getattr(said, part) if is_near else "")
            for part in ("name", "id_document", "phone")
        }
        review = ClaimReview(
            id=name,
            account=doubt.account,
            person=person,
            organisation=(doubt.organisation or NOWHERE) if is_near else NOWHERE,
            why=doubt.why,
            matched=tuple(doubt.matched) if is_near else (),
            state="waiting" if is_near else "unmatched",
            first=at,
            last=at,
            name=sealed["name"],
            id_document=sealed["id_document"],
            phone=sealed["phone"],
        )
        try:
            await self._store.insert(review)
        except Duplicate:
            seen = {"_id": name, "state": review.state}
            told = {"last": at, "why": review.why, "matched": review.matched, **sealed}
            await self._store.change(seen, told, plus={"tries": 1})

    async def count(self, organisation: str) -> int:
        """Return how many claims wait for an organisation."""
        return await self._store.count({"organisation": organisation, "state": "waiting"})

    async def list_of(self, organisation: str, limit: int) -> list[ClaimReview]:
        """Return the claims that wait for an organisation, the first first."""
        where = {"organisation": organisation, "state": "waiting"}
        return await self._store.list_(where, sort="last", limit=limit)

    async def get(self, review: str) -> ClaimReview:
        """Return a claim that came near a record; NoSuchClaim otherwise."""
        found = await self._store.find(review)
        if found is None or found.state == "unmatched":
            raise NoSuchClaim
        return found

    async def decide(self, review: ClaimReview, verdict: Verdict, officer: str) -> ClaimReview:
        """Enter a decision; the same officer's same decision again is the same. ClaimDecided."""
        result = RESULTS[verdict]
        values = {"state": result, "decided_by": officer, "decided": self._now(), "pending": new_id()}
        decided = await self._store.change({"_id": review.id, "state": "waiting"}, values)
        if decided is None:
            decided = await self.get(review.id)
            if (decided.state, decided.decided_by) != (result, officer):
                raise ClaimDecided(state=decided.state)
        return decided

    def open(self, review: ClaimReview) -> Claimed:
        """Return what was claimed. For masking only."""
        opened = self._vault.open
        return Claimed(
            *(
                opened("claim_reviews", review.id, part, getattr(review, part))
                for part in ("name", "id_document", "phone")
            )
        )

    async def list_pending(self, limit: int) -> list[ClaimReview]:
        """Return decisions whose consequences are not all drawn."""
        return await self._store.list_({"pending": {"$gt": ""}}, limit=limit)

    async def clear(self, review: ClaimReview) -> None:
        """Note that everything followed from a decision."""
        await self._store.change({"_id": review.id, "pending": review.pending}, {}, without=("pending",))

    async def forget_old(self) -> None:
        """Remove what nobody decided or asks for any more, with what it said."""
        at = self._now()
        await self._store.delete({"state": "unmatched", "last": {"$lt": at - UNMATCHED_KEPT}})
        for state in ("waiting", "accepted", "dismissed"):
            await self._store.delete({"state": state, "last": {"$lt": at - KEPT}})
