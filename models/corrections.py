"""Corrections (PIPL art. 46): the phone at once by WeChat's word, name and ID document by an officer's check.

    open ── approved ──▶ applying ──▶ done
         └─ refused ───────────────▶ refused

Invariants: one open request per person and field (`open` is unique while it is there); what is wanted lies
sealed, and only until the decision is carried out; an officer decides on what the audit has shown to be
looked at, never on the own request; two officers at once are one decision. `applying` is carried out by
whoever comes first, again after a crash: every change of it may be made twice.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct, field

from models.audit import Audit, Fact
from models.clock import Now
from models.errors import Conflict, Forbidden, Missing
from models.filters import Index
from models.members import NotAMember
from models.membership_offices import Offices
from models.membership_refusals import KeyReused
from models.memberships import Memberships
from models.pages import Page
from models.people import Particulars, People
from models.person_changes import PersonChanges
from models.privacy_notices import kept
from models.store import Collection, Duplicate, Store
from models.subtree_pages import read_page
from models.vault import Vault, mask_name

LEASE = timedelta(seconds=30)
BATCH = 50

Corrected = Literal["name", "id_document"]
CorrectionState = Literal["open", "applying", "done", "refused"]
Decision = Literal["approve", "not_proven", "already_right", "wrong_document"]
Refused = Literal["not_proven", "already_right", "wrong_document", "document_taken"]


class CorrectionPending(Conflict):
    """A request about the same field waits for its decision already."""

    code = "correction_pending"
    message = "您已有一份更正申请在办理中"


class NoSuchCorrection(Missing):
    """There is no such request, or not in the officer's organisations."""

    code = "correction_not_found"
    message = "没有这份更正申请，或不在您的管理范围内"


class CorrectionDecided(Conflict):
    """Somebody decided already; `details.state` is what became of it."""

    code = "correction_decided"
    message = "这份更正申请已办结"


class OwnCorrection(Forbidden):
    """Nobody decides on the own request."""

    code = "own_correction"
    message = "不能办理自己的更正申请"


class Correction(Struct, frozen=True, kw_only=True):
    """One request; `_id` is made from who asks and the request's key, `content` tells its body from another.

    `open` and `queue` (the organisation) are there while it waits, `due` while it is to be carried out,
    `forget_at` once it is decided.
    """

    id: str = field(name="_id")
    person: str
    corrects: Corrected
    organisation: str
    state: CorrectionState = "open"
    wanted: bytes | None = None
    content: str
    asked: datetime
    open: str | None = None
    queue: str | None = None
    decided_by: str | None = None
    decided: datetime | None = None
    reason: Refused | None = None
    due: datetime | None = None
    forget_at: datetime | None = None


class Wanted(Struct, frozen=True):
    """What a person asks for: which field, which text, under which key."""

    corrects: Corrected
    text: str
    key: str


class Shown(Struct, frozen=True):
    """A request as the officer decides on it: what stands there, and what is wanted."""

    correction: Correction
    now: Particulars
    wanted: str


class Listed(Struct, frozen=True):
    """A row of the officer's list, masked."""

    correction: Correction
    name: str


CORRECTIONS = Collection(
    "corrections",
    Correction,
    (
        Index(("person",)),
        Index(("open",), unique=True),
        Index(("queue", "asked")),
        Index(("due",)),
        Index(("forget_at",)),
    ),
)


class CorrectionBasis(Struct, frozen=True, kw_only=True):
    """What corrections stand on."""

    people: People
    memberships: Memberships
    changes: PersonChanges
    offices: Offices
    vault: Vault
    audit: Audit


