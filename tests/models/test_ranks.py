"""Stations set back by what is known of them, against sorting every station, on every page."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from models.clock import LOCAL
from models.evidence import Evidence, Statement
from models.finder import Finder, Found, Mark, Wanted
from models.hours_open import OPEN, State, openness
from models.ids import encode
from models.open_now import open_now
from models.ranks import (
    CLOSED_RANK,
    NO_FLOOR,
    OPEN_RANKS,
    RANKING,
    UNKNOWN_RANK,
    Floor,
    FloorBook,
    Floors,
    Heard,
    Word,
)
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
    found = finder.nearest(wanted, at, Heard(begun))
    mark: Mark | None = finder.mark_of(found[-1], at, Heard(begun)) if len(found) == wanted.limit else None
    while mark:
        page = finder.page(wanted, at, mark, Heard(floors()))
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
    assert codes(finder.nearest(wanted, at, Heard(floors))) == whole[: wanted.limit]
    assert codes(finder.page(wanted, at, None, Heard(floors)).found) == whole[: wanted.limit]
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
    assert codes(finder.nearest(wanted, NOON, Heard(floors))) == [encode(number, 8) for number in (2, 3)]
    assert codes(walk(finder, wanted, NOON, lambda: floors))[-1] == encode(1, 8)


words_of_some = st.lists(
    st.tuples(st.integers(0, 110), st.integers(-20 * 60, 20 * 60), st.integers(0, 5)), max_size=40
)


def said_of(words: list[tuple[int, int, int]], at: datetime) -> list[Word]:
    """Return words said some minutes before or after a moment, and heard some minutes later."""
    found = []
    for number, minutes, late in words:
        said = at + timedelta(minutes=minutes)
        found.append(Word(encode(number, 8), said, (said + timedelta(minutes=late)).timestamp()))
    return sorted(found, key=lambda word: word.heard)


def state_of(station: Station, words: list[Word], at: datetime, by: datetime) -> State:
    """Return how a station counts by its hours and the last word that was heard by a moment."""
    now: State = openness(station.hours, at, station.closure).state
    for word in words:
        if word.station == station.id and word.said <= at and word.heard <= by.timestamp():
            known = Evidence(id=station.id, said=Statement(True, word.said, ""), changed=at)
            said: State = open_now(station, known, at).state
            now = said if now not in OPEN else now
    return now


def with_words(
    stations: list[Station], wanted: Wanted, words: list[Word], floors: Floors, at: datetime
) -> list[Answer]:
    """Return every station that counts, in order, the words considered: the slow and obvious way."""
    ranked = []
    for rank, metres, code in expected(stations, replace(wanted, only_open=False), at, {}):
        station = next(one for one in stations if one.id == code)
        said = rank if code in floors else RANKING.index(state_of(station, words, at, at))
        ranked.append((max(said, floors.get(code, 0)), metres, code))
    return [one for one in sorted(ranked) if not wanted.only_open or one[0] < OPEN_RANKS]


@settings(max_examples=150, deadline=None)
@given(stations_of_kinds, questions, moments, words_of_some, floors_of_some, st.booleans())
def test_a_station_that_its_keeper_opened_ranks_among_the_open_on_every_page(
    stations: list[Station],
    wanted: Wanted,
    at: datetime,
    some: list[tuple[int, int, int]],
    floors: Floors,
    is_prepared: bool,
) -> None:
    finder, words = Finder(stations), said_of(some, at)
    if is_prepared:
        finder.prepare(at)
    heard = Heard(floors, floors, words, at.timestamp())
    whole = with_words(stations, wanted, words, floors, at)
    found = finder.nearest(wanted, at, heard)
    assert codes(found) == [code for _, _, code in whole[: wanted.limit]]
    for one in found:
        if one.station.id not in floors:
            assert one.openness.state == state_of(one.station, words, at, at)
    mark: Mark | None = finder.mark_of(found[-1], at, heard) if len(found) == wanted.limit else None
    while mark:
        page = finder.page(wanted, at, mark, heard)
        found += page.found
        mark = page.last
    assert codes(found) == [code for _, _, code in whole]


def test_words_that_come_between_the_pages_are_told_and_change_no_order() -> None:
    texts = ["24小时", "13:00-17:00", "13:00-17:00", "13:00-17:00"]
    finder = Finder([make_neighbour(number, 10 * number, text) for number, text in enumerate(texts)])
    book, wanted = FloorBook(), Wanted(CENTRE, limit=2)
    book.put_word(encode(3, 8), NOON - timedelta(minutes=5), NOON - timedelta(minutes=4))
    first = finder.nearest(wanted, NOON, book.heard(NOON))
    assert codes(first) == [encode(0, 8), encode(3, 8)]
    later = NOON + timedelta(minutes=2)
    book.put_word(encode(2, 8), NOON - timedelta(minutes=1), NOON + timedelta(minutes=1))
    page = finder.page(wanted, later, finder.mark_of(first[-1], NOON), book.heard(later, NOON))
    assert [(one.station.id, one.openness.state) for one in page.found] == [
        (encode(1, 8), "closed"),
        (encode(2, 8), "open"),
    ]
    assert codes(finder.nearest(wanted, later, book.heard(later))) == [encode(0, 8), encode(2, 8)]


def test_a_word_is_read_again_for_the_station_s_new_hours() -> None:
    finder, said = Finder([make_neighbour(1, 10, "13:00-17:00")]), NOON - timedelta(minutes=5)
    heard = Heard(words=[Word(encode(1, 8), said, said.timestamp())])
    wanted, half_past = Wanted(CENTRE, only_open=True), NOON + timedelta(minutes=30)
    assert codes(finder.nearest(wanted, half_past, heard)) == [encode(1, 8)]
    earlier = finder.replace([make_neighbour(1, 10, "12:10-12:20")])
    assert codes(earlier.nearest(wanted, NOON, heard)) == [encode(1, 8)]
    assert codes(earlier.nearest(wanted, half_past, heard)) == []


def test_the_words_of_days_ago_are_forgotten_and_one_is_kept_once() -> None:
    book = FloorBook()
    for hour in range(100):
        at = NOON + timedelta(hours=hour)
        book.put_word(encode(hour, 8), at, at)
        book.put_word(encode(hour, 8), at, at + timedelta(minutes=1))
    words = book.heard(NOON + timedelta(hours=99)).words
    assert [word.station for word in words] == [encode(hour, 8) for hour in range(100 - len(words), 100)]
    assert 25 <= len(words) <= 50
    book.put_word(encode(1, 8), NOON, NOON + timedelta(hours=99))
    assert book.heard(NOON + timedelta(hours=99)).words == words
