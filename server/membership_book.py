"""The parts of the membership book, wired: the desk, its two sides, what follows from a change."""

from typing import Any

from msgspec import Struct

from models.appointments import Appointments
from models.audit import Audit
from models.cards import Cards
from models.claims import Claims
from models.clock import Now
from models.figure_checks import FigureChecks
from models.membership_desk import MembershipDesk
from models.membership_effects import MembershipEffects, MembershipNotices
from models.membership_figures import MOVEMENTS, MembershipFigures
from models.membership_offices import Offices
from models.membership_reviews import MembershipReviews
from models.memberships import MEMBERSHIPS, Memberships
from models.messages import Messages
from models.organisations import Organisations
from models.own_memberships import OwnMemberships
from models.people import People
from models.signals import Signals
from models.store import Collection, Store
from models.stranded_reviews import StrandedReviews

COLLECTIONS: tuple[Collection[Any], ...] = (MEMBERSHIPS, MOVEMENTS)


class Known(Struct, frozen=True):
    """What the book stands on."""

    people: People
    organisations: Organisations
    appointments: Appointments
    cards: Cards
    messages: Messages
    audit: Audit
    signals: Signals
    claims: Claims


class MembershipBook(Struct, frozen=True):
    """The membership book of one process."""

    own: OwnMemberships
    offices: Offices
    reviews: MembershipReviews
    figures: MembershipFigures
    effects: MembershipEffects
    figure_checks: FigureChecks
    stranded: StrandedReviews


def build_membership_book(
    stores: dict[str, Store[Any]], memberships: Memberships, known: Known, now: Now
) -> MembershipBook:
    """Return the book over stores by name."""
    desk = MembershipDesk(memberships, known.organisations, known.signals, now)
    offices = Offices(known.organisations, known.appointments)
    figures = MembershipFigures(stores[MOVEMENTS.name], offices)
    notices = MembershipNotices(
        known.messages, known.people, known.organisations, known.appointments, known.claims, now
    )
    return MembershipBook(
        OwnMemberships(desk, known.people),
        offices,
        MembershipReviews(desk, offices, memberships, known.people, known.organisations, now),
        figures,
        MembershipEffects(stores[MEMBERSHIPS.name], known.audit, figures, known.cards, known.people, notices),
        FigureChecks(memberships, stores[MOVEMENTS.name], known.organisations),
        StrandedReviews(desk, memberships, known.organisations, now),
    )