class Corrections:
    """Takes requests, shows them to officers, and carries decisions out."""

    def __init__(self, store: Store[Correction], basis: CorrectionBasis, now: Now) -> None:
        self._store = store
        self._basis = basis
        self._now = now

    async def change_phone(self, person: str, phone: str) -> None:
        """Write a phone that WeChat has vouched for, at once."""
        await self._enter(person, person, "phone")
        await self._basis.people.settle_of(person)
        await self._basis.changes.apply(person, "phone", phone)

    async def ask(self, person: str, wanted: Wanted) -> Correction:
        """Ask for a correction; the same request again gets the same answer.

        NotAMember, CorrectionPending, KeyReused.
        """
        membership = await self._basis.memberships.find(person)
        if membership is None:
            raise NotAMember
        name = hashlib.sha256(f"{person}\ncorrections\n{wanted.key}".encode()).hexdigest()[:32]
        vault = self._basis.vault
        correction = Correction(
            id=name,
            person=person,
            corrects=wanted.corrects,
            organisation=membership.organisation,
            wanted=vault.seal("corrections", name, "wanted", wanted.text),
            content=vault.blind("correction", f"{wanted.corrects}:{wanted.text}"),
            asked=self._now(),
            open=f"{person}:{wanted.corrects}",
            queue=membership.organisation,
        )
        try:
            await self._store.insert(correction)
        except Duplicate:
            first = await self._store.find(name)
            if first is None:
                raise CorrectionPending from None
            if first.content != correction.content:
                raise KeyReused from None
            return first
        return correction

    async def list_own(self, person: str) -> list[Correction]:
        """Return a person's requests, the latest first."""
        found = await self._store.list_({"person": person})
        return sorted(found, key=lambda one: one.asked, reverse=True)

    async def list_page(self, officer: str, page: int, size: int) -> Page[Listed]:
        """Return what waits in the officer's organisations, masked. NotStaff, TooManyOrganisations."""
        found = await read_page(
            self._basis.offices.list_within(officer, None),
            lambda place: self._store.count({"queue": place}),
            lambda place, limit: self._store.list_({"queue": place}, sort="asked", limit=limit),
            page,
            size,
        )
        known = await self._basis.people.list_particulars([one.person for one in found.rows])
        rows = [
            Listed(one, mask_name(known[one.person].name) if one.person in known else "")
            for one in found.rows
        ]
        return Page(rows, found.total)

    async def show(self, officer: str, correction: str) -> Shown:
        """Return a request in full, once it is entered who looks. NotStaff, NoSuchCorrection."""
        found = await self._get(officer, correction)
        details = {"reason": "correct_record", "organisation": found.organisation}
        await self._basis.audit.record(
            Fact(
                actor=officer,
                action="personal_data_shown",
                kind="person",
                object=found.person,
                details=details,
            )
        )
        now = await self._basis.people.find_particulars(found.person)
        if now is None:
            raise NoSuchCorrection
        opened = self._basis.vault.open
        wanted = opened("corrections", found.id, "wanted", found.wanted) if found.wanted else ""
        return Shown(found, now, wanted)

    async def decide(self, officer: str, correction: str, decision: Decision) -> Correction:
        """Approve a request and carry it out, or refuse it.

        NotStaff, NoSuchCorrection, OwnCorrection, CorrectionDecided.
        """
        found = await self._get(officer, correction)
        if found.person == officer:
            raise OwnCorrection
        at = self._now()
        decided: dict[str, Any] = {"decided_by": officer, "decided": at, "queue": None}
        if decision == "approve":
            decided |= {"state": "applying", "due": at + LEASE}
        else:
            decided |= self._ended("refused", decision)
        mine = await self._store.change({"_id": correction, "state": "open"}, decided)
        if mine is None:
            standing = await self._store.find(correction)
            raise CorrectionDecided(state=standing.state if standing else "done")
        return await self._carry_out(mine) if decision == "approve" else mine

    async def work(self) -> None:
        """Carry out what a crash left; any number of workers may."""
        for one in await self._store.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH):
            await self._carry_out(one)

    async def _carry_out(self, one: Correction) -> Correction:
        text = self._basis.vault.open("corrections", one.id, "wanted", one.wanted or b"")
        await self._enter(one.decided_by or "", one.person, one.corrects, f"correction:{one.id}")
        await self._basis.people.settle_of(one.person)
        is_made = await self._basis.changes.apply(one.person, one.corrects, text)
        values = self._ended("done", None) if is_made else self._ended("refused", "document_taken")
        return await self._store.change({"_id": one.id, "state": "applying"}, values) or one

    def _ended(self, state: CorrectionState, reason: Refused | None) -> dict[str, Any]:
        forget_at = self._now() + kept("corrections")
        return {
            "state": state,
            "reason": reason,
            "wanted": None,
            "open": None,
            "due": None,
            "forget_at": forget_at,
        }

    async def _get(self, officer: str, correction: str) -> Correction:
        self._basis.offices.require(officer)
        found = await self._store.find(correction)
        if found is None or not self._basis.offices.covers(officer, found.organisation):
            raise NoSuchCorrection
        return found

    async def _enter(self, actor: str, person: str, what: str, name: str | None = None) -> None:
        fact = Fact(
            actor=actor,
            action="personal_data_corrected",
            kind="person",
            object=person,
            details={"field": what},
        )
        await self._basis.audit.record(fact, name)
