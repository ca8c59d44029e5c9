"""The console's pages before the sign-in, and what every page of the console may load."""

from typing import ClassVar

from handlers.base import Handler, endpoint
from handlers.media import Html

SIGN_IN = "/console/sign-in"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class OpenPage(Handler):
    """A page before the sign-in."""

    public = True
    template: ClassVar[str] = ""

    @endpoint()
    async def get(self) -> Html:
        """Show the page."""
        self.set_header("Content-Security-Policy", PAGE_POLICY)
        officers = self.services.demo.officers if self.services.demo else ()
        return Html(self.render_string(self.template, officers=officers).decode())


class SignInPage(OpenPage):
    """Signing in."""

    template = "console_sign_in.html"


class EnrolmentPage(OpenPage):
    """Taking up an account."""

    template = "console_enrolment.html"
