"""The master keys in force: of the cards, and of the prints."""

from collections.abc import Iterable
from datetime import datetime

from models.card_codes import Master


class Masters:
    """The master keys of the cards, or of the prints; the last one that is not retired makes new codes."""

    def __init__(self, masters: Iterable[Master]) -> None:
        self._masters = {master.id: master for master in masters}
        self._in_use = [master for master in self._masters.values() if master.retired is None]

    @property
    def current(self) -> Master:
        """The master under which codes are made now; LookupError without one."""
        return self._in_use[-1]

    def __bool__(self) -> bool:
        """Say whether new codes can be made."""
        return bool(self._in_use)

    def find(self, key_id: str, at: datetime) -> bytes | None:
        """Return a master's key while codes under it still count."""
        master = self._masters.get(key_id)
        return master.key if master and master.accepts(at) else None

    def list_accepted(self, at: datetime) -> list[bytes]:
        """Return the keys under which codes still count, for what does not name its master."""
        return [master.key for master in self._masters.values() if master.accepts(at)]

    def find_listed(self, key_id: str) -> bytes | None:
        """Return a master's key for as long as it is configured: a print lasts until it is called back."""
        master = self._masters.get(key_id)
        return master.key if master else None
