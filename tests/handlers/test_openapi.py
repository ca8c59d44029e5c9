"""The OpenAPI document: it holds every operation, and everything it says is true."""

import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta, Struct
from tornado.web import RequestHandler

from handlers.base import FAILURES, Problem
from handlers.contracts import QueryReader
from handlers.openapi import CACHE_SECONDS, PATH, describe_routes
from handlers.routes import METHODS, PARAMETERS, ROUTES, list_operations, to_pattern
from handlers.wire import Asked
from miniprogram_api.contract import Contract, Operation, RawBody, Refused
from miniprogram_api.openapi import Common, describe, example_of
from tests.factories import Factory, Http

JSON = "application/json"
OPERATIONS = list_operations(ROUTES)
KEYWORDS = {
    "$ref", "additionalProperties", "allOf", "anyOf", "contentEncoding", "default", "description", "enum",
    "examples", "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum",
    "pattern", "properties",
    "required", "title", "type",
}  # fmt: skip

by_place = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
not_for_guests = pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if not one.public and "guest" not in dict(ROUTES)[one.path].kinds],
    ids=lambda one: f"{one.method} {one.path}",
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe_routes(ROUTES, OPERATIONS, PARAMETERS)


def described(document: dict[str, Any], operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][operation.path][operation.method.lower()]
    return found


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def codes(response: dict[str, Any]) -> list[str]:
    found: list[str] = response["content"][JSON]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    return found


def again(kind: Any, example: Any) -> Any:
    """Decode an example strictly and encode it again: a field that the type does not know is lost."""
    value = msgspec.json.decode(msgspec.json.encode(example), type=kind)
    return msgspec.json.decode(msgspec.json.encode(value))


def test_every_method_of_every_route_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    written = {
        (path, method)
        for path, handler in ROUTES
        for method in METHODS
        if getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())
    }
    assert written == {(path, method.upper()) for path, item in document["paths"].items() for method in item}


def test_the_document_has_what_openapi_asks_for(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "工会驿站"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert all(re.fullmatch(r"(/[\w.{}-]+)+", path) for path in document["paths"])
    assert all(tag["description"] for tag in document["tags"])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = {one["$ref"] for one in walk(document) if isinstance(one.get("$ref"), str)}
    assert references
    for reference in references:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_component_is_a_plain_json_schema_and_is_used(document: dict[str, Any]) -> None:
    used = {one["$ref"] for one in walk(document) if isinstance(one.get("$ref"), str)}
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch("[A-Z][A-Za-z]+", name), "two structs of one name"
        assert (schema["title"], schema["type"]) == (name, "object")
        assert schema["description"]
        assert set(schema) <= KEYWORDS
        assert set(schema["required"]) <= set(schema["properties"])
        assert all(set(field) <= KEYWORDS for field in schema["properties"].values())
        assert f"#/components/schemas/{name}" in used


def test_no_two_operations_share_an_id(document: dict[str, Any]) -> None:
    ids = [one["operationId"] for item in document["paths"].values() for one in item.values()]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z0-9]*)+", one) for one in ids)


@by_place
def test_an_operation_says_what_it_is_for_and_who_may_call(
    document: dict[str, Any], operation: Operation
) -> None:
    found = described(document, operation)
    assert found["summary"].endswith(".")
    assert found["tags"] == [operation.noun]
    assert operation.noun in {tag["name"] for tag in document["tags"]}
    assert found.get("security") == ([] if operation.public else None)
    for status, response in found["responses"].items():
        assert re.fullmatch("[1-5][0-9][0-9]", status)
        assert response["description"]
        assert "X-Request-Id" in response["headers"]


@by_place
def test_path_parameters_are_those_of_the_template(document: dict[str, Any], operation: Operation) -> None:
    found = [one for one in described(document, operation)["parameters"] if one["in"] == "path"]
    assert [one["name"] for one in found] == re.findall(r"\{(\w+)\}", operation.path)
    path = operation.path
    for one in found:
        assert one["required"] is True
        assert re.search(one["schema"]["pattern"], one["example"])
        path = path.replace("{" + one["name"] + "}", one["example"])
    assert re.fullmatch(to_pattern(operation.path), path)


@by_place
def test_query_parameters_are_the_fields_of_the_query(document: dict[str, Any], operation: Operation) -> None:
    found = [one for one in described(document, operation)["parameters"] if one["in"] == "query"]
    query = operation.contract.query
    fields = msgspec.structs.fields(query) if query else ()
    assert [(one["name"], one["required"]) for one in found] == [
        (field.encode_name, field.required) for field in fields
    ]
    for one in found:
        assert "anyOf" not in one["schema"], "a query cannot say null"
        assert (one.get("explode") is False) == (one["schema"].get("type") == "array")
    if query:
        examples = {one["name"]: one["example"] for one in found}
        value = QueryReader(query).read(as_query(examples))
        assert msgspec.json.decode(msgspec.json.encode(value)) == examples


def as_query(examples: dict[str, Any]) -> dict[str, list[bytes]]:
    lists = {name: value if isinstance(value, list) else [value] for name, value in examples.items()}
    return {name: [",".join(map(str, value)).encode()] for name, value in lists.items()}


