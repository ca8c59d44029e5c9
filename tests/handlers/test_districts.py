"""A district's file: what is in it, how it is asked for again, and how large it may be."""

import gzip
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from msgspec.structs import replace

from handlers.district_files import LIMIT, Besides, Edition, write_edition
from handlers.district_replies import DistrictReply
from handlers.districts import accepts_gzip
from models.evidence import Evidence, Mark, Reason, Statement
from models.hours_open import openness
from models.ids import encode
from models.ranks import UNKNOWN_RANK
from models.stations import FACILITIES, Station
from scripts.benchmarks.country import make_stations
from tests.factories import NOON, Clock, Http, change

JINSHUI = f"/api/v1/districts/{quote('金水区')}/stations"
MIDNIGHT = NOON.replace(hour=16, minute=0, second=0) - timedelta(days=1)


def read(content: bytes) -> DistrictReply:
    return msgspec.json.decode(content, type=DistrictReply)


def read_parts(edition: Edition) -> list[DistrictReply]:
    return [read(part.plain) for part in edition.parts]


def crowd(count: int) -> Sequence[Station]:
    """Stations of one district with long names, and some hundred distinct schedules."""
    return [
        replace(station, district="浦东新区", name=station.name * 2, id=encode(number * 7, 8))
        for number, station in enumerate(make_stations(count))
    ]


async def test_a_districts_stations_are_those_that_the_search_finds(http: Http) -> None:
    reply = await http("GET", JINSHUI)
    assert reply.status == 200
    file = read(reply.body)
    found = await http(
        "GET", "/api/v1/stations?longitude=113.66&latitude=34.78&datum=gcj02&radius=50000&limit=100"
    )
    there = {item["code"]: item for item in found.json["items"] if item["code"] in file.codes}
    assert file.district == "金水区"
    assert file.codes == sorted(file.codes)
    assert set(there) == set(file.codes)
    for place, code in enumerate(file.codes):
        item, schedule = there[code], file.schedules[file.schedule_of[place]]
        assert (file.names[place], file.addresses[place]) == (item["name"], item["address"])
        assert (file.longitudes[place], file.latitudes[place]) == (
            item["position"]["longitude"],
            item["position"]["latitude"],
        )
        bits = file.facilities[place]
        assert [name for bit, name in enumerate(file.facility_names) if bits >> bit & 1] == item["facilities"]
        assert schedule.hours == item["hours"]


