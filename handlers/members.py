"""The member's own record."""

from typing import Annotated

from msgspec import Meta

from handlers.base import ANYONE, Handler, endpoint
from handlers.erasures import ErasureQuery, ErasureReply
from handlers.fields import Day, MaskedName, Moment, Name, PersonId
from handlers.wire import Wire, local
from models.erasures import ErasureNotConfirmed, HoldsAppointment
from models.members import Member, NotAMember
from models.membership_history import joined_on, last_entry
from models.memberships import Event, MembershipState


class MembershipReply(Wire, frozen=True):
    """The current spell of a membership (会籍), what happened last and why, and by when somebody decides.

    `since` is the first day of the current state, `joined` of the unbroken membership; null for no member.
    """

    organisation_id: PersonId
    organisation_name: Name
    state: MembershipState
    since: Day
    joined: Annotated[Day | None, Meta(examples=["2019-05-01"])]
    target_name: Annotated[str, Meta(examples=[""])]
    last_event: Annotated[Event | None, Meta(examples=["approve"])]
    reason: Annotated[str | None, Meta(examples=[None])]
    review_by: Annotated[Moment | None, Meta(examples=[None])]


class MemberReply(Wire, frozen=True):
    """A member; the name is masked."""

    id: PersonId
    name: MaskedName
    membership: MembershipReply

    @classmethod
    def of(cls, member: Member) -> "MemberReply":
        """Return what of a member goes on the wire."""
        spell, last = member.membership, last_entry(member.membership)
        return cls(
            id=member.id,
            name=member.masked_name,
            membership=MembershipReply(
                organisation_id=spell.organisation,
                organisation_name=member.organisation_name,
                state=spell.state,
                since=spell.since,
                joined=joined_on(spell),
                target_name=member.target_name,
                last_event=last.event if last else None,
                reason=last.reason if last else None,
                review_by=local(spell.due) if spell.due else None,
            ),
        )


class MeHandler(Handler):
    """The member who is logged in."""

    kinds = ANYONE

    @endpoint(refuses=(NotAMember,))
    async def get(self) -> MemberReply:
        """Return my own record."""
        return MemberReply.of(await self.services.members.get(self.session.subject))

    @endpoint(refuses=(ErasureNotConfirmed, HoldsAppointment))
    async def delete(self, *, query: ErasureQuery) -> ErasureReply:
        """Erase me (注销) at once and for ever; without the word, say what would happen and do nothing."""
        erasures = self.services.privacy.erasures
        return ErasureReply.of(await erasures.erase(self.session.subject, query.confirm))


ROUTES = [("/api/v1/members/me", MeHandler)]
