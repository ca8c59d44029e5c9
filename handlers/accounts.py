"""Taking up an account of the console that was issued to me."""

from typing import Annotated

from msgspec import Meta

from handlers import cookies
from handlers.base import Handler, endpoint
from handlers.cookies import CrossSiteRequest
from handlers.fields import AccountName, OneTimeCode, Password, SignInCode
from handlers.wire import Asked
from models.accounts import EnrolmentRefused, WeakPassword
from models.attempts import SignInLocked
from models.limits import PerAddress


class EnrolmentRequest(Asked, frozen=True):
    """The account, the one-time enrolment code, the password to be, and a first code of the authenticator."""

    account: AccountName
    enrolment: Annotated[SignInCode, Meta(description="The one-time code that came with the account")]
    password: Password
    one_time_code: OneTimeCode


class EnrolmentsHandler(Handler):
    """First use of an account."""

    public = True
    limits = (PerAddress(30, shared=True),)

    @endpoint(204, refuses=(CrossSiteRequest, EnrolmentRefused, WeakPassword, SignInLocked))
    async def post(self, *, body: EnrolmentRequest) -> None:
        """Set the password of an account that was issued."""
        cookies.require_own_page(self)
        await self.services.accounts.enrol(body.account, body.enrolment, body.password, body.one_time_code)


ROUTES = [("/api/v1/staff/enrolments", EnrolmentsHandler)]
