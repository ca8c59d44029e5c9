"""Stations confirmed lately count as nearer, on every page, as sorting every station would have it."""

from datetime import datetime, timedelta
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.evidence import Evidence, EvidenceBoard, Statement
from models.finder import Finder, Found, Mark, Wanted
from models.freshness import MOST, NOTHING_CONFIRMED, Freshness, SetBacksOf, freshness_of
from models.grid import CELL_DEGREES, cell_of, centre_of
from models.hours_text import parse_hours
from models.ids import decode, encode
from models.positions import Position, metres_between
from models.ranks import OPEN_RANKS, PAGES_LAST, Heard, Word
from models.stations import Station
from models.store import Store
from tests.models.test_finder import (
    CENTRE,
    NOON,
    Answer,
    answers,
    codes,
    crowded_stations,
    looking_at_all,
    make_neighbour,
    make_station,
    moments,
)
from tests.models.test_finder_pages import questions, stations_of_kinds

OPEN_ALWAYS = parse_hours("24小时")

counts = st.builds(
    lambda metres: Freshness({encode(number, 8): back for number, back in metres.items()}),
    st.dictionaries(st.integers(0, 110), st.sampled_from([0, 40])),
)


def expected(stations: list[Station], wanted: Wanted, at: datetime, count: Freshness) -> list[Answer]:
    """Return every station that counts, in order, with the true metres: the slow and obvious way."""
    of_kind = [station for station in stations if wanted.kind in (None, station.kind)]
    every = looking_at_all(of_kind, wanted.position, at, wanted.facilities, wanted.radius)
    ranked = sorted((rank, far + count.metres.get(code, MOST), code, far) for rank, far, code in every)
    return [(rank, far, code) for rank, _, code, far in ranked if rank < OPEN_RANKS or not wanted.only_open]


def walk(finder: Finder, wanted: Wanted, at: datetime, heard: Heard) -> list[Found]:
    found = finder.nearest(wanted, at, heard)
    mark: Mark | None = finder.mark_of(found[-1], at, heard) if len(found) == wanted.limit else None
    while mark:
        page = finder.page(wanted, at, mark, heard)
        found += page.found
        mark = page.last
    return found


@settings(max_examples=150, deadline=None)
@given(stations_of_kinds, questions, moments, counts, counts, st.booleans())
def test_both_ways_and_all_pages_are_in_the_order_of_the_count(
    stations: list[Station],
    wanted: Wanted,
    at: datetime,
    count: Freshness,
    other: Freshness,
    is_prepared: bool,
) -> None:
    finder = Finder(stations)
    if is_prepared:
        finder.prepare(at)
    for one in (count, other, count, NOTHING_CONFIRMED):
        heard, whole = Heard(freshness=one), expected(stations, wanted, at, one)
        assert answers(finder.nearest(wanted, at, heard)) == whole[: wanted.limit]
        assert answers(finder.page(wanted, at, None, heard).found) == whole[: wanted.limit]
        assert answers(walk(finder, wanted, at, heard)) == whole


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 600), st.integers(1, 25), st.integers(300, 9000), st.integers(1, 2**32))
def test_every_place_of_a_cell_is_answered_by_each_count(
    number: int, limit: int, radius: int, seed: int
) -> None:
    random = np.random.default_rng(seed)
    stations = crowded_stations(random, number)
    finder = Finder(stations)
    finder.prepare(NOON)
    middle = centre_of(cell_of(stations[0].position or CENTRE))
    for east, north in random.uniform(-0.5, 0.5, (12, 2)) * CELL_DEGREES:
        backs = random.choice([0, 40, MOST], number).tolist()
        count = Freshness({one.id: back for one, back in zip(stations, backs, strict=True)})
        wanted = Wanted(
            Position(middle.longitude + east, middle.latitude + north), limit=limit, radius=radius
        )
        found = answers(finder.nearest(wanted, NOON, Heard(freshness=count)))
        assert found == expected(stations, wanted, NOON, count)[:limit]


