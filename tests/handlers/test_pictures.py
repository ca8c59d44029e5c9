"""Pictures from elsewhere: told by their bytes, bounded, and made plain PNG."""

import io

import pytest
from PIL import Image

from handlers.pictures import LARGEST_SIDE, BrokenPicture, to_png


def make_picture(kind: str, size: tuple[int, int] = (40, 40)) -> bytes:
    content = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a description"
    Image.new("RGB", size, "red").save(content, kind, exif=exif)
    return content.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_png_and_jpeg_become_png_without_what_else_they_carry(kind: str) -> None:
    picture = to_png(make_picture(kind))
    assert picture.startswith(b"\x89PNG")
    assert b"a description" not in picture


@pytest.mark.parametrize(
    "content",
    [b"", b"\x89PNG\r\n\x1a\n", make_picture("PNG")[:60], make_picture("JPEG")[:200], make_picture("GIF"),
     make_picture("PNG", (LARGEST_SIDE + 1, 1))],
    ids=["nothing", "a head", "half a PNG", "half a JPEG", "GIF", "too large"],
)  # fmt: skip
def test_what_is_broken_or_too_large_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenPicture):
        to_png(content)
