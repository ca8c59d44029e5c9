"""Photos: pictures that people send us, made harmless. The one way in for all of them.

A picture is judged by its head before it is decoded (`picture_heads.py`), then decoded, turned upright, set
on white where it is transparent, made small, and drawn anew: of what came only the pixels remain. Where it
was taken, with what and when (EXIF, GPS, XMP, colour profiles, comments, thumbnails), and whatever was hidden
behind it, is gone. Colours are read as sRGB: to obey a profile would mean to parse what a stranger wrote.

All of it happens in threads, a few at once; more wait, and more than that come again later.
"""

import asyncio
import io
import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np
from msgspec import Struct
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from models.errors import Unavailable
from models.picture_heads import Form, UnreadablePicture, read_head

PHOTO_BYTES = 10 << 20
PHOTO_SIDE = 1600
JPEG_QUALITY = 85
AT_ONCE = 2
WAITING = 20
RETRY_SECONDS = 2

_ORIENTATION = 0x0112
# What was done to the camera, undone (EXIF 2.32, table 6).
_TURNS: Mapping[int, Image.Transpose] = MappingProxyType(
    {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
)
# Named classes, not `Image.open`: no other decoder is ever tried.
_DECODERS: Mapping[Form, Callable[[io.BytesIO], ImageFile]] = MappingProxyType(
    {"JPEG": JpegImageFile, "PNG": PngImageFile, "WEBP": WebPImageFile}
)
_MEDIA_TYPES = MappingProxyType({"JPEG": "image/jpeg", "PNG": "image/png"})
# What Pillow raises at contents that are not what their head says.
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, IndexError, KeyError, OverflowError, EOFError,
    AttributeError, struct.error, zlib.error,
)  # fmt: skip

T = TypeVar("T")
Mode = Literal["L", "RGB"]
CleanForm = Literal["JPEG", "PNG"]


class PhotosBusy(Unavailable):
    """More pictures wait than can be worked on soon; nothing was done with this one."""

    code = "photos_busy"
    message = "同时处理的图片太多，请稍后再试"


class Photo(Struct, frozen=True):
    """A clean picture, upright, and its size in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def clean(content: bytes, form: CleanForm = "JPEG", side: int = PHOTO_SIDE) -> Photo:
    """Return a picture drawn anew, no side longer than `side`; the refusals of `decode`. Slow."""
    picture = decode(content, side, "RGB")
    written = io.BytesIO()
    # PNG takes no notice of a quality.
    picture.save(written, form, quality=JPEG_QUALITY)
    return Photo(written.getvalue(), _MEDIA_TYPES[form], picture.width, picture.height)


def decode(content: bytes, side: int, mode: Mode) -> Image.Image:
    """Return a picture's pixels, grey or in colour, upright and without anything that came with them.

    No side is longer than `side`. UnsupportedPicture, UnreadablePicture, PictureTooLarge. Slow.
    """
    head = read_head(content)
    shrink = min(1, side / max(head.width, head.height))
    size = max(1, round(head.width * shrink)), max(1, round(head.height * shrink))
    try:
        with _DECODERS[head.form](io.BytesIO(content)) as picture:
            if picture.size != (head.width, head.height):
                raise UnreadablePicture
            turn = _turn_of(picture)
            picture.draft(mode, size)
            plain = _plain(picture, mode).resize(size, Image.Resampling.LANCZOS, reducing_gap=2)
    except _BROKEN as error:
        raise UnreadablePicture from error
    upright = plain.transpose(turn) if turn is not None else plain
    # Whatever the file said of itself lies in `info`, and an encoder may write some of it down again.
    upright.info = {}
    return upright


class Photos:
    """Works on pictures in threads, `at_once` of them, while up to `waiting` more wait."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._most = at_once + waiting
        self._taken = 0
        self._free = asyncio.Semaphore(at_once)

    async def clean(self, content: bytes, form: CleanForm = "JPEG", side: int = PHOTO_SIDE) -> Photo:
        """Return a picture drawn anew, as `clean` does; PhotosBusy."""
        return await self._work(partial(clean, content, form, side))

    async def look(self, content: bytes, side: int, see: Callable[[Image.Image], T]) -> T:
        """Return what is seen in a picture, decoded in grey as `decode` does; PhotosBusy."""
        return await self._work(lambda: see(decode(content, side, "L")))

    async def _work(self, work: Callable[[], T]) -> T:
        if self._taken >= self._most:
            raise PhotosBusy(retryAfter=RETRY_SECONDS)
        self._taken += 1
        try:
            async with self._free:
                return await asyncio.to_thread(work)
        finally:
            self._taken -= 1


def _turn_of(picture: ImageFile) -> Image.Transpose | None:
    """Return how to turn a picture upright; one whose EXIF is broken stays as it is."""
    try:
        orientation = picture.getexif().get(_ORIENTATION)
    except _BROKEN:
        return None
    return _TURNS.get(orientation) if isinstance(orientation, int) else None


def _plain(picture: Image.Image, mode: Mode) -> Image.Image:
    """Return a picture in eight bits, set on white where it is transparent."""
    if picture.mode.startswith("I"):
        # Pillow cuts sixteen bits off at 255 instead of dividing them.
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        seen = picture.convert("RGBA")
        picture = Image.new("RGB", seen.size, "white")
        picture.paste(seen, mask=seen.getchannel("A"))
    return picture.convert(mode)
