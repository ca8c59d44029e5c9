"""What goes with a consent that is withdrawn (PIPL art. 15, 47): the person's name on earlier visits.

Invariants: the withdrawal itself is the promise; the request takes the person off at once, a worker does so
again a minute later, when nobody is under way any more who read the consent before. The visits stay, to be
counted, as an erasure leaves them. Whoever agrees anew is named on later visits, and never again on those.
"""

from models.check_ins import CheckIn
from models.clock import Now
from models.consents import Consent
from models.store import Store

BATCH = 50


class Withdrawals:
    """Takes people off their visits."""

    def __init__(self, consents: Store[Consent], visits: Store[CheckIn], now: Now) -> None:
        self._consents = consents
        self._visits = visits
        self._now = now

    async def follow(self, consent: Consent) -> None:
        """Take the person off the visits that stood on a consent until it was withdrawn."""
        if consent.withdrawn is None:
            return
        for visit in await self._visits.list_({"person": consent.subject}):
            if not consent.given or visit.at <= consent.withdrawn:
                await self._visits.change({"_id": visit.id}, {}, without=("person",))

    async def work(self) -> None:
        """Settle what was withdrawn a while ago; any number of workers may."""
        while due := await self._consents.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH):
            for consent in due:
                await self.follow(consent)
                seen = {"_id": consent.id, "due": consent.due}
                await self._consents.change(seen, {}, without=("withdrawn", "due"))