async def test_who_has_the_file_is_told_so(http: Http, clock: Clock) -> None:
    reply = await http("GET", JINSHUI)
    tag = reply.headers["ETag"]
    assert tag == f'W/"{read(reply.body).version}"'
    again = await http("GET", JINSHUI, headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    clock.advance(days=1)
    tomorrow = await http("GET", JINSHUI, headers={"If-None-Match": tag})
    assert tomorrow.status == 200
    assert read(tomorrow.body).since == read(reply.body).since + timedelta(days=1)


async def test_a_change_makes_another_edition(http: Http, service: Any) -> None:
    file = read((await http("GET", JINSHUI)).body)
    await change(service, file.codes[0], state="suspended")
    changed = read((await http("GET", JINSHUI)).body)
    assert changed.codes == file.codes[1:]
    assert changed.version != file.version
    await change(service, file.codes[0], state="operating")
    assert read((await http("GET", JINSHUI)).body) == file


async def test_what_is_doubted_or_closed_for_today_is_in_the_file_and_makes_another_edition(
    http: Http, service: Any, clock: Clock
) -> None:
    evidence = service.world.visits.evidence
    before = await http("GET", JINSHUI)
    code = read(before.body).codes[1]

    async def say(**values: Any) -> tuple[list[tuple[str, str, str | None, str]], str]:
        async def add(seen: Evidence) -> Evidence:
            return replace(seen, **values)

        clock.advance(seconds=1)
        await evidence.change(code, add)
        reply = await http("GET", JINSHUI)
        again = await http("GET", JINSHUI, headers={"If-None-Match": reply.headers["ETag"]})
        assert again.status == 304
        marks = msgspec.json.decode(reply.body)["marks"]
        found = [(one["ranksAs"], one["mark"]["state"], one["until"], one["mark"]["words"]) for one in marks]
        assert {one["place"] for one in marks} <= {1}
        return found, reply.headers["ETag"]

    one, two = (Mark("locked", state, NOON, NOON) for state in ("reported", "doubtful"))
    assert await say(marks={"locked": one}) == ([], before.headers["ETag"])
    doubted, tag = await say(marks={"locked": two})
    assert doubted == [("unknown", "doubtful", None, "12:00 有人反映锁门，待核实")]
    assert tag != before.headers["ETag"]
    closed, _ = await say(said=Statement(False, clock.now(), "somebody"))
    today = ("closed", "stated", "2026-07-16T00:00:00+08:00", "12:00 工作人员说今天不开放")
    assert closed == [today, *doubted]
    answered = {"locked": clock.now()}
    assert await say(answered=answered, said=None) == ([], before.headers["ETag"])


async def test_the_file_is_compressed_for_who_says_so(http: Http) -> None:
    plain = await http("GET", JINSHUI, headers={"Accept-Encoding": "identity"})
    zipped = await http("GET", JINSHUI, headers={"Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["ETag"] == zipped.headers["ETag"]
    body = zipped.body if zipped.body.startswith(b"{") else gzip.decompress(zipped.body)
    assert body == plain.body


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("gzip", True), ("deflate, GZIP;q=0.5", True), ("gzip; q=1", True), ("", False), ("br", False),
        ("gzip;q=0", False), ("gzip;q=0.000", False), ("x-gzip", False),
    ],
)  # fmt: skip
def test_gzip_is_accepted_as_the_header_says(header: str, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        (f"/api/v1/districts/{quote('无此区')}/stations", 404, "district_not_found"),
        (f"{JINSHUI}?part=2", 404, "district_not_found"),
        (f"{JINSHUI}?part=0", 400, "invalid_request"),
        (f"{JINSHUI}?pages=1", 400, "invalid_request"),
        ("/api/v1/districts/%ff/stations", 400, "invalid_request"),
        ("/api/v1/districts/a%2Fb/stations", 404, "district_not_found"),
    ],
)
async def test_what_is_not_there_is_refused(http: Http, target: str, status: int, code: str) -> None:
    reply = await http("GET", target)
    assert (reply.status, reply.code) == (status, code)


def test_a_large_district_is_split_and_nothing_is_left_out() -> None:
    stations = crowd(3000)
    edition = write_edition(stations, MIDNIGHT)
    parts = read_parts(edition)
    assert len(parts) > 1
    assert all(len(part.plain) <= LIMIT for part in edition.parts)
    assert all(len(part.plain) > LIMIT * 0.9 for part in edition.parts[:-1])
    assert [code for part in parts for code in part.codes] == sorted(station.id for station in stations)
    assert [(part.part, part.parts) for part in parts] == [(n, len(parts)) for n in range(1, len(parts) + 1)]
    assert {part.version for part in parts} == {edition.version}


def test_a_district_of_which_every_station_is_doubted_is_split_as_well() -> None:
    stations = crowd(1200)
    mark = Mark("nothing_works", "doubtful", NOON, NOON)
    reasons = {station.id: [Reason(UNKNOWN_RANK, None, mark)] for station in stations}
    edition = write_edition(stations, MIDNIGHT, Besides(reasons))
    parts = read_parts(edition)
    assert len(parts) > 1
    assert all(len(part.plain) <= LIMIT for part in edition.parts)
    assert [[mark.place for mark in part.marks] for part in parts] == [
        list(range(len(part.codes))) for part in parts
    ]


def test_every_station_keeps_its_own_hours_and_facilities() -> None:
    stations = {station.id: station for station in crowd(700)}
    for part in read_parts(write_edition(list(stations.values()), MIDNIGHT)):
        for place, code in enumerate(part.codes):
            station, schedule = stations[code], part.schedules[part.schedule_of[place]]
            began = [
                state
                for state, minute in zip(schedule.states, schedule.minutes, strict=True)
                if minute <= 720
            ]
            now = openness(station.hours, MIDNIGHT + timedelta(hours=12), station.closure).state
            assert began[-1] == {"closing": "o"}.get(now, now[0])
            names = [name for bit, name in enumerate(FACILITIES) if part.facilities[place] >> bit & 1]
            assert set(names) == set(station.facilities)


def test_the_same_stations_in_any_order_are_the_same_edition() -> None:
    stations = crowd(50)
    assert write_edition(stations, MIDNIGHT) == write_edition(stations[::-1], MIDNIGHT)
