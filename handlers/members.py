"""The member's own record."""

from handlers.base import ANYONE, Handler, endpoint
from handlers.fields import Day, MaskedName, Name, PersonId
from handlers.wire import Wire
from models.members import Member, NotAMember
from models.memberships import MembershipState


class MembershipReply(Wire, frozen=True):
    """The current spell of a membership (会籍)."""

    organisation_id: PersonId
    organisation_name: Name
    state: MembershipState
    since: Day


class MemberReply(Wire, frozen=True):
    """A member; the name is masked."""

    id: PersonId
    name: MaskedName
    membership: MembershipReply

    @classmethod
    def of(cls, member: Member) -> "MemberReply":
        """Return what of a member goes on the wire."""
        spell = member.membership
        return cls(
            id=member.id,
            name=member.masked_name,
            membership=MembershipReply(
                organisation_id=spell.organisation,
                organisation_name=member.organisation_name,
                state=spell.state,
                since=spell.since,
            ),
        )


class MeHandler(Handler):
    """The member who is logged in."""

    kinds = ANYONE

    @endpoint(refuses=(NotAMember,))
    async def get(self) -> MemberReply:
        """Return my own record."""
        return MemberReply.of(await self.services.members.get(self.session.subject))


ROUTES = [("/api/v1/members/me", MeHandler)]
