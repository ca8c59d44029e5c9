"""Signals between processes: "look now", never the news itself.

A signal is a word on one Redis channel. Losing Redis, or a signal, costs at most one poll: every listener
also polls (Redis may remember answers, never decide).
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

CHANNEL = "union:signals"
RETRY_SECONDS = 1.0
WAIT_SECONDS = 30.0

log = logging.getLogger("union.signals")


class Signals:
    """Sends words to all processes and calls whoever listens for them here."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._listeners: dict[str, Callable[[], None]] = {}

    def listen(self, word: str, wake: Callable[[], None]) -> None:
        """Call `wake` whenever the word is sent, by this process or another."""
        self._listeners[word] = wake

    def wake(self, word: str) -> None:
        """Wake the listener here alone: for work that any one process may do. No call."""
        self._hear(word)

    async def send(self, word: str) -> None:
        """Wake the listeners here at once and those of other processes if Redis is there."""
        self._hear(word)
        try:
            await self._redis.publish(CHANNEL, word)
        except RedisError:
            log.warning("signal_lost", extra={"word": word})

    async def run(self) -> None:
        """Hear other processes until cancelled; a lost connection is taken up again."""
        while True:
            with contextlib.suppress(RedisError, OSError):
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(CHANNEL)
                    while True:
                        message = await heard.get_message(
                            ignore_subscribe_messages=True, timeout=WAIT_SECONDS
                        )
                        if message:
                            self._hear(message["data"].decode())
            await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, word: str) -> None:
        if word in self._listeners:
            self._listeners[word]()
