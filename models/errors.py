"""Refusals: the answers to a person that are not a yes.

A refusal has a stable `code` for programs, a Chinese `message` for the person, and `details` that help
the program to go on. It is raised at the place that knows and rendered once, in `handlers/base.py`.
The seven kinds below decide the HTTP status; everything else that is raised is a bug.
"""

from typing import Any, ClassVar


class Refusal(Exception):
    """An answer to a person. Subclasses set `code` and `message`; `details` are per case."""

    code: ClassVar[str] = "refused"
    message: ClassVar[str] = "无法处理该请求"

    def __init__(self, message: str | None = None, **details: Any) -> None:
        super().__init__(message or self.message)
        self.details = details


class Invalid(Refusal):
    """The request itself is wrong: 400. `details.field` is the path of the culprit when there is one."""

    code = "invalid_request"
    message = "请求内容有误"


class Unauthenticated(Refusal):
    """Nobody is logged in, or no longer: 401."""

    code = "login_required"
    message = "请先登录"


class Forbidden(Refusal):
    """The person is known and may not do this: 403."""

    code = "forbidden"
    message = "没有权限"


class Missing(Refusal):
    """There is no such thing, or it is not for this person to know: 404."""

    code = "not_found"
    message = "未找到"


class Conflict(Refusal):
    """The state of the thing does not allow it: 409."""

    code = "conflict"
    message = "当前状态不允许此操作"


class TooMany(Refusal):
    """Too often; `details.retryAfter` says in how many seconds to come back: 429."""

    code = "too_many_requests"
    message = "操作太频繁，请稍后再试"


class Unavailable(Refusal):
    """Something we stand on is down; `details.retryAfter` is in seconds: 503."""

    code = "unavailable"
    message = "服务暂时不可用，请稍后再试"
