"""Officers move, merge and close organisations."""

from typing import Annotated

from msgspec import Meta

from handlers.base import CONSOLE, Handler, endpoint
from handlers.fields import Day, Moment, OrganisationId
from handlers.idempotency import KeyRequired, read_key
from handlers.organisation_forms import NamedOrganisation, Version
from handlers.wire import Asked, Wire, local
from models.appointments import NotStaff
from models.member_lists import NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_desk import OrganisationChanged, OrganisationEnded
from models.reorganisations import (
    Busy,
    HasBelow,
    Kind,
    OwnPlace,
    Plan,
    Reason,
    Reorganisation,
    WrongTarget,
)
from models.requests import Keyed

ROUTE = "reorganisations"
KindField = Annotated[Kind, Meta(examples=["merge"])]
ReasonField = Annotated[Reason, Meta(examples=["unit_merged"])]


class ReorganisationRequest(Asked, frozen=True):
    """What is to be done: `move` below the target, `merge` into it, or `close`, which has none."""

    kind: KindField
    reason: ReasonField
    version: Version
    target: OrganisationId | None = None


class ReorganisationReply(Wire, frozen=True):
    """One that was decided, by its number in the order of all."""

    number: Annotated[int, Meta(examples=[7])]
    kind: KindField
    organisation: NamedOrganisation
    target: NamedOrganisation | None
    reason: ReasonField
    day: Day
    at: Moment


class ReorganisationsReply(Wire, frozen=True):
    """All of one organisation, in order."""

    items: list[ReorganisationReply]


class ReorganisationsHandler(Handler):
    """What became of an organisation."""

    kinds = CONSOLE

    @endpoint(refuses=(NotStaff, NoSuchOrganisation))
    async def get(self, organisation: str) -> ReorganisationsReply:
        """Return how it was moved, merged or closed, and what was brought to it."""
        found = await self.services.reorganisations.list_of(self.session.subject, organisation)
        return ReorganisationsReply(items=[self._shown(one) for one in found])

    @endpoint(
        201,
        refuses=(
            NotStaff,
            NoSuchOrganisation,
            OwnPlace,
            OrganisationChanged,
            OrganisationEnded,
            WrongTarget,
            HasBelow,
            KeyRequired,
            KeyReused,
            Busy,
        ),
    )
    async def post(self, organisation: str, *, body: ReorganisationRequest) -> ReorganisationReply:
        """Move, merge or close it; needs the header `Idempotency-Key`."""
        plan = Plan(
            kind=body.kind,
            organisation=organisation,
            target=body.target,
            reason=body.reason,
            version=body.version,
        )
        request = Keyed(f"{ROUTE}/{organisation}", read_key(self), self.request.body)
        return self._shown(await self.services.reorganisations.decide(self.session.subject, plan, request))

    def _shown(self, one: Reorganisation) -> ReorganisationReply:
        return ReorganisationReply(
            number=one.number,
            kind=one.kind,
            organisation=self._named(one.organisation),
            target=self._named(one.target) if one.target else None,
            reason=one.reason,
            day=one.day,
            at=local(one.at),
        )

    def _named(self, organisation: str) -> NamedOrganisation:
        name = self.services.organisations.get_own_name(organisation)
        return NamedOrganisation(id=organisation, name=name)


ROUTES = [("/api/v1/staff/organisations/{organisation}/reorganisations", ReorganisationsHandler)]
