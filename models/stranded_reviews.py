"""What waits at a union that was closed: applications and transfers are sent back, and whoever asked is told.

Where a union was merged, its successor decides instead (`models/membership_reviews.py`). Where it was closed,
nobody is left whom the person asked: the application is refused, the transfer returned, with a reason that
says so, and the person may ask elsewhere at once. Every step is an entry on condition of the membership as
it is, so that any process may make it, and an officer decide at the same time: one of them counts. What was
on its way when the union closed is found by `work`.
"""

from contextlib import suppress
from datetime import timedelta

from models.audit import OPERATOR
from models.clock import Now, local_day
from models.membership_desk import MembershipDesk
from models.membership_refusals import NotTheState, TooManyEntries
from models.membership_rules import Change
from models.memberships import Event, Membership, Memberships
from models.organisations import Organisations

BATCH = 100
LOOKS_BACK = timedelta(days=30)
"""Far beyond the time limit of a review: nothing is on its way to a union for so long."""


class StrandedReviews:
    """Sends back what waits at closed unions."""

    def __init__(
        self, desk: MembershipDesk, memberships: Memberships, organisations: Organisations, now: Now
    ) -> None:
        self._desk = desk
        self._memberships = memberships
        self._organisations = organisations
        self._now = now

    async def send_back_from(self, closed: str) -> None:
        """Send back all that waits at a closed union, and at those that were merged into it. Busy."""
        known = self._organisations
        gone = {closed, *(one.id for one in known.list_known() if known.find_answerer(one.id) == closed)}
        for organisation in sorted(gone):
            while any([await self._send_back(one) for one in await self._list_waiting(organisation)]):
                pass

    async def work(self) -> None:
        """Send back what came to a union in the moment of its closing. Busy."""
        recent = local_day(self._now() - LOOKS_BACK)
        for one in self._organisations.list_known():
            if one.state == "closed" and one.ended and one.ended >= recent:
                await self.send_back_from(one.id)

    async def _list_waiting(self, organisation: str) -> list[Membership]:
        coming = await self._memberships.list_coming(organisation, BATCH)
        return [*coming, *await self._memberships.list_of(organisation, BATCH, "applied")]

    async def _send_back(self, waiting: Membership) -> bool:
        """Send one back; False if the union takes people after all, or it was decided meanwhile."""
        with suppress(NotTheState, TooManyEntries):
            await self._desk.enter(waiting.person, self._prepare)
            return True
        return False

    def _prepare(self, before: Membership | None) -> Change:
        if before and before.state == "applied" and self._is_closed(before.organisation):
            return _returned("refuse")
        if before and before.target and self._is_closed(before.target):
            return _returned("refuse_transfer")
        raise NotTheState

    def _is_closed(self, organisation: str) -> bool:
        answerer = self._organisations.find(self._organisations.find_answerer(organisation))
        return answerer is not None and answerer.state == "closed"


def _returned(event: Event) -> Change:
    return Change(event=event, actor=OPERATOR, reason="organisation_closed")
