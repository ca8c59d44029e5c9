"""Invented stations, spread as real ones are: over forty urban areas, dense within and thin around."""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from msgspec import Struct

from models.hours import ALWAYS, UNKNOWN, Hours, Interval, make_weekly
from models.ids import encode
from models.positions import Position
from models.stations import CODE_LENGTH, Facility, Station

# So that every process of a benchmark makes the same country.
SEED = 20_260_715
CORE_DEGREES = 0.07
OUTSKIRTS_DEGREES = 0.25
OUTSKIRTS_SHARE = 0.3
NEAR_DEGREES = 0.003
SHARES: dict[Facility, float] = {
    "water": 0.95, "seats": 0.8, "microwave": 0.8, "charging": 0.8, "air_conditioning": 0.7, "medicine": 0.6,
    "wifi": 0.5, "fridge": 0.4, "toilet": 0.4, "books": 0.4, "nursing": 0.15, "wheelchair": 0.1,
    "battery_swap": 0.1, "aed": 0.05,
}  # fmt: skip
MARKED = datetime(2026, 7, 1, tzinfo=UTC)


class Area(Struct, frozen=True):
    """An urban area: its name and centre."""

    name: str
    longitude: float
    latitude: float


AREAS = (
    Area("上海", 121.47, 31.23), Area("北京", 116.40, 39.90), Area("深圳", 114.06, 22.54),
    Area("重庆", 106.55, 29.56), Area("广州", 113.26, 23.13), Area("成都", 104.07, 30.57),
    Area("天津", 117.20, 39.13), Area("武汉", 114.30, 30.59), Area("东莞", 113.75, 23.02),
    Area("西安", 108.94, 34.34), Area("杭州", 120.16, 30.25), Area("佛山", 113.12, 23.02),
    Area("南京", 118.80, 32.06), Area("沈阳", 123.43, 41.80), Area("青岛", 120.38, 36.07),
    Area("济南", 117.12, 36.65), Area("长沙", 112.94, 28.23), Area("哈尔滨", 126.53, 45.80),
    Area("郑州", 113.62, 34.75), Area("昆明", 102.83, 24.88), Area("大连", 121.61, 38.91),
    Area("苏州", 120.58, 31.30), Area("宁波", 121.54, 29.87), Area("合肥", 117.23, 31.82),
    Area("厦门", 118.09, 24.48), Area("无锡", 120.31, 31.49), Area("长春", 125.32, 43.82),
    Area("福州", 119.30, 26.07), Area("石家庄", 114.51, 38.04), Area("南昌", 115.86, 28.68),
    Area("贵阳", 106.63, 26.65), Area("南宁", 108.37, 22.82), Area("太原", 112.55, 37.87),
    Area("乌鲁木齐", 87.62, 43.83), Area("兰州", 103.83, 36.06), Area("温州", 120.70, 27.99),
    Area("泉州", 118.68, 24.87), Area("呼和浩特", 111.75, 40.84), Area("海口", 110.33, 20.04),
    Area("洛阳", 112.45, 34.62),
)  # fmt: skip


def make_stations(count: int) -> Iterator[Station]:
    """Yield stations, always the same ones for a count."""
    chance = Random(SEED)  # noqa: S311  # Nothing secret is drawn.
    schedules = _schedules()
    weights = [1 / (rank + 4) for rank in range(len(AREAS))]
    for number, area in enumerate(chance.choices(AREAS, weights, k=count)):
        spread = OUTSKIRTS_DEGREES if chance.random() < OUTSKIRTS_SHARE else CORE_DEGREES
        yield Station(
            # An odd factor takes each number to another code of 40 bits.
            id=encode(number * 0x9E3779B97B, CODE_LENGTH),
            name=f"{area.name}工会户外劳动者服务驿站{number:06}",
            address=f"{area.name}市劳动大道{chance.randrange(1, 999)}号",
            district=f"{area.name}{number % 12 + 1}区",
            position=_near(Position(area.longitude, area.latitude), spread, chance),
            hours=chance.choice(schedules),
            facilities=tuple(name for name, share in SHARES.items() if chance.random() < share),
            source="bench",
            changed=MARKED,
        )


def make_points(count: int, stations: int) -> list[Position]:
    """Return places where people ask: within a few hundred metres of some of the stations."""
    chance = Random(SEED + 1)  # noqa: S311  # Nothing secret is drawn.
    places = [station.position for station in make_stations(stations) if station.position]
    return [_near(place, NEAR_DEGREES, chance) for place in chance.choices(places, k=count)]


def _near(place: Position, spread: float, chance: Random) -> Position:
    """Return a place around another, to six decimals, as phones give it."""
    longitude = chance.gauss(place.longitude, spread)
    return Position(round(longitude, 6), round(chance.gauss(place.latitude, spread), 6))


def _schedules() -> list[Hours]:
    """Return some fifty schedules; a fifth of the stations never closes, a tenth does not say."""
    weekly = [
        _week((opens * 60, closes * 60 + 30), days)
        for opens in (6, 7, 8, 9)
        for closes in (16, 17, 18, 20, 21, 22)
        for days in (5, 7)
    ]
    return [*weekly, *[ALWAYS] * (len(weekly) // 4), *[UNKNOWN] * (len(weekly) // 8)]


def _week(interval: Interval, days: int) -> Hours:
    return make_weekly([[interval]] * days + [[]] * (7 - days))
