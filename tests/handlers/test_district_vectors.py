"""The vectors of a district's file, and the phone that reads it: the same answers as the finder's."""

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec import Struct

from handlers.district_files import Besides, write_edition
from handlers.district_replies import DistrictReply, OpenedReply, SetBackReply
from handlers.nearby import OpennessReply
from models.clock import LOCAL
from models.evidence import Evidence, Mark, Reason, Statement
from models.finder import Finder, Found, Wanted
from models.freshness import Freshness
from models.hours import Closure
from models.hours_text import parse_hours
from models.open_now import as_said
from models.positions import Position, from_gcj02, to_gcj02
from models.ranks import RANKING, Heard, Word
from models.stations import FACILITIES, KINDS, Equipment, Facility, Station, StationKind
from tests.models.test_finder import CENTRE, CLOSURES, NOON, SCHEDULES, make_station

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "miniprogram_api" / "client"
DAY = "2026-09-01"
NODE = shutil.which("node")
with_node = pytest.mark.skipif(NODE is None, reason="node is not installed: JavaScript is not tested")

ANSWER = """
const [library, file, questions] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const { createKeptStations } = require(`${library}/kept_stations.js`);
const slot = () => { let value = null; return { read: () => value, write: (next) => { value = next; } }; };
let now = 0;
const kept = createKeptStations({ request: async () => file, now: () => now, slot });
const answer = ([at, wanted]) => {
  now = Date.parse(at);
  return kept.keptStationsNear(wanted).items;
};
kept.keepDistrict(file.district).then(() => console.log(JSON.stringify(questions.map(answer))));
"""
CONVERT = """
const [library, points] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const { toGcj02, fromGcj02 } = require(`${library}/positions.js`);
console.log(JSON.stringify(points.map(([x, y, datum]) => [toGcj02(x, y, datum), fromGcj02(x, y, datum)])));
"""


class Question(Struct, frozen=True, rename="camel"):
    """One question, and its answer: code, metres and openness of each station."""

    at: datetime
    wanted: dict[str, Any]
    found: list[dict[str, Any]]


class Vectors(Struct, frozen=True, rename="camel"):
    """The whole file of vectors."""

    closures: dict[str, tuple[datetime, datetime | None]]
    broken: dict[str, tuple[Facility, ...]]
    file: DistrictReply
    questions: list[Question]
    marks: list[SetBackReply]
    opened: list[OpenedReply]
    set_backs: list[int]
    marked: list[Question]


VECTORS = msgspec.json.decode(
    (ROOT / "tests" / "vectors" / "district_stations.json").read_bytes(), type=Vectors
)


def stations_of(vectors: Vectors) -> list[Station]:
    """Return the stations that the file was made of."""
    file, broken = vectors.file, vectors.broken
    closures = {code: Closure("检修", since, until) for code, (since, until) in vectors.closures.items()}
    return [
        Station(
            id=code,
            name=file.names[place],
            address=file.addresses[place],
            district=file.district,
            position=Position(file.longitudes[place], file.latitudes[place]),
            hours=parse_hours(file.schedules[file.schedule_of[place]].hours),
            closure=closures.get(code),
            facilities=(*broken.get(code, ()), *names_of(file.facilities[place])),
            equipment=tuple(Equipment(facility=name, broken_since=DAY) for name in broken.get(code, ())),
            kind=None if file.kinds[place] < 0 else file.kind_names[file.kinds[place]],
            source="test",
        )
        for place, code in enumerate(file.codes)
    ]


def names_of(bits: int) -> tuple[Facility, ...]:
    return tuple(name for bit, name in enumerate(FACILITIES) if bits >> bit & 1)


