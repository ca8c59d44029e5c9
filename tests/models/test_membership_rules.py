"""The membership's rules against a slow and obvious model: states, spells, and figures of any past date."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.clock import local_day
from models.errors import Refusal
from models.membership_figures import category_of, list_movements
from models.membership_history import as_entered, joined_on, list_counting, settled, standing_on
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
from models.membership_rules import MOST_ENTRIES, REASONS, Change, amended
from models.memberships import Event, Membership, MembershipState
from models.review_clocks import find_next_reminder

AT = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
PLACES = ("A", "B", "C")


def change(
    before: Membership | None, event: Event, at: datetime = AT, *, actor: str = "officer", **fields: Any
) -> Membership:
    """A membership after a change, with a reason where one is needed."""
    fields.setdefault("reason", REASONS[event][0] if event in REASONS else None)
    made = Change(event=event, actor=actor, **fields)
    return amended(before, made, "person", at)


def reach(state: MembershipState) -> Membership:
    """A membership in a state, at A; a transfer goes to B and is not released."""
    held = change(None, "apply", organisation="A")
    if state == "applied":
        return held
    if state == "refused":
        return change(held, "refuse")
    held = change(held, "approve")
    if state == "transferring":
        return change(held, "start_transfer", organisation="B")
    steps: dict[MembershipState, Event] = {"retained": "retain", "left": "leave", "expelled": "expel"}
    return change(held, steps[state]) if state in steps else held


# The table of union-domain §3.2, written out: what becomes of a membership, or the refusal.
Outcome = MembershipState | type[Refusal]
TABLE: dict[Event, dict[MembershipState, Outcome]] = {
    "apply": {
        "applied": ApplicationPending, "active": AlreadyMember, "transferring": AlreadyMember,
        "retained": AlreadyMember, "left": "applied", "expelled": "applied", "refused": "applied",
    },
    "approve": {"applied": "active"},
    "refuse": {"applied": "refused"},
    "withdraw": {"applied": "refused"},
    "start_transfer": {"active": "transferring", "retained": "transferring", "transferring": TransferPending},
    "release": {"transferring": "transferring"},
    "accept_transfer": {"transferring": NotReleased},
    "refuse_transfer": {"transferring": "active"},
    "withdraw_transfer": {"transferring": "active"},
    "retain": {"active": "retained"},
    "resume": {"retained": "active"},
    "leave": {"active": "left", "transferring": "left", "retained": "left"},
    "expel": {"active": "expelled", "transferring": "expelled", "retained": "expelled"},
}  # fmt: skip
OTHERWISE: dict[Event, type[Refusal]] = {
    "approve": ApplicationDecided, "refuse": ApplicationDecided, "withdraw": ApplicationDecided,
    "release": TransferDecided, "accept_transfer": TransferDecided, "refuse_transfer": TransferDecided,
    "withdraw_transfer": TransferDecided,
}  # fmt: skip
STATES: tuple[MembershipState, ...] = (
    "applied", "active", "transferring", "retained", "left", "expelled", "refused",
)  # fmt: skip


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", TABLE)
def test_every_event_in_every_state_comes_out_as_the_table_says(event: Event, state: MembershipState) -> None:
    outcome = TABLE[event].get(state, OTHERWISE.get(event, NotTheState))
    before = reach(state)
    fields: dict[str, Any] = {"organisation": "B"} if event in ("apply", "start_transfer") else {}
    if isinstance(outcome, str):
        after = change(before, event, **fields)
        assert (after.state, after.version) == (outcome, before.version + 1)
        return
    with pytest.raises(outcome) as refused:
        change(before, event, **fields)
    assert type(refused.value) is outcome
    assert refused.value.details["state"] == state


def test_a_released_transfer_is_accepted_and_the_membership_is_elsewhere_in_one_step() -> None:
    released = change(reach("transferring"), "release")
    with pytest.raises(AlreadyReleased):
        change(released, "release")
    after = change(released, "accept_transfer")
    assert (after.organisation, after.state, after.target, after.is_released) == ("B", "active", None, False)
    assert [(one.organisation, one.state) for one in after.past.values()] == [
        ("A", "applied"), ("A", "active"), ("A", "transferring"),
    ]  # fmt: skip


def test_a_transfer_sent_back_leaves_a_retained_membership_retained() -> None:
    started = change(reach("retained"), "start_transfer", organisation="B")
    assert change(started, "refuse_transfer").state == "retained"


def test_the_residence_s_union_keeps_whose_new_employer_has_none() -> None:
    held = change(reach("active"), "start_transfer", organisation="C", ground="residence", releases=True)
    after = change(held, "accept_transfer")
    assert (after.organisation, after.state, after.log[str(after.version)].event) == ("C", "active", "keep")


def test_a_transfer_to_itself_is_refused() -> None:
    with pytest.raises(ToItself):
        change(reach("active"), "start_transfer", organisation="A")


@pytest.mark.parametrize("event", REASONS)
def test_what_needs_a_reason_takes_only_its_own(event: Event) -> None:
    for reason in (None, "mistaken"):
        with pytest.raises(ReasonRequired):
            change(reach("active"), event, reason=reason)


def walk(*steps: tuple[Event, int, dict[str, Any]]) -> Membership:
    """A membership after events, so many days after AT; it was approved at A on day 1."""
    held = change(change(None, "apply", organisation="A"), "approve", AT + timedelta(days=1))
    for event, days, fields in steps:
        held = change(held, event, AT + timedelta(days=days), **fields)
    return held


APPROVED = "2026-07-16"
TO_B: tuple[Event, int, dict[str, Any]] = ("start_transfer", 3, {"organisation": "B"})
REJOINED: tuple[tuple[Event, int, dict[str, Any]], ...] = (
    ("leave", 3, {}), ("apply", 4, {"organisation": "C"}), ("approve", 5, {}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "joined"),
    [
        ([], APPROVED),
        ([TO_B], APPROVED),
        ([TO_B, ("withdraw_transfer", 4, {})], APPROVED),
        ([TO_B, ("release", 4, {}), ("accept_transfer", 5, {})], APPROVED),
        ([("retain", 3, {}), TO_B, ("release", 4, {}), ("accept_transfer", 5, {})], APPROVED),
        ([("retain", 3, {}), ("resume", 9, {})], APPROVED),
        ([("correct", 6, {"corrects": 2, "valid": "2026-07-15"})], "2026-07-15"),
        ([TO_B, ("correct", 6, {"corrects": 2, "valid": "2026-07-18"})], "2026-07-18"),
        ([("leave", 3, {})], None),
        ([("expel", 3, {})], None),
        (REJOINED[:2], None),
        (REJOINED, "2026-07-20"),
        ([*REJOINED, ("retain", 6, {})], "2026-07-20"),
        ([("leave", 3, {}), ("correct", 6, {"corrects": 3, "cancels": True})], APPROVED),
        ([("leave", 3, {}), ("apply", 3, {"organisation": "A"}), ("approve", 3, {})], "2026-07-18"),
    ],
)
def test_the_years_of_a_member_run_on_until_the_membership_ends(
    steps: list[tuple[Event, int, dict[str, Any]]], joined: str | None
) -> None:
    assert joined_on(walk(*steps)) == joined


@pytest.mark.parametrize("state", ["applied", "refused"])
def test_an_applicant_has_not_joined(state: MembershipState) -> None:
    assert joined_on(reach(state)) is None


def test_a_day_before_the_last_change_or_after_today_is_refused() -> None:
    held = change(None, "apply", organisation="A")
    for day in ("2026-07-14", "2026-07-16"):
        with pytest.raises(DayOutOfRange) as refused:
            change(held, "approve", valid=day)
        assert refused.value.details == {"earliest": "2026-07-15", "latest": "2026-07-15"}
    later = AT + timedelta(days=5)
    assert change(held, "approve", later, valid="2026-07-16").since == "2026-07-16"


def test_a_correction_moves_a_day_between_its_neighbours_and_cancels_only_the_last_entry() -> None:
    held = change(None, "apply", organisation="A")
    held = change(held, "approve", AT + timedelta(days=3))
    held = change(held, "retain", AT + timedelta(days=9), reason="military")
    moved = change(held, "correct", AT + timedelta(days=20), corrects=2, valid="2026-07-20")
    assert [one.valid for one in list_counting(moved.log)] == ["2026-07-15", "2026-07-20", "2026-07-24"]
    for number, day in ((2, "2026-07-14"), (2, "2026-07-25"), (3, "2026-07-17"), (3, "2026-08-05")):
        with pytest.raises(DayOutOfRange):
            change(held, "correct", AT + timedelta(days=20), corrects=number, valid=day)
    for number in (1, 2, 4):
        with pytest.raises(NothingToCorrect):
            change(held, "correct", corrects=number, cancels=True)
    undone = change(held, "correct", AT + timedelta(days=20), corrects=3, cancels=True)
    assert (undone.state, undone.since, undone.version) == ("active", "2026-07-18", 4)
    with pytest.raises(NothingToCorrect):
        change(undone, "correct", AT + timedelta(days=21), corrects=3, cancels=True)


def test_a_review_has_three_working_days_and_a_reminder_in_the_morning_of_the_last() -> None:
    held = change(None, "apply", organisation="A")  # A Wednesday.
    assert held.due == datetime(2026, 7, 20, 16, tzinfo=UTC), "the end of Monday, local time"
    assert held.remind == datetime(2026, 7, 20, 1, tzinfo=UTC), "nine o'clock on Monday"
    assert (change(held, "approve").due, change(held, "approve").remind) == (None, None)
    before_the_holidays = change(None, "apply", datetime(2026, 9, 30, 4, tzinfo=UTC), organisation="A")
    assert before_the_holidays.due == datetime(2026, 10, 10, 16, tzinfo=UTC), "a Saturday that is worked"


def test_the_level_above_is_told_on_the_first_working_morning_after_the_time_is_over() -> None:
    held = change(None, "apply", organisation="A")
    assert held.due
    assert held.remind
    assert find_next_reminder(held.due, held.remind) == datetime(2026, 7, 21, 1, tzinfo=UTC)
    friday = datetime(2026, 7, 24, 16, tzinfo=UTC)
    monday = datetime(2026, 7, 27, 1, tzinfo=UTC)
    assert find_next_reminder(friday, friday - timedelta(hours=15)) == monday
    assert find_next_reminder(friday, monday) is None


def test_a_membership_changes_a_bounded_number_of_times() -> None:
    held = change(None, "apply", organisation="A")
    while held.version < MOST_ENTRIES:
        held = change(held, "withdraw" if held.state == "applied" else "apply", reason=None, organisation="A")
    with pytest.raises(TooManyEntries):
        change(held, "withdraw")


class Known(NamedTuple):
    """What the slow model remembers: each day's standing as it was thought of by the end of each day."""

    organisation: str
    category: str


