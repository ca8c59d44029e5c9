"""Members as they see themselves: the person, masked, and the membership."""

import asyncio

from msgspec import Struct

from models.errors import Missing
from models.memberships import Membership, Memberships
from models.organisations import Organisations
from models.people import People
from models.vault import mask_name


class NotAMember(Missing):
    """Nobody with a membership is known for this login."""

    code = "not_a_member"
    message = "还没有您的会员信息，请先认领或申请入会"


class Member(Struct, frozen=True, kw_only=True):
    """A person with a membership; the name is masked."""

    id: str
    masked_name: str
    membership: Membership
    organisation_name: str
    target_name: str = ""


class Members:
    """Puts a member together from the vault, the book of memberships and the trees."""

    def __init__(self, people: People, memberships: Memberships, organisations: Organisations) -> None:
        self._people = people
        self._memberships = memberships
        self._organisations = organisations

    async def find(self, subject: str) -> Member | None:
        """Return the member behind a session's subject, or None without a name or a membership."""
        person = await self._people.find_by_subject(subject)
        if person is None:
            return None
        name, membership = await asyncio.gather(self._people.get_name(person), self._memberships.find(person))
        if name is None or membership is None:
            return None
        return Member(
            id=person,
            masked_name=mask_name(name),
            membership=membership,
            organisation_name=self._organisations.get_name(membership.organisation),
            target_name=self._organisations.get_name(membership.target) if membership.target else "",
        )

    async def get(self, subject: str) -> Member:
        """Return the member behind a session's subject; NotAMember otherwise."""
        member = await self.find(subject)
        if member is None:
            raise NotAMember
        return member
