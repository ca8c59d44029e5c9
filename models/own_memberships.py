"""A person's own membership: applying, asking for a transfer, taking either back, leaving.

Everybody may leave at any time, and nobody asks why. Whoever applies is registered by the own word; an
officer's approval is the evidence of the name.
"""

from typing import NoReturn

from msgspec import Struct

from models.membership_desk import MembershipDesk, Request
from models.membership_refusals import GigKindRequired, NotALocalUnion, NotTheState
from models.membership_rules import Change
from models.memberships import Event, GigKind, Ground, Membership, WorkerForm
from models.people import Particulars, People


class Application(Struct, frozen=True, kw_only=True):
    """What an applicant says; `who.id_document` is the key of a document that was read."""

    who: Particulars
    organisation: str
    worker_form: WorkerForm
    gig_kind: GigKind | None = None


class OwnMemberships:
    """What people do about their own membership."""

    def __init__(self, desk: MembershipDesk, people: People) -> None:
        self._desk = desk
        self._people = people

    async def apply(self, subject: str, application: Application, request: Request) -> Membership:
        """Apply for membership; `subject` is a session's, of a known person or of a WeChat account alone.

        Two writes of somebody new: the account is bound, and the membership holds what was declared.
        Whose ID document is somebody else's here is not told so: the officers are, and cannot approve.
        GigKindRequired, OrganisationNotOpen, IdentityTaken, AlreadyMember, ApplicationPending, KeyReused.
        """
        if (application.worker_form == "gig") != (application.gig_kind is not None):
            raise GigKindRequired
        place = self._desk.get_open(application.organisation)
        declared = await self._people.declare(subject, application.who)
        person = declared.person
        change = Change(
            event="apply",
            actor=person,
            organisation=place.id,
            worker_form=application.worker_form,
            gig_kind=application.gig_kind,
            declared=declared.row,
        )
        return await self._desk.enter(person, lambda _: change, request, is_new=declared.is_new)

    async def start_transfer(self, person: str, target: str, ground: Ground, request: Request) -> Membership:
        """Ask for the membership to go to another union. ToItself, NotALocalUnion, TransferPending."""
        change = make_transfer(self._desk, person, target, ground)
        return await self._desk.enter(person, lambda before: _of(before, change), request)

    async def end(self, subject: str, event: Event) -> Membership:
        """Withdraw an application or a transfer, or leave. NotTheState and its kin."""
        person = await self._people.find_by_subject(subject)
        if person is None:
            raise NotTheState
        change = Change(event=event, actor=person, reason="requested")
        return await self._desk.enter(person, lambda before: _of(before, change))


def make_transfer(desk: MembershipDesk, actor: str, target: str, ground: Ground) -> Change:
    """Return the beginning of a transfer; OrganisationNotOpen, NotALocalUnion."""
    place = desk.get_open(target)
    if ground == "residence" and place.tree != "local":
        raise NotALocalUnion
    return Change(event="start_transfer", actor=actor, organisation=place.id, ground=ground)


def _of(before: Membership | None, change: Change) -> Change:
    return change if before else _refuse()


def _refuse() -> NoReturn:
    raise NotTheState
