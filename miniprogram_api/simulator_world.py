"""All that the simulated WeChat remembers, for one app."""

import secrets
from collections.abc import Callable
from datetime import datetime

from miniprogram_api.simulator_messages import Messages
from miniprogram_api.simulator_outside import OutsideLinks
from miniprogram_api.simulator_pushes import ANSWER_SECONDS, Pushes
from miniprogram_api.simulator_state import Clock, Codes, Faults, Journal, People, Quota, RandomBytes
from miniprogram_api.simulator_tokens import Tokens

PAGES = frozenset({"pages/index/index", "pages/station/index"})
"""The pages of the released version, until tests or a demo say otherwise."""


class State:
    """The parts, composed."""

    def __init__(
        self,
        appid: str,
        secret: str,
        now: Callable[[], datetime],
        *,
        random_bytes: RandomBytes = secrets.token_bytes,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self.appid = appid
        self.secret = secret
        self.clock = Clock(now)
        self.quota = Quota(self.clock)
        self.codes = Codes(self.clock, random_bytes)
        self.people = People(self.clock, random_bytes, has_unionid=False)
        self.tokens = Tokens(self.clock, self.quota, random_bytes)
        self.links = OutsideLinks(self.clock, self.quota, random_bytes)
        self.messages = Messages()
        self.pushes = Pushes(appid, self.clock, answer_seconds)
        self.faults = Faults()
        self.journal = Journal()
        self.pages = PAGES
        self.media_seconds = 1.0
        """How long the check of a picture takes."""
        self._random_bytes = random_bytes

    def new_rid(self) -> str:
        """Return a request's id as WeChat writes it: the second and two random words, in hex."""
        tail = self._random_bytes(8).hex()
        return f"{int(self.clock.now().timestamp()):08x}-{tail[:8]}-{tail[8:]}"

    def new_trace(self) -> str:
        """Return the name of a content check, which the answer and the event share."""
        return f"{self._random_bytes(4).hex()}-{self._random_bytes(4).hex()}-{self._random_bytes(4).hex()}"
