"""Codes read out of bad pictures, by a decoder that is none of ours, and scanned through the interface."""

import io
import random
import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFilter

from handlers.pictures import draw_code
from models.cards import Card
from models.photos import PHOTO_BYTES
from models.scan_pictures import MOST_CODES
from tests.factories import Clock, Factory, Http, Reply, Someone
from tests.handlers.test_base import send_head
from tests.models.hostile_pictures import HOSTILE

PATH = "/api/v1/scans/picture"
PAPER = (236, 232, 222)

Spoil = Callable[[Image.Image], Image.Image]


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


async def look(http: Http, token: str, picture: Image.Image, form: str = "PNG") -> Any:
    """What the service sees in a picture."""
    content = io.BytesIO()
    picture.save(content, form)
    reply = await send(http, token, content.getvalue(), f"image/{form.lower()}")
    assert reply.status == 200, reply.body
    return reply.json


async def send(http: Http, token: str | None, content: bytes, kind: str = "image/jpeg") -> Reply:
    return await http("POST", PATH, raw=content, token=token, headers={"Content-Type": kind})


def drawn(text: str, scale: int = 4) -> Image.Image:
    return Image.open(io.BytesIO(draw_code(text, scale))).convert("RGB")


def sheet(*lines: tuple[Image.Image, ...]) -> Image.Image:
    """Codes side by side in lines, not quite straight."""
    paper = Image.new("RGB", (900, 300 * len(lines)), "white")
    for down, line in enumerate(lines):
        for across, picture in enumerate(line):
            paper.paste(picture, (300 * across, 300 * down + (12 if across % 2 == 0 else 0)))
    return paper


def codes_in_turn(make: Factory, card: Card | None, clock: Clock, count: int) -> list[str]:
    """What a card shows one after the other."""
    return [make.code(card, at=clock.now() + timedelta(seconds=30 * step)).text for step in range(count)]


@pytest.fixture
async def staff(make: Factory) -> str:
    return (await make.member(staff=True)).token


