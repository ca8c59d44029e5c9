"""The parts of claims, wired: taking them, finishing them, and the officers' desk."""

from typing import Any

from msgspec import Struct

from models.audit import Audit
from models.claim_decisions import ClaimDecisions
from models.claim_desk import ClaimDesk
from models.claim_reviews import CLAIM_REVIEWS, ClaimReviews
from models.claims import ClaimEffects, Claims, Shelf
from models.clock import Now
from models.membership_offices import Offices
from models.memberships import Memberships
from models.messages import Messages
from models.organisations import Organisations
from models.people import IDENTITIES, PEOPLE, VAULT_ROWS, People
from models.person_search import PersonSearch
from models.sessions import Sessions
from models.signals import Signals
from models.store import Collection, Store
from models.vault import Vault

COLLECTIONS: tuple[Collection[Any], ...] = (CLAIM_REVIEWS,)


class Around(Struct, frozen=True):
    """What claims stand on."""

    people: People
    memberships: Memberships
    organisations: Organisations
    audit: Audit
    signals: Signals


class Claiming(Struct, frozen=True):
    """Claims in one process, and the search among those who may be meant."""

    claims: Claims
    reviews: ClaimReviews
    desk: ClaimDesk
    decisions: ClaimDecisions
    effects: ClaimEffects
    search: PersonSearch

    async def work(self) -> None:
        """Draw the consequences of decisions, then finish all claims."""
        await self.decisions.work()
        await self.effects.work()


def shelf_of(stores: dict[str, Store[Any]], vault: Vault) -> Shelf:
    """Return what claims and imports read and write of people."""
    return Shelf(stores[PEOPLE.name], stores[VAULT_ROWS.name], stores[IDENTITIES.name], vault)


def build_claims(shelf: Shelf, stores: dict[str, Store[Any]], around: Around, now: Now) -> Claims:
    """Return what takes claims."""
    reviews = ClaimReviews(stores[CLAIM_REVIEWS.name], shelf.vault, now)
    return Claims(shelf, around.people, around.memberships, reviews, around.signals, now)


def build_claiming(
    claims: Claims, shelf: Shelf, around: Around, sessions: Sessions, offices: Offices, messages: Messages
) -> Claiming:
    """Return claims with what follows from them."""
    desk = ClaimDesk(shelf, claims.reviews, offices, around.organisations, around.signals)
    decisions = ClaimDecisions(shelf, claims.reviews, around.organisations, around.audit, messages)
    effects = ClaimEffects(claims, shelf.people, sessions, around.memberships, around.audit, around.signals)
    return Claiming(claims, claims.reviews, desk, decisions, effects, PersonSearch(around.people, shelf))
