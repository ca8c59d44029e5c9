"""Claims: an imported person proves name, ID document and phone, and the WeChat account becomes theirs.

The promise is one write: whoever finds an `imported` person by the blind index of all three at once sets
`claimed` and `claiming`; of two accounts one is faster. What follows (the account's identity, sessions, card,
audit) is derived from `claiming`, which is taken away last: a crash leaves it, and a worker finishes. An
account that is known as somebody else's already gives the record back.

Whoever does not match hears one thing, whatever it was: that no record exists, that one of the three is
wrong, that it is claimed, or that it was guessed too often. Such a claim costs the same calls each time. Two
of three that match go to the officers of the record's union (`models/claim_reviews.py`).
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from models.audit import Audit, Fact
from models.claim_reviews import ClaimReviews, Doubt, Matched, Why
from models.clock import Now
from models.errors import Conflict
from models.memberships import MEMBERSHIPS_CHANGED, Memberships
from models.people import OPENID, Identity, Particulars, People, Person, VaultRow, claim_index
from models.sessions import Sessions
from models.signals import Signals
from models.store import Duplicate, Store
from models.vault import Vault

CLAIMS_DUE = "claims"
LIMIT = 5
LOCKED_FOR = timedelta(hours=1)
NAMESAKES_OF_A_PHONE = 20
BATCH = 100
NOBODY = "-"


class ClaimNotMatched(Conflict):
    """Nothing was claimed; the answer never says why."""

    code = "claim_not_matched"
    message = "没有匹配到可认领的会员信息。请核对姓名和证件号码，并用登记的手机号授权；也可以直接申请入会"


class Record(Struct, frozen=True):
    """What is known of a record that a claim may mean; all None of none."""

    person: Person | None
    row: VaultRow | None
    organisation: str | None


class Shelf(Struct, frozen=True):
    """What claims read and write of people."""

    people: Store[Person]
    rows: Store[VaultRow]
    identities: Store[Identity]
    vault: Vault


class Claims:
    """Takes claims, and finishes them."""

    def __init__(
        self,
        shelf: Shelf,
        known: People,
        memberships: Memberships,
        reviews: ClaimReviews,
        signals: Signals,
        now: Now,
    ) -> None:
        self._people = shelf.people
        self._rows = shelf.rows
        self._identities = shelf.identities
        self._vault = shelf.vault
        self._known = known
        self._memberships = memberships
        self.reviews = reviews
        self._signals = signals
        self._now = now

    async def claim(self, subject: str, who: Particulars) -> str:
        """Bind the account behind a session to the imported person that it proves to be; return the person.

        The same claim again gets the same answer. ClaimNotMatched. Two writes when it matches.
        """
        if subject.startswith(OPENID):
            right = {"claim": claim_index(self._vault, who), "state": "imported", "tries": {"$lt": LIMIT}}
            taken = await self._people.change(right, _taken_by(subject))
            if taken and await self.bind(subject, taken):
                self._signals.wake(CLAIMS_DUE)
                return taken.id
        return await self._judge(subject, who)

    async def note_application(self, applicant: str, who: Particulars, owner: str) -> None:
        """Tell the officers of a record's union that somebody else applied with its ID document.

        An applicant whose account is no longer theirs was told of before, and the account is the owner's.
        """
        accounts, record = await asyncio.gather(self._known.list_accounts(applicant), self._read(owner))
        if accounts:
            account, matched = OPENID + accounts[0], self._compare(who, record.row)
            await self.reviews.put(Doubt(account, owner, record.organisation, "application", matched), who)

    async def bind(self, account: str, person: Person) -> bool:
        """Make an account the person's that it claimed, or give the record back if it is another's."""
        try:
            await self._identities.insert(Identity(id=account, person=person.id))
        except Duplicate:
            standing = await self._identities.find(account)
            if standing is not None and standing.person != person.id:
                seen = {"_id": person.id, "claiming": account}
                back = {"state": "imported", "evidence": "from_roster"}
                await self._people.change(seen, back, without=("claiming",))
                return False
        return True

    async def _judge(self, subject: str, who: Particulars) -> str:
        """Return the person whose claim this finishes or repeats; note any other, and refuse it."""
        account, bound = await self._account_of(subject)
        person = await self._find_meant(who)
        record = await self._read(person or NOBODY)
        matched = self._compare(who, record.row)
        seen = record.person
        if seen is not None and len(matched) == len(PROVED):
            if seen.id == bound or seen.claiming == account:
                return await self._finish_own(account, seen)
            if bound is None and await self._take_unlocked(account, seen):
                self._signals.wake(CLAIMS_DUE)
                return seen.id
        await self._count(seen)
        why = _why(seen, bound, matched)
        await self.reviews.put(Doubt(account, person, record.organisation, why, matched), who)
        raise ClaimNotMatched

    async def _finish_own(self, account: str, person: Person) -> str:
        if person.claiming == account and not await self.bind(account, person):
            raise ClaimNotMatched
        return person.id

    async def _take_unlocked(self, account: str, person: Person) -> bool:
        """Take a record that is locked no longer; False while it is, or for one that is claimed."""
        if person.tried is None or person.tried + LOCKED_FOR > self._now():
            return False
        seen = {"_id": person.id, "state": "imported", "tried": person.tried}
        taken = await self._people.change(seen, {**_taken_by(account), "tries": 0})
        return taken is not None and await self.bind(account, taken)

    async def _account_of(self, subject: str) -> tuple[str, str | None]:
        """Return the WeChat account of a session's subject, and the person it is known as."""
        if subject.startswith(OPENID):
            return subject, await self._known.find_by_subject(subject)
        accounts = await self._known.list_accounts(subject)
        return (OPENID + accounts[0] if accounts else subject), subject

    async def _find_meant(self, who: Particulars) -> str | None:
        """Return whose document it is, or else who has this name and this phone."""
        key = f"id_document:{self._vault.blind('id_document', who.id_document)}"
        identity, rows = await asyncio.gather(
            self._identities.find(key),
            self._rows.list_(
                {"phone_index": self._vault.blind("phone", who.phone)}, limit=NAMESAKES_OF_A_PHONE
            ),
        )
        named = self._vault.blind("name", who.name)
        phoned = next((row.id for row in rows if row.name_index == named), None)
        return identity.person if identity else phoned

    async def _read(self, person: str) -> Record:
        found, row, membership = await asyncio.gather(
            self._people.find(person), self._rows.find(person), self._memberships.find(person)
        )
        return Record(found, row, membership.organisation if membership else None)

    def _compare(self, who: Particulars, row: VaultRow | None) -> Sequence[Matched]:
        if row is None:
            return ()
        document = self._vault.open("vault", row.id, "id_document", row.id_document)
        equal: dict[Matched, bool] = {
            "name": row.name_index == self._vault.blind("name", who.name),
            "id_document": document == who.id_document,
            "phone": row.phone_index == self._vault.blind("phone", who.phone),
        }
        return tuple(name for name, is_equal in equal.items() if is_equal)

    async def _count(self, person: Person | None) -> None:
        """Count a wrong guess; five lock the record for an hour. Without a record a write is made in vain."""
        at = self._now()
        is_over = person is not None and person.tried is not None and person.tried + LOCKED_FOR <= at
        seen = {"_id": person.id if person else NOBODY}
        values = {"tried": at, "tries": 1} if is_over else {"tried": at}
        await self._people.change(seen, values, plus={} if is_over else {"tries": 1})


