"""Pictures that nobody means well, and what is really written in a file."""

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from PIL import Image

SECRET = b"SECRET-7c1f"


def make_picture(form: str, size: tuple[int, int] = (40, 30), mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose four corners differ: red, green, blue, black."""
    width, height = size
    picture = Image.new("RGB", size, "black")
    picture.paste("red", (0, 0, width // 2, height // 2))
    picture.paste("lime", (width // 2, 0, width, height // 2))
    picture.paste("blue", (0, height // 2, width // 2, height))
    return written(picture.convert(mode), form, **options)


def written(picture: Image.Image, form: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, form, **options)
    return content.getvalue()


def with_everything(form: str) -> bytes:
    """A picture that tells where it was taken, with what, and more."""
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x9286] = f"{SECRET!r}", f"{SECRET!r}", SECRET
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (34.0, 45.0, 12.3), 3: "E", 4: (113.0, 37.0, 4.5), 29: f"{SECRET!r}"}
    )
    options: dict[str, Any] = {"exif": exif, "icc_profile": SECRET * 20, "xmp": b"<x>" + SECRET + b"</x>"}
    if form == "JPEG":
        options["comment"] = SECRET
    if form == "PNG":
        del options["xmp"]
    content = make_picture(form, **options)
    if form == "PNG":
        text = chunk(b"tEXt", b"Comment\0" + SECRET) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET)
        content = content[:33] + text + content[33:]
    return content + b"<script>" + SECRET + b"</script>"


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *between: bytes, pixels: bytes = b"") -> bytes:
    """A PNG by its chunks, grey, whatever its head says."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = b"".join(between) + chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def many_scans(scans: int) -> bytes:
    """A small JPEG in which one scan comes again and again: each is a pass over all pixels."""
    content = make_picture("JPEG", (64, 64), progressive=True)
    starts = [place for place, kind in segments(content) if kind == 0xDA]
    again = content[starts[4] : starts[5]]
    return content[: starts[5]] + again * scans + content[starts[5] :]


def segments(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the place and kind of each segment of a JPEG."""
    place = 2
    while content[place + 1] != 0xD9:
        yield place, content[place + 1]
        place += 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        while content[place] != 0xFF or content[place + 1] in (0, *range(0xD0, 0xD8)):
            place += 1


def chunks(content: bytes) -> Iterator[bytes]:
    """Yield the kind of each chunk of a PNG."""
    place = 8
    while place < len(content):
        yield content[place + 4 : place + 8]
        place += 12 + int.from_bytes(content[place : place + 4], "big")


def in_motion(form: str) -> bytes:
    """A picture of two frames."""
    second = Image.new("RGB", (40, 30), "white")
    return make_picture(form, save_all=True, append_images=[second], duration=100)


def two_in_one() -> bytes:
    """A photograph as many phones store it: a second one, and a film, behind the first (CIPA DC-007)."""
    return make_picture("MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))]) + b"\xff\xda" * 5_000


BOMB = png(30_000, 30_000, pixels=bytes(30_000_000))
FRAME = b"\xff\xc0\x00\x11\x08\x00\x08\x00\x08\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

HOSTILE = {
    "nothing": (b"", "unreadable_picture"),
    "text": (b"hello", "unsupported_picture"),
    "SVG": (SVG, "unsupported_picture"),
    "GIF": (make_picture("GIF"), "unsupported_picture"),
    "BMP": (make_picture("BMP"), "unsupported_picture"),
    "TIFF": (make_picture("TIFF"), "unsupported_picture"),
    "a page with a picture behind": (b"<html>" + make_picture("PNG"), "unsupported_picture"),
    "a moving PNG": (in_motion("PNG"), "unsupported_picture"),
    "a moving WebP": (in_motion("WEBP"), "unsupported_picture"),
    "a head of a PNG": (b"\x89PNG\r\n\x1a\n", "unreadable_picture"),
    "a head of a JPEG": (b"\xff\xd8\xff", "unreadable_picture"),
    "a head of a WebP": (b"RIFF\x10\0\0\0WEBPVP8X", "unreadable_picture"),
    "half a PNG": (make_picture("PNG")[:60], "unreadable_picture"),
    "half a JPEG": (make_picture("JPEG", (300, 300))[:900], "unreadable_picture"),
    "half a WebP": (make_picture("WEBP")[:60], "unreadable_picture"),
    "a bomb": (BOMB, "picture_too_large"),
    "the largest PNG there can be": (png(0x7FFFFFFF, 0x7FFFFFFF), "picture_too_large"),
    "one long line": (png(20_001, 1), "picture_too_large"),
    "no width": (png(0, 10), "unreadable_picture"),
    "fewer pixels than it says": (png(3_000, 3_000, pixels=bytes(100)), "unreadable_picture"),
    "the largest JPEG there can be": (
        b"\xff\xd8\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01\xff\xd9",
        "picture_too_large",
    ),
    "the largest WebP there can be": (
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6 + bytes(20), "picture_too_large"
    ),
    "a JPEG of two sizes": (
        make_picture("JPEG")[:2] + FRAME
        + make_picture("JPEG")[2:],
        "unreadable_picture",
    ),
    "a JPEG of thousands of scans": (many_scans(3_000), "unreadable_picture"),
    "a JPEG of a million segments": (b"\xff\xd8" + b"\xff\xe1\x00\x02" * 1_000_000, "unreadable_picture"),
    "a PNG of a million chunks": (png(8, 8, chunk(b"teSt", b"") * 500_000), "unreadable_picture"),
    "a PNG whose text unpacks to a gigabyte": (
        png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(90_000_000), 9))), "unreadable_picture"
    ),
}  # fmt: skip
