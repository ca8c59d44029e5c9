"""Reorganisations (撤并): an organisation is moved below another, merged into another, or closed.

Invariants: the reorganisations of both trees are numbered without a gap, and number n + 1 is only entered by
who has seen n come true. Its insertion is the whole promise: of two at once one is judged after the other, so
that no circle can arise; and a crash afterwards leaves nothing undone, for `finish` derives the rest from the
entry, any number of times, by any process. What is derived: the organisation's own document, once, by number;
the end of the appointments at an organisation that has ended; what waits at one that was closed is sent back
(`models/stranded_reviews.py`); the audit. Memberships, scans and figures keep
the organisation that they were written with: who answers for it follows from the trees
(`models/organisations.py`), and so nothing of its history is rewritten.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from models.appointments import NoSuchAppointment
from models.audit import Fact
from models.clock import local_day
from models.errors import Conflict, Forbidden, Invalid, Unavailable
from models.filters import Index
from models.ids import new_id
from models.member_lists import OFFICERS, NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import OrganisationChanged, OrganisationDesk, OrganisationEnded, Registry
from models.organisations import ORGANISATIONS_CHANGED, Organisation
from models.requests import Keyed
from models.store import Collection, Duplicate, Store
from models.stranded_reviews import StrandedReviews
from models.versions import next_change, version_of

ATTEMPTS = 8
RETRY_SECONDS = 1
NUMBER_DIGITS = 9

Kind = Literal["move", "merge", "close"]
Reason = Literal["restructuring", "unit_closed", "unit_merged", "duplicate", "too_few_members", "correction"]


class OwnPlace(Forbidden):
    """One's own organisation is reorganised by the one above it."""

    code = "own_organisation"
    message = "本级组织的撤并、改隶由上级工会办理"


class WrongTarget(Invalid):
    """The target is the organisation itself, below it, where it stands already, or of the other tree."""

    code = "wrong_target"
    message = "目标组织不对：须是同一条线的其他组织，且不在它的下级"


class HasBelow(Conflict):
    """Open organisations stand below one that is to be closed."""

    code = "organisation_has_below"
    message = "还有下级组织，请先把下级并入或移到别处"


class Busy(Unavailable):
    """Others reorganised at every try; the same request again will do."""

    code = "organisations_busy"
    message = "系统繁忙，请稍后再试"


class Plan(Struct, frozen=True, kw_only=True):
    """What is to be done to an organisation that was seen in a version; a close has no target."""

    kind: Kind
    organisation: str
    target: str | None = None
    reason: Reason
    version: str


class Reorganisation(Struct, frozen=True, kw_only=True):
    """One that was decided; its `_id` is its number. `request` names the request that made it."""

    id: str = field(name="_id")
    kind: Kind
    organisation: str
    target: str | None = None
    reason: Reason
    day: str
    by: str
    at: datetime
    request: str
    content: str
    pending: str | None = None

    @property
    def number(self) -> int:
        """Its place in the order of all."""
        return int(self.id[1:])


REORGANISATIONS = Collection(
    "reorganisations",
    Reorganisation,
    (Index(("request",), unique=True), Index(("organisation",)), Index(("target",)), Index(("pending",))),
)


def spell(number: int) -> str:
    """Return the id of a number: text that sorts alike, and looks like no number to any engine."""
    return f"R{number:0{NUMBER_DIGITS}}"


