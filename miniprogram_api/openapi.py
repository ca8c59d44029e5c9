"""Writes the contracts of all operations down as one OpenAPI 3.1 document (spec.openapis.org/oas/v3.1.0).

Everything comes from the types: schemas from the structs, examples from the examples of their fields,
refusals from what each operation lists. Nothing is said twice by hand, and so nothing can become untrue.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from inspect import getdoc
from typing import Any

import msgspec
from msgspec import Struct, inspect

from miniprogram_api.contract import Contract, Operation, RawBody, Refused

TITLE = "工会驿站"
DESCRIPTION = """\
Send the token of `POST /api/v1/sessions` as `Authorization: Bearer`. Times are ISO 8601 with `+08:00`.

Every failure is a `Problem`: `code` is stable and for programs, `message` is Chinese and for people,
`details` help to go on, `requestId` is also the header `X-Request-Id`. `x-refusals` lists every code. A path
or a method that is not listed here is answered 404 or 405, with a `Problem` as well."""
REFERENCE = "#/components/schemas/{name}"
JSON = "application/json"
REQUEST_ID = "00112233445566ff"

Object = dict[str, Any]


class Common(Struct, frozen=True, kw_only=True):
    """What the operations share.

    `problem` is the struct of every failure. `parameters` maps a path parameter to its annotated type,
    `nouns` a noun to its description. `refuses` is what a request is answered that no operation takes.
    """

    problem: type[Struct]
    parameters: Mapping[str, Any]
    nouns: Mapping[str, str]
    refuses: tuple[Refused, ...]


def describe(operations: Sequence[Operation], version: str, common: Common) -> Object:
    """Return the document.

    ValueError names a field without an example, KeyError a path parameter that `common` does not know.
    """
    schemas, components = _schemas(operations, common.problem)
    paths: dict[str, Object] = {}
    for operation in operations:
        described = _operation(operation, common, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": version, "description": DESCRIPTION},
        "servers": [{"url": "/", "description": "The host that served this document"}],
        "tags": [{"name": noun, "description": text} for noun, text in common.nouns.items()],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "headers": {
                "RequestId": {
                    "description": "Names this request in our log; quote it when you report a fault.",
                    "schema": {"type": "string"},
                    "example": REQUEST_ID,
                },
                "RetryAfter": {
                    "description": "In how many seconds to try again, when that is known.",
                    "schema": {"type": "integer"},
                    "example": 5,
                },
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of a session."}
            },
        },
        "x-refusals": _refusals(operations, common.refuses),
    }


def example_of(kind: Any) -> Any:
    """Return a value of a type, composed from its fields' examples; ValueError names a field without one."""
    return _example(inspect.type_info(kind), getattr(kind, "__name__", str(kind)))


def operation_id(method: str, path: str) -> str:
    """Return the name of an operation, such as `getStationsByCode` for GET `/api/v1/stations/{code}`."""
    named = re.sub(r"\{(\w+)\}", r"by-\1", path.removeprefix("/api/v1"))
    words = re.findall(r"[A-Za-z0-9]+", named)
    return method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def _operation(operation: Operation, common: Common, schemas: Mapping[Any, Object]) -> Object:
    contract = operation.contract
    described: Object = {
        "operationId": operation_id(operation.method, operation.path),
        "tags": [operation.noun],
        "summary": contract.summary,
        "parameters": [
            *_path_parameters(operation.path, common.parameters),
            *(_query_parameters(contract.query) if contract.query else ()),
        ],
        "responses": {str(contract.status): _success(contract, schemas)},
    }
    if contract.body:
        described["requestBody"] = {"required": True, **_body(contract.body, schemas)}
    for status in sorted({refused.status for refused in contract.refuses}):
        refuses = [refused for refused in contract.refuses if refused.status == status]
        described["responses"][str(status)] = _failure(status, refuses, schemas[common.problem])
    if operation.public:
        described["security"] = []
    return described


def _body(kind: type[Struct] | type[RawBody], schemas: Mapping[Any, Object]) -> Object:
    """Return what a body may be; OpenAPI has no way to write an example of bytes down."""
    if issubclass(kind, RawBody):
        content = {one: {"schema": {"contentMediaType": one}} for one in kind.media_types}
        return {"description": getdoc(kind), "content": content}
    return {"content": {JSON: {"schema": schemas[kind], "example": example_of(kind)}}}


