"""Codes read out of bad pictures by an independent decoder, and scanned through the interface."""

import io
import random
import secrets

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from tests.factories import Factory, Http, Someone

PAPER = (236, 232, 222)


def small(picture: Image.Image) -> Image.Image:
    """As seen from across a table: a little over two pixels to a module, without sharp edges."""
    return picture.resize((84, 84), Image.Resampling.BILINEAR)


def rotated(picture: Image.Image) -> Image.Image:
    """As held by a hand."""
    return picture.rotate(37, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def upside_down(picture: Image.Image) -> Image.Image:
    return picture.rotate(180)


def dirty(picture: Image.Image) -> Image.Image:
    """Scratched, stained and out of focus."""
    chance = random.Random(7)
    pen = ImageDraw.Draw(picture)
    width = picture.width
    for _ in range(6):
        ends = [chance.randrange(width) for _ in range(4)]
        pen.line(ends, fill="grey", width=2)
    pen.ellipse((width * 0.55, width * 0.6, width * 0.63, width * 0.68), fill="white")
    return picture.filter(ImageFilter.GaussianBlur(1.2))


def dim(picture: Image.Image) -> Image.Image:
    """On a phone with its light turned down."""
    return picture.point(lambda value: 60 + value // 4)


def in_a_screenshot(picture: Image.Image) -> Image.Image:
    """In the corner of a phone's whole screen, as JPEG, as people forward it."""
    screen = Image.new("RGB", (1080, 1920), PAPER)
    screen.paste(picture.resize((330, 330)), (700, 1500))
    content = io.BytesIO()
    screen.save(content, "JPEG", quality=40)
    return Image.open(content)


def at_its_worst(picture: Image.Image) -> Image.Image:
    return in_a_screenshot(rotated(dirty(picture)))


WAYS = [small, rotated, upside_down, dirty, dim, in_a_screenshot, at_its_worst]


async def picture_of(http: Http, someone: Someone, path: str) -> Image.Image:
    reply = await http("GET", f"{path}?scale=8", token=someone.token)
    assert reply.status == 200
    return Image.open(io.BytesIO(reply.body)).convert("RGB")


def read(picture: Image.Image) -> str:
    found = zxingcpp.read_barcode(picture)
    assert found is not None, "the decoder sees nothing"
    return str(found.text)


@pytest.mark.parametrize("spoil", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("medium", ["code", "printed"])
async def test_a_code_is_scanned_out_of_a_bad_picture(
    http: Http, make: Factory, spoil: object, medium: str
) -> None:
    assert callable(spoil)
    someone, staff = await make.member(name="王小明"), await make.member(staff=True)
    path = "/api/v1/card/qr.png"
    if medium == "printed":
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        await http("POST", "/api/v1/card/prints", {}, token=someone.token, headers=headers)
        path = "/api/v1/card/prints/1/qr.png"
    text = read(spoil(await picture_of(http, someone, path)))
    verdict = (await http("POST", "/api/v1/scans", make.scan(text), token=staff.token)).json
    assert (verdict["outcome"], verdict["medium"]) == ("accepted", medium)
    assert verdict["holder"]["name"] == "王*明"
