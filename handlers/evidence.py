"""What is known of a station beside its hours: visits, the 站长's word, what people report."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from handlers.fields import AnyFacility, Moment
from handlers.wire import Wire, local
from models.evidence import Evidence, Mark, MarkState, Problem, Statement, find_statement, standing
from models.hours_open import Openness, State
from models.open_now import words_of
from models.stations import STATES, Station

OPEN_WORDS: dict[State, str] = {
    "open": "现在开放",
    "closing": "即将关门",
    "closed": "现在未开放",
    "unknown": "开放时间未公布",
}
DOUBTED_WORDS = "是否开放待核实"

AnyProblem = Annotated[Problem, Meta(examples=["locked"])]


def headline_of(station: Station, now: Openness) -> str:
    """Return what everybody is told in large letters: how open a station is, or that it does not operate."""
    if station.state != "operating":
        return STATES[station.state]
    return DOUBTED_WORDS if now.reason and now.reason.code == "doubted" else OPEN_WORDS[now.state]


class MarkReply(Wire, frozen=True, gc=False):
    """What is said against a station: by one (`reported`), by two (`doubtful`), by its 站长 (`stated`)."""

    problem: Annotated[Problem | Literal["closed_today"], Meta(examples=["locked"])]
    state: Annotated[MarkState | Literal["stated"], Meta(examples=["reported"])]
    since: Moment
    last: Moment
    facilities: Annotated[list[AnyFacility], Meta(examples=[[]])]
    words: Annotated[str, Meta(examples=["12:40 有人反映锁门"])]

    @classmethod
    def of(cls, mark: Mark | Statement) -> "MarkReply":
        """Return a mark, or the 站长's word that it is closed for today, with local times."""
        if isinstance(mark, Statement):
            at = local(mark.at)
            words = words_of(mark)
            return cls(problem="closed_today", state="stated", since=at, last=at, facilities=[], words=words)
        return cls(
            problem=mark.problem,
            state=mark.state,
            since=local(mark.since),
            last=local(mark.last),
            facilities=list(mark.facilities),
            words=words_of(mark),
        )


class StatementReply(Wire, frozen=True, gc=False):
    """The 站长's word of today."""

    open: Annotated[bool, Meta(examples=[True])]
    at: Moment


class EvidenceReply(Wire, frozen=True, gc=False):
    """What is known of a station.

    The last visit, the last one proved to be inside, the last opening by the 站长 and the word of today, and
    what people report. Of a visit that is thirty days old only the day is told, as its midnight.
    """

    last_visit: Annotated[Moment | None, Meta(examples=["2026-07-15T12:05:00+08:00"])]
    last_inside: Annotated[Moment | None, Meta(examples=["2026-07-15T11:40:00+08:00"])]
    last_opened: Annotated[Moment | None, Meta(examples=["2026-07-15T07:55:00+08:00"])]
    statement: StatementReply | None
    marks: list[MarkReply]

    @classmethod
    def of(cls, evidence: Evidence | None, at: datetime) -> "EvidenceReply":
        """Return what is known at a moment, with local times."""
        said = find_statement(evidence, at)
        visited, inside = (evidence.visited, evidence.entered) if evidence else (None, None)
        opened = evidence.opened if evidence else None
        return cls(
            last_visit=local(visited) if visited else None,
            last_inside=local(inside) if inside else None,
            last_opened=local(opened) if opened else None,
            statement=StatementReply(open=said.is_open, at=local(said.at)) if said else None,
            marks=[MarkReply.of(mark) for mark in standing(evidence, at)],
        )
