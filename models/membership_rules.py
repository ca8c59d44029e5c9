"""Which change of a membership may follow which (union-domain §3.2). Pure rules: no database, time passed in.

    nothing, refused, left, expelled ── apply ──▶ applied ── approve ──▶ active
    applied ── refuse, withdraw ──▶ refused
    active, retained ── start_transfer ──▶ transferring ── release ──▶ transferring, released
    transferring, released ── accept_transfer, keep ──▶ active, at the receiving union
    transferring ── refuse_transfer, withdraw_transfer ──▶ as before
    active ── retain ──▶ retained ── resume ──▶ active
    active, transferring, retained ── leave, expel ──▶ left, expelled

A withdrawn application ends as `refused`, its entry says by whom. What was asked of a union that was merged
meanwhile comes to stand at its successor: approving and accepting name the organisation. Somebody whose new
employer has no union is kept by the union of the residence (`keep`), active and counted there: the gap is
bridged, not left open. A transfer changes the organisation in one write, so there is no second joining. While
it goes on, the releasing union keeps the membership, and whatever right the person had goes on too.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from models.clock import LOCAL, local_day
from models.ids import new_id
from models.membership_history import MEMBERS, last_entry, list_counting, settled
from models.membership_refusals import (
    AlreadyMember,
    AlreadyReleased,
    ApplicationDecided,
    ApplicationPending,
    DayOutOfRange,
    NothingToCorrect,
    NotReleased,
    NotTheState,
    ReasonRequired,
    ToItself,
    TooManyEntries,
    TransferDecided,
    TransferPending,
)
from models.memberships import (
    Entry,
    Event,
    GigKind,
    Ground,
    Membership,
    MembershipState,
    Standing,
    WorkerForm,
    opened_book,
)
from models.people import VaultRow
from models.review_clocks import Deadline, deadline_from

MOST_ENTRIES = 200
FIRST_DAY = "1925-05-01"
"""The founding of the 中华全国总工会: no membership counts from before."""

Reason = Literal[
    "not_eligible", "wrong_organisation", "identity_unproven", "no_such_employment", "incomplete",
    "organisation_closed",
    "retired", "unemployed", "military", "employer_closed", "requested", "inactive", "crime", "mistaken",
]  # fmt: skip


class Change(Struct, frozen=True, kw_only=True):
    """Something that is to happen: by whom, from which local day (today if none is given), and why."""

    event: Event
    actor: str
    valid: str | None = None
    organisation: str | None = None
    ground: Ground | None = None
    reason: Reason | None = None
    worker_form: WorkerForm | None = None
    gig_kind: GigKind | None = None
    request: str | None = None
    content: str | None = None
    declared: VaultRow | None = None
    corrects: int | None = None
    cancels: bool = False
    releases: bool = False
    """Whether a transfer is begun by the releasing union itself, which then need not release again."""


ENDED: frozenset[MembershipState] = frozenset({"refused", "left", "expelled"})
REVIEWED: frozenset[MembershipState] = frozenset({"applied", "transferring"})

FROM: Mapping[Event, tuple[frozenset[MembershipState], type[NotTheState]]] = MappingProxyType(
    {
        "apply": (ENDED, AlreadyMember),
        "approve": (frozenset({"applied"}), ApplicationDecided),
        "refuse": (frozenset({"applied"}), ApplicationDecided),
        "withdraw": (frozenset({"applied"}), ApplicationDecided),
        "start_transfer": (frozenset({"active", "retained"}), NotTheState),
        "release": (frozenset({"transferring"}), TransferDecided),
        "accept_transfer": (frozenset({"transferring"}), TransferDecided),
        "keep": (frozenset({"transferring"}), TransferDecided),
        "refuse_transfer": (frozenset({"transferring"}), TransferDecided),
        "withdraw_transfer": (frozenset({"transferring"}), TransferDecided),
        "retain": (frozenset({"active"}), NotTheState),
        "resume": (frozenset({"retained"}), NotTheState),
        "leave": (MEMBERS, NotTheState),
        "expel": (MEMBERS, NotTheState),
    }
)
BARS: Mapping[tuple[Event, MembershipState], type[NotTheState]] = MappingProxyType(
    {("apply", "applied"): ApplicationPending, ("start_transfer", "transferring"): TransferPending}
)
REASONS: Mapping[Event, tuple[Reason, ...]] = MappingProxyType(
    {
        "refuse": (
            "not_eligible", "wrong_organisation", "identity_unproven", "no_such_employment", "incomplete",
            "organisation_closed",
        ),
        "refuse_transfer": ("wrong_organisation", "no_such_employment", "incomplete", "organisation_closed"),
        "retain": ("retired", "unemployed", "military", "employer_closed"),
        "leave": ("requested", "inactive"),
        "expel": ("crime",),
    }
)  # fmt: skip
"""The reasons that an event may have; each of these events needs one."""
RESULTS: Mapping[Event, MembershipState] = MappingProxyType(
    {
        "apply": "applied",
        "approve": "active",
        "refuse": "refused",
        "withdraw": "refused",
        "retain": "retained",
        "resume": "active",
        "leave": "left",
        "expel": "expelled",
    }
)


def next_standing(before: Standing | None, change: Change) -> Standing:
    """Return where a person stands after an event; a refusal with its own code where it may not follow."""
    event = change.event
    if before is None:
        if event != "apply" or change.organisation is None:
            raise NotTheState
        return Standing(change.organisation, "applied")
    allowed, otherwise = FROM[event]
    if before.state not in allowed:
        raise BARS.get((event, before.state), otherwise)
    if event in RESULTS:
        return Standing(change.organisation or before.organisation, RESULTS[event])
    return _started(before, change) if event == "start_transfer" else _transferred(before, change)


def _started(before: Standing, change: Change) -> Standing:
    if change.organisation is None or change.organisation == before.organisation:
        raise ToItself
    ground = change.ground or "change_employer"
    return Standing(
        before.organisation, "transferring", change.organisation, ground, before.state, change.releases
    )


def _transferred(before: Standing, change: Change) -> Standing:
    event = change.event
    if event == "release":
        if before.is_released:
            raise AlreadyReleased
        return replace(before, is_released=True)
    if event in ("accept_transfer", "keep"):
        if not before.is_released:
            raise NotReleased
        return Standing(change.organisation or before.target or before.organisation, "active")
    return Standing(before.organisation, before.origin or "active")


def amended(membership: Membership | None, change: Change, person: str, at: datetime) -> Membership:
    """Return a membership after a change, its log one entry longer; a refusal where it may not follow."""
    before = opened_book(membership) if membership else None
    if before and before.version >= MOST_ENTRIES:
        raise TooManyEntries
    valid, after = _outcome(before, change, local_day(at))
    deadline = _deadline(before, change, after, at)
    entry = Entry(
        event="keep" if change.event == "accept_transfer" and _bridges(before) else change.event,
        valid=valid,
        entered=at,
        actor=change.actor,
        before=before.standing if before else None,
        after=after,
        reason=change.reason,
        due=deadline.due if deadline else None,
        request=change.request,
        content=change.content,
        corrects=change.corrects,
        cancels=change.cancels,
    )
    version = before.version + 1 if before else 1
    base = before or Membership(person=person, organisation="", state="applied", since="", entered=at)
    has_form = change.worker_form is not None
    return settled(
        replace(
            base,
            version=version,
            entered=at,
            log={**base.log, str(version): entry},
            worker_form=change.worker_form if has_form else base.worker_form,
            gig_kind=change.gig_kind if has_form else base.gig_kind,
            due=entry.due,
            remind=deadline.remind if deadline else None,
            pending=new_id(),
            declared=change.declared or base.declared,
        )
    )


def _outcome(before: Membership | None, change: Change, today: str) -> tuple[str, Standing]:
    """Return the day from which a change counts, and what comes of it."""
    if change.event == "correct":
        return _corrected(before, change, today)
    valid, reasons = change.valid or today, REASONS.get(change.event)
    if reasons and change.reason not in reasons:
        raise ReasonRequired(allowed=list(reasons))
    try:
        after = next_standing(before.standing if before else None, change)
    except NotTheState as refused:
        refused.details |= _told(before)
        raise
    _require_between(valid, list_counting(before.log)[-1].valid if before else today, today)
    return valid, after


def _corrected(before: Membership | None, change: Change, today: str) -> tuple[str, Standing]:
    """Return the right day of an entry, and where the person stands once it is corrected."""
    counting = list_counting(before.log) if before else []
    place = next((n for n, one in enumerate(counting) if one.number == change.corrects), None)
    if place is None:
        raise NothingToCorrect
    if change.cancels:
        if place == 0 or place != len(counting) - 1:
            raise NothingToCorrect
        return counting[place].valid, counting[place - 1].after
    earliest = counting[place - 1].valid if place else FIRST_DAY
    latest = counting[place + 1].valid if place + 1 < len(counting) else today
    valid = change.valid or today
    _require_between(valid, earliest, latest)
    return valid, counting[-1].after


def _require_between(day: str, earliest: str, latest: str) -> None:
    if not earliest <= day <= latest:
        raise DayOutOfRange(earliest=earliest, latest=latest)


def _deadline(before: Membership | None, change: Change, after: Standing, at: datetime) -> Deadline | None:
    """Return the deadline of the review that a change leaves open; a corrected day leaves it as it is."""
    if after.state not in REVIEWED:
        return None
    if before and change.event == "correct" and not change.cancels:
        return Deadline(before.due, before.remind) if before.due else None
    return deadline_from(at)


def _bridges(before: Membership | None) -> bool:
    return before is not None and before.ground == "residence"


def _told(before: Membership | None) -> dict[str, str]:
    """Return what a refusal says of the membership as it is: whoever came second sees what was decided."""
    if before is None:
        return {}
    told = {"state": before.state, "since": before.since}
    if last := last_entry(before):
        told |= {"event": last.event, "enteredAt": last.entered.astimezone(LOCAL).isoformat()}
    return told
