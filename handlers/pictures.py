"""Pictures of our own: QR codes and signs, drawn with qrcode and Pillow. Slow: call it in a thread."""

import io
from importlib.resources import as_file, files
from typing import Literal

import qrcode
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

QUIET_ZONE = 4
SIGN_WIDTH, SIGN_HEIGHT, SIGN_DPI = 1200, 1700, 145.0
SIGN_CODE_WIDTH = 780
SIGN_MARGIN = 90
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
    """Write a text over as many lines as it takes; return where it ends."""
    per_line = (SIGN_WIDTH - 2 * SIGN_MARGIN) // size
    for start in range(0, len(text), per_line):
        top = _centre(pen, top, text[start : start + per_line], size, colour)
    return top
