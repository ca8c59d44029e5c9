"""What a picture says of itself: its form and size, read before a decoder sees any of it.

A form is known by its first bytes, never by a name. What costs a decoder much and a sender little is refused
here: pixels without number, pictures that move, a JPEG of thousands of scans (each costs a pass over all its
pixels), a PNG of a million empty chunks. Nothing here looks at a pixel, and nothing is unpacked.
"""

import re
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec import Struct

from models.errors import Invalid

Form = Literal["JPEG", "PNG", "WEBP"]

# A phone's photograph, which a JPEG decoder can read at an eighth of its size; the others unpack whole.
MOST_PIXELS: Mapping[Form, int] = MappingProxyType(
    {"JPEG": 25_000_000, "PNG": 12_500_000, "WEBP": 12_500_000}
)
LONGEST_SIDE = 20_000
# Honest progressive pictures have about ten scans, and encoders write chunks of some kilobytes.
MOST_SCANS = 64
MOST_SEGMENTS = 1_000
MOST_CHUNKS = 20_000

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
# SOF0 to SOF15 but for DHT, JPG and DAC, which lie among them (ITU-T T.81, table B.1).
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Inside a scan 0xFF is stuffed with a zero or begins a restart; anything else is the next segment.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_PNG = b"\x89PNG\r\n\x1a\n"
_WEBP_MOVES = 0x02


class UnsupportedPicture(Invalid):
    """The bytes are of no form that is taken here, or a picture that moves."""

    code = "unsupported_picture"
    message = "只支持 JPEG、PNG、WebP 格式的静态图片"


class UnreadablePicture(Invalid):
    """The picture is broken or cut off, or not what it says."""

    code = "unreadable_picture"
    message = "图片已损坏或不完整，请重新拍摄或另选一张"


class PictureTooLarge(Invalid):
    """The picture has too many pixels; `details` has `width`, `height` and `limit`, the most pixels."""

    code = "picture_too_large"
    message = "图片的像素太多，请缩小后再试"


class Head(Struct, frozen=True):
    """A picture's form, and its size in pixels before any turning."""

    form: Form
    width: int
    height: int


def read_head(content: bytes) -> Head:
    """Return what a picture says of itself; UnsupportedPicture, UnreadablePicture, PictureTooLarge."""
    form = _form_of(content)
    try:
        width, height = _MEASURES[form](content)
    except (struct.error, IndexError) as error:
        raise UnreadablePicture from error
    if width < 1 or height < 1:
        raise UnreadablePicture
    limit = MOST_PIXELS[form]
    if width * height > limit or max(width, height) > LONGEST_SIDE:
        raise PictureTooLarge(width=width, height=height, limit=limit)
    return Head(form, width, height)


def _form_of(content: bytes) -> Form:
    if not content:
        raise UnreadablePicture("没有收到图片，请重新选择")
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(_PNG):
        return "PNG"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    raise UnsupportedPicture


def _measure_jpeg(content: bytes) -> tuple[int, int]:
    """Walk over the segments to the end of the first picture; phones append others, and films."""
    sizes: list[tuple[int, int]] = []
    position, scans = 2, 0
    for _ in range(MOST_SEGMENTS):
        marker = _MARKER.search(content, position)
        if marker is None or marker[1][0] == _EOI:
            break
        kind, position = marker[1][0], marker.end()
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 3)
            sizes.append((width, height))
        scans += kind == _SOS
        (length,) = struct.unpack_from(">H", content, position)
        position += length
    else:
        raise UnreadablePicture
    if scans > MOST_SCANS or len(sizes) != 1:
        raise UnreadablePicture
    return sizes[0]


def _measure_png(content: bytes) -> tuple[int, int]:
    """Walk over the chunks to the last; one of them says whether the picture moves."""
    length, first = struct.unpack_from(">I4s", content, len(_PNG))
    if first != b"IHDR":
        raise UnreadablePicture
    width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
    position, kind = len(_PNG), first
    for _ in range(MOST_CHUNKS):
        length, kind = struct.unpack_from(">I4s", content, position)
        if kind == b"acTL":
            raise UnsupportedPicture("不支持动图，请换一张静态图片")
        if kind == b"IEND":
            return width, height
        position += length + 12
    raise UnreadablePicture


def _measure_webp(content: bytes) -> tuple[int, int]:
    """Read the first chunk: an extended head, or the picture itself (RFC 9649, RFC 6386 §9.1)."""
    kind = content[12:16]
    if kind == b"VP8X":
        if content[20] & _WEBP_MOVES:
            raise UnsupportedPicture("不支持动图，请换一张静态图片")
        sides = content[24:30]
        if len(sides) < 6:
            raise UnreadablePicture
        return int.from_bytes(sides[:3], "little") + 1, int.from_bytes(sides[3:], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", content, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise UnreadablePicture


_MEASURES: Mapping[Form, Callable[[bytes], tuple[int, int]]] = MappingProxyType(
    {"JPEG": _measure_jpeg, "PNG": _measure_png, "WEBP": _measure_webp}
)
