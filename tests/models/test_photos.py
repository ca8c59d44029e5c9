"""Photos: judged before they are decoded, and nothing left of what came with them."""

import asyncio
import io
import threading
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.errors import Refusal
from models.photos import PHOTO_SIDE, CleanForm, Photos, PhotosBusy, clean, decode
from models.picture_heads import (
    MOST_SCANS,
    Head,
    PictureTooLarge,
    UnreadablePicture,
    UnsupportedPicture,
    read_head,
)
from tests.models.hostile_pictures import (
    HOSTILE,
    SECRET,
    chunk,
    chunks,
    make_picture,
    many_scans,
    png,
    segments,
    two_in_one,
    with_everything,
    written,
)

FORMS = ("JPEG", "PNG", "WEBP")
# Where the coloured corners are after each orientation was undone, from the top left along the lines.
UPRIGHT = {
    1: "red lime blue black", 2: "lime red black blue", 3: "black blue lime red", 4: "blue black red lime",
    5: "red blue lime black", 6: "blue red black lime", 7: "black lime blue red", 8: "lime black red blue",
}  # fmt: skip
COLOURS = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0)}


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def corners(picture: Image.Image) -> str:
    """The colours of the four quarters, in words."""
    width, height = picture.size
    places = [(width // 4 + x, height // 4 + y) for y in (0, height // 2) for x in (0, width // 2)]
    return " ".join(nearest(picture.convert("RGB").getpixel(place)) for place in places)


def nearest(colour: object) -> str:
    assert isinstance(colour, tuple)
    far = {name: sum(abs(a - b) for a, b in zip(colour, one, strict=True)) for name, one in COLOURS.items()}
    return min(far, key=lambda name: far[name])


@pytest.mark.parametrize("form", FORMS)
def test_a_head_says_the_form_and_the_size(form: str) -> None:
    assert read_head(make_picture(form)) == Head(form, 40, 30)  # type: ignore[arg-type]  # one of the forms


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
def test_every_kind_of_webp_says_its_size(options: dict[str, Any]) -> None:
    assert read_head(make_picture("WEBP", **options)) == Head("WEBP", 40, 30)


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_or_broken_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        clean(content)
    assert refused.value.code == code


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("into", ["JPEG", "PNG"])
def test_of_what_came_only_the_pixels_remain(form: str, into: CleanForm) -> None:
    came = with_everything(form)
    assert came.count(SECRET) >= 5
    photo = clean(came, into)
    assert SECRET not in photo.content
    assert photo.media_type == f"image/{into.lower()}"
    assert corners(opened(photo.content)) == "red lime blue black"
    if into == "JPEG":
        assert {kind for _, kind in segments(photo.content)} <= {0xE0, 0xDB, 0xC0, 0xC4, 0xDA}
        assert photo.content.endswith(b"\xff\xd9")
    else:
        assert set(chunks(photo.content)) == {b"IHDR", b"IDAT", b"IEND"}
    assert not opened(photo.content).getexif()


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("form", FORMS)
def test_a_photo_stands_upright(orientation: int, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = clean(make_picture(form, exif=exif))
    assert (photo.width, photo.height) == ((40, 30) if orientation < 5 else (30, 40))
    assert corners(opened(photo.content)) == UPRIGHT[orientation]


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_turns_nothing(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert corners(opened(clean(make_picture("JPEG", exif=exif)).content)) == UPRIGHT[1]


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB", "YCbCr"])
def test_a_jpeg_of_any_colours_becomes_plain(mode: str) -> None:
    photo = opened(clean(make_picture("JPEG", mode=mode)).content)
    assert photo.mode == "RGB"
    if mode != "L":
        assert corners(photo) == UPRIGHT[1]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_a_png_of_any_colours_becomes_plain(mode: str) -> None:
    photo = opened(clean(make_picture("PNG", mode=mode), "PNG").content)
    assert photo.mode == "RGB"
    assert photo.getpixel((39, 29)) == (0, 0, 0)


def test_sixteen_bits_keep_their_shades() -> None:
    grey = Image.frombytes("I;16", (2, 1), (0x4000).to_bytes(2, "little") + (0xC000).to_bytes(2, "little"))
    photo = opened(clean(written(grey, "PNG"), "PNG").content)
    assert [photo.getpixel((x, 0)) for x in (0, 1)] == [(0x40,) * 3, (0xC0,) * 3]


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_is_transparent_is_white(form: str) -> None:
    clear = written(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), form)
    assert opened(clean(clear, "PNG").content).getpixel((4, 4)) == (255, 255, 255)


def test_a_second_picture_and_a_film_behind_the_first_are_no_matter() -> None:
    photo = clean(two_in_one())
    assert corners(opened(photo.content)) == UPRIGHT[1]
    assert len(photo.content) < 2_000


def test_scans_of_an_honest_number_are_decoded() -> None:
    assert clean(many_scans(MOST_SCANS - 10)).width == 64


def test_a_broken_word_on_how_it_was_held_leaves_a_photo_as_it_is() -> None:
    exif = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03\xff\xff\xff\xff"
    assert corners(opened(clean(make_picture("JPEG", exif=exif)).content)) == UPRIGHT[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 5_000), (5_000, 1), (3_000, 2_000), (PHOTO_SIDE, PHOTO_SIDE)])
@pytest.mark.parametrize("form", FORMS)
def test_a_photo_is_made_small_in_proportion(size: tuple[int, int], form: str) -> None:
    photo = clean(make_picture(form, size))
    shrink = min(1, PHOTO_SIDE / max(size))
    assert (photo.width, photo.height) == tuple(max(1, round(side * shrink)) for side in size)
    assert opened(photo.content).size == (photo.width, photo.height)


@given(st.data())
def test_a_picture_that_was_tampered_with_is_decoded_or_refused(data: st.DataObject) -> None:
    content = bytearray(with_everything(data.draw(st.sampled_from(FORMS))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    with suppress(UnsupportedPicture, UnreadablePicture, PictureTooLarge):
        picture = decode(bytes(content), 100, "L")
        assert picture.mode == "L"
        assert max(picture.size) <= 100


async def test_few_are_worked_on_at_once_and_more_than_wait_come_again() -> None:
    photos, go = Photos(at_once=2, waiting=1), threading.Event()
    running = [0]
    most = [0]
    lock = threading.Lock()

    def see(picture: Image.Image) -> int:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        assert go.wait(20)
        with lock:
            running[0] -= 1
        return picture.width

    content = make_picture("PNG")
    looks = [asyncio.create_task(photos.look(content, 100, see)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(PhotosBusy) as busy:
        await photos.look(content, 100, see)
    assert busy.value.details["retryAfter"] > 0
    go.set()
    assert await asyncio.gather(*looks) == [40, 40, 40]
    assert most[0] <= 2
    assert await photos.look(content, 100, see) == 40


async def test_a_refused_picture_leaves_its_place_free() -> None:
    photos = Photos(at_once=1, waiting=0)
    for _ in range(3):
        with pytest.raises(Refusal, match="损坏"):
            await photos.clean(b"\xff\xd8\xff")
    assert (await photos.clean(png(2, 2, chunk(b"tEXt", b"a\0b"), pixels=bytes(6)))).width == 2
