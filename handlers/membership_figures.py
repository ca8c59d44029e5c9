"""Figures of memberships on any past date."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Day, Name, OrganisationId, RealDay
from handlers.wire import Asked, Wire
from models.appointments import NotStaff
from models.clock import local_day
from models.member_lists import NoSuchOrganisation
from models.subtree_pages import TooManyOrganisations

Count = Annotated[int, Meta(examples=[1280])]
Difference = Annotated[int, Meta(examples=[-2])]


class FiguresQuery(Asked, frozen=True):
    """On which day, as entered by the end of which; both today if not given, the second the first's."""

    date: RealDay | None = None
    as_of: RealDay | None = None


class FiguresReply(Wire, frozen=True):
    """Members counted (active, and transferring until registered), retained ones apart.

    `counted` and `retained` are as entered by the end of `asOf`; the corrections are what was entered about
    `date` since then, and the sum of both is what is known now.
    """

    organisation_id: OrganisationId
    organisation: Name
    date: Day
    as_of: Day
    counted: Count
    retained: Count
    counted_correction: Difference
    retained_correction: Difference


class FiguresHandler(Handler):
    """Figures of an organisation and all below it."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation, TooManyOrganisations))
    async def get(self, organisation: str, *, query: FiguresQuery) -> FiguresReply:
        """Return the figures of a day."""
        day = query.date.isoformat() if query.date else local_day(self.services.now())
        known_on = query.as_of.isoformat() if query.as_of else day
        found = await self.services.membership_figures.count_of(
            self.session.subject, organisation, day, known_on
        )
        return FiguresReply(
            organisation_id=organisation,
            organisation=self.services.organisations.get_name(organisation),
            date=day,
            as_of=known_on,
            counted=found.counted,
            retained=found.retained,
            counted_correction=found.counted_later,
            retained_correction=found.retained_later,
        )


ROUTES = [("/api/v1/staff/organisations/{organisation}/figures", FiguresHandler)]