class Reorganisations:
    """Decides reorganisations, and makes them true."""

    def __init__(
        self,
        store: Store[Reorganisation],
        organisation_store: Store[Organisation],
        desk: OrganisationDesk,
        registry: Registry,
        stranded: StrandedReviews,
    ) -> None:
        self._store = store
        self._organisation_store = organisation_store
        self._desk = desk
        self._stranded = stranded
        self._organisations = registry.organisations
        self._appointments = registry.appointments
        self._audit = registry.audit
        self._signals = registry.signals
        self._now = registry.now

    async def decide(self, officer: str, plan: Plan, request: Keyed) -> Reorganisation:
        """Decide a reorganisation and make it true; sent again, the request gets its first answer.

        NotStaff, NoSuchOrganisation, OwnPlace, OrganisationChanged, OrganisationEnded, WrongTarget, HasBelow,
        KeyReused, Busy.
        """
        name = request.name_of(officer)
        for _ in range(ATTEMPTS):
            # In this order: what is numbered below the next number is true before the plan is judged.
            newest = await self._store.list_({}, sort="-_id", limit=1)
            await self.finish()
            for key in (plan.organisation, plan.target):
                await self._learn(key)
            if first := await self._store.find_one({"request": name}):
                if first.content != request.content:
                    raise KeyReused
                return first
            await self._require(officer, plan)
            at = self._now()
            decided = Reorganisation(
                id=spell(newest[0].number + 1 if newest else 1),
                kind=plan.kind,
                organisation=plan.organisation,
                target=plan.target,
                reason=plan.reason,
                day=local_day(at),
                by=officer,
                at=at,
                request=name,
                content=request.content,
                pending=new_id(),
            )
            with suppress(Duplicate):
                await self._store.insert(decided)
                await self.finish()
                return decided
        raise Busy(retryAfter=RETRY_SECONDS)

    async def list_of(self, officer: str, organisation: str) -> list[Reorganisation]:
        """Return what became of one's organisation, and what was brought to it, in order."""
        self._desk.require_mine(officer, organisation, OFFICERS)
        done = await self._store.list_({"organisation": organisation})
        brought = await self._store.list_({"target": organisation})
        return sorted([*done, *brought], key=lambda one: one.id)

    async def finish(self) -> None:
        """Make true what was decided and may not be yet, and know the trees as they are then."""
        pending = await self._store.list_({"pending": {"$gt": ""}})
        for one in sorted(pending, key=lambda one: one.id):
            await self._finish(one)

    async def repair_paths(self) -> None:
        """Write the paths anew that are copies of what was."""
        for stored, path in self._organisations.list_with_stale_paths():
            changed = next_change(self._now(), stored.changed)
            seen = {"_id": stored.id, "changed": stored.changed}
            if done := await self._organisation_store.change(seen, {"path": path, "changed": changed}):
                self._organisations.know(done)

    async def _learn(self, organisation: str | None) -> None:
        """Know an organisation and all above it as they are stored now, whatever the mirror has heard of."""
        passed: set[str] = set()
        while organisation and organisation not in passed:
            passed.add(organisation)
            found = await self._organisation_store.find(organisation)
            if found is None:
                return
            self._organisations.know(found)
            organisation = found.above

    async def _require(self, officer: str, plan: Plan) -> None:
        """Let a plan pass that fits the trees as they are; the refusals of `decide` otherwise."""
        source = await self._desk.get(officer, plan.organisation, OFFICERS)
        known = self._organisations.find(source.id)
        places = self._appointments.list_places(officer, OFFICERS)
        if known is None or not set(known.path) & set(places):
            raise OwnPlace
        if not source.is_open:
            raise OrganisationEnded
        if version_of(source.changed) != plan.version:
            raise OrganisationChanged(version=version_of(source.changed))
        if plan.kind == "close":
            if plan.target:
                raise WrongTarget
            if self._organisations.has_open_below(source.id):
                raise HasBelow
        else:
            self._require_target(officer, known, plan)

    def _require_target(self, officer: str, source: Organisation, plan: Plan) -> None:
        target = self._organisations.find(plan.target or "")
        if target is None:
            raise NoSuchOrganisation
        self._desk.require_mine(officer, target.id, OFFICERS)
        if not target.is_open:
            raise OrganisationEnded
        is_below = source.id in (target.id, *target.path)
        if is_below or target.tree != source.tree or (plan.kind == "move" and source.above == target.id):
            raise WrongTarget

    async def _finish(self, one: Reorganisation) -> None:
        await self._write(one, await self._values(one))
        if one.kind != "move":
            await self._end_appointments(one)
        if one.kind == "close":
            await self._stranded.send_back_from(one.organisation)
        await self._audit.record_named({f"reorganisation:{one.id}": _fact(one)})
        await self._store.change({"_id": one.id, "pending": one.pending}, {}, without=("pending",))
        await self._signals.send(ORGANISATIONS_CHANGED)

    async def _values(self, one: Reorganisation) -> dict[str, Any]:
        """Return what the organisation's document says once the reorganisation is true."""
        if one.kind == "close":
            return {"state": "closed", "ended": one.day, "taken": None}
        if one.kind == "merge":
            return {"state": "merged", "ended": one.day, "taken": None, "merged_into": one.target}
        target = await self._organisation_store.find(one.target or "")
        return {"path": (*target.path, target.id)} if target else {}

    async def _write(self, one: Reorganisation, values: Mapping[str, Any]) -> None:
        """Write the document, unless this or a later reorganisation was written before."""
        for _ in range(ATTEMPTS):
            seen = await self._organisation_store.find(one.organisation)
            if seen is None or seen.reorganised >= one.number:
                break
            changed = next_change(self._now(), seen.changed)
            done = await self._organisation_store.change(
                {"_id": seen.id, "changed": seen.changed},
                {**values, "reorganised": one.number, "changed": changed},
            )
            if done:
                break
        else:
            raise Busy(retryAfter=RETRY_SECONDS)
        await self._learn(one.organisation)

    async def _end_appointments(self, one: Reorganisation) -> None:
        await self._appointments.mirror.refresh()
        for appointment in self._appointments.list_not_over():
            if appointment.organisation == one.organisation:
                with suppress(NoSuchAppointment):
                    await self._appointments.end(appointment.id, one.by)


def _fact(one: Reorganisation) -> Fact:
    target = {"target": one.target} if one.target else {}
    return Fact(
        actor=one.by,
        action="organisation_reorganised",
        kind="organisation",
        object=one.organisation,
        details={"event": one.kind, "reason": one.reason, "valid": one.day, **target},
    )
