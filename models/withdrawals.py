"""What goes with a consent that is withdrawn (PIPL art. 15, 47): the name on earlier visits and ratings.

Invariants: the withdrawal itself is the promise; the request takes the person off at once, a worker does so
again a minute later, when nobody is under way any more who read the consent before. Visits and ratings stay,
to be counted, as an erasure leaves them. Whoever agrees anew is named on later ones, and never again on
those.
"""

from models.check_ins import CheckIn
from models.clock import Now
from models.consents import Consent
from models.station_ratings import RatingNames
from models.store import Store

BATCH = 50


class Withdrawals:
    """Takes people off their visits and ratings."""

    def __init__(
        self, consents: Store[Consent], visits: Store[CheckIn], ratings: RatingNames, now: Now
    ) -> None:
        self._consents = consents
        self._visits = visits
        self._ratings = ratings
        self._now = now

    async def follow(self, consent: Consent) -> None:
        """Take the person off what stood on a consent until it was withdrawn."""
        if consent.withdrawn is None:
            return
        for visit in await self._visits.list_({"person": consent.subject}):
            if not consent.given or visit.at <= consent.withdrawn:
                await self._visits.change({"_id": visit.id}, {}, without=("person",))
        await self._ratings.forget(consent.subject, consent.withdrawn if consent.given else None)

    async def work(self) -> None:
        """Settle what was withdrawn a while ago; any number of workers may."""
        while due := await self._consents.list_({"due": {"$lte": self._now()}}, sort="due", limit=BATCH):
            for consent in due:
                await self.follow(consent)
                seen = {"_id": consent.id, "due": consent.due}
                await self._consents.change(seen, {}, without=("withdrawn", "due"))
