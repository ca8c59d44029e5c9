"""Reads a handler method's annotations: the decoders of its body and query, and its contract."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from miniprogram_api.contract import Contract, RawBody, Refused
from models.errors import Invalid


class InvalidField(Invalid):
    """A field is unknown, missing, of the wrong type or out of its bounds; `details.field` is its path."""

    message = "请求中有字段填写不正确"


class NotJson(Invalid):
    """The body is not JSON in UTF-8."""

    code = "invalid_json"
    message = "请求内容不是有效的 JSON"


def field_path(error: msgspec.ValidationError, root: str) -> str:
    """Return the path of the field that an error is about, such as `body.items[3].code`."""
    text, _, place = str(error).partition(" - at `$")
    path = root + place.rstrip("`")
    _, quoted, name = text.partition("field `")
    return f"{path}.{name.rstrip('`')}" if quoted else path


def refused(error: msgspec.ValidationError, root: str) -> InvalidField:
    """Return the refusal for a value that does not fit its type."""
    return InvalidField(field=field_path(error, root), reason=str(error).partition(" - at ")[0])


class BodyReader:
    """Decodes JSON bodies of one type."""

    media_types: tuple[str, ...] = ("application/json",)

    def __init__(self, kind: type[Struct]) -> None:
        self._decoder = msgspec.json.Decoder(kind)

    def read(self, body: bytes) -> Struct:
        """Return the struct; InvalidField or NotJson otherwise."""
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise refused(error, "body") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise NotJson from error


class RawReader:
    """Takes bodies that are not JSON as they are."""

    def __init__(self, kind: type[RawBody]) -> None:
        self._kind = kind
        self.media_types = kind.media_types

    def read(self, body: bytes) -> RawBody:
        """Return the body; what is in it is for a model to judge."""
        return self._kind(body)


def body_reader(kind: type[Struct] | type[RawBody]) -> BodyReader | RawReader:
    """Return what reads the bodies of a type."""
    return RawReader(kind) if issubclass(kind, RawBody) else BodyReader(kind)


class QueryReader:
    """Decodes query strings of one type; a tuple field is a list divided by commas."""

    def __init__(self, kind: type[Struct]) -> None:
        self._kind = kind
        fields = msgspec.structs.fields(kind)
        lists = [field for field in fields if getattr(field.type, "__origin__", None) is tuple]
        self._lists = frozenset(field.encode_name for field in lists)

    def read(self, arguments: Mapping[str, list[bytes]]) -> Struct:
        """Return the struct; InvalidField for anything else, a repeated parameter included."""
        values: dict[str, Any] = {}
        for name, given in arguments.items():
            if len(given) != 1:
                raise InvalidField(field=f"query.{name}", reason="Given more than once")
            try:
                text = given[0].decode()
            except UnicodeDecodeError as error:
                raise InvalidField(field=f"query.{name}", reason="Not UTF-8") from error
            values[name] = text.split(",") if name in self._lists else text
        try:
            return msgspec.convert(values, self._kind, strict=False)
        except msgspec.ValidationError as error:
            raise refused(error, "query") from error


def read_contract(method: Callable[..., Any], status: int, refuses: tuple[Refused, ...]) -> Contract:
    """Return the contract that a handler's method declares by its annotations and docstring."""
    hints = get_type_hints(method)
    reply = hints["return"]
    return Contract(
        summary=(inspect.getdoc(method) or "").partition("\n")[0],
        status=status,
        body=hints.get("body"),
        query=hints.get("query"),
        reply=None if reply is type(None) else reply,
        refuses=refuses,
    )
