"""What follows from an officer's decision on a claim that did not match whole: audit, account, phone, notice.

Each is derived from the review, which keeps `pending` until all is done: a worker that dies on the way leaves
it to the next. Who is accepted is told; who is dismissed is not, for that would say that there is a record.
"""

from models.audit import Audit
from models.claim_reviews import ClaimReview, ClaimReviews, facts_of
from models.claims import BATCH, Shelf
from models.membership_effects import LONGEST_THING, RESULT, RESULT_PAGE
from models.message_fields import spell
from models.messages import Messages
from models.organisations import Organisations
from models.people import OPENID, Identity
from models.store import Duplicate

ACCEPTED_WORDS = "认领通过"
"""What the account is told; five characters at most (WeChat, phrase)."""


class ClaimDecisions:
    """Draws the consequences."""

    def __init__(
        self,
        shelf: Shelf,
        reviews: ClaimReviews,
        organisations: Organisations,
        audit: Audit,
        messages: Messages,
    ) -> None:
        self._people = shelf.people
        self._rows = shelf.rows
        self._identities = shelf.identities
        self._vault = shelf.vault
        self._reviews = reviews
        self._organisations = organisations
        self._audit = audit
        self._messages = messages

    async def work(self) -> None:
        """Draw the consequences of what was decided."""
        while decided := await self._reviews.list_pending(BATCH):
            for review in decided:
                await self._audit.record_named(facts_of(review))
                if review.state == "accepted" and await self._rows.find(review.person) is not None:
                    await self._accept(review)
                    await self._tell(review)
                await self._reviews.clear(review)

    async def _accept(self, review: ClaimReview) -> None:
        """Bind the account to the record, which is not erased. The rest follows, as of every claim."""
        if "phone" not in review.matched and review.why != "application":
            await self._correct_phone(review)
        try:
            await self._identities.insert(Identity(id=review.account, person=review.person))
        except Duplicate:
            await self._identities.change({"_id": review.account}, {"person": review.person})
        values = {"state": "claimed", "evidence": "checked_by_officer", "claiming": review.account}
        for state in ("imported", "claimed"):
            if await self._people.change({"_id": review.person, "state": state}, values):
                return

    async def _correct_phone(self, review: ClaimReview) -> None:
        phone = self._reviews.open(review).phone
        sealed = self._vault.seal("vault", review.person, "phone", phone)
        values = {"phone": sealed, "phone_index": self._vault.blind("phone", phone)}
        await self._rows.change({"_id": review.person}, values)

    async def _tell(self, review: ClaimReview) -> None:
        """Queue a notice to the account that claimed, once."""
        account = review.account.removeprefix(OPENID)
        fields = {
            "thing1": self._organisations.get_name(review.organisation)[:LONGEST_THING] or "工会",
            "phrase2": ACCEPTED_WORDS,
            "date3": spell(review.decided or review.last),
        }
        await self._messages.queue(f"{RESULT}:claim:{review.id}", account, RESULT, RESULT_PAGE, fields)