@pytest.mark.parametrize("spoil", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("medium", ["code", "printed"])
async def test_a_code_is_scanned_out_of_a_bad_picture(
    http: Http, make: Factory, staff: str, spoil: Spoil, medium: str
) -> None:
    someone = await make.member(name="王小明")
    path = "/api/v1/card/qr.png"
    if medium == "printed":
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        await http("POST", "/api/v1/card/prints", {}, token=someone.token, headers=headers)
        path = "/api/v1/card/prints/1/qr.png"
    seen = await look(http, staff, spoil(await picture_of(http, someone, path)))
    assert seen["others"] == 0
    (text,) = seen["codes"]
    verdict = (await http("POST", "/api/v1/scans", make.scan(text), token=staff)).json
    assert (verdict["outcome"], verdict["medium"]) == ("accepted", medium)
    assert verdict["holder"]["name"] == "王*明"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_may_have_any_of_three_forms(
    http: Http, make: Factory, staff: str, form: str
) -> None:
    code = make.code((await make.member()).card).text
    assert await look(http, staff, drawn(code), form) == {"codes": [code], "others": 0}


async def test_the_form_is_told_by_content_and_not_by_name(http: Http, make: Factory, staff: str) -> None:
    code = make.code((await make.member()).card).text
    reply = await send(http, staff, draw_code(code, 4), "image/webp")
    assert reply.json["codes"] == [code]


async def test_several_cards_are_read_line_by_line(
    http: Http, make: Factory, staff: str, clock: Clock
) -> None:
    codes = codes_in_turn(make, (await make.member()).card, clock, 6)
    pictures = [drawn(code) for code in codes]
    seen = await look(http, staff, sheet(tuple(pictures[:3]), tuple(pictures[3:])))
    assert seen == {"codes": codes, "others": 0}


async def test_a_picture_of_a_dozen_cards_gives_the_first_ten(
    http: Http, make: Factory, staff: str, clock: Clock
) -> None:
    codes = codes_in_turn(make, (await make.member()).card, clock, 12)
    pictures = [drawn(code) for code in codes]
    lines = [tuple(pictures[first : first + 3]) for first in range(0, 12, 3)]
    assert (await look(http, staff, sheet(*lines)))["codes"] == codes[:MOST_CODES]


async def test_the_same_card_twice_in_a_picture_is_one(http: Http, make: Factory, staff: str) -> None:
    code = make.code((await make.member()).card).text
    assert (await look(http, staff, sheet((drawn(code), drawn(code)))))["codes"] == [code]


@pytest.mark.parametrize(
    "text", ["wxp://f2f0abcdefg", "https://qr.alipay.com/fkx1", "7K3QF2A9XW", "UC1", "134567890123456789"]
)
async def test_of_a_code_that_is_not_ours_nothing_is_handed_back(
    http: Http, make: Factory, staff: str, text: str
) -> None:
    code = make.code((await make.member()).card).text
    reply = await look(http, staff, sheet((drawn(text), drawn(code))))
    assert reply == {"codes": [code], "others": 1}


async def test_a_picture_without_a_code_has_none(http: Http, staff: str) -> None:
    for size in ((1, 1), (1, 9_000), (640, 480)):
        assert await look(http, staff, Image.new("RGB", size, "white")) == {"codes": [], "others": 0}


async def test_a_photograph_of_a_phone_s_full_size_is_read(http: Http, make: Factory, staff: str) -> None:
    code = make.code((await make.member()).card).text
    photograph = Image.effect_noise((4000, 3000), 90).convert("RGB")
    photograph.paste(drawn(code, 12), (2600, 1800))
    content = io.BytesIO()
    photograph.save(content, "JPEG", quality=90)
    assert len(content.getvalue()) > 4_000_000
    assert (await send(http, staff, content.getvalue())).json["codes"] == [code]


async def test_a_card_held_sideways_is_read(http: Http, make: Factory, staff: str) -> None:
    code = make.code((await make.member()).card).text
    exif = Image.Exif()
    exif[0x0112] = 5
    content = io.BytesIO()
    drawn(code).transpose(Image.Transpose.TRANSPOSE).save(content, "JPEG", exif=exif)
    assert (await send(http, staff, content.getvalue())).json["codes"] == [code]


@pytest.mark.parametrize(("content", "code"), HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_picture_gets_a_clear_refusal(
    http: Http, staff: str, content: bytes, code: str
) -> None:
    reply = await send(http, staff, content)
    assert (reply.status, reply.code) == (400, code)
    assert re.search("[一-鿿]", reply.json["message"])


async def test_a_bomb_says_how_many_pixels_may_be(http: Http, staff: str) -> None:
    details = (await send(http, staff, HOSTILE["a bomb"][0])).json["details"]
    assert details == {"width": 30_000, "height": 30_000, "limit": 12_500_000}


@pytest.mark.parametrize("kind", ["application/json", "image/svg+xml", "image/gif", "text/plain", ""])
async def test_a_body_that_says_it_is_no_such_picture_is_a_415(http: Http, staff: str, kind: str) -> None:
    reply = await send(http, staff, draw_code("x", 4), kind)
    assert (reply.status, reply.code) == (415, "unsupported_media_type")


@pytest.mark.parametrize("size", [PHOTO_BYTES + 1, 10**12])
async def test_too_large_an_upload_is_refused_by_its_head_alone(http: Http, size: int) -> None:
    answer = await send_head(http.url, f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


async def test_the_largest_upload_is_still_looked_at(http: Http, staff: str) -> None:
    content = draw_code("x", 4)
    reply = await send(http, staff, content + bytes(PHOTO_BYTES - len(content)))
    assert (reply.status, reply.json["others"]) == (200, 1)


async def test_another_route_takes_no_more_than_before(http: Http, staff: str) -> None:
    reply = await http("POST", "/api/v1/scans", raw=bytes(2 << 20), token=staff)
    assert reply.status == 413


@pytest.mark.parametrize(("kind", "status"), [(None, 401), ("guest", 403), ("member", 403)])
async def test_nobody_else_sends_pictures_and_still_hears_why(
    http: Http, make: Factory, kind: str | None, status: int
) -> None:
    tokens = {None: None, "guest": await make.guest(), "member": (await make.member()).token}
    for content in (b"", bytes(100), bytes(PHOTO_BYTES)):
        assert (await send(http, tokens[kind], content)).status == status


async def test_somebody_whose_appointment_is_over_reads_nothing(
    http: Http, make: Factory, clock: Clock
) -> None:
    someone = await make.member()
    await make.appoint(someone.person, until=clock.now() + timedelta(hours=1))
    token = (await make.login(someone.openid, staff=True)).json["token"]
    clock.advance(hours=2)
    reply = await send(http, token, draw_code("x", 4))
    assert (reply.status, reply.code) == (403, "staff_not_allowed")


async def test_pictures_are_limited_for_each_person(http: Http, make: Factory, staff: str) -> None:
    replies = [await send(http, staff, b"") for _ in range(181)]
    assert [reply.status for reply in replies] == [400] * 180 + [429]
    assert int(replies[-1].headers["Retry-After"]) >= 1
    another = (await make.member(staff=True)).token
    assert (await send(http, another, b"")).status == 400


async def test_a_picture_is_no_scan_yet(http: Http, make: Factory, staff: str) -> None:
    someone = await make.member()
    assert (await look(http, staff, drawn(make.code(someone.card).text)))["codes"]
    assert (await http("GET", "/api/v1/card/scans", token=someone.token)).json["items"] == []
