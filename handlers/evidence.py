"""What is known of a station beside its hours: visits, the 站长's word, what people report."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from handlers.fields import Moment
from handlers.wire import Wire, local
from models.evidence import Evidence, Mark, MarkState, Problem, find_statement, standing

AnyProblem = Annotated[Problem, Meta(examples=["locked"])]


class MarkReply(Wire, frozen=True, gc=False):
    """What people report of a station: one person (`reported`), or two within the hour (`doubtful`)."""

    problem: AnyProblem
    state: Annotated[MarkState, Meta(examples=["reported"])]
    since: Moment
    last: Moment
    words: Annotated[str, Meta(examples=["12:40 有人反映锁门"])]

    @classmethod
    def of(cls, mark: Mark) -> "MarkReply":
        """Return a mark with local times."""
        return cls(
            problem=mark.problem,
            state=mark.state,
            since=local(mark.since),
            last=local(mark.last),
            words=mark.words,
        )


class StatementReply(Wire, frozen=True, gc=False):
    """The 站长's word of today."""

    open: Annotated[bool, Meta(examples=[True])]
    at: Moment


class EvidenceReply(Wire, frozen=True, gc=False):
    """The last visit, the last one proved to be inside, the 站长's word of today, and what people report."""

    last_visit: Annotated[Moment | None, Meta(examples=["2026-07-15T12:05:00+08:00"])]
    last_inside: Annotated[Moment | None, Meta(examples=["2026-07-15T11:40:00+08:00"])]
    statement: StatementReply | None
    marks: list[MarkReply]

    @classmethod
    def of(cls, evidence: Evidence | None, at: datetime) -> "EvidenceReply":
        """Return what is known at a moment, with local times."""
        said = find_statement(evidence, at)
        visited, inside = (evidence.visited, evidence.entered) if evidence else (None, None)
        return cls(
            last_visit=local(visited) if visited else None,
            last_inside=local(inside) if inside else None,
            statement=StatementReply(open=said.is_open, at=local(said.at)) if said else None,
            marks=[MarkReply.of(mark) for mark in standing(evidence, at)],
        )
