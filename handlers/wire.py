"""What goes over the wire: the bases of all replies and requests, and how they are written."""

from datetime import datetime

import msgspec
from msgspec import Struct

from handlers.fields import PageNumber, PageSize
from models.clock import LOCAL

encode = msgspec.json.Encoder().encode


class Wire(Struct, frozen=True, rename="camel", kw_only=True):
    """A reply: camelCase on the wire, never a stored struct."""


class Asked(Struct, frozen=True, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A request's body or query: camelCase on the wire, unknown fields refused."""


class PageQuery(Asked, frozen=True):
    """Which page."""

    page: PageNumber = 1
    page_size: PageSize = 20


def local(at: datetime) -> datetime:
    """Return a moment as it goes on the wire: with `+08:00`."""
    return at.astimezone(LOCAL)
