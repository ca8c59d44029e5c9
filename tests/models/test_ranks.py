"""Stations set back by what is known of them, against sorting every station, on every page."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.clock import LOCAL
from models.finder import Finder, Found, Mark, Wanted, mark_of
from models.ids import encode
from models.ranks import CLOSED_RANK, NO_FLOOR, OPEN_RANKS, UNKNOWN_RANK, Floor, FloorBook, Floors
from models.stations import Station
from tests.models.test_finder import CENTRE, NOON, Answer, codes, looking_at_all, make_neighbour, moments
from tests.models.test_finder_pages import questions, stations_of_kinds

Change = tuple[str, Floor]

TODAY = NOON.date()
floors_of_some = st.dictionaries(
    st.integers(0, 110).map(lambda number: encode(number, 8)), st.sampled_from([UNKNOWN_RANK, CLOSED_RANK])
)
kinds_of_floor = st.builds(
    Floor, st.booleans(), st.sampled_from([None, TODAY - timedelta(days=1), TODAY, TODAY + timedelta(days=1)])
)
changes: st.SearchStrategy[list[list[Change]]] = st.lists(
    st.lists(
        st.tuples(st.integers(0, 99).map(lambda number: encode(number, 8)), kinds_of_floor), max_size=20
    ),
    max_size=6,
)


def expected(stations: list[Station], wanted: Wanted, at: datetime, floors: Floors) -> list[Answer]:
    """Return every station that counts, in order: the slow and obvious way."""
    of_kind = [station for station in stations if wanted.kind in (None, station.kind)]
    every = looking_at_all(of_kind, wanted.position, at, wanted.facilities, wanted.radius)
    ranked = sorted((max(rank, floors.get(code, 0)), metres, code) for rank, metres, code in every)
    return [one for one in ranked if not wanted.only_open or one[0] < OPEN_RANKS]


def walk(finder: Finder, wanted: Wanted, at: datetime, floors: Callable[[], Floors]) -> list[Found]:
    """Return all pages; the floors are asked for before each."""
    begun = floors()
    found = finder.nearest(wanted, at, begun)
    mark: Mark | None = mark_of(found[-1], at, begun) if len(found) == wanted.limit else None
    while mark:
        page = finder.page(wanted, at, mark, floors())
        found += page.found
        mark = page.last
    return found


@settings(max_examples=150, deadline=None)
@given(stations_of_kinds, questions, moments, floors_of_some, st.booleans())
def test_pages_put_together_are_the_whole_list_with_those_set_back_at_their_place(
    stations: list[Station], wanted: Wanted, at: datetime, floors: Floors, is_prepared: bool
) -> None:
    finder = Finder(stations)
    if is_prepared:
        finder.prepare(at)
    whole = [code for _, _, code in expected(stations, wanted, at, floors)]
    assert codes(finder.nearest(wanted, at, floors)) == whole[: wanted.limit]
    assert codes(finder.page(wanted, at, None, floors).found) == whole[: wanted.limit]
    assert codes(walk(finder, wanted, at, lambda: floors)) == whole


@settings(max_examples=100, deadline=None)
@given(stations_of_kinds, questions, st.lists(st.tuples(st.integers(0, 99), kinds_of_floor)), changes)
def test_no_station_comes_twice_or_never_while_people_report_between_the_pages(
    stations: list[Station], wanted: Wanted, before: list[tuple[int, Floor]], news: list[list[Change]]
) -> None:
    finder, book, clock = Finder(stations), FloorBook(), NOON
    asked = replace(wanted, limit=min(wanted.limit, 5))
    finder.prepare(NOON)
    for number, floor in before:
        book.put(encode(number, 8), floor, NOON - timedelta(minutes=1))
    whole = [code for _, _, code in expected(stations, asked, NOON, book.now(NOON))]
    waiting = iter(news)

    def floors() -> Floors:
        nonlocal clock
        found = book.as_of(NOON) if clock > NOON else book.now(NOON)
        clock += timedelta(seconds=30)
        for station, floor in next(waiting, ()):
            book.put(station, floor, clock)
        return found

    assert codes(walk(finder, asked, NOON, floors)) == whole


@settings(max_examples=100, deadline=None)
@given(changes, st.integers(0, 6 * 60))
def test_the_book_knows_what_it_knew_at_each_moment_of_the_last_minutes(
    news: list[list[Change]], seconds: int
) -> None:
    book, moment = FloorBook(), NOON + timedelta(seconds=seconds)
    known: dict[str, Floor] = {}
    for minute, some in enumerate(news):
        at = NOON + timedelta(minutes=minute)
        for station, floor in some:
            book.put(station, floor, at)
            if at <= moment:
                known[station] = floor
    model = {station: floor.rank(TODAY) for station, floor in known.items() if floor.rank(TODAY)}
    assert dict(book.as_of(moment)) == model


def test_what_a_keeper_closed_for_the_day_is_over_at_midnight() -> None:
    book, code = FloorBook(), encode(1, 8)
    midnight = datetime(2026, 7, 16, tzinfo=LOCAL)
    book.put(code, Floor(is_doubted=True, closed_on=TODAY), NOON)
    assert book.now(midnight - timedelta(milliseconds=1)) == {code: CLOSED_RANK}
    assert book.now(midnight) == {code: UNKNOWN_RANK}
    book.put(code, NO_FLOOR, midnight)
    assert book.now(midnight) == {}
    assert book.as_of(midnight - timedelta(minutes=1)) == {code: CLOSED_RANK}


def test_a_station_set_back_makes_room_on_the_first_page() -> None:
    finder = Finder([make_neighbour(number, 10 * number) for number in range(1, 5)])
    finder.prepare(NOON)
    wanted, floors = Wanted(CENTRE, limit=2), {encode(1, 8): UNKNOWN_RANK}
    assert codes(finder.nearest(wanted, NOON, floors)) == [encode(number, 8) for number in (2, 3)]
    assert codes(walk(finder, wanted, NOON, lambda: floors))[-1] == encode(1, 8)
