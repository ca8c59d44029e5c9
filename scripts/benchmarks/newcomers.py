"""Makes those who join in a benchmark: guests who agreed to the notice, some with an imported record."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from handlers.tokens import Tokens
from models.clock import local_day, utc_now
from models.consents import CONSENTS, Consent
from models.id_documents import check_digit, read_document
from models.ids import new_id
from models.memberships import MEMBERSHIPS, Membership, opened_book
from models.people import OPENID, PEOPLE, VAULT_ROWS, Particulars, Person, VaultRow, claim_index, sealed_row
from models.privacy_notices import CURRENT
from models.sessions import LIFETIMES, Session
from models.store import Store
from models.vault import Vault
from scripts.benchmarks.setting import Applicant, Claimant
from server.keys import Keys

BATCH = 500
FIRST_BIRTH = date(1950, 1, 1)
A_DAY = 1_000
"""So many ID numbers of one day of birth there are."""


class Newcomers:
    """Makes newcomers, straight into the collections: what the models would write one by one."""

    def __init__(self, stores: Mapping[str, Store[Any]], keys: Keys) -> None:
        self._stores = stores
        self._vault = Vault(keys.vault, keys.vault_index)
        self._made = 0

    async def make_applicants(self, count: int, tokens: Tokens) -> list[Applicant]:
        """Make guests who may apply."""
        applicants = [self._applicant(tokens) for _ in range(count)]
        await self._agree(applicants)
        return applicants

    async def make_claimants(self, count: int, tokens: Tokens, union: str) -> list[Claimant]:
        """Make guests whose records a union imported."""
        claimants = []
        for start in range(0, count, BATCH):
            records = [self._record(tokens, union) for _ in range(min(BATCH, count - start))]
            await self._stores[VAULT_ROWS.name].insert_many([row for _, row, _, _ in records])
            await self._stores[PEOPLE.name].insert_many([person for _, _, person, _ in records])
            await self._stores[MEMBERSHIPS.name].insert_many([membership for *_, membership in records])
            claimants += [claimant for claimant, *_ in records]
        await self._agree(claimants)
        return claimants

    async def _agree(self, guests: list[Any]) -> None:
        at, text = utc_now(), CURRENT.consent("notice")
        consents = [
            Consent(
                id=f"{one.account}:notice",
                subject=one.account,
                purpose="notice",
                given=True,
                version=text.version,
                at=at,
                answers=1,
            )
            for one in guests
        ]
        for start in range(0, len(consents), BATCH):
            await self._stores[CONSENTS.name].insert_many(consents[start : start + BATCH])

    def _applicant(self, tokens: Tokens) -> Applicant:
        number, self._made = self._made, self._made + 1
        born = FIRST_BIRTH + timedelta(days=number // A_DAY)
        digits = f"410105{born:%Y%m%d}{number % A_DAY:03}"
        account = f"{OPENID}{self._vault.blind('openid', f'newcomer-{number}')}"
        session = Session(new_id(), account, "guest", utc_now() + LIFETIMES["guest"])
        return Applicant(
            token=tokens.issue(session),
            account=account,
            name="欧阳小河",
            number=digits + check_digit(digits),
            phone=f"138{number:08}",
        )

    def _record(self, tokens: Tokens, union: str) -> tuple[Claimant, VaultRow, Person, Membership]:
        guest, person, at = self._applicant(tokens), new_id(), utc_now()
        key = read_document("resident", guest.number, None, at.date()).key
        who = Particulars(name=guest.name, id_document=key, phone=guest.phone)
        claim, row = claim_index(self._vault, who), sealed_row(self._vault, person, who)
        spell = Membership(person=person, organisation=union, state="active", since=local_day(at), entered=at)
        return (
            Claimant(
                token=guest.token,
                account=guest.account,
                name=guest.name,
                number=guest.number,
                phone=guest.phone,
                claim=claim,
            ),
            row,
            Person(id=person, state="imported", evidence="from_roster", created=at, claim=claim),
            opened_book(spell),
        )
