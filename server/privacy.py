"""The law's rights, wired: the notice, consents."""

from typing import Any

from msgspec import Struct

from handlers.services import Privacy
from models.clock import Now
from models.consents import CONSENTS, Consents
from models.people import People
from models.privacy_notices import PrivacyNotices, Responsible
from models.store import Collection, Store

COLLECTIONS: tuple[Collection[Any], ...] = (CONSENTS,)


class PrivacyParts(Struct, frozen=True, kw_only=True):
    """What one process keeps the law with."""

    consents: Consents

    def offer(self, responsible: Responsible) -> Privacy:
        """Return what handlers may use."""
        return Privacy(notices=PrivacyNotices(responsible), consents=self.consents)


def build_privacy(stores: dict[str, Store[Any]], people: People, now: Now) -> PrivacyParts:
    """Return the parts over stores by name."""
    return PrivacyParts(consents=Consents(stores[CONSENTS.name], people, now))
