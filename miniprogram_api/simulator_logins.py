"""The simulated WeChat's routes of logins, tokens and phone numbers."""

from collections.abc import Callable
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from miniprogram_api.simulator_platform import PlatformHandler, TokenHandler
from miniprogram_api.simulator_state import Kind, PlatformError
from miniprogram_api.simulator_world import State


class SessionAnswer(Struct, frozen=True):
    """The success of code2Session; it carries no errcode."""

    session_key: str
    openid: str
    unionid: str | UnsetType = UNSET


class StableTokenOrder(Struct, frozen=True):
    """The body of `stable_token`."""

    grant_type: str = ""
    appid: str = ""
    secret: str = ""
    force_refresh: bool = False


class PhoneOrder(Struct, frozen=True):
    """The body of getPhoneNumber."""

    code: str = ""
    openid: str = ""


class Watermark(Struct, frozen=True):
    """When and for which app a number was given."""

    timestamp: int
    appid: str


class PhoneInfo(Struct, frozen=True, rename="camel"):
    """A phone number, whole and in parts."""

    phone_number: str
    pure_phone_number: str
    country_code: str
    watermark: Watermark


class PhoneAnswer(Struct, frozen=True):
    """The success of getPhoneNumber."""

    phone_info: PhoneInfo
    errcode: int = 0
    errmsg: str = "ok"


class Credentials(Struct, frozen=True):
    """Who says to be which app; checked in WeChat's order."""

    appid: str
    secret: str
    grant_type: str
    wanted: str = field(default="client_credential")

    def check(self, state: State) -> None:
        """Raise WeChat's refusal of the first thing that is wrong."""
        no_grant = (40002, "invalid grant_type,")
        _require(self.appid, state.appid, (41002, "appid missing,"), (40013, "invalid appid,"))
        _require(self.secret, state.secret, (41004, "appsecret missing,"), (40125, "invalid appsecret,"))
        _require(self.grant_type, self.wanted, no_grant, no_grant)


class CodeToSession(PlatformHandler):
    """`GET /sns/jscode2session`: a login code against openid, session_key and perhaps unionid."""

    content_type = "text/plain"

    def answer(self) -> Struct:
        """Check app, secret, grant type and code, in this order."""
        _credentials(self.argument, "authorization_code").check(self.state)
        code = self.argument("js_code")
        if not code:
            raise PlatformError(41008, "missing code,")
        openid = self.state.codes.redeem(code, Kind.LOGIN)
        people = self.state.people
        return SessionAnswer(people.session_key(openid), openid, people.find_unionid(openid) or UNSET)


class PlainToken(PlatformHandler):
    """`GET /cgi-bin/token`: a new token at every call."""

    def answer(self) -> Struct:
        """Check app, secret and grant type, then make a token."""
        _credentials(self.argument, "client_credential").check(self.state)
        return self.state.tokens.give_plain()


class StableToken(PlatformHandler):
    """`POST /cgi-bin/stable_token`: the token that all who ask share."""

    method = "POST"

    def answer(self) -> Struct:
        """Check app, secret and grant type, then return the token."""
        order = self.read(StableTokenOrder)
        Credentials(order.appid, order.secret, order.grant_type).check(self.state)
        return self.state.tokens.give_stable(forced=order.force_refresh)


class UserPhoneNumber(TokenHandler):
    """`POST /wxa/business/getuserphonenumber`: a code of the phone button against the number."""

    def work(self) -> Struct:
        """Use the code up. What WeChat answers when the openid is another's is not documented: 40029."""
        order = self.read(PhoneOrder)
        if not order.code:
            raise PlatformError(41008, "missing code")
        openid = self.state.codes.redeem(order.code, Kind.PHONE)
        if order.openid and order.openid != openid:
            raise PlatformError(40029, "invalid code")
        number = self.state.people.phone_number(openid)
        moment = int(self.state.clock.now().timestamp())
        return PhoneAnswer(PhoneInfo(number, number, "86", Watermark(moment, self.state.appid)))


def _credentials(argument: Callable[[str], str], wanted: str) -> Credentials:
    named: dict[str, Any] = {name: argument(name) for name in ("appid", "secret", "grant_type")}
    return Credentials(**named, wanted=wanted)


def _require(value: str, right: str, missing: tuple[int, str], wrong: tuple[int, str]) -> None:
    if value != right:
        raise PlatformError(*(wrong if value else missing))


ROUTES: tuple[tuple[str, type[PlatformHandler]], ...] = (
    ("/sns/jscode2session", CodeToSession),
    ("/cgi-bin/token", PlainToken),
    ("/cgi-bin/stable_token", StableToken),
    ("/wxa/business/getuserphonenumber", UserPhoneNumber),
)
