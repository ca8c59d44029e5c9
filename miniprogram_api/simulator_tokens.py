"""The simulated WeChat's access tokens: `token` and `stable_token`, each deaf to the other."""

import base64
import re
from datetime import datetime, timedelta

from msgspec import Struct

from miniprogram_api.simulator_state import Clock, PlatformError, Quota, RandomBytes

TOKEN_LIFE = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
"""How long the token before lives beside its successor."""
FORCED_APART = timedelta(seconds=30)
PLAIN_A_DAY = 2000
FORCED_A_DAY = 20
DAY = timedelta(days=1)
QUOTA_SPENT = 45009
FORM = re.compile("[0-9]{1,9}_[A-Za-z0-9_-]{64,512}")


class TokenAnswer(Struct, frozen=True):
    """The success of both token calls; it carries no errcode."""

    access_token: str
    expires_in: int


class Token(Struct):
    """A token that was given out: when it ends by age, and since when it is replaced, if it is."""

    text: str
    ends: datetime
    dies: datetime | None = None


class Tokens:
    """All tokens that were given out, the current one of each kind among them."""

    def __init__(self, clock: Clock, quota: Quota, random_bytes: RandomBytes) -> None:
        self._clock = clock
        self._quota = quota
        self._random_bytes = random_bytes
        self._known: dict[str, Token] = {}
        self._plain: Token | None = None
        self._stable: Token | None = None
        self._forced: datetime | None = None

    def give_plain(self) -> TokenAnswer:
        """Make a new token, as `/cgi-bin/token` always does; the one before lives five minutes more."""
        self._quota.count("token", PLAIN_A_DAY, DAY, QUOTA_SPENT)
        if self._plain is not None:
            self._plain.dies = self._clock.now() + OVERLAP
        self._plain = self._new()
        return self._answer(self._plain)

    def give_stable(self, *, forced: bool) -> TokenAnswer:
        """Return the stable token: the same one until five minutes before its end, unless forced."""
        now = self._clock.now()
        token = self._stable
        if token is None or self._is_dead(token) or token.ends - now < OVERLAP:
            token = self._stable = self._new()
        elif forced:
            self._quota.count("forced", FORCED_A_DAY, DAY, QUOTA_SPENT)
            if self._forced is None or now - self._forced >= FORCED_APART:
                token.dies = now
                token = self._stable = self._new()
                self._forced = now
        return self._answer(token)

    def check(self, text: str) -> None:
        """Raise WeChat's refusal of a token that is missing, malformed, unknown, replaced or too old."""
        if not text:
            raise PlatformError(41001, "access_token missing")
        if not FORM.fullmatch(text):
            raise PlatformError(40014, "invalid access_token")
        token = self._known.get(text)
        if token is None or self._is_dead(token):
            raise PlatformError(
                40001,
                "invalid credential, access_token is invalid or not latest, could get access_token by "
                "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r",
            )
        if token.ends <= self._clock.now():
            raise PlatformError(42001, "access_token expired")

    def kill(self) -> None:
        """Let every token die at once, as when somebody forces a new one."""
        for token in self._known.values():
            token.dies = self._clock.now()

    def _is_dead(self, token: Token) -> bool:
        return token.dies is not None and token.dies <= self._clock.now()

    def _new(self) -> Token:
        text = base64.urlsafe_b64encode(self._random_bytes(96)).decode().rstrip("=")
        token = Token(f"88_{text}", self._clock.now() + TOKEN_LIFE)
        self._known[token.text] = token
        return token

    def _answer(self, token: Token) -> TokenAnswer:
        return TokenAnswer(token.text, int((token.ends - self._clock.now()).total_seconds()))
