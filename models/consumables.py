"""Consumables of a station (耗材): what is used up, such as paper cups, tea, drugs; for officers alone.

Stock is counted in whatever unit people count the item in. One that expires is good on its last day still.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

Want = Literal["expired", "low"]
WANTS: Mapping[Want, str] = MappingProxyType({"expired": "已过期", "low": "不足"})


class Consumable(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One item, or one batch of it; `least` is the stock at which more is needed, `expires` a local day."""

    item: str
    stock: int
    least: int = 0
    expires: str | None = None

    def wants(self, today: str) -> tuple[Want, ...]:
        """Return what is wrong with it on a local day."""
        expired: tuple[Want, ...] = ("expired",) if self.expires and self.expires < today else ()
        return (*expired, "low") if self.stock <= self.least else expired


def is_wanting(consumables: Iterable[Consumable], today: str) -> bool:
    """Say whether something has expired, or runs out, by a local day."""
    return any(one.wants(today) for one in consumables)
