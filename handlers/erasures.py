"""Erasing oneself (注销): what is asked for, and what is told when it is done."""

from typing import Annotated

from msgspec import Meta

from handlers.fields import Moment
from handlers.wire import Asked, Wire, local
from models.erasures import CONFIRMATION, DESTROYED, KEPT, Erasure


class ErasureQuery(Asked, frozen=True):
    """The word that confirms; without it the answer says what would happen."""

    confirm: Annotated[str, Meta(max_length=20, examples=[CONFIRMATION])] | None = None


class ErasureReply(Wire, frozen=True):
    """When it was done, what is destroyed, and what stays under a number that leads to nobody."""

    erased_at: Moment
    destroyed: Annotated[tuple[str, ...], Meta(examples=[["姓名、证件号、手机号"]])]
    kept: Annotated[tuple[str, ...], Meta(examples=[["会籍经过：只剩随机编号"]])]

    @classmethod
    def of(cls, erasure: Erasure) -> "ErasureReply":
        """Return an erasure as it goes on the wire."""
        return cls(erased_at=local(erasure.asked), destroyed=DESTROYED, kept=KEPT)
