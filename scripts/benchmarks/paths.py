"""The hot paths: the requests that are sent, and the driver calls that the floor makes for each.

Another path is another row of `PATHS`.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle, islice

from msgspec import Struct

from models.card_codes import STEP_SECONDS
from models.check_ins import CHECK_INS
from models.clock import utc_now
from models.consents import CONSENTS
from models.scan_batches import LARGEST_BATCH
from models.scans import SCANS
from models.store import Collection, Database, Store
from scripts.benchmarks.joining import applications, claims, write_application, write_claim
from scripts.benchmarks.sending import Calls, get, new_names, post
from scripts.benchmarks.setting import Cast, Member

CONNECTIONS = 16
# Each such request takes somebody who has not joined yet.
JOINING_SHARE = 0.125
FLOOR_VISITS = Collection("floor_visits", CHECK_INS.kind, CHECK_INS.indexes)
FLOOR_SCANS = Collection("floor_scans", SCANS.kind, SCANS.indexes)


class Path(Struct, frozen=True, kw_only=True):
    """One hot path. `share` is of the benchmark's requests per round; `target` the least ratio to its floor.

    Every answer has to hold `expects`. `prepare` returns the driver calls of one request, if there are any.
    A request of several `units` is judged by how many a second are worked besides the driver calls: `pace`.
    A request that `leaves_work` to workers is measured in a server whose workers are off.
    """

    name: str
    method: str
    requests: Callable[[Cast], Iterator[bytes]]
    expects: bytes
    prepare: Callable[[Database, Cast], Awaitable[Calls]] | None = None
    target: float | None = None
    share: float = 1.0
    connections: int = CONNECTIONS
    units: int = 1
    pace: int | None = None
    leaves_work: bool = False


def stations(cast: Cast, asked: str = "") -> Iterator[bytes]:
    """Yield requests for the stations near one place after another."""
    for point in cycle(cast.points):
        place = f"longitude={point.longitude}&latitude={point.latitude}&datum=gcj02"
        yield get(f"/api/v1/stations?{place}{asked}")


def stations_with_facilities(cast: Cast) -> Iterator[bytes]:
    """Yield the same requests, with two facilities asked for."""
    return stations(cast, "&facilities=water,charging")


def open_stations(cast: Cast) -> Iterator[bytes]:
    """Yield the same requests, for open ones with a facility alone."""
    return stations(cast, "&facilities=water&onlyOpen=true")


def sessions(cast: Cast) -> Iterator[bytes]:
    """Yield session checks of one member after another."""
    return cycle([get("/api/v1/sessions/current", member.token) for member in cast.members])


def cards(cast: Cast) -> Iterator[bytes]:
    """Yield requests for the card keys of one member after another."""
    return cycle([get("/api/v1/card", member.token) for member in cast.members])


def memberships(cast: Cast) -> Iterator[bytes]:
    """Yield requests for the own record of one member after another."""
    return cycle([get("/api/v1/members/me", member.token) for member in cast.members])


def scans(cast: Cast) -> Iterator[bytes]:
    """Yield scans of one card after another: the right code of the moment, under a scan id of its own."""
    codes: dict[tuple[str, int], str] = {}
    for member in cycle(cast.members):
        scan = {"scanId": secrets.token_hex(8), "code": _code(member, codes), "purpose": "identify"}
        yield post("/api/v1/scans", cast.staff_token, scan)


def batches(cast: Cast) -> Iterator[bytes]:
    """Yield batches of as many scans as one may hold, of one card after another."""
    codes: dict[tuple[str, int], str] = {}
    members = cycle(cast.members)
    while True:
        scans = [
            {"scanId": secrets.token_hex(8), "code": _code(member, codes), "purpose": "identify"}
            for member in islice(members, LARGEST_BATCH)
        ]
        yield post("/api/v1/scans/batch", cast.staff_token, {"scans": scans})


def _code(member: Member, codes: dict[tuple[str, int], str]) -> str:
    """Return the member's code of this step, made once per step."""
    key = member.serial, int(utc_now().timestamp() // STEP_SECONDS)
    if key not in codes:
        codes[key] = member.code()
    return codes[key]


async def read_card(database: Database, cast: Cast) -> Calls:
    """Return the one read of `card keys`: a card by its person."""
    documents = database["cards"]
    people = cycle([member.person for member in cast.members])

    async def call() -> None:
        await documents.find_one({"person": {"$eq": next(people)}})

    return call


async def read_name_and_membership(database: Database, cast: Cast) -> Calls:
    """Return the two reads of `my membership`, at once: what names a person, and the membership."""
    rows, spells = database["vault"], database["memberships"]
    people = cycle([member.person for member in cast.members])

    async def call() -> None:
        person = {"_id": {"$eq": next(people)}}
        await asyncio.gather(rows.find_one(person), spells.find_one(person))

    return call


async def read_card_and_write_scan(database: Database, cast: Cast) -> Calls:
    """Return the read and the write of `identify`: a card by its serial, and a scan like one of ours."""
    await Store(database, FLOOR_SCANS).create_indexes()
    documents, written = database["cards"], database[FLOOR_SCANS.name]
    serials = cycle([member.serial for member in cast.members])
    scan = await database[SCANS.name].find_one({"person": {"$eq": cast.members[0].person}})
    if scan is None:
        raise LookupError("the floor of identify needs a scan of ours to be like")
    names = new_names(f"{scan['scanner']}:")

    async def call() -> None:
        await documents.find_one({"_id": {"$eq": next(serials)}})
        await written.insert_one({**scan, "_id": next(names)})

    return call


def check_ins(cast: Cast) -> Iterator[bytes]:
    """Yield check-ins of member after member at open station after open station, no pair of them twice."""
    visit, stations = {"worker": "food_delivery"}, cast.open_stations
    for first in range(len(stations)):
        for number, member in enumerate(cast.members, first):
            yield post(f"/api/v1/stations/{stations[number % len(stations)]}/check-ins", member.token, visit)


async def ask_and_write_check_in(database: Database, cast: Cast) -> Calls:
    """Return the read of the consent to movements, which is missing, and the write of a visit like ours."""
    await Store(database, FLOOR_VISITS).create_indexes()
    written, visit = database[FLOOR_VISITS.name], await database[CHECK_INS.name].find_one({})
    if visit is None:
        raise LookupError("the floor of a check-in needs a visit of ours to be like")
    names = new_names("0" * 44)
    people, consents = cycle(member.person for member in cast.members), database[CONSENTS.name]

    async def call() -> None:
        name = next(names)
        await consents.find_one({"_id": {"$eq": f"{next(people)}:movements"}})
        await written.insert_one({**visit, "_id": name, "slot": name})

    return call


async def read_cards_and_write_scans(database: Database, cast: Cast) -> Calls:
    """Return the read and the write of a batch: the cards by their serials, and as many scans as it holds."""
    await Store(database, FLOOR_SCANS).create_indexes()
    documents, written = database["cards"], database[FLOOR_SCANS.name]
    serials = sorted({member.serial for member in cast.members[:LARGEST_BATCH]})
    scan = await database[SCANS.name].find_one({"person": {"$eq": cast.members[0].person}})
    if scan is None:
        raise LookupError("the floor of a batch needs a scan of ours to be like")
    names = new_names(f"{scan['scanner']}:")

    async def call() -> None:
        await documents.find({"_id": {"$in": serials}}).to_list()
        scans = [{**scan, "_id": name} for name in islice(names, LARGEST_BATCH)]
        await written.insert_many(scans, ordered=False)

    return call


PATHS = (
    Path(
        name="stations near me",
        method="GET",
        requests=stations,
        expects=b'"distanceMetres"',
        target=0.65,
    ),
    Path(
        name="stations, two facilities",
        method="GET",
        requests=stations_with_facilities,
        expects=b'{"items":[',
        target=0.65,
    ),
    Path(
        name="stations, only open",
        method="GET",
        requests=open_stations,
        expects=b'{"items":[',
        target=0.60,
    ),
    Path(
        name="session check",
        method="GET",
        requests=sessions,
        expects=b'"kind":"member"',
    ),
    Path(
        name="my membership",
        method="GET",
        requests=memberships,
        expects=b'"membership":',
        prepare=read_name_and_membership,
        target=0.70,
    ),
    Path(
        name="card keys",
        method="GET",
        requests=cards,
        expects=b'"state":"active"',
        prepare=read_card,
        target=0.75,
    ),
    Path(
        name="identify",
        method="POST",
        requests=scans,
        expects=b'"outcome":"accepted"',
        prepare=read_card_and_write_scan,
        target=0.70,
        share=0.5,
    ),
    Path(
        name="check-in",
        method="POST",
        requests=check_ins,
        expects=b'"again":false',
        prepare=ask_and_write_check_in,
        target=0.70,
        share=0.5,
    ),
    Path(
        name="application",
        method="POST",
        requests=applications,
        expects=b'"state":"applied"',
        prepare=write_application,
        target=0.70,
        share=JOINING_SHARE,
        leaves_work=True,
    ),
    Path(
        name="claim",
        method="POST",
        requests=claims,
        expects=b'"kind":"member"',
        prepare=write_claim,
        target=0.70,
        share=JOINING_SHARE,
        leaves_work=True,
    ),
    Path(
        name="batch of 500 scans",
        method="POST",
        requests=batches,
        expects=b'"outcome":"accepted"',
        prepare=read_cards_and_write_scans,
        share=0.004,
        connections=2,  # More at once than the embedded engine can write in its time are refused.
        units=LARGEST_BATCH,
        pace=5_000,
    ),
)
