"""Organisations as people look for the one to join."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import LINE, Name, OrganisationId
from handlers.wire import Asked, Wire
from models.errors import Invalid
from models.organisations import Organisation, Sought

Region = Annotated[str, Meta(examples=["金水区"])]
SoughtName = Annotated[str, Meta(min_length=2, max_length=60, pattern=LINE, examples=["碧沙岗"])]
SoughtRegion = Annotated[str, Meta(min_length=2, max_length=40, pattern=LINE, examples=["金水区"])]
SoughtCode = Annotated[str, Meta(min_length=6, max_length=40, pattern=LINE, examples=["81410105MC1234567X"])]
UnitCode = Annotated[str, Meta(examples=["81410105MC1234567X"])]


class SearchRequired(Invalid):
    """Something to look for has to be given: a name, a place or a code."""

    code = "search_required"
    message = "请填写工会名称、所在地区或代码"


class OrganisationsQuery(Asked, frozen=True):
    """A part of the name, of the place, or the whole code; all that are given must fit."""

    name: SoughtName | None = None
    region: SoughtRegion | None = None
    code: SoughtCode | None = None
    limit: Annotated[int, Meta(ge=1, le=50, examples=[20])] = 20


class OrganisationReply(Wire, frozen=True):
    """An organisation that people may join, with the one above it."""

    id: OrganisationId
    name: Name
    region: Region
    code: UnitCode
    above: Name


class OrganisationsReply(Wire, frozen=True):
    """What was found, the shortest names first; there may be more."""

    items: list[OrganisationReply]


class OrganisationsHandler(Handler):
    """Looking for the organisation to join."""

    kinds = ANYONE

    @endpoint(refuses=(SearchRequired,))
    async def get(self, *, query: OrganisationsQuery) -> OrganisationsReply:
        """Return open organisations by name, place or code."""
        sought = Sought(query.name or "", query.region or "", query.code or "")
        if sought == Sought():
            raise SearchRequired
        found = self.services.organisations.search(sought, query.limit)
        return OrganisationsReply(items=[self._shown(one) for one in found])

    def _shown(self, one: Organisation) -> OrganisationReply:
        above = self.services.organisations.get_name(one.path[-1]) if one.path else ""
        return OrganisationReply(id=one.id, name=one.name, region=one.region, code=one.code, above=above)


ROUTES = [("/api/v1/organisations", OrganisationsHandler)]
