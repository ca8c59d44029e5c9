"""The answers to tickets: which of them fit what was reported of a station.

An answer says what was found and done. One that the door is shut for good reason is also the word that the
station is closed for today; one that the door was opened ends such a word.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from msgspec.structs import replace

from models.errors import Invalid
from models.evidence import Evidence, Problem, Statement

Answer = Literal[
    "opened",
    "closed_today",
    "fixed",
    "marked_broken",
    "hours_corrected",
    "position_corrected",
    "not_so",
]

ANSWERS: Mapping[Problem, tuple[Answer, ...]] = MappingProxyType(
    {
        "locked": ("opened", "closed_today", "hours_corrected", "not_so"),
        "nothing_works": ("fixed", "marked_broken", "closed_today", "not_so"),
        "facility_broken": ("fixed", "marked_broken", "not_so"),
        "wrong_place": ("position_corrected", "not_so"),
        "other": ("fixed", "marked_broken", "hours_corrected", "position_corrected", "not_so"),
    }
)


class AnswerDoesNotFit(Invalid):
    """No answer to what was reported; `details.answers` are those that are."""

    code = "answer_does_not_fit"
    message = "这个结果与反映的问题对不上，请另选一个"


def check_fit(problem: Problem, answer: Answer) -> None:
    """Let an answer to a problem pass; AnswerDoesNotFit."""
    if answer not in ANSWERS[problem]:
        raise AnswerDoesNotFit(field="body.answer", answers=ANSWERS[problem])


def answered(seen: Evidence, problem: Problem, answer: Answer, by: str, at: datetime) -> Evidence:
    """Return the evidence once a problem is answered, all of it in one: its mark is over."""
    said, opened = seen.said, seen.opened
    if answer == "closed_today":
        said = Statement(is_open=False, at=at, by=by)
    elif answer == "opened":
        said, opened = said if said and said.is_open else None, at
    return replace(seen, answered={**seen.answered, problem: at}, said=said, opened=opened)
