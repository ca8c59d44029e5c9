"""The vectors of questions for stations: the server answers what a phone without a network must."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from handlers.contracts import QueryReader
from handlers.finder import StationsQuery
from models.errors import Invalid
from models.stations import FACILITIES, KINDS

PATH = Path(__file__).parents[1] / "vectors" / "station_questions.json"
READER = QueryReader(StationsQuery)


class Wrong(Struct, frozen=True):
    """A question that is refused, and the answer."""

    wanted: dict[str, Any]
    code: str
    message: str
    field: str | None


class Moment(Struct, frozen=True, rename="camel"):
    """A moment as it is asked for."""

    at: str
    unix_milliseconds: int


class Questions(Struct, frozen=True, rename="camel"):
    """The whole file."""

    now: datetime
    unix_milliseconds: int
    right: list[dict[str, Any]]
    wrong: list[Wrong]
    moments: list[Moment]


QUESTIONS = msgspec.json.decode(PATH.read_bytes(), type=Questions)


def read(wanted: dict[str, Any]) -> StationsQuery:
    """Return a question as it came in the address of a request, with nothing wrong in it."""
    given = {name: [written(value).encode()] for name, value in wanted.items() if value != []}
    query = READER.read(given)
    assert isinstance(query, StationsQuery)
    query.moment(QUESTIONS.now)
    query.position()
    return query


def written(value: Any) -> str:
    """Return a value as the client library writes it into an address."""
    if isinstance(value, list):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_right_question_is_read() -> None:
    facilities = {facility for wanted in QUESTIONS.right for facility in read(wanted).facilities}
    assert facilities == set(FACILITIES)
    assert {read(wanted).kind for wanted in QUESTIONS.right} == {*KINDS, None}


@pytest.mark.parametrize("wrong", QUESTIONS.wrong, ids=lambda wrong: str(wrong.wanted))
def test_every_wrong_question_is_refused_as_the_vectors_say(wrong: Wrong) -> None:
    with pytest.raises(Invalid) as caught:
        read(wrong.wanted)
    refusal = caught.value
    assert (refusal.code, str(refusal), refusal.details.get("field")) == (
        wrong.code,
        wrong.message,
        wrong.field,
    )


@pytest.mark.parametrize("moment", QUESTIONS.moments, ids=lambda moment: moment.at)
def test_every_moment_is_read_as_the_vectors_say(moment: Moment) -> None:
    at = StationsQuery(at=moment.at).moment(QUESTIONS.now)
    assert at == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment.unix_milliseconds)
