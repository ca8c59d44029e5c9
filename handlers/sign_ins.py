"""Signing in to the console: by a QR code confirmed on a phone, or by password and one-time code."""

import asyncio
from typing import Annotated

from msgspec import Meta

from handlers import cookies
from handlers.base import STAFF, Handler, endpoint
from handlers.cookies import CrossSiteRequest
from handlers.fields import END, AccountName, Moment, OneTimeCode, Password, SignInCode
from handlers.media import Png
from handlers.pictures import draw_code
from handlers.wire import Asked, Wire, local
from models.accounts import SignInRefused
from models.appointments import NotStaff, Role
from models.attempts import SignInLocked
from models.limits import PerAddress
from models.sessions import Session
from models.sign_ins import NoSuchSignIn, SignInNotConfirmed, SignInState, SignInTaken, qr_text

QR_SCALE = 8

Secret = Annotated[
    str,
    Meta(pattern=rf"^[0-9A-HJKMNP-TV-Z]{{32}}{END}", examples=["6Q0B8Z2J4N1TFE7M6Q0B8Z2J4N1TFE7M"]),
]


class SignInReply(Wire, frozen=True):
    """A pending sign-in: the code is shown, the secret stays with the page that asked."""

    code: SignInCode
    secret: Secret
    expires_at: Moment
    server_time: Moment


class SignInStateReply(Wire, frozen=True):
    """How far a sign-in is."""

    state: Annotated[SignInState, Meta(examples=["pending"])]


class SignInSessionRequest(Asked, frozen=True):
    """What only the page that asked knows."""

    secret: Secret


class PasswordSignInRequest(Asked, frozen=True):
    """An account's name, its password, and the authenticator's code of now."""

    account: AccountName
    password: Password
    one_time_code: OneTimeCode


class ConsoleSessionReply(Wire, frozen=True):
    """A console session, which the cookie holds: its end at the latest, and what the person is."""

    expires_at: Moment
    idle_minutes: Annotated[int, Meta(examples=[30])]
    roles: Annotated[list[Role], Meta(examples=[["officer"]])]
    server_time: Moment


class ConsoleEntry(Handler):
    """What opens a console session."""

    public = True

    def enter(self, session: Session) -> ConsoleSessionReply:
        """Give a session to the browser."""
        cookies.write(self, self.services, session)
        held = self.services.appointments.list_of(session.subject)
        return ConsoleSessionReply(
            expires_at=local(session.expires),
            idle_minutes=self.services.tokens.idle_minutes,
            roles=sorted({appointment.role for appointment in held}),
            server_time=local(self.services.now()),
        )


class SignInsHandler(Handler):
    """Sign-ins by QR code."""

    public = True
    limits = (PerAddress(60, shared=True),)

    @endpoint(201, refuses=(CrossSiteRequest,))
    async def post(self) -> SignInReply:
        """Ask to sign in: a code for two minutes, to be confirmed on a phone."""
        cookies.require_own_page(self)
        asked = await self.services.sign_ins.ask()
        return SignInReply(
            code=asked.code,
            secret=asked.secret,
            expires_at=local(asked.expires),
            server_time=local(self.services.now()),
        )


class SignInHandler(Handler):
    """One sign-in by QR code."""

    public = True

    @endpoint(refuses=(NoSuchSignIn,))
    async def get(self, code: str) -> SignInStateReply:
        """Return whether the phone has confirmed."""
        return SignInStateReply(state=await self.services.sign_ins.get_state(code))


class SignInPictureHandler(Handler):
    """The QR code of a sign-in."""

    public = True

    @endpoint()
    async def get(self, code: str) -> Png:
        """Return what the phone scans, as PNG."""
        return Png(await asyncio.to_thread(draw_code, qr_text(code), QR_SCALE))


class SignInConfirmationHandler(Handler):
    """The phone's word."""

    kinds = STAFF

    @endpoint(refuses=(NotStaff, NoSuchSignIn, SignInTaken))
    async def post(self, code: str) -> SignInStateReply:
        """Confirm a sign-in as myself, with the staff session of the mini program."""
        await self.services.sign_ins.confirm(self.session.subject, code)
        return SignInStateReply(state="confirmed")


class SignInSessionHandler(ConsoleEntry):
    """The session that a confirmed sign-in becomes."""

    @endpoint(201, refuses=(CrossSiteRequest, NoSuchSignIn, SignInNotConfirmed, NotStaff))
    async def post(self, code: str, *, body: SignInSessionRequest) -> ConsoleSessionReply:
        """Open the console session, once; it comes as a cookie."""
        cookies.require_own_page(self)
        return self.enter(await self.services.sign_ins.open(code, body.secret))


class PasswordSignInsHandler(ConsoleEntry):
    """Sign-ins by password and one-time code."""

    limits = (PerAddress(30, shared=True),)

    @endpoint(201, refuses=(CrossSiteRequest, SignInRefused, SignInLocked, NotStaff))
    async def post(self, *, body: PasswordSignInRequest) -> ConsoleSessionReply:
        """Open a console session with both factors; it comes as a cookie."""
        cookies.require_own_page(self)
        session = await self.services.sign_ins.open_with_password(
            body.account, body.password, body.one_time_code
        )
        return self.enter(session)


ROUTES = [
    ("/api/v1/staff/sign-ins", SignInsHandler),
    ("/api/v1/staff/sign-ins/{signIn}", SignInHandler),
    ("/api/v1/staff/sign-ins/{signIn}/qr.png", SignInPictureHandler),
    ("/api/v1/staff/sign-ins/{signIn}/confirmation", SignInConfirmationHandler),
    ("/api/v1/staff/sign-ins/{signIn}/session", SignInSessionHandler),
    ("/api/v1/staff/password-sign-ins", PasswordSignInsHandler),
]
