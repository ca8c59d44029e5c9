"""My visits to stations: those that I let be kept as mine."""

from typing import Annotated

from msgspec import Meta

from handlers.base import Handler, endpoint
from handlers.cards import PageLimit
from handlers.check_ins import PresenceShown
from handlers.fields import END, Day, Moment, Name, StationCode
from handlers.wire import Asked, Wire, local
from models.own_visits import OwnVisit

VisitMark = Annotated[
    str,
    Meta(pattern=rf"^[0-9a-f]{{1,16}}-[0-9A-HJKMNP-TV-Z]{{8}}{END}", examples=["19813f2c5d8-4E8M0R2T"]),
]


class OwnVisitReply(Wire, frozen=True):
    """One visit: where, when, and how it was shown that I was there."""

    station: StationCode
    name: Name
    day: Day
    at: Moment
    presence: PresenceShown

    @classmethod
    def of(cls, visit: OwnVisit) -> "OwnVisitReply":
        """Return a visit with its local time."""
        made = visit.check_in
        return cls(
            station=made.station, name=visit.name, day=made.day, at=local(made.at), presence=made.presence
        )


class OwnVisitsReply(Wire, frozen=True):
    """A page of visits, newest first; `next` continues it."""

    items: list[OwnVisitReply]
    next: VisitMark | None


class VisitsPageQuery(Asked, frozen=True):
    """Which page: after which `next`, and how many."""

    after: VisitMark | None = None
    limit: PageLimit = 20


class OwnVisitsHandler(Handler):
    """My visits."""

    @endpoint()
    async def get(self, *, query: VisitsPageQuery) -> OwnVisitsReply:
        """Return my visits of the last thirty days; without my consent to movements there are none."""
        own = self.services.own_visits
        visits = await own.list_of(self.session.subject, query.after, query.limit + 1)
        shown = visits[: query.limit]
        return OwnVisitsReply(
            items=[OwnVisitReply.of(one) for one in shown],
            next=shown[-1].mark if len(visits) > query.limit else None,
        )


ROUTES = [("/api/v1/check-ins", OwnVisitsHandler)]
