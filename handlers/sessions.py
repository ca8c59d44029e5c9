"""Logging in and out."""

from typing import Annotated

from msgspec import Meta

from handlers import cookies
from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import LoginCode, Moment
from handlers.members import MemberReply
from handlers.wire import Asked, Wire, local
from miniprogram_api.errors import (
    LoginBlocked,
    LoginCodeInvalid,
    WeChatBusy,
    WeChatMisconfigured,
    WeChatRateLimited,
)
from models.appointments import NotStaff, Role
from models.limits import PerAddress
from models.sessions import SessionKind

Token = Annotated[str, Meta(examples=["MnwxOjB8MTA6MTc4NDA5NTIwNXw3OnNlc3Npb258NjA6TmpBNk4w"])]
Kind = Annotated[SessionKind, Meta(examples=["member"])]


class SessionRequest(Asked, frozen=True):
    """A login code from `wx.login`; `staff` asks for a session that may scan (12 hours)."""

    code: LoginCode
    staff: bool = False


class SessionReply(Wire, frozen=True):
    """The token to send as `Authorization: Bearer`, and the member when the account is known."""

    token: Token
    kind: Kind
    expires_at: Moment
    member: MemberReply | None
    server_time: Moment


class CurrentSession(Wire, frozen=True):
    """The session that a token stands for, and the roles that the person holds now."""

    kind: Kind
    roles: Annotated[list[Role], Meta(examples=[["officer"]])]
    expires_at: Moment
    server_time: Moment


class SessionsHandler(Handler):
    """Silent login."""

    public = True
    limits = (PerAddress(120, shared=True),)

    @endpoint(
        201,
        refuses=(
            LoginCodeInvalid,
            LoginBlocked,
            NotStaff,
            WeChatRateLimited,
            WeChatBusy,
            WeChatMisconfigured,
        ),
    )
    async def post(self, *, body: SessionRequest) -> SessionReply:
        """Exchange a WeChat login code for a session."""
        identity = await self.services.wechat.code_to_session(body.code)
        session = await self.services.sessions.open(identity.openid, identity.unionid, as_staff=body.staff)
        member = None if session.kind == "guest" else await self.services.members.find(session.subject)
        return SessionReply(
            token=self.services.tokens.issue(session),
            kind=session.kind,
            expires_at=local(session.expires),
            member=MemberReply.of(member) if member else None,
            server_time=local(self.services.now()),
        )


class CurrentSessionHandler(Handler):
    """The session of this token."""

    kinds = ANYONE

    @endpoint()
    async def get(self) -> CurrentSession:
        """Return the current session."""
        held = self.services.appointments.list_of(self.session.subject)
        return CurrentSession(
            kind=self.session.kind,
            roles=sorted({one.role for one in held}),
            expires_at=local(self.session.expires),
            server_time=local(self.services.now()),
        )

    @endpoint(204)
    async def delete(self) -> None:
        """Log out: the token is refused by every process from now on."""
        await self.services.sessions.revoke(self.session)
        cookies.forget(self, self.services)


ROUTES = [("/api/v1/sessions", SessionsHandler), ("/api/v1/sessions/current", CurrentSessionHandler)]
