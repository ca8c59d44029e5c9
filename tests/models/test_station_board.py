"""The board: what it answers stays true while the views behind it are made in a thread."""

import asyncio
from datetime import datetime, timedelta
from typing import cast

import pytest
from msgspec.structs import replace

from models.districts import NoSuchDistrict
from models.finder import Wanted
from models.hours_text import parse_hours
from models.station_board import StationBoard
from models.stations import Station
from models.store import Store
from tests.models.test_finder import (
    CENTRE,
    NOON,
    SCHEDULES,
    answers,
    looking_at_all,
    make_neighbour,
    make_station,
)

STATIONS = [
    replace(make_neighbour(number, number * 3), hours=SCHEDULES[number % len(SCHEDULES)])
    for number in range(300)
]


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


async def make_board(hand: Hand, stations: list[Station]) -> StationBoard:
    board = StationBoard(cast(Store[Station], None), lambda _: b"", hand.now)
    await board._absorb(stations)
    return board


def is_prepared(board: StationBoard, at: datetime) -> bool:
    return board._finder.is_prepared(at)


async def test_stations_come_with_their_first_view_and_the_next() -> None:
    hand = Hand()
    assert is_prepared(await make_board(hand, STATIONS), NOON)


async def test_work_makes_ahead_what_the_coming_minutes_need() -> None:
    hand = Hand()
    board = await make_board(hand, STATIONS)
    for _ in range(40):
        hand.at += timedelta(minutes=31)
        board.page(Wanted(CENTRE), hand.at)
        await board.work()
        assert is_prepared(board, hand.at)


async def test_answers_stay_true_while_views_are_made() -> None:
    hand = Hand()
    board = await make_board(hand, STATIONS)
    hand.at = NOON + timedelta(minutes=10)
    working = asyncio.create_task(board.work())
    asked = 0
    while not working.done() or asked < 3:
        hand.at += timedelta(minutes=7)
        found = board.page(Wanted(CENTRE), hand.at).found
        assert answers(found) == looking_at_all(STATIONS, CENTRE, hand.at)[:20]
        asked += 1
        await asyncio.sleep(0)
    await working


async def test_a_change_is_another_generation_and_shows_at_once() -> None:
    hand = Hand()
    board = await make_board(hand, [make_station(1)])
    before = board.generation
    await board._absorb([replace(make_station(1), hours=parse_hours("24小时"))])
    assert board.generation == before + 1
    assert [one.openness.state for one in board.page(Wanted(CENTRE), NOON).found] == ["open"]


async def test_a_district_is_known_by_its_name_in_any_width() -> None:
    board = await make_board(
        Hand(), [make_station(1, district="（新）区"), make_station(2, None, district="乙区")]
    )
    assert [station.id for station in board.in_district("(新)区")] == [make_station(1).id]
    for name in ("乙区", "丙区"):
        with pytest.raises(NoSuchDistrict):
            board.in_district(name)
