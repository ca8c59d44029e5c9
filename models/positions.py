"""Positions: one datum inside, three outside.

Stored positions and every distance are in GCJ-02, the datum of the maps that people see. Coordinates that
come in say which datum they are in and are converted here, at the edge. The constants of the two offsets
are the widely published ones; no authority publishes them, so a converted position is good to about a metre.

The offset applies inside one box, which is also what counts as the country here. The box holds Hong Kong
and Macau too, whose maps use WGS-84: a position there is shifted like any other.
"""

from collections.abc import Callable
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt
from typing import Literal

from msgspec import Struct

from models.errors import Invalid

Datum = Literal["gcj02", "wgs84", "bd09"]

WEST, EAST = 72.004, 137.8347
SOUTH, NORTH = 0.8293, 55.8271

EARTH_RADIUS_METRES = 6_371_008.8

_AXIS_METRES = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
_DEGREE = pi / 180
_ORIGIN_LONGITUDE, _ORIGIN_LATITUDE = 105.0, 35.0

_BAIDU_WAVE = pi * 3000 / 180
_BAIDU_EAST, _BAIDU_NORTH = 0.0065, 0.006

# Each step leaves less than a hundredth of the error: after the fourth it is 0.02 mm at most.
_STEPS_BACK = 4

Point = tuple[float, float]


class PositionOutsideCountry(Invalid):
    """The coordinates are no place in the country; `swapped` when exchanging the two would make them one."""

    code = "position_outside_country"
    message = "位置不在中国境内，请检查经度和纬度"


class Position(Struct, frozen=True, gc=False):
    """A place in GCJ-02, in degrees east and north."""

    longitude: float
    latitude: float


def to_gcj02(longitude: float, latitude: float, datum: Datum) -> Position:
    """Return a place given in any datum, in degrees; PositionOutsideCountry for what is not in the box."""
    if not _is_inside(longitude, latitude):
        if _is_inside(latitude, longitude):
            raise PositionOutsideCountry("经度和纬度可能写反了，请检查", swapped=True)
        raise PositionOutsideCountry
    if datum == "wgs84":
        longitude, latitude = _shifted(longitude, latitude)
    elif datum == "bd09":
        longitude, latitude = _solved(_to_baidu, longitude, latitude)
    return Position(longitude, latitude)


def from_gcj02(position: Position, datum: Datum) -> Point:
    """Return longitude and latitude of a place in another datum, in degrees."""
    if datum == "wgs84":
        return _solved(_shifted, position.longitude, position.latitude)
    if datum == "bd09":
        return _to_baidu(position.longitude, position.latitude)
    return position.longitude, position.latitude


def metres_between(one: Position, other: Position) -> float:
    """Return the great-circle distance of two places in metres (haversine on the mean sphere)."""
    north = sin(radians(other.latitude - one.latitude) / 2)
    east = sin(radians(other.longitude - one.longitude) / 2)
    square = north * north + cos(radians(one.latitude)) * cos(radians(other.latitude)) * east * east
    return 2 * EARTH_RADIUS_METRES * asin(min(1.0, sqrt(square)))


def _is_inside(longitude: float, latitude: float) -> bool:
    """Say whether a place is in the box; false for NaN, which compares with nothing."""
    return WEST <= longitude <= EAST and SOUTH <= latitude <= NORTH


def _shifted(longitude: float, latitude: float) -> Point:
    """Return the GCJ-02 place of a WGS-84 one."""
    x, y = longitude - _ORIGIN_LONGITUDE, latitude - _ORIGIN_LATITUDE
    root = sqrt(abs(x))
    ripple = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += 2 / 3 * (ripple + 20 * sin(pi * y) + 40 * sin(pi * y / 3))
    north += 2 / 3 * (160 * sin(pi * y / 12) + 320 * sin(pi * y / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += 2 / 3 * (ripple + 20 * sin(pi * x) + 40 * sin(pi * x / 3))
    east += 2 / 3 * (150 * sin(pi * x / 12) + 300 * sin(pi * x / 30))
    angle = latitude * _DEGREE
    flat = 1 - _ECCENTRICITY_SQUARED * sin(angle) ** 2
    meridian = _AXIS_METRES * (1 - _ECCENTRICITY_SQUARED) / (flat * sqrt(flat))
    parallel = _AXIS_METRES / sqrt(flat) * cos(angle)
    return longitude + east / (parallel * _DEGREE), latitude + north / (meridian * _DEGREE)


def _to_baidu(longitude: float, latitude: float) -> Point:
    """Return the BD-09 place of a GCJ-02 one."""
    reach = hypot(longitude, latitude) + 0.00002 * sin(latitude * _BAIDU_WAVE)
    angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * _BAIDU_WAVE)
    return reach * cos(angle) + _BAIDU_EAST, reach * sin(angle) + _BAIDU_NORTH


def _solved(forward: Callable[[float, float], Point], longitude: float, latitude: float) -> Point:
    """Return the place that `forward` takes to the given one, by fixed-point iteration."""
    x, y = longitude, latitude
    for _ in range(_STEPS_BACK):
        there_x, there_y = forward(x, y)
        x, y = x + longitude - there_x, y + latitude - there_y
    return x, y
