"""Texts that members write, judged by WeChat at the moment of submission (msg_sec_check).

What WeChat calls risky is refused with a word to the writer; what it wants a person to look at, and what it
did not judge because it was busy, is kept but held back until an officer has read it.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol

from models.errors import Invalid

PIECE = 2500
"""Characters that WeChat judges in one call."""
OVERLAP = 50
"""Characters that two pieces share, so that no word is cut in halves."""

Suggestion = Literal["pass", "review", "risky"]
Decision = Literal["publish", "hold"]
Place = Literal["profile", "comment", "forum", "log"]


class TextNotAllowed(Invalid):
    """WeChat judges the text as unlawful or offensive."""

    code = "text_not_allowed"
    message = "内容含有不允许发布的信息，请修改后再提交"


class TextJudge(Protocol):
    """Says what WeChat thinks of one piece of text, or None when it does not say."""

    async def suggest(self, openid: str, place: Place, text: str) -> Suggestion | None:
        """Judge it; the writer must be in the mini program now."""


def pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that WeChat takes."""
    for start in range(0, max(1, len(text) - OVERLAP), PIECE - OVERLAP):
        yield text[start : start + PIECE]


def decide(suggestions: Iterable[Suggestion | None]) -> Decision:
    """Return what becomes of a text; TextNotAllowed if a piece is risky."""
    heard = set(suggestions)
    if "risky" in heard:
        raise TextNotAllowed
    return "publish" if heard == {"pass"} else "hold"


async def judge_text(judge: TextJudge, openid: str, place: Place, text: str) -> Decision:
    """Return whether a text may be published at once; TextNotAllowed."""
    return decide([await judge.suggest(openid, place, piece) for piece in pieces(text)])
