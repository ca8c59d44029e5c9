"""The vectors of questions for stations: which are wrong and what is answered, which moment a text names.

Written by hand from the interface's description; the server's answers and those of a phone without a network
are both held against them.
"""

from datetime import datetime
from typing import Any

HERE = {"longitude": 113.62, "latitude": 34.75, "datum": "gcj02"}
NOW = "2026-07-15T14:00:00+08:00"

OUTSIDE = ("position_outside_country", "位置不在中国境内，请检查经度和纬度")
SWAPPED = ("position_outside_country", "经度和纬度可能写反了，请检查")
NOT_SO = ("invalid_request", "请求中有字段填写不正确")
NOT_THEN = ("moment_outside_week", "只能查从现在起7天以内的时间")

FACILITIES = (
    "water", "microwave", "charging", "air_conditioning", "fridge", "toilet", "medicine", "seats", "books",
    "wifi", "battery_swap", "nursing", "wheelchair", "aed",
)  # fmt: skip

# What a question says otherwise than `HERE`; None leaves it out.
RIGHT: tuple[dict[str, Any], ...] = (
    {},
    {"facilities": list(FACILITIES)},
    {"facilities": []},
    {"datum": "wgs84", "kind": "basic", "onlyOpen": True, "radius": 100, "limit": 1},
    {"datum": "bd09", "kind": "model", "onlyOpen": False, "radius": 50_000, "limit": 100},
    {"longitude": "113.62", "latitude": "34.75", "kind": "smart", "onlyOpen": "1", "radius": "5e3"},
    {"longitude": 72.004, "latitude": 55.8271},
)
# The same, with the answer and, of a wrong field, its path.
WRONG: tuple[tuple[dict[str, Any], tuple[str, str], str | None], ...] = (
    ({"longitude": 34.75, "latitude": 113.62}, SWAPPED, None),
    ({"longitude": 2.35, "latitude": 48.86}, OUTSIDE, None),
    ({"longitude": 0, "latitude": 0}, OUTSIDE, None),
    ({"longitude": 72.003}, OUTSIDE, None),
    ({"latitude": 55.828, "datum": "wgs84"}, OUTSIDE, None),
    ({"longitude": None}, NOT_SO, "query.longitude"),
    ({"latitude": None}, NOT_SO, "query.latitude"),
    ({"datum": None}, NOT_SO, "query.datum"),
    ({"datum": "GCJ02"}, NOT_SO, "query.datum"),
    ({"datum": ""}, NOT_SO, "query.datum"),
    ({"longitude": "NaN"}, NOT_SO, "query.longitude"),
    ({"latitude": "Infinity"}, NOT_SO, "query.latitude"),
    ({"longitude": ""}, NOT_SO, "query.longitude"),
    ({"longitude": "0x71"}, NOT_SO, "query.longitude"),
    ({"longitude": 180.5}, NOT_SO, "query.longitude"),
    ({"latitude": -181}, NOT_SO, "query.latitude"),
    ({"facilities": ["water", "sauna"]}, NOT_SO, "query.facilities[1]"),
    ({"facilities": "toString"}, NOT_SO, "query.facilities[0]"),
    ({"kind": "palace"}, NOT_SO, "query.kind"),
    ({"onlyOpen": "yes"}, NOT_SO, "query.onlyOpen"),
    ({"radius": 99}, NOT_SO, "query.radius"),
    ({"radius": 50_001}, NOT_SO, "query.radius"),
    ({"radius": 500.5}, NOT_SO, "query.radius"),
    ({"limit": 0}, NOT_SO, "query.limit"),
    ({"limit": 101}, NOT_SO, "query.limit"),
    ({"limit": "many"}, NOT_SO, "query.limit"),
    ({"toString": 1}, NOT_SO, "query.toString"),
    ({"at": "tomorrow"}, NOT_SO, "query.at"),
    ({"at": ""}, NOT_SO, "query.at"),
    ({"at": 1_784_095_205_000}, NOT_SO, "query.at"),
    ({"at": "2026-07-16T24:00"}, NOT_SO, "query.at"),
    ({"at": "2026-07-16T10:60"}, NOT_SO, "query.at"),
    ({"at": "2026-07-32"}, NOT_SO, "query.at"),
    ({"at": "2026-02-30T10:00"}, NOT_SO, "query.at"),
    ({"at": "2026-07-16T10:00+24:00"}, NOT_SO, "query.at"),
    ({"at": "2026-07-16T10:00:00.123456789012345+08:00"}, NOT_SO, "query.at"),
    ({"at": "2026-07-15T13:59:59"}, NOT_THEN, None),
    ({"at": "2026-07-22T14:01"}, NOT_THEN, None),
    ({"at": "2025-07-16T10:00"}, NOT_THEN, None),
)
# The moment that a text names, in full.
MOMENTS = (
    ("2026-07-16T02:00", "2026-07-16T02:00:00+08:00"),
    ("2026-07-16 02:00:59.999", "2026-07-16T02:00:00+08:00"),
    ("20260716T020059", "2026-07-16T02:00:00+08:00"),
    ("2026-07-16", "2026-07-16T00:00:00+08:00"),
    ("2026-07-16T02", "2026-07-16T02:00:00+08:00"),
    ("2026-07-16T02:00:00+08:00", "2026-07-16T02:00:00+08:00"),
    ("2026-07-16T02:00:00 08:00", "2026-07-16T02:00:00+08:00"),
    ("2026-07-15T18:00Z", "2026-07-16T02:00:00+08:00"),
    ("2026-07-15T14:30:00-0330", "2026-07-16T02:00:00+08:00"),
    ("2026-07-22T14:00:59", "2026-07-22T14:00:00+08:00"),
    (NOW, NOW),
)


def question_vectors() -> dict[str, Any]:
    """Return the right questions, the wrong ones with their answers, and the moments."""
    return {
        "now": NOW,
        "unixMilliseconds": milliseconds(NOW),
        "right": [asked(more) for more in RIGHT],
        "wrong": [
            {"wanted": asked(more), "code": code, "message": message, "field": field}
            for more, (code, message), field in WRONG
        ],
        "moments": [{"at": at, "unixMilliseconds": milliseconds(moment)} for at, moment in MOMENTS],
    }


def asked(more: dict[str, Any]) -> dict[str, Any]:
    """Return a whole question."""
    return {name: value for name, value in {**HERE, **more}.items() if value is not None}


def milliseconds(moment: str) -> int:
    """Return a moment as JavaScript counts it."""
    return round(datetime.fromisoformat(moment).timestamp() * 1000)
