"""Which membership is whose to handle: the officer's subtree, both sides of a transfer, never one's own."""

from models.appointments import Appointments
from models.member_lists import OFFICERS, NoSuchMember, NoSuchOrganisation
from models.membership_history import last_entry
from models.membership_refusals import OwnMembership, WrongReviewer
from models.membership_rules import FROM, Change
from models.memberships import Event, Membership
from models.organisations import Organisations

RECEIVING: frozenset[Event] = frozenset({"accept_transfer"})
EITHER: frozenset[Event] = frozenset({"refuse_transfer"})


class Offices:
    """Says what an officer may handle."""

    def __init__(self, organisations: Organisations, appointments: Appointments) -> None:
        self._organisations = organisations
        self._appointments = appointments

    def require(self, officer: str) -> None:
        """Let an officer pass; NotStaff otherwise."""
        self._appointments.get(officer, OFFICERS)

    def list_within(self, officer: str, organisation: str | None) -> list[str]:
        """Return the ids of an organisation and all below it, or of all of the officer's.

        NotStaff, NoSuchOrganisation.
        """
        places = self._appointments.list_places(officer, OFFICERS)
        if organisation is not None:
            if not self.covers(officer, organisation):
                raise NoSuchOrganisation
            places = [organisation]
        return list({one.id: None for place in places for one in self._organisations.list_within(place)})

    def covers(self, officer: str, *organisations: str | None) -> bool:
        """Say whether one of some organisations is the officer's. NotStaff."""
        places = self._appointments.list_places(officer, OFFICERS)
        return any(
            self._organisations.is_within(one, place) for one in organisations if one for place in places
        )

    def admits(self, officer: str, before: Membership, change: Change) -> bool:
        """Say whether a change is the officer's to enter; False if it was until another officer was faster.

        What is then refused by the rules tells what was decided. OwnMembership, NoSuchMember, WrongReviewer.
        """
        if officer == before.person:
            raise OwnMembership
        if not self.covers(officer, before.organisation, before.target):
            if self._was_covered(officer, before, change):
                return False
            raise NoSuchMember
        sides = [before.organisation, before.target]
        if before.target and change.event not in EITHER:
            sides = [before.target if change.event in RECEIVING else before.organisation]
        if not self.covers(officer, *sides):
            raise WrongReviewer
        return True

    def _was_covered(self, officer: str, before: Membership, change: Change) -> bool:
        """Say whether it was the officer's before the last entry, and the rules refuse it since."""
        last = last_entry(before)
        was = last.before if last else None
        is_over = change.event in FROM and before.state not in FROM[change.event][0]
        return is_over and was is not None and self.covers(officer, was.organisation, was.target)