def _path_parameters(path: str, kinds: Mapping[str, Any]) -> Iterable[Object]:
    for name in re.findall(r"\{(\w+)\}", path):
        kind = kinds[name]
        yield _parameter("path", name, msgspec.json.schema(kind), example_of(kind), required=True)


def _query_parameters(query: type[Struct]) -> Iterable[Object]:
    _, components = msgspec.json.schema_components([query], ref_template=REFERENCE)
    properties = components[query.__name__]["properties"]
    examples = example_of(query)
    for field in msgspec.structs.fields(query):
        name = field.encode_name
        schema = _without_null(properties[name])
        yield _parameter("query", name, schema, examples[name], required=field.required)


def _parameter(place: str, name: str, schema: Object, example: Any, *, required: bool) -> Object:
    """Return a parameter; a list is divided by commas."""
    parameter: Object = {"name": name, "in": place, "required": required}
    if "description" in schema:
        parameter["description"] = schema.pop("description")
    if schema.get("type") == "array":
        parameter |= {"style": "form", "explode": False}
    return parameter | {"schema": schema, "example": example}


def _without_null(schema: Object) -> Object:
    """Return the schema of a query parameter: absent it may be, but a query string cannot say null."""
    present = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(present) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf" and value is not None}
    return {**present[0], **rest}


def _success(contract: Contract, schemas: Mapping[Any, Object]) -> Object:
    response = _response(HTTPStatus(contract.status).phrase)
    if contract.reply is None:
        return response
    media_type = getattr(contract.reply, "media_type", None)
    if media_type is None:
        response["content"] = {JSON: _json_reply(contract.reply, schemas)}
    else:
        kind = media_type.partition(";")[0]
        schema = {"type": "string"} if kind.startswith("text/") else {"contentMediaType": kind}
        response["content"] = {kind: {"schema": schema}}
    return response


def _json_reply(reply: Any, schemas: Mapping[Any, Object]) -> Object:
    if reply is msgspec.Raw:
        return {"schema": {"type": "object"}}
    return {"schema": schemas[reply], "example": example_of(reply)}


def _failure(status: int, refuses: Sequence[Refused], problem: Object) -> Object:
    response = _response("\n".join(f"- `{refused.code}`: {refused.message}" for refused in refuses))
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    codes = {"properties": {"code": {"enum": [refused.code for refused in refuses]}}}
    examples = {
        refused.code: {
            "value": {"code": refused.code, "message": refused.message, "requestId": REQUEST_ID},
        }
        for refused in refuses
    }
    response["content"] = {JSON: {"schema": {"allOf": [problem, codes]}, "examples": examples}}
    return response


def _response(description: str) -> Object:
    headers = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
    return {"description": description, "headers": headers}


def _schemas(
    operations: Sequence[Operation], problem: type[Struct]
) -> tuple[Mapping[Any, Object], dict[str, Object]]:
    """Return the schema of each type that is sent as JSON, and the components that the schemas name."""
    contracts = [operation.contract for operation in operations]
    bodies = [one.body for one in contracts if one.body and not issubclass(one.body, RawBody)]
    replies = [contract.reply for contract in contracts if contract.reply is not None]
    written = [reply for reply in replies if reply is not msgspec.Raw and not hasattr(reply, "media_type")]
    kinds = list(dict.fromkeys([problem, *bodies, *written]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    return dict(zip(kinds, schemas, strict=True)), dict(sorted(components.items()))


def _refusals(operations: Sequence[Operation], others: Iterable[Refused]) -> list[Object]:
    refuses = {refused for operation in operations for refused in operation.contract.refuses}
    ordered = sorted(refuses | set(others), key=lambda refused: (refused.status, refused.code))
    return [msgspec.structs.asdict(refused) for refused in ordered]


def _example(kind: inspect.Type, place: str) -> Any:
    if isinstance(kind, inspect.Metadata):
        examples = (kind.extra_json_schema or {}).get("examples")
        return examples[0] if examples else _example(kind.type, place)
    if isinstance(kind, inspect.StructType):
        named = {field.encode_name: field.type for field in kind.fields}
        return {name: _example(inner, f"{place}.{name}") for name, inner in named.items()}
    if isinstance(kind, inspect.ListType | inspect.VarTupleType):
        return [_example(kind.item_type, place)]
    if isinstance(kind, inspect.UnionType):
        return _example(next(one for one in kind.types if not isinstance(one, inspect.NoneType)), place)
    return _plain_example(kind, place)


def _plain_example(kind: inspect.Type, place: str) -> Any:
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.BoolType):
        return False
    raise ValueError(f"{place} has no example")
