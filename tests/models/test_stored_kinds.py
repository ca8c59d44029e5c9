"""Documents as the first version wrote them can be read for ever: a field added since has a default.

`version-1.json` holds one document of each collection with nothing but the fields that were required when it
was first stored. It only grows: a collection of its own gets its document; what stands there is not edited. A
change that cannot read it needs a migration (`models/migrations.py`) and a file of the next version.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect

from models.documents import to_document, to_struct
from models.store import Collection
from server.app import COLLECTIONS

RECORDED = json.loads((Path(__file__).parent / "version-1.json").read_text(encoding="utf-8"))
SAMPLES = {
    inspect.StrType: "text",
    inspect.IntType: 1,
    inspect.FloatType: 1.5,
    inspect.BoolType: True,
    inspect.BytesType: "Ynl0ZXM=",
    inspect.DateTimeType: "~2026-07-15T04:00:05.000Z",
    inspect.DictType: {},
}


def sample(kind: inspect.Type) -> Any:
    """A document's value of a type, for the first record of a new collection."""
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: sample(field.type) for field in kind.fields if field.required}
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.UnionType):
        return sample(kind.types[0])
    if isinstance(kind, inspect.TupleType):
        return [sample(item) for item in kind.item_types]
    return SAMPLES.get(type(kind), [])


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda collection: collection.name)
def test_document_of_version_1_with_only_its_required_fields_is_read(collection: Collection[Any]) -> None:
    first = json.dumps({collection.name: sample(inspect.type_info(collection.kind))}, ensure_ascii=False)
    assert collection.name in RECORDED, f"add this to version-1.json: {first}"
    item = to_struct(RECORDED[collection.name], collection.kind)
    assert to_document(item).items() >= RECORDED[collection.name].items()