def run_node(script: str, given: object) -> Any:
    assert NODE is not None
    finished = subprocess.run(
        [NODE, "-e", script], input=json.dumps(given), capture_output=True, text=True, timeout=60, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def wanted_of(question: dict[str, Any]) -> Wanted:
    return Wanted(
        to_gcj02(question["longitude"], question["latitude"], question["datum"]),
        frozenset(question.get("facilities", ())),
        question.get("kind"),
        question.get("onlyOpen", False),
        question.get("limit", 20),
        question.get("radius", 5000),
    )


def row_of(found: Found) -> dict[str, Any]:
    """Return what a phone without a network knows as well."""
    said = msgspec.json.decode(msgspec.json.encode(OpennessReply.of(found.openness)))
    return {
        "code": found.station.id,
        "distanceMetres": found.metres,
        "state": said["state"],
        "until": moment(said["until"]),
        "opensAt": moment(said["opensAt"]),
        "problem": None,
    }


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_the_file_of_the_vectors_is_what_the_server_writes() -> None:
    edition = write_edition(stations_of(VECTORS), VECTORS.file.since)
    written = msgspec.json.decode(edition.parts[0].plain, type=DistrictReply)
    for name in DistrictReply.__struct_fields__:
        if name not in ("version", "schedules"):
            assert getattr(written, name) == getattr(VECTORS.file, name), name
    openings = [[(one.states, one.minutes) for one in file.schedules] for file in (written, VECTORS.file)]
    assert openings[0] == openings[1]


@pytest.mark.parametrize("is_prepared", [True, False])
def test_the_finder_answers_the_vectors_questions(is_prepared: bool) -> None:
    finder = Finder(stations_of(VECTORS))
    last = VECTORS.file.since + timedelta(days=VECTORS.file.days + 1)
    for question in VECTORS.questions:
        if is_prepared:
            finder.prepare(question.at)
        found = [row_of(one) for one in finder.nearest(wanted_of(question.wanted), question.at)]
        for one in found:
            # What lies beyond the file is not in it.
            one.update({name: None for name in ("until", "opensAt") if one[name] and one[name] >= last})
        expected = [
            {**one, "until": moment(one["until"]), "opensAt": moment(one["opensAt"])}
            for one in question.found
        ]
        assert found == expected


def reason_of(one: SetBackReply) -> Reason:
    """Return what the server knows of a station that is marked so."""
    mark = one.mark
    said: Mark | Statement = Statement(False, mark.last, "")
    if mark.problem != "closed_today":
        said = Mark(mark.problem, "doubtful", mark.since, mark.last)
    return Reason(RANKING.index(one.ranks_as), one.until, said)


def words_of(vectors: Vectors) -> list[Word]:
    """Return the words that opened stations, as the server heard them at once."""
    return [Word(vectors.file.codes[one.place], one.since, one.since.timestamp()) for one in vectors.opened]


def freshness_of_vectors() -> Freshness:
    return Freshness(dict(zip(VECTORS.file.codes, VECTORS.set_backs, strict=True)))


def test_what_is_known_besides_in_the_vectors_is_what_the_server_writes() -> None:
    reasons: dict[str, list[Reason]] = {}
    for mark in VECTORS.marks:
        reasons.setdefault(VECTORS.file.codes[mark.place], []).append(reason_of(mark))
    stations, words = stations_of(VECTORS), words_of(VECTORS)
    last = max(word.said for word in words)
    early = Finder(stations).list_early(last, Heard(words=words))
    edition = write_edition(stations, VECTORS.file.since, Besides(reasons, early, freshness_of_vectors()))
    written = msgspec.json.decode(edition.parts[0].plain, type=DistrictReply)
    assert written.marks == VECTORS.marks
    assert written.opened == VECTORS.opened
    assert written.set_backs == VECTORS.set_backs


def floors_at(at: datetime) -> dict[str, int]:
    """Return how far the vectors' marks set stations back at a moment."""
    floors: dict[str, int] = {}
    for one in VECTORS.marks:
        if one.until is None or at < one.until:
            code = VECTORS.file.codes[one.place]
            floors[code] = max(floors.get(code, 0), RANKING.index(one.ranks_as))
    return floors


def heard_at(at: datetime) -> Heard:
    floors = floors_at(at)
    return Heard(floors, floors, words_of(VECTORS), freshness=freshness_of_vectors())


def evidence_of(code: str, at: datetime) -> Evidence:
    """Return what is known of a station at a moment by the vectors' marks."""
    own = [one for one in VECTORS.marks if VECTORS.file.codes[one.place] == code]
    closed = [one.mark.last for one in own if one.until and at < one.until]
    marks = [
        Mark(one.mark.problem, "doubtful", one.mark.since, one.mark.last)
        for one in own
        if one.mark.problem != "closed_today"
    ]
    return Evidence(
        id=code,
        said=Statement(False, closed[0], "") if closed else None,
        marks={mark.problem: mark for mark in marks},
        changed=at,
    )


def test_the_finder_ranks_the_marked_and_the_server_calls_them_open_or_not_as_the_vectors_say() -> None:
    finder = Finder(stations_of(VECTORS))
    for question in VECTORS.marked:
        finder.prepare(question.at)
        found = finder.nearest(wanted_of(question.wanted), question.at, heard_at(question.at))
        expected = [(one["code"], one["distanceMetres"], one["state"]) for one in question.found]
        said = [
            as_said(one.openness, one.station, evidence_of(one.station.id, question.at), question.at)
            for one in found
        ]
        assert [
            (one.station.id, one.metres, now.state) for one, now in zip(found, said, strict=True)
        ] == expected
        opens_at = [moment(one["opensAt"]) for one in question.found if one["problem"] == "closed_today"]
        assert [now.opens_at for now in said if now.reason and now.reason.code == "keeper_closed"] == opens_at


def random_stations(random: np.random.Generator, count: int) -> list[Station]:
    east, north = random.normal(0, 0.02, (2, count)).tolist()
    kinds: list[StationKind | None] = [None, *KINDS]
    return [
        Station(
            id=make_station(number).id,
            name="站",
            address="路",
            district="东区",
            position=Position(CENTRE.longitude + east[number], CENTRE.latitude + north[number]),
            hours=SCHEDULES[random.integers(len(SCHEDULES))],
            closure=CLOSURES[random.integers(len(CLOSURES))],
            facilities=names_of(int(random.integers(1 << len(FACILITIES)))),
            equipment=tuple(
                Equipment(facility=name, broken_since=DAY if random.integers(2) else None, count=2)
                for name in names_of(int(random.choice([0, 0, 1, 5])))
            ),
            kind=kinds[random.integers(4)],
            source="test",
        )
        for number in range(count)
    ]


def random_question(random: np.random.Generator, since: datetime) -> tuple[str, dict[str, Any]]:
    """Return a moment, and what is asked then."""
    datum = str(random.choice(["gcj02", "wgs84", "bd09"]))
    east, north = random.normal(0, 0.02, 2).tolist()
    longitude, latitude = from_gcj02(Position(CENTRE.longitude + east, CENTRE.latitude + north), datum)  # type: ignore[arg-type]  # one of the three
    at = since + timedelta(seconds=int(random.integers(14 * 86_400)))
    asked: dict[str, Any] = {
        "facilities": list(names_of(int(random.choice([0, 0, 1, 5, 1 << 11])))),
        "onlyOpen": bool(random.integers(2)),
        "limit": int(random.integers(1, 50)),
        "radius": int(random.integers(100, 9000)),
    }
    if random.integers(2):
        asked["kind"] = str(random.choice(list(KINDS)))
    return at.isoformat(), {"longitude": longitude, "latitude": latitude, "datum": datum, **asked}


@with_node
@pytest.mark.parametrize("seed", [1, 2])
def test_a_phone_without_a_network_answers_as_the_finder_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    stations = random_stations(random, 300)
    since = NOON.replace(hour=0) if seed == 1 else datetime(2026, 9, 25, tzinfo=LOCAL)
    finder, edition = Finder(stations), write_edition(stations, since)
    questions = [random_question(random, since) for _ in range(150)]
    answers = run_node(ANSWER, [str(LIBRARY), json.loads(edition.parts[0].plain), questions])
    last = since + timedelta(days=15)
    for (at, question), items in zip(questions, answers, strict=True):
        found = finder.nearest(wanted_of(question), datetime.fromisoformat(at))
        rows = [row_of(one) for one in found]
        assert [(item["code"], item["distanceMetres"], item["open"]["state"]) for item in items] == [
            (row["code"], row["distanceMetres"], row["state"]) for row in rows
        ]
        for item, row, one in zip(items, rows, found, strict=True):
            for name in ("until", "opensAt"):
                if row[name] and row[name] < last:
                    assert moment(item["open"][name]) == row[name]
            assert set(item["facilities"]) == set(one.station.working)
            assert item["kind"] == one.station.kind
            back = item["position"]
            assert back["datum"] == question["datum"]


@with_node
def test_a_phone_converts_positions_as_the_server_does() -> None:
    random = np.random.default_rng(3)
    points = [
        (float(random.uniform(75, 134)), float(random.uniform(4, 53)), datum)
        for datum in ("gcj02", "wgs84", "bd09")
        for _ in range(200)
    ]
    converted = run_node(CONVERT, [str(LIBRARY), points])
    for (x, y, datum), (inward, outward) in zip(points, converted, strict=True):
        there = to_gcj02(x, y, datum)  # type: ignore[arg-type]  # one of the three
        assert inward == pytest.approx([there.longitude, there.latitude], abs=1e-9)
        assert outward == pytest.approx(from_gcj02(Position(x, y), datum), abs=1e-9)  # type: ignore[arg-type]  # the same
