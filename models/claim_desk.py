"""The desk where officers decide on claims that did not match whole: of their subtree, never their own."""

import asyncio

from msgspec import Struct

from models.claim_reviews import ClaimReview, ClaimReviews, NoSuchClaim, Verdict
from models.claims import CLAIMS_DUE, Shelf
from models.membership_offices import Offices
from models.membership_refusals import OwnMembership
from models.organisations import Organisations
from models.pages import Page
from models.people import Evidence
from models.signals import Signals
from models.subtree_pages import read_page
from models.vault import mask_name, mask_phone

DOCUMENT_DIGITS_SHOWN = 4


class WaitingClaim(Struct, frozen=True, kw_only=True):
    """A claim as an officer sees it: masked, the record's name beside the one that was given.

    `evidence` is what the record's name stands on while the claim waits.
    """

    review: ClaimReview
    organisation_name: str
    name: str
    claimed_name: str
    phone: str
    claimed_phone: str
    claimed_document: str
    is_own: bool
    evidence: Evidence | None


class ClaimDesk:
    """Lists claims and decides them."""

    def __init__(
        self,
        shelf: Shelf,
        reviews: ClaimReviews,
        offices: Offices,
        organisations: Organisations,
        signals: Signals,
    ) -> None:
        self._people = shelf.people
        self._rows = shelf.rows
        self._vault = shelf.vault
        self._reviews = reviews
        self._offices = offices
        self._organisations = organisations
        self._signals = signals

    async def list_page(
        self, officer: str, organisation: str | None, page: int, size: int
    ) -> Page[WaitingClaim]:
        """Return a page of the claims that wait for an organisation and all below it, the oldest first.

        NotStaff, NoSuchOrganisation, TooManyOrganisations.
        """
        asked = self._offices.list_within(officer, organisation)
        found = await read_page(asked, self._reviews.count, self._reviews.list_of, page, size)
        return Page([await self._shown(officer, one) for one in found.rows], found.total)

    async def decide(self, officer: str, review: str, verdict: Verdict) -> WaitingClaim:
        """Accept a claim or dismiss it. NotStaff, NoSuchClaim, OwnMembership, ClaimDecided."""
        found = await self._reviews.get(review)
        if not self._offices.covers(officer, found.organisation):
            raise NoSuchClaim
        if found.person == officer:
            raise OwnMembership
        decided = await self._reviews.decide(found, verdict, officer)
        await self._signals.send(CLAIMS_DUE)
        return await self._shown(officer, decided)

    async def _shown(self, officer: str, review: ClaimReview) -> WaitingClaim:
        row, known = await asyncio.gather(self._rows.find(review.person), self._people.find(review.person))
        claimed, opened = self._reviews.open(review), self._vault.open
        return WaitingClaim(
            review=review,
            organisation_name=self._organisations.get_name(review.organisation),
            name=mask_name(opened("vault", row.id, "name", row.name)) if row else "",
            phone=mask_phone(opened("vault", row.id, "phone", row.phone)) if row else "",
            claimed_name=mask_name(claimed.name),
            claimed_phone=mask_phone(claimed.phone),
            claimed_document="*" * 6 + claimed.id_document[-DOCUMENT_DIGITS_SHOWN:],
            is_own=review.person == officer,
            evidence=known.evidence if row and known and review.state == "waiting" else None,
        )
