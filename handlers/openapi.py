"""The description of the interface, for the people who call it."""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from handlers.base import FAILURES, WRONG_KIND, Handler, Problem, endpoint, limits_of, status_of
from handlers.contracts import InvalidField, NotJson
from handlers.cookies import CrossSiteRequest
from handlers.wire import encode
from miniprogram_api.contract import Operation, RawBody, Refused
from miniprogram_api.openapi import Common, describe
from models.devices import DeviceOnlyScans
from models.errors import Refusal, TooMany, Unauthenticated
from models.sessions import SessionExpired
from models.store import EngineUnavailable

Route = tuple[str, type[Handler]]

PATH = "/api/v1/openapi.json"
PACKAGE = "union-station"
CACHE_SECONDS = 300
PATH_PARAMETERS = {
    "code": Meta(examples=["4E8M0R2T"], description="The code on a station's sign, in either case."),
    "person": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="A person's id."),
    "signIn": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="The code of a pending sign-in."),
    "scanId": Meta(examples=["scan-7f3a9c21"], description="The name that the scanner gave to its scan."),
    "appointment": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="An appointment's id."),
    "report": Meta(examples=["5f3c9a1e7b2d4f60815a3c9e7b2d4f60"], description="A report's id."),
    "photo": Meta(examples=["6Q0B8Z2J4N1TFE7M6Q0B8Z2J4N1TFE7M"], description="The key of a photo."),
    "ticket": Meta(examples=["4E8M0R2T-locked-19813f2c5d8"], description="A ticket's id."),
    "district": Meta(examples=["金水区"], description="A district's name, such as 金水区."),
    "correction": Meta(
        examples=["0f343b0931126a20f133d67c2b018a3b"], description="A request for correction."
    ),
    "device": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="A scanning device's id."),
    "number": Meta(examples=["1"], description="The number of a printed card."),
    "roster": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="An import's id."),
    "claim": Meta(examples=["0a1b2c3d4e5f60718293a4b5c6d7e8f9"], description="A claim's id."),
    "organisation": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="An organisation's id."),
    "linked": Meta(examples=["6Q0B8Z2J4N1TFE7M"], description="The organisation that is linked to."),
    "checkFile": Meta(examples=["k3JxQ0a9Zp.txt"], description="The name that WeChat gave its check file."),
}


class Document(msgspec.Struct, frozen=True):
    """The description as it is sent, and its tag."""

    content: bytes
    tag: str


def describing(
    routes: Sequence[Route],
    list_operations: Callable[[list[Route]], list[Operation]],
    patterns: Mapping[str, str],
) -> list[Route]:
    """Return the route that describes the given ones and itself; the first request writes the description.

    The routes are given, because `handlers/routes.py`, which lists them, imports this module.
    """

    class OpenApiHandler(Handler):
        """The interface, described."""

        public = True

        @endpoint()
        async def get(self) -> Raw:
            """Return this document."""
            self.set_header("Cache-Control", f"public, max-age={CACHE_SECONDS}")
            return Raw(write().content)

        def set_etag_header(self) -> None:
            """Tag the answer, which Tornado then turns into a 304 for who has it."""
            self.set_header("ETag", write().tag)

    described: list[Route] = [*routes, (PATH, OpenApiHandler)]

    @cache
    def write() -> Document:
        content = encode(describe_routes(described, list_operations(described), patterns))
        return Document(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')

    return [(PATH, OpenApiHandler)]


def describe_routes(
    routes: Sequence[Route], operations: Sequence[Operation], patterns: Mapping[str, str]
) -> dict[str, Any]:
    """Return the OpenAPI document of routes, whose operations are given, in the version of this package."""
    handlers = dict(routes)
    common = Common(
        problem=Problem,
        parameters={
            name: Annotated[str, Meta(pattern=f"^{patterns[name]}$"), meta]
            for name, meta in PATH_PARAMETERS.items()
        },
        nouns={operation.noun: _about(handlers[operation.path]) for operation in operations},
        refuses=tuple(_failure(status) for status in FAILURES if status != 400),
    )
    completed = [_completed(operation, handlers[operation.path]) for operation in operations]
    return describe(completed, version(PACKAGE), common)


def _about(handler: type[Handler]) -> str:
    module = inspect.getmodule(handler)
    return (inspect.getdoc(module) or "").partition("\n")[0]


def _completed(operation: Operation, handler: type[Handler]) -> Operation:
    """Return an operation that also lists the refusals of the base: `prepare`, decoding, the engines."""
    listed = {refused.code: refused for refused in operation.contract.refuses}
    listed |= {refused.code: refused for refused in _general(operation, handler)}
    contract = msgspec.structs.replace(operation.contract, refuses=tuple(listed.values()))
    return msgspec.structs.replace(operation, contract=contract)


def _general(operation: Operation, handler: type[Handler]) -> list[Refused]:
    body, has_query = operation.contract.body, operation.contract.query is not None
    has_body = body is not None
    has_json = body is not None and not issubclass(body, RawBody)
    has_path = "{" in operation.path
    found: dict[type[Refusal], bool] = {
        InvalidField: has_json or has_query,
        NotJson: has_json,
        Unauthenticated: not handler.public,
        SessionExpired: not handler.public,
        WRONG_KIND.get(handler.kinds, Unauthenticated): not handler.public,
        DeviceOnlyScans: not handler.public and "device" not in handler.kinds,
        CrossSiteRequest: not handler.public and "console" in handler.kinds and operation.method != "GET",
        TooMany: bool(limits_of(handler)),
        EngineUnavailable: True,
    }
    failed = {
        404: has_path,
        411: has_body,
        413: has_body,
        414: has_path or has_query,
        415: has_body,
        431: True,
        500: True,
    }
    return [
        *(_refused(kind) for kind, applies in found.items() if applies),
        *(_failure(status) for status, applies in failed.items() if applies),
    ]


def _refused(kind: type[Refusal]) -> Refused:
    return Refused(status_of(kind), kind.code, kind.message)


def _failure(status: int) -> Refused:
    return Refused(status, *FAILURES[status])
