"""The queries of joining, reviewing, claiming, importing and counting, for `growth`: by people, not by rows.

People are spread over unions of one size, as a street or a large employer has: more people are more unions.
So a union's page, its count and its figure touch as much at any size, and the rest is found by an index.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from models.claim_reviews import CLAIM_REVIEWS, ClaimReview
from models.claims import LIMIT
from models.ids import encode, new_id
from models.membership_figures import MOVEMENTS, list_movements
from models.memberships import MEMBERSHIPS, Membership, MembershipState, opened_book
from models.people import IDENTITIES, NAMESAKES, PEOPLE, VAULT_ROWS, Identity, Person, VaultRow
from models.roster_jobs import CHUNK
from models.store import Collection, Database, Store

BATCH = 1_000
UNION = 500
"""So many people each union has; of them each 25th waits for a decision, each 25th comes from elsewhere."""
WAITING = 25
NAMES_SHARED = 5
PENDING = 10
PAGE = 20
DAY = "2026-07-15"
BEGUN = datetime(2026, 7, 1, tzinfo=UTC)
COLLECTIONS: tuple[Collection[Any], ...] = (
    MEMBERSHIPS, MOVEMENTS, PEOPLE, VAULT_ROWS, IDENTITIES, CLAIM_REVIEWS,
)  # fmt: skip


class Town(Struct, frozen=True):
    """Collections with so many people."""

    people: int
    stores: Mapping[str, Store[Any]]

    @classmethod
    def over(cls, database: Database, people: int) -> "Town":
        """Return a town whose collections are named by its size."""
        named = {one.name: Collection(f"{one.name}_{people}", one.kind, one.indexes) for one in COLLECTIONS}
        return cls(people, {name: Store(database, one) for name, one in named.items()})

    async def fill(self) -> None:
        """Make the indexes, then the people, some at a time."""
        for store in self.stores.values():
            await store.create_indexes()
        numbers = iter(range(self.people))
        while some := list(islice(numbers, BATCH)):
            for name, make in MAKERS.items():
                made = [document for number in some for document in make(number)]
                if made:
                    await self.stores[name].insert_many(made)

    def one(self, row: int) -> int:
        """Return one of the people; numbers beyond them begin again."""
        return row % self.people

    def union(self, row: int) -> str:
        """Return the union of one of the people."""
        return _union(self.one(row))


def _person(number: int) -> str:
    return encode(number, 16)


def _union(number: int) -> str:
    return f"UNION{number // UNION:06}"


def _next(number: int) -> str:
    """Return the other union of a pair."""
    return f"UNION{number // UNION ^ 1:06}"


def _state(number: int) -> MembershipState:
    return {0: "applied", 1: "transferring"}.get(number % WAITING, "active")  # type: ignore[return-value]  # they are


def membership(number: int, person: str = "") -> Membership:
    """Return the membership of one of the people."""
    at, state = BEGUN + timedelta(seconds=number), _state(number)
    made = opened_book(
        Membership(
            person=person or _person(number),
            organisation=_union(number),
            state=state,
            since=DAY,
            entered=at,
            target=_next(number) if state == "transferring" else None,
        )
    )
    return replace(made, pending=made.pending if number < PENDING else None)


def _movements(number: int) -> Iterator[Struct]:
    yield from list_movements(membership(number))


def _people(number: int) -> Iterator[Struct]:
    yield Person(
        id=_person(number), state="imported", evidence="declared", created=BEGUN, claim=_claim(number)
    )


def _rows(number: int) -> Iterator[Struct]:
    sealed = bytes(60)
    name, phone = f"name-{number // NAMES_SHARED:026}", f"phone-{number:026}"
    yield VaultRow(
        id=_person(number),
        name=sealed,
        id_document=sealed,
        phone=sealed,
        name_index=name,
        phone_index=phone,
    )


def _identities(number: int) -> Iterator[Struct]:
    yield Identity(id=f"openid:{number:032}", person=_person(number))
    yield Identity(id=_document(number), person=_person(number))


def _reviews(number: int) -> Iterator[Struct]:
    if number % WAITING == 0:
        yield ClaimReview(
            id=f"{number:032}",
            account=f"openid:{number:032}",
            person=_person(number),
            organisation=_union(number),
            why="mismatch",
            state="waiting",
            first=BEGUN,
            last=BEGUN + timedelta(seconds=number),
        )


def _claim(number: int) -> str:
    return f"claim-{number:026}"


def _document(number: int) -> str:
    return f"id_document:{number:032}"


MAKERS: Mapping[str, Callable[[int], Iterator[Struct]]] = MappingProxyType(
    {
        "memberships": lambda number: iter([membership(number)]),
        "membership_movements": _movements,
        "people": _people,
        "vault": _rows,
        "identities": _identities,
        "claim_reviews": _reviews,
    }
)

Query = Callable[[Town, int], Awaitable[object]]

QUERIES: Mapping[str, Query] = MappingProxyType(
    {
        "a membership by its person": lambda town, row: town.stores["memberships"].find(
            _person(town.one(row))
        ),
        "a person by the account": lambda town, row: town.stores["identities"].find(
            f"openid:{town.one(row):032}"
        ),
        "a person's accounts": lambda town, row: town.stores["identities"].list_(
            {"person": _person(town.one(row))}
        ),
        "people by name": lambda town, row: town.stores["vault"].list_(
            {"name_index": f"name-{town.one(row) // NAMES_SHARED:026}"}, limit=NAMESAKES + 1
        ),
        "people by phone": lambda town, row: town.stores["vault"].list_(
            {"phone_index": f"phone-{town.one(row):026}"}, limit=NAMESAKES + 1
        ),
        "an account bound": lambda town, _: town.stores["identities"].insert(
            Identity(id=f"openid:{new_id()}", person=new_id())
        ),
        "an application stored": lambda town, _: (
            # Among the active ones of a union that is not asked about, so that the others keep their size.
            town.stores["memberships"].insert(
                replace(membership(2, new_id()), organisation="UNION-NEW", pending=None)
            )
        ),
        "a record claimed by index": lambda town, row: town.stores["people"].change(
            {"claim": _claim(town.one(row)), "state": "imported", "tries": {"$lt": LIMIT}},
            {"state": "claimed"},
        ),
        "a membership changed": lambda town, row: town.stores["memberships"].change(
            {"_id": _person(town.one(row)), "version": 1}, {"since": DAY}
        ),
        "a page of applications": lambda town, row: town.stores["memberships"].list_(
            {"organisation": town.union(row), "state": "applied"}, sort="entered", limit=PAGE
        ),
        "applications counted": lambda town, row: town.stores["memberships"].count(
            {"organisation": town.union(row), "state": "applied"}
        ),
        "a page of transfers to come": lambda town, row: town.stores["memberships"].list_(
            {"target": town.union(row)}, sort="entered", limit=PAGE
        ),
        "a page of a union's members": lambda town, row: town.stores["memberships"].list_(
            {"organisation": town.union(row)}, sort="-entered", limit=PAGE
        ),
        "a union's members counted": lambda town, row: town.stores["memberships"].count(
            {"organisation": town.union(row)}
        ),
        "a union's figure of a day": lambda town, row: town.stores["membership_movements"].count(
            {
                "organisation": town.union(row),
                "category": "counted",
                "direction": "in",
                "valid": {"$lte": DAY},
                "entered": {"$lte": DAY},
            }
        ),
        "a page of claims to judge": lambda town, row: town.stores["claim_reviews"].list_(
            {"organisation": town.union(row), "state": "waiting"}, sort="last", limit=PAGE
        ),
        "memberships that are pending": lambda town, _: town.stores["memberships"].list_(
            {"pending": {"$gt": ""}}, limit=100
        ),
        "a roster's owners looked up": lambda town, row: town.stores["identities"].list_(
            {"_id": {"$in": [_document(town.one(row + n)) for n in range(CHUNK)]}}
        ),
    }
)