@by_place
def test_the_body_is_described_by_its_struct_and_a_true_example(
    document: dict[str, Any], operation: Operation
) -> None:
    body = operation.contract.body
    found = described(document, operation).get("requestBody")
    assert (found is None) == (body is None)
    if found and body and issubclass(body, RawBody):
        assert found["description"] == inspect.getdoc(body)
        assert found["content"] == {kind: {"schema": {"contentMediaType": kind}} for kind in body.media_types}
    elif found and body:
        media = found["content"][JSON]
        assert found["required"] is True
        assert media["schema"] == {"$ref": f"#/components/schemas/{body.__name__}"}
        assert again(body, media["example"]) == media["example"]


@by_place
def test_the_reply_is_described_by_its_type_and_a_true_example(
    document: dict[str, Any], operation: Operation
) -> None:
    reply = operation.contract.reply
    response = described(document, operation)["responses"][str(operation.contract.status)]
    if reply is None:
        assert "content" not in response
        return
    ((media_type, media),) = response["content"].items()
    assert getattr(reply, "media_type", JSON).startswith(media_type)
    if isinstance(reply, type) and issubclass(reply, Struct):
        assert media["schema"] == {"$ref": f"#/components/schemas/{reply.__name__}"}
        assert again(reply, media["example"]) == media["example"]


@by_place
def test_every_refusal_that_an_operation_declares_is_under_its_status(
    document: dict[str, Any], operation: Operation
) -> None:
    responses = described(document, operation)["responses"]
    for refused in operation.contract.refuses:
        response = responses[str(refused.status)]
        assert refused.code in codes(response)
        assert f"`{refused.code}`: {refused.message}" in response["description"]


@by_place
def test_every_failure_has_a_true_example_for_each_code(
    document: dict[str, Any], operation: Operation
) -> None:
    responses = described(document, operation)["responses"]
    messages = {(one["status"], one["code"]): one["message"] for one in document["x-refusals"]}
    for status in set(responses) - {str(operation.contract.status)}:
        examples = responses[status]["content"][JSON]["examples"]
        assert list(examples) == codes(responses[status])
        for code, example in examples.items():
            value = example["value"]
            assert again(Problem, value) == value
            assert (value["code"], value["message"]) == (code, messages[int(status), code])


def test_each_code_has_one_status_and_one_chinese_message(document: dict[str, Any]) -> None:
    listed = [one["code"] for one in document["x-refusals"]]
    assert len(listed) == len(set(listed))
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", code) for code in listed)
    assert all(re.search("[一-鿿]", one["message"]) for one in document["x-refusals"])


def test_the_failures_of_the_base_are_listed_too(document: dict[str, Any]) -> None:
    listed = {(one["status"], one["code"]) for one in document["x-refusals"]}
    assert {(status, code) for status, (code, _) in FAILURES.items()} <= listed


def test_what_takes_a_body_may_be_refused_for_it(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/v1/sessions"]["post"]["responses"]
    assert {"invalid_request", "invalid_json"} <= set(codes(responses["400"]))
    assert {"411", "413", "415", "429", "500", "503"} <= set(responses)
    assert "Retry-After" in responses["429"]["headers"]
    assert "400" not in document["paths"]["/api/v1/card"]["get"]["responses"]


class Nameless(Asked, frozen=True):
    """A body whose field has no example."""

    name: str


class Numbers(Asked, frozen=True):
    """A body that is whole."""

    inner: list[Annotated[int, Meta(examples=[7])] | None]


def test_a_field_without_an_example_is_named() -> None:
    with pytest.raises(ValueError, match=r"Nameless\.name has no example"):
        example_of(Nameless)


def test_an_example_goes_into_lists_and_past_null() -> None:
    assert example_of(Numbers) == {"inner": [7]}


def test_a_path_parameter_that_nobody_explains_is_refused() -> None:
    contract = Contract(
        summary="Try.",
        status=204,
        body=None,
        query=None,
        reply=None,
        refuses=(Refused(404, "not_found", "未"),),
    )
    operation = Operation(method="GET", path="/x/{thing}", noun="x", public=True, contract=contract)
    common = Common(problem=Problem, parameters={}, nouns={"x": "X."}, refuses=())
    with pytest.raises(KeyError, match="thing"):
        describe([operation], "1.0.0", common)


def test_a_body_that_is_no_json_is_never_refused_as_json(document: dict[str, Any]) -> None:
    responses = document["paths"]["/api/v1/scans/picture"]["post"]["responses"]
    assert set(codes(responses["400"])) == {"picture_too_large", "unreadable_picture", "unsupported_picture"}
    assert {"411", "413", "415", "429", "503"} <= set(responses)


async def test_the_document_is_served_to_anybody_as_described(http: Http, document: dict[str, Any]) -> None:
    reply = await http("GET", PATH)
    assert (reply.status, reply.headers["Content-Type"]) == (200, JSON)
    assert reply.json == msgspec.json.decode(msgspec.json.encode(document))
    assert reply.headers["Cache-Control"] == f"public, max-age={CACHE_SECONDS}"


async def test_the_document_is_not_sent_again_to_who_has_it(http: Http) -> None:
    tag = (await http("GET", PATH)).headers["ETag"]
    reply = await http("GET", PATH, headers={"If-None-Match": tag})
    assert (reply.status, reply.body) == (304, b"")
    assert reply.headers["ETag"] == tag


@not_for_guests
async def test_a_guest_is_refused_with_a_code_that_is_described(
    http: Http, make: Factory, document: dict[str, Any], operation: Operation
) -> None:
    reply = await http(
        operation.method,
        operation.path,
        raw=b"{}" if operation.contract.body else None,
        token=await make.guest(),
    )
    assert reply.code in codes(described(document, operation)["responses"][str(reply.status)])
