"""What can be asked of the finder besides nearness, each against looking at every station."""

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.finder import Finder, Found, Mark, Wanted
from models.freshness import MOST
from models.hours_open import openness
from models.positions import Position
from models.ranks import OPEN_RANKS, RANKING
from models.stations import KINDS, Station, StationKind
from tests.models.test_finder import (
    CENTRE,
    NOON,
    Answer,
    answers,
    facility_sets,
    looking_at_all,
    make_neighbour,
    moments,
    positions,
    station_lists,
)

kinds: st.SearchStrategy[StationKind | None] = st.none() | st.sampled_from(list(KINDS))
stations_of_kinds = st.builds(
    lambda stations, some: [
        replace(station, kind=kind) for station, kind in zip(stations, some, strict=False)
    ],
    station_lists,
    st.lists(kinds, min_size=60, max_size=60),
)
questions = st.builds(
    Wanted, positions, facility_sets, kinds, st.booleans(), st.integers(1, 30), st.integers(1, 30_000)
)


def expected(stations: list[Station], wanted: Wanted, at: datetime) -> list[Answer]:
    """Return every station that counts, in order."""
    of_kind = [station for station in stations if wanted.kind in (None, station.kind)]
    every = looking_at_all(of_kind, wanted.position, at, wanted.facilities, wanted.radius)
    return [one for one in every if not wanted.only_open or RANKING[one[0]] in ("open", "closing")]


def walk(finder: Finder, wanted: Wanted, at: datetime, shown: datetime) -> list[Found]:
    """Return all pages from the first, which is ranked for `at`; the others are asked for at `shown`."""
    found = finder.nearest(wanted, at)
    mark: Mark | None = finder.mark_of(found[-1], at) if len(found) == wanted.limit else None
    while mark:
        page = finder.page(wanted, shown, mark)
        found += page.found
        mark = page.last
    return found


@settings(max_examples=150, deadline=None)
@given(stations_of_kinds, questions, moments, moments)
def test_both_ways_find_what_looking_at_all_finds(
    stations: list[Station], wanted: Wanted, now: datetime, other: datetime
) -> None:
    finder = Finder(stations)
    finder.prepare(now)
    for at in (now, other, now):
        whole = expected(stations, wanted, at)
        assert answers(finder.nearest(wanted, at)) == whole[: wanted.limit]
        page = finder.page(wanted, at)
        assert answers(page.found) == whole[: wanted.limit]
        assert (page.last is not None) == (len(whole) >= wanted.limit)


@settings(max_examples=150, deadline=None)
@given(stations_of_kinds, questions, moments, st.booleans())
def test_pages_put_together_are_the_whole_list(
    stations: list[Station], wanted: Wanted, at: datetime, is_prepared: bool
) -> None:
    finder = Finder(stations)
    if is_prepared:
        finder.prepare(at)
    assert answers(walk(finder, wanted, at, at)) == expected(stations, wanted, at)


@settings(max_examples=100, deadline=None)
@given(stations_of_kinds, questions, moments, st.integers(0, 600))
def test_no_station_is_left_out_or_comes_twice_while_the_clock_moves(
    stations: list[Station], wanted: Wanted, at: datetime, seconds: int
) -> None:
    finder, later = Finder(stations), at + timedelta(seconds=seconds)
    finder.prepare(at)
    asked = replace(wanted, only_open=False)
    found = walk(finder, asked, at, later)
    assert [one.station.id for one in found] == [code for _, _, code in expected(stations, asked, at)]
    for one in found[wanted.limit :]:
        assert one.openness.state == openness(one.station.hours, later, one.station.closure).state


@settings(max_examples=100, deadline=None)
@given(stations_of_kinds, stations_of_kinds, questions, moments)
def test_a_change_between_two_pages_moves_no_other_station(
    stations: list[Station], changed: list[Station], wanted: Wanted, at: datetime
) -> None:
    finder = Finder(stations)
    page = finder.page(wanted, at)
    if page.last is None:
        return
    later = finder.replace(changed)
    after = {station.id: station for station in [*stations, *changed]}
    last = page.last.rank, page.last.metres - MOST, page.last.code  # Of none it is known how fresh it is.
    rest = [one for one in expected(list(after.values()), wanted, at) if one > last]
    assert answers(later.page(wanted, at, page.last).found) == rest[: wanted.limit]


@settings(max_examples=60, deadline=None)
@given(station_lists, positions, moments, st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_an_answer_is_true_whenever_the_views_are_made(
    stations: list[Station], here: Position, start: datetime, steps: list[int]
) -> None:
    """An odd step has its view made in time; an even one has none, or that of long ago."""
    finder, at = Finder(stations), start
    for minutes in steps:
        at += timedelta(minutes=minutes)
        if minutes % 2:
            finder.prepare(at)
            assert finder.is_prepared(at)
        found = finder.nearest(Wanted(here), at)
        assert answers(found) == looking_at_all(stations, here, at)[:20]


def test_a_station_is_not_called_open_from_the_second_it_closes() -> None:
    finder = Finder([make_neighbour(1, 10, "9:00-12:30")])
    finder.prepare(NOON)
    closing = NOON + timedelta(minutes=30)
    before = finder.nearest(Wanted(CENTRE), closing - timedelta(milliseconds=1))
    assert [one.openness.state for one in before] == ["closing"]
    assert [one.openness.state for one in finder.nearest(Wanted(CENTRE), closing)] == ["closed"]
    assert finder.nearest(Wanted(CENTRE, only_open=True), closing) == []


def test_the_next_view_takes_over_in_time_and_asks_for_its_own() -> None:
    finder = Finder([make_neighbour(1, 10, "9:00-12:30")])
    finder.prepare(NOON)
    soon = NOON + timedelta(minutes=16)
    assert finder.is_prepared(NOON)
    assert [one.openness.state for one in finder.nearest(Wanted(CENTRE), soon)] == ["closing"]
    assert not finder.is_prepared(soon)
    finder.prepare(soon)
    assert finder.is_prepared(soon)


def test_a_question_about_another_moment_leaves_the_view_of_now() -> None:
    finder = Finder([make_neighbour(1, 10, "9:00-18:00")])
    finder.prepare(NOON)
    for hour in range(100):
        finder.nearest(Wanted(CENTRE), NOON + timedelta(hours=hour))
    assert finder.is_prepared(NOON)


def test_a_mark_whose_station_is_gone_still_serves() -> None:
    finder = Finder([make_neighbour(number, 10 * number) for number in range(1, 5)])
    page = finder.page(Wanted(CENTRE, limit=2), NOON)
    assert page.last
    gone = finder.replace([replace(page.found[-1].station, state="retired")])
    assert [one.metres for one in gone.page(Wanted(CENTRE, limit=2), NOON, page.last).found] == [30, 40]


def test_only_what_is_open_counts_as_open() -> None:
    texts = ("", "24小时", "9:00-12:10", "13:00-14:00")
    finder = Finder([make_neighbour(number, number, text) for number, text in enumerate(texts)])
    found = finder.nearest(Wanted(CENTRE, only_open=True), NOON)
    assert [one.openness.state for one in found] == list(RANKING[:OPEN_RANKS])
