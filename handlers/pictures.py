"""Pictures of our own: QR codes and signs, drawn with qrcode and Pillow. Slow: call it in a thread."""

import io
from collections.abc import Sequence
from importlib.resources import as_file, files
from typing import Literal

import qrcode
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

from models.card_desk import PrintedCard

QUIET_ZONE = 4
SIGN_WIDTH, SIGN_HEIGHT, SIGN_DPI = 1200, 1700, 145.0
SIGN_CODE_WIDTH = 780
SIGN_MARGIN = 90
# Of the name, and of the address: below them there is room for the code whole.
MOST_LINES = 3
SHEET_WIDTH, SHEET_HEIGHT, SHEET_DPI = 1654, 2339, 200.0
CARD_WIDTH, CARD_HEIGHT, CARD_CODE_WIDTH = 674, 425, 340
CARDS_PER_PAGE = 10
CARD_LETTERS = 13
RED, INK, GREY = "#b3131b", "#1a1a1a", "#555555"


def draw_code(text: str, scale: int) -> bytes:
    """Return a QR code of level M as PNG; `scale` is the pixels of one module."""
    return _png(_code(text, scale))


def draw_sign(name: str, address: str, link: str, code: str, form: Literal["PNG", "PDF"]) -> bytes:
    """Return a station's sign for A4 at 145 dpi: the name, the link's code, how to use it, 12351."""
    sign = Image.new("RGB", (SIGN_WIDTH, SIGN_HEIGHT), "white")
    pen = ImageDraw.Draw(sign)
    pen.rectangle((0, 0, SIGN_WIDTH, 210), fill=RED)
    _centre(pen, 50, "工会驿站", 96, "white")
    bottom = _lines(pen, 260, name, 60, INK)
    bottom = _lines(pen, bottom + 14, address, 36, GREY)
    square = _code(link, SIGN_CODE_WIDTH // _code(link, 1).width).convert("RGB")
    sign.paste(square, ((SIGN_WIDTH - square.width) // 2, bottom + 20))
    below = bottom + 20 + square.height
    _centre(pen, below + 10, "微信或相机扫一扫：开放时间、设施、怎么走", 38, INK)
    _centre(pen, below + 80, f"驿站编号 {code}　　监督电话 12351", 40, RED)
    content = io.BytesIO()
    sign.save(content, form, resolution=SIGN_DPI)
    return content.getvalue()


def draw_card_sheet(cards: Sequence[PrintedCard]) -> bytes:
    """Return printed cards as a PDF of A4 pages, ten cards of 85.6 × 54 mm (ISO/IEC 7810, ID-1) on each."""
    pages = [
        _card_page(cards[start : start + CARDS_PER_PAGE]) for start in range(0, len(cards), CARDS_PER_PAGE)
    ]
    content = io.BytesIO()
    pages[0].save(content, "PDF", resolution=SHEET_DPI, save_all=True, append_images=pages[1:])
    return content.getvalue()


def _card_page(cards: Sequence[PrintedCard]) -> Image.Image:
    page = Image.new("RGB", (SHEET_WIDTH, SHEET_HEIGHT), "white")
    across = (SHEET_WIDTH - 2 * CARD_WIDTH) // 3
    down = (SHEET_HEIGHT - 5 * CARD_HEIGHT) // 6
    for place, card in enumerate(cards):
        row, column = divmod(place, 2)
        left = across + column * (CARD_WIDTH + across)
        top = down + row * (CARD_HEIGHT + down)
        page.paste(_card(card), (left, top))
    return page


def _card(card: PrintedCard) -> Image.Image:
    face = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), "white")
    pen = ImageDraw.Draw(face)
    pen.rectangle((0, 0, CARD_WIDTH - 1, CARD_HEIGHT - 1), outline="#bbbbbb")
    pen.rectangle((1, 1, CARD_WIDTH - 2, 72), fill=RED)
    pen.text((24, 12), "职工互助服务卡", font=_font(36), fill="white")
    square = _code(card.code, CARD_CODE_WIDTH // _code(card.code, 1).width).convert("RGB")
    face.paste(square, (CARD_WIDTH - square.width - 8, 80))
    lines = ((92, card.name, 44, INK), (158, card.organisation[:26], 22, GREY))
    for top, text, size, colour in lines:
        for number, start in enumerate(range(0, len(text), CARD_LETTERS)):
            piece = text[start : start + CARD_LETTERS]
            pen.text((24, top + number * 30), piece, font=_font(size), fill=colour)
    pen.text((24, 240), f"{card.serial[:5]}-{card.serial[5:]}", font=_font(38), fill=INK)
    pen.text((24, 300), f"第 {card.number} 张实体卡", font=_font(22), fill=GREY)
    pen.text((24, 336), "遗失请在小程序或所在工会挂失", font=_font(20), fill=GREY)
    pen.text((24, 370), "服务电话 12351", font=_font(22), fill=RED)
    return face


def _code(text: str, scale: int) -> Image.Image:
    code: qrcode.QRCode[PilImage] = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M, box_size=scale, border=QUIET_ZONE, image_factory=PilImage
    )
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return code.make_image().get_image()


def _png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


def _font(size: int) -> ImageFont.FreeTypeFont:
    with as_file(files("pylopdf_fonts_zh_cn") / "NotoSansSC-Regular.otf") as path:
        return ImageFont.truetype(path, size)


def _centre(pen: ImageDraw.ImageDraw, top: int, text: str, size: int, colour: str) -> int:
    font = _font(size)
    width = pen.textlength(text, font=font)
    pen.text(((SIGN_WIDTH - width) / 2, top), text, font=font, fill=colour)
    return top + round(size * 1.4)


def _lines(pen: ImageDraw.ImageDraw, top: int, text: str, size: int, colour: str) -> int:
    """Write a text over as many lines as it takes, at most `MOST_LINES`; return where it ends."""
    per_line = (SIGN_WIDTH - 2 * SIGN_MARGIN) // size
    if len(text) > MOST_LINES * per_line:
        text = text[: MOST_LINES * per_line - 1] + "…"
    for start in range(0, len(text), per_line):
        top = _centre(pen, top, text[start : start + per_line], size, colour)
    return top
