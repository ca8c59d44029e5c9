"""Makes the benchmark's people through the models, and tells who they are: a process of its own."""

import asyncio
from itertools import islice

from handlers.tokens import Tokens
from models.appointments import Appointment
from models.clock import local_day, utc_now
from models.memberships import Membership
from models.organisations import Organisation
from models.people import Particulars
from models.vault import mask_name
from scripts.benchmarks.country import make_points, make_stations
from scripts.benchmarks.newcomers import Newcomers
from scripts.benchmarks.pipes import Parent
from scripts.benchmarks.setting import Cast, Member, Setting
from server.app import COLLECTIONS, World, build_world
from server.engines import Engines
from server.keys import read_keys
from server.schema import check_schema

STREET = "BENCHSTREET00001"
STAFF = 0
POINTS = 2_000
# With the members as many pairs as there are check-ins: a member counts once per station and window.
VISITED = 200


async def enrol(world: World, tokens: Tokens, number: int) -> Member:
    """Register a person with a membership, a card and a session; the first is staff as well."""
    at, openid = utc_now(), f"bench-{number}"
    name = f"测试{number:05}"
    who = Particulars(name=name, id_document=f"BENCH-{number}", phone=f"bench-{number}", openid=openid)
    person = await world.people.register(who)
    await world.memberships.begin(
        Membership(person=person, organisation=STREET, state="active", since=local_day(at), entered=at)
    )
    card = await world.cards.issue(person, mask_name(name), "active")
    if number == STAFF:
        await world.appointments.put(
            Appointment(
                id="bench-staff",
                person=person,
                role="station_staff",
                organisation=STREET,
                since=at,
                changed=at,
            )
        )
    keys = await world.cards.get_keys(person)
    return Member(
        person=person,
        token=tokens.issue(await world.sessions.open(openid, as_staff=number == STAFF)),
        serial=card.id,
        key_id=keys.key_id,
        day_keys={one.day: one.key for one in keys.days},
    )


async def seed(setting: Setting) -> Cast:
    """Fill the database and return who is in it."""
    config = setting.config
    keys = read_keys(config)
    async with await Engines.open(config.mongodb_uri, None, config.data_dir) as engines:
        database = engines.documents[config.mongodb_database]
        await check_schema(database, utc_now)
        world = build_world(engines, database, keys, utc_now)
        for store in world.stores:
            await store.create_indexes()
        street = Organisation(id=STREET, name="测试街道工会服务站", tree="local", changed=utc_now())
        await world.organisations.put(street)
        tokens = Tokens(keys.sessions, utc_now)
        joining = Newcomers(
            {one.name: store for one, store in zip(COLLECTIONS, world.stores, strict=True)}, keys
        )
        applicants = await joining.make_applicants(setting.newcomers, tokens)
        claimants = await joining.make_claimants(setting.newcomers, tokens, STREET)
        staff, *members = [await enrol(world, tokens, number) for number in range(setting.members + 1)]
    always = (one.id for one in make_stations(setting.stations) if one.hours.kind == "always")
    return Cast(
        staff_token=staff.token,
        members=members,
        points=make_points(POINTS, setting.stations),
        open_stations=list(islice(always, VISITED)),
        union=STREET,
        applicants=applicants,
        claimants=claimants,
    )


async def main() -> None:
    """Seed once."""
    parent = await Parent.connect()
    parent.tell(await seed(await parent.hear(Setting)))


if __name__ == "__main__":
    asyncio.run(main())
