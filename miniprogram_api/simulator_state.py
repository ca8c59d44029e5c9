"""What the simulated WeChat remembers of people and calls: clock, codes, session keys, faults and journal.

Each part is a class of its own, composed in `simulator_world.py`; a new call of WeChat brings its own part.
Numbers and rules are those of WeChat's documentation where it has them.
"""

import base64
import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

CODE_LIFE = timedelta(minutes=5)
SESSION_KEY_KEPT = timedelta(minutes=5)
"""How long logins of one user share a session_key. WeChat does so for «a short time» and gives no number."""
RECENT = timedelta(hours=2)
JOURNAL_CALLS = 1000
SECRET_IN_QUERY = frozenset({"/sns/jscode2session", "/cgi-bin/token"})
"""The only routes where WeChat itself asks for the app secret in the query."""

RandomBytes = Callable[[int], bytes]


class Kind(StrEnum):
    """What a code is good for; one kind is never taken for the other."""

    LOGIN = "login"
    PHONE = "phone"


class Fault(StrEnum):
    """What can go wrong on order: up to `HTTP_502` before the call's work is done, the others after it."""

    BUSY = "busy"
    BLOCKED = "blocked"
    MINUTE_LIMIT = "minute_limit"
    ERRCODE = "errcode"
    HTTP_502 = "http_502"
    LATENCY = "latency"
    HANG = "hang"
    CUT = "cut"
    RESET = "reset"
    HALF_BODY = "half_body"
    NOT_JSON = "not_json"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    OTHER_BODY = "other_body"


class PlannedFault(Struct, frozen=True, forbid_unknown_fields=True):
    """A fault for the next `times` calls of a route.

    `seconds` is the latency, `errcode` the code to refuse with, `body` the other body.
    """

    route: Annotated[str, Meta(pattern="^/", max_length=200)]
    fault: Fault
    times: Annotated[int, Meta(ge=1, le=1000)] = 1
    seconds: Annotated[float, Meta(gt=0, le=60)] = 1.0
    errcode: Annotated[int, Meta(ge=-1, le=999_999)] = -1
    body: Annotated[str, Meta(max_length=262144)] = ""


class IssuedCode(Struct, frozen=True, rename="camel"):
    """A code as the phone gets it."""

    code: str
    openid: str
    kind: Kind
    expires_at: datetime


class Call(Struct, frozen=True, rename="camel"):
    """One call in the journal: names of query parameters, never a value."""

    at: datetime
    method: str
    path: str
    query: Sequence[str]
    secret_in: Sequence[str]
    """The query parameters whose value bears the app secret, whatever their name."""
    fault: Fault | None = None


class PlatformError(Exception):
    """An answer of WeChat's with an `errcode`."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg


class Clock:
    """A clock that tests can move: the given one plus an offset."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the simulated moment, aware."""
        return self._now() + self._offset

    def set_offset(self, offset: timedelta) -> None:
        """Stand `offset` away from the given clock; offsets do not add up."""
        self._offset = offset