class Book(RuleBasedStateMachine):
    """Makes any changes on any days. The model keeps, for each day of entry, a copy of the whole calendar."""

    def __init__(self) -> None:
        super().__init__()
        self.at = AT
        self.held: Membership | None = None
        self.calendar: dict[str, Known | None] = {}
        self.by_day_of_entry: dict[str, dict[str, Known | None]] = {}
        self.earlier: list[Membership] = []

    @initialize(place=st.sampled_from(PLACES))
    def begin(self, place: str) -> None:
        self.attempt("apply", place, 0)

    @rule(days=st.integers(1, 4))
    def wait(self, days: int) -> None:
        for _ in range(days):
            self.at += timedelta(days=1)
            self.calendar[self.today] = self.calendar.get(max(self.calendar))
            self.remember()

    @rule(event=st.sampled_from(list(TABLE)), place=st.sampled_from(PLACES), back=st.integers(0, 3))
    def attempt(self, event: Event, place: str, back: int) -> None:
        day = local_day(self.at - timedelta(days=back))
        organisation = place if event in ("apply", "start_transfer") else None
        try:
            after = change(self.held, event, self.at, valid=day, organisation=organisation)
        except Refusal:
            return
        self.take(after)
        known = self.now_known(after)
        if not self.calendar:
            self.calendar[self.today] = None
        for one in self.calendar:
            if one >= day:
                self.calendar[one] = known
        self.remember()

    @rule(number=st.integers(1, 12), back=st.integers(0, 9), cancels=st.booleans())
    def correct(self, number: int, back: int, cancels: bool) -> None:
        day = None if cancels else local_day(self.at - timedelta(days=back))
        try:
            after = change(self.held, "correct", self.at, corrects=number, valid=day, cancels=cancels)
        except Refusal:
            return
        self.take(after)
        # The obvious way: begin again with an empty calendar and write down every entry that still counts.
        first = min(list_counting(after.log)).valid
        days = sorted({*self.calendar, *self.days_from(first)})
        self.calendar = dict.fromkeys(days)
        for one in sorted(list_counting(after.log)):
            category = category_of(one.after)
            for each in days:
                if each >= one.valid:
                    self.calendar[each] = Known(one.after.organisation, category) if category else None
        self.remember()

    def days_from(self, first: str) -> list[str]:
        days = [local_day(self.at - timedelta(days=back)) for back in range(40)]
        return [day for day in days if day >= first]

    @property
    def today(self) -> str:
        return local_day(self.at)

    def take(self, after: Membership) -> None:
        self.held = after
        self.earlier.append(after)

    def now_known(self, held: Membership) -> Known | None:
        category = category_of(held.standing)
        return Known(held.organisation, category) if category else None

    def remember(self) -> None:
        self.by_day_of_entry[self.today] = dict(self.calendar)

    @invariant()
    def figures_of_every_day_are_as_they_were_entered(self) -> None:
        if self.held is None:
            return
        moved = list_movements(self.held)
        assert len({one.id for one in moved}) == len(moved)
        for known_on, calendar in self.by_day_of_entry.items():
            for day, known in calendar.items():
                for place in PLACES:
                    for category in ("counted", "retained"):
                        count = sum(
                            1 if one.direction == "in" else -1
                            for one in moved
                            if (one.organisation, one.category) == (place, category)
                            and one.valid <= day
                            and one.entered <= known_on
                        )
                        assert count == (known == Known(place, category)), (known_on, day, place)

    @invariant()
    def the_top_is_what_the_log_comes_to_and_nothing_logged_is_lost(self) -> None:
        if self.held is None:
            return
        held = self.held
        assert settled(held) == held
        assert held.version == len(held.log)
        spells = [*held.past.values()]
        assert all(one.since <= one.until for one in spells)
        assert [one.until for one in spells] == [one.since for one in spells[1:]] + [held.since] * bool(
            spells
        )
        standing = standing_on(held.log, self.today)
        assert standing == held.standing
        for before in self.earlier:
            assert as_entered(held, before.version).standing == before.standing
            assert as_entered(held, before.version).past == before.past


Book.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestBook = Book.TestCase