PROVED: Sequence[Matched] = ("name", "id_document", "phone")


def _taken_by(account: str) -> dict[str, str]:
    return {"state": "claimed", "evidence": "phone_matched", "claiming": account}


def _why(person: Person | None, bound: str | None, matched: Sequence[Matched]) -> Why:
    if len(matched) < len(PROVED) or person is None:
        return "mismatch"
    if bound is not None and bound != person.id:
        return "account_known"
    return "too_many_tries" if person.state == "imported" else "claimed_before"


class ClaimEffects:
    """Derives what follows from a claim."""

    def __init__(
        self,
        claims: Claims,
        store: Store[Person],
        sessions: Sessions,
        memberships: Memberships,
        audit: Audit,
        signals: Signals,
    ) -> None:
        self._claims = claims
        self._store = store
        self._sessions = sessions
        self._memberships = memberships
        self._audit = audit
        self._signals = signals

    async def work(self) -> None:
        """Finish what was claimed."""
        while people := await self._store.list_({"claiming": {"$gt": ""}}, limit=BATCH):
            for person in people:
                await self._finish(person, person.claiming or "")
            self._signals.wake(MEMBERSHIPS_CHANGED)

    async def _finish(self, person: Person, account: str) -> None:
        if not await self._claims.bind(account, person):
            return
        fact = Fact(actor=person.id, action="member_claimed", kind="person", object=person.id)
        await self._audit.record(fact, f"claim:{person.id}")
        await self._sessions.adopt(account, person.id)
        await self._memberships.renew(person.id)
        seen = {"_id": person.id, "claiming": account}
        await self._store.change(seen, {}, without=("claiming", "claim"))
