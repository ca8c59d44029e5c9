"""What an erasure does to each collection; every step may run twice, and finds what is left by itself.

Destroyed are the vault's row, the identities, sessions, subscriptions, messages, pushes, the consents of a
mere account, claims, corrections, the console's account, and the person among the organisations' contacts.
What others must be able to account for stays under the pseudonym: memberships (ended), the card (revoked, its
masked name gone), scans, appointments, the person's own consents as proof of what was lawful, and the audit.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from models.audit import Audit, Fact
from models.cards import Card, CardEvent
from models.clock import Now
from models.contact_traces import ContactTraces
from models.exports import Holder
from models.ids import new_id
from models.membership_refusals import NotTheState, TooManyEntries
from models.memberships import Event, Memberships, MembershipState
from models.own_memberships import OwnMemberships
from models.people import OPENID, People
from models.sessions import Revocations, Session
from models.station_ratings import RatingNames
from models.store import Store
from models.vault import Vault

NAMELESS = "已注销"
ENDS: Mapping[MembershipState, Event] = {
    "applied": "withdraw",
    "active": "leave",
    "transferring": "leave",
    "retained": "leave",
}

UNTOUCHED: Mapping[str, str] = {"appointments": "whose posts are over; the ledger of who acted for the union"}
"""Collections that mention a person and need no step, and why."""

Step = Callable[[Holder], Awaitable[None]]


class ErasureBasis(Struct, frozen=True, kw_only=True):
    """What the steps stand on besides the collections."""

    memberships: Memberships
    own_memberships: OwnMemberships
    people: People
    contacts: ContactTraces
    revocations: Revocations
    vault: Vault
    audit: Audit


class ErasureSteps:
    """The stages in their order, each with a step for each collection: first nobody can come in any more."""

    def __init__(self, stores: Mapping[str, Store[Any]], basis: ErasureBasis, now: Now) -> None:
        self._stores = stores
        self._basis = basis
        self._now = now
        self.stages: Mapping[str, Mapping[str, Step]] = {
            "person": {
                "audit_entries": self._enter,
                "identities": self._forget_identities,
                "corrections": self._delete_corrections,
                "claim_reviews": self._delete_claims,
                "organisation_contacts": self._forget_contact,
                "vault": self._destroy_vault_row,
                "people": self._mark_person,
                "sessions": self._end_sessions,
            },
            "ledgers": {
                "memberships": self._end_membership,
                "cards": self._revoke_card,
                "scans": self._clear_words_of_scans,
                "check_ins": self._take_off_visits,
                "station_ratings": self._take_off_ratings,
                "accounts": self._delete_console_account,
            },
            "wechat": {
                "subscriptions": self._delete_by_account("subscriptions"),
                "messages": self._delete_by_account("messages"),
                "pushes": self._delete_by_account("pushes"),
                "consents": self._delete_consents_of_accounts,
            },
        }

    async def _enter(self, holder: Holder) -> None:
        if holder.person:
            fact = Fact(actor=holder.person, action="person_erased", kind="person", object=holder.person)
            await self._basis.audit.record(fact, f"erasure:{holder.person}")

    async def _forget_identities(self, holder: Holder) -> None:
        if holder.person:
            await self._stores["identities"].delete({"person": holder.person})

    async def _delete_corrections(self, holder: Holder) -> None:
        if holder.person:
            await self._stores["corrections"].delete({"person": holder.person})

    async def _delete_claims(self, holder: Holder) -> None:
        """Delete what this account claimed, and what anybody claimed of this person's record."""
        for subject in holder.subjects:
            await self._stores["claim_reviews"].delete({"account": subject})
        if holder.person:
            await self._stores["claim_reviews"].delete({"person": holder.person})

    async def _forget_contact(self, holder: Holder) -> None:
        """Take the person out of the organisations' contacts, while the vault still says who it is."""
        who = await self._basis.people.find_particulars(holder.person) if holder.person else None
        if holder.person and who:
            await self._basis.contacts.forget(holder.person, who)

    async def _destroy_vault_row(self, holder: Holder) -> None:
        """Destroy what names the person, in an application that is not settled yet too."""
        if holder.person:
            await self._stores["memberships"].change({"_id": holder.person}, {}, without=("declared",))
            await self._stores["vault"].delete({"_id": holder.person})

    async def _mark_person(self, holder: Holder) -> None:
        if holder.person:
            await self._stores["people"].change(
                {"_id": holder.person}, {"state": "erased", "claim": None, "claiming": None}
            )

    async def _end_sessions(self, holder: Holder) -> None:
        for subject in holder.subjects:
            for one in await self._stores["sessions"].list_({"subject": subject}):
                session = Session(one.id, one.subject, one.kind, one.expires)
                if one.expires > self._now():
                    await self._basis.revocations.add(session)
                await self._stores["sessions"].delete({"_id": one.id})

    async def _end_membership(self, holder: Holder) -> None:
        standing = await self._basis.memberships.find(holder.person) if holder.person else None
        event = ENDS.get(standing.state) if standing else None
        if standing is None or event is None:
            return
        try:
            await self._basis.own_memberships.end(standing.person, event)
        except (NotTheState, TooManyEntries):  # Decided in this moment: the second pass sees what came of it.
            return

    async def _revoke_card(self, holder: Holder) -> None:
        """End the card and its prints for ever, and take the masked name off it, whatever wrote it last."""
        if holder.person is None:
            return
        cards: Store[Card] = self._stores["cards"]
        card = await cards.find_one({"person": holder.person})
        if card is None:
            return
        at, values = self._now(), dict[str, Any]()
        if card.state != "revoked":
            values = {"state": "revoked", f"log.{new_id()}": CardEvent("revoked", holder.person, at)}
        prints = [number for number, one in card.prints.items() if one.revoked is None]
        values |= {f"prints.{number}.revoked": at for number in prints}
        if self._basis.vault.open("cards", card.id, "holder", card.holder) != NAMELESS:
            values["holder"] = self._basis.vault.seal("cards", card.id, "holder", NAMELESS)
        if values:
            await cards.change({"_id": card.id}, values)

    async def _clear_words_of_scans(self, holder: Holder) -> None:
        """Take out what somebody typed when a scan was taken back: it may name the person."""
        for one in await self._stores["scans"].list_({"person": holder.person}) if holder.person else []:
            if one.undone and one.undone.reason:
                await self._stores["scans"].change({"_id": one.id}, {"undone.reason": ""})

    async def _take_off_visits(self, holder: Holder) -> None:
        """Leave the visits to be counted, without the person who consented to stand in them."""
        for one in await self._stores["check_ins"].list_({"person": holder.person}) if holder.person else []:
            await self._stores["check_ins"].change({"_id": one.id}, {}, without=("person",))

    async def _take_off_ratings(self, holder: Holder) -> None:
        """Leave the ratings to be counted, without the person."""
        if holder.person:
            await RatingNames(self._stores["station_ratings"], self._now).forget(holder.person)

    def _delete_by_account(self, collection: str) -> Step:
        async def delete(holder: Holder) -> None:
            for account in holder.accounts:
                await self._stores[collection].delete({"account": account})

        return delete

    async def _delete_consents_of_accounts(self, holder: Holder) -> None:
        for account in holder.accounts:
            await self._stores["consents"].delete({"subject": f"{OPENID}{account}"})

    async def _delete_console_account(self, holder: Holder) -> None:
        if holder.person:
            await self._stores["accounts"].delete({"person": holder.person})
