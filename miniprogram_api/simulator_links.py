"""The simulated WeChat's routes of mini program codes and of links from outside."""

import io
import re
from datetime import timedelta

import msgspec
import qrcode
from msgspec import Struct
from PIL import Image
from qrcode.constants import ERROR_CORRECT_L
from qrcode.image.pil import PilImage

from miniprogram_api.simulator_outside import Life, LinkParts
from miniprogram_api.simulator_platform import PlatformHandler, TokenHandler
from miniprogram_api.simulator_state import PlatformError

SCENE = re.compile(r"[0-9a-zA-Z!#$&'()*+,/:;=?@\-._~]{1,32}")
ENVIRONMENTS = ("release", "trial", "develop")
MINUTE = timedelta(minutes=1)
LONGEST_QUERY = 1024


class Colour(Struct, frozen=True):
    """A colour of a code's lines."""

    r: int = 0
    g: int = 0
    b: int = 0


class CodeOrder(Struct, frozen=True):
    """The body of getwxacodeunlimit."""

    scene: str = ""
    page: str = "pages/index/index"
    check_path: bool = True
    env_version: str = "release"
    width: int = 430
    auto_color: bool = False
    line_color: Colour = Colour()
    is_hyaline: bool = False


class CodeContent(Struct, frozen=True):
    """What a test reads out of the picture: the page that WeChat would open, and the scene."""

    appid: str
    page: str
    scene: str
    env: str


class LinkOrder(LinkParts, frozen=True):
    """The body of generate_urllink, and of generatescheme, which has the parts in `jump_wxa`."""

    jump_wxa: LinkParts | None = None
    expire_type: int = 0
    expire_time: int = 0
    expire_interval: int = 0


class UrlLinkAnswer(Struct, frozen=True):
    """The success of generate_urllink."""

    url_link: str
    errcode: int = 0
    errmsg: str = "ok"


class SchemeAnswer(Struct, frozen=True):
    """The success of generatescheme."""

    openlink: str
    errcode: int = 0
    errmsg: str = "ok"


class UnlimitedCode(TokenHandler):
    """`POST /wxa/getwxacodeunlimit`: a picture with a QR code in place of WeChat's round one."""

    def work(self) -> bytes:
        """Draw the code; a test reads `CodeContent` out of it."""
        self.state.quota.count("wxacode", 5000, MINUTE, 45009)
        order = self._order()
        if not SCENE.fullmatch(order.scene):
            raise PlatformError(40129, "invalid scene")
        if order.env_version not in ENVIRONMENTS or not 280 <= order.width <= 1280:
            raise PlatformError(40097, "invalid args")
        if order.page.startswith("/") or "?" in order.page:
            raise PlatformError(41030, "invalid page")
        if order.check_path and order.page not in self.state.pages:
            raise PlatformError(41030, "invalid page")
        self.content_type = "image/png"
        content = CodeContent(self.state.appid, order.page, order.scene, order.env_version)
        return _draw(msgspec.json.encode(content).decode(), order.width)

    def _order(self) -> CodeOrder:
        try:
            return self.read(CodeOrder)
        except PlatformError as error:
            raise PlatformError(40169, "invalid length for scene, or the data is not json string") from error


class LinkHandler(TokenHandler):
    """A link into the mini program from outside."""

    def make(self, prefix: str) -> str:
        """Return a link; refuse a page, query, version or life that WeChat refuses.

        A program without pages has not been released. 85407 and 85408, for an account that may make no links,
        come on order.
        """
        order = self.read(LinkOrder)
        parts = order.jump_wxa or LinkParts(order.path, order.query, order.env_version)
        if parts.env_version not in ENVIRONMENTS:
            raise PlatformError(85402, "invalid env_version")
        if not self.state.pages:
            raise PlatformError(85079, "miniprogram has no online release")
        if parts.path and parts.path.lstrip("/") not in self.state.pages:
            raise PlatformError(40165, "invalid weapp pagepath")
        if len(parts.query) > LONGEST_QUERY:
            raise PlatformError(40212, "invalid query")
        life = Life(order.expire_type, order.expire_time, order.expire_interval)
        return self.state.links.make(prefix, parts, life)


class UrlLink(LinkHandler):
    """`POST /wxa/generate_urllink`."""

    def work(self) -> Struct:
        """Make a link for a text message."""
        return UrlLinkAnswer(self.make("https://wxaurl.cn/"))


class Scheme(LinkHandler):
    """`POST /wxa/generatescheme`."""

    def work(self) -> Struct:
        """Make a scheme for a web page."""
        return SchemeAnswer(self.make("weixin://dl/business/?t="))


def _draw(text: str, width: int) -> bytes:
    code: qrcode.QRCode[PilImage] = qrcode.QRCode(
        error_correction=ERROR_CORRECT_L, image_factory=PilImage, border=4
    )
    code.add_data(text)
    code.make(fit=True)
    picture = code.make_image().get_image().convert("L").resize((width, width), Image.Resampling.NEAREST)
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


ROUTES: tuple[tuple[str, type[PlatformHandler]], ...] = (
    ("/wxa/getwxacodeunlimit", UnlimitedCode),
    ("/wxa/generate_urllink", UrlLink),
    ("/wxa/generatescheme", Scheme),
)
