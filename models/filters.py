"""Filters: spelled so that every engine answers alike, from an index; harmful spellings are refused.

- every equality is written `{"$eq": value}`: the embedded engine scans on the short form;
- `$or` and its kin, and `$in` outside `_id`, are refused: they change foreign documents, or read everything.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from models.documents import Document, UnsafeFilter, keep

COMPARISONS = frozenset({"$eq", "$gt", "$gte", "$lt", "$lte", "$exists"})


class Index(Struct, frozen=True):
    """An index: field names in order, a leading `-` for descending; never `_id`, which has its own."""

    fields: tuple[str, ...]
    unique: bool = False

    def __post_init__(self) -> None:
        if "_id" in self.names:
            raise UnsafeFilter("an index that holds _id makes the embedded engine refuse every insert")

    @property
    def names(self) -> list[str]:
        """The field names without their direction."""
        return [name.lstrip("-") for name in self.fields]


def spell(where: Mapping[str, Any]) -> Document:
    """Return the filter as every engine understands it; UnsafeFilter for what one of them gets wrong."""
    spelled: Document = {}
    for field, value in where.items():
        if field.startswith("$"):
            raise UnsafeFilter(f"{field} is refused: the embedded engine drops the fields beside it")
        if not isinstance(value, Mapping):
            spelled[field] = {"$eq": _scalar(field, value)}
        elif value and COMPARISONS.issuperset(value):
            spelled[field] = {operator: _scalar(field, operand) for operator, operand in value.items()}
        elif field == "_id" and set(value) == {"$in"}:
            spelled[field] = {"$in": [_scalar(field, key) for key in value["$in"]]}
        else:
            raise UnsafeFilter(f"{field}: only comparisons, and $in on _id alone")
    return spelled


def _scalar(field: str, value: Any) -> Any:
    if isinstance(kept := keep(value), dict | list):
        raise UnsafeFilter(f"{field}: engines differ on what equals a list or a document")
    return kept


def is_served(where: Mapping[str, Any], sort: str | None, indexes: Sequence[Index]) -> bool:
    """Say whether an index begins with what is asked for; none serves an `_id` range or a mere `$exists`."""
    order = sort.lstrip("-") if sort else None
    if "_id" in where:
        return order in (None, "_id") and _is_point(where["_id"])
    return (not where and order == "_id") or any(_begins(index.names, where, order) for index in indexes)


def _begins(names: Sequence[str], where: Mapping[str, Any], order: str | None) -> bool:
    following = next((name for name in names if name not in where or not _is_point(where[name])), "")
    return following == order if order else following != names[0] or _is_range(where.get(following))


def _is_point(value: Any) -> bool:
    return not isinstance(value, Mapping) or {"$eq", "$in"}.issuperset(value)


def _is_range(value: Any) -> bool:
    return isinstance(value, Mapping) and not {"$exists"}.issuperset(value)
