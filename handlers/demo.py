"""The demo's pages: a member's phone and a staff scanner. Only while the simulator is on."""

from typing import Annotated

from msgspec import Meta, Struct

from handlers.base import Handler, endpoint
from handlers.media import Html, Script
from handlers.services import Demo, DemoPerson, PopupAnswer
from handlers.wire import Asked, Wire
from miniprogram_api.bundle import bundle
from models.errors import Missing
from models.id_documents import KINDS
from models.stations import FACILITIES
from models.stations import KINDS as STATION_KINDS

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Place(Struct, frozen=True):
    """A place to look for stations from, in GCJ-02."""

    name: str
    longitude: float
    latitude: float


PLACES = (
    Place("金水区 紫荆山路", 113.6208, 34.7510),
    Place("高新区 科学大道", 113.5650, 34.8080),
    Place("高新区 王屋路", 113.6010, 34.7930),
    Place("巩义市 火车站", 112.9790, 34.7580),
    Place("巩义市 大峪沟镇", 113.0985, 34.7300),
    Place("经开区 创业中心", 113.7560, 34.7220),
)


class NoDemoPerson(Missing):
    """There is no such demo person."""

    code = "demo_person_not_found"
    message = "没有这位演示人员"


def _phone_of(demo: Demo | None, person: str) -> tuple[Demo, str]:
    """Return the simulated phone and the openid of a demo person."""
    openids = {one.key: one.openid for one in (*demo.people, *demo.officers)} if demo else {}
    if not demo or person not in openids:
        raise NoDemoPerson
    return demo, openids[person]


class LoginCodeRequest(Asked, frozen=True):
    """Which demo person taps on `wx.login`."""

    person: Annotated[str, Meta(max_length=40, examples=["courier"])]


class LoginCodeReply(Wire, frozen=True):
    """What `wx.login` would give."""

    code: Annotated[str, Meta(examples=["0a1b2c3d4e5f6g7h8i9j"])]


class LoginCodesHandler(Handler):
    """The simulated phone."""

    public = True

    @endpoint(201, refuses=(NoDemoPerson,))
    async def post(self, *, body: LoginCodeRequest) -> LoginCodeReply:
        """Make a login code for a demo person."""
        demo, openid = _phone_of(self.services.demo, body.person)
        return LoginCodeReply(code=demo.new_login_code(openid))


class PhoneCodesHandler(Handler):
    """The simulated phone's button that gives the own number away."""

    public = True

    @endpoint(201, refuses=(NoDemoPerson,))
    async def post(self, *, body: LoginCodeRequest) -> LoginCodeReply:
        """Make a phone code for a demo person."""
        demo, openid = _phone_of(self.services.demo, body.person)
        return LoginCodeReply(code=demo.new_phone_code(openid))


class PopupRequest(Asked, frozen=True):
    """What a demo person taps in WeChat's popup, by template."""

    person: Annotated[str, Meta(max_length=40, examples=["officer"])]
    answers: Annotated[dict[str, PopupAnswer], Meta(examples=[{"membership_review": "accept"}])]


class PopupsHandler(Handler):
    """The simulated phone's popup of subscription messages; WeChat then tells the server, too."""

    public = True

    @endpoint(204, refuses=(NoDemoPerson,))
    async def post(self, *, body: PopupRequest) -> None:
        """Answer it as a demo person."""
        demo, openid = _phone_of(self.services.demo, body.person)
        demo.answer_popup(openid, body.answers)


class DemoPage(Handler):
    """A page of the demo."""

    public = True
    template = ""

    @endpoint()
    async def get(self) -> Html:
        """Show the page."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        demo = self.services.demo
        page = self.render_string(
            self.template,
            people=self.list_people(demo) if demo else (),
            places=PLACES,
            facilities=FACILITIES,
            station_kinds=STATION_KINDS,
            documents=KINDS,
        )
        return Html(page.decode())

    def list_people(self, demo: Demo) -> tuple[DemoPerson, ...]:
        """Return whom the page offers."""
        return demo.people


class StartPage(DemoPage):
    """Where to go from here."""

    template = "start.html"


class PhonePage(DemoPage):
    """A member's phone."""

    template = "phone.html"


class ScannerPage(DemoPage):
    """A staff scanner."""

    template = "scanner.html"

    def list_people(self, demo: Demo) -> tuple[DemoPerson, ...]:
        """Return the people, and an officer, who is reminded here."""
        return demo.scanning


class ClientLibraryHandler(Handler):
    """The client library as one script."""

    public = True

    @endpoint()
    async def get(self) -> Script:
        """Return the library bundled for a browser."""
        return Script(bundle())


ROUTES = [
    ("/", StartPage),
    ("/demo/phone", PhonePage),
    ("/demo/scanner", ScannerPage),
    ("/demo/login-codes", LoginCodesHandler),
    ("/demo/phone-codes", PhoneCodesHandler),
    ("/demo/popups", PopupsHandler),
    ("/demo/client.js", ClientLibraryHandler),
]
