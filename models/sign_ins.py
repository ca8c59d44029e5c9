"""Signing in to the console with two factors: a QR code confirmed on a phone, or password and one-time code.

A pending sign-in has a code, which is shown, and a secret, which only the page that asked has: who
photographs the screen can confirm, and gets nothing. It is confirmed by a staff session of the mini program
(something one has: the phone; something it asks for: the way into WeChat), within two minutes, once, and
becomes a session once. Every change is one conditional write. Whether the person may use the console is
asked when the session opens.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct, field

from models.accounts import Accounts, digest
from models.appointments import CONSOLE, Appointments
from models.clock import Now
from models.errors import Conflict, Forbidden, Missing
from models.filters import Index
from models.ids import new_id
from models.sessions import Session, Sessions
from models.store import Collection, Store

LASTS = timedelta(minutes=2)
PREFIX = "UCS"

SignInState = Literal["pending", "confirmed", "used"]


class SecondFactorRequired(Forbidden):
    """This needs a console session, which takes two factors."""

    code = "second_factor_required"
    message = "请先登录管理后台"


class NoSuchSignIn(Missing):
    """There is no such pending sign-in, or its two minutes are over."""

    code = "sign_in_not_found"
    message = "二维码已失效，请刷新后再扫"


class SignInNotConfirmed(Conflict):
    """The phone has not confirmed yet, or the sign-in was used already."""

    code = "sign_in_not_confirmed"
    message = "尚未在手机上确认"


class SignInTaken(Conflict):
    """Somebody confirmed this code already."""

    code = "sign_in_taken"
    message = "此二维码已被确认，请刷新后再扫"


class SignIn(Struct, frozen=True, kw_only=True):
    """A pending sign-in; `_id` and `secret` are digests."""

    id: str = field(name="_id")
    secret: str
    state: SignInState = "pending"
    person: str | None = None
    expires: datetime


class Asked(Struct, frozen=True):
    """What the page that asks to sign in gets."""

    code: str
    secret: str
    expires: datetime


SIGN_INS = Collection("sign_ins", SignIn, (Index(("expires",)),))


def qr_text(code: str) -> str:
    """Return what the QR code of a pending sign-in says; a scanner knows it by its prefix."""
    return PREFIX + code


class SignIns:
    """Opens console sessions."""

    def __init__(
        self,
        store: Store[SignIn],
        accounts: Accounts,
        sessions: Sessions,
        appointments: Appointments,
        now: Now,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._sessions = sessions
        self._appointments = appointments
        self._now = now

    async def ask(self) -> Asked:
        """Begin a sign-in by QR code."""
        asked = Asked(new_id(), new_id() + new_id(), self._now() + LASTS)
        await self._store.insert(
            SignIn(id=digest(asked.code), secret=digest(asked.secret), expires=asked.expires)
        )
        return asked

    async def get_state(self, code: str) -> SignInState:
        """Return how far a sign-in is; NoSuchSignIn."""
        return (await self._get(code)).state

    async def confirm(self, person: str, code: str) -> None:
        """Confirm a sign-in with one's phone; again is the same. NotStaff, NoSuchSignIn, SignInTaken."""
        self._appointments.get(person, CONSOLE)
        confirmed = await self._store.change(
            {"_id": digest(code), "state": "pending", "expires": {"$gt": self._now()}},
            {"state": "confirmed", "person": person},
        )
        if confirmed is None and (await self._get(code)).person != person:
            raise SignInTaken

    async def open(self, code: str, secret: str) -> Session:
        """Open the session of a confirmed sign-in, once; NoSuchSignIn, SignInNotConfirmed, NotStaff."""
        used = await self._store.change(
            {
                "_id": digest(code),
                "secret": digest(secret),
                "state": "confirmed",
                "expires": {"$gt": self._now()},
            },
            {"state": "used"},
        )
        if used is None or used.person is None:
            if (await self._get(code)).secret != digest(secret):
                raise NoSuchSignIn
            raise SignInNotConfirmed
        return await self._open(used.person, "phone")

    async def open_with_password(self, account: str, password: str, one_time_code: str) -> Session:
        """Open a session with password and one-time code; SignInRefused, SignInLocked, NotStaff."""
        person = await self._accounts.check(account, password, one_time_code)
        return await self._open(person, "password")

    async def forget_expired(self) -> int:
        """Remove the sign-ins that are over; return how many."""
        return await self._store.delete({"expires": {"$lt": self._now()}})

    async def _open(self, person: str, way: str) -> Session:
        await self._appointments.admit(person, "console_sign_in", way, CONSOLE)
        return await self._sessions.open_console(person)

    async def _get(self, code: str) -> SignIn:
        found = await self._store.find(digest(code))
        if found is None or found.expires <= self._now():
            raise NoSuchSignIn
        return found