def test_what_was_confirmed_lately_comes_first_at_nearly_the_same_distance_alone() -> None:
    finder = Finder([make_neighbour(number, far) for number, far in enumerate((100, 170, 181, 190, 400))])
    count = Freshness({encode(1, 8): 0, encode(2, 8): 0, encode(3, 8): 40, encode(4, 8): 0})
    finder.prepare(NOON)
    found = finder.nearest(Wanted(CENTRE), NOON, Heard(freshness=count))
    assert codes(found) == [encode(number, 8) for number in (1, 0, 2, 3, 4)]
    assert [one.metres for one in found] == [170, 100, 181, 190, 400]


def test_from_the_corner_of_a_cell_in_the_south_the_farther_one_may_be_the_first() -> None:
    middle = centre_of(cell_of(Position(109.5, 18.25)))

    def south_west(cells: float) -> Position:
        return Position(middle.longitude - cells * CELL_DEGREES, middle.latitude - cells * CELL_DEGREES)

    stale, fresh = replace(make_station(1, south_west(-0.13)), hours=OPEN_ALWAYS), make_station(2)
    fresh = replace(fresh, position=south_west(1.21), hours=OPEN_ALWAYS)
    finder, count = Finder([stale, fresh]), Freshness({fresh.id: 0})
    finder.prepare(NOON)
    wanted = Wanted(south_west(0.499), limit=1, radius=50_000)
    far, near = (metres_between(wanted.position, south_west(cells)) for cells in (1.21, -0.13))
    assert near < far < near + MOST
    assert codes(finder.nearest(wanted, NOON, Heard(freshness=count))) == [fresh.id]


def test_what_its_keeper_opened_is_set_back_like_any_other() -> None:
    finder = Finder([make_neighbour(1, 100, "13:00-17:00"), make_neighbour(2, 150), make_neighbour(3, 170)])
    said = NOON - timedelta(minutes=5)
    count, words = Freshness({encode(2, 8): 0}), [Word(encode(1, 8), said, said.timestamp())]
    finder.prepare(NOON)
    found = finder.nearest(Wanted(CENTRE, limit=2), NOON, Heard(words=words, freshness=count))
    assert [(one.station.id, one.metres) for one in found] == [(encode(2, 8), 150), (encode(1, 8), 100)]


@pytest.mark.parametrize(
    ("hours", "metres"), [(0, 0), (23.99, 0), (24, 40), (719.99, 40), (720, MOST), (9000, MOST), (None, MOST)]
)
def test_a_day_and_thirty_days_make_the_difference(hours: float | None, metres: int) -> None:
    confirmed = None if hours is None else NOON - timedelta(hours=hours)
    count = freshness_of([(encode(5, 8), confirmed)], NOON)
    assert count.metres.get(encode(5, 8), MOST) == metres


def test_a_count_may_know_stations_that_are_not_shown_and_the_reverse() -> None:
    rows = np.array([decode(encode(number, 8)) for number in (3, 5, 7)])
    count = Freshness({encode(number, 8): 0 for number in (1, 5, 9)})
    assert SetBacksOf(rows, count).get(count).metres == [MOST, 0, MOST]
    assert SetBacksOf(rows[:0], count).get(count).metres == []
    assert SetBacksOf(rows, count).get(NOTHING_CONFIRMED).metres == [MOST] * 3


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


async def test_a_list_goes_on_by_the_count_of_its_beginning_and_the_next_one_knows_more() -> None:
    hand = Hand()
    board = EvidenceBoard(cast(Store[Evidence], None), hand.now)
    await board.work()
    board.mirror.loaded = True
    early, late = encode(1, 8), encode(2, 8)
    board._absorb([Evidence(id=early, visited=NOON - timedelta(days=3), changed=NOON)])
    await board.work()
    hand.at = begun = NOON + timedelta(minutes=1)
    assert dict(board.heard(hand.at).freshness.metres) == {early: 40}
    said = Statement(True, begun, "K")
    board._absorb([Evidence(id=late, opened=begun, said=said, changed=begun)])
    await board.work()
    assert late not in board.heard(hand.at).freshness.metres, "it is not counted at each moment"
    hand.at = NOON + PAGES_LAST
    await board.work()
    assert dict(board.heard(hand.at, begun).freshness.metres) == {early: 40}
    hand.at += timedelta(milliseconds=1)
    assert dict(board.heard(hand.at, begun).freshness.metres) == {early: 40}
    assert dict(board.heard(hand.at).freshness.metres) == {early: 40, late: 0}
