"""WeChat's refusals, translated: its many error codes become a few answers to a person.

They have the shape of `models/errors.py` (`code`, Chinese `message`, `details`), so that `handlers/base.py`
renders both alike. What only the log may know (`errcode`, `rid`, `cause`) stays out of `details`. A login
code, a session_key, a token or the app secret is never in any of them.
Names of the codes are wechatpy's; those that it lacks are named here.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from wechatpy.constants import WeChatErrorCode

CODE_BLOCKED = 40226
SECRET_FROZEN = 40243
ACCOUNT_FROZEN = 50007
# The address of this server is not on the app's list, or waits for the administrator's word.
ADDRESS_CODES = frozenset({40164, 89503, 89506, 89507})
MESSAGES_BANNED, TWO_AT_ONCE, SENSITIVE_WORD, OPENID_OF_ANOTHER_APP = 43107, 43108, 45168, 43104
TOO_OFTEN_A_SECOND, TOO_OFTEN_A_MINUTE, DAY_IS_OVER = 44990, 44991, 44993


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
        reached: bool = True,
        **details: Any,
    ) -> None:
        """`cause` is a static word for the log; `details` go to the client, `retryAfter` (s) among them.

        `reached` is False when the request surely never came to WeChat.
        """
        super().__init__(message or self.message)
        self.errcode = errcode
        self.rid = rid
        self.cause = cause
        self._reached = reached
        self.details: dict[str, Any] = {} if self.retry_after is None else {"retryAfter": self.retry_after}
        self.details.update(details)

    @property
    def is_certain(self) -> bool:
        """Whether WeChat surely did nothing: it said so, or was never reached."""
        return self.errcode is not None or not self._reached

    def before_sending(self) -> Self:
        """Return this error as the reason why another request was not sent at all."""
        return type(self)(errcode=self.errcode, rid=self.rid, cause=self.cause, reached=False, **self.details)


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


class PhoneCodeInvalid(WeChatError):
    """The phone button's code is unknown, expired, used, or another person's: the button is tapped again."""

    code = "phone_code_invalid"
    message = "手机号授权已失效，请重新点击授权"
    status = 400
    errcodes = LoginCodeInvalid.errcodes


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
    errcodes = frozenset(
        {WeChatErrorCode.API_MINUTE_QUOTA_REACH_LIMIT, TOO_OFTEN_A_SECOND, TOO_OFTEN_A_MINUTE}
    )


class WeChatQuotaSpent(WeChatError):
    """The day's calls are used up: tomorrow, or after an operator's `clear_quota`."""

    code = "wechat_quota_spent"
    message = "今日微信接口调用次数已用完，请联系管理员"
    retry_after = 3600
    errcodes = frozenset({WeChatErrorCode.OUT_OF_API_FREQ_LIMIT, DAY_IS_OVER})


class WeChatMisconfigured(WeChatError):
    """Our appid, secret, address or permission is refused, or the account is frozen: an operator's matter."""

    code = "wechat_misconfigured"
    message = "小程序服务配置有误，请联系管理员"
    retry_after = 60
    errcodes = ADDRESS_CODES | {
        WeChatErrorCode.INVALID_APP_ID,
        WeChatErrorCode.INVALID_APP_SECRET,
        WeChatErrorCode.MISSING_APP_ID,
        WeChatErrorCode.MISSING_APP_SECRET,
        SECRET_FROZEN,
        WeChatErrorCode.USER_LIMITED,
        ACCOUNT_FROZEN,
        WeChatErrorCode.UNAUTHORIZED_API,
    }

    @property
    def stops_logins(self) -> bool:
        """Whether nobody can log in: an API that is not granted, or tokens by address, stop less."""
        return self.errcode not in {None, WeChatErrorCode.UNAUTHORIZED_API} | ADDRESS_CODES


class WeChatBusy(WeChatError):
    """No usable answer: busy after retries, late, cut off, unreadable, or a code that we do not know."""

    code = "wechat_busy"
    message = "微信服务繁忙，请稍后再试"
    retry_after = 5
    errcodes = frozenset({WeChatErrorCode.SYSTEM_BUSY})


class MessageRefused(WeChatError):
    """WeChat takes a subscription message not, or not now; `errcode` says why. The outbox deals with it."""

    code = "message_refused"
    message = "微信未接受这条消息"
    status = 409
    errcodes = frozenset(
        {
            WeChatErrorCode.USER_REFUSE_TO_ACCEPT_THE_MESSAGE,
            MESSAGES_BANNED,
            TWO_AT_ONCE,
            SENSITIVE_WORD,
            WeChatErrorCode.INVALID_TEMPLATE_ARGUMENT,
            WeChatErrorCode.INVALID_TEMPLATE,
            WeChatErrorCode.INVALID_OPENID,
            OPENID_OF_ANOTHER_APP,
            WeChatErrorCode.INVALID_PAGE,
        }
    )


class CodeNotDrawn(WeChatError):
    """The page is not in the released version, or the scene is not allowed: an operator's matter."""

    code = "wxacode_not_available"
    message = "小程序码暂时无法生成，请联系管理员"
    retry_after = 300
    errcodes = frozenset({WeChatErrorCode.INVALID_PAGE, 40097, 40129, 40169, 85096})


class LinkNotMade(WeChatError):
    """No link from outside: the page, the query or the account does not allow it. An operator's matter."""

    code = "wechat_link_not_available"
    message = "暂时不能从这里打开小程序"
    retry_after = 300
    errcodes = frozenset({40097, 40165, 40212, 85079, 85088, 85401, 85402, 85406, 85407, 85408})


class WriterNotSeen(WeChatError):
    """The writer was not in the mini program for two hours, so WeChat does not check the text (61010).

    The client logs in silently, which makes the writer seen, and submits again.
    """

    code = "wechat_login_needed"
    message = "请重新进入小程序后再提交"
    status = 409
    errcodes = frozenset({61010})


class TokenRefused(WeChatBusy):
    """The access token is wrong, malformed or expired: answered inside by another token, once."""

    errcodes = frozenset(
        {
            WeChatErrorCode.INVALID_CREDENTIAL,
            WeChatErrorCode.INVALID_ACCESS_TOKEN,
            WeChatErrorCode.EXPIRED_ACCESS_TOKEN,
            WeChatErrorCode.MISSING_ACCESS_TOKEN,
        }
    )


class SecretRefused(WeChatMisconfigured):
    """The refusal of a token call: there is no token in it, so 40001 means the secret."""

    errcodes = frozenset({WeChatErrorCode.INVALID_CREDENTIAL})


KINDS: tuple[type[WeChatError], ...] = (
    LoginCodeInvalid,
    LoginBlocked,
    WeChatRateLimited,
    WeChatQuotaSpent,
    WeChatMisconfigured,
    TokenRefused,
    WeChatBusy,
)


def error_of(errcode: int, rid: str | None, first: Iterable[type[WeChatError]] = ()) -> WeChatError:
    """Return our answer to an `errcode` other than 0, `first` asked first; an unknown one is `WeChatBusy`."""
    for kind in (*first, *KINDS):
        if errcode in kind.errcodes:
            return kind(errcode=errcode, rid=rid)
    return WeChatBusy(errcode=errcode, rid=rid, cause="unknown_errcode")
