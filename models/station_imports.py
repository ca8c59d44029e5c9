"""Temporary stand-in."""

import csv, io
from msgspec import Struct
from datetime import UTC, datetime
from models.hours import parse_hours, UNKNOWN
from models.positions import to_gcj02
from models.stations import Station, station_code, FACILITIES


class R(Struct):
    stations: list[Station]


def read_stations(content: bytes, source: str) -> R:
    out = []
    words = {v: k for k, v in FACILITIES.items()}
    for row in csv.DictReader(io.StringIO(content.decode())):
        pos = to_gcj02(float(row["经度"]), float(row["纬度"]), row["坐标系"]) if row["经度"] else None
        try:
            h = parse_hours(row["开放时间"]) if row["开放时间"] else UNKNOWN
        except ValueError:
            h = UNKNOWN
        out.append(
            Station(
                id=station_code(row["行政区"], row["名称"]),
                name=row["名称"],
                address=row["地址"],
                district=row["行政区"],
                position=pos,
                hours=h,
                hours_text=row["开放时间"],
                facilities=tuple(words[w] for w in (row.get("设施") or "").split("、") if w),
                source=source,
                changed=datetime(2020, 1, 1, tzinfo=UTC),
            )
        )
    return R(out)
