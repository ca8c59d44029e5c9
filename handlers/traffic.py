"""How many requests are running, so that a server can stop without cutting one off."""

import asyncio


class Traffic:
    """Counts requests between their head and their end."""

    def __init__(self) -> None:
        self.running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Count a request in."""
        self.running += 1
        self._idle.clear()

    def end(self) -> None:
        """Count a request out."""
        self.running -= 1
        if not self.running:
            self._idle.set()

    async def wait_until_idle(self) -> None:
        """Return once nothing runs."""
        await self._idle.wait()
