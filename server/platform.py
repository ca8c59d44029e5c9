"""WeChat as the models see it: one mini program's account, and what goes out to WeChat and comes back.

Models know no WeChat and WeChat's client knows no models; here the errors of the one become the outcomes of
the other.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType

from msgspec import Struct

from handlers.services import Judges
from miniprogram_api.errors import MessageRefused, WeChatBusy, WeChatError, WriterNotSeen
from miniprogram_api.wechat import Release, WeChat
from miniprogram_api.wechat_wire import Scene
from models.messages import Fate, Outcome
from models.photos import Photos
from models.picture_heads import PictureTooLarge, UnreadablePicture, UnsupportedPicture
from models.subscriptions import Template
from models.text_checks import Place, Suggestion
from server.config import Config, Links, read_templates

FATES: Mapping[int, tuple[Fate, str]] = MappingProxyType(
    {
        43101: ("not_granted", "not_granted"),
        43107: ("refused", "banned"),
        43108: ("two_at_once", "two_at_once"),
    }
)


class Account(Struct, frozen=True, kw_only=True):
    """What the mini program's account has, as far as the models ask."""

    appid: str = ""
    templates: Sequence[Template] = ()
    release: Release = Release.RELEASE
    station_page: str = "pages/station/index"
    links: Links = Links.NONE


NO_ACCOUNT = Account()


def account_of(config: Config) -> Account:
    """Return the account that the environment describes."""
    return Account(
        appid=config.wechat_appid,
        templates=read_templates(config.wechat_templates),
        release=config.wechat_release,
        station_page=config.wechat_station_page,
        links=config.wechat_links,
    )


class MessageSender:
    """Sends subscription messages through WeChat."""

    def __init__(self, wechat: WeChat, release: Release) -> None:
        self._wechat = wechat
        self._release = release

    async def send(self, openid: str, template: str, page: str, fields: Mapping[str, str]) -> Outcome:
        """Send one and say what became of it; only what is certain counts as not sent."""
        try:
            sent = await self._wechat.send_message(openid, template, fields, page=page, release=self._release)
        except MessageRefused as error:
            fate, reason = FATES.get(error.errcode or 0, ("refused", f"wechat_{error.errcode}"))
            return Outcome(fate, reason)
        except WeChatError as error:
            return Outcome("not_sent" if error.is_certain else "unknown", error.code)
        return Outcome("accepted", message=sent)


class CodeDrawer:
    """Has mini program codes drawn by WeChat."""

    def __init__(self, wechat: WeChat, release: Release, photos: Photos) -> None:
        self._wechat = wechat
        self._release = release
        self._photos = photos

    async def draw(self, page: str, scene: str, width: int) -> bytes:
        """Return a code as PNG; `WeChatError`."""
        picture = await self._wechat.draw_code(page, scene, release=self._release, width=width)
        try:
            return (await self._photos.clean(picture, "PNG")).content
        except (UnsupportedPicture, UnreadablePicture, PictureTooLarge) as error:
            raise WeChatBusy(cause="unreadable") from error


class LinkMaker:
    """Has links into the mini program made by WeChat, of the kind that its account may make."""

    def __init__(self, wechat: WeChat, account: Account) -> None:
        self._account = account
        self._make = wechat.make_scheme if account.links is Links.SCHEME else wechat.make_url_link

    @property
    def destination(self) -> str:
        """The kind of link, the page and the version that it opens."""
        account = self._account
        return "\n".join((account.appid, account.links, account.station_page, account.release))

    async def make(self, query: str, days: int) -> str | None:
        """Return a link to the page of stations, None when WeChat makes none now."""
        page, release = self._account.station_page, self._account.release
        try:
            return await self._make(page, query, release=release, days=days)
        except WeChatError:
            return None


def link_maker_of(wechat: WeChat, account: Account) -> LinkMaker | None:
    """Return who makes links, None for an account that may make none."""
    return None if account.links is Links.NONE else LinkMaker(wechat, account)


class TextChecker:
    """Has texts judged by WeChat."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat

    async def suggest(self, openid: str, place: Place, text: str) -> Suggestion | None:
        """Return WeChat's suggestion, None when it is not to be had; WriterNotSeen asks for a login first."""
        try:
            verdict = await self._wechat.check_text(openid, Scene[place.upper()], text)
        except WriterNotSeen:
            raise
        except WeChatError:
            return None
        return verdict.suggest


class VisitorsTextChecker(TextChecker):
    """Judges the words of people who need not be in the mini program: unseen writers are not judged."""

    async def suggest(self, openid: str, place: Place, text: str) -> Suggestion | None:
        """Return WeChat's suggestion, None when it is not to be had."""
        with suppress(WriterNotSeen):
            return await super().suggest(openid, place, text)
        return None


class PictureChecker:
    """Has pictures judged by WeChat."""

    def __init__(self, wechat: WeChat) -> None:
        self._wechat = wechat

    async def ask(self, openid: str, place: Place, url: str) -> str | None:
        """Return the trace id of WeChat's check, None when it takes none; WriterNotSeen."""
        try:
            return await self._wechat.check_picture(openid, Scene[place.upper()], url)
        except WriterNotSeen:
            raise
        except WeChatError:
            return None


class VisitorsPictureChecker(PictureChecker):
    """Has pictures judged of people who need not be in the mini program."""

    async def ask(self, openid: str, place: Place, url: str) -> str | None:
        """Return the trace id of WeChat's check, None when it takes none."""
        with suppress(WriterNotSeen):
            return await super().ask(openid, place, url)
        return None


def visitors_judges(wechat: WeChat) -> Judges:
    """Return the judges for people who need not be in the mini program now."""
    return Judges(VisitorsTextChecker(wechat), VisitorsPictureChecker(wechat))
