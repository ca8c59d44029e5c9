"""What is measured without a server, in CPU time of this process: the search itself, and checking a code."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from time import process_time

from msgspec import Struct

from handlers.pictures import draw_code
from models.card_codes import STEP_SECONDS, STEPS_PER_HOUR, card_key, check, code_at, day_key, parse
from models.clock import local_day
from models.finder import Finder, Wanted
from models.positions import Position
from scripts.benchmarks.country import make_stations

NOON = datetime(2026, 7, 15, 4, 0, 5, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=15)
SEARCH_TARGET = 100.0
CHECK_TARGET = 120.0
PICTURE_TARGET = 5000.0
# Pixels of one module, as the card's page asks for.
SCALE = 8
WARM_UPS = 100


class Timing(Struct, frozen=True):
    """What one thing costs, in microseconds of CPU, and the most that it may cost."""

    name: str
    microseconds: float
    target: float


def time_search(stations: int, points: list[Position], queries: int) -> list[Timing]:
    """Return the cost of finding twenty stations near a point, at noon and at three in the morning."""
    finder = Finder(make_stations(stations))

    def search(at: datetime, name: str) -> Timing:
        finder.prepare(at)
        for point in points[:WARM_UPS]:
            finder.nearest(Wanted(point), at)
        places = [Wanted(points[number % len(points)]) for number in range(queries)]
        return Timing(name, _average(finder.nearest, [(place, at) for place in places]), SEARCH_TARGET)

    return [search(NOON, f"search of {stations} at noon"), search(NIGHT, f"search of {stations} at 3:00")]


def time_check(hours: int) -> Timing:
    """Return the cost of checking a right code, text to verdict, on average over the steps of an hour."""
    master, serial = bytes(range(32)), "0123456789"
    on_phone = day_key(card_key(master, serial, 1), local_day(NOON))
    start = NOON.replace(second=0)
    moments = [start + timedelta(seconds=step * STEP_SECONDS) for step in range(STEPS_PER_HOUR)]
    shown = [(code_at(on_phone, "1", serial, at).text, at) for at in moments]

    def judge(text: str, at: datetime) -> None:
        check(parse(text), card_key(master, serial, 1), at)

    return Timing("checking a card's code", _average(judge, shown * hours), CHECK_TARGET)


def time_picture(pictures: int) -> Timing:
    """Return the cost of drawing a card's code as a PNG, as the card's page shows it."""
    moments = [NOON + timedelta(seconds=step * STEP_SECONDS) for step in range(pictures)]
    on_phone = day_key(card_key(bytes(32), "0123456789", 1), local_day(NOON))
    texts = [code_at(on_phone, "1", "0123456789", at).text for at in moments]
    return Timing(
        "a card's QR picture", _average(draw_code, [(text, SCALE) for text in texts]), PICTURE_TARGET
    )


def _average(work: Callable[..., object], arguments: Sequence[tuple[object, ...]]) -> float:
    """Return the microseconds of CPU time that one call takes."""
    begun = process_time()
    for each in arguments:
        work(*each)
    return (process_time() - begun) / len(arguments) * 1e6
