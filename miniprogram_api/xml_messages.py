"""Reads WeChat's XML into what its JSON would have been: names, texts, lists.

The parser is expat with every door shut: a document type, and with it any entity, ends the reading, and so
does a depth that no message of WeChat's has. The size is the caller's to bound.
"""

from typing import Any
from xml.parsers import expat

DEPTH_LIMIT = 8

Content = dict[str, Any]


class NotAMessage(ValueError):
    """The text is not XML, or more than a message needs of it."""


class _Reader:
    """Builds the content while expat reports what it sees."""

    def __init__(self) -> None:
        self.root: Content = {}
        self._open: list[tuple[str, Content, list[str]]] = [("", self.root, [])]

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) > DEPTH_LIMIT:
            raise NotAMessage("too deep")
        self._open.append((name, {}, []))

    def text(self, text: str) -> None:
        self._open[-1][2].append(text)

    def end(self, _name: str) -> None:
        name, children, texts = self._open.pop()
        parent = self._open[-1][1]
        value = children or "".join(texts)
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def refuse(self, *_: object) -> None:
        raise NotAMessage("a document type")


def read_xml(text: str) -> Content:
    """Return the content of a message's `<xml>` element; NotAMessage for anything else."""
    reader = _Reader()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003  # Expat's own signature: this is all of it.
    except expat.ExpatError as error:
        raise NotAMessage("not XML") from error
    content = reader.root.get("xml")
    if not isinstance(content, dict):
        raise NotAMessage("no message")
    return content
