"""Pictures of cards: the codes in them, read here for scanners whose browser cannot.

Only codes of cards and of prints are handed back. Of any other code nothing leaves this place but that it was
there: people hold up payment codes by mistake, and a payment code is money to whoever has its text. Nor does
a bare serial count as ours in a picture: a serial is typed by somebody who looks at the card.

Nothing is stored: a scan begins when a code is scanned.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import zxingcpp
from msgspec import Struct
from PIL import Image

from models.judgements import read
from models.photos import Photos

# A code that fills a tenth of a photograph's width still has nine pixels to a module.
LOOK_SIDE = 2400
MOST_CODES = 10


class Found(Struct, frozen=True):
    """The texts of our codes in reading order, each once, and how many codes of others there were."""

    codes: tuple[str, ...]
    others: int


class Seen(Struct, frozen=True):
    """A code at its place: the middle and the height, in pixels from the top left."""

    text: str
    x: float
    y: float
    height: float


class ScanPictures:
    """Reads codes out of pictures."""

    def __init__(self, photos: Photos) -> None:
        self._photos = photos

    async def read(self, content: bytes) -> Found:
        """Return the codes in a picture; the refusals of `Photos.look`."""
        return sort_out(await self._photos.look(content, LOOK_SIDE, see))


def see(picture: Image.Image) -> list[Seen]:
    """Return the QR codes in a grey picture, in any order. Slow."""
    # Neither the formats nor a type may stay in this module: the binding complains at the process's end.
    formats = zxingcpp.barcode_formats_from_str("QRCode")
    seen = []
    for one in zxingcpp.read_barcodes(np.asarray(picture), formats=formats):
        at = one.position
        corners = (at.top_left, at.top_right, at.bottom_right, at.bottom_left)
        across, down = [corner.x for corner in corners], [corner.y for corner in corners]
        seen.append(Seen(one.text, sum(across) / 4, sum(down) / 4, max(down) - min(down)))
    return seen


def sort_out(seen: Iterable[Seen]) -> Found:
    """Return our codes as people read, and count the others."""
    codes: dict[str, None] = {}
    others: set[str] = set()
    for one in _in_reading_order(seen):
        reading = read(one.text)
        if reading and reading.code:
            codes[reading.code.text] = None
        else:
            others.add(one.text)
    return Found(tuple(codes)[:MOST_CODES], len(others))


def _in_reading_order(seen: Iterable[Seen]) -> Iterable[Seen]:
    """Yield line by line; what lies less than half a code lower is still in the same line."""
    line: list[Seen] = []
    for one in sorted(seen, key=lambda one: one.y):
        if line and one.y > line[0].y + line[0].height / 2:
            yield from _from_the_left(line)
            line = []
        line.append(one)
    yield from _from_the_left(line)


def _from_the_left(line: Sequence[Seen]) -> list[Seen]:
    return sorted(line, key=lambda one: one.x)
