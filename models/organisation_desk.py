"""The desk where officers keep the trees: making organisations, changing what is recorded, links.

Whoever changes something says which version they saw: of two officers who change the same organisation, the
second is told to look again, unless both say the same. What is done is in the audit, by codes alone,
before it is done, and every process hears of it at once. Merging, closing and moving are
`models/reorganisations.py`.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from models.appointments import Appointments, Role
from models.audit import Action, Audit, Fact
from models.clock import Now, local_day
from models.errors import Conflict, Invalid
from models.ids import new_ordered_id
from models.member_lists import OFFICERS, NoSuchOrganisation
from models.membership_refusals import KeyReused
from models.organisation_forms import Details, FormerName, LinkKind, check
from models.organisations import ORGANISATIONS_CHANGED, Organisation, Organisations, Sought
from models.pages import Page
from models.requests import Keyed
from models.signals import Signals
from models.store import Duplicate, Store
from models.versions import next_change, version_of

READERS: frozenset[Role] = OFFICERS | {"security_admin"}


class OrganisationChanged(Conflict):
    """The organisation is not as the officer saw it; `details.version` is what it is now."""

    code = "organisation_changed"
    message = "该组织刚刚被别人修改过，请刷新后再改"


class OrganisationEnded(Conflict):
    """The organisation was merged or closed."""

    code = "organisation_ended"
    message = "该组织已撤并，不能再办理"


class CodeTaken(Conflict):
    """Another organisation has this 统计代码."""

    code = "organisation_code_taken"
    message = "这个统计代码已属于另一个组织"


class WrongLink(Invalid):
    """A link leads from one tree to the other."""

    code = "wrong_organisation_link"
    message = "只能关联另一条线（地方与产业之间）的组织"


class Draft(Struct, frozen=True, kw_only=True):
    """What officers set of an organisation."""

    name: str
    code: str = ""
    region: str = ""
    details: Details = Details()


class Registry(Struct, frozen=True):
    """What the desks of the trees stand on."""

    organisations: Organisations
    appointments: Appointments
    audit: Audit
    signals: Signals
    now: Now


class OrganisationDesk:
    """Lists, makes and changes organisations, within the officer's subtrees."""

    def __init__(self, store: Store[Organisation], registry: Registry) -> None:
        self._store = store
        self._organisations = registry.organisations
        self._appointments = registry.appointments
        self._audit = registry.audit
        self._signals = registry.signals
        self._now = registry.now

    def list_below(self, officer: str, above: str | None, page: int, size: int) -> Page[Organisation]:
        """Return a page of what stands directly below one's organisation, or of one's own topmost ones.

        NotStaff, NoSuchOrganisation.
        """
        if above is not None:
            self.require_mine(officer, above, READERS)
            found = self._organisations.list_below(above)
        else:
            places = self._appointments.list_places(officer, READERS)
            mine = [self._organisations.find(place) for place in dict.fromkeys(places)]
            found = [one for one in mine if one and not set(one.path) & set(places)]
        return Page(found[(page - 1) * size : page * size], len(found))

    def list_mine(self, officer: str) -> list[Organisation]:
        """Return all of one's open organisations, each after those above it. NotStaff."""
        places = self._appointments.list_places(officer, READERS)
        found = {one.id: one for place in places for one in self._organisations.list_within(place)}
        return [one for one in found.values() if one.is_open]

    def search(self, officer: str, text: str, page: int, size: int) -> Page[Organisation]:
        """Return a page of one's open organisations by a part of the name, or a code. NotStaff."""
        within = [
            one
            for one in self.list_mine(officer)
            if Sought(name=text).fits(one) or Sought(code=text).fits(one)
        ]
        found = sorted(within, key=lambda one: (one.name != text, len(one.name), one.name))
        return Page(found[(page - 1) * size : page * size], len(found))

    async def get(self, officer: str, organisation: str, roles: frozenset[Role] = READERS) -> Organisation:
        """Return one of one's organisations as it is stored now; NotStaff, NoSuchOrganisation."""
        self.require_mine(officer, organisation, roles)
        found = await self._store.find(organisation)
        if found is None:
            raise NoSuchOrganisation
        return found

    async def create(self, officer: str, above: str, draft: Draft, request: Keyed) -> Organisation:
        """Make an organisation below one of one's own; sent again, the request gets the same one.

        NotStaff, NoSuchOrganisation, OrganisationEnded, CodeTaken, KeyReused, WrongForm.
        """
        self.require_mine(officer, above, OFFICERS)
        check(draft.details, local_day(self._now()))
        upper = self._organisations.find(above)
        key = request.name_of(officer)
        if upper is None or not upper.is_open:
            return await self._first(key, request, OrganisationEnded())
        made = Organisation(
            id=key,
            tree=upper.tree,
            path=(*upper.path, above),
            taken=draft.code or None,
            content=request.content,
            changed=self._now(),
            **asdict(draft),
        )
        await self._enter("organisation_created", officer, key, {"above": above})
        try:
            await self._store.insert(made)
        except Duplicate:
            return await self._first(key, request, CodeTaken())
        await self._tell(made)
        return made

    async def change(self, officer: str, organisation: str, version: str, draft: Draft) -> Organisation:
        """Record something else of an organisation; what the draft leaves out is removed.

        NotStaff, NoSuchOrganisation, OrganisationChanged, OrganisationEnded, CodeTaken, WrongForm.
        """
        check(draft.details, local_day(self._now()))
        seen = await self.get(officer, organisation, OFFICERS)
        values: dict[str, Any] = {**asdict(draft), "taken": draft.code or None}
        if draft.name != seen.name:
            at = self._now()
            former = FormerName(seen.name, local_day(at))
            values[f"former.{new_ordered_id(at)}"] = former
        elif all(getattr(seen, name) == value for name, value in asdict(draft).items()):
            return seen
        return await self._change(officer, seen, version, "organisation_changed", values)

    async def link(
        self, officer: str, organisation: str, other: str, version: str, kind: LinkKind | None
    ) -> Organisation:
        """Link an organisation to one of the other tree, or with None end the link.

        NotStaff, NoSuchOrganisation, WrongLink, OrganisationChanged, OrganisationEnded.
        """
        seen = await self.get(officer, organisation, OFFICERS)
        if seen.links.get(other) == kind:
            return seen
        led = self._organisations.find_open(other)
        if kind and led is None:
            raise NoSuchOrganisation
        if kind and led and led.tree == seen.tree:
            raise WrongLink
        return await self._change(officer, seen, version, "organisation_linked", {f"links.{other}": kind})

    def require_mine(self, officer: str, organisation: str, roles: frozenset[Role]) -> None:
        """Let pass who holds a role at an organisation or above it; NotStaff, NoSuchOrganisation."""
        if not self.is_mine(officer, organisation, roles):
            raise NoSuchOrganisation

    def get_name(self, organisation: str) -> str:
        """Return the name of who answers for an organisation now."""
        return self._organisations.get_name(organisation)

    def is_mine(self, officer: str, organisation: str, roles: frozenset[Role]) -> bool:
        """Say whether somebody holds a role at an organisation or above it; NotStaff without one anywhere."""
        places = self._appointments.list_places(officer, roles)
        return self._organisations.find(organisation) is not None and any(
            self._organisations.is_within(organisation, place) for place in places
        )

    async def _change(
        self, officer: str, seen: Organisation, version: str, action: Action, values: Mapping[str, Any]
    ) -> Organisation:
        if not seen.is_open:
            raise OrganisationEnded
        if version_of(seen.changed) != version:
            raise OrganisationChanged(version=version_of(seen.changed))
        await self._enter(action, officer, seen.id, {"fields": " ".join(sorted(_fields(values)))})
        changed = {**values, "changed": next_change(self._now(), seen.changed)}
        done = await self._store.change({"_id": seen.id, "changed": seen.changed}, changed)
        if done is None:
            found = await self._store.find(seen.id)
            if found and found.changed == seen.changed:
                raise CodeTaken
            raise OrganisationChanged(version=version_of(found.changed) if found else "")
        await self._tell(done)
        return done

    async def _first(self, key: str, request: Keyed, otherwise: Conflict) -> Organisation:
        """Return what a request made when it first came; raise `otherwise` if it never did."""
        found = await self._store.find(key)
        if found is None:
            raise otherwise
        if found.content != request.content:
            raise KeyReused
        return found

    async def _enter(self, action: Action, officer: str, organisation: str, details: dict[str, str]) -> None:
        await self._audit.record(
            Fact(actor=officer, action=action, kind="organisation", object=organisation, details=details)
        )

    async def _tell(self, organisation: Organisation) -> None:
        self._organisations.know(organisation)
        await self._signals.send(ORGANISATIONS_CHANGED)


def _fields(values: Mapping[str, Any]) -> set[str]:
    return {name.partition(".")[0] for name in values} - {"taken"}
