"""Applying and claiming: the requests, each of somebody who has not joined yet, and the floors' calls."""

import secrets
from collections.abc import Iterator
from itertools import cycle

from models.claims import LIMIT
from models.memberships import MEMBERSHIPS
from models.people import IDENTITIES, PEOPLE
from models.store import Collection, Database, Store
from scripts.benchmarks.sending import Calls, new_names, post
from scripts.benchmarks.setting import Cast

BATCH = 200
FLOOR_IDENTITIES = Collection("floor_identities", IDENTITIES.kind, IDENTITIES.indexes)
FLOOR_MEMBERSHIPS = Collection("floor_memberships", MEMBERSHIPS.kind, MEMBERSHIPS.indexes)
FLOOR_PEOPLE = Collection("floor_people", PEOPLE.kind, PEOPLE.indexes)


def applications(cast: Cast) -> Iterator[bytes]:
    """Yield applications, each of another guest."""
    for one in cast.applicants:
        body = {
            "name": one.name,
            "document": {"number": one.number},
            "phone": one.phone,
            "organisationId": cast.union,
            "workerForm": "gig",
            "gigKind": "courier",
        }
        yield post("/api/v1/memberships", one.token, body, key=f"apply-{one.number}")


def claims(cast: Cast) -> Iterator[bytes]:
    """Yield claims, each of another imported record by its owner; WeChat vouches for the phone at once."""
    for one in cast.claimants:
        body = {"name": one.name, "idDocument": one.number, "phoneCode": one.phone}
        yield post("/api/v1/members/claims", one.token, body)


async def write_application(database: Database, cast: Cast) -> Calls:
    """Return the read and the two writes of an application: the consent, an account bound, a membership."""
    await Store(database, FLOOR_IDENTITIES).create_indexes()
    await Store(database, FLOOR_MEMBERSHIPS).create_indexes()
    consents, names = database["consents"], new_names()
    identities, memberships = database[FLOOR_IDENTITIES.name], database[FLOOR_MEMBERSHIPS.name]
    accounts = cycle([one.account for one in cast.applicants])
    identity = await database["identities"].find_one({"_id": {"$eq": cast.applicants[0].account}})
    if identity is None:
        raise LookupError("the floor of an application needs one of ours to be like")
    membership = await database["memberships"].find_one({"_id": {"$eq": identity["person"]}})

    async def call() -> None:
        name = next(names)
        await consents.find_one({"_id": {"$eq": f"{next(accounts)}:notice"}})
        await identities.insert_one({**identity, "_id": f"openid:{name}"})
        await memberships.insert_one({**(membership or {}), "_id": name})

    return call


async def write_claim(database: Database, cast: Cast) -> Calls:
    """Return the read and the two writes of a claim: the consent, a record taken, an account bound."""
    await Store(database, FLOOR_IDENTITIES).create_indexes()
    await Store(database, FLOOR_PEOPLE).create_indexes()
    consents, names, mark = database["consents"], new_names(), secrets.token_hex(4)
    identities, people = database[FLOOR_IDENTITIES.name], database[FLOOR_PEOPLE.name]
    identity = await database["identities"].find_one({"_id": {"$eq": cast.claimants[0].account}})
    person = await database["people"].find_one({"claim": {"$eq": cast.claimants[-1].claim}})
    if identity is None or person is None:
        raise LookupError("the floor of a claim needs one of ours to be like")
    marked = [f"{mark}{one.claim}" for one in cast.claimants]
    records = [{**person, "_id": claim, "claim": claim} for claim in marked]
    for start in range(0, len(records), BATCH):
        await people.insert_many(records[start : start + BATCH], ordered=False)
    claimants = cycle(zip(cast.claimants, marked, strict=True))

    async def call() -> None:
        (one, claim), name = next(claimants), next(names)
        await consents.find_one({"_id": {"$eq": f"{one.account}:notice"}})
        right = {"claim": {"$eq": claim}, "state": {"$eq": "imported"}, "tries": {"$lt": LIMIT}}
        taken = {"state": "claimed", "evidence": "phone_matched", "claiming": one.account}
        await people.find_one_and_update(right, {"$set": taken}, return_document=True)
        await identities.insert_one({**identity, "_id": f"openid:{name}"})

    return call
