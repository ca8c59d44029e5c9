"""WeChat's refusals, translated: its many error codes become five answers to a person.

They have the shape of `models/errors.py` (`code`, Chinese `message`, `details`), so that `handlers/base.py`
renders both alike. What only the log may know (`errcode`, `rid`, `cause`) stays out of `details`. A login
code, a session_key or the app secret is never in any of them.
Names of the codes are wechatpy's; it lacks 40226, 40243 and 50007.
"""

from typing import Any, ClassVar

from wechatpy.constants import WeChatErrorCode

CODE_BLOCKED = 40226
SECRET_FROZEN = 40243
ACCOUNT_FROZEN = 50007


class WeChatError(Exception):
    """WeChat did not do what we asked. `status` is the HTTP status of our answer."""

    code: ClassVar[str] = "wechat_failed"
    message: ClassVar[str] = "微信服务暂时不可用，请稍后再试"
    status: ClassVar[int] = 503
    retry_after: ClassVar[int | None] = None
    errcodes: ClassVar[frozenset[int]] = frozenset()

    def __init__(
        self,
        message: str | None = None,
        *,
        errcode: int | None = None,
        rid: str | None = None,
        cause: str = "errcode",
        **details: Any,
    ) -> None:
        """`cause` is a static word for the log; `details` go to the client, `retryAfter` (s) among them."""
        super().__init__(message or self.message)
        self.errcode = errcode
        self.rid = rid
        self.cause = cause
        self.details: dict[str, Any] = {} if self.retry_after is None else {"retryAfter": self.retry_after}
        self.details.update(details)


class LoginCodeInvalid(WeChatError):
    """The login code is unknown, expired, used or of another app: the client calls `wx.login` again."""

    code = "login_code_invalid"
    message = "登录凭证已失效，请重新登录"
    status = 400
    errcodes = frozenset(
        {
            WeChatErrorCode.INVALID_OAUTH_CODE,
            WeChatErrorCode.CODE_BEEN_USED,
            WeChatErrorCode.MISSING_OAUTH_CODE,
        }
    )


class LoginBlocked(WeChatError):
    """WeChat takes the user for a risk and blocks the code: no retry."""

    code = "login_blocked"
    message = "微信提示该账号存在风险，暂时无法登录"
    status = 403
    errcodes = frozenset({CODE_BLOCKED})


class WeChatRateLimited(WeChatError):
    """The minute's limit is reached (documented once as 100 per user): the next minute is free again."""

    code = "wechat_rate_limited"
    message = "操作过于频繁，请一分钟后再试"
    status = 429
    retry_after = 60
    errcodes = frozenset({WeChatErrorCode.API_MINUTE_QUOTA_REACH_LIMIT})


class WeChatMisconfigured(WeChatError):
    """Our appid or secret is wrong, or the account is limited or frozen: only an operator can help."""

    code = "wechat_misconfigured"
    message = "小程序服务配置有误，请联系管理员"
    retry_after = 60
    errcodes = frozenset(
        {
            WeChatErrorCode.INVALID_APP_ID,
            WeChatErrorCode.INVALID_APP_SECRET,
            WeChatErrorCode.MISSING_APP_ID,
            WeChatErrorCode.MISSING_APP_SECRET,
            SECRET_FROZEN,
            WeChatErrorCode.USER_LIMITED,
            ACCOUNT_FROZEN,
            WeChatErrorCode.UNAUTHORIZED_API,
        }
    )


class WeChatBusy(WeChatError):
    """No usable answer: busy after retries, late, cut off, unreadable, or a code that we do not know."""

    code = "wechat_busy"
    message = "微信服务繁忙，请稍后再试"
    retry_after = 5
    errcodes = frozenset({WeChatErrorCode.SYSTEM_BUSY})


KINDS: tuple[type[WeChatError], ...] = (
    LoginCodeInvalid,
    LoginBlocked,
    WeChatRateLimited,
    WeChatMisconfigured,
    WeChatBusy,
)


def error_of(errcode: int, rid: str | None) -> WeChatError:
    """Return our answer to an `errcode` other than 0; an unknown one is `WeChatBusy`."""
    for kind in KINDS:
        if errcode in kind.errcodes:
            return kind(errcode=errcode, rid=rid)
    return WeChatBusy(errcode=errcode, rid=rid, cause="unknown_errcode")