class Quota:
    """Counts calls within windows of fixed length, such as a minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[str, tuple[int, int]] = {}

    def count(self, name: str, limit: int, window: timedelta, errcode: int) -> None:
        """Count a call; raise `errcode` for one past the window's limit."""
        place = int(self._clock.now().timestamp() // window.total_seconds())
        known, calls = self._counts.get(name, (place, 0))
        calls = calls + 1 if known == place else 1
        self._counts[name] = (place, calls)
        if calls > limit:
            raise PlatformError(errcode, "reach max api quota limit")


class Codes:
    """Codes of `wx.login` and of the phone button: five minutes, one use."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._issued: dict[str, IssuedCode] = {}
        self._used: set[str] = set()

    def issue(self, openid: str | None, kind: Kind) -> IssuedCode:
        """Make a code for a person, a new one when no openid is given."""
        self._forget_expired()
        code = self._random_bytes(16 if kind is Kind.LOGIN else 32).hex()
        issued = IssuedCode(code, openid or self._new_openid(), kind, self._clock.now() + CODE_LIFE)
        self._issued[code] = issued
        return issued

    def redeem(self, code: str, kind: Kind) -> str:
        """Use a code up and return its person's openid.

        Raises 40029 when it is unknown, expired or of the other kind, 40163 when it was used before.
        """
        issued = self._issued.get(code)
        if issued is None or issued.kind is not kind or issued.expires_at <= self._clock.now():
            raise PlatformError(40029, "invalid code,")
        if code in self._used:
            raise PlatformError(40163, "code been used,")
        self._used.add(code)
        return issued.openid

    def _new_openid(self) -> str:
        return "o" + base64.urlsafe_b64encode(self._random_bytes(20)).decode().rstrip("=")

    def _forget_expired(self) -> None:
        """Drop the oldest codes, which stand first; a server may run for days."""
        now = self._clock.now()
        while self._issued:
            code = next(iter(self._issued))
            if self._issued[code].expires_at > now:
                return
            del self._issued[code]
            self._used.discard(code)


class People:
    """What WeChat keeps of a person in this app: session_key, phone, and the unionid if it is bound."""

    def __init__(self, clock: Clock, random_bytes: RandomBytes, *, has_unionid: bool) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._keys: dict[str, tuple[str, datetime]] = {}
        self._seen: dict[str, datetime] = {}
        self.phones: dict[str, str] = {}
        self.unionids: dict[str, str] = {}
        self.has_unionid = has_unionid

    def knows(self, openid: str) -> bool:
        """Say whether the openid is one of this app's."""
        return openid in self._seen

    def is_recent(self, openid: str) -> bool:
        """Say whether the person was in the mini program within two hours, as far as logins tell."""
        now = self._clock.now()
        return now - RECENT <= self._seen.get(openid, now - 2 * RECENT) <= now

    def phone_number(self, openid: str) -> str:
        """Return the person's phone number: as set in `phones`, or one that is always the same."""
        digest = hashlib.sha256(openid.encode()).digest()
        return self.phones.get(openid) or f"199{int.from_bytes(digest[:5]) % 10**8:08d}"

    def session_key(self, openid: str) -> str:
        """Log a person in and return the session_key: the same for a short time, then a new one."""
        now = self._clock.now()
        self._seen[openid] = now
        key, since = self._keys.get(openid, ("", now))
        if not key or not timedelta() <= now - since < SESSION_KEY_KEPT:
            key = base64.b64encode(self._random_bytes(16)).decode()
            self._keys[openid] = (key, now)
        return key

    def find_unionid(self, openid: str) -> str | None:
        """Return the person's unionid, or None while the app is not bound.

        It is as set in `unionids`, where two openids may have one, or one that is always the same.
        """
        if not self.has_unionid:
            return None
        if openid in self.unionids:
            return self.unionids[openid]
        return "o" + base64.urlsafe_b64encode(hashlib.sha256(openid.encode()).digest()[:20]).decode()[:27]


class Faults:
    """Planned faults, first in, first out, per route."""

    def __init__(self) -> None:
        self._planned: dict[str, deque[PlannedFault]] = {}

    def plan(self, fault: PlannedFault) -> None:
        """Let the next calls of the fault's route fail in its way."""
        self._planned.setdefault(fault.route, deque()).extend([fault] * fault.times)

    def take(self, route: str) -> PlannedFault | None:
        """Return the fault that this call suffers, and count it off."""
        planned = self._planned.get(route)
        return planned.popleft() if planned else None

    def clear(self) -> None:
        """Forget every planned fault."""
        self._planned.clear()


class Journal:
    """The latest calls, for assertions."""

    def __init__(self) -> None:
        self._calls: deque[Call] = deque(maxlen=JOURNAL_CALLS)

    def record(self, call: Call) -> None:
        """Add a call; the oldest one gives way past `JOURNAL_CALLS`."""
        self._calls.append(call)

    def list_calls(self) -> list[Call]:
        """Return the calls, oldest first."""
        return list(self._calls)

    def list_secret_leaks(self) -> list[Call]:
        """Return the calls that carried the secret in a query where WeChat does not ask for it."""
        return [
            call
            for call in self._calls
            if call.secret_in and (call.path not in SECRET_IN_QUERY or set(call.secret_in) != {"secret"})
        ]

    def clear(self) -> None:
        """Start an empty journal."""
        self._calls.clear()
