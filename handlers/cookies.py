"""The console's session: a signed token in a cookie that no script can read and no other site can send.

The cookie is HttpOnly, SameSite=Strict, and Secure (with the `__Host-` prefix) where the service is reached
by https. Against forged requests a write must also bear the header `X-Console-Request: 1`, which a page of
another site cannot set without asking, and is never allowed to. A Bearer token needs neither: no browser
sends it by itself; and neither kind of session is accepted in the other's place.
"""

from tornado.web import RequestHandler

from handlers.services import Services
from models.errors import Forbidden, Unauthenticated
from models.sessions import Session

SAFE_METHODS = frozenset({"GET", "HEAD"})
HEADER = "X-Console-Request"


class CrossSiteRequest(Forbidden):
    """A write with the console's cookie lacks the header that only our own pages send."""

    code = "cross_site_request"
    message = "请求来源不明，请刷新页面后重试"


def require_own_page(handler: RequestHandler) -> None:
    """Refuse a request that a page of another site may have caused; CrossSiteRequest."""
    if handler.request.headers.get(HEADER) != "1":
        raise CrossSiteRequest


def read(handler: RequestHandler, services: Services) -> Session:
    """Return the console session of a request and let it live on; Unauthenticated, SessionExpired."""
    cookie = handler.get_cookie(_name(services))
    if not cookie:
        raise Unauthenticated
    if handler.request.method not in SAFE_METHODS:
        require_own_page(handler)
    session = services.tokens.read_cookie(cookie)
    services.sessions.check(session)
    write(handler, services, session)
    return session


def write(handler: RequestHandler, services: Services, session: Session) -> None:
    """Give a session to the browser, or give it once more, counted from now."""
    handler.set_cookie(
        _name(services),
        services.tokens.issue(session),
        httponly=True,
        secure=_is_secure(services),
        samesite="Strict",
    )


def forget(handler: RequestHandler, services: Services) -> None:
    """Take the session from the browser."""
    handler.clear_cookie(_name(services), httponly=True, secure=_is_secure(services), samesite="Strict")


def _is_secure(services: Services) -> bool:
    return services.public_url.startswith("https:")


def _name(services: Services) -> str:
    return "__Host-console" if _is_secure(services) else "console"
