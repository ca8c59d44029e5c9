"""What reports say together, against a slow and obvious model; who counts as two people."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.evidence import MarkState, Problem
from models.station_reports import StationReport, independent, mark_of
from tests.factories import NOON

PEOPLE = ("phone-1", "phone-2", "phone-3", "login-1", "login-2")
NETWORKS = ("home", "street", "station")


def make_report(minute: int, reporter: str, source: str, problem: Problem = "locked") -> StationReport:
    """A report some minutes past noon; whoever is called a login is logged in."""
    return StationReport(
        id=f"{reporter}-{source}-{problem}-{minute}",
        station="Y5HZKXBX",
        problem=problem,
        reporter=reporter,
        source=source,
        with_login=reporter.startswith("login"),
        at=NOON + timedelta(minutes=minute),
    )


problems: st.SearchStrategy[Problem] = st.sampled_from(["locked", "other"])
reports = st.builds(
    make_report, st.integers(0, 150), st.sampled_from(PEOPLE), st.sampled_from(NETWORKS), problems
)


def expected(found: list[StationReport]) -> MarkState | None:
    """Look at each ordered pair: both within an hour, of two people who could not be one in disguise."""
    if not found:
        return None
    for one, other in permutations(found, 2):
        minutes = (other.at - one.at).total_seconds() / 60
        are_apart = one.source != other.source or (one.with_login and other.with_login)
        if 0 <= minutes < 60 and one.reporter != other.reporter and are_apart:
            return "doubtful"
    return "reported"


@settings(max_examples=150, deadline=None)
@given(st.lists(reports, max_size=6))
@example([make_report(59, "phone-1", "home"), make_report(61, "phone-1", "street")])
@example([make_report(0, "login-1", "home"), make_report(1, "login-1", "street")])
@example([make_report(0, "phone-1", "home"), make_report(60, "phone-2", "street")])
def test_the_mark_is_what_looking_at_each_pair_says_in_any_order(made: list[StationReport]) -> None:
    locked = [one for one in made if one.problem == "locked"]
    mark = mark_of("locked", made)
    assert (mark and mark.state) == expected(locked)
    assert mark == mark_of("locked", made[::-1])
    if mark:
        assert (mark.problem, mark.since) == ("locked", min(one.at for one in locked))
        assert mark.last == max(one.at for one in locked)


@pytest.mark.parametrize(
    ("one", "other", "are_two"),
    [
        (("phone-1", "home"), ("phone-1", "street"), False),
        (("login-1", "home"), ("login-1", "street"), False),
        (("phone-1", "home"), ("phone-2", "home"), False),
        (("phone-1", "home"), ("login-1", "home"), False),
        (("phone-1", "home"), ("phone-2", "street"), True),
        (("phone-1", "home"), ("login-1", "street"), True),
        (("login-1", "home"), ("login-2", "home"), True),
    ],
)
def test_two_people_differ_in_device_and_network_or_in_login(
    one: tuple[str, str], other: tuple[str, str], *, are_two: bool
) -> None:
    first, second = make_report(0, *one), make_report(1, *other)
    assert independent(first, second) is independent(second, first) is are_two
