"""Whether the finder agrees with looking at every station: as many random questions as one likes.

The other side of the comparison measures the distance to each of the stations by the haversine formula, in
NumPy, and sorts; it shares nothing with the finder but how open a schedule is. Stations are counted through
in full for every question. Some stations were confirmed lately, and so count as nearer.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from random import Random

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from models.finder import Finder, Wanted
from models.freshness import MOST, Freshness
from models.hours_open import openness
from models.positions import EARTH_RADIUS_METRES, Position
from models.ranks import OPEN_RANKS, RANKING, Heard
from models.stations import FACILITIES, Facility, Station
from scripts.benchmarks.country import SEED, make_points, make_stations
from scripts.benchmarks.inside import NOON

NEAREST = 10
POINTS = 20_000
MOMENTS = tuple(NOON + timedelta(hours=hours) for hours in (0, 5, 9, 15, 72))
ASKED: tuple[frozenset[Facility], ...] = (
    frozenset(),
    frozenset(),
    frozenset({"water", "charging"}),
    frozenset({"nursing"}),
    frozenset({"wheelchair", "toilet"}),
)

# What stations are set back by, when some were confirmed lately.
SET_BACKS = (0, 40, MOST)

Row = tuple[int, int, str]


class Agreement(Struct, frozen=True):
    """How many questions were asked, how many answers held any station, and which questions differed."""

    questions: int
    answered: int
    differing: tuple[str, ...]


class _Everything:
    """All stations in arrays, to be looked at one and all."""

    def __init__(self, stations: Sequence[Station], set_backs: Mapping[str, int]) -> None:
        self._set_backs = np.array([set_backs[station.id] for station in stations])
        self._codes = [station.id for station in stations]
        places = [station.position or Position(0, 0) for station in stations]
        self._longitudes = np.radians([place.longitude for place in places])
        self._latitudes = np.radians([place.latitude for place in places])
        self._cosines = np.cos(self._latitudes)
        schedules = dict.fromkeys(station.hours for station in stations)
        numbers = {hours: number for number, hours in enumerate(schedules)}
        self._numbers = np.array([numbers[station.hours] for station in stations])
        self._having = {
            name: np.array([name in station.facilities for station in stations]) for name in FACILITIES
        }
        self._ranks = {
            at: np.array([RANKING.index(openness(hours, at).state) for hours in schedules]) for at in MOMENTS
        }

    def nearest(self, wanted: Wanted, moment: int) -> list[Row]:
        """Return rank, metres and code of the first that count."""
        metres = np.rint(self._metres(wanted.position))
        counts = metres <= wanted.radius
        for name in wanted.facilities:
            counts &= self._having[name]
        rows = counts.nonzero()[0]
        ranks = self._ranks[MOMENTS[moment]][self._numbers[rows]]
        counted = metres + self._set_backs
        found = [
            (int(rank), int(counted[row]), self._codes[row], int(metres[row]))
            for rank, row in zip(ranks.tolist(), rows.tolist(), strict=True)
            if rank < OPEN_RANKS or not wanted.only_open
        ]
        return [(rank, far, code) for rank, _, code, far in sorted(found)[: wanted.limit]]

    def _metres(self, here: Position) -> NDArray[np.float64]:
        longitude, latitude = np.radians(here.longitude), np.radians(here.latitude)
        north = np.sin((self._latitudes - latitude) / 2)
        east = np.sin((self._longitudes - longitude) / 2)
        square = north * north + np.cos(latitude) * self._cosines * east * east
        metres: NDArray[np.float64] = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(square))
        return metres


def measure(stations: int, questions: int) -> Agreement:
    """Ask both sides the same questions."""
    chance = Random(SEED + 2)  # noqa: S311  # Nothing secret is drawn.
    country = list(make_stations(stations))
    set_backs = {station.id: chance.choice(SET_BACKS) for station in country}
    finder, everything = Finder(country), _Everything(country, set_backs)
    heard = Heard(freshness=Freshness(set_backs))
    points = make_points(POINTS, stations)
    differing, answered = [], 0
    for number in range(questions):
        moment = number * len(MOMENTS) // questions
        finder.prepare(MOMENTS[moment])
        wanted = Wanted(
            chance.choice(points),
            chance.choice(ASKED),
            only_open=chance.random() < 1 / 4,
            limit=NEAREST,
            radius=chance.choice((500, 2_000, 5_000, 20_000)),
        )
        found = finder.nearest(wanted, MOMENTS[moment], heard)
        rows = [(RANKING.index(one.openness.state), one.metres, one.station.id) for one in found]
        answered += bool(rows)
        if rows != everything.nearest(wanted, moment):
            differing.append(f"{wanted} at {MOMENTS[moment]:%d %H:%M}")
    return Agreement(questions, answered, tuple(differing))


def run(stations: int, questions: int) -> int:
    """Measure and print; return the exit status: 1 if anything differed."""
    found = measure(stations, questions)
    print(
        f"{found.questions} questions for the nearest {NEAREST} of {stations} stations, {found.answered} of "
        f"them with an answer: {len(found.differing)} differ from looking at every station"
    )
    for line in found.differing[:NEAREST]:
        print(line)
    return 1 if found.differing else 0
